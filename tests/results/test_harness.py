"""What tasks are is read from the run's harness, never guessed from a benchmark's name."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.store import schema
from tests.cli.conftest import mcode as mcode
from tests.session_support import MCODE, rows
from tests.store.builders import outcome, run_info, write_run

Mcode = Callable[..., Any]
SETUP = "from math import pi"
TASKS = [
    {
        "task_id": f"area-{number}",
        "prompt": "Write area(r).",
        "entry_point": "area",
        "setup": SETUP,
        "test": f"assert area({number}) == {number}**2 * 3.141592653589793",
        "canonical_solution": "def area(r):\n    return r**2 * pi\n",
    }
    for number in (1, 2)
]


def test_function_tasks_of_a_benchmark_with_such_a_name_are_functions(pytester: pytest.Pytester) -> None:
    def told(*arguments: str, status: int = 0) -> str:
        result = pytester.run(*MCODE, *arguments, "--db=results.db")
        assert result.ret == status
        return f"{result.stdout}\n{result.stderr}"

    Path("swebench-mini.jsonl").write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    for seed in (0, 1):
        pytester.runpytest_subprocess(
            "--mcode-benchmark=swebench-mini.jsonl",
            "--mcode-backend=gold",
            "--mcode-sandbox=process",
            "--mcode-db=results.db",
            f"--mcode-seed={seed}",
        ).assert_outcomes(passed=2)
    runs = rows(pytester, "SELECT run_id, harness FROM runs ORDER BY run_id")
    assert {harness for _, harness in runs} == {"functions"}
    (first, _), (second, _) = runs
    lines = [json.loads(line) for line in told("export", first).splitlines() if line.strip()]
    assert [line["task_id"] for line in lines] == ["area-1", "area-2"]
    for line in lines:
        assert line["solution"].startswith(f"{SETUP}\n\n")
        assert SETUP not in line["completion"]
        exec(f"{line['solution']}\nassert area(0) == 0", {})
    found = json.loads(told("compare", first, second, "--json"))
    assert (found["tasks"], found["clusters"], found["clustered_low"]) == (2, None, None)
    refused = told("export", first, "--format", "predictions", status=4)
    assert "whose tasks (functions) have no such format" in refused
    assert "\nsandbox " in told("show", first)


@pytest.fixture
def puzzles(tmp_path: Path) -> Path:
    """A store whose runs have a harness that a conftest.py elsewhere brought."""
    db = tmp_path / "results.db"
    for name, kinds in (("run-one", "passed assertion"), ("run-two", "assertion assertion")):
        info = run_info(name, benchmark="numbers", harness="puzzles", debug_iters=1, model=f"{name}:1b")
        settings = {**info.settings, "feedback": "public", "temperature": None}
        made = [outcome(number, kind) for number, kind in enumerate(kinds.split())]
        write_run(db, replace(info, settings=settings), made)
    return db


def test_runs_of_an_unknown_harness_are_shown_and_compared(mcode: Mcode, puzzles: Path) -> None:
    assert "feedback=public" in mcode("results", "--db", puzzles).out
    assert "debug_iters" in mcode("show", "run-one", "--db", puzzles).out
    found = json.loads(mcode("compare", "run-one", "run-two", "--db", puzzles, "--json").out)
    assert (found["tasks"], found["difference"], found["clusters"]) == (2, 0.5, None)


def test_runs_of_an_unknown_harness_are_exported_as_they_are(mcode: Mcode, puzzles: Path) -> None:
    exported = mcode("export", "run-one", "--db", puzzles)
    assert (exported.status, exported.err) == (0, "")
    first, second = map(json.loads, exported.out.splitlines())
    assert first == {
        "task_id": "HumanEval/0",
        "completion": "def f(): return 0, 0\n",
        "solution": "def f(): return 0, 0\n",
        "raw": "```python\ndef f(): return 0, 0\n```",
        "passed": True,
        "result": "passed",
    }
    assert second["result"] == "failed: assertion: assert 1 == 2"
    assert mcode("export", "run-one", "--format", "csv", "--db", puzzles).out.count("\n") >= 3
    refused = mcode("export", "run-one", "--format", "predictions", "--db", puzzles)
    assert (refused.status, refused.out) == (4, "")
    assert (
        "--format=predictions: run run-one is of numbers, whose tasks (puzzles) have no such format; "
        "use --format=samples or --format=csv" in refused.err
    )


def test_runs_of_an_unknown_harness_are_reported(mcode: Mcode, puzzles: Path, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert", reason="needs the extra `report`")
    page = tmp_path / "r.html"
    assert mcode("report", "run-one", "run-two", "--db", puzzles, "-o", page).status == 0
    assert "A did better on 1, B on 0" in page.read_text()


KINDS = ("prompt", "completion")


def test_a_session_goes_on_with_a_run_of_version_1(pytester: pytest.Pytester) -> None:
    gold = ["--mcode-benchmark=smoke", "--mcode-backend=gold", "--mcode-sandbox=process"]
    gold += ["--mcode-db=results.db"]
    pytester.runpytest_subprocess(*gold, "-x", "--mcode-limit=3").assert_outcomes(passed=3)
    with closing(sqlite3.connect("results.db")) as connection:
        for added in (
            *(f"runs.{name}" for name in ("harness", "tags", "note")),
            "tasks.passed_in_process",
            "attempts.cpu_seconds",
            "attempts.wall_seconds",
            *(f"tasks.{name}" for name in ("repeats", "repeat_tokens")),
            *(f"attempts.{name}" for name in ("repeat_of", "examples")),
            *(f"{table}.helper_{name}_tokens" for table in ("tasks", "attempts") for name in KINDS),
        ):
            connection.execute("ALTER TABLE {} DROP COLUMN {}".format(*added.split(".")))
        for table in ("choices", "shards"):
            connection.execute(f"DROP TABLE {table}")
        for index in ("tasks_by_status", "attempts_passed_in_containers"):
            connection.execute(f"DROP INDEX {index}")
        connection.execute("UPDATE mcode_schema SET version = 1")
        connection.execute("UPDATE runs SET status = 'interrupted'")
        connection.execute("DELETE FROM attempts WHERE task = (SELECT max(id) FROM tasks)")
        connection.execute("DELETE FROM tasks WHERE id = (SELECT max(id) FROM tasks)")
        connection.commit()
    result = pytester.runpytest_subprocess(*gold, "--mcode-limit=3", "--mcode-resume")
    result.stdout.fnmatch_lines(["*resumed: 2 tasks were judged by an earlier session*"])
    assert rows(pytester, "SELECT version FROM mcode_schema") == [(schema.VERSION,)]
    assert rows(pytester, "SELECT harness, status FROM runs") == [("functions", "finished")]
    with pytest_mcode.results.open(pytester.path / "results.db") as results:
        assert [each["solved"] for each in results.runs().figures()] == [3]
