"""Arrays of numpy and tables of pandas, where the tests or the solution have imported them.

Data types cross as numpy's own descriptions, contents as bytes; only arrays of objects, and what
pandas keeps in types of its own, go element by element.
"""

from __future__ import annotations

import base64
import importlib
import pickle
import re
import sys
from collections.abc import Callable
from typing import Any

from .containers import Mutable
from .plain import LostError

PLAIN_DTYPE = re.compile(r"[<>|=][?biufcmMSUV]\d*(\[[0-9a-zA-Z]+\])?")


def _pandas_module() -> Any:
    return importlib.import_module("pandas")


def mutable(value: Any) -> Mutable | None:
    """Return how to handle a value that changes, None where it is none of these libraries'."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and type(value) is numpy.ndarray:
        return KINDS["objects" if value.dtype.hasobject else "ndarray"]
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        return KINDS["frame" if isinstance(value, pandas.DataFrame) else "series"]
    return None


def describe(value: Any) -> tuple[str, list[Any]] | None:
    """Return kind and parts of a value that never changes, None where it is none of these libraries'."""
    numpy: Any = sys.modules.get("numpy")
    pandas = sys.modules.get("pandas")
    if pandas is not None and (found := _describe_pandas(pandas, value)):
        return found
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


def _describe_pandas(pandas: Any, value: Any) -> tuple[str, list[Any]] | None:
    if value is pandas.NaT or value is getattr(pandas, "NA", None):
        return "missing", ["NaT" if value is pandas.NaT else "NA"]
    if isinstance(value, pandas.Timestamp):
        return "timestamp", [value.asm8, _zone_name(value.tzinfo)]
    if isinstance(value, pandas.Timedelta):
        return "pandas timedelta", [value.asm8]
    if isinstance(value, pandas.Period):
        return "period", [value.ordinal, value.freqstr]
    if isinstance(value, pandas.Interval):
        return "interval", [value.left, value.right, value.closed]
    if isinstance(value, pandas.RangeIndex):
        return "range index", [value.start, value.stop, value.step, value.name]
    if isinstance(value, pandas.MultiIndex):
        return "multi index", [tuple(value.names), tuple(value)]
    if isinstance(value, pandas.Index):
        frequency = getattr(value, "freqstr", None)
        return "index", [*_column(pandas, value), value.name, frequency]
    if isinstance(value, pandas.Categorical):
        return "categorical", [value.codes.copy(), value.categories, bool(value.ordered)]
    return None


def _zone_name(zone: Any) -> Any:
    return None if zone is None else str(zone)


def _column(pandas: Any, values: Any) -> list[Any]:
    """Return name of the data type and contents: an array where numpy has the type, else a tuple."""
    dtype = values.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        categorical = getattr(values, "array", values)
        return ["category", pandas.Categorical(categorical)]
    if type(dtype).__module__.startswith("numpy") and not dtype.hasobject:
        return [dtype.str, values.to_numpy(copy=True)]
    return [str(dtype), tuple(values)]


def _read_column(dtype: str, contents: Any) -> Any:
    pandas = _pandas_module()

    if not isinstance(contents, tuple):
        return contents
    return pandas.array(list(contents), dtype=dtype) if dtype != "object" else _object_array(contents)


def _object_array(contents: tuple[Any, ...]) -> Any:
    import numpy

    made = numpy.empty(len(contents), object)
    for place, element in enumerate(contents):
        made[place] = element
    return made


def _index(dtype: str, contents: Any, name: Any, frequency: Any) -> Any:
    pandas = _pandas_module()

    made = pandas.Index(_read_column(dtype, contents), name=name)
    if frequency is not None and hasattr(made, "freq") and made.freq is None:
        made.freq = frequency
    return made


def _categorical(codes: Any, categories: Any, ordered: bool) -> Any:
    pandas = _pandas_module()

    return pandas.Categorical.from_codes(codes, categories, ordered=ordered)


def _series_parts(value: Any, state: bytes) -> list[Any]:
    pandas = sys.modules["pandas"]
    return [value.index, value.name, *_column(pandas, value)]


def _fill_series(target: Any, parts: list[Any]) -> None:
    pandas = _pandas_module()

    index, name, dtype, contents = parts
    _take_over(target, pandas.Series(_read_column(dtype, contents), index=index, name=name))
    target.name = name


def _frame_parts(value: Any, state: bytes) -> list[Any]:
    pandas = sys.modules["pandas"]
    columns = (value.iloc[:, place] for place in range(value.shape[1]))
    return [value.index, value.columns, *(part for column in columns for part in _column(pandas, column))]


def _fill_frame(target: Any, parts: list[Any]) -> None:
    pandas = _pandas_module()

    index, columns, *rest = parts
    contents = {
        place: _read_column(dtype, column) for place, (dtype, column) in enumerate(zip(rest[::2], rest[1::2]))
    }
    made = pandas.DataFrame(contents, index=index)
    made.columns = columns
    _take_over(target, made)


def _take_over(target: Any, made: Any) -> None:
    """Have a table hold what another one holds."""
    target._mgr = made._mgr
    target.__dict__.pop("_item_cache", None)


def _pandas(name: str) -> Callable[..., Any]:
    def make(*parts: Any, **named: Any) -> Any:
        pandas = _pandas_module()

        return getattr(pandas, name)(*parts, **named)

    return make


def _timestamp(moment: Any, zone: Any) -> Any:
    pandas = _pandas_module()

    made = pandas.Timestamp(moment)
    return made if zone is None else made.tz_localize("UTC").tz_convert(zone)


def _missing(name: str) -> Any:
    pandas = _pandas_module()

    return pandas.NaT if name == "NaT" else pandas.NA


def _multi_index(names: Any, rows: Any) -> Any:
    pandas = _pandas_module()

    return pandas.MultiIndex.from_tuples(rows, names=names)


MAKERS: dict[str, Callable[..., Any]] = {
    "number": _number,
    "dtype": _read_dtype,
    "numpy type": _numpy_type,
    "ufunc": _ufunc,
    "missing": _missing,
    "timestamp": _timestamp,
    "pandas timedelta": _pandas("Timedelta"),
    "period": lambda ordinal, freq: _pandas("Period")(ordinal=ordinal, freq=freq),
    "interval": _pandas("Interval"),
    "range index": lambda start, stop, step, name: _pandas("RangeIndex")(
        start, stop, step, None, False, name
    ),
    "multi index": _multi_index,
    "index": _index,
    "categorical": _categorical,
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
    "series": Mutable(
        "series", pickle.dumps, _series_parts, lambda parts: _pandas("Series")(dtype="object"), _fill_series
    ),
    "frame": Mutable("frame", pickle.dumps, _frame_parts, lambda parts: _pandas("DataFrame")(), _fill_frame),
}
