"""What is known of an exception of the solution's: its class, what it is made of, and its own lines."""

from __future__ import annotations

import traceback
from typing import Any

FILE = "solution.py"
MAX_TEXT = 2000


class Raised:
    """What is known of an exception, without the frames that it passed."""

    def __init__(self, error: BaseException, depth: int = 0) -> None:
        self.kind = type(error)
        self.args = _arguments(error)
        self.text = own_traceback(error)
        own = {name: value for name, value in vars(error).items() if type(name) is str}
        if type(error).__str__ not in BUILTIN_TEXTS:
            own["solution_str"] = _text_of(error)
        self.attributes = tuple(part for pair in own.items() for part in pair)
        cause = _slot("__cause__", error)
        self.cause = Raised(cause, depth + 1) if cause is not None and depth < 5 else None

    def parts(self) -> list[Any]:
        """Return what crosses."""
        return [self.kind, self.args, self.text, self.attributes, self.cause]


BUILTIN_TEXTS = {
    kind.__str__
    for kind in vars(__import__("builtins")).values()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def _arguments(error: BaseException) -> Any:
    """Return what the exception is made of again."""
    if isinstance(error, OSError) and error.filename is not None:
        return (error.errno, error.strerror, error.filename)
    args = _slot("args", error)
    grouped = hasattr(type(error), "derive") and len(args) == 2
    return (args[0], tuple(args[1])) if grouped else args


def _slot(name: str, error: BaseException) -> Any:
    """Return what the exception itself has, whatever its class makes of the name."""
    return vars(BaseException)[name].__get__(error)


def _text_of(error: BaseException) -> str:
    try:
        return str.__str__(str(error))[:100000]
    except BaseException:
        return f"<{type(error).__name__}>"


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


def where(frame: Any) -> str:
    """Return the solution's innermost lines that led to `frame`; empty when none did."""
    return shorten("".join(_own_frames(traceback.extract_stack(frame)).format()[-3:]).rstrip())
