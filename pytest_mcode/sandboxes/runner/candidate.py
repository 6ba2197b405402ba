"""The process of the solution: executes the model's code and answers the judge's calls.

Nothing here is trusted once the solution runs; all that it can do is to answer.
"""

from __future__ import annotations

import gc
import linecache
import os
import signal
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from .containers import MUTABLES
from .heap import Heap
from .objects import (
    ITERATION,
    METHODS,
    OPERATIONS,
    OWN,
    Described,
    describe_object,
    imported,
    make_error,
    special_methods,
)
from .plain import BIG, SCALARS, Line, LostError, are_small, read_json, write_json
from .raised import FILE, Raised, where
from .shared import DATA_BASES, Setup, export_type, type_of_name
from .wire import TIME_IS_UP

RETAINED = 16
"""How many arguments a solution may seem to keep before its garbage is collected to be sure."""

BASES = (*MUTABLES, *DATA_BASES)


def answer_calls(program: dict[str, Any], judge: Line) -> None:
    """Execute ``program["solution"]``, then answer what `judge` asks until it asks no more.

    A question is ``[number of a function, scalars...]``, or ``["ask", verb, number, items]`` where all is
    scalar, else ``[..., names of the last items, rows, changes, numbers to forget]``. An answer is a
    scalar, or ``["returned" | "raised" | "end", item, rows, changes, numbers to keep]``; before the first
    question comes ``["returned", entry points, ...]``, instead of any ``["timeout", where]``.
    """
    _report_timeout(judge)
    served = Served(judge)
    try:
        names = served.load(program)
        missing = [name for name in program["entry_points"] if name not in names]
        if missing:
            raise NameError(f"name {missing[0]!r} is not defined by the solution")
    except BaseException as error:
        served.answer(["raised", Raised(error)])
        return
    served.answer(["returned", tuple(names[name] for name in program["entry_points"])])
    served.serve_all()


