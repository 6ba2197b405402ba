"""What the querying commands share: options, opening the store, JSON on standard output."""

import io
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.settings import Settings, option_specs

if TYPE_CHECKING:
    from rich.console import Console

    from pytest_mcode.store import Store
    from pytest_mcode.store.queries import Row

__all__ = [
    "DEFAULT_DB",
    "Db",
    "Json",
    "console",
    "open_store",
    "print_json",
    "session_layers",
    "status_of",
    "true_or_false",
    "whole_numbers",
]

DEFAULT_DB = str(Settings.__dataclass_fields__["db"].default)

Db = Annotated[
    str, typer.Option("--db", metavar="PATH|URL", help="Results: a SQLite file or an SQLAlchemy URL.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def open_store(db: str) -> "Store":
    """Open the store for reading."""
    from pytest_mcode.store import Store

    return Store.open(db, read_only=True)


def status_of(run: "Row") -> str:
    """Return a run's status; ``killed`` where the store says ``running`` and its session is gone."""
    from pytest_mcode.solving.journal import is_abandoned

    return "killed" if run["status"] == "running" and is_abandoned(run["run_id"]) else str(run["status"])


def console() -> "Console":
    """Return standard output for people; what its encoding lacks is shown escaped."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Console(highlight=False, markup=False)


def print_json(value: Any) -> None:
    """Print ASCII JSON: any text goes through any terminal or pipe."""
    print(json.dumps(value, indent=2))


def session_layers(arguments: Sequence[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `arguments` and the ini file (but for its ``addopts``) would say to a session, by field."""
    import pytest

    try:
        config = pytest.Config.fromdictargs({}, list(arguments))
    except pytest.UsageError as error:
        raise ConfigurationError(str(error)) from error
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
