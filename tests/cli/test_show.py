import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.records import Message, Verdict
from pytest_mcode.settings import Settings
from tests.store.builders import attempt, outcome, run_info, write_run

Mcode = Callable[..., Any]

ASKED: Message = {"role": "user", "content": "Write f. [red]no markup[/red] \x1b[2J"}
ANSWER: Message = {"role": "assistant", "content": "```python\ndef f(n): return n\n```"}
FEEDBACK: Message = {"role": "user", "content": "It failed: assert f(2) == 4"}
FIRST = attempt(messages=[ASKED], completion=ANSWER["content"], solution="def f(n):\n    return n\n")
REPAIR = attempt(
    0,
    1,
    "passed",
    messages=[ASKED, ANSWER, FEEDBACK],
    completion="lone \ud800, bell \x07",
    reasoning="let me think",
    solution="def f(n):\n    return 2 * n\n",
    public_verdict=Verdict(kind="passed", message="three doctests"),
)
OTHER = attempt(1, messages=[ASKED], solution=None, verdict=Verdict(kind="timeout", message="60 s"))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    db = tmp_path_factory.mktemp("show") / "results.db"
    info = run_info(
        "20260801-100000-aaaaaa", debug_iters=1, samples=2, environment={"versions": {"mellea": "0.8"}}
    )
    outcomes = [
        outcome(10, "syntax syntax", "assertion syntax"),
        outcome(0, attempts=(FIRST, REPAIR, OTHER), status="solved"),
        outcome(2, status="infra", error="connection refused"),
        outcome(9, "syntax syntax", "syntax timeout"),
    ]
    write_run(db, info, outcomes)
    return db


def test_run_page(mcode: Mcode, db: Path) -> None:
    result = mcode("show", "latest", "--db", db)
    shown = " ".join(result.out.split())
    for part in (
        "solved 1/3: 33.3% [6.1, 79.2]",
        "0 0.0% [0.0, 56.1] 1 120 1.5 1.75 1 33.3% [6.1, 79.2] 2 240 3 3.5",
        "Costs: of a sample, with its repairs up to then.",
        "after assertion 1 of 2 repairs passed",
        "after syntax 0 of 3 repairs passed",
        "600 tokens for 5 repairs, 600 a repaired sample",
        "debug_iters 1",
        "versions.mellea 0.8",
        "model.quantization Q4_K_M",
        "infra (1) HumanEval/2",
        "unsolved, syntax (1) HumanEval/10",
        "unsolved, timeout (1) HumanEval/9",
        "HumanEval/2 connection refused",
    ):
        assert part in shown


def test_a_missing_number_among_many_is_told_the_range(mcode: Mcode, tmp_path: Path) -> None:
    write_run(tmp_path / "r.db", run_info("many-tasks"), [outcome(number, "passed") for number in range(20)])
    result = mcode("show", "latest", "HumanEval/99", "--db", tmp_path / "r.db")
    assert "no task 'HumanEval/99'; its 20 such tasks go from HumanEval/0 to HumanEval/19" in result.err


def test_settings_that_the_run_had_no_use_for_are_left_out(mcode: Mcode, tmp_path: Path) -> None:
    for name, given in (
        ("functions", {"benchmark": "humaneval", "backend": "gold", "sandbox": "process"}),
        ("repositories", {"benchmark": "swebench-lite", "model": "m:7b", "retrieval": True}),
    ):
        info = run_info(name, benchmark=given["benchmark"], harness=name)
        settings = Settings.build(given).to_dict()
        write_run(tmp_path / f"{name}.db", replace(info, settings=settings), [outcome(0, "passed")])
    functions, repositories = (
        mcode("show", "latest", "--db", tmp_path / f"{name}.db").out.partition("environment")[0]
        for name in ("functions", "repositories")
    )
    repository_options = ("max_steps", "namespace", "arch", "network", "retrieval_source")
    for name in (*repository_options, "image", "isolation", "request_timeout", "retrieval_k", "margin"):
        assert f"\n{name} " not in functions
    assert "\nmem_limit " in functions
    for name in ("image", "retrieval_k"):
        assert f"\n{name} " not in repositories
    for name in ("sandbox", "max_steps", "retrieval_source", "request_timeout"):
        assert f"\n{name} " in repositories


