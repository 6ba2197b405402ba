"""Where a results database is and how it is opened: paths, URLs, checks, SQLite's settings."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store.schema import VERSION, schema_version

__all__ = [
    "Place",
    "cause",
    "check_writable",
    "connect",
    "connect_copy",
    "is_writable",
    "locate",
    "unusable",
    "version_of",
]

BUSY_SECONDS = 30.0
"""How long a writer waits for another process that holds the database."""


def unusable(reason: str, remedy: str = "give another path") -> ConfigurationError:
    """Return the error for a database that cannot be used."""
    return ConfigurationError(f"--mcode-db/--db: {reason}; {remedy}")


@dataclass(frozen=True)
class Place:
    """A database as a URL; `path` where it is a SQLite file."""

    url: URL
    path: Path | None

    def __str__(self) -> str:
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)


def locate(db: str) -> Place:
    """Read a SQLite path, relative to the current directory, or an SQLAlchemy URL."""
    if "://" not in db:
        path = Path(db).expanduser().absolute()
        return Place(URL.create("sqlite", database=str(path)), path)
    try:
        url = make_url(db)
    except SQLAlchemyError as error:
        raise unusable(f"{db!r} is no SQLAlchemy URL: {error}") from error
    if url.get_backend_name() != "sqlite":
        return Place(url, None)
    if not url.database or url.database == ":memory:":
        raise unusable("a SQLite database in memory is gone when its process ends", "give a path")
    return locate(url.database)


def connect(place: Place, *, read_only: bool) -> Engine:
    """Return an engine; nothing is opened yet. A writer's SQLite transactions start with the write lock.

    Write-ahead logging lets others read while a session writes. ``synchronous=FULL`` syncs the
    log at each commit: in that mode NORMAL, though never corrupt, may forget the last commits on
    power loss (sqlite.org/pragma.html#pragma_synchronous), and one sync a task costs nothing
    beside a generation.
    """
    if place.path is None:
        return _connect_url(place)
    opened = partial(_open_for_reading if read_only else _open_for_writing, place.path)
    return _sqlite_engine(opened, "BEGIN" if read_only else "BEGIN IMMEDIATE")


def connect_copy(path: Path) -> Engine:
    """Return an engine on a copy in memory of a SQLite file: what an archive holds can still be migrated."""

    def opened() -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        with closing(_open_for_reading(path)) as source:
            source.backup(copy)
        return copy

    return _sqlite_engine(opened, "BEGIN")


def _sqlite_engine(opened: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    engine = create_engine("sqlite://", creator=opened, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _connect_url(place: Place) -> Engine:
    try:
        return create_engine(place.url)
    except (SQLAlchemyError, ImportError) as error:
        raise unusable(f"no driver for {place}: {error}", "install it or give a SQLite path") from error


def _open_for_reading(path: Path) -> sqlite3.Connection:
    """Open for queries alone. SQLite's own read-only mode would leave its two auxiliary files behind.

    In a directory that cannot be written (an archive, a mount) they cannot be made; nobody can
    be writing there either, so the file is read as one that does not change.
    """
    connection = _open(path, "mode=rw")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").close()
    except sqlite3.OperationalError:
        connection.close()  # Left to the garbage collector, it would keep a mount busy.
        if is_writable(path.parent):
            raise
        connection = _open(path, "mode=ro&immutable=1")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _open_for_writing(path: Path) -> sqlite3.Connection:
    connection = _open(path, "mode=rwc")
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _open(path: Path, how: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?{how}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def is_writable(directory: Path) -> bool:
    """Return whether files can be made in `directory`."""
    try:
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def version_of(connection: Connection, place: Place) -> int:
    """Return the schema version, 0 for an empty database; refuse what is not ours or newer."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return 0
    if schema_version.name not in tables:
        raise unusable(f"{place} is a database, but not one of pytest-mcode")
    version = connection.execute(select(schema_version.c.version)).scalar_one()
    if version > VERSION:
        newer = f"{place} has schema version {version}, this pytest-mcode knows up to {VERSION}"
        raise unusable(newer, "upgrade pytest-mcode, or give another path")
    return int(version)


def cause(error: SQLAlchemyError) -> str:
    """Return the driver's own words, one line, without SQL and links."""
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return text.strip().partition("\n")[0]


def check_writable(path: Path) -> None:
    """Raise `ConfigurationError` unless a database can be made or written at `path`; leave nothing behind."""
    if path.is_dir():
        raise unusable(f"{path} is a directory", "give the path of a file in it")
    ancestor = next(parent for parent in path.parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=ancestor):
            pass
        if path.exists():
            path.open("r+b").close()
    except OSError as error:
        reason = f"cannot write {path}: {error.strerror or error}"
        raise unusable(reason, "give a path in a writable directory") from error
