import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.records import Task, TaskOutcome
from pytest_mcode.store import Store, read_outcomes, read_run
from pytest_mcode.store.samples import read_samples
from pytest_mcode.store.schema import VERSION
from tests.store.builders import outcome, run_info, write_run

Mcode = Callable[..., Any]

HUMANEVAL = Path(__file__).parents[2] / "../shared/data/HumanEval.jsonl.gz"
needs_humaneval = pytest.mark.skipif(not HUMANEVAL.exists(), reason=f"no {HUMANEVAL}")


def outcome_of(task: Task, *solutions: str | None, **changes: Any) -> TaskOutcome:
    """An outcome of `task` with a sample a solution."""
    kinds = ["no_solution" if solution is None else "passed" for solution in solutions]
    made = outcome(0, *kinds, task_id=task.task_id, task_fingerprint=task.fingerprint)
    attempts = tuple(
        replace(each, solution=solution, completion=f"```\n{solution}\n```")
        for each, solution in zip(made.attempts, solutions, strict=True)
    )
    return replace(made, attempts=attempts, **changes)


def exported(mcode: Mcode, db: Path, *arguments: object) -> list[dict[str, Any]]:
    result = mcode("export", *arguments, "--db", db)
    assert (result.status, result.err) == (0, "")
    return [json.loads(line) for line in result.out.splitlines()]


def smoke_tasks() -> list[Task]:
    return list(benchmarks.get("smoke").load(Source()).tasks)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = tmp_path / "results.db"
    tasks = smoke_tasks()
    debugged = replace(outcome_of(tasks[0], "x"), attempts=outcome(0, "assertion passed", "timeout").attempts)
    infra = outcome_of(tasks[2], "a", status="infra", error="gone")
    made = [outcome_of(tasks[1], None, "lone \ud800"), infra, debugged]
    write_run(db, run_info("smoke-run", benchmark="smoke", samples=2, debug_iters=1), made)
    return db


def test_samples_are_last_attempts(mcode: Mcode, db: Path) -> None:
    lines = exported(mcode, db, "smoke-run")
    assert {frozenset(line) for line in lines} == {
        frozenset(("task_id", "completion", "solution", "raw", "passed", "result"))
    }
    first, second = smoke_tasks()[:2]
    found = [(line["task_id"], line["passed"], line["result"]) for line in lines]
    expected = [
        (first.task_id, True, "passed"),
        (first.task_id, False, "timed out"),
        (second.task_id, False, "failed: no_solution: assert 1 == 2"),
        (second.task_id, True, "passed"),
    ]
    assert sorted(found) == sorted(expected)
    assert {line["raw"] for line in lines} >= {
        "```python\ndef f(): return 0, 1\n```",
        "```\nlone \ud800\n```",
    }
    assert "" in {line["solution"] for line in lines}


@needs_humaneval
def test_reference_evaluators_run_what_is_exported(mcode: Mcode, tmp_path: Path) -> None:
    """HumanEval appends ``completion`` to the prompt; EvalPlus runs ``solution`` alone."""
    db, file = tmp_path / "r.db", tmp_path / "samples.jsonl"
    tasks = benchmarks.get("humaneval").load(Source(dataset=str(HUMANEVAL))).tasks
    bare = [
        outcome_of(task, "from __future__ import annotations\n" + _entry_point_alone(task)) for task in tasks
    ]
    info = run_info("he-run")
    write_run(db, replace(info, settings={**info.settings, "dataset": str(HUMANEVAL)}), bare)
    assert mcode("export", "he-run", "--db", db, "-o", file).status == 0
    lines = {line["task_id"]: line for line in map(json.loads, file.read_text().splitlines())}
    assert len(lines) == 164
    for task in tasks:
        line = lines[task.task_id]
        exec(f"{task.prompt}{line['completion']}\n{task.test}", {})
        exec(f"{line['solution']}\n{task.test}", {})
    answers = read_samples(file)
    extract = benchmarks.get("humaneval").harness.extract
    for made, task in zip(bare, tasks, strict=True):
        raw = answers[task.task_id][0][0].completion
        assert raw == made.attempts[0].completion
        assert extract(raw, task) is not None


def _entry_point_alone(task: Task) -> str:
    assert task.canonical_solution is not None
    return task.canonical_solution.removeprefix(task.setup).lstrip("\n")


