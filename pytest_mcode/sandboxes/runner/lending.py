"""How what the tests pass is described to the solution's process: where to find it, or what to ask for it."""

from __future__ import annotations

import functools
import operator
import sys
import types
from collections.abc import Iterator
from typing import Any

from .objects import is_coroutine_function
from .plain import NotPlainError
from .raised import Raised
from .shared import export_type

LENDABLE = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    functools.partial,
    operator.itemgetter,
    operator.attrgetter,
    operator.methodcaller,
)
LENT = frozenset({"lent", "lent items"})
"""Kinds of what stays with the tests."""
OUR_MODULES = frozenset({"tests", "solution", "__main__"})


def describe(value: Any) -> tuple[str, list[Any]]:
    """Return kind and parts of what is neither data nor the setup's; raises `NotPlainError`."""
    if type(value) is Raised:
        return "error", value.parts()
    found = _import_of(value)
    if found:
        return found
    method = getattr(value, "mcode_method", None) if type(value) is types.FunctionType else None
    if method:
        return "attribute", list(method)
    if isinstance(value, Iterator):
        return "lent items", []
    if isinstance(value, LENDABLE):
        return "lent", [getattr(value, "__name__", "function"), is_coroutine_function(value)]
    if isinstance(value, BaseException) and export_type(type(value)):
        return "error", [type(value), tuple(value.args), "", (), value.__cause__]
    raise NotPlainError(f"an object that cannot cross to its process ({type(value).__name__})")


def _import_of(value: Any) -> tuple[str, list[Any]] | None:
    """Return where the solution's process finds a function, class or module of Python's or a library's."""
    if isinstance(value, types.ModuleType):
        return "import", [value.__name__, ""]
    owner = getattr(value, "__objclass__", value)
    module, name = getattr(owner, "__module__", None), getattr(value, "__qualname__", None)
    found: Any = sys.modules.get(module) if isinstance(module, str) and module not in OUR_MODULES else None
    if found is None or not isinstance(name, str):
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return ("import", [module, name]) if found is value else None
