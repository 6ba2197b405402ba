"""The solution's process as the judge sees it: stubs to call, and nothing believed but plain data."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Callable
from typing import Any

from .asserts import show
from .candidate import shorten
from .plain import Elsewhere, Line, LostError, NotPlainError, Opaque, decode, encode, patch


class Ended(BaseException):
    """There will be no more answers, for the reason `kind`; tests cannot swallow it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class Items(Elsewhere):
    """An iterator of the solution's: asked for its items one by one."""

    def __init__(self, number: int, solution: Solution) -> None:
        super().__init__(number)
        self._solution = solution

    def __iter__(self) -> Items:
        return self

    def __next__(self) -> Any:
        return self._solution.next_item(self.number)

    def __repr__(self) -> str:
        return "<iterator>"


class Solution:
    """Asks the solution's process, one question at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line
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

    def next_item(self, number: int) -> Any:
        """Return the next item of the solution's iterator of that number."""
        self._send(["next", number])
        items = self._take_answer(("returned", "end"))
        if not items:
            raise StopIteration
        return items[0]

    def last_call(self) -> str:
        """Return the latest call and what it returned, bounded; empty before the first."""
        if not self._asked:
            return ""
        _, name, arguments = self._asked
        args, kwargs = decode(arguments, self._find)
        shown = [show(arg) for arg in args] + [f"{key}={show(value)}" for key, value in kwargs.items()]
        call = f"{name}({shorten(', '.join(shown))})"
        if self._answer[:1] == ["returned"]:
            return f"{call} returned {show(self._decode(self._answer[1]))}"
        return f"in {call}"

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call a function. A `StopIteration` that it raises would silently end a loop of the tests."""
        try:
            self._asked = ["call", name, encode(arguments)]
        except NotPlainError as error:
            self._end("bad_test", f"the tests pass {name}() what is no plain data: {error}")
        self._answer = []
        self._send(self._asked)
        try:
            return self._take_answer(("returned",), arguments)[0]
        except StopIteration as error:
            raise _with_text(RuntimeError("the solution raised StopIteration"), error) from None

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
                self._end("timeout", shorten(str(content[0])))
            if kind not in expected and kind != "raised":
                raise LostError("unexpected answer")
            read = _rebuild_error if kind == "raised" else self._decode
            values = [read(value) for value in content[:1]]
            if arguments is not None and content[1] is not None:
                _apply_changes(arguments, self._decode(content[1]))
        except LostError:
            self._end("lost", "the solution's process ended or closed its connection")
        except MemoryError as error:
            self._end("memory", f"the solution returned {error}")
        except Exception:
            self._end("exception", "the solution's process answered with what is no plain data")
        if kind == "raised":
            raise values[0]
        return values

    def _decode(self, node: Any) -> Any:
        return decode(node, self._find)

    def _find(self, kind: str, content: Any) -> Any:
        if kind == "remote":
            return Items(content, self)
        if kind == "opaque":
            return Opaque(*content)
        raise LostError("unknown kind of data")

    def _end(self, kind: str, message: str) -> None:
        self._answer = []
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


def _with_text(error: BaseException, other: BaseException) -> BaseException:
    error.__dict__.update(other.__dict__)
    return error
