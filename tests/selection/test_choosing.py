"""Selection among samples through the front door: in a session, and after the fact by `mcode select`."""

import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.records import Task
from pytest_mcode.store import Store
from tests.cli.conftest import mcode as mcode  # the fixture
from tests.servers import OllamaServer, Reply
from tests.session_support import MCODE
from tests.store.builders import outcome, run_info, write_run

Mcode = Callable[..., Any]

DOUBLE = "def double(n):\n    return 2 * n\n"
SQUARE = "def double(n):\n    return n * n\n"
SUM = "def double(n):\n    return n + n\n"
NOISY = "def double(n):\n    print('noise' * 2000)\n    return n + n\n"
LIES = "def double(n):\n    raise AssertionError('mcode-0 n4 n4 n4')\n"
EXITS = "import os\ndef double(n):\n    os._exit(0)\n"
HANGS = "def double(n):\n    while n > 2:\n        pass\n    return 2 * n\n"
TASKS: list[dict[str, Any]] = [
    {
        "task_id": "own/shown",
        "prompt": "Write double(n).",
        "test": "assert double(2) == 4\nassert double(5) == 10",
        "public_test": "assert double(2) == 4",
        "canonical_solution": DOUBLE,
    },
    {
        "task_id": "own/hidden",
        "prompt": "Write double(n).",
        "test": "assert double(3) == 6",
        "canonical_solution": DOUBLE,
    },
    {
        "task_id": "own/judging",
        "prompt": "Write double(n): double(3) is 6.",
        "test": "assert double(3) == 6",
        "public_test": "assert double(3) == 6",
        "canonical_solution": DOUBLE,
    },
]
SAMPLES = {
    "own/shown": [SQUARE, LIES, EXITS, SQUARE, DOUBLE, SUM, NOISY],
    "own/hidden": [DOUBLE, *[SQUARE] * 6],
    "own/judging": [LIES, SQUARE, SQUARE, DOUBLE, EXITS, LIES, LIES],
}


def session(folder: Path, *arguments: str) -> str:
    """Run one in a process of its own, as in-process ones load libraries that cannot be loaded twice."""
    command = [*MCODE, *SESSION, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "results.db")) as connection:
        return connection.execute(query).fetchall()


def write(folder: Path) -> None:
    lines = (json.dumps(task) for task in TASKS)
    (folder / "own.jsonl").write_text("\n".join(lines))
    answers = ({"task_id": task, "solution": text} for task, texts in SAMPLES.items() for text in texts)
    (folder / "answers.jsonl").write_text("\n".join(json.dumps(answer) for answer in answers))


SESSION = (
    "bench",
    "own.jsonl",
    *("--backend", "replay", "--replay", "answers.jsonl", "--sandbox", "process", "--db", "results.db"),
)
CHOICES = (
    "SELECT task_id, by, sample, passed, choices.reason FROM choices JOIN tasks ON choices.task = tasks.id "
    "ORDER BY tasks.id, by"
)


