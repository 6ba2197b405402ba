import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from pytest_mcode.errors import InfraError
from pytest_mcode.records import TaskOutcome, Verdict
from pytest_mcode.store import Store, read_outcomes, read_run
from tests.store.builders import attempt, outcome, run_info, write_run

AWKWARD = "nul \0, lone \ud800, \ufffd, snow ☃, \U0001f600, </script>\r\n\t"


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "deep" / "er" / "results.db")


def stored(db: str, run_id: str = "run-1") -> list[TaskOutcome]:
    with Store.open(db, read_only=True) as store:
        return list(read_outcomes(store, run_id))


def scalar(db: str, sql: str) -> object:
    with Store.open(db, read_only=True) as store, store.engine.connect() as connection:
        return connection.execute(text(sql)).scalar_one()


def test_what_was_recorded_is_read_back_as_it_was(db: str) -> None:
    public = Verdict(kind="passed", message="seen", seconds=0.5)
    rich = outcome(0, tags=("easy", AWKWARD), error=AWKWARD).__class__.from_json(
        outcome(
            0,
            attempts=(
                attempt(kind="exception", public_verdict=public, extra={"steps": [1, AWKWARD]}),
                attempt(
                    1,
                    completion=AWKWARD,
                    solution=None,
                    reasoning=AWKWARD,
                    messages=[{"role": "user", "content": AWKWARD}],
                    verdict=Verdict(kind="no_solution", message=AWKWARD, stdout=AWKWARD, stderr=AWKWARD),
                    seed=None,
                    prompt_tokens=None,
                    completion_tokens=None,
                ),
            ),
            tags=("easy", AWKWARD),
        ).to_json()
    )
    infra = outcome(1, status="infra", error=f"connection refused {AWKWARD}")
    info = run_info(model=AWKWARD, environment={"host": AWKWARD})
    with Store.open(db) as store:
        store.begin_run(info, 2)
        assert store.record("run-1", rich)
        assert store.record("run-1", infra)
    assert stored(db) == [rich, infra]
    with Store.open(db, read_only=True) as store:
        assert read_run(store, "run-1") == info
        assert read_run(store, "run-2") is None


def test_judged_outcomes_stay_and_infra_gives_way(db: str) -> None:
    judged, broken, again = outcome(0, "assertion"), outcome(1, status="infra"), outcome(1, "passed")
    with Store.open(db) as store:
        store.begin_run(run_info(), 2)
        assert store.record("run-1", judged)
        assert not store.record("run-1", outcome(0, "passed"))
        assert not store.record("run-1", outcome(0, status="infra"))
        assert store.record("run-1", broken)
        assert store.record("run-1", outcome(1, "syntax", status="infra"))
        assert store.record("run-1", again)
    assert stored(db) == [judged, again]
    assert scalar(db, "SELECT count(*) FROM attempts") == 2


def test_other_runs_and_other_test_functions_are_apart(db: str) -> None:
    with Store.open(db) as store:
        for run_id in ("run-1", "run-2"):
            store.begin_run(run_info(run_id), {"test_task": 1, "test_agent": 1})
            assert store.record(run_id, outcome(0, "passed"))
            assert store.record(run_id, outcome(0, "assertion", test="test_agent"))
    assert [o.status for o in stored(db, "run-2")] == ["solved", "unsolved"]
    assert scalar(db, "SELECT tasks_planned FROM runs WHERE run_id = 'run-1'") == 2


def test_a_run_opens_and_closes(db: str) -> None:
    def row() -> tuple[object, ...]:
        with Store.open(db, read_only=True) as reader, reader.engine.connect() as connection:
            statement = "SELECT status, tasks_planned, finished_at IS NULL FROM runs"
            return tuple(connection.execute(text(statement)).one())

    with Store.open(db) as store:
        store.begin_run(run_info(), None)
        assert row() == ("running", None, 1)
        store.set_planned("run-1", 38)
        store.finish_run("run-1", "interrupted")
        assert row() == ("interrupted", 38, 0)
        store.resume_run("run-1")
        assert row() == ("running", 38, 1)
        store.resume_run("run-1", 40)
        store.finish_run("run-1", "finished")
        assert row() == ("finished", 40, 0)


