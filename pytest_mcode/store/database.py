"""Where a results database is and how it is opened: paths, URLs, checks, the settings of both engines."""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.redaction import HIDDEN, redacted
from pytest_mcode.store.schema import VERSION, schema_version

__all__ = [
    "Place",
    "cause",
    "check_url_writable",
    "check_writable",
    "connect",
    "connect_copy",
    "connect_empty",
    "is_passing",
    "is_writable",
    "locate",
    "lock_schema",
    "unusable",
    "version_of",
]

BUSY_SECONDS = 30.0
"""How long a writer waits for another process that holds the database."""
PATIENCE = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 30,  # seconds
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""How long a server that does not answer is waited for: libpq's parameters, unless the URL has its own.

Without them a network that is cut holds a session for TCP's own time, up to two hours
(postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
"""
PASSING = ("08", "40", "53", "57P", "55P03")
"""SQLSTATEs, or their beginnings, of what passes: connections, rollbacks, resources, restarts, locks
(postgresql.org/docs/current/errcodes-appendix.html)."""
READ_ONLY = "default_transaction_read_only"
SCHEMA_LOCK = 0x6D636F6465
"""Key of the advisory lock under which the schema is made or migrated: ``mcode``."""


def unusable(reason: str, remedy: str = "give another path") -> ConfigurationError:
    """Return the error for a database that cannot be used."""
    return ConfigurationError(f"--mcode-db/--db: {reason}; {remedy}")


@dataclass(frozen=True)
class Place:
    """A database as a URL; `path` where it is a SQLite file."""

    url: URL
    path: Path | None

    def __str__(self) -> str:
        if self.path:
            return str(self.path)
        driver = self.url.get_backend_name()
        return str(redacted(self.url.set(drivername=driver).render_as_string(hide_password=False)))


def locate(db: str) -> Place:
    """Read a SQLite path, relative to the current directory, or the URL of a PostgreSQL database.

    Raises `ConfigurationError` for anything else. A URL that SQLAlchemy cannot read is never repeated whole.
    """
    if "://" not in db:
        if db.startswith((":memory:", "file:")):
            raise _in_memory(db)
        path = Path(db).expanduser().absolute()
        return Place(URL.create("sqlite", database=str(path)), path)
    try:
        url = make_url(db)
    except (SQLAlchemyError, ValueError) as error:
        raise unusable(f"{redacted(db)!r} is no database URL", URL_REMEDY) from error
    backend, driver = url.get_backend_name(), url.drivername.partition("+")[2]
    if backend == "sqlite":
        if not url.database or url.database.startswith((":memory:", "file:")):
            raise _in_memory(db)
        return locate(url.database)
    if backend not in ("postgresql", "postgres") or driver not in ("", "psycopg"):
        raise unusable(f"{url.drivername} is not supported; {WHY_NOT.get(backend, WHY_TWO)}", URL_REMEDY)
    if "@" in (url.host or ""):
        raise unusable(f"{redacted(db)!r}: its password has an @; write it as %40, or leave it out", PGPASS)
    if url.password == HIDDEN:
        raise unusable(f"{db}: its password is hidden there; write it, or leave it out", PGPASS)
    return Place(url.set(drivername="postgresql+psycopg"), None)


URL_REMEDY = "give the path of a SQLite file, or postgresql://USER@HOST/DATABASE"
PGPASS = "PostgreSQL's own PGPASSWORD and ~/.pgpass are read"
WHY_TWO = "results are kept in SQLite or PostgreSQL alone"
WHY_NOT = dict.fromkeys(
    ("mysql", "mariadb"), "it takes own/a and own/A for one task and cuts long answers, without a word"
)
"""Why a database is refused, by its name."""


def _in_memory(db: str) -> ConfigurationError:
    return unusable(f"{db}: a database in memory is gone when its process ends", "give a path")


def connect(place: Place, *, read_only: bool) -> Engine:
    """Return an engine; nothing is opened yet. A writer's SQLite transactions start with the write lock.

    Write-ahead logging lets others read while a session writes. ``synchronous=FULL`` syncs the
    log at each commit: in that mode NORMAL, though never corrupt, may forget the last commits on
    power loss (sqlite.org/pragma.html#pragma_synchronous), and one sync a task costs nothing
    beside a generation.
    """
    if place.path is None:
        return _connect_url(place, read_only=read_only)
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


def connect_empty() -> Engine:
    """Return an engine on an empty SQLite database in memory."""
    return _sqlite_engine(lambda: sqlite3.connect(":memory:", isolation_level=None), "BEGIN")


def _sqlite_engine(opened: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    engine = create_engine("sqlite://", creator=opened, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _connect_url(place: Place, *, read_only: bool) -> Engine:
    """Return an engine whose connections are tried before they are lent: a server may have restarted."""
    patience = {name: value for name, value in PATIENCE.items() if name not in place.url.query}
    try:
        engine = create_engine(place.url, pool_pre_ping=True, connect_args=patience, hide_parameters=True)
    except ImportError as error:
        raise unusable(
            f"no driver for {place}: {error}", "install it: pip install 'pytest-mcode[postgres]'"
        ) from error
    if read_only:
        return engine.execution_options(postgresql_readonly=True)
    return engine


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
    words = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return str(redacted(words.strip().partition("\n")[0]))


def is_passing(error: Exception) -> bool:
    """Whether the same write may succeed a little later."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # The server was not reached, or went away without a word.
        return error.connection_invalidated or isinstance(error, OperationalError)
    return str(state).startswith(PASSING)


def lock_schema(connection: Connection) -> None:
    """Let others wait who would make or migrate the schema too, until the transaction ends.

    SQLite's write lock, with which a writer's transaction starts, does the same.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})


def check_url_writable(connection: Connection, place: Place, version: int) -> None:
    """Raise `ConfigurationError` where a server's database may be read alone; changes nothing."""
    may_write = (
        "has_schema_privilege(current_schema(), 'CREATE')"
        if version == 0
        else "has_table_privilege('runs', 'INSERT') AND has_table_privilege('runs', 'UPDATE')"
    )
    allowed, read_only = connection.execute(
        text(f"SELECT {may_write}, pg_is_in_recovery() OR current_setting({READ_ONLY!r}) = 'on'")
    ).one()
    if read_only or not allowed:
        what = "write" if version else "make tables"
        why = "the server is read-only" if read_only else f"its user may not {what}"
        raise unusable(f"cannot write {place}: {why}", "give a user who may, or another database")


def check_writable(path: Path) -> None:
    """Raise `ConfigurationError` unless a database can be made or written at `path`; leave nothing behind.

    A database that is there is not opened: to close a file lets go of every lock that this process has on
    it, SQLite's too, and the next process that closes the database would take itself for its last user
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    if path.is_dir():
        raise unusable(f"{path} is a directory", "give the path of a file in it")
    ancestor = next(parent for parent in path.parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=ancestor):
            pass
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        reason = f"cannot write {path}: {error.strerror or error}"
        raise unusable(reason, "give a path in a writable directory") from error
