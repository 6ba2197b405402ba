"""The process of the judge: runs the trusted tests, with every entry point a stub of the solution's.

A verdict is ``{"kind", "message"}``; ``passed`` is reached in one place only, after the last line
of the tests. Two kinds are for the client alone: ``lost`` (the solution's process is gone) and
``bad_test`` (the tests themselves cannot be run).
"""

from __future__ import annotations

import ast
import signal
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any, Dict

from .asserts import EXPLAIN, FILE, ExplainedError, compile_tests, describe_line
from .candidate import load_solution
from .containers import Reordered
from .plain import Line
from .raised import FILE as SOLUTION_FILE
from .raised import own_traceback, shorten, where
from .remote import Ended, Solution
from .shared import Setup
from .suites import NotRunError, run_suites
from .wire import TIME_IS_UP

Verdict = Dict[str, str]


class Judge:
    """Runs one program's tests, once."""

    def __init__(self, program: dict[str, Any], line: Line | None) -> None:
        self._program = program
        self._lines = program["test"].splitlines()
        self._line = line
        self._solution: Solution | None = None

    def run(self) -> Verdict:
        """Run the tests; without a `line` to the solution's process, run the solution here as well."""
        try:
            if self._line:
                self._run_split(self._line)
            else:
                self._run_in_process()
        except BaseException as error:
            return self._failure(error)
        return {"kind": "passed", "message": REORDERED if Reordered.count and self._line else ""}

    def timeout(self, frame: Any) -> Verdict:
        """Return the verdict when the time is over while `frame` is executed."""
        solution_lines = where(frame)
        while frame is not None and frame.f_code.co_filename != FILE:
            frame = frame.f_back
        at = describe_line(self._lines, frame.f_lineno) if frame else ""
        return self._verdict("timeout", solution_lines, at, self._last_call())

    def _run_split(self, line: Line) -> None:
        module = types.ModuleType("tests")
        sys.modules["tests"] = module
        names = module.__dict__
        try:
            exec(compile(self._program["setup"], "setup.py", "exec", dont_inherit=True), names)
        except ModuleNotFoundError:
            raise
        except Exception as error:
            raise Ended("bad_test", f"the setup fails: {type(error).__name__}: {error}") from None
        solution = self._solution = Solution(line, Setup(names))
        tree, code = self._compile(names)
        entry_points = solution.wait_until_ready(self._program["entry_points"])
        names.update(entry_points)
        stand_in = sys.modules["solution"] = types.ModuleType("solution")
        stand_in.__dict__.update(entry_points)
        self._run_tests(tree, code, names)
        if solution.ended:
            raise solution.ended

    def _run_in_process(self) -> None:
        explain: dict[str, Any] = {}
        tree, code = self._compile(explain)
        names, _ = load_solution(self._program)
        names[EXPLAIN] = explain[EXPLAIN]
        self._run_tests(tree, code, names)

    def _run_tests(self, tree: ast.Module, code: types.CodeType, names: dict[str, Any]) -> None:
        exec(code, names)
        try:
            run_suites(tree, names)
        except NotRunError as error:
            raise Ended("bad_test", f"the tests cannot be run: {error}") from None

    def _compile(self, names: dict[str, Any]) -> tuple[ast.Module, types.CodeType]:
        try:
            return compile_tests(self._program["test"], names)
        except (SyntaxError, ValueError) as error:
            raise Ended("bad_test", f"the tests cannot be compiled: {error}") from None

    def _failure(self, error: BaseException) -> Verdict:
        if isinstance(error, Ended):
            return self._verdict(error.kind, error.message, self._last_call())
        if isinstance(error, ExplainedError):
            return self._verdict("assertion", error.explanation, self._last_call())
        frames = traceback.extract_tb(error.__traceback__)
        own = getattr(error, "solution_text", None)
        if own is None and any(frame.filename == SOLUTION_FILE for frame in frames):
            own = own_traceback(error)
        if own is not None:
            return self._verdict(_kind_of(error), own, self._last_call())
        if isinstance(error, ModuleNotFoundError):
            return self._verdict(
                "bad_test", f"the tests import {error.name}, which this Python does not have"
            )
        kind = "assertion" if isinstance(error, AssertionError) else _kind_of(error)
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        at = [describe_line(self._lines, frame.lineno or 0) for frame in frames if frame.filename == FILE]
        return self._verdict(kind, shorten(text), *at[-1:], self._last_call())

    def _last_call(self) -> str:
        return self._solution.last_call() if self._solution else ""

    def _verdict(self, kind: str, *parts: str) -> Verdict:
        return {"kind": kind, "message": "\n".join(filter(None, parts))}


REORDERED = "the order of a set that the solution returned could not be restored"


def _kind_of(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, SyntaxError) and error.filename == SOLUTION_FILE:
        return "syntax"
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        return "exited_early"
    return "exception"


def judge(program: dict[str, Any], line: Line | None, finish: Callable[[Verdict], None]) -> None:
    """Run the tests and call `finish` with the verdict, at once when the time is up and Python code runs."""
    judge = Judge(program, line)
    signal.signal(TIME_IS_UP, lambda _, frame: finish(judge.timeout(frame)))
    finish(judge.run())