def test_tallies(db: str) -> None:
    public = Verdict(kind="passed")
    with Store.open(db) as store:
        store.begin_run(run_info(), 3)
        store.record("run-1", outcome(0, "assertion passed", "passed", "syntax timeout"))
        store.record("run-1", outcome(1))
        repeated = (attempt(0, solution="x"), attempt(1, solution=" x\n", public_verdict=public))
        store.record("run-1", outcome(2, attempts=repeated))
    with Store.open(db, read_only=True) as store, store.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM tasks ORDER BY id")).mappings().all()
    wanted = [
        {"attempts": 5, "samples": 3, "samples_passed": 2, "first_passed": 1, "first_attempt_passed": 0}
        | {"distinct_solutions": 3, "verdict": "timeout", "prompt_tokens": 500, "completion_tokens": 100}
        | {"generation_seconds": 7.5, "execution_seconds": 1.25, "public_passed": 0},
        {"attempts": 0, "samples": 0, "samples_passed": 0, "first_attempt_passed": None, "verdict": None}
        | {"prompt_tokens": None, "completion_tokens": None, "generation_seconds": 0.0},
        {"distinct_solutions": 1, "public_passed": 1, "false_positives": 1, "verdict": "assertion"},
    ]
    for row, expected in zip(rows, wanted, strict=True):
        assert {name: row[name] for name in expected} == expected


def test_readers_see_what_a_writer_committed(db: str) -> None:
    with Store.open(db) as writer, Store.open(db) as other:
        writer.begin_run(run_info(), 1)
        other.begin_run(run_info("run-2"), 1)
        writer.record("run-1", outcome(0, "passed"))
        assert len(stored(db)) == 1
        other.record("run-2", outcome(0, "passed"))
    assert scalar(db, "PRAGMA integrity_check") == "ok"


def test_commits_survive_power_loss(db: str) -> None:
    with Store.open(db) as store:
        store.begin_run(run_info(), 1)
        with store.engine.connect() as connection:
            pragmas = [
                connection.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous")
            ]
    assert pragmas == ["wal", 2]


def test_write_that_fails_is_infra(db: str) -> None:
    with Store.open(db) as store:
        store.begin_run(run_info(), 1)
        with pytest.raises(InfraError, match="no run 'run-9'"):
            store.finish_run("run-9", "finished")
        with pytest.raises(InfraError, match=r"could not write to .*FOREIGN KEY"):
            store.record("run-9", outcome(0, "passed"))
        Path(db).unlink()
        with pytest.raises(InfraError, match="was removed while the session was writing"):
            store.record("run-1", outcome(0, "passed"))


def test_finished_run_is_the_latest_that_judged_every_task(db: str) -> None:
    whole, part, broken = (
        [outcome(0, "passed"), outcome(1, "syntax")],
        [outcome(0, "passed")],
        outcome(1, status="infra"),
    )
    key = run_info().config_key
    for run_id, started, outcomes in (
        ("old", "2026-01-01", whole),
        ("new", "2026-01-02", whole),
        ("partial", "2026-01-03", part),
        ("infra", "2026-01-04", [*part, broken]),
    ):
        write_run(Path(db), run_info(run_id, started_at=started), outcomes)
    write_run(Path(db), run_info("other", started_at="2026-01-05", samples=2), whole)
    with Store.open(db) as store:
        store.begin_run(run_info("open", started_at="2026-01-06"), 2)
        for made in whole:
            store.record("open", made)
        assert store.finished_run(key, 2) == "new"
        assert store.finished_run(key, 1) == "partial"
        assert store.finished_run(key, 3) is None
        assert store.finished_run("nokey", 2) is None


def test_a_second_look_at_a_store_lets_go_of_no_lock(tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    write_run(db, run_info("first"), [outcome(0, "passed")])
    with Store.open(str(db)) as store:
        store.begin_run(run_info("second"), 10)
        look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.close()"
        for number in range(40):
            # As the lease's thread does every half a minute; then somebody else looks in.
            with Store.open(str(db)) as lease:
                lease.set_planned("second", number)
            subprocess.run([sys.executable, "-c", look, str(db), "SELECT 1 FROM runs"], check=True)
            assert store.record("second", outcome(number, "passed", "timeout"))
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM tasks WHERE run_id = 'second'").fetchone() == (40,)
