"""Reading a run that is a file of its own (see `archiving`) as a store is read."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, insert, select

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import TaskOutcome
from pytest_mcode.store import schema
from pytest_mcode.store.choices import replace_choices
from pytest_mcode.store.database import connect_empty, unusable
from pytest_mcode.store.migrations import create_or_migrate
from pytest_mcode.store.outcomes import replace_outcome
from pytest_mcode.store.rows import attempt_row, task_row

__all__ = ["GZIP_MAGIC", "SUFFIXES", "engine_of_archive", "is_archive"]

GZIP_MAGIC = b"\x1f\x8b"
SUFFIXES = (".jsonl", ".json", ".gz")
HEAD = b'{"archive":"pytest-mcode"'
"""How the first line begins: keys are sorted."""


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
