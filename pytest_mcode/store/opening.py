"""Opening a store that may be missing, empty, older, or not ours."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from pytest_mcode.store import schema
from pytest_mcode.store.archive import engine_of_archive, is_archive
from pytest_mcode.store.database import (
    Place,
    cause,
    connect,
    connect_copy,
    is_writable,
    locate,
    lock_schema,
    unusable,
    version_of,
)
from pytest_mcode.store.migrations import create_or_migrate

__all__ = ["bring_up_to_date", "engine_for_reading", "is_new", "stored_version"]


def is_new(db: str) -> bool:
    """Whether there is no store yet: no file, or an empty database; raises `ConfigurationError`."""
    place = locate(db)
    if place.path is not None:
        return not place.path.exists()
    return stored_version(place) == 0


def stored_version(place: Place, check: Callable[[Connection, Place, int], None] | None = None) -> int:
    """Return the version of an existing database, opened for reading; `check` may refuse it."""
    if place.path is not None and is_archive(place.path):
        raise unusable(
            f"{place} is an archive, which is only read", f"`mcode merge {place}` puts it into a store"
        )
    engine = connect(place, read_only=True)
    remedy = () if place.path else ("is the server there, and are user and database right?",)
    try:
        with engine.connect() as connection:
            version = version_of(connection, place)
            if check:
                check(connection, place, version)
            return version
    except SQLAlchemyError as error:
        raise unusable(f"cannot open {place}: {cause(error)}", *remedy) from error
    finally:
        engine.dispose()


def engine_for_reading(place: Place) -> Engine:
    """Return an engine for queries on a store that is there, with the newest schema."""
    first = "(`mcode bench smoke --backend gold --sandbox process` takes seconds)"
    remedy = f"run a benchmark first, or give the path of its results {first}"
    if place.path is not None and not place.path.exists():
        raise unusable(f"there is no {place}", remedy)
    if place.path is not None and is_archive(place.path):
        return engine_of_archive(place.path)
    version = stored_version(place)
    if version == 0:
        raise unusable(f"{place} is empty", remedy)
    if version == schema.VERSION:
        return connect(place, read_only=True)
    if place.path is not None and not is_writable(place.path.parent):
        copy = connect_copy(place.path)
        _migrate(copy, place, version)
        return copy
    engine = connect(place, read_only=False)
    try:
        _migrate(engine, place, version)
    finally:
        engine.dispose()
    return connect(place, read_only=True)


def _migrate(engine: Engine, place: Place, version: int) -> None:
    try:
        bring_up_to_date(engine, place)
    except SQLAlchemyError as error:
        older = (
            f"{place} has the older schema version {version} and cannot be brought up to date: {cause(error)}"
        )
        raise unusable(older, "copy it to a writable place") from error


def bring_up_to_date(engine: Engine, place: Place) -> None:
    """Give a database the newest schema; those that come together wait for each other."""
    with engine.begin() as connection:
        if version_of(connection, place) != schema.VERSION:
            lock_schema(connection)
            create_or_migrate(connection, version_of(connection, place))
