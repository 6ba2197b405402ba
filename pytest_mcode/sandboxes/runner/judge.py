"""The process of the judge: runs the trusted tests, with every entry point a stub of the solution's.

A verdict is ``{"kind", "message"}``; ``passed`` is reached in one place only, after the last line
of the tests. ``bad_test`` means that the tests themselves cannot be run.
"""

from __future__ import annotations

import builtins
import contextlib
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any, Dict

from .asserts import EXPLAIN, FILE, compile_tests, describe_line, show
from .candidate import FILE as SOLUTION_FILE
from .candidate import load_solution, own_traceback, shorten
from .plain import Line, LostError, NotPlainError, Opaque, decode, encode, patch

Verdict = Dict[str, str]


class Ended(BaseException):
    """The solution's process can answer no more; `verdict` says why. Tests cannot swallow it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.verdict = {"kind": kind, "message": message}


class Solution:
    """The solution's process as the judge sees it."""

    def __init__(self, line: Line, timeout: float) -> None:
        self._line = line
        self._timeout = timeout
        self._asked: list[Any] = []
        self._answer: list[Any] = []
        self.ended: Ended | None = None

    def wait_until_ready(self) -> None:
        """Wait until the solution has been executed; raises what it raised."""
        self._take_answer(("ready",))

    def stub(self, name: str) -> Callable[..., Any]:
        """Return a function that calls the solution's function of that name."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._call(name, args, kwargs)

        call.__name__ = call.__qualname__ = name
        return call

    def last_call(self) -> str:
        """Return the latest call and what came of it, bounded; empty before the first."""
        if not self._asked:
            return ""
        _, name, arguments = self._asked
        args, kwargs = decode(arguments, self._find)
        shown = [show(arg) for arg in args] + [f"{key}={show(value)}" for key, value in kwargs.items()]
        call = "{}({})".format(name, shorten(", ".join(shown)))
        if self._answer[:1] == ["returned"]:
            return f"{call} returned {show(decode(self._answer[1], self._find))}"
        return call

    def _call(self, name: str, *arguments: Any) -> Any:
        try:
            self._asked = ["call", name, encode(arguments)]
        except NotPlainError as error:
            self._end("bad_test", f"the tests pass {name}() something that is no plain data ({error})")
        self._answer = []
        self._send(self._asked)
        return self._take_answer(("returned",), arguments)[0]

    def _items_of(self, number: int) -> Iterator[Any]:
        while True:
            self._send(["next", number])
            answer = self._take_answer(("returned", "end"))
            if not answer:
                return
            yield answer[0]

    def _find(self, kind: str, content: Any) -> Any:
        if kind == "remote":
            return self._items_of(content)
        if kind == "opaque":
            return Opaque(*content)
        raise LostError("unknown kind of data")

    def _send(self, question: list[Any]) -> None:
        if self.ended:
            raise self.ended
        with contextlib.suppress(LostError):
            self._line.send(question)

    def _take_answer(self, expected: tuple[str, ...], arguments: Any = None) -> list[Any]:
        """Return the value of the next answer, if it has one; apply what the call changed of `arguments`."""
        try:
            kind, *content = self._answer = self._line.receive()
            if kind == "timeout":
                where = shorten(str(content[0]))
                self._end("timeout", f"no answer within {self._timeout:g} s\n{where}")
            if kind not in expected and kind != "raised":
                raise LostError("unexpected answer")
            read = _rebuild_error if kind == "raised" else self._decode
            values = [read(value) for value in content[:1]]
            if arguments is not None and content[1] is not None:
                _apply_changes(arguments, decode(content[1], self._find))
        except LostError:
            self._end("exited_early", "the solution's process ended or broke its connection")
        except MemoryError as error:
            self._end("memory", f"the solution returned {error}")
        except Exception:
            self._end("exception", "the solution's process answered with what is no plain data")
        if kind == "raised":
            raise values[0]
        return values

    def _decode(self, node: Any) -> Any:
        return decode(node, self._find)

    def _end(self, kind: str, message: str) -> None:
        self.ended = Ended(kind, message)
        raise self.ended


def _apply_changes(arguments: tuple[tuple[Any, ...], dict[str, Any]], changed: Any) -> None:
    args, kwargs = arguments
    for old, new in zip(args, changed[0]):
        patch(old, new)
    for key, old in kwargs.items():
        patch(old, changed[1][key])


def _rebuild_error(described: list[Any]) -> BaseException:
    name, args, text = described
    kind = getattr(builtins, name)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise LostError("no exception")
    try:
        error = kind(*decode(args))
    except TypeError:
        error = Exception(name)
    error.__dict__["solution_text"] = shorten(str(text))
    return error


def run_split(program: dict[str, Any], line: Line) -> Verdict:
    """Run the tests against the solution's process at the other end of `line`."""
    solution = Solution(line, program["timeout"])
    tests = types.ModuleType("tests")
    sys.modules["tests"] = tests

    def run() -> None:
        _execute_setup(program, tests)
        code = _compile(program, tests)
        solution.wait_until_ready()
        tests.__dict__.update({name: solution.stub(name) for name in program["entry_points"]})
        exec(code, tests.__dict__)
        if solution.ended:
            raise solution.ended

    return _verdict_of(run, program, solution.last_call)


