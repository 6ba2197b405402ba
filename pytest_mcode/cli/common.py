"""What the querying commands share: options, opening the store, JSON on standard output."""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.settings import Settings, option_specs

if TYPE_CHECKING:
    from rich.console import Console

    from pytest_mcode.results import Results

__all__ = [
    "AXES",
    "AXES_TYPED",
    "DEFAULT_DB",
    "Db",
    "PriceOption",
    "PricePerHour",
    "cannot_write",
    "console",
    "cost_axis",
    "escape_unprintable",
    "open_results",
    "print_json",
    "session_layers",
    "true_or_false",
    "whole_numbers",
]

AXES = ("attempts", "tokens", "model_seconds", "seconds", "price")
"""What a budget may be counted in: `analysis.costs.Price.axes`, without importing what that takes."""
DEFAULT_DB = str(Settings.__dataclass_fields__["db"].default)

STORE = "Store and prices"
"""Heading of the options that say where runs are, and what they cost."""
Db = Annotated[
    str,
    typer.Option(
        "--db",
        metavar="PATH|URL",
        help="Results: a SQLite file, or postgresql://USER@HOST/DATABASE.",
        rich_help_panel=STORE,
    ),
]
PriceOption = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="IN,OUT|FILE",
        help="Price of prompt and completion tokens, per million, or a table by model, in JSON or TOML; "
        "else that of each run's session.",
        rich_help_panel=STORE,
    ),
]
PricePerHour = Annotated[
    float | None,
    typer.Option(
        "--price-per-hour",
        metavar="PRICE",
        min=0,
        help="Price of an hour of what answers.",
        rich_help_panel=STORE,
    ),
]


def open_results(db: str, price: str | None = None, price_per_hour: float | None = None) -> "Results":
    """Open a store to ask it; see `results.open` for the prices."""
    from pytest_mcode import results

    return results.open(db, price=price, price_per_hour=price_per_hour)


def cannot_write(path: Path, error: OSError) -> ConfigurationError:
    """Return the error for an ``--output`` that cannot be written."""
    return ConfigurationError(f"--output: cannot write {path}: {error.strerror}; give another path")


def console() -> "Console":
    """Return standard output for people; what its encoding lacks is shown escaped."""
    from rich.console import Console

    escape_unprintable()
    return Console(highlight=False, markup=False)


def escape_unprintable() -> None:
    """Have standard output show escaped what its encoding lacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_json(value: Any) -> None:
    """Print ASCII JSON: any text goes through any terminal or pipe."""
    print(json.dumps(value, indent=2))


def session_layers(arguments: Sequence[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `arguments` and the ini file (but for its ``addopts``) would say to a session, by field."""
    import pytest
    from _pytest.config import ConftestImportFailure

    from pytest_mcode.benchmarks.registration import own_plugin

    try:
        config = pytest.Config.fromdictargs({}, [*own_plugin(with_addopts=False), *arguments])
    except pytest.UsageError as error:
        raise ConfigurationError(str(error)) from error
    except ConftestImportFailure as error:
        cause = f"{type(error.cause).__name__}: {error.cause}"
        raise ConfigurationError(f"{error.path} cannot be imported: {cause}; mend it") from error
    try:
        return (
            {spec.field: config.getoption(spec.ini_name) for spec in option_specs()},
            {spec.field: config.getini(spec.ini_name) for spec in option_specs() if spec.ini},
        )
    finally:
        config._ensure_unconfigure()  # else its capture and import hook stay


def true_or_false(flag: str, value: str | None) -> tuple[bool, ...]:
    """Read the value of a filter on a switch; nothing given allows both."""
    if value is None:
        return ()
    if value.lower() not in ("true", "false"):
        raise ConfigurationError(f"{flag}: {value!r} is not allowed; give true or false")
    return (value.lower() == "true",)


AXES_TYPED = "|".join(AXES).replace("_", "-")
"""The same as they are typed."""


def cost_axis(flag: str, value: str) -> str:
    """Read the name of an axis of costs."""
    axis = value.replace("-", "_")
    if axis not in AXES:
        raise ConfigurationError(
            f"{flag}: {value!r} is not allowed; give one of {AXES_TYPED.replace('|', ', ')}"
        )
    return axis


def whole_numbers(flag: str, value: str) -> tuple[int, ...]:
    """Read ``1,5,10``; nothing given is no number."""
    try:
        numbers = tuple(int(part) for part in value.split(",")) if value else ()
    except ValueError:
        numbers = (0,)
    if any(number < 1 for number in numbers):
        raise ConfigurationError(
            f"{flag}: {value!r} is not allowed; give whole numbers from 1 on, such as 1,5,10"
        )
    return numbers