def test_run_as_json(mcode: Mcode, db: Path) -> None:
    loaded = json.loads(mcode("show", "aaaaaa", "--db", db, "--json").out)
    assert [task["task_id"] for task in loaded["tasks"]] == [f"HumanEval/{i}" for i in (0, 2, 9, 10)]
    assert loaded["environment"] == {"versions": {"mellea": "0.8"}}
    (result,) = loaded["results"]
    assert result["solved"] == 1
    assert [point["rate"] for point in result["debugging"]["curve"]] == [0, pytest.approx(1 / 3)]


def test_task_page(mcode: Mcode, db: Path) -> None:
    shown = mcode("show", "latest", "HumanEval/0", "--db", db).out
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[0] == "HumanEval/0 in 20260801-100000-aaaaaa, test_task: solved"
    assert lines.count("  Write f. [red]no markup[/red] \\x1b[2J") == 2
    for line in (
        "prompt: the 1 messages before, and",
        "  It failed: assert f(2) == 4",
        "  let me think",
        "  lone \\ud800, bell \\x07",
        "  -    return n",
        "  +    return 2 * n",
        "public verdict: passed",
        "  three doctests",
        "verdict: timeout",
        "  60 s",
    ):
        assert line in lines
    assert "\x1b" not in shown


def test_task_as_json_is_whole(mcode: Mcode, db: Path) -> None:
    loaded = json.loads(mcode("show", "latest", "HumanEval/0", "--db", db, "--json").out)
    made = loaded["outcomes"][0]["attempts"][1]
    assert made["completion"] == REPAIR.completion
    assert made["messages"] == list(REPAIR.messages)
    assert made["public_verdict"]["message"] == "three doctests"


def test_tool_calls_are_shown(mcode: Mcode, tmp_path: Path) -> None:
    call: Message = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "bash"}}]}
    made = outcome(0, attempts=(attempt(messages=[ASKED, call]),))
    write_run(tmp_path / "r.db", run_info(), [made])
    assert (
        '  [{"function":{"name":"bash"}}]'
        in mcode("show", "run-1", "HumanEval/0", "--db", tmp_path / "r.db").out
    )


def test_what_else_is_recorded_is_shown(mcode: Mcode, tmp_path: Path) -> None:
    made = outcome(0, attempts=(attempt(extra={"retrieved": ["Mbpp/601", "Mbpp/3"]}),))
    write_run(tmp_path / "r.db", run_info(), [made])
    shown = mcode("show", "run-1", "HumanEval/0", "--db", tmp_path / "r.db").out
    assert 'retrieved\n  ["Mbpp/601","Mbpp/3"]' in shown


def test_infra_task_shows_its_cause(mcode: Mcode, db: Path) -> None:
    shown = mcode("show", "latest", "HumanEval/2", "--db", db).out
    assert "  connection refused" in shown
    assert shown.rstrip().endswith("no attempt")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "no run 'nosuch' in"),
        (
            ["latest", "HumanEval/1"],
            "no task 'HumanEval/1'; there are HumanEval/0, HumanEval/2, HumanEval/9, HumanEval/10",
        ),
        (["latest", "humaneval/10"], "no task 'humaneval/10'; there are HumanEval/10, "),
        (["model=m"], "'model=m' is a filter, which selects repeats in `mcode compare` and `mcode match`"),
        (["latest", "--sample", "0"], "--sample narrows what is shown of one task: name it after the run"),
        (["latest", "--diff"], "--diff narrows what is shown of one task: name it after the run"),
        (["latest", "HumanEval/0", "--sample", "7"], "no sample 7 of HumanEval/0; give one from 0 to 1"),
        (["latest", "--csv", "--json"], "--json, --csv: what is printed has one form; give one of them"),
        (["latest", "x"], "has no task 'x'; it has 4, such as HumanEval/0, HumanEval/2, HumanEval/9"),
    ],
)
def test_bad_input_is_one_message(mcode: Mcode, db: Path, arguments: list[str], message: str) -> None:
    result = mcode("show", *arguments, "--db", db)
    assert (result.status, result.out) == (4, "")
    assert message in result.err


