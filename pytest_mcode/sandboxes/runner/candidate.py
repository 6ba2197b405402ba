"""The process of the solution: executes the model's code and answers the judge's calls.

Nothing here is trusted once the solution runs; all that it can do is to answer.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import os
import signal
import sys
import traceback
import types
from typing import Any

from .plain import Line, LostError, NotPlainError, decode, encode
from .wire import TIME_IS_UP

FILE = "solution.py"
MAX_TEXT = 2000


def answer_calls(program: dict[str, Any], judge: Line) -> None:
    """Execute ``program["solution"]``, then answer what `judge` asks until it asks no more.

    Questions are ``["call", name, arguments]`` and ``["next", number of an iterator]``. Answers are
    ``["ready"]`` once, ``["returned", value]``, ``["raised", error]``, ``["end"]`` of an iterator, and
    ``["timeout", where]``; to a call, what it left of its arguments is added, None where it left them alone.
    """
    _report_timeout(judge)
    try:
        names = load_solution(program)
        missing = [name for name in program["entry_points"] if name not in names]
        if missing:
            raise NameError(f"name {missing[0]!r} is not defined by the solution")
    except BaseException as error:
        _send(judge, ["raised", describe_error(error)])
        return
    _send(judge, ["ready"])
    kept = Kept()
    while True:
        try:
            question, *operands = judge.receive()
        except LostError:
            return
        _send(judge, _call(names, kept, *operands) if question == "call" else _next(kept, *operands))


class Kept:
    """What the judge knows by number only: iterators, and objects that are no plain data."""

    def __init__(self) -> None:
        self._objects: list[Any] = []

    def keep(self, value: object) -> int:
        """Return a number for `value`."""
        self._objects.append(value)
        return len(self._objects) - 1

    def find(self, kind: str, number: int) -> Any:
        """Return what the number stands for."""
        return self._objects[number]


def load_solution(program: dict[str, Any]) -> dict[str, Any]:
    """Execute setup and solution in a module called ``solution``; return its namespace."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    for source, file in ((program["setup"], "setup.py"), (program["solution"], FILE)):
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def _send(judge: Line, answer: list[Any]) -> None:
    flush_output()
    try:
        judge.send(answer)
    except (MemoryError, RecursionError) as error:
        judge.send(["raised", describe_error(error), None])


def flush_output() -> None:
    """Write what the solution has printed, which may have closed or replaced the stream."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()


def _call(names: dict[str, Any], kept: Kept, name: str, asked: list[Any]) -> list[Any]:
    args, kwargs = arguments = decode(asked, kept.find)
    try:
        answer = ["returned", encode(names[name](*args, **kwargs), kept.keep)]
    except BaseException as error:
        answer = ["raised", describe_error(error)]
    return [*answer, _changed(asked, arguments)]


def _next(kept: Kept, number: int) -> list[Any]:
    try:
        return ["returned", encode(next(kept.find("remote", number)), kept.keep)]
    except StopIteration:
        return ["end"]
    except BaseException as error:
        return ["raised", describe_error(error)]


def _changed(asked: list[Any], arguments: list[Any]) -> Any:
    try:
        now = encode(arguments, _refuse)
    except (NotPlainError, RecursionError):
        return None
    return None if now == asked else now


def _refuse(value: object) -> int:
    raise NotPlainError(value)


def describe_error(error: BaseException) -> list[Any]:
    """Return an exception's builtin type, plain arguments, and traceback cut to the solution's own lines."""
    builtin = next(kind for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    try:
        args = encode(error.args)
    except (NotPlainError, RecursionError):
        args = encode((str(error),))
    return [builtin.__name__, args, own_traceback(error)]


def own_traceback(error: BaseException) -> str:
    """Return the traceback as Python prints it, without frames outside the solution."""
    trace = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = trace
    while part is not None:
        part.stack = _own_frames(part.stack)
        part = part.__cause__ or part.__context__
    return shorten("".join(trace.format()).strip())


def _own_frames(frames: Any) -> traceback.StackSummary:
    return traceback.StackSummary.from_list([frame for frame in frames if frame.filename == FILE])


def shorten(text: str) -> str:
    """Cut the middle out of a text that is longer than `MAX_TEXT`."""
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"


def _report_timeout(judge: Line) -> None:
    def report(signum: int, frame: Any) -> None:
        try:
            flush_output()
            judge.send(["timeout", where(frame)])
        finally:
            os._exit(1)

    signal.signal(TIME_IS_UP, report)


def where(frame: Any) -> str:
    """Return the solution's innermost lines that led to `frame`; empty when none did."""
    return shorten("".join(_own_frames(traceback.extract_stack(frame)).format()[-3:]).rstrip())
