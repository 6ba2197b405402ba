"""Messages about the objects that both processes know: who sees one twice sees the same one.

A message carries rows, one an object, ``[kind, items]``; an item is a scalar, ``[number]`` of an object
of this message or an earlier one, or ``[None, scalars...]``, a tuple of these. Rows are numbered in the
order in which they are sent, on both sides alike. So nesting has no depth, and what contains itself is
no special case.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, List

from . import arrays, tables
from .containers import COMPLETE, HASHING, MUTABLES, Mutable, frozenset_of, frozenset_parts, is_unchanged
from .known import Known
from .plain import (
    SCALARS,
    TEXTUAL_MAKERS,
    VALUES,
    VIEWS,
    LostError,
    NotPlainError,
    are_small,
    textual,
    view_parts,
)
from .sets import can_be_copied

Row = List[Any]
"""Kind and items; of a change number and items."""


def _view(mapping: Any, name: str) -> Any:
    if not isinstance(mapping, dict):
        raise LostError("a view of no mapping")
    return getattr(mapping, name)()


MAKERS: dict[str, Callable[..., Any]] = {
    **{value.kind: value.make for value in VALUES.values()},
    **TEXTUAL_MAKERS,
    **{name: lambda mapping, name=name: _view(mapping, name) for name in ("keys", "values", "items")},
    "int": lambda text: int(text, 16),
    "frozenset": frozenset_of,
    **arrays.MAKERS,
    **tables.MAKERS,
}


class Heap(Known):
    """What one process knows, sends and receives. `export` describes what no table of kinds knows."""

    def __init__(
        self, export: Callable[[Any, int], tuple[str, list[Any]]], makers: dict[str, Callable[..., Any]]
    ) -> None:
        super().__init__()
        self._export = export
        self._makers = {**MAKERS, **makers}
        self.mutables: dict[type, Mutable] = dict(MUTABLES)
        self.kinds: dict[str, Mutable] = {mutable.kind: mutable for mutable in MUTABLES.values()}
        self.kinds.update({**arrays.KINDS, **tables.KINDS})
        self._next = 0
        self._rows: list[Row] = []
        self._waiting: list[tuple[Row, Any]] = []
        self.refuse_reordered = False
        """Whether a set that no copy iterates like is refused; else its copy is in another order."""
        self.making = 0
        """The number of the object that is being made."""

    # What is sent

    def pack(self, values: Iterable[Any]) -> list[Any]:
        """Return the items of `values`; what is new becomes rows of the message."""
        items = self._items(values)
        self._drain()
        return items

    def take_changes(self) -> list[Any]:
        """Return numbers and items of the objects that have changed since both sides last agreed."""
        changes: list[Any] = []
        for number, before in list(self._states.items()):
            value = self._passing[number]
            if type(value) is list and len(value) == len(before) and all(map(operator.is_, before, value)):
                continue
            mutable = self.mutables[type(value)]
            now = mutable.state(value)
            if not is_unchanged(before, now):
                self._states[number] = now
                change: Row = [number, None]
                changes.append(change)
                self._waiting.append((change, mutable.parts(value, now)))
        self._drain()
        return changes

    def take_rows(self) -> list[Row]:
        """Return the rows of the message and begin another."""
        rows, self._rows = self._rows, []
        return rows

    def give_up(self) -> None:
        """Forget the rows of a message that is not sent."""
        begun = self._next - len(self._rows)
        self.drop(range(begun, self._next))
        self._next = begun
        self._rows, self._waiting = [], []

    def _items(self, values: Iterable[Any]) -> list[Any]:
        values = list(values)
        kinds = set(map(type, values))
        if kinds <= SCALARS and are_small(values, kinds):
            return values
        if kinds.isdisjoint(SCALARS):
            return [self._item(value) for value in values]
        return [
            value if type(value) in SCALARS and are_small([value]) else self._item(value) for value in values
        ]

    def _item(self, value: Any) -> list[Any]:
        if type(value) is tuple and SCALARS.issuperset(map(type, value)) and are_small(value):
            return [None, *value]
        number = self.number_of(value)
        return [self._add(value) if number is None else number]

    def _drain(self) -> None:
        while self._waiting:
            row, parts = self._waiting.pop()
            row[1] = self._items(parts)

    def _add(self, value: Any) -> int:
        number = self._next
        self._next += 1
        row: Row = [None, None]
        self._rows.append(row)
        self._passing[number] = value
        self._numbers[id(value)] = number
        if type(value) is list:
            row[0], parts = "list", value.copy()
            self._states[number] = parts
        else:
            row[0], parts = self.describe(value, number)
        self._waiting.append((row, parts))
        return number

    def describe(self, value: Any, number: int) -> tuple[str, list[Any]]:
        """Return kind and parts of an object of that number."""
        kind = type(value)
        if self.refuse_reordered and kind in (set, frozenset) and not can_be_copied(value):
            raise NotPlainError("a set whose order no copy can have")
        mutable = self.mutables.get(kind) or arrays.mutable(value) or tables.mutable(value)
        if mutable:
            self.mutables[kind] = mutable
            state = self._states[number] = mutable.state(value)
            return mutable.kind, mutable.parts(value, state)
        if kind in VALUES:
            return VALUES[kind].kind, VALUES[kind].parts(value)
        if kind is int:
            return "int", [hex(value)]
        if kind is frozenset:
            return "frozenset", frozenset_parts(value)
        if kind in VIEWS:
            return VIEWS[kind], view_parts(value)
        found = arrays.describe(value) or tables.describe(value) or textual(value)
        return found or self._export(value, number)

    # What is received

    def values(self, items: list[Any]) -> list[Any]:
        """Return what items stand for."""
        if list not in set(map(type, items)):
            return items
        return [self._value(item) if type(item) is list else item for item in items]

    def _value(self, item: list[Any]) -> Any:
        if item[0] is None:
            return tuple(item[1:])
        return self.find(*item)

    def receive(self, rows: list[Row]) -> None:
        """Make the objects of a message's rows."""
        first, self._next = self._next, self._next + len(rows)
        late: list[tuple[int, Mutable, list[Any]]] = []
        others: list[int] = []
        for number, (kind, items) in enumerate(rows, first):
            if kind == "list" and list not in set(map(type, items)):
                self._passing[number] = items
                self._numbers[id(items)] = number
                self._states[number] = items.copy()
                continue
            mutable = self.kinds.get(kind)
            if mutable is None:
                others.append(number)
                continue
            value = mutable.make(items)
            self._register(number, value)
            self.mutables.setdefault(type(value), mutable)
            if kind in COMPLETE or list not in set(map(type, items)):
                self._fill(number, mutable, items)
            else:
                late.append((number, mutable, items))
        for number in others:
            self._make(number, rows, first)
        for number, mutable, items in sorted(late, key=lambda entry: entry[1].kind in HASHING):
            self._fill(number, mutable, self.values(items))

    def apply(self, changes: list[Any]) -> None:
        """Change objects in place as the other process has changed its own."""
        for number, items in changes:
            if number not in self._states:
                raise LostError("a change of what does not change")
            self._fill(number, self.mutables[type(self._passing[number])], self.values(items))

    def _fill(self, number: int, mutable: Mutable, parts: list[Any]) -> None:
        value = self._passing[number]
        mutable.fill(value, parts)
        self._states[number] = mutable.state(value)

    def _register(self, number: int, value: Any) -> None:
        self._passing[number] = value
        self._numbers[id(value)] = number

    def _make(self, number: int, rows: list[Row], first: int) -> None:
        stack = [number]
        begun: set[int] = set()
        while stack:
            number = stack[-1]
            if number in self._passing or number in self.resident:
                stack.pop()
                continue
            kind, items = rows[number - first]
            missing = [item[0] for item in items if type(item) is list and self._is_to_make(item[0], first)]
            if missing:
                if number in begun:
                    raise LostError("what never changes contains itself")
                begun.add(number)
                stack += missing
            else:
                self.making = number
                self._register(number, self._makers[kind](*self.values(items)))
                if kind in RESIDENT:
                    self.reside(number, self._passing[number])

    def _is_to_make(self, number: int | None, first: int) -> bool:
        return (
            number is not None
            and number >= first
            and number not in self._passing
            and number not in self.resident
        )

    def scratch(self, first: int) -> Heap:
        """Return a heap that can read a message again whose rows begin with number `first`."""
        other = Heap(
            self._export, {kind: _Shown for kind in (*self._makers, *RESIDENT) if kind not in MAKERS}
        )
        other._next = first
        other.resident = {n: v for n, v in {**self.resident, **self._passing}.items() if n < first}
        return other

    @property
    def next_number(self) -> int:
        """The number that the next row gets."""
        return self._next


class _Shown:
    """Stands for what is not made anew only to be shown."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    def __repr__(self) -> str:
        named = next((part for part in self._parts if isinstance(part, (str, _Shown, type))), "object")
        return f"<{getattr(named, '__name__', None) or str(named).strip('<>')}>"


RESIDENT = frozenset(
    {
        "thing",
        "class",
        "function",
        "iterator",
        "generator",
        "coroutine",
        "asyncgen",
        "sub",
        "lent",
        "lent items",
    }
)
"""Kinds of what stays in the process that has it."""