def test_a_session_chooses_and_a_command_adds_to_it(
    tmp_path: Path, mcode: Mcode, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    said = session(tmp_path, "--select", "vote", "--", "-n", "1")
    handed_in = "66.7% handed in right (2/3), some sample solves 100.0% (3/3); choosing took 10 runs"
    assert f"\nselection  by vote: {handed_in}\n" in said
    # Five samples answer; three of them alike, however they are written and whatever they print.
    assert rows(tmp_path, CHOICES) == [
        ("own/shown", "vote", 4, 1, "3 of 7 samples agree on 15 inputs"),
        ("own/hidden", "vote", 0, 1, "the prompt shows no input to run samples on: the first sample"),
        ("own/judging", "vote", 1, 0, "2 of 7 samples agree on 17 inputs"),
    ]
    assert rows(tmp_path, "SELECT status FROM tasks") == [("solved",)] * 3
    first = rows(tmp_path, "SELECT * FROM choices WHERE by = 'vote'")

    monkeypatch.chdir(tmp_path)
    found = json.loads(mcode("select", "latest", "--db", "results.db", "--json").out)
    assert rows(tmp_path, "SELECT * FROM choices WHERE by = 'vote'") == first
    with pytest_mcode.results.open("results.db") as results:
        assert results.run("latest").selection() == found
        choices = results.run("latest").task("own/shown").choices
    assert choices[0].details["groups"] == [[0, 3], [4, 5, 6]]
    by = {way["by"]: way for way in found["ways"]}
    assert [(name, way["rate"], way["missed"]) for name, way in by.items()] == [
        ("first", pytest.approx(1 / 3), ["own/shown", "own/judging"]),
        ("public", pytest.approx(2 / 3), ["own/shown"]),
        ("vote", pytest.approx(2 / 3), ["own/judging"]),
    ]
    assert all(way["coverage"] == 1 for way in by.values())
    for way in by.values():
        assert way["rate"] + way["gap"] == pytest.approx(way["coverage"])
        assert way["rate_low"] < way["rate"] < way["rate_high"]
    chance = (3 / 7 + 1 / 7 + 1 / 7) / 3
    assert found["by_chance"]["rate"] == pytest.approx(chance)
    over = by["vote"]["over_first"]
    assert (over["difference"], over["only_a"], over["only_b"]) == (pytest.approx(1 / 3), 1, 0)
    # `public` runs samples up to the first that passes, 1 and 3; `vote` distinct solutions, 6 and 4.
    assert [by[name]["executions"] for name in by] == [0, 4, 10]
    assert found["warnings"] == ["public: at 1 of 3 tasks the prompt shows the judging tests themselves"]
    again = rows(tmp_path, CHOICES)
    mcode("select", "latest", "--by", "vote", "--again", "--db", "results.db")
    assert rows(tmp_path, CHOICES) == again

    table = " ".join(mcode("select", "latest", "--db", "results.db").out.split())
    assert "chosen by tasks handed in right lost of coverage beside first took" in table
    assert "judge 3 100.0%" in table
    shown = mcode("show", "latest", "own/shown", "--db", "results.db").out
    assert "chosen by vote: sample 4, which passes: 3 of 7 samples agree on 15 inputs" in shown


def answer(body: dict[str, Any]) -> Reply:
    said = body["messages"][0]["content"]
    assert "Do not solve this task" in said
    assert ("assert double(2) == ..." in said) or ("assert double(3) == ..." in said) or "double(...)" in said
    lines = [
        "assert double(2) == 4",
        "assert double(3) == 6, 'three'",
        "assert double(-1) == -2",
        "assert double(__import__('os').getpid()) == 1",
        "assert open('/etc/passwd')",
        "while True: pass",
    ]
    return Reply("```python\n" + "\n".join(lines) + "\n```", prompt_tokens=50, completion_tokens=30)


def test_tests_that_a_model_writes(tmp_path: Path, mcode: Mcode, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    session(tmp_path)
    with OllamaServer(answer) as server:
        model = ("--model", server.model, "--backend", "ollama", "--base-url", server.url)
        result = mcode("select", "latest", "--by", "tests", *model, "--db", "results.db", "--json")
    assert (result.status, result.err) == (0, "")
    (way,) = json.loads(result.out)["ways"]
    # Consensus sets of own/hidden: one sample passes 3 tests, six pass the one of which n * n == 2 * n.
    assert rows(tmp_path, CHOICES) == [
        ("own/shown", "tests", 4, 1, "3 of 7 samples pass the same 3 of 3 tests"),
        ("own/hidden", "tests", 1, 0, "6 of 7 samples pass the same 1 of 3 tests"),
        ("own/judging", "tests", 3, 1, "1 of 7 samples pass the same 3 of 3 tests"),
    ]
    assert (way["prompt_tokens"], way["completion_tokens"]) == (3 * 3 * 50, 3 * 3 * 30)
    assert len({body["options"]["seed"] for body in server.requests}) == 9


def test_a_vote_on_inputs_that_a_model_proposes(
    tmp_path: Path, mcode: Mcode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its tests expect is not looked at, and a prompt that shows no input is no hindrance."""
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    session(tmp_path)
    with OllamaServer(answer) as server:
        model = ("--model", server.model, "--backend", "ollama", "--base-url", server.url)
        result = mcode("select", "latest", "--by", "vote-model", *model, "--db", "results.db", "--json")
    assert (result.status, result.err) == (0, "")
    (way,) = json.loads(result.out)["ways"]
    # Of the three inputs 2 is shown to own/shown, 3 to own/judging.
    found = {row[0]: row for row in rows(tmp_path, CHOICES)}
    assert found["own/hidden"] == ("own/hidden", "vote-model", 1, 0, "6 of 7 samples agree on 3 inputs")
    assert found["own/shown"][2:4] == (4, 1)
    assert (way["prompt_tokens"], way["completion_tokens"]) == (3 * 3 * 50, 3 * 3 * 30)
    assert way["executions"] == 6 + 2 + 4
    details = json.loads(
        rows(
            tmp_path,
            "SELECT details FROM choices JOIN tasks ON choices.task = tasks.id WHERE task_id = 'own/hidden'",
        )[0][0]
    )
    assert details == {"groups": [[0], [1, 2, 3, 4, 5, 6]], "inputs": 3}


def test_a_solution_that_hangs_keeps_what_it_answered(
    tmp_path: Path, mcode: Mcode, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_mcode.harnesses.functions import evaluating
    from pytest_mcode.harnesses.functions.harness import FUNCTIONS
    from pytest_mcode.sandboxes import Limits
    from pytest_mcode.sandboxes.process import ProcessSandbox

    monkeypatch.setattr(evaluating, "SECONDS", 0.5)
    task = Task(task_id="t", prompt="", test="", entry_points=("double",))
    sandbox = ProcessSandbox(Limits(timeout=20))
    try:
        expressions = ["double(1)", "double(2) == 4.0", "double(7)", "double(1)"]
        found = FUNCTIONS.evaluate(task, HANGS, expressions, sandbox)
        assert found.values == ("n2", "n1", "!time", None)
        assert FUNCTIONS.evaluate(task, EXITS, expressions, sandbox).values == ("!Ended", *[None] * 3)
        assert FUNCTIONS.evaluate(task, "def other(): pass", expressions, sandbox).values == (None,) * 4
        assert FUNCTIONS.evaluate(task, LIES, expressions, sandbox).values == ("!AssertionError",) * 4
    finally:
        sandbox.close()


def test_what_leaves_no_choice(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    write_run(db, run_info("one-sample"), [outcome(0, "passed")])
    write_run(db, run_info("stops-early", samples=5), [outcome(0, "passed")])
    many = {"samples": 2, "all_samples": True}
    write_run(db, run_info("all-infra", **many), [outcome(0, "passed", "passed", status="infra")])
    write_run(db, run_info("two-each", **many), [outcome(0, "passed", "assertion")])
    write_run(db, run_info("a-repository", **many, harness="repositories"), [outcome(0, "passed", "passed")])
    write_run(db, run_info("another", **many, harness="elsewhere"), [outcome(0, "passed", "passed")])
    write_run(
        db, run_info("own-solver", **many), [outcome(0, "passed"), outcome(1, "assertion", "assertion")]
    )
    for run, arguments, message in (
        (
            "one-sample",
            (),
            "run one-sample has one sample a task, which leaves no choice: run with --samples of 2 or more "
            "and --all-samples",
        ),
        (
            "stops-early",
            (),
            "run stops-early stopped sampling at the first pass, so the judge decided what there is to "
            "choose from: run with --all-samples",
        ),
        ("all-infra", (), "run all-infra has judged no task: there is nothing to choose from"),
        (
            "two-each",
            ("--by", "best"),
            "--by: 'best' is not allowed; give first, public, vote, vote-model, tests",
        ),
        (
            "two-each",
            ("--by", "tests", "--backend", "gold"),
            "--by tests: a model writes tests for it, and the run's backend gold asks none: give --model and "
            "--backend",
        ),
        (
            "a-repository",
            ("--by", "vote"),
            "--by vote: samples of humaneval (repositories) cannot be run on inputs of one's own; "
            "give first or public",
        ),
        (
            "another",
            (),
            "run another: its harness 'elsewhere' is not known here; stand where its conftest.py is",
        ),
        (
            "own-solver",
            (),
            "run own-solver: tasks that passed were given 1.0 samples on average, 2.0 to the others: "
            "make as many samples of every task",
        ),
    ):
        result = mcode("select", run, *arguments, "--db", db)
        assert (result.status, result.err) == (4, f"ERROR: {message}\n")


def test_a_dataset_that_has_changed_is_refused(mcode: Mcode, tmp_path: Path) -> None:
    write(tmp_path)
    db, dataset = tmp_path / "results.db", str(tmp_path / "own.jsonl")
    info = run_info("changed", benchmark=dataset, samples=2, all_samples=True, dataset=dataset)
    other = outcome(0, "passed", "passed")
    write_run(db, info, [other.__class__(**{**vars(other), "task_id": "own/shown"})])
    result = mcode("select", "latest", "--by", "first", "--db", db)
    assert result.err == (
        f"ERROR: task own/shown of run changed is not in {dataset} as it was judged (fingerprint): give the "
        "revision of the dataset that the run had\n"
    )
    with Store.open(str(db), read_only=True) as store:
        assert store.engine.connect().exec_driver_sql("SELECT count(*) FROM choices").scalar() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--samples", "3"],
            "--mcode-select=vote chooses among samples: give --mcode-samples of 2 or more and "
            "--mcode-all-samples",
        ),
        (
            ["--samples", "3", "--all-samples", "--select", "tests"],
            "--mcode-select=tests: a model writes the tests, and --mcode-backend=gold asks none; choose "
            "afterwards: mcode select RUN --by tests --model ID --backend NAME",
        ),
    ],
)
def test_sessions_that_cannot_choose(mcode: Mcode, arguments: list[str], message: str) -> None:
    result = mcode("bench", "smoke", "--backend", "gold", "--select", "vote", *arguments)
    assert (result.status, message in result.err) == (4, True)
    repositories = mcode("bench", "swebench-lite", "--backend", "gold", "--select", "vote")
    assert (
        "--mcode-select=vote: samples of swebench-lite (repositories) cannot be run on inputs of one's own; "
        "give first or public" in repositories.err
    )
