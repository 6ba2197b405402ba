"""A run as a file of its own, JSON a line: what is published with a study, and read as a store is."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import Connection, Engine, insert, select

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import TaskOutcome, to_json
from pytest_mcode.store import schema
from pytest_mcode.store.choices import replace_choices
from pytest_mcode.store.database import connect_empty, unusable
from pytest_mcode.store.migrations import create_or_migrate
from pytest_mcode.store.outcomes import replace_outcome
from pytest_mcode.store.reading import read_outcomes
from pytest_mcode.store.rows import attempt_row, task_row

if TYPE_CHECKING:
    from pytest_mcode.store.store import Store

__all__ = ["GZIP_MAGIC", "SUFFIXES", "archive_lines", "engine_of_archive", "is_archive"]

GZIP_MAGIC = b"\x1f\x8b"
SUFFIXES = (".jsonl", ".json", ".gz")
HEAD = b'{"archive":"pytest-mcode"'
"""How the first line begins: keys are sorted."""


def archive_lines(store: "Store", run_id: str) -> Iterator[str]:
    """Yield a run as lines: its rows of ``runs`` and ``shards``, then every outcome with its attempts.

    Archives can be put together, gzipped ones too: an outcome belongs to the run above it.
    """
    runs, shards, tasks = schema.runs, schema.shards, schema.tasks
    with store.engine.connect() as connection:
        run = connection.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one()
        parts = connection.execute(select(shards).where(shards.c.run_id == run_id)).mappings().all()
        of_run = select(tasks.c.recorded_at).where(tasks.c.run_id == run_id).order_by(tasks.c.id)
        recorded = connection.execute(of_run).scalars().all()
    left = {"holder": None, "held_until": None}
    head = {"run": dict(run), "shards": [{**part, **left} for part in parts]}
    yield to_json({"archive": "pytest-mcode", "schema": schema.VERSION, **head}) + "\n"
    for recorded_at, outcome in zip(recorded, read_outcomes(store, run_id), strict=True):
        yield to_json({"outcome": outcome, "recorded_at": recorded_at}) + "\n"


def is_archive(path: Path) -> bool:
    """Whether a file is named, and begins, as an archive does, gzipped or not.

    A database is not opened: see `check_writable`.
    """
    if path.suffix not in SUFFIXES:
        return False
    try:
        with _opened(path) as file:
            return file.read(len(HEAD)) == HEAD
    except (OSError, EOFError, zlib.error):
        return False


def engine_of_archive(path: Path) -> Engine:
    """Return an engine on a database in memory that holds what an archive does.

    Raises `ConfigurationError` with the line that is wrong.
    """
    engine = connect_empty()
    with engine.begin() as connection:
        create_or_migrate(connection, 0)
        run_id, number = "", 0
        try:
            for line in _lines(path):
                number += 1
                data = json.loads(line)
                if "archive" in data:
                    run_id = _begin(connection, data, path)
                else:
                    _add(connection, run_id, data)
        except (EOFError, OSError, zlib.error) as error:
            raise unusable(f"{path} breaks off after line {number}: {error}", "get a whole copy") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            wrong = f"{path}, line {number}: not a line that `mcode export --format archive` writes"
            raise unusable(f"{wrong} ({error})", "get a whole copy") from error
    return engine


def _opened(path: Path) -> "gzip.GzipFile | BinaryIO":
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip.open(path) if packed else path.open("rb")


def _lines(path: Path) -> Iterator[bytes]:
    with _opened(path) as file:
        yield from file


def _begin(connection: Connection, data: dict[str, Any], path: Path) -> str:
    """Insert a run; a column that has come since is empty."""
    if data["schema"] > schema.VERSION:
        newer = f"{path} was written with schema version {data['schema']}, this pytest-mcode knows up to"
        raise unusable(f"{newer} {schema.VERSION}", "upgrade pytest-mcode")
    run_id = str(data["run"]["run_id"])
    if connection.execute(select(schema.runs.c.run_id).where(schema.runs.c.run_id == run_id)).first():
        raise ConfigurationError(f"{path} holds run {run_id} twice; put every archive into it once")
    connection.execute(insert(schema.runs).values(data["run"]))
    if data["shards"]:
        connection.execute(insert(schema.shards), data["shards"])
    return run_id


def _add(connection: Connection, run_id: str, data: dict[str, Any]) -> None:
    outcome = TaskOutcome.from_dict(data["outcome"])
    row = {**task_row(run_id, outcome), "recorded_at": data["recorded_at"]}
    key = replace_outcome(connection, None, row, map(attempt_row, outcome.attempts))
    replace_choices(connection, key, outcome.choices)
