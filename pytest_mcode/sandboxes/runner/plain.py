"""Plain data as lines of JSON: all that crosses between the solution's process and the judge's.

None, bool, int, float and str stand for themselves; everything else is ``[kind, content]``. Data
are restored, never code. What is no plain data stays where it is: an iterator is asked for its
items one by one, and of any other object the judge gets a token that equals nothing but itself.
"""

from __future__ import annotations

import base64
import collections
import collections.abc
import datetime
import decimal
import fractions
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

SCALARS: set[type] = {type(None), bool, int, float, str}
NUMBERS = {bool, int, float}
BIG = 2**1000
"""Integers beyond are written in base 16: in base 10 the time grows with the square of their length."""

SEQUENCES: dict[type, tuple[str, Callable[..., Any]]] = {
    list: ("list", list),
    tuple: ("tuple", tuple),
    set: ("set", set),
    frozenset: ("frozenset", frozenset),
    collections.deque: ("deque", collections.deque),
    type({}.keys()): ("keys", lambda items: dict.fromkeys(items).keys()),
    type({}.values()): ("values", lambda items: dict(enumerate(items)).values()),
    type({}.items()): ("items", lambda items: dict(items).items()),
}
"""The kind of each type that is written item by item, and how it is made of its items."""

VALUES: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    bytes: ("bytes", lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode),
    bytearray: (
        "bytearray",
        lambda value: base64.b64encode(value).decode("ascii"),
        lambda text: bytearray(base64.b64decode(text)),
    ),
    complex: ("complex", lambda value: [value.real, value.imag], lambda parts: complex(*parts)),
    range: ("range", lambda value: [value.start, value.stop, value.step], lambda bounds: range(*bounds)),
    decimal.Decimal: ("decimal", str, decimal.Decimal),
    fractions.Fraction: ("fraction", str, fractions.Fraction),
    datetime.datetime: ("datetime", str, datetime.datetime.fromisoformat),
    datetime.date: ("date", str, datetime.date.fromisoformat),
}
"""The kind of each other type, how a value of it is written, and how it is read."""

PLAIN_BASES = (complex, bytes, bytearray, dict, list, tuple, set, frozenset, collections.deque)
BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    **dict(zip(PLAIN_BASES, PLAIN_BASES)),
}
"""A value of a subclass crosses as the first of these that it is, made so by the function."""

TYPE_NAMES: dict[Any, str] = {kind: kind.__name__ for kind in (type(None), bool, *BASES, range)}
"""The types that cross themselves."""

TYPES = {name: kind for kind, name in TYPE_NAMES.items()}
MAKERS = dict(SEQUENCES.values())
READERS = {kind: read for kind, _, read in VALUES.values()}


class NotPlainError(TypeError):
    """A value is no plain data."""


class LostError(Exception):
    """The other process is gone, or what it sent is no plain data."""


class Elsewhere:
    """In the judge: what stayed with the solution, known by its number; can be passed back."""

    def __init__(self, number: int) -> None:
        self.number = number


class Opaque(Elsewhere):
    """An object that is no plain data; all that is known are its type's name and whether it is true."""

    def __init__(self, number: int, name: str, truth: bool) -> None:
        super().__init__(number)
        self._name, self._truth = str(name), truth is True

    def __bool__(self) -> bool:
        return self._truth

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self.__dict__.get('_name')!r} object stays in the solution's process, where the tests cannot "
            f"reach its {name!r}: a task with in_process true runs both in one"
        )

    def __repr__(self) -> str:
        return f"<{self._name} object>"


def encode(value: Any, keep: Callable[[object], int] | None = None) -> Any:
    """Return `value` as JSON types; `keep` numbers what cannot cross, else that raises `NotPlainError`."""
    kind = type(value)
    if kind in SCALARS:
        return value if kind is not int or -BIG < value < BIG else ["int", hex(value)]
    if kind in SEQUENCES:
        return [SEQUENCES[kind][0], _encode_all(value, keep)]
    if kind is dict:
        return ["dict", [_encode_all(value, keep), _encode_all(value.values(), keep)]]
    if kind in VALUES:
        name, write, _ = VALUES[kind]
        return [name, write(value)]
    return _encode_rare(value, kind, keep)