class Served:
    """The solution's objects, as far as the judge knows them, and what is done with them."""

    def __init__(self, judge: Line) -> None:
        self._judge = judge
        self._setup = Setup({})
        self._heap = Heap(self._export, {})
        self._depth = 0
        self._limit = RETAINED
        self._lock = threading.RLock()

    def load(self, program: dict[str, Any]) -> dict[str, Any]:
        """Execute setup and solution; return the names that they bind."""
        names, self._setup = load_solution(program)
        makers: dict[str, Callable[..., Any]] = {
            "type": type_of_name,
            "lent": self._make_lent,
            "lent items": self._make_items,
            "import": imported,
            "attribute": getattr,
            "error": make_error,
            **self._setup.makers,
        }
        self._heap = Heap(self._export, makers)
        self._setup.prepare(self._heap)
        return names

    def serve(self, question: list[Any]) -> None:
        """Do what the judge asks and answer."""
        self.answer(self._outcome(*question))

    def serve_all(self) -> None:
        """Serve until the judge is gone; a call of scalars takes the shortest way that there is."""
        heap, receive, send = self._heap, self._judge.receive_text, self._judge.send_text
        while True:
            try:
                question = read_json(receive())
            except LostError:
                return
            if question[0] == "ask":
                self.serve(question)
                continue
            try:
                number, *args = question
                outcome = ["returned", heap.find(number)(*args)]
            except BaseException as error:
                outcome = ["raised", Raised(error)]
            value = outcome[1]
            kind = type(value)
            if kind in SCALARS and (kind is not int or -BIG < value < BIG) and heap.is_empty:
                flush_output()
                send(write_json(value))
            else:
                del value
                self.answer(outcome)

    def _outcome(self, _: str, verb: str, number: int, items: list[Any], *more: Any) -> list[Any]:
        """Return how it went and what came of it, which is referred to from nowhere else."""
        heap = self._heap
        try:
            if not more:
                return ["returned", OPERATIONS[verb](heap.find(number), *items)]
            names, rows, changes, dropped = more
            heap.receive(rows)
            heap.apply(changes)
            heap.drop(dropped)
            values = heap.values(items)
            plain = len(values) - len(names)
            keywords = dict(zip(names, values[plain:]))
            return ["returned", OPERATIONS[verb](heap.find(number), *values[:plain], **keywords)]
        except StopIteration as end:
            return ["end", end.value] if verb in ITERATION else ["raised", Raised(end)]
        except BaseException as error:
            return ["raised", Raised(error)]

    def answer(self, outcome: list[Any]) -> None:
        """Send an outcome with what has changed and what is kept; it is taken out of the list."""
        kind, value = outcome[0], outcome.pop()
        flush_output()
        heap = self._heap
        if type(value) in SCALARS and kind == "returned" and heap.is_empty and are_small([value]):
            self._judge.send(value)
            return
        try:
            (item,) = heap.pack([value])
            changes = heap.take_changes()
        except (MemoryError, RecursionError) as error:
            heap.give_up()
            kind, (item,), changes = "raised", heap.pack([Raised(error)]), []
        del value
        rows = heap.take_rows()
        self._judge.send([kind, item, rows, changes, [] if self._depth else self._kept()])

    def ask(self, verb: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Ask the judge for something of its tests' own; threads take turns."""
        with self._lock:
            return self._ask(verb, number, args, kwargs)

    def _ask(self, verb: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        heap = self._heap
        flush_output()
        items = heap.pack([*args, *kwargs.values()])
        changes = heap.take_changes()
        self._judge.send(["ask", verb, number, items, list(kwargs), heap.take_rows(), changes, []])
        self._depth += 1
        try:
            while True:
                kind, *content = answer = self._judge.receive()
                if kind in ("returned", "raised", "end"):
                    break
                self.serve(answer if kind == "ask" else ["ask", "call", kind, content])
        finally:
            self._depth -= 1
        item, rows, changes = content
        heap.receive(rows)
        heap.apply(changes)
        (value,) = heap.values([item])
        if kind == "raised":
            raise value
        if kind == "end":
            raise StopIteration(value)
        return value

    def _kept(self) -> list[int]:
        kept = self._heap.retained()
        if len(kept) > self._limit:
            gc.collect()
            kept = self._heap.retained()
            self._limit = max(RETAINED, 2 * len(kept))
        self._heap.keep_only(kept)
        return kept

    def _export(self, value: Any, number: int) -> tuple[str, list[Any]]:
        if type(value) is Raised:
            return "error", value.parts()
        if type(value) is Described:
            self._heap.reside(number, value)
            return "class", [value.kind.__name__, (), special_methods(value.kind)]
        found = self._setup.export(value) or export_type(value)
        if found:
            return found
        kind = type(value)
        if isinstance(value, BaseException):
            return "error", Raised(value).parts()
        if not isinstance(value, type):
            base = next((base for base in BASES if isinstance(value, base)), None)
            if base in MUTABLES:
                self._heap.mutables[kind] = MUTABLES[base]
                return self._heap.describe(value, number)
            if base is not None:
                self._heap.reside(number, value)
                return "sub", [kind, DATA_BASES[base](value)]
        owner = getattr(value, "__self__", None)
        if owner is not None and kind in METHODS and self._heap.number_of(owner) in self._heap.resident:
            return "method", [owner, value.__name__]
        self._heap.reside(number, value)
        return describe_object(value, kind)

    def _make_lent(self, name: str, is_async: bool) -> Callable[..., Any]:
        number = self._heap.making

        def lent(*args: Any, **kwargs: Any) -> Any:
            return self.ask("call", number, args, kwargs)

        async def lent_async(*args: Any, **kwargs: Any) -> Any:
            return self.ask("run", number, args, kwargs)

        made = lent_async if is_async else lent
        made.__name__ = made.__qualname__ = name
        return made

    def _make_items(self) -> Any:
        number = self._heap.making

        def items() -> Any:
            while True:
                try:
                    item = self.ask("next", number, (), {})
                except StopIteration:
                    return
                yield item

        return items()


def load_solution(program: dict[str, Any]) -> tuple[dict[str, Any], Setup]:
    """Execute setup and solution in a module called ``solution``; return its names and the setup."""
    module = types.ModuleType(OWN)
    sys.modules[OWN] = module
    _execute(program["setup"], "setup.py", module)
    setup = Setup(module.__dict__)
    _execute(program["solution"], FILE, module)
    return module.__dict__, setup


def _execute(source: str, file: str, module: types.ModuleType) -> None:
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)


def flush_output() -> None:
    """Write what the solution has printed, which may have closed or replaced the stream."""
    try:  # noqa: SIM105 - of every call: a context manager takes longer than what it guards
        sys.stdout.flush()
    except Exception:
        pass


def _report_timeout(judge: Line) -> None:
    def report(signum: int, frame: Any) -> None:
        try:
            flush_output()
            judge.send(["timeout", where(frame)])
        finally:
            os._exit(1)

    signal.signal(TIME_IS_UP, report)
