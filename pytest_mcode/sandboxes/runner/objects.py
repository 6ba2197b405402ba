"""How the solution's objects are described to the judge, and what can be done with them for it."""

from __future__ import annotations

import collections.abc
import copy
import importlib
import types
from collections.abc import Callable
from typing import Any

from .shared import DATA_BASES, name_of_type


def describe_object(value: Any, kind: type) -> tuple[str, list[Any]]:
    """Return kind and parts of an object that stays in this process."""
    if isinstance(value, type):
        return "class", [value.__name__, _bases(value), special_methods(value)]
    if kind in FUNCTIONS and not getattr(value, "__dict__", None):
        return "function", [value.__name__, is_coroutine_function(value)]
    for name, found in KINDS.items():
        if isinstance(value, found) and kind.__module__ in PLAIN_ITERATORS:
            return name, [kind.__name__]
    return "thing", [kind if name_of_type(kind) is None else Described.of(kind)]


class Described:
    """A type that both processes have, as the class of an object that stays in this one."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    @classmethod
    def of(cls, kind: type) -> Described:
        """Return the same object for the same type, so that it crosses once."""
        return DESCRIBED.setdefault(kind, cls(kind))


DESCRIBED: dict[type, Described] = {}


def special_methods(kind: type) -> tuple[str, ...]:
    """Return the names of the special methods that a class has beyond any object's."""
    names = {name for base in kind.__mro__ for name in vars(base) if name.startswith("__")}
    return tuple(sorted(name for name in names if _is_own(kind, name)))


def is_coroutine_function(function: Any) -> bool:
    """Whether a call makes a coroutine; `inspect` would have to be imported to be asked."""
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & 0x80)


def _bases(kind: type) -> tuple[type, ...]:
    """Return the bases that the judge shall know: the solution's own, those of exceptions, one of data."""
    is_error = issubclass(kind, BaseException)
    found = [base for base in kind.__bases__ if base is not object and (is_error or base.__module__ == OWN)]
    data = next((base for base in DATA_BASES if issubclass(kind, base)), None)
    if data and not any(issubclass(base, data) for base in found):
        found.append(data)
    return tuple(found)


def _is_own(kind: type, name: str) -> bool:
    return getattr(kind, name, None) is not getattr(object, name, None)


OWN = "solution"
PLAIN_ITERATORS = frozenset({"builtins", "itertools", "_collections", "re"})
"""Where types are from whose objects can do no more than iterate."""

METHODS = frozenset({types.MethodType, types.BuiltinMethodType, type([].__len__)})
FUNCTIONS = frozenset({types.FunctionType, types.BuiltinFunctionType})
KINDS: dict[str, type] = {
    "generator": types.GeneratorType,
    "coroutine": types.CoroutineType,
    "asyncgen": types.AsyncGeneratorType,
    "iterator": collections.abc.Iterator,
}
ITERATION = frozenset({"next", "send", "throw"})


def _do_special(target: Any, name: str, *args: Any) -> Any:
    return getattr(type(target), name)(target, *args)


def _method(target: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(target, name)(*args, **kwargs)


def _run(target: Any) -> Any:
    return _loop().run_until_complete(target)


def _run_next(target: Any) -> Any:
    return _loop().run_until_complete(target.__anext__())


def _loop() -> Any:
    if not LOOPS:
        import asyncio

        LOOPS.append(asyncio.new_event_loop())
    return LOOPS[0]


LOOPS: list[Any] = []
OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, *args, **kwargs: target(*args, **kwargs),
    "method": _method,
    "special": _do_special,
    "get": getattr,
    "set": setattr,
    "del": delattr,
    "dir": dir,
    "iter": iter,
    "len": len,
    "item": lambda target, key: target[key],
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "next": next,
    "send": lambda target, value: target.send(value),
    "throw": lambda target, error: target.throw(error),
    "close": lambda target: target.close(),
    "run": _run,
    "run next": _run_next,
}


def imported(module: str, name: str) -> Any:
    """Return what the judge has named: a module, or a function or class of one."""
    found: Any = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def make_error(kind: Any, args: Any, text: Any, attributes: Any, cause: Any) -> BaseException:
    """Return an exception that a function of the tests has raised."""
    error: BaseException = kind(*args)
    error.__cause__ = cause
    return error
