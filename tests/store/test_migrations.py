"""Stores of every older version are brought to the newest one.

``schemas/vN.sql`` is a store as version N made it. After raising `VERSION`: write the step in
`MIGRATIONS`, then ``python -m tests.store.test_migrations`` adds the newest dump.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import Store, database, migrations, read_outcomes, read_run, schema
from pytest_mcode.store.queries import find_runs, task_rows
from tests.store.builders import outcome, run_info, write_run

SCHEMAS = Path(__file__).parent / "schemas"
OUTCOMES = [outcome(0, "syntax passed"), outcome(1, status="infra", error="gone")]


def restore(db: Path, version: int) -> Path:
    with closing(sqlite3.connect(db)) as connection:
        connection.executescript((SCHEMAS / f"v{version}.sql").read_text())
    return db


def layout(db: Path) -> dict[str, object]:
    """Tables with their columns, and indexes, whatever the order in which they came."""
    with closing(sqlite3.connect(db)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: (
                sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({name})")),
                sorted(row[1:] for row in connection.execute(f"PRAGMA index_list({name})")),
                sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({name})")),
            )
            for name in names
        }


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_every_version_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    write_run(tmp_path / "fresh.db", run_info(), OUTCOMES)
    old = restore(tmp_path / "old.db", version)
    with Store.open(str(old), read_only=True) as store:
        assert read_run(store, "run-1") == run_info()
        assert list(read_outcomes(store, "run-1")) == OUTCOMES
    assert layout(old) == layout(tmp_path / "fresh.db")
    write_run(old, run_info("run-2"), OUTCOMES)


def test_there_is_a_step_from_every_version() -> None:
    assert len(migrations.MIGRATIONS) == schema.VERSION - 1


def test_runs_of_version_1_receive_their_harness(tmp_path: Path) -> None:
    db = restore(tmp_path / "old.db", 1)
    said = {"sandbox": {"sandbox": "docker", "swebench": "5.0.0"}}
    with closing(sqlite3.connect(db)) as connection:
        row = dict(zip(*_first_run(connection), strict=True))
        for number, changes in enumerate(
            (
                {"benchmark": "swebench-lite"},
                {"benchmark": "my-patches", "environment": json.dumps(said)},
                {"benchmark": "swebench-mini.jsonl", "environment": json.dumps({"sandbox": None})},
            ),
            2,
        ):
            made = {**row, "run_id": f"run-{number}", **changes}
            marks = ", ".join("?" * len(made))
            connection.execute(f"INSERT INTO runs ({', '.join(made)}) VALUES ({marks})", [*made.values()])
        connection.commit()
    with Store.open(str(db), read_only=True) as store:
        found = {run["run_id"]: run["harness"] for run in find_runs(store)}
    assert found == {
        "run-1": "functions",
        "run-2": "repositories",
        "run-3": "repositories",
        "run-4": "functions",
    }


def test_passes_of_version_1_in_one_process_are_counted(tmp_path: Path) -> None:
    db = restore(tmp_path / "old.db", 1)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("UPDATE attempts SET mode = 'in_process'")
        connection.commit()
    with Store.open(str(db), read_only=True) as store:
        assert [row["passed_in_process"] for row in task_rows(store, ["run-1"])] == [1, 0]


def _first_run(connection: sqlite3.Connection) -> tuple[list[str], tuple[object, ...]]:
    found = connection.execute("SELECT * FROM runs")
    return [column[0] for column in found.description], found.fetchone()


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> int:
    """A version to come, one step further."""

    def add_later_to_runs(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN later TEXT"))

    newer = schema.VERSION + 1
    for module in (schema, database, migrations):
        monkeypatch.setattr(module, "VERSION", newer)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_later_to_runs))
    return newer


def version_and_later(db: Path) -> tuple[int, bool]:
    with closing(sqlite3.connect(db)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
        return connection.execute("SELECT version FROM mcode_schema").fetchone()[0], "later" in columns


def test_reading_migrates_at_once(tmp_path: Path, next_version: int) -> None:
    db = restore(tmp_path / "old.db", next_version - 1)
    with Store.open(str(db), read_only=True) as store:
        assert list(read_outcomes(store, "run-1")) == OUTCOMES
    assert version_and_later(db) == (next_version, True)


def test_writing_migrates_when_a_run_begins(tmp_path: Path, next_version: int) -> None:
    db = restore(tmp_path / "old.db", next_version - 1)
    with Store.open(str(db)) as store:
        assert version_and_later(db) == (next_version - 1, False)
        store.begin_run(run_info("run-2"), 1)
        assert version_and_later(db) == (next_version, True)


def test_step_that_fails_changes_nothing(tmp_path: Path, next_version: int) -> None:
    db = restore(tmp_path / "old.db", next_version - 1)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("ALTER TABLE runs ADD COLUMN later TEXT")
    with pytest.raises(
        ConfigurationError, match=r"has the older schema version .* and cannot be brought up to date"
    ):
        Store.open(str(db), read_only=True)
    assert version_and_later(db) == (next_version - 1, True)


if __name__ == "__main__":
    source = SCHEMAS / "new.db"
    write_run(source, run_info(), OUTCOMES)
    with closing(sqlite3.connect(source)) as made:
        (SCHEMAS / f"v{schema.VERSION}.sql").write_text("\n".join(made.iterdump()) + "\n")
    source.unlink()
