"""Helpers for tests that run whole sessions."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

SMOKE = ("--mcode-benchmark=smoke", "--mcode-sandbox=process", "--mcode-db=results.db")
GOLD = (*SMOKE, "--mcode-backend=gold")

MCODE = (sys.executable, "-c", "from pytest_mcode.cli import main; main()")

DATA = Path(__file__).parents[1] / "../shared/data"


def rows(pytester: pytest.Pytester, query: str, db: str = "results.db") -> list[tuple]:
    """Return what `query` finds in the session's database."""
    uri = f"file:{pytester.path / db}?mode=ro"
    # Left to the garbage collector, it would keep a session from tidying up behind its database.
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(query).fetchall()


def needs_data(name: str) -> Path:
    """Return the path of a dataset file, or skip where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return path.resolve()
