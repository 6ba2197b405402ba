"""The objects that a process knows by a number: found by it, and forgotten when nobody refers to them."""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterable
from typing import Any

from .plain import SCALARS, LostError


def _references(objects: dict[int, Any]) -> dict[int, int]:
    return {number: sys.getrefcount(objects[number]) for number in objects}


UNREFERENCED = _references({0: []})[0]
"""What `sys.getrefcount` says of an object that a table alone holds; it depends on the version."""


class Known:
    """The table of one process. Its objects pass with a call, or stay known until they are dropped."""

    def __init__(self) -> None:
        self._passing: dict[int, Any] = {}
        self._states: dict[int, Any] = {}
        self.resident: dict[int, Any] = {}
        """What stays known until it is dropped: it lives in one of the processes alone."""
        self._numbers: dict[int, int] = {}
        self._resident_numbers: dict[int, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing that changes is known, so that there is nothing to keep in step."""
        return not self._passing

    def find(self, number: Any) -> Any:
        """Return the object of a number; raises `LostError`."""
        if number in self._passing:
            return self._passing[number]
        try:
            return self.resident[number]
        except (KeyError, TypeError):
            raise LostError("unknown object") from None

    def reside(self, number: int, value: Any) -> None:
        """Keep an object of this message beyond its call."""
        self._passing.pop(number, None)
        self._numbers.pop(id(value), None)
        self.resident[number] = value
        self._resident_numbers[id(value)] = number

    def number_of(self, value: Any) -> int | None:
        """Return the number of an object that is known."""
        number = self._numbers.get(id(value))
        return self._resident_numbers.get(id(value)) if number is None else number

    def keep_only(self, kept: Iterable[int]) -> None:
        """Forget every passing object but these."""
        kept = set(kept)
        if not kept <= self._states.keys():
            raise LostError("unknown object")
        self._passing = {number: self._passing[number] for number in kept}
        self._states = {number: self._states[number] for number in kept}
        self._numbers = {id(value): number for number, value in self._passing.items()}

    def drop(self, numbers: Iterable[int]) -> None:
        """Forget objects, residents too."""
        for number in numbers:
            value = self._passing.pop(number, None)
            self._states.pop(number, None)
            value = self.resident.pop(number, value)
            self._numbers.pop(id(value), None)
            self._resident_numbers.pop(id(value), None)

    def retained(self) -> list[int]:
        """Return the passing objects that change and that somebody beside this table can reach.

        The states must be up to date: each then refers to what its object refers to.
        """
        if not self._states:
            return []
        references = _references(self._passing)
        if not any(references[number] > UNREFERENCED for number in references):
            return []
        children = self._children()
        inner: collections.Counter[int] = collections.Counter()
        for number, found in children.items():
            for child in found:
                inner[child] += 2 if number in self._states else 1
        reachable: set[int] = set()
        stack = [number for number in references if references[number] > UNREFERENCED + inner[number]]
        while stack:
            number = stack.pop()
            if number not in reachable:
                reachable.add(number)
                stack += children[number]
        return [number for number in self._states if number in reachable]

    def unreferenced(self) -> list[int]:
        """Return the residents that nobody beside this table knows."""
        return [number for number, count in _references(self.resident).items() if count <= UNREFERENCED]

    def _children(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number, value in self._passing.items():
            parts = self._states.get(number, value if type(value) is tuple else ())
            if type(parts) is bytes or SCALARS.issuperset(map(type, parts)):
                found[number] = []
            else:
                known = (self._numbers.get(id(part)) for part in parts)
                found[number] = [child for child in known if child in self._passing]
        return found
