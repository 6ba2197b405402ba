"""The solution's process as the judge sees it: asked one question at a time, believed in data alone."""

from __future__ import annotations

import contextlib
import functools
from _thread import RLock  # `threading` itself would make every fork 0.5 ms dearer
from collections.abc import Callable
from typing import Any

from . import generators, standins
from .heap import Heap
from .last_call import NO_ANSWER, LastCall
from .lending import LENT, describe
from .plain import BIG, SCALARS, Line, LostError, NotPlainError, are_small, read_json, scan_json, write_json
from .raised import Raised, shorten
from .shared import Setup, export_type, type_of_name

FORGET_BEYOND = 64
"""How many objects may be known before the judge looks for those that its tests have let go."""


class Ended(BaseException):
    """There will be no more answers, for the reason `kind`; tests cannot swallow it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class Solution:
    """Asks the solution's process, one question at a time, and answers what it asks of the tests' own."""

    def __init__(self, line: Line, setup: Setup) -> None:
        self._line = line
        self._setup = setup
        numbered: dict[str, Callable[..., Any]] = {
            "thing": standins.make_thing,
            "class": standins.make_class,
            "sub": standins.make_data,
            "function": self._make_function,
            "iterator": generators.make_iterator,
            "generator": generators.make_generator,
            "coroutine": generators.make_coroutine,
            "asyncgen": generators.make_async_generator,
            "method": self._make_method,
        }
        makers: dict[str, Callable[..., Any]] = {
            kind: functools.partial(self._make, make) for kind, make in numbered.items()
        }
        makers.update({"error": standins.make_error, "type": type_of_name, **setup.makers})
        self._heap = Heap(self._export, makers)
        self._heap.refuse_reordered = True
        setup.prepare(self._heap)
        self._lent: set[int] = set()
        self._lock = RLock()
        self._depth = 0
        self._limits = [FORGET_BEYOND, FORGET_BEYOND * 16]
        self._last = LastCall(self._heap)
        self.ended: Ended | None = None

    def last_call(self) -> str:
        """Return the latest call and what it returned, bounded; empty before the first."""
        return self._last.describe()

    def wait_until_ready(self, names: list[str]) -> dict[str, Any]:
        """Wait until the solution has been executed; return its entry points, or raise what it raised."""
        found = self._await_answer("ready")
        if type(found) is not tuple or len(found) != len(names):
            self._end("exception", NO_DATA)
        self._last.names = {self._heap.number_of(value): name for value, name in zip(found, names)}
        return dict(zip(names, found))

    def ask(self, number: int, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have the solution's process do something with an object of its own."""
        with self._lock:
            if self.ended:
                raise self.ended
            first = self._heap.next_number
            if not kwargs and self._heap.is_empty and SCALARS.issuperset(map(type, args)) and are_small(args):
                text = write_json(["ask", verb, number, args])
            else:
                text = self._question(verb, number, args, kwargs)
            self._last.note_question(verb, text, number, first)
            with contextlib.suppress(LostError):  # what it said before may tell why
                self._line.send_text(text)
            return self._await_answer(verb)

    # What the tests pass

    def _question(self, verb: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        heap = self._heap
        dropped = [] if self._depth else self._let_go()
        try:
            names = list(kwargs)
            items = heap.pack([*args, *kwargs.values()])
            changes = heap.take_changes()
        except NotPlainError as error:
            heap.give_up()
            self._end(
                "bad_test",
                f"the tests pass {self._last.names.get(number, 'the solution')}() {error}; {REMEDY}",
            )
        return write_json(["ask", verb, number, items, names, heap.take_rows(), changes, dropped])

    def _let_go(self) -> list[int]:
        heap, dropped = self._heap, []
        if len(heap.resident) > self._limits[1]:
            dropped = [number for number in heap.unreferenced() if number not in self._lent]
            heap.drop(dropped)
            self._limits[1] = max(self._limits[1], 2 * len(heap.resident))
        return dropped

    def _export(self, value: Any, number: int) -> tuple[str, list[Any]]:
        found = self._setup.export(value) or export_type(value) or describe(value)
        if found[0] in LENT:
            self._lent.add(number)
            self._heap.reside(number, value)
        return found

    # What the solution answers

    def _await_answer(self, verb: str, text: str | Exception | None = None) -> Any:
        while True:
            try:
                if isinstance(text, Exception):
                    raise text
                text = text or self._line.receive_text()
            except LostError:
                self._end("lost", "the solution's process ended or closed its connection")
            except MemoryError as error:
                self._end("memory", f"the solution returned {error}")
            except Exception:
                self._end("exception", NO_DATA)
            try:
                message = read_json(str(text))
                if type(message) is not list:
                    value = self._scalar(message)
                    self._last.note_answer(verb, value, 0)
                    return value
                kind, *content = message
                if kind == "timeout":
                    self._end("timeout", shorten(str(content[0])))
                if kind == "ask":
                    self._serve(content)
                    text = None
                    continue
                first = self._heap.next_number
                value = self._read_answer(message)
                self._last.note_answer(verb, text, first)
                break
            except MemoryError as error:
                self._end("memory", f"the solution returned {error}")
            except Exception:
                self._end("exception", NO_DATA)
        if kind == "returned":
            return value
        if kind == "end" and verb in ("next", "send", "throw"):
            raise StopIteration(value)
        raise self._raised(value, verb)

    def _read_answer(self, message: list[Any]) -> Any:
        kind, item, rows, changes, kept = message
        if kind not in ("returned", "raised", "end"):
            raise ValueError("unexpected answer")
        heap = self._heap
        heap.receive(rows)
        heap.apply(changes)
        (value,) = heap.values([item])
        if kind == "raised" and not isinstance(value, BaseException):
            raise ValueError("no exception")
        if not self._depth:
            heap.keep_only(kept)
        return value

    def _scalar(self, value: Any) -> Any:
        if type(value) not in SCALARS:
            raise ValueError("no scalar")
        return value

    def _raised(self, error: BaseException, verb: str) -> BaseException:
        """A `StopIteration` that the solution raises would silently end a loop of the tests."""
        if isinstance(error, StopIteration) and verb not in ("get", "next"):
            other = RuntimeError("the solution raised StopIteration")
            other.__dict__.update(error.__dict__)
            return other
        return error

    def _serve(self, question: list[Any]) -> None:
        """Call a function of the tests', or take an item of an iterator of theirs: no more can be asked."""
        verb, number, items, *more = question
        heap = self._heap
        names, rows, changes, _ = more if more else ([], [], [], [])
        heap.receive(rows)
        heap.apply(changes)
        values = heap.values(items)
        if number not in self._lent or verb not in ("call", "next") or not set(map(type, names)) <= {str}:
            raise ValueError("no question that can be asked")
        target, last = heap.find(number), self._last
        outer = last.asked, last.answered
        self._depth += 1
        try:
            kind, value = _outcome(verb, target, values, names)
            last.asked, last.answered = outer
            items = heap.pack([value])
            changes = heap.take_changes()
        except NotPlainError as error:
            heap.give_up()
            self._end("bad_test", f"a function of the tests returns {error}; {REMEDY}")
        finally:
            self._depth -= 1
        self._line.send([kind, items[0], heap.take_rows(), changes])

    def _make(self, make: Callable[..., Any], *parts: Any) -> Any:
        return make(functools.partial(self.ask, self._heap.making), *parts)

    def _make_function(self, asker: Callable[..., Any], name: Any, is_async: Any) -> Any:
        """Return a function that calls the solution's; a call of scalars takes the shortest way there is."""
        if is_async is True:
            return generators.make_coroutine_function(asker, name)
        number, heap, ask, lock = self._heap.making, self._heap, self.ask, self._lock
        last, exchange, scan = self._last, self._line.exchange, scan_json

        def call(*args: Any, **kwargs: Any) -> Any:
            for value in args:
                kind = type(value)
                if kind not in SCALARS or (kind is int and not -BIG < value < BIG):
                    return ask(number, "call", args, kwargs)
            if kwargs or not heap.is_empty or self.ended or not lock.acquire(blocking=False):
                return ask(number, "call", args, kwargs)
            try:
                last.asked, last.answered = (args, number, 0), NO_ANSWER
                try:
                    text = exchange(write_json([number, *args]))
                    if text[0] != "[":
                        value, end = scan(text, 0)
                        if type(value) in SCALARS and text[end:] == "\n":
                            last.answered = (value, 0)
                            return value
                except Exception as error:
                    return self._await_answer("call", error)
                return self._await_answer("call", text)
            finally:
                lock.release()

        call.__name__ = call.__qualname__ = str(name)
        call.__module__ = "solution"
        return call

    def _make_method(self, _: Any, thing: Any, name: Any) -> Any:
        number = self._heap.number_of(thing)
        if number is None or type(name) is not str:
            raise LostError("a method of nothing")

        def method(*args: Any, **kwargs: Any) -> Any:
            return self.ask(number, "method", (name, *args), kwargs)

        method.__name__ = method.__qualname__ = name
        method.__dict__["mcode_method"] = (thing, name)
        return method

    def _end(self, kind: str, message: str) -> Any:
        self.ended = Ended(kind, message)
        raise self.ended


REMEDY = "a task with in_process true runs both in one"
NO_DATA = "the solution's process answered with what is no plain data"


def _outcome(verb: str, target: Any, values: list[Any], names: list[str]) -> tuple[str, Any]:
    """Return how it went and what came of it; `names` are those of the last values."""
    plain = len(values) - len(names)
    try:
        if verb == "next":
            return "returned", next(target)
        return "returned", target(*values[:plain], **dict(zip(names, values[plain:])))
    except StopIteration as end:
        return "end", end.value
    except Exception as error:
        return "raised", Raised(error)
