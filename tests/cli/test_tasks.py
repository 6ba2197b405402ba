"""`mcode tasks`: items across runs, and near-duplicates between benchmarks."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.records import TaskOutcome, fingerprint
from tests.store.builders import outcome, run_info, write_run

Mcode = Callable[..., Any]
STRONG = {"model": "strong:7b", "model_digest": "sha256:777"}


def outcomes(*samples: str) -> list[TaskOutcome]:
    """A task for each text: a letter a sample, `+` passed, `-` not; `i` infra, a space none."""
    return [
        outcome(number, *({"+": "passed"}.get(letter, "assertion") for letter in text), **_status(text))
        for number, text in enumerate(samples)
        if text != " "
    ]


def _status(text: str) -> dict[str, Any]:
    return {"status": "infra"} if text == "i" else {}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = tmp_path / "results.db"
    write_run(db, run_info("weak-one"), outcomes("+", "-", "-", "+", "i", "+"))
    write_run(db, run_info("weak-two", seed=1), outcomes("+", "-", "+", "+", "i", "+"))
    many = outcomes("++++", "----", "+++-", "----", "++++", " ")
    write_run(db, run_info("strong-1", samples=4, all_samples=True, **STRONG), many)
    return db


def items(mcode: Mcode, db: Path, *arguments: object) -> dict[str, Any]:
    result = mcode("tasks", *arguments, "--db", db, "--json")
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_shares_by_configuration(mcode: Mcode, db: Path) -> None:
    found = items(mcode, db, "humaneval")
    assert [each["run_ids"] for each in found["configurations"]] == [["weak-one", "weak-two"], ["strong-1"]]
    assert [(each["shares"], each["spread"]) for each in found["tasks"]] == [
        ([1.0, 1.0], 0.0),
        ([0.0, 0.0], 0.0),
        ([0.5, 0.75], 0.25),
        ([1.0, 0.0], 1.0),
        ([None, 1.0], None),
        ([1.0, None], None),
    ]
    assert found["never"] == ["HumanEval/1"]
    assert found["always"] == [f"HumanEval/{number}" for number in (0, 4, 5)]
    with pytest_mcode.results.open(db) as results:
        assert results.runs(benchmark="humaneval").items() == found


def test_equal_solutions_with_other_verdicts_are_flaky(mcode: Mcode, db: Path) -> None:
    found = {each["task_id"]: each["flaky"] for each in items(mcode, db)["tasks"]}
    # Equal samples of the builder are equal solutions: those of tasks 2 and 3 passed once and failed once.
    assert found == {f"HumanEval/{number}": int(number in (2, 3)) for number in range(6)}
    write_run(db, run_info("other-limit", timeout=1.0), outcomes("-"))
    assert not items(mcode, db)["tasks"][0]["flaky"]


def test_table(mcode: Mcode, db: Path) -> None:
    result = mcode("tasks", "--db", db)
    assert "A  humaneval@" in result.out
    assert "granite4:3b (ollama), n=1 (weak-one, weak-two)" in " ".join(result.out.split())
    assert "by nobody 1: HumanEval/1" in " ".join(result.out.split())
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert lines[-4:] == [
        "task A B spread flaky",
        "HumanEval/3 100 0 100 1",
        "HumanEval/2 50 75 25 1",
        "2 of 6 tasks; --all prints the others, --json all figures.",
    ]
    assert "HumanEval/5 100 – –" in " ".join(mcode("tasks", "--all", "--db", db).out.split())
    one = mcode("tasks", "--run", "strong-1", "--db", db).out
    assert "HumanEval/2 75 –" in " ".join(one.split())


def test_what_cannot_be_told(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    assert "BENCHMARK: no run with 'foo' in the store; there" in mcode("tasks", "foo", "--db", db).err
    write_run(db, run_info("mbpp-run", benchmark="mbpp"), [replace(outcome(0, "passed"), task_id="Mbpp/11")])
    refused = mcode("tasks", "--db", db)
    names = f"humaneval@{fingerprint('humaneval')[:7]}, mbpp@{fingerprint('mbpp')[:7]}"
    assert (refused.status, refused.out) == (4, "")
    assert refused.err == (
        f"ERROR: the runs are of several datasets ({names}); name one benchmark, or --run\n"
    )
    write_run(tmp_path / "none.db", run_info("nothing"), outcomes("i", "i"))
    nothing = mcode("tasks", "--db", tmp_path / "none.db")
    assert nothing.err == ("ERROR: no run here has judged a task; see `mcode results` for runs that have\n")


def rows(*tasks: tuple[str, str, str]) -> str:
    lines = (
        {"task_id": name, "prompt": prompt, "test": "assert f(1) == 2", "canonical_solution": solution}
        for name, prompt, solution in tasks
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_near_duplicates(mcode: Mcode, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.jsonl", tmp_path / "other.jsonl"
    plus = "def f(number):\n    return number + 1"
    mine.write_text(
        rows(
            ("mine/1", "Write a function f that adds one to a number.", plus),
            ("mine/2", "Return the successor of an integer.", plus),
            (
                "mine/3",
                "Sort all the words of a sentence by length.",
                "def f(text):\n    return sorted(text)",
            ),
        )
    )
    other.write_text(
        rows(("other/9", "Write a function f that adds one to a number!", plus.replace("number", "n")))
    )
    result = mcode("tasks", mine, "--near", other, "--json")
    found = json.loads(result.out)
    assert found["repeated"] == ["mine/1"]
    first, second, third = found["pairs"]
    assert (first["task_id"], first["other"], first["prompt"]) == ("mine/1", "other/9", 1.0)
    assert second["similarity"] < 0.8
    assert third["similarity"] == 0
    table = mcode("tasks", mine, "--near", other)
    assert "1 of 3 tasks of" in table.out
    assert "By words in a row, not by meaning" in table.out

    itself = mcode("tasks", mine, "--near", mine, "--json")
    assert json.loads(itself.out)["repeated"] == ["mine/1", "mine/2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--near", "mbpp"], "--near: name a benchmark too, as in `mcode tasks mbpp --near demonstrations`"),
        (["--dataset", "x.jsonl"], "--dataset and --near-dataset say where --near finds tasks; add --near"),
        (
            ["smoke", "--near", "demonstrations"],
            "--near: smoke names no demonstrations; name another benchmark",
        ),
    ],
)
def test_bad_input(mcode: Mcode, arguments: list[str], message: str) -> None:
    result = mcode("tasks", *arguments)
    assert (result.status, result.err) == (4, f"ERROR: {message}\n")


def test_one_task_is_near_none(mcode: Mcode, tmp_path: Path) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text(rows(("mine/1", "Add one to a number.", "def f(number):\n    return number + 1")))
    result = mcode("tasks", mine, "--near", mine)
    assert result.err == f"ERROR: --near: {mine} has no other task; name another benchmark\n"
