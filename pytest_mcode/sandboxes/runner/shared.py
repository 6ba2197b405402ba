"""What both processes have: Python's own types, by name, and what the task's setup defines."""

from __future__ import annotations

import builtins
import enum
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

from .containers import MUTABLES, Mutable, attributes, fill_attributes
from .heap import Heap
from .plain import VALUES, VIEWS, LostError

DATA_BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    complex: lambda value: complex(value.real, value.imag),
    str: str.__str__,
    bytes: lambda value: b"".join([value]),
    tuple: lambda value: (*tuple.__iter__(value),),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}
"""Types that never change and that a class may derive from, and how a value of them is had."""

ERROR_MODULES = frozenset(
    """
    json.decoder decimal statistics struct zlib binascii subprocess queue _queue asyncio.exceptions re
    socket urllib.error configparser csv _csv sqlite3 xml.etree.ElementTree xml.parsers.expat shutil
    zoneinfo._common dataclasses pickle _pickle concurrent.futures._base concurrent.futures.process
    graphlib ipaddress calendar tarfile zipfile string uuid getopt argparse email.errors http.client
    numpy numpy.linalg numpy.exceptions pandas.errors
    """.split()  # noqa: SIM905
)
"""Where exceptions are defined that tests may catch by name; what else is raised there is a stand-in."""

TYPES: dict[str, type] = {
    f"{kind.__module__}.{kind.__qualname__}": kind
    for kind in (
        *(each for each in vars(builtins).values() if isinstance(each, type)),
        *VALUES,
        *MUTABLES,
        *VIEWS,
        type(None),
        types.FunctionType,
    )
}
TYPE_NAMES = {kind: name for name, kind in TYPES.items()}


def name_of_type(kind: type) -> str | None:
    """Return the name of a type that both processes have."""
    try:
        name = TYPE_NAMES.get(kind)
    except TypeError:  # a class whose own class does not hash
        return None
    if name is None and issubclass(kind, Exception) and kind.__module__ in ERROR_MODULES:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is not kind:
            return None
    return name


def type_of_name(name: str) -> type:
    """Return the type of a name; raises `LostError` for any but data and exceptions."""
    if name in TYPES:
        return TYPES[name]
    module, _, qualified = name.rpartition(".")
    if module in ERROR_MODULES:
        found = getattr(importlib.import_module(module), qualified, None)
        if isinstance(found, type) and issubclass(found, Exception) and found.__module__ == module:
            return found
    raise LostError("unknown type")


class Setup:
    """The classes and functions that the task's setup defines, which run in both processes."""

    def __init__(self, names: dict[str, Any]) -> None:
        own = names.get("__name__")
        self._found = {
            name: value
            for name, value in names.items()
            if isinstance(value, (type, types.FunctionType)) and value.__module__ == own
        }
        self._names = {id(value): name for name, value in self._found.items()}
        self.makers: dict[str, Callable[..., Any]] = {
            "setup": lambda name: self._found[name],
            "member": lambda kind, name: self._known(kind).__members__[name],
            "data": self._make_data,
        }

    def prepare(self, heap: Heap) -> None:
        """Have instances of the setup's classes cross as what they are."""
        for name, kind in self._found.items():
            if isinstance(kind, type) and not issubclass(
                kind, (enum.Enum, BaseException, type, *DATA_BASES, *MUTABLES)
            ):
                mutable = _instances(name, kind)
                heap.mutables[kind] = heap.kinds[mutable.kind] = mutable

    def export(self, value: Any) -> tuple[str, list[Any]] | None:
        """Return kind and parts of what the setup defines, or of an instance of it."""
        if id(value) in self._names:
            return "setup", [self._names[id(value)]]
        kind = type(value)
        if id(kind) not in self._names:
            return None
        if isinstance(value, enum.Enum):
            return "member", [kind, value.name]
        base = next((base for base in DATA_BASES if issubclass(kind, base)), None)
        return ("data", [kind, DATA_BASES[base](value)]) if base else None

    def _known(self, kind: Any) -> Any:
        if id(kind) not in self._names:
            raise LostError("no class of the setup's")
        return kind

    def _make_data(self, kind: Any, value: Any) -> Any:
        base = next(base for base in DATA_BASES if issubclass(self._known(kind), base))
        if type(value) is not base:
            raise LostError("other data")
        return base.__new__(kind, value)


def _instances(name: str, kind: type) -> Mutable:
    return Mutable(
        f"instance {name}",
        attributes,
        lambda value, state: state,
        lambda parts: object.__new__(kind),
        fill_attributes,
    )


def export_type(value: Any) -> tuple[str, list[Any]] | None:
    """Return kind and parts of a type that both have."""
    name = name_of_type(value) if isinstance(value, type) else None
    return ("type", [name]) if name else None
