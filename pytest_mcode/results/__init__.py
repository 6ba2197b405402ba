"""A library over a store: runs, configurations, comparisons, curves, frames, report. Prints nothing.

>>> import pytest_mcode.results
>>> with pytest_mcode.results.open("experiments/results/results.db") as results:
...     frame = results.runs(benchmark="humaneval").to_frame()
...     results.run("latest").pass_at(1, 5)
...     results.compare("model=granite4:3b,samples=5", "latest", margin=0.05)
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_mcode.results.report import Report
    from pytest_mcode.results.runs import Results, Run, Runs

__all__ = ["Report", "Results", "Run", "Runs", "open"]

_HOMES = {
    "Report": "pytest_mcode.results.report",
    **dict.fromkeys(("Results", "Run", "Runs"), "pytest_mcode.results.runs"),
}


def open(db: str | Path, *, price: str | None = None, price_per_hour: float | None = None) -> "Results":
    """Open the results database `db` for reading: a SQLite path or a PostgreSQL URL.

    `price` is ``IN,OUT`` per million tokens, or the path of a table by model (JSON or TOML), `price_per_hour`
    that of the machine that answers; runs have those of their sessions where neither is given. Use it as a
    context manager, or call `Results.close`. A store of an older schema is brought up to date.
    Raises `ConfigurationError` where there is no such store.
    """
    from pytest_mcode.results.prices import Prices
    from pytest_mcode.results.runs import Results
    from pytest_mcode.store import Store

    prices = Prices(price=price, per_hour=price_per_hour)
    prices.of_model(None)  # Refused here, before a store is opened.
    return Results(Store.open(str(db), read_only=True), prices)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: SQLAlchemy comes with it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