def run_in_process(program: dict[str, Any]) -> Verdict:
    """Run the solution and the tests in this process: what they share, the solution can forge."""
    tests = types.ModuleType("tests")

    def run() -> None:
        code = _compile(program, tests)
        names = load_solution(program)
        names[EXPLAIN] = tests.__dict__[EXPLAIN]
        exec(code, names)

    return _verdict_of(run, program, str)


def _execute_setup(program: dict[str, Any], tests: types.ModuleType) -> None:
    try:
        exec(compile(program["setup"], "setup.py", "exec", dont_inherit=True), tests.__dict__)
    except Exception as error:
        raise Ended("bad_test", f"the setup of the tests fails: {type(error).__name__}: {error}") from None


def _compile(program: dict[str, Any], tests: types.ModuleType) -> types.CodeType:
    try:
        return compile_tests(program["test"], tests.__dict__)
    except (SyntaxError, ValueError) as error:
        raise Ended("bad_test", f"the tests cannot be compiled: {error}") from None


def _verdict_of(run: Callable[[], None], program: dict[str, Any], last_call: Callable[[], str]) -> Verdict:
    try:
        run()
    except Ended as end:
        call = last_call() if end.verdict["kind"] in ("timeout", "exited_early", "memory") else ""
        return {**end.verdict, "message": "\n".join(filter(None, (end.verdict["message"], call)))}
    except BaseException as error:
        return _failure(error, program["test"].splitlines(), last_call)
    return {"kind": "passed", "message": ""}


def _failure(error: BaseException, lines: list[str], last_call: Callable[[], str]) -> Verdict:
    frames = traceback.extract_tb(error.__traceback__)
    own = getattr(error, "solution_text", None)
    if own is None and any(frame.filename == SOLUTION_FILE for frame in frames):
        own = own_traceback(error)
    at = next((describe_line(lines, f.lineno or 0) for f in reversed(frames) if f.filename == FILE), "")
    if own is not None:
        return {
            "kind": _kind_of(error),
            "message": "\n".join(filter(None, (own, "in " + last_call() if last_call() else ""))),
        }
    if isinstance(error, AssertionError):
        message = getattr(error, "explanation", "") or f"{at}\n{shorten(str(error))}"
        return {"kind": "assertion", "message": "\n".join(filter(None, (message, last_call())))}
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    return {"kind": _kind_of(error), "message": "\n".join(filter(None, (shorten(text), at, last_call())))}


def _kind_of(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, SyntaxError) and error.filename == SOLUTION_FILE:
        return "syntax"
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        return "exited_early"
    return "exception"


def on_timeout(seconds: float, finish: Callable[[Verdict], None], test: str) -> None:
    """Have `finish` called with the verdict ``timeout`` when the tests take longer than `seconds`."""

    def report(signum: int, frame: Any) -> None:
        while frame is not None and frame.f_code.co_filename != FILE:
            frame = frame.f_back
        at = describe_line(test.splitlines(), frame.f_lineno) if frame else ""
        finish({"kind": "timeout", "message": f"the tests did not end within {seconds:g} s\n{at}"})

    signal.signal(signal.SIGALRM, report)
    signal.setitimer(signal.ITIMER_REAL, seconds)
