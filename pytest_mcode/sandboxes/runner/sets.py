"""Sets that iterate as the ones that they are copies of.

A set iterates over its table, and where an element stands there depends on the table's size and on
what stood there before. A copy therefore takes the size over and, where elements inserted in the
given order come out in another one, keeps others out of their first places. Sizes and probing are
those of CPython's ``Objects/setobject.c`` (3.8 to 3.14); every copy is compared with its original.
"""

from __future__ import annotations

import itertools
import operator
import struct
import sys
from collections.abc import Iterator
from typing import Any

SMALL = 8
LINEAR_PROBES, PERTURB_SHIFT = 9, 5
EMPTY, ENTRY = sys.getsizeof(set()), struct.calcsize("Pn")
MOST_PROBES = 30
MOST_PLANNED = 5000
"""Elements of the largest set whose table is planned place by place: that takes about 20 µs each."""


class Blocker:
    """Stands in a place of a table while another element shall not."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __hash__(self) -> int:
        return self._place


def table_size(elements: set[Any] | frozenset[Any]) -> int:
    """Return how many places the set's table has."""
    return (sys.getsizeof(elements) - EMPTY) // ENTRY or SMALL


def can_be_copied(elements: set[Any] | frozenset[Any]) -> bool:
    """Whether a copy can iterate as this set does."""
    listed, size = list(elements), table_size(elements)
    if isinstance(elements, frozenset):
        return make_frozenset(listed, size)[1]
    return refill(set(), listed, size)


def refill(target: set[Any], elements: list[Any], size: int) -> bool:
    """Give `target` other elements in place; return whether it iterates in their order."""
    _replace(target, elements)
    if _iterates(target, elements):
        return True
    if _can_have(size, elements) and _fill(target, elements, [], size) and _iterates(target, elements):
        return True
    order = _insertion_order(elements, size)
    blockers = [element for element in order if type(element) is Blocker]
    if order and _fill(target, order, blockers, size) and _iterates(target, elements):
        return True
    _replace(target, elements)
    return False


def make_frozenset(elements: list[Any], size: int) -> tuple[frozenset[Any], bool]:
    """Return a frozenset and whether it iterates in the order of `elements`."""
    for source in _sources(elements, size):
        made = frozenset(source)
        if _iterates(made, elements):
            return made, True
    return frozenset(elements), False


def _sources(elements: list[Any], size: int) -> Iterator[Any]:
    yield elements
    yield dict.fromkeys(elements)
    template: set[Any] = set()
    refill(template, elements, size)
    yield template
    yield list(template)
    order = [element for element in _insertion_order(elements, size) if type(element) is not Blocker]
    yield order
    yield dict.fromkeys(order)
    at_home = {
        id(element)
        for element, place in zip(elements, _plan(elements, size))
        if next(_probes(element, size)) == place
    }
    displaced_last = sorted(order, key=lambda element: id(element) not in at_home)
    yield displaced_last
    yield elements[::-1]


def _can_have(size: int, elements: list[Any]) -> bool:
    return SMALL <= size <= 2**26 and not size & (size - 1) and 5 * len(elements) < 3 * size


def _iterates(made: set[Any] | frozenset[Any], elements: list[Any]) -> bool:
    return len(made) == len(elements) and all(map(operator.is_, made, elements))


def _replace(target: set[Any], elements: list[Any]) -> None:
    target.clear()
    target.update(elements)


def _fill(target: set[Any], order: list[Any], blockers: list[Any], size: int) -> bool:
    """Fill an emptied table of `size` in order, then take the blockers out of it again."""
    target.clear()
    if size > SMALL:
        head = order[: size // 2 - 1]
        spare = [Blocker(-2 - number) for number in range(max(size // 4, SMALL // 2 + 1) - len(head))]
        target.update(dict.fromkeys(head + spare))  # one step to a table of this size
        for element in order[len(head) :]:
            target.add(element)
        blockers = blockers + spare
    else:
        target.update(order)
    for element in blockers:
        target.discard(element)
    return table_size(target) == size


def _probes(element: Any, size: int) -> Iterator[int]:
    """Yield the places in which an element is looked for, the first ones."""
    mask, value = size - 1, hash(element)
    perturb, place, count = value & (2 * sys.maxsize + 1), value & (size - 1), 0
    while count < MOST_PROBES:
        linear = LINEAR_PROBES + 1 if place + LINEAR_PROBES <= mask else 1
        yield from range(place, place + linear)
        count += linear
        perturb >>= PERTURB_SHIFT
        place = (place * 5 + 1 + perturb) & mask


def _plan(elements: list[Any], size: int) -> list[int]:
    """Return increasing places, each among its element's, that lie least far along their probes."""
    paths: list[tuple[int, int, Any]] = [(-1, 0, None)]
    for element in elements:
        costs: dict[int, int] = {}
        for step, place in enumerate(_probes(element, size)):
            costs.setdefault(place, step)
        following: list[tuple[int, int, Any]] = []
        at, best = 0, None
        for place in sorted(costs):
            while at < len(paths) and paths[at][0] < place:
                if best is None or paths[at][1] <= best[1]:
                    best = paths[at]
                at += 1
            if best is not None:
                following.append((place, best[1] + costs[place], best))
        if not following:
            return []
        paths = following
    node = min(paths, key=lambda path: path[1])
    places: list[int] = []
    while node[2] is not None:
        places.append(node[0])
        node = node[2]
    return places[::-1]


def _insertion_order(elements: list[Any], size: int) -> list[Any]:
    """Return elements and blockers in an order that puts each element into its planned place."""
    if len(elements) > MOST_PLANNED or not _can_have(size, elements):
        return []
    waiting = dict(zip(_plan(elements, size), elements))
    taken: set[int] = set()
    order: list[Any] = []
    while waiting:
        placed = []
        for place, element in waiting.items():
            before = itertools.takewhile(lambda probe: probe != place, _probes(element, size))  # noqa: B023
            free = [probe for probe in before if probe not in taken]
            if not any(probe in waiting for probe in free):
                order += [*map(Blocker, free), element]
                taken.update(free, [place])
                placed.append(place)
        if not placed:
            return []
        for place in placed:
            del waiting[place]
    return order
