import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import Store
from tests.store.builders import outcome, run_info, write_run


@pytest.fixture
def unchanged(tmp_path: Path) -> Iterator[Path]:
    """A directory in which nothing may be made or changed by what the test does."""

    def contents() -> dict[Path, bytes | None]:
        return {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")}

    (tmp_path / "text.db").write_text("not a database, and long enough to be mistaken for a header\n" * 20)
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as connection:
        connection.execute("CREATE TABLE visits (url TEXT)")
    write_run(tmp_path / "newer.db", run_info(), [])
    with closing(sqlite3.connect(tmp_path / "newer.db")) as connection:
        connection.execute("UPDATE mcode_schema SET version = 999")
        connection.commit()
    (tmp_path / "empty.db").touch()
    before = contents()
    yield tmp_path
    assert contents() == before


BAD = {
    "text.db": "cannot open .*text.db: file is not a database; give another path",
    "foreign.db": "foreign.db is a database, but not one of pytest-mcode; give another path",
    "newer.db": r"newer.db has schema version 999, this pytest-mcode knows up to \d+; upgrade pytest-mcode",
    "text.db/results.db": "cannot write .*results.db: Not a directory; give a path in a writable directory",
    ".": "is a directory; give the path of a file in it",
}


@pytest.mark.parametrize(("name", "message"), BAD.items())
def test_unusable_path_is_refused_and_nothing_written(unchanged: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Store.open(str(unchanged / name))


def test_unwritable_place_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"--mcode-db/--db: cannot write /proc/.*give a path in a writable"
    ):
        Store.open("/proc/sub/results.db")


URLS = {
    "sqlite://": "in memory is gone when its process ends; give a path",
    "nosuch://host/db": "no driver for nosuch://host/db: .*; install it or give a SQLite path",
    "://": "is no SQLAlchemy URL",
}


@pytest.mark.parametrize(("url", "message"), URLS.items())
def test_unusable_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Store.open(url)


def test_password_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Store.open("nosuch://me:secret@host/db")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    {
        "missing.db": "there is no .*missing.db; run a benchmark first, or give the path of its results",
        "empty.db": "empty.db is empty; run a benchmark first",
        **{name: BAD[name] for name in ("text.db", "foreign.db", "newer.db")},
    }.items(),
)
def test_reading_needs_a_store(unchanged: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Store.open(str(unchanged / name), read_only=True)


def test_opening_for_writing_makes_nothing(unchanged: Path) -> None:
    Store.open(str(unchanged / "a" / "b.db")).close()
    Store.open(str(unchanged / "empty.db")).close()


@pytest.mark.parametrize("name", ["plain.db", "odd ?#%20&.db", "sqlite:///url.db", "empty.db"])
def test_paths_are_relative_to_the_current_directory(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.db").touch()
    with Store.open(name) as store:
        store.begin_run(run_info(), 1)
    file = tmp_path / name.removeprefix("sqlite:///")
    assert file.stat().st_size > 0
    Store.open(name, read_only=True).close()
    assert not [*tmp_path.glob("*-wal"), *tmp_path.glob("*-shm")]


def test_run_id_in_use_is_refused(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "r.db")) as store:
        store.begin_run(run_info(), 1)
        with pytest.raises(ConfigurationError, match=r"cannot write .*run_id"):
            store.begin_run(run_info(), 1)


def _begin_and_record(db: str, number: int) -> None:
    with Store.open(db) as store:
        store.begin_run(run_info(f"run-{number}"), 5)
        for task in range(5):
            store.record(f"run-{number}", outcome(task, "passed"))


def test_sessions_that_start_together_share_a_new_database(tmp_path: Path) -> None:
    db = str(tmp_path / "shared.db")
    context = multiprocessing.get_context("spawn")
    sessions = [context.Process(target=_begin_and_record, args=(db, number)) for number in range(4)]
    for session in sessions:
        session.start()
    for session in sessions:
        session.join()
    assert [session.exitcode for session in sessions] == [0] * 4
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (20,)
