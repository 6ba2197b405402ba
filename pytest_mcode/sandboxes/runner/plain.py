"""Plain data as lines of JSON: all that crosses between the solution's process and the judge's.

Data are restored, never code: a kind is looked up in the tables here and in `containers` and
`arrays`, and what it is read with takes numbers, texts and other data alone.
"""

from __future__ import annotations

import array
import base64
import collections
import contextlib
import datetime
import decimal
import fractions
import importlib
import json
import re
import select
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NamedTuple

SCALARS = frozenset({type(None), bool, int, float, str})
"""What stands for itself."""

NUMBERS = frozenset({bool, int, float})
BIG = 2**1000
"""Integers beyond are written in base 16: in base 10 the time grows with the square of their length."""

CHUNK = 65536


class NotPlainError(TypeError):
    """A value cannot cross."""


class LostError(Exception):
    """The other process is gone, or what it sent is no plain data."""


class Value(NamedTuple):
    """A type whose values never change: its kind, what a value is made of, how it is made of that."""

    kind: str
    parts: Callable[[Any], list[Any]]
    make: Callable[..., Any]


def _text(data: Any) -> list[Any]:
    return [base64.b64encode(data).decode("ascii")]


def _whole(view: memoryview) -> list[Any]:
    seen: Any = view.obj
    whole = type(seen) in (bytes, bytearray, array.array) and view.ndim == 1 and len(seen) == len(view)
    return [seen if whole and view.contiguous else bytes(view)]


def _timezone(zone: datetime.timezone) -> list[Any]:
    return list(zone.__getinitargs__())  # type: ignore[attr-defined]


def _moment(value: datetime.datetime) -> list[Any]:
    day = [value.year, value.month, value.day]
    return [*day, value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo]


def _make_moment(*parts: Any) -> datetime.datetime:
    *moment, fold, zone = parts
    return datetime.datetime(*moment, tzinfo=zone).replace(fold=fold)  # type: ignore[misc]


def _time(value: datetime.time) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo]


def _make_time(*parts: Any) -> datetime.time:
    *moment, fold, zone = parts
    return datetime.time(*moment, tzinfo=zone).replace(fold=fold)  # type: ignore[misc]


def _str(value: Any) -> list[Any]:
    return [str(value)]


VALUES: dict[type, Value] = {
    tuple: Value("tuple", list, lambda *items: items),
    bytes: Value("bytes", _text, base64.b64decode),
    complex: Value("complex", lambda value: [value.real, value.imag], complex),
    range: Value("range", lambda value: [value.start, value.stop, value.step], range),
    slice: Value("slice", lambda value: [value.start, value.stop, value.step], slice),
    memoryview: Value("memoryview", _whole, memoryview),
    decimal.Decimal: Value("decimal", _str, decimal.Decimal),
    fractions.Fraction: Value(
        "fraction", lambda value: [value.numerator, value.denominator], fractions.Fraction
    ),
    datetime.datetime: Value("datetime", _moment, _make_moment),
    datetime.date: Value("date", lambda value: [value.year, value.month, value.day], datetime.date),
    datetime.time: Value("time", _time, _make_time),
    datetime.timedelta: Value(
        "timedelta", lambda value: [value.days, value.seconds, value.microseconds], datetime.timedelta
    ),
    datetime.timezone: Value("timezone", _timezone, datetime.timezone),
    re.Pattern: Value("pattern", lambda value: [value.pattern, value.flags], re.compile),
    time.struct_time: Value("struct_time", list, lambda *items: time.struct_time(items)),
    types.MappingProxyType: Value("mappingproxy", lambda value: [value.copy()], types.MappingProxyType),
    collections.ChainMap: Value("chainmap", lambda value: value.maps, collections.ChainMap),
    type(...): Value("ellipsis", lambda value: [], lambda: ...),
    type(NotImplemented): Value("not implemented", lambda value: [], lambda: NotImplemented),
}

TEXTUAL = (
    *(("pathlib", name) for name in ("PosixPath", "PurePosixPath", "PureWindowsPath")),
    *(("ipaddress", f"IPv{v}{name}") for v in (4, 6) for name in ("Address", "Network", "Interface")),
    ("uuid", "UUID"),
    ("zoneinfo", "ZoneInfo"),
)
"""Types of modules that not every solution imports, whose values are made of their text."""


def textual(value: Any) -> tuple[str, list[Any]] | None:
    """Return kind and parts of a value of these types."""
    for module, name in TEXTUAL:
        if type(value).__name__ == name and getattr(sys.modules.get(module), name, None) is type(value):
            return f"{module}.{name}", [str(value)]
    return None


