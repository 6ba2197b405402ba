"""Arrays of numpy, where the tests or the solution have imported it.

Data types cross as numpy's own descriptions, contents as bytes; only arrays of objects go element by
element.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable
from typing import Any

from .containers import Mutable
from .plain import LostError

PLAIN_DTYPE = re.compile(r"[<>|=][?biufcmMSUV]\d*(\[[0-9a-zA-Z]+\])?")


def mutable(value: Any) -> Mutable | None:
    """Return how to handle a value that changes, None where it is not numpy's."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(value) is numpy.ndarray:
        return KINDS["objects" if value.dtype.hasobject else "ndarray"]
    return None


def describe(value: Any) -> tuple[str, list[Any]] | None:
    """Return kind and parts of a value that never changes, None where it is not numpy's."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.generic):
        return "number", [_dtype(value.dtype), base64.b64encode(value.tobytes()).decode("ascii")]
    if isinstance(value, numpy.dtype):
        return "dtype", [_dtype(value)]
    if isinstance(value, type) and issubclass(value, numpy.generic):
        return ("numpy type", [value.__name__]) if value.__module__ == "numpy" else None
    name = getattr(value, "__name__", None)
    if isinstance(value, numpy.ufunc) and getattr(numpy, str(name), None) is value:
        return "ufunc", [name]
    return None


def _dtype(dtype: Any) -> Any:
    return (
        dtype.str if dtype.names is None and dtype.subdtype is None else tuple(map(_deep_tuple, dtype.descr))
    )


def _deep_tuple(part: Any) -> Any:
    return tuple(map(_deep_tuple, part)) if isinstance(part, (tuple, list)) else part


def _read_dtype(described: Any) -> Any:
    import numpy

    if isinstance(described, str) and PLAIN_DTYPE.fullmatch(described):
        return numpy.dtype(described)
    if isinstance(described, tuple):
        return numpy.dtype([tuple(map(_read_field, field)) for field in described])
    raise LostError("unknown type of numbers")


def _read_field(part: Any) -> Any:
    if isinstance(part, tuple) and part and isinstance(part[0], tuple):
        return [tuple(map(_read_field, field)) for field in part]
    return part


def _array_parts(value: Any, state: bytes) -> list[Any]:
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    return [repr_of(_dtype(value.dtype)), order, *value.shape, base64.b64encode(state).decode("ascii")]


def repr_of(dtype: Any) -> str:
    """Return a data type as one text, so that an array is made of scalars alone."""
    return dtype if isinstance(dtype, str) else repr(dtype)


def _new_array(parts: list[Any]) -> Any:
    import ast

    import numpy

    text, order, *shape, _ = parts
    dtype = _read_dtype(ast.literal_eval(text) if text.startswith("(") else text)
    if dtype.hasobject:
        raise LostError("an array of objects as bytes")
    return numpy.empty(tuple(shape), dtype, order="F" if order == "F" else "C")


def _fill_array(target: Any, parts: list[Any]) -> None:
    import numpy

    _, _, *shape, text = parts
    new = numpy.ndarray(tuple(shape), target.dtype, bytearray(base64.b64decode(text)))
    if new.shape != target.shape:
        target.resize(new.shape, refcheck=False)
    target[...] = new


def _new_objects(parts: list[Any]) -> Any:
    import numpy

    dimensions = int(parts[0])
    return numpy.empty(tuple(parts[1 : dimensions + 1]), object)


def _fill_objects(target: Any, parts: list[Any]) -> None:
    flat = target.reshape(-1)
    elements = parts[int(parts[0]) + 1 :]
    if len(elements) != len(flat):
        raise LostError("an array of another size")
    for place, element in enumerate(elements):
        flat[place] = element
    if flat.base is not target:
        target[...] = flat.reshape(target.shape)


def _number(dtype: Any, text: str) -> Any:
    import numpy

    return numpy.ndarray((), _read_dtype(dtype), bytearray(base64.b64decode(text)))[()]


def _numpy_type(name: str) -> Any:
    import numpy

    found = getattr(numpy, name)
    if not (isinstance(found, type) and issubclass(found, numpy.generic)):
        raise LostError("no type of numbers")
    return found


def _ufunc(name: str) -> Any:
    import numpy

    found = getattr(numpy, name)
    if not isinstance(found, numpy.ufunc):
        raise LostError("no function of arrays")
    return found


MAKERS: dict[str, Callable[..., Any]] = {
    "number": _number,
    "dtype": _read_dtype,
    "numpy type": _numpy_type,
    "ufunc": _ufunc,
}

KINDS: dict[str, Mutable] = {
    "ndarray": Mutable("ndarray", lambda value: value.tobytes(), _array_parts, _new_array, _fill_array),
    "objects": Mutable(
        "objects",
        lambda value: [value.ndim, *value.shape, *value.ravel().tolist()],
        lambda value, state: state,
        _new_objects,
        _fill_objects,
    ),
}