def _encode_all(values: Iterable[Any], keep: Callable[[object], int] | None) -> list[Any]:
    values = list(values)
    kinds = set(map(type, values))
    if kinds <= SCALARS and (int not in kinds or _are_small(values, kinds)):
        return values
    return [encode(value, keep) for value in values]


def _are_small(values: list[Any], kinds: set[type]) -> bool:
    return kinds <= NUMBERS and min(values) > -BIG and max(values) < BIG


def _encode_rare(value: Any, kind: type, keep: Callable[[object], int] | None) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return encode(value.item(), keep)
    if numpy is not None and isinstance(value, numpy.ndarray):
        return ["ndarray", encode(value.tolist(), keep)]
    for base, reduce in BASES.items():
        if isinstance(value, base):
            return encode(reduce(value), keep)
    if kind is type and value in TYPE_NAMES:
        return ["type", TYPE_NAMES[value]]
    if isinstance(value, Elsewhere):
        return ["back", value.number]
    if isinstance(value, collections.abc.Iterator):
        return ["remote", keep(value)] if keep else ["iterator", _encode_all(value, None)]
    if keep is None:
        raise NotPlainError(f"{kind.__name__} is no plain data")
    return ["opaque", [keep(value), kind.__name__, bool(value)]]


def decode(node: Any, find: Callable[[str, Any], Any] | None = None) -> Any:
    """Undo `encode`; `find` returns what a kind and number stand for. Raises on anything else."""
    if type(node) is not list:
        return node
    kind, content = node
    if kind in MAKERS:
        return MAKERS[kind](_decode_all(content, find))
    if kind == "dict":
        keys, values = content
        return dict(zip(_decode_all(keys, find), _decode_all(values, find)))
    if kind in READERS:
        return READERS[kind](content)
    if kind == "int":
        return int(content, 16)
    if kind == "type":
        return TYPES[content]
    if kind == "iterator":
        return iter(_decode_all(content, find))
    if kind == "ndarray":
        import numpy

        return numpy.array(decode(content, find))
    if find is None:
        raise LostError("unknown kind of data")
    return find(kind, content)


def _decode_all(nodes: list[Any], find: Callable[[str, Any], Any] | None) -> list[Any]:
    if list not in set(map(type, nodes)):
        return nodes
    return [decode(node, find) for node in nodes]


def patch(old: Any, new: Any) -> Any:
    """Make `old` equal to `new` in place, keeping every container that can be kept; return what to use."""
    if type(old) is type(new) is tuple and len(old) == len(new):
        patched = [patch(a, b) for a, b in zip(old, new)]
        return old if all(a is b for a, b in zip(old, patched)) else tuple(patched)
    if type(old) is not type(new) or type(old) not in (list, dict, set, bytearray, collections.deque):
        return new if type(old) is not type(new) or old != new else old
    if type(old) is dict:
        new = {key: patch(old[key], value) if key in old else value for key, value in new.items()}
    elif type(old) is list:
        new = [patch(a, b) for a, b in zip(old, new)] + new[len(old) :]
    old.clear()
    (old.extend if hasattr(old, "extend") else old.update)(new)
    return old


def _refuse_object(pairs: object) -> None:
    raise LostError("unknown kind of data")


JSON_WRITER = json.JSONEncoder(separators=(",", ":"))
JSON_READER = json.JSONDecoder(object_pairs_hook=_refuse_object)


class Line:
    """One end of a connection that carries one JSON value a line."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO, max_bytes: int) -> None:
        self._reader, self._writer, self._max_bytes = reader, writer, max_bytes

    def send(self, message: Any) -> None:
        """Send one message; raises `LostError` when nobody listens any more."""
        line = JSON_WRITER.encode(message).encode("ascii") + b"\n"
        try:
            self._writer.write(line)
            self._writer.flush()
        except OSError:
            raise LostError("nobody listens") from None

    def receive(self) -> Any:
        """Return the next message; raises `LostError` at the end, `MemoryError` when it is too long."""
        try:
            line = self._reader.readline(self._max_bytes)
        except OSError:
            raise LostError("nobody answers") from None
        if len(line) == self._max_bytes:
            raise MemoryError(f"more than {self._max_bytes >> 20} MiB at once")
        if not line.endswith(b"\n"):
            raise LostError("nobody answers")
        return JSON_READER.decode(line.decode("ascii"))
