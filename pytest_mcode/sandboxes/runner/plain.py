"""Plain data as lines of JSON: all that crosses between the solution's process and the judge's.

None, bool, int, float and str stand for themselves; everything else is ``[kind, content]``.
Only types are restored, never code: what cannot be written this way does not cross.
"""

from __future__ import annotations

import base64
import collections
import collections.abc
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

SCALARS: set[type] = {type(None), bool, int, float, str}
SEQUENCES: dict[str, Callable[..., Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": collections.deque,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(items).items(),
    "iterator": iter,
}
KINDS: dict[type, str] = {
    list: "list",
    tuple: "tuple",
    set: "set",
    frozenset: "frozenset",
    collections.deque: "deque",
    type({}.keys()): "keys",
    type({}.values()): "values",
    type({}.items()): "items",
}
BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    **{
        base: base
        for base in (complex, bytes, bytearray, dict, list, tuple, set, frozenset, collections.deque)
    },
}
"""A subclass crosses as the first of these that it derives from, made so by the function."""


class NotPlainError(TypeError):
    """A value is something else than plain data."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{type(value).__name__} is not plain data")


class LostError(Exception):
    """The other process is gone, or what it sent is no plain data."""


def encode(value: Any, keep_iterator: Callable[[Iterator[Any]], int] | None = None) -> Any:
    """Return `value` as JSON types; iterators are handed to `keep_iterator`, which numbers them."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind in KINDS:
        return [KINDS[kind], _encode_all(value, keep_iterator)]
    if kind is dict:
        return ["dict", [_encode_all(value, keep_iterator), _encode_all(value.values(), keep_iterator)]]
    if kind is bytes or kind is bytearray:
        return [kind.__name__, base64.b64encode(value).decode("ascii")]
    if kind is complex:
        return ["complex", [value.real, value.imag]]
    if kind is range:
        return ["range", [value.start, value.stop, value.step]]
    if isinstance(value, collections.abc.Iterator):
        return ["remote", keep_iterator(value)] if keep_iterator else ["iterator", _encode_all(value, None)]
    return _encode_relative(value, keep_iterator)


def _encode_all(values: Iterable[Any], keep_iterator: Callable[[Iterator[Any]], int] | None) -> list[Any]:
    values = list(values)
    if SCALARS.issuperset(map(type, values)):
        return values
    return [encode(value, keep_iterator) for value in values]


def _encode_relative(value: Any, keep_iterator: Callable[[Iterator[Any]], int] | None) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return encode(value.item(), keep_iterator)
    if numpy is not None and isinstance(value, numpy.ndarray):
        return ["ndarray", encode(value.tolist(), keep_iterator)]
    for base, reduce in BASES.items():
        if isinstance(value, base):
            return encode(reduce(value), keep_iterator)
    raise NotPlainError(value)


def decode(node: Any, fetch: Callable[[int], Iterator[Any]] | None = None) -> Any:
    """Undo `encode`; `fetch` gives the iterator of a number. Raises on what `encode` does not write."""
    if type(node) is not list:
        return node
    kind, content = node
    if kind in SEQUENCES:
        return SEQUENCES[kind](_decode_all(content, fetch))
    if kind == "dict":
        keys, values = content
        return dict(zip(_decode_all(keys, fetch), _decode_all(values, fetch)))
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "bytearray":
        return bytearray(base64.b64decode(content))
    if kind == "complex":
        return complex(*content)
    if kind == "range":
        return range(*content)
    if kind == "remote" and fetch:
        return fetch(content)
    if kind == "ndarray":
        import numpy

        return numpy.array(decode(content, fetch))
    raise LostError("unknown kind of data")


def _decode_all(nodes: list[Any], fetch: Callable[[int], Iterator[Any]] | None) -> list[Any]:
    if list not in set(map(type, nodes)):
        return nodes
    return [decode(node, fetch) for node in nodes]


def patch(old: Any, new: Any) -> Any:
    """Make `old` equal to `new` in place, keeping every container that can be kept; return what to use."""
    if type(old) is not type(new) or type(old) not in (list, dict, set, bytearray, collections.deque):
        return new
    if type(old) is dict:
        new = {key: patch(old[key], value) if key in old else value for key, value in new.items()}
    elif type(old) is list:
        new = [patch(a, b) for a, b in zip(old, new)] + new[len(old) :]
    old.clear()
    (old.extend if hasattr(old, "extend") else old.update)(new)
    return old


@contextlib.contextmanager
def _integers_of_any_length() -> Iterator[None]:
    if not hasattr(sys, "set_int_max_str_digits"):
        yield
        return
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)


def _refuse_object(pairs: object) -> None:
    raise LostError("unknown kind of data")


class Line:
    """One end of a connection that carries one JSON value a line."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO, max_bytes: int) -> None:
        self._reader, self._writer, self._max_bytes = reader, writer, max_bytes

    def send(self, message: Any) -> None:
        """Send one message; raises `LostError` when nobody listens any more."""
        with _integers_of_any_length():
            line = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
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
        with _integers_of_any_length():
            return json.loads(line, object_pairs_hook=_refuse_object)
