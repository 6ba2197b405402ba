import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.store import Store, merging, read_outcomes, read_run
from pytest_mcode.store.notes import annotate
from pytest_mcode.store.queries import find_runs
from tests.store.builders import outcome, run_info, write_run
from tests.store.rich import restore

Mcode = Callable[..., Any]


def dump(db: Path) -> list[str]:
    """Everything but row keys and times of recording."""
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        query = (
            "SELECT * FROM tasks JOIN attempts ON attempts.task = tasks.id ORDER BY run_id, task_id, sample"
        )
        rows = [dict(row) for row in connection.execute(query)]
    return [
        str({name: value for name, value in row.items() if name not in ("id", "task", "recorded_at")})
        for row in rows
    ]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_run(tmp_path / "here.db", run_info("run-here"), [outcome(0, "passed"), outcome(1, "syntax passed")])
    return tmp_path / "here.db"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    write_run(tmp_path / "there.db", run_info("run-there", samples=2), [outcome(2, "passed", "timeout")])
    write_run(tmp_path / "there.db", run_info("run-more"), [outcome(0, "syntax")])
    return tmp_path / "there.db"


def test_runs_are_joined_and_merging_again_changes_nothing(mcode: Mcode, here: Path, there: Path) -> None:
    before = dump(here), dump(there)
    result = mcode("merge", there, "--db", here)
    assert (result.status, result.out) == (0, f"{there}: 2 new runs, 2 new outcomes, 0 there already\n")
    assert sorted(dump(here)) == sorted([*before[0], *before[1]])
    again = mcode("merge", there, there, "--db", here)
    assert again.out == f"{there}: 0 new runs, 0 new outcomes, 2 there already\n" * 2
    assert len(dump(here)) == 6
    assert dump(there) == before[1]
    with Store.open(str(here), read_only=True) as store:
        assert read_run(store, "run-there") == run_info("run-there", samples=2)
        assert list(read_outcomes(store, "run-there")) == [outcome(2, "passed", "timeout")]


def test_new_store_is_made(mcode: Mcode, here: Path, there: Path, tmp_path: Path) -> None:
    assert mcode("merge", here, there, "--db", tmp_path / "new" / "all.db").status == 0
    assert sorted(dump(tmp_path / "new" / "all.db")) == sorted([*dump(here), *dump(there)])


def test_one_run_of_two_machines_is_completed(mcode: Mcode, tmp_path: Path) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    with Store.open(str(first)) as store:
        store.begin_run(run_info("shared"), 4)
        store.record("shared", outcome(0, "passed"))
        store.record("shared", outcome(1, status="infra"))
        store.record("shared", outcome(2, "syntax"))
        store.finish_run("shared", "interrupted")
    resumed = [outcome(1, "passed"), outcome(2, "passed"), outcome(3, "passed"), outcome(0, status="infra")]
    write_run(second, run_info("shared"), resumed)
    result = mcode("merge", second, "--db", first)
    assert result.out.endswith("0 new runs, 2 new outcomes, 2 there already\n")
    with Store.open(str(first), read_only=True) as store:
        found = {each.task_id: each for each in read_outcomes(store, "shared")}
    assert {name: each.status for name, each in found.items()} == {
        "HumanEval/0": "solved",
        "HumanEval/1": "solved",
        "HumanEval/2": "unsolved",
        "HumanEval/3": "solved",
    }
    with closing(sqlite3.connect(first)) as connection:
        assert connection.execute("SELECT status, tasks_planned FROM runs").fetchall() == [("finished", 4)]


@pytest.mark.parametrize("older", ["here", "there"])
def test_stores_of_two_versions_are_joined(mcode: Mcode, tmp_path: Path, older: str) -> None:
    old = restore(tmp_path)
    new = tmp_path / "new.db"
    info = run_info("run-new", benchmark="numbers", harness="puzzles")
    write_run(new, info, [outcome(0, "passed")])
    here, there = (old, new) if older == "here" else (new, old)
    result = mcode("merge", there, "--db", here)
    assert (result.status, result.err) == (0, "")
    with Store.open(str(here), read_only=True) as store:
        runs = {run["run_id"][-6:]: run["harness"] for run in find_runs(store)}
    assert len(runs) == 26
    wanted = {"e00003": "repositories", "d00003": "functions", "un-new": "puzzles"}
    assert {name: runs[name] for name in wanted} == wanted


