"""Containers and other objects that change: how they are copied, compared, and changed in place."""

from __future__ import annotations

import array
import base64
import collections
import operator
import types
from collections.abc import Callable
from typing import Any, NamedTuple

from .sets import make_frozenset, refill, table_size


class Mutable(NamedTuple):
    """A type whose objects change, and the four ways to handle one.

    `state` returns what an object is made of, a list compared by identity or bytes; `parts` turns
    that into what crosses; of it `make` makes a new object that `fill` completes, or changes an old one.
    """

    kind: str
    state: Callable[[Any], Any]
    parts: Callable[[Any, Any], list[Any]]
    make: Callable[[list[Any]], Any]
    fill: Callable[[Any, list[Any]], None]


class Reordered:
    """Counts the sets whose order could not be restored."""

    count = 0


def _as_it_is(_: Any, state: list[Any]) -> list[Any]:
    return state


def _fill_list(target: Any, parts: list[Any]) -> None:
    target[:] = parts


def _dict_state(value: Any) -> list[Any]:
    return [*dict.keys(value), *dict.values(value)]


def _ordered_state(value: Any) -> list[Any]:
    keys = list(collections.OrderedDict.keys(value))
    return [*keys, *(dict.__getitem__(value, key) for key in keys)]


def _fill_dict(target: Any, parts: list[Any]) -> None:
    half = len(parts) // 2
    target.clear()
    for key, value in zip(parts[:half], parts[half:]):
        target[key] = value


def _fill_set(target: set[Any], parts: list[Any]) -> None:
    size, *elements = parts
    if not refill(target, elements, int(size)):
        Reordered.count += 1


def frozenset_parts(value: frozenset[Any]) -> list[Any]:
    """Return what a frozenset crosses as: the size of its table, its elements."""
    return [table_size(value), *frozenset.__iter__(value)]


def frozenset_of(size: int, *elements: Any) -> frozenset[Any]:
    """Return a frozenset in the order of its elements where that can be had."""
    made, ordered = make_frozenset(list(elements), int(size))
    if not ordered:
        Reordered.count += 1
    return made


def _fill_deque(target: Any, parts: list[Any]) -> None:
    target.clear()
    target.extend(parts[1:])


def _fill_default(target: Any, parts: list[Any]) -> None:
    target.default_factory = parts[0]
    _fill_dict(target, parts[1:])


def _base64(_: Any, state: bytes) -> list[Any]:
    return [base64.b64encode(state).decode("ascii")]


def _fill_bytes(target: bytearray, parts: list[Any]) -> None:
    target[:] = base64.b64decode(parts[0])


def _array_parts(value: Any, state: bytes) -> list[Any]:
    return [value.typecode, *_base64(value, state)]


def _fill_array(target: Any, parts: list[Any]) -> None:
    del target[:]
    target.frombytes(base64.b64decode(parts[1]))


def attributes(value: Any) -> list[Any]:
    """Return names and values of an instance's attributes, those in slots too."""
    slots = [
        name
        for kind in type(value).__mro__
        for name in _slots(kind)
        if name not in ("__dict__", "__weakref__") and hasattr(value, name)
    ]
    own = getattr(value, "__dict__", {})
    return [*own, *slots, *own.values(), *(getattr(value, name) for name in slots)]


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def fill_attributes(target: Any, parts: list[Any]) -> None:
    """Give an instance these attributes alone, without calling any code of its class."""
    half = len(parts) // 2
    slots = {name for kind in type(target).__mro__ for name in _slots(kind)} - {"__dict__", "__weakref__"}
    own = getattr(target, "__dict__", None)
    if own is not None:
        own.clear()
    for name, value in zip(parts[:half], parts[half:]):
        if name in slots:
            object.__setattr__(target, name, value)
        elif own is not None and type(name) is str:
            own[name] = value


def _instance(kind: Any, name: str) -> Mutable:
    return Mutable(name, attributes, _as_it_is, lambda parts: kind.__new__(kind), fill_attributes)


MUTABLES: dict[type, Mutable] = {
    list: Mutable("list", list.copy, _as_it_is, lambda parts: [], _fill_list),
    dict: Mutable("dict", _dict_state, _as_it_is, lambda parts: {}, _fill_dict),
    set: Mutable(
        "set", list, lambda value, state: [table_size(value), *state], lambda parts: set(), _fill_set
    ),
    collections.deque: Mutable(
        "deque",
        list,
        lambda value, state: [value.maxlen, *state],
        lambda parts: collections.deque(maxlen=parts[0]),
        _fill_deque,
    ),
    collections.OrderedDict: Mutable(
        "ordereddict", _ordered_state, _as_it_is, lambda parts: collections.OrderedDict(), _fill_dict
    ),
    collections.Counter: Mutable(
        "counter", _dict_state, _as_it_is, lambda parts: collections.Counter(), _fill_dict
    ),
    collections.defaultdict: Mutable(
        "defaultdict",
        lambda value: [value.default_factory, *_dict_state(value)],
        _as_it_is,
        lambda parts: collections.defaultdict(),
        _fill_default,
    ),
    bytearray: Mutable("bytearray", bytes, _base64, lambda parts: bytearray(), _fill_bytes),
    array.array: Mutable(
        "array", array.array.tobytes, _array_parts, lambda parts: array.array(parts[0]), _fill_array
    ),
    types.SimpleNamespace: _instance(types.SimpleNamespace, "namespace"),
    collections.UserDict: _instance(collections.UserDict, "userdict"),
    collections.UserList: _instance(collections.UserList, "userlist"),
    collections.UserString: _instance(collections.UserString, "userstring"),
}

COMPLETE = frozenset({"bytearray", "array", "ndarray"})
"""Kinds that are made of numbers and texts alone, so that they can be filled at once."""

HASHING = frozenset({"dict", "set", "ordereddict", "counter", "defaultdict"})
"""Kinds that are filled last: what they hold must be complete to be hashed."""


def is_unchanged(before: Any, now: Any) -> bool:
    """Whether two states of an object are the same."""
    if type(before) is not list:
        return bool(before == now)
    return len(before) == len(now) and all(map(operator.is_, before, now))