def test_trajectories_are_as_mini_swe_agent_writes_them(mcode: Mcode, tmp_path: Path) -> None:
    (made,) = outcome(0, "no_solution").attempts
    extra = {"agent": "mini", "ended": "step limit", "steps": [], "answers": [{}, {}]}
    turns = ({"role": "system", "content": "You type."}, {"role": "user", "content": "Mend it."})
    told = replace(made, solution=None, messages=turns, extra=extra)
    ended = replace(outcome(0, "no_solution"), task_id="psf__requests-9", attempts=(told,))
    write_run(tmp_path / "r.db", run_info("swe", benchmark="swebench-lite", harness="repositories"), [ended])
    (line,) = exported(mcode, tmp_path / "r.db", "swe", "--format", "trajectories")
    exit_turn = {"exit_status": "LimitsExceeded", "submission": ""}
    assert line["trajectory_format"] == "mini-swe-agent-1.1"
    assert line["messages"] == [*turns, {"role": "exit", "content": "", "extra": exit_turn}]
    assert line["info"]["exit_status"] == "LimitsExceeded"
    assert line["info"]["model_stats"] == {"instance_cost": 0.0, "api_calls": 2}
    assert line["info"]["config"]["model"]["model_name"] == "granite4:3b"


def test_predictions(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    made = [
        outcome(0, "unresolved", "passed", task_id="psf__requests-10"),
        replace(outcome(0, "no_solution", "passed"), task_id="psf__requests-9"),
    ]
    made[1] = replace(made[1], attempts=(replace(made[1].attempts[0], solution=None), made[1].attempts[1]))
    write_run(db, run_info("swe-run", benchmark="swebench-lite", harness="repositories"), made)
    first = exported(mcode, db, "swe-run", "--format", "predictions")
    assert first == [
        {"instance_id": "psf__requests-9", "model_name_or_path": "granite4:3b", "model_patch": ""},
        {
            "instance_id": "psf__requests-10",
            "model_name_or_path": "granite4:3b",
            "model_patch": "def f(): return 0, 0\n",
        },
    ]
    second = exported(mcode, db, "swe-run", "--format", "predictions", "--sample", 1)
    assert second[0]["model_patch"] == "def f(): return 1, 0\n"
    assert exported(mcode, db, "swe-run")[0]["solution"] == ""
    refused = mcode("export", "swe-run", "--format", "predictions", "--sample", 2, "--db", db)
    assert "--sample=2: run swe-run has no such sample of psf__requests-9; give 0" in refused.err


def test_csv_has_a_row_an_attempt(mcode: Mcode, db: Path) -> None:
    result = mcode("export", "smoke-run", "--format", "csv", "--db", db)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert len(rows) == 6
    infra = [row for row in rows if row["status"] == "infra"]
    assert [(row["error"], row["verdict"]) for row in infra] == [("gone", "passed")]
    assert {row["solution"] for row in rows} >= {"lone \\ud800", "", "def f(): return 0, 1\n"}
    debugged = [
        (row["sample"], row["iteration"], row["verdict"], row["seed"]) for row in rows if row["seed"] == "1"
    ]
    assert debugged == [("0", "1", "passed", "1")]


def test_task_without_attempts_has_a_row(mcode: Mcode, tmp_path: Path) -> None:
    write_run(tmp_path / "r.db", run_info(), [outcome(0, status="infra", error="nul \0")])
    result = mcode("export", "run-1", "--format", "csv", "--db", tmp_path / "r.db")
    (row,) = csv.DictReader(io.StringIO(result.out))
    assert (row["error"], row["sample"]) == ("nul \\x00", "")


def test_files_are_not_written_over(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    assert mcode("export", "smoke-run", "--db", db, "-o", file).out == ""
    before = file.read_bytes()
    again = mcode("export", "smoke-run", "--db", db, "-o", file)
    assert (again.status, file.read_bytes()) == (4, before)
    assert "out.jsonl is there already; remove it or give another path" in again.err
    nowhere = mcode("export", "smoke-run", "--db", db, "-o", tmp_path / "no" / "out.jsonl")
    assert "--output: cannot write" in nowhere.err


def test_dataset_must_be_what_it_was(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    task = smoke_tasks()[0]
    changed = replace(outcome_of(task, "x"), task_fingerprint="other")
    write_run(db, run_info("smoke-run", benchmark="smoke"), [changed])
    result = mcode("export", "smoke-run", "--db", db)
    assert result.status == 4
    assert f"{task.task_id} is not in data/HumanEval.jsonl.gz as run smoke-run had it" in result.err


def test_bad_input_is_one_message(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    with Store.open(str(db)) as store:
        store.begin_run(run_info("empty-run", benchmark="smoke"), 3)
    for arguments, message in (
        (["nosuch"], "no run 'nosuch'"),
        (["empty-run"], "run empty-run judged no task: there is nothing to export"),
        (
            ["smoke-run", "--format", "predictions"],
            "--format=predictions: run smoke-run is of smoke, whose tasks (functions) have no such format; "
            "use --format=samples or --format=csv",
        ),
    ):
        result = mcode("export", *arguments, "--db", db)
        assert (result.status, result.out) == (4, "")
        assert message in result.err
    unknown = mcode("export", "smoke-run", "--format", "xml", "--db", db)
    assert (unknown.status, unknown.out) == (4, "")
    assert "--format=xml: run smoke-run is of smoke" in unknown.err


def test_an_archive_is_the_whole_run(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    for name in ("run.jsonl", "run.jsonl.gz"):
        result = mcode("export", "smoke-run", "--format", "archive", "--output", tmp_path / name, "--db", db)
        assert (result.status, result.err) == (0, "")
        merged = mcode("merge", tmp_path / name, "--db", tmp_path / f"{name}.db")
        assert merged.out == f"{tmp_path / name}: 1 new runs, 3 new outcomes, 0 there already\n"
        with Store.open(str(db), read_only=True) as ours, Store.open(str(tmp_path / f"{name}.db")) as theirs:
            assert read_run(ours, "smoke-run") == read_run(theirs, "smoke-run")
            assert list(read_outcomes(ours, "smoke-run")) == list(read_outcomes(theirs, "smoke-run"))
        shown = [mcode("results", "--json", "--db", each).out for each in (db, tmp_path / name)]
        assert shown[0] == shown[1]
    assert (tmp_path / "run.jsonl.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_archives_can_be_put_together(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    write_run(db, run_info("another"), [outcome(0, "passed")])
    archives = [tmp_path / "smoke-run.gz", tmp_path / "another.gz"]
    for archive in archives:
        mcode("export", archive.stem, "--format", "archive", "--output", archive, "--db", db)
    both = tmp_path / "both.jsonl.gz"
    both.write_bytes(b"".join(archive.read_bytes() for archive in archives))
    assert mcode("merge", both, "--db", tmp_path / "new.db").out.endswith(
        ": 2 new runs, 4 new outcomes, 0 there already\n"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines[:2], b"{"], ", line 3: not a line that `mcode export --format archive`"),
        (lambda lines: [lines[0], b'{"outcome": {}}'], ", line 2: not a line that `mcode export"),
        (lambda lines: [*lines, *lines], " holds run smoke-run twice; put every archive into it once"),
        (
            lambda lines: [lines[0].replace(b'"schema":', b'"schema":9'), *lines[1:]],
            f"this pytest-mcode knows up to {VERSION}; upgrade pytest-mcode",
        ),
    ],
)
def test_a_spoilt_archive(
    mcode: Mcode, db: Path, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    archive = tmp_path / "run.jsonl"
    mcode("export", "smoke-run", "--format", "archive", "--output", archive, "--db", db)
    archive.write_bytes(b"\n".join(change(archive.read_bytes().splitlines())))
    result = mcode("merge", archive, "--db", tmp_path / "new.db")
    assert result.status == 4
    assert said in result.err
    assert not (tmp_path / "new.db").exists()


def test_an_archive_that_breaks_off(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    archive = tmp_path / "run.jsonl.gz"
    mcode("export", "smoke-run", "--format", "archive", "--output", archive, "--db", db)
    archive.write_bytes(archive.read_bytes()[:-20])
    result = mcode("results", "--db", archive)
    assert result.status == 4
    assert f"{archive} breaks off after line " in result.err
    assert "get a whole copy" in result.err


def test_an_archive_is_only_read(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    archive = tmp_path / "run.jsonl"
    mcode("export", "smoke-run", "--format", "archive", "--output", archive, "--db", db)
    result = mcode("merge", db, "--db", archive)
    assert result.status == 4
    assert f"{archive} is an archive, which is only read; `mcode merge {archive}`" in result.err
