import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.analysis.intervals import wilson
from pytest_mcode.results.figures import loop
from pytest_mcode.store import Store
from tests.store.builders import answered_apart, attempt, outcome, run_info, write_run

Mcode = Callable[..., Any]

CONTRACT = """
    run_id config_key benchmark dataset_fingerprint model backend samples debug_iters timeout retrieval
    tasks_planned tasks_judged solved infra pass_rate pass_rate_low pass_rate_high attempts prompt_tokens
    completion_tokens seconds started_at status
"""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs that differ in everything that can be filtered on."""
    db = tmp_path_factory.mktemp("results") / "results.db"
    small = [outcome(0, "passed"), outcome(1, "syntax"), outcome(2, "assertion"), outcome(3, status="infra")]
    write_run(db, run_info("20260801-100000-aaaaaa", tasks_total=4), small)
    write_run(
        db,
        run_info("20260802-100000-bbbbbb", started_at="2026-08-02T10:00:00+00:00", samples=3, tasks_total=4),
        answered_apart(
            [
                outcome(0, "passed"),
                outcome(1, "syntax", "passed"),
                outcome(2, *["assertion"] * 3),
                outcome(3, "passed"),
            ],
            "b",
        ),
    )
    write_run(
        db,
        run_info(
            "20260803-100000-cccccc",
            started_at="2026-08-03T10:00:00+00:00",
            benchmark="mbpp",
            model="qwen2.5-coder:7b",
            backend="openai",
            debug_iters=2,
            timeout=10.0,
            retrieval=True,
        ),
        [outcome(0, "assertion timeout passed"), outcome(1, "syntax syntax syntax")],
    )
    fixed = run_info(
        "20260804-100000-dddddd",
        started_at="2026-08-04T10:00:00+00:00",
        samples=4,
        all_samples=True,
        debug_iters=1,
    )
    write_run(
        db,
        fixed,
        [
            outcome(0, "passed", "passed", "assertion passed", "assertion assertion"),
            outcome(1, *["syntax syntax"] * 4),
        ],
    )
    with Store.open(str(db)) as store:
        store.begin_run(
            run_info(
                "20260805-100000-eeeeee", started_at="2026-08-05T10:00:00+00:00", model=None, backend="gold"
            ),
            164,
        )
    return db


def listed(mcode: Mcode, db: Path, *arguments: object) -> list[dict[str, Any]]:
    result = mcode("results", "--db", db, "--json", *arguments)
    assert (result.status, result.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(result.out)
    return found


def test_json_keeps_its_contract(mcode: Mcode, db: Path) -> None:
    found = listed(mcode, db)
    assert [each["run_id"][-6] for each in found] == ["a", "b", "c", "d", "e"]
    assert all(each.keys() >= set(CONTRACT.split()) for each in found)
    low, high = wilson(1, 3)
    expected = {
        "config_key": run_info().config_key,
        "benchmark": "humaneval",
        "dataset_fingerprint": run_info().dataset_fingerprint,
        "model": "granite4:3b",
        "backend": "ollama",
        "samples": 1,
        "debug_iters": 0,
        "timeout": 60.0,
        "retrieval": False,
        "tasks_planned": 4,
        "tasks_judged": 3,
        "solved": 1,
        "infra": 1,
        "pass_rate": 1 / 3,
        "pass_rate_low": low,
        "pass_rate_high": high,
        "attempts": 3,
        "prompt_tokens": 300,
        "completion_tokens": 60,
        "seconds": 6.0,
        "started_at": "2026-08-01T10:00:00+00:00",
        "status": "finished",
        "pass_rate_if_infra_failed": 0.25,
        "pass_rate_if_infra_solved": 0.5,
        "verdicts": {"syntax": 1, "assertion": 1},
        "tokens_per_judged": 120.0,
        "tokens_per_solved": 360.0,
        "seconds_per_judged": 2.0,
        "seconds_per_solved": 6.0,
    }
    assert {name: found[0][name] for name in expected} == expected


def test_run_without_outcomes_has_no_rate(mcode: Mcode, db: Path) -> None:
    (empty,) = listed(mcode, db, "--latest")
    assert (empty["status"], empty["tasks_planned"], empty["tasks_judged"]) == ("running", 164, 0)
    assert [empty[name] for name in ("pass_rate", "pass_rate_low", "seconds_per_judged", "model")] == [
        None
    ] * 4
    assert " 0 of 164 running " in mcode("results", "--db", db, "--latest").out


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (["--benchmark", "mbpp"], "c"),
        (["--benchmark", "mbpp", "--benchmark", "humaneval"], "abcde"),
        (["--model", "granite4:3b"], "abd"),
        (["--backend", "openai"], "c"),
        (["--backend", "gold"], "e"),
        (["--samples", "3"], "b"),
        (["--debug-iters", "0"], "abe"),
        (["--timeout", "10"], "c"),
        (["--retrieval", "true"], "c"),
        (["--retrieval", "false"], "abde"),
        (["--run", "20260802"], "b"),
        (["--run", "aaaaaa", "--run", "20260804-100000-dddddd"], "ad"),
        (["--run", "latest"], "e"),
        (["--since", "2026-08-03"], "cde"),
        (["--since", "2026-08-03T12:00:00+01:00"], "de"),
        (["--latest", "--model", "granite4:3b"], "d"),
        (["--benchmark", "mbpp", "--samples", "3"], ""),
    ],
)
def test_filters(mcode: Mcode, db: Path, arguments: list[str], runs: str) -> None:
    assert "".join(each["run_id"][-1] for each in listed(mcode, db, *arguments)) == runs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--benchmark", "humanevl"], "--benchmark: no run with 'humanevl' in the store; there is humaneval"),
        (
            ["--model", "llama"],
            "--model: no run with 'llama' in the store; there are granite4:3b, qwen2.5-coder:7b",
        ),
        (["--backend", "olama"], "--backend: no run with 'olama' in the store; there is ollama"),
        (["--samples", "7"], "--samples: no run with 7 in the store; there are 1, 3, 4"),
        (["--debug-iters", "9"], "--debug-iters: no run with 9 in the store; there are 0, 1, 2"),
        (["--timeout", "1"], "--timeout: no run with 1.0 in the store; there are 10.0, 60.0"),
        (["--retrieval", "maybe"], "--retrieval: 'maybe' is not allowed; give true or false"),
        (["--since", "yesterday"], "--since: 'yesterday' is not a date; give one such as 2026-08-01"),
        (["--run", "20260801-100000-aaaaab"], "near ones: 20260801-100000-aaaaaa"),
        (["--run", "zzz"], "no run 'zzz' in"),
        (["--run", "2026"], "run '2026' may be 20260801-100000-aaaaaa, 20260802-100000-bbbbbb"),
        (
            ["--pass-at", "1,x"],
            "--pass-at: '1,x' is not allowed; give whole numbers from 1 on, such as 1,5,10",
        ),
        (["--pass-at", "0"], "--pass-at: '0' is not allowed"),
        (
            ["--pass-at", "1", "--samples", "3"],
            "--pass-at: run 20260802-100000-bbbbbb: sampling stopped at the first pass, where c/n is biased: "
            "run with --all-samples",
        ),
        (["--pass-at", "5", "--samples", "4"], "k=5 needs at least as many samples a task, there are 4"),
    ],
)
def test_bad_input_is_one_message(mcode: Mcode, db: Path, arguments: list[str], message: str) -> None:
    result = mcode("results", "--db", db, *arguments)
    assert (result.status, result.out) == (4, "")
    assert message in result.err
    assert result.err.count("\n") == 1


def test_a_start_of_many_ids_says_how_many_more_there_are(mcode: Mcode, tmp_path: Path) -> None:
    for number in range(7):
        write_run(tmp_path / "r.db", run_info(f"2026-{number}"), [outcome(0, "passed")])
    refused = mcode("show", "2026", "--db", tmp_path / "r.db").err
    assert "may be 2026-0, 2026-1, 2026-2, 2026-3, 2026-4 and 2 more (`mcode results` lists them);" in refused


def test_store_without_runs(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    missing = mcode("results", "--db", tmp_path / "none.db")
    assert (missing.status, missing.out) == (4, "")
    assert "run a benchmark first, or give the path of its results" in missing.err
    assert mcode("results", "--db", db, "--benchmark", "mbpp", "--samples", 3).out == "No run matches.\n"


def test_pass_at_k_of_a_fixed_n_run(mcode: Mcode, db: Path) -> None:
    (found,) = listed(mcode, db, "--samples", 4, "--pass-at", "1,2")
    first, second = found["pass_at"]
    assert (first["k"], first["rate"], first["rate_after_repair"]) == (1, 0.25, 0.375)
    assert second["rate"] == pytest.approx((1 - 1 / 6) / 2)
    assert second["rate_after_repair"] == 0.5
    assert first["low"] < first["rate"] < first["high"]
    assert found["pass_at_refused"] is None
    table = mcode("results", "--db", db, "--pass-at", "1,2").out
    assert "@1 25.0% [" in table
    assert "@2 41.7% [" in table


def test_early_stopped_run_says_why_it_has_no_pass_at_k(mcode: Mcode, db: Path) -> None:
    (found,) = listed(mcode, db, "--samples", 3)
    assert (found["first_attempt_solved"], found["solved"], found["samples_per_task"]) == (2, 3, 7 / 4)
    assert found["pass_at"] == []
    shown = mcode("results", "--db", db, "--samples", 3).out
    assert "not to be had: sampling stopped at the first pass" in " ".join(shown.split())


def test_table_shows_subset_interval_and_infra_bounds(mcode: Mcode, db: Path) -> None:
    shown = mcode("results", "--db", db, "--benchmark", "humaneval", "--model", "granite4:3b").out
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == f"humaneval@{run_info().dataset_fingerprint[:7]}, 4 tasks"
    words = [" ".join(line.split()) for line in lines]
    best, second = "granite4:3b bbbbbb 4 75.0% 50.0% 0 210", "granite4:3b aaaaaa 3 33.3% 33.3% 1 120"
    assert words.index(best) < words.index(second)
    assert "n=1 of 4 [6.1, 79.2] (25.0–50.0)" in words
    assert f"humaneval@{run_info().dataset_fingerprint[:7]}, a subset: 2/164 tasks" in words
    assert words[-1] == "Not in this width: attempts, s/task, started; --markdown has all."


def test_a_wide_terminal_has_a_line_a_run(mcode: Mcode, db: Path) -> None:
    shown = mcode("results", "--db", db, "--benchmark", "humaneval", "--model", "granite4:3b", columns=160)
    words = [" ".join(line.split()) for line in shown.out.splitlines()]
    run = "granite4:3b n=1 aaaaaa 3 of 4 33.3% [6.1, 79.2]"
    assert f"{run} 33.3% 1 (25.0–50.0) 3 120 2 2026-08-01 10:00" in words
    assert "Not in this width" not in shown.out


def test_one_run_is_shown_whole(mcode: Mcode, db: Path) -> None:
    shown = " ".join(mcode("results", "--db", db, "--run", "aaaaaa").out.split())
    for part in (
        "run 20260801-100000-aaaaaa (finished)",
        "solved 1/3: 33.3% [6.1, 79.2], Wilson 95 %",
        "infra 1 outside the pass rate, which they leave at 25.0 to 50.0%",
        "failed by assertion 1, syntax 1",
        "3 attempts; 120 tokens, 2 s a judged task; 360 tokens, 6 s a solved task",
    ):
        assert part in shown


def test_false_passes_are_counted(mcode: Mcode, tmp_path: Path) -> None:
    seen = attempt().verdict.__class__(kind="passed")
    tries = (attempt(kind="assertion", public_verdict=seen),), (attempt(kind="passed", public_verdict=seen),)
    outcomes = [
        outcome(i, attempts=made, status="solved" if i else "unsolved") for i, made in enumerate(tries)
    ]
    write_run(tmp_path / "r.db", run_info(), outcomes)
    assert listed(mcode, tmp_path / "r.db")[0]["false_positive_rate"] == 0.5
    shown = mcode("results", "--db", tmp_path / "r.db").out
    assert "1/2: 50.0% of what passed the visible tests failed the judge" in " ".join(shown.split())
    assert "false" in shown.splitlines()[1].split()


def test_passes_in_one_process_are_counted_apart(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    solved = outcome(0, "passed")
    (made,) = solved.attempts
    unproven = replace(made, verdict=replace(made.verdict, mode="in_process"))
    write_run(db, run_info(), [replace(solved, attempts=(unproven,)), outcome(1, "passed")])
    write_run(db, run_info("run-2"), [outcome(0, "passed")])
    found = json.loads(mcode("results", "--db", db, "--json").out)
    assert [(each["solved"], each["solved_in_process"]) for each in found] == [(2, 1), (1, 0)]
    assert "in one" in mcode("results", "--db", db).out
    shown = " ".join(mcode("results", "--db", db, "--run", "run-1").out.split())
    assert "1 of the solved passed in one process with their tests, where a pass is not proven" in shown
    assert "unproven" not in mcode("results", "--db", db, "--run", "run-2").out


def test_passes_of_flagged_solutions_are_counted_apart(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    solved = outcome(0, "passed")
    (made,) = solved.attempts
    flags = {"flags": {"test_configuration": ["conftest.py"]}}
    flagged = replace(made, verdict=replace(made.verdict, mode="container"), extra=flags)
    write_run(db, run_info(), [replace(solved, attempts=(flagged,)), outcome(1, "passed")])
    (found,) = json.loads(mcode("results", "--db", db, "--json").out)
    assert (found["solved"], found["solved_flagged"]) == (2, 1)
    table = mcode("results", "--db", db).out
    assert "flagged" in table
    assert "1/2" in table
    shown = " ".join(mcode("results", "--db", db, "--run", "run-1").out.split())
    assert "1 of the solved were solved by what could decide its own verdict" in shown
    assert "test_configuration" in mcode("export", "run-1", "--format=csv", "--db", db).out
    assert "conftest.py" in mcode("show", "run-1", solved.task_id, "--db", db).out
    page = tmp_path / "page.html"
    mcode("report", "run-1", "--db", db, "--output", page)
    assert "<td>1 of 2</td>" in page.read_text()


def test_tokens_that_one_task_lacks_are_unknown_however_outcomes_are_grouped(
    mcode: Mcode, tmp_path: Path
) -> None:
    db = tmp_path / "results.db"
    told = outcome(0, "assertion")
    (made,) = told.attempts
    silent = replace(outcome(1, "assertion"), attempts=(replace(made, prompt_tokens=None),))
    lost = outcome(2, status="infra", error="gone")
    refused = outcome(3, "context_overflow")
    (sent,) = refused.attempts
    refused = replace(refused, attempts=(replace(sent, prompt_tokens=None, completion_tokens=None),))
    write_run(db, run_info(), [told, silent, lost])
    write_run(db, run_info("run-2"), [told, lost, refused])
    for arguments in ((), ("--pass-at", "1")):
        found = json.loads(mcode("results", "--db", db, "--json", *arguments).out)
        assert [each["prompt_tokens"] for each in found] == [None, 100]
        assert [each["completion_tokens"] for each in found] == [40, 20]
        assert [each["tokens_per_judged"] for each in found] == [None, 60]


def test_test_functions_are_apart(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    with Store.open(str(db)) as store:
        store.begin_run(run_info(), {"mine.py::test_a": 2, "mine.py::test_b": 1})
        for number, test in ((0, "a"), (1, "a"), (0, "b")):
            store.record("run-1", outcome(number, "passed", test=f"mine.py::test_{test}"))
    found = listed(mcode, db)
    assert [(each["test"], each["solved"], each["tasks_planned"]) for each in found] == [
        ("mine.py::test_a", 2, 2),
        ("mine.py::test_b", 1, 1),
    ]
    shown = mcode("results", "--db", db).out.splitlines()
    assert [line.split()[1] for line in shown if "n=1" in line] == ["test_a", "test_b"]


def test_csv_and_markdown_hold_every_run(mcode: Mcode, db: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(mcode("results", "--db", db, "--csv").out)))
    assert [row["run_id"][-1] for row in rows] == list("abcde")
    assert json.loads(rows[0]["verdicts"]) == {"syntax": 1, "assertion": 1}
    assert float(rows[0]["pass_rate"]) == 1 / 3
    table = mcode("results", "--db", db, "--markdown").out.splitlines()
    lines = [line for line in table if line.startswith("|")]
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert sum(line.startswith(("| granite4", "| qwen", "| gold")) for line in lines) == 5
    assert any("| 33.3% [6.1, 79.2] | 33.3% | 1 (25.0–50.0) | 3 | 120 | 2 |" in line for line in lines)


def test_compare_samples_groups_what_differs_in_samples_only(mcode: Mcode, db: Path) -> None:
    groups = listed(mcode, db, "--compare-samples", "--model", "granite4:3b")
    curves = [[(point["samples"], point["sub_sampled"]) for point in group["curve"]] for group in groups]
    assert curves == [[(1, False), (3, False)], [(1, True), (2, True), (3, True), (4, False)]]
    assert [run["run_id"][-1] for run in groups[0]["runs"]] == ["a", "b"]
    one, three = groups[0]["curve"]
    assert (one["rate"], one["gain"], three["rate"]) == (1 / 3, None, 0.75)
    assert three["gain"] == pytest.approx(1 / 3)
    assert three["gain_low"] <= three["gain"] <= three["gain_high"]
    assert three["p_value"] == 1  # One flip of three tasks.
    rates = [point["rate"] for point in groups[1]["curve"]]
    assert rates == pytest.approx([0.375, 0.5, 0.5, 0.5])


def test_compare_samples_for_people(mcode: Mcode, db: Path) -> None:
    shown = mcode("results", "--db", db, "--compare-samples", "--model", "granite4:3b").out
    assert "part of dddddd" in shown
    assert "+33.3 [" in shown
    said = " ".join(shown.split())
    assert "No p for a part of a run, nor where one run's samples begin another's: expectations" in said
    assert "Gain: over 1 sample of aaaaaa (--base RUN takes another)." in said
    assert "Gain: over 1 sample of part of dddddd (--base RUN takes another)." in said
    assert "p is adjusted by Holm for all that its table prints." in said
    alone = mcode("results", "--db", db, "--compare-samples", "--benchmark", "mbpp").out
    assert "No two runs differ in samples only" in alone
    assert "No p" not in alone


def test_run_whose_answer_public_tests_choose_is_not_sub_sampled(mcode: Mcode, tmp_path: Path) -> None:
    db, info = tmp_path / "r.db", run_info(samples=3, all_samples=True)
    for run_id, feedback in (("run-open", "judge"), ("run-shut", "public")):
        settings = {**info.settings, "feedback": feedback}
        write_run(
            db, replace(info, run_id=run_id, settings=settings), [outcome(0, "passed", "syntax", "syntax")]
        )
    assert [len(group["curve"]) for group in listed(mcode, db, "--compare-samples")] == [3, 1]


def test_repeats_and_other_configurations_are_told_apart(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    for number, changes in enumerate(
        (
            {},
            {"samples": 2, "seed": 5},
            {"model_digest": "sha256:other"},
            {"prompt_hash": "q"},
            {"timeout": 5.0},
        )
    ):
        write_run(db, run_info(f"run-{number}", **changes), [outcome(0, "passed")])
    sizes = [len(group["runs"]) for group in listed(mcode, db, "--compare-samples")]
    assert sizes == [2, 1, 1, 1]


def test_pipe_gets_plain_text(db: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}
    environment.pop("COLUMNS", None)
    script = Path(sys.executable).with_name("mcode")
    done = subprocess.run([script, "results", "--db", db], env=environment, capture_output=True, check=True)
    assert b"\x1b" not in done.stdout
    assert b"33.3%" in done.stdout


def test_grouped_repeats_are_averaged_task_by_task(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    runs = {
        "run-one": [outcome(0, "passed"), outcome(1, "passed"), outcome(2, "syntax"), outcome(3, "syntax")],
        "run-two": [
            outcome(0, "passed"),
            outcome(1, "syntax"),
            outcome(2, "syntax"),
            outcome(3, status="infra"),
        ],
    }
    for seed, (run_id, outcomes) in enumerate(runs.items()):
        write_run(db, run_info(run_id, seed=seed, tasks_total=4), answered_apart(outcomes, run_id))
    write_run(db, run_info("run-apart", samples=2, tasks_total=4), [outcome(0, "passed")])
    both = next(each for each in listed(mcode, db, "--grouped") if len(each["run_ids"]) == 2)
    assert sorted(both["run_ids"]) == ["run-one", "run-two"]
    assert sorted(both["pass_rates"]) == [pytest.approx(1 / 3), 0.5]
    assert (both["tasks_judged"], both["pass_rate"]) == (4, (1 + 0.5 + 0 + 0) / 4)
    assert both["pass_rate_low"] < both["pass_rate"] < both["pass_rate_high"]
    assert (both["solved_always"], both["solved_sometimes"]) == (1, 1)
    shown = " ".join(mcode("results", "--db", db, "--grouped", columns=120).out.split())
    assert "37.5%" in shown
    assert "33.3%" in shown
    assert mcode("results", "--db", db, "--grouped", "--samples", 2).out.count("\n") >= 2


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "n=1"),
        ({"samples": 5, "all_samples": True, "debug_iters": 2, "temperature": 0.7}, "n=5 all d=2 T=0.7"),
        ({"debug_iters": 1, "feedback": "public"}, "n=1 d=1 feedback=public"),
        ({"debug_iters": 1, "feedback": "judge"}, "n=1 d=1"),
        ({"benchmark": "swebench-lite", "debug_iters": 1, "feedback": "judge"}, "n=1 d=1 feedback=judge"),
        ({"benchmark": "swebench-lite", "retrieval": True, "retrieval_source": "oracle"}, "n=1 oracle"),
        ({"retrieval": True}, "n=1 retrieval"),
        ({"replay": "20260801-100000-aaaaaa"}, "n=1 replay of aaaaaa"),
        ({"replay": "/data/samples.jsonl"}, "n=1 replay of samples.jsonl"),
        ({"judge": "humaneval+"}, "n=1 judge=humaneval+"),
    ],
)
def test_loop_is_labelled_with_what_is_unusual(changes: dict[str, Any], label: str) -> None:
    harness = "repositories" if changes.get("benchmark") == "swebench-lite" else "functions"
    run = {"settings": {**run_info().settings, **changes}, "overridden": {}, "harness": harness}
    assert loop(run) == label


def test_a_solver_of_ones_own_has_the_budget_that_was_asked_for() -> None:
    own = {
        "settings": run_info(debug_iters=2).settings,
        "overridden": {"mcode_solver": "conftest.py"},
        "harness": "functions",
    }
    assert loop(own) == "d=2 own solver"
    own["settings"]["samples"] = 5
    assert loop(own) == "n=5 d=2 own solver"
