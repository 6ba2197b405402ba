"""The solution's process as the judge sees it: asked one question at a time, believed in data alone."""

from __future__ import annotations

import contextlib
import functools
import operator
import sys
import types
from _thread import RLock  # `threading` itself would make every fork 0.5 ms dearer
from collections.abc import Callable, Iterator
from typing import Any

from . import generators, standins
from .asserts import show
from .heap import Heap
from .objects import is_coroutine_function
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
        self._asked: tuple[Any, int, int] | None = None
        self._answered: tuple[Any, int] = (NO_ANSWER, 0)
        self._names: dict[Any, str] = {}
        self.ended: Ended | None = None

    def wait_until_ready(self, names: list[str]) -> dict[str, Any]:
        """Wait until the solution has been executed; return its entry points, or raise what it raised."""
        found = self._await_answer("ready")
        if type(found) is not tuple or len(found) != len(names):
            self._end("exception", NO_DATA)
        self._names = {self._heap.number_of(value): name for value, name in zip(found, names)}
        return dict(zip(names, found))

    def ask(self, verb: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have the solution's process do something with an object of its own."""
        with self._lock:
            if self.ended:
                raise self.ended
            first = self._heap.next_number
            if not kwargs and self._heap.is_empty and SCALARS.issuperset(map(type, args)) and are_small(args):
                text = write_json(["ask", verb, number, args])
            else:
                text = self._question(verb, number, args, kwargs)
            if verb == "call":
                self._asked = (text, number, first)
            self._answered = (NO_ANSWER, 0)
            with contextlib.suppress(LostError):  # what it said before may tell why
                self._line.send_text(text)
            return self._await_answer(verb)

    def last_call(self) -> str:
        """Return the latest call and what it returned, bounded; empty before the first."""
        if not self._asked:
            return ""
        text, number, first = self._asked
        answer, answer_first = self._answered
        try:
            names: list[str] = []
            if isinstance(text, str):
                _, _, _, items, *more = read_json(text)
                names, rows = more[:2] if more else ([], [])
                shown = self._shown(items, rows, first)
            else:
                shown = list(map(show, text))
            plain = len(shown) - len(names)
            texts = [*shown[:plain], *(f"{name}={value}" for name, value in zip(names, shown[plain:]))]
            call = f"{self._name(number)}({shorten(', '.join(texts))})"
            if answer_first:
                kind, item, rows, *_ = read_json(answer)
                if kind == "returned":
                    return f"{call} returned {self._shown([item], rows, answer_first)[0]}"
            elif answer is not NO_ANSWER:
                return f"{call} returned {show(answer)}"
        except Exception:
            return ""
        return f"in {call}"

    def _name(self, number: int) -> str:
        return self._names.get(number, "object")

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
                "bad_test", f"the tests pass {self._names.get(number, 'the solution')}() {error}; {REMEDY}"
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
        if type(value) is Raised:
            return "error", value.parts()
        found = self._setup.export(value) or export_type(value) or _import_of(value)
        if found:
            return found
        method = getattr(value, "mcode_method", None) if type(value) is types.FunctionType else None
        if method:
            return "attribute", list(method)
        if isinstance(value, (*LENDABLE, Iterator)):
            self._lent.add(number)
            self._heap.reside(number, value)
            if isinstance(value, Iterator):
                return "lent items", []
            return "lent", [getattr(value, "__name__", "function"), is_coroutine_function(value)]
        if isinstance(value, BaseException) and export_type(type(value)):
            return "error", [type(value), tuple(value.args), "", (), value.__cause__]
        raise NotPlainError(f"an object that cannot cross to its process ({type(value).__name__})")

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
                    self._answered = (message, 0)
                    return self._scalar(message)
                kind, *content = message
                if kind == "timeout":
                    self._end("timeout", shorten(str(content[0])))
                if kind == "ask":
                    self._serve(content)
                    text = None
                    continue
                self._answered = (text, self._heap.next_number)
                value = self._read_answer(message)
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
        plain = len(values) - len(names)
        target = heap.find(number)
        self._depth += 1
        answered = self._answered
        try:
            if verb == "next":
                kind, value = "returned", next(target)
            else:
                kind, value = "returned", target(*values[:plain], **dict(zip(names, values[plain:])))
        except StopIteration as end:
            kind, value = "end", end.value
        except Exception as error:
            kind, value = "raised", Raised(error)
        finally:
            self._depth -= 1
        self._answered = answered
        self._depth += 1
        try:
            items = heap.pack([value])
            changes = heap.take_changes()
        except NotPlainError as error:
            heap.give_up()
            self._end("bad_test", f"a function of the tests returns {error}; {REMEDY}")
        finally:
            self._depth -= 1
        self._line.send([kind, items[0], heap.take_rows(), changes])

    def _make(self, make: Callable[..., Any], *parts: Any) -> Any:
        return make(functools.partial(self._ask_of, self._heap.making), *parts)

    def _ask_of(self, number: int, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.ask(verb, number, args, kwargs)

    def _make_function(self, asker: Callable[..., Any], name: Any, is_async: Any) -> Any:
        """Return a function that calls the solution's; a call of scalars takes the shortest way there is."""
        if is_async is True:
            return generators.make_coroutine_function(asker, name)
        number, heap, ask, lock = self._heap.making, self._heap, self.ask, self._lock
        exchange, scan = self._line.exchange, scan_json

        def call(*args: Any, **kwargs: Any) -> Any:
            for value in args:
                kind = type(value)
                if kind not in SCALARS or (kind is int and not -BIG < value < BIG):
                    return ask("call", number, args, kwargs)
            if kwargs or not heap.is_empty or self.ended or not lock.acquire(blocking=False):
                return ask("call", number, args, kwargs)
            try:
                self._asked = (args, number, 0)
                try:
                    text = exchange(write_json([number, *args]))
                    if text[0] != "[":
                        value, end = scan(text, 0)
                        if type(value) in SCALARS and text[end:] == "\n":
                            self._answered = (value, 0)
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
            return self.ask("method", number, (name, *args), kwargs)

        method.__name__ = method.__qualname__ = name
        method.__dict__["mcode_method"] = (thing, name)
        return method

    def _shown(self, items: list[Any], rows: list[Any], first: int) -> list[str]:
        """Return the `repr` of items of an earlier message, of objects made anew."""
        scratch = self._heap.scratch(first)
        scratch.receive(rows)
        return [show(value) for value in scratch.values(items)]

    def _end(self, kind: str, message: str) -> Any:
        self._answered = (NO_ANSWER, 0)
        self.ended = Ended(kind, message)
        raise self.ended


LENDABLE = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    functools.partial,
    operator.itemgetter,
    operator.attrgetter,
    operator.methodcaller,
)
REMEDY = "a task with in_process true runs both in one"
NO_ANSWER = object()
NO_DATA = "the solution's process answered with what is no plain data"


def _import_of(value: Any) -> tuple[str, list[Any]] | None:
    """Return where the solution's process finds a function, class or module of Python's or a library's."""
    if isinstance(value, types.ModuleType):
        return "import", [value.__name__, ""]
    owner = getattr(value, "__objclass__", value)
    module, name = getattr(owner, "__module__", None), getattr(value, "__qualname__", None)
    found: Any = sys.modules.get(module) if isinstance(module, str) and module not in OUR_MODULES else None
    if found is None or not isinstance(name, str):
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return ("import", [module, name]) if found is value else None


OUR_MODULES = frozenset({"tests", "solution", "__main__"})