def _make_textual(module: str, name: str) -> Callable[[str], Any]:
    return lambda text: getattr(importlib.import_module(module), name)(text)


TEXTUAL_MAKERS = {f"{module}.{name}": _make_textual(module, name) for module, name in TEXTUAL}

VIEWS = {
    type(getattr(kind(), name)()): name
    for kind in (dict, collections.OrderedDict)
    for name in ("keys", "values", "items")
}


def view_parts(view: Any) -> list[Any]:
    """Return what a view looks at: the mapping itself, which Python before 3.10 does not tell."""
    mapping = getattr(view, "mapping", None)
    if mapping is not None:
        return [mapping.copy()] if type(view) not in VIEWS else [_unproxied(view, mapping)]
    name = VIEWS[type(view)]
    if name == "items":
        return [dict(view)]
    return [dict.fromkeys(view)] if name == "keys" else [dict(enumerate(view))]


def _unproxied(view: Any, mapping: Any) -> Any:
    """Return the mapping behind a read-only proxy, by which in-place changes stay visible."""
    import gc

    for found in gc.get_referents(view):
        if isinstance(found, dict):
            return found
    return mapping.copy()


class Line:
    """One end of a connection that carries one JSON value a line."""

    def __init__(self, reader: Any, writer: Any, max_bytes: int) -> None:
        self._reader, self._writer, self._max_bytes = reader, writer, max_bytes
        self._ahead = b""

    def send(self, message: Any) -> None:
        """Send one message; raises `LostError` when nobody listens any more."""
        self.send_text(write_json(message))

    def send_text(self, text: str) -> None:
        """Send one message that is JSON already."""
        line = text.encode("ascii") + b"\n"
        try:
            written = self._writer.write(line)
            while written is not None and written < len(line):
                line = line[written:]
                written = self._writer.write(line)
        except OSError:
            raise LostError("nobody listens") from None

    def exchange(self, text: str) -> str:
        """Send one message and return the next one; what was said before it tells why nobody listens."""
        with contextlib.suppress(LostError):
            self.send_text(text)
        return self.receive_text()

    def receive(self) -> Any:
        """Return the next message; raises `LostError` at the end, `MemoryError` when it is too long."""
        return read_json(self.receive_text())

    def receive_text(self) -> str:
        """Return the next message as JSON."""
        line, self._ahead = self._ahead, b""
        if b"\n" not in line:
            line = self._read_on(line)
        if line.find(b"\n") != len(line) - 1:
            line, _, self._ahead = line.partition(b"\n")
        return line.decode("ascii")

    def has_more(self, seconds: float) -> bool:
        """Whether anything follows before the other side closes, or within so many seconds."""
        if self._ahead:
            return True
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        return bool(poll.poll(seconds * 1000)) and bool(self._reader.read(1))

    def _read_on(self, line: bytes) -> bytes:
        try:
            chunk = self._reader.read(CHUNK)
            if not line and chunk and chunk.endswith(b"\n"):
                return bytes(chunk)
            parts, size = [line], len(line)
            while chunk and b"\n" not in chunk:
                parts.append(chunk)
                size += len(chunk)
                if size >= self._max_bytes:
                    raise MemoryError(f"more than {self._max_bytes >> 20} MiB at once")
                chunk = self._reader.read(CHUNK)
        except OSError:
            raise LostError("nobody answers") from None
        if not chunk:
            raise LostError("nobody answers")
        return b"".join([*parts, chunk])


def _refuse_object(pairs: object) -> None:
    raise LostError("unknown kind of data")


_reader: Any = json.JSONDecoder(object_pairs_hook=_refuse_object)
scan_json = _reader.scan_once
"""Read the value that begins at a place of a text; return it and the place where it ends."""

_writer = json.JSONEncoder(separators=(",", ":"))


def _fast_writer() -> Callable[[Any], str]:
    """Return the encoder's own function in C, where there is one: half the time of a call is saved."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _writer.encode
    encode = make(
        None, _writer.default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
    )
    return lambda value: "".join(encode(value, 0))


write_json = _fast_writer()


def read_json(text: str) -> Any:
    """Return the value of a line; raises ValueError where it is not one value."""
    try:
        value, end = scan_json(text, 0)
    except StopIteration:
        raise ValueError("no value") from None
    if end != len(text) and text[end:] != "\n":
        raise ValueError("more than one value")
    return value


def are_small(values: Any, kinds: Any = NUMBERS | {str}) -> bool:
    """Whether scalars of these types can be written as they are."""
    if int not in kinds:
        return True
    if kinds <= NUMBERS:
        return bool(min(values) > -BIG and max(values) < BIG)
    return all(-BIG < value < BIG for value in values if type(value) is int)
