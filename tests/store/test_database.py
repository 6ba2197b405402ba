import multiprocessing
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.store import Store, database, read_outcomes
from pytest_mcode.store.queries import find_runs
from tests.store.builders import attempt, outcome, run_info, write_run
from tests.store.rich import restore


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
    ":memory:": ":memory:: a database in memory is gone when its process ends; give a path",
    "file::memory:?cache=shared": "a database in memory is gone when its process ends",
    "sqlite:///:memory:": "a database in memory is gone when its process ends",
    "nosuch://host/db": "nosuch is not supported; results are kept in SQLite or PostgreSQL alone; give",
    "mysql+pymysql://host/db": "mysql.pymysql is not supported; it takes own/a and own/A for one",
    "mariadb://host/db": "mariadb is not supported; it takes own/a and own/A for one task",
    "postgresql://me:se/cret@host:port/db": r"'postgresql://me:\*\*\*@host:port/db' is no database URL; give",
    "://": "is no database URL; give the path of a SQLite file, or postgresql://USER@HOST/DATABASE",
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
    sessions = [context.Process(target=_begin_and_record, args=(db, number)) for number in range(3)]
    for session in sessions:
        session.start()
    for session in sessions:
        session.join()
    assert [session.exitcode for session in sessions] == [0] * 3
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (15,)


@pytest.fixture
def read_only_mount(tmp_path: Path) -> Iterator[Path]:
    """A directory with a store, mounted so that nothing in it can be written."""
    real, mount = tmp_path / "real", tmp_path / "mount"
    write_run(real / "archive.db", run_info(), [outcome(0, "passed")])
    restore(real)
    mount.mkdir()
    for command in (["mount", "--bind", real, mount], ["mount", "-o", "remount,ro,bind", mount]):
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("may not mount")
    yield mount
    subprocess.run(["umount", mount], check=True)


def test_archive_that_cannot_be_written_is_read(read_only_mount: Path) -> None:
    archive = str(read_only_mount / "archive.db")
    with Store.open(archive, read_only=True) as store:
        assert len(list(read_outcomes(store, "run-1"))) == 1
    with pytest.raises(ConfigurationError, match=r"cannot write .*: Read-only file system"):
        Store.open(archive)
    older = str(read_only_mount / "rich.db")
    with Store.open(older, read_only=True) as store:
        assert {run["harness"] for run in find_runs(store)} == {"functions", "repositories"}
    assert _version(older) == 1


def _version(db: str) -> int:
    with closing(sqlite3.connect(f"file:{db}?mode=ro&immutable=1", uri=True)) as connection:
        return int(connection.execute("SELECT version FROM mcode_schema").fetchone()[0])


def test_reader_cannot_write(tmp_path: Path) -> None:
    write_run(tmp_path / "r.db", run_info(), [])
    with (
        Store.open(str(tmp_path / "r.db"), read_only=True) as store,
        pytest.raises(InfraError, match="readonly"),
    ):
        store.finish_run("run-1", "interrupted")


def test_database_held_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    db = tmp_path / "r.db"
    with Store.open(str(db)) as store, closing(sqlite3.connect(db, isolation_level=None)) as other:
        store.begin_run(run_info(), 1)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InfraError, match=r"could not write to .*r.db: database is locked"):
            store.record("run-1", outcome(0, "passed"))
        with pytest.raises(ConfigurationError, match=r"cannot write .*r.db: database is locked"):
            store.begin_run(run_info("run-2"), 1)
        with Store.open(str(db), read_only=True) as reader:
            assert list(read_outcomes(reader, "run-1")) == []
        other.execute("ROLLBACK")
        assert store.record("run-1", outcome(0, "passed"))


def test_full_disk_loses_no_earlier_outcome(tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    with Store.open(str(db)) as store:
        store.begin_run(run_info(), 9)
        store.record("run-1", outcome(0, "passed"))
        with store.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        large = outcome(1, attempts=(attempt(completion="x" * 100_000),))
        with pytest.raises(InfraError, match=r"could not write to .*r.db: database or disk is full"):
            store.record("run-1", large)
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert store.record("run-1", large)
        assert [each.task_id for each in read_outcomes(store, "run-1")] == ["HumanEval/0", "HumanEval/1"]


def _record_until_killed(db: str) -> None:
    with Store.open(db) as store:
        store.begin_run(run_info(), 10_000)
        for task in range(10_000):
            store.record("run-1", outcome(task, *["syntax passed"] * 5))


def test_killed_writer_leaves_whole_outcomes(tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    writer = multiprocessing.get_context("spawn").Process(target=_record_until_killed, args=(str(db),))
    writer.start()
    deadline = time.monotonic() + 30
    while not _recorded(db) > 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    writer.kill()
    writer.join()
    assert 20 < _recorded(db) < 10_000
    with Store.open(str(db), read_only=True) as store:
        assert all(len(each.attempts) == 10 for each in read_outcomes(store, "run-1"))
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def _recorded(db: Path) -> int:
    if not db.exists():
        return 0
    with closing(sqlite3.connect(db)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM tasks").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