@pytest.mark.parametrize("pager", ["less", "other"])
def test_colours_go_through_a_pager_that_shows_them_and_no_other(
    db: Path, tmp_path: Path, pager: str
) -> None:
    """`less` is told to pass them on; another pager may print them as text, so it gets none."""
    program = tmp_path / pager
    program.write_text('#!/bin/sh\nsed "s/^/paged with $LESS: /"')
    program.chmod(0o755)
    script = Path(sys.executable).with_name("mcode")
    environment = {**os.environ, "TERM": "xterm-256color", "PAGER": str(program), "LESS": "-X"}
    for name in ("NO_COLOR", "MANPAGER"):
        environment.pop(name, None)
    ours, theirs = pty.openpty()
    command = [script, "show", "latest", "HumanEval/0", "--db", db]
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            pass
        os.close(ours)
    assert process.returncode == 0
    if pager == "less":
        assert shown.startswith(b"paged with -X -R: \x1b[")
    else:
        assert shown.startswith(b"paged with -X: HumanEval/0 in ")
        assert b"\x1b" not in shown
    assert b"\x1b[2J" not in shown


def test_an_answer_is_printed_once(mcode: Mcode, tmp_path: Path) -> None:
    code = "def f(n):\n    return sum(range(n))  # as it was asked for\n"
    said: Message = {"role": "assistant", "content": f"Sure!\n```python\n{code}```"}
    first = attempt(messages=[ASKED], completion=said["content"], solution=code)
    again: Message = {"role": "user", "content": f"This was wrong:\n{code}"}
    repair = attempt(
        0, 1, messages=[ASKED, said, again], completion=said["content"], solution=code, kind="assertion"
    )
    write_run(tmp_path / "r.db", run_info(), [outcome(0, attempts=(first, repair))])
    shown = mcode("show", "latest", "HumanEval/0", "--db", tmp_path / "r.db").out
    assert shown.count("Sure!") == 1
    assert shown.count("sum(range(n))") == 2  # the solution of each attempt
    for line in (
        "  … the solution below …",
        "prompt, assistant: the completion of sample 0, iteration 0",
        "  … the solution of sample 0, iteration 0 …",
        "completion: the completion of sample 0, iteration 0",
    ):
        assert line in [each.rstrip() for each in shown.splitlines()]


def test_show_narrows(mcode: Mcode, db: Path) -> None:
    def headings(*arguments: object) -> list[str]:
        result = mcode("show", "latest", "HumanEval/0", "--db", db, *arguments)
        assert result.status == 0
        return [line.split(" ─")[0] for line in result.out.splitlines() if line.startswith("sample ")]

    first, _, other = headings()
    assert headings("--sample", 1) == [other]
    assert headings("--failed") == [first, other]
    assert headings("--failed", "--sample", 0) == [first]
    diffs = mcode("show", "latest", "HumanEval/0", "--diff", "--sample", 0, "--db", db).out
    assert "  +    return 2 * n" in [line.rstrip() for line in diffs.splitlines()]
    assert "no markup" not in diffs
    assert "1 other attempt at it: not asked for" in diffs
    found = json.loads(mcode("show", "latest", "HumanEval/0", "--failed", "--json", "--db", db).out)
    assert [each["verdict"]["kind"] for each in found["outcomes"][0]["attempts"]] == ["assertion", "timeout"]
    failed = mcode("show", "latest", "--failed", "--db", db).out
    assert "HumanEval/2   infra" in failed
    assert "HumanEval/0" not in failed


def test_a_page_as_tables(mcode: Mcode, db: Path) -> None:
    run = mcode("show", "latest", "--markdown", "--db", db).out
    assert "| solved | 1/3: 33.3% [6.1, 79.2], Wilson 95 % |" in run
    assert "| HumanEval/2 | infra |" in run
    rows = list(csv.DictReader(io.StringIO(mcode("show", "latest", "HumanEval/0", "--csv", "--db", db).out)))
    assert [(row["sample"], row["iteration"], row["verdict.kind"]) for row in rows] == [
        ("0", "0", "assertion"),
        ("0", "1", "passed"),
        ("1", "0", "timeout"),
    ]
    task = mcode("show", "latest", "HumanEval/0", "--markdown", "--db", db).out
    assert "| 0 | 1 | passed | passed |" in task