@pytest.mark.parametrize("change", [{"config_key": "k"}, {"started_at": "2026-01-01"}])
def test_two_runs_of_one_id_are_refused(
    mcode: Mcode, here: Path, tmp_path: Path, change: dict[str, str]
) -> None:
    clash = tmp_path / "clash.db"
    write_run(clash, run_info("run-aaa"), [outcome(0, "passed")])
    write_run(clash, run_info("run-here", **change), [outcome(5, "passed")])
    before = dump(here)
    result = mcode("merge", clash, "--db", here)
    assert result.status == 4
    assert "hold two different runs run-here" in result.err
    assert dump(here) == before


def test_bad_input_is_one_message(mcode: Mcode, here: Path, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    for name, message in (
        ("missing.db", "there is no"),
        ("text.db", "file is not a database"),
        (here, "is the store to merge into; name others"),
    ):
        result = mcode("merge", tmp_path / name, "--db", here)
        assert (result.status, result.out) == (4, "")
        assert message in result.err


def test_tags_and_notes_of_both_stores_are_kept(mcode: Mcode, here: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "there.db", run_info("run-here"), [outcome(0, "passed")])
    for db, tags, note in ((here, "baseline, paper", "ours"), (tmp_path / "there.db", "paper gpu", "theirs")):
        with Store.open(str(db)) as store:
            annotate(store, "run-here", tags=tags, note=note)
    for _ in range(2):
        assert mcode("merge", tmp_path / "there.db", "--db", here).status == 0
        (merged,) = json.loads(mcode("results", "--json", "--db", here).out)
        assert (merged["tags"], merged["note"]) == ("baseline paper gpu", "ours\ntheirs")
    shown = mcode("results", "--db", here).out
    assert "baseline paper gpu" in shown
    assert "theirs" in shown


def test_others_write_between_its_transactions_and_a_merge_that_is_cut_off_goes_on(
    mcode: Mcode, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "HELD_SECONDS", 0)
    monkeypatch.setattr(merging, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(merging, "AT_ONCE", 2)
    large = tmp_path / "large.db"
    write_run(large, run_info("run-large"), [outcome(number, "passed") for number in range(5)])
    heard: list[tuple[int, int]] = []

    def write(done: int, total: int) -> None:
        heard.append((done, total))
        with closing(sqlite3.connect(here, timeout=0)) as other, other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE runs SET note = ? WHERE run_id = 'run-here'", [f"{done}"])
        if done == 4:
            raise KeyboardInterrupt

    with Store.open(str(here)) as target, Store.open(str(large), read_only=True) as source:
        with pytest.raises(KeyboardInterrupt):
            merging.merge(target, source, write)
        assert heard == [(0, 5), (2, 5), (4, 5)]
        states = {run["run_id"]: run["status"] for run in find_runs(target)}
        assert states == {"run-here": "finished", "run-large": "interrupted"}
    again = mcode("merge", large, "--db", here)
    assert again.out == f"{large}: 0 new runs, 1 new outcomes, 4 there already\n"
    with Store.open(str(here), read_only=True) as store:
        assert len(list(read_outcomes(store, "run-large"))) == 5
        states = {run["run_id"]: (run["status"], run["note"]) for run in find_runs(store)}
    assert states == {"run-here": ("finished", "4"), "run-large": ("finished", "")}


def test_progress_is_told_with_the_time_that_is_left(
    mcode: Mcode, here: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["pytest_mcode.cli.merge"], "EVERY_SECONDS", 0)
    result = mcode("merge", there, "--db", here)
    assert result.err.splitlines()[-1] == f"{there}: 2 of 2 outcomes, 0 s left"
