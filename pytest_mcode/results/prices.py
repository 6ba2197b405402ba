"""What tokens and machine hours cost: as a session was told, or as someone who asks the store says."""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_mcode.analysis.costs import Price
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options import refused
from pytest_mcode.options.price import HIGHEST, price_pair

__all__ = ["NO_PRICES", "Prices", "price_in", "seconds_in_flight"]

Run = Mapping[str, Any]
"""A row of ``runs``, or its figures."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What ``--price`` and ``--price-per-hour`` say; what they leave open is taken from a run's settings."""

    price: str | None = None
    """``IN,OUT`` per million tokens, or the path of a table by model."""
    per_hour: float | None = None
    """Of the machine that answers."""
    prefix: str = "--"
    """Of the options in messages."""

    def __post_init__(self) -> None:
        """Refuse an hour that has no price; raises `ConfigurationError`."""
        if self.per_hour is not None and not _is_price(self.per_hour):
            raise refused(f"{self.prefix}price-per-hour", self.per_hour, f"a price, from 0 to {HIGHEST:,.0f}")

    def of(self, run: Run, tasks: Callable[[], Sequence[Mapping[str, Any]]]) -> Price | None:
        """Return the price of a run's model; None where none is known.

        `tasks`, asked for where hours have a price, are the run's rows: where requests were answered side by
        side, their seconds share those of the machine.
        """
        found = self.of_model(run["model"])
        settings = run["settings"]
        if found is None and self.per_hour is None:
            pair, hour = settings.get("price"), settings.get("price_per_hour")
            found = Price(per_million=price_pair(pair) if pair else None, per_hour=hour)
        found = replace(found or Price(), per_hour=self.per_hour) if self.per_hour is not None else found
        if found is None or found == Price():
            return None
        return replace(found, machine_share=_machine_share(tasks())) if found.per_hour else found

    def of_model(self, model: str | None) -> Price | None:
        """Return what `price` says of a model; None where it says nothing.

        Raises `ConfigurationError` where it is no price, or a table that cannot be read.
        """
        if self.price is None:
            return None
        if (pair := price_pair(self.price)) is not None:
            return Price(per_million=pair)
        return _of_table(f"{self.prefix}price", Path(self.price)).get(model or "")


TABLE = 'give a table such as {"gpt-4o": [2.5, 10]}'
NO_PRICES = Prices()
"""Runs have the prices that their sessions were told."""


def price_in(stored: Mapping[str, Any]) -> Price | None:
    """Return the price that figures have in ``prices``."""
    found = stored.get("prices")
    if found is None:
        return None
    pair = found["per_million"]
    return Price(**{**found, "per_million": tuple(pair) if pair else None})


def seconds_in_flight(tasks: Iterable[Mapping[str, Any]]) -> float:
    """Return the wall-clock seconds in which a run worked at one of its `tasks`, rows of the store.

    Neither what was before the first nor what was between the sessions of a run that was gone on with.
    """
    busy, until = 0.0, 0.0
    for start, end in sorted(map(_in_flight, tasks)):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy


def _in_flight(task: Mapping[str, Any]) -> tuple[float, float]:
    end = datetime.fromisoformat(task["recorded_at"]).timestamp()
    return end - float(task["seconds"]), end


def _machine_share(tasks: Sequence[Mapping[str, Any]]) -> float:
    """Return the machine's time, which is no longer than its requests took, by that of its requests."""
    model_seconds = sum(task["generation_seconds"] for task in tasks)
    return min(1.0, seconds_in_flight(tasks) / model_seconds) if model_seconds else 1.0


def _of_table(flag: str, path: Path) -> dict[str, Price]:
    try:
        text = path.read_text(encoding="utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(
            f"{flag}: {path}: {error.strerror}; give IN,OUT per million tokens, such as 0.15,0.6, or a table"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"{flag}: {path} is not JSON or TOML: {error}; {TABLE}") from error
    if not isinstance(table, dict):
        raise ConfigurationError(f"{flag}: {path} holds no prices by model; {TABLE}")
    return {model: _entry(flag, path, model, value) for model, value in table.items()}


def _entry(flag: str, path: Path, model: str, value: Any) -> Price:
    """Read ``[IN, OUT]``, or an object with ``in`` and ``out``, ``per_hour``, or all of them."""
    given = dict(zip(("in", "out"), value, strict=False)) if isinstance(value, list) else value
    known = isinstance(given, dict) and given and set(given) <= {"in", "out", "per_hour"}
    is_pair = known and ("in" in given) == ("out" in given)
    if not is_pair or not all(_is_price(each) for each in given.values()):
        raise ConfigurationError(
            f"{flag}: {path}: {model!r} has no price in {value!r}; give [IN, OUT] per million tokens, or "
            "in and out, or per_hour, each 0 or more"
        )
    pair = (float(given["in"]), float(given["out"])) if "in" in given else None
    return Price(per_million=pair, per_hour=given.get("per_hour"))


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= HIGHEST
