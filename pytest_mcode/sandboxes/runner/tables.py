"""Tables of pandas, where the tests or the solution have imported it: column by column."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from .containers import Mutable


def mutable(value: Any) -> Mutable | None:
    """Return how to handle a value that changes, None where it is not pandas's."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        return KINDS["frame" if isinstance(value, pandas.DataFrame) else "series"]
    return None


def describe(value: Any) -> tuple[str, list[Any]] | None:
    """Return kind and parts of a value that never changes, None where it is not pandas's."""
    pandas = sys.modules.get("pandas")
    return None if pandas is None else _describe(pandas, value)


def _state(value: Any) -> bytes:
    """Return what tells whether a table has changed; it is compared, and never read."""
    import pickle

    return pickle.dumps(value)


def _pandas_module() -> Any:
    return importlib.import_module("pandas")


def _describe(pandas: Any, value: Any) -> tuple[str, list[Any]] | None:
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
    "series": Mutable(
        "series", _state, _series_parts, lambda parts: _pandas("Series")(dtype="object"), _fill_series
    ),
    "frame": Mutable("frame", _state, _frame_parts, lambda parts: _pandas("DataFrame")(), _fill_frame),
}
