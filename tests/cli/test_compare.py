import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from pytest_mcode.records import TaskOutcome
from pytest_mcode.store import Store
from tests.store.builders import answered_apart, outcome, run_info, write_run

Mcode = Callable[..., Any]


def outcomes(solved: str) -> list[TaskOutcome]:
    """One outcome a letter: `+` solved, `-` not, `i` infra, a space none."""
    kinds = {"+": "passed", "-": "assertion", "i": "syntax"}
    return [
        outcome(number, kinds[letter], **({"status": "infra"} if letter == "i" else {}))
        for number, letter in enumerate(solved)
        if letter != " "
    ]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = tmp_path / "results.db"
    strong = {"model": "strong:7b", "model_digest": "sha256:777"}
    write_run(db, run_info("weak-one"), outcomes("++--------i-"))
    write_run(db, run_info("weak-two", seed=1), outcomes("+-+---------"))
    write_run(db, run_info("strong-1", **strong), outcomes("+-++++++++- +"))
    write_run(db, run_info("changed", model_digest="sha256:new"), outcomes("++----------"))
    write_run(db, run_info("mbpp-run", benchmark="mbpp"), [replace(outcome(0, "passed"), task_id="Mbpp/11")])
    return db


def compared(mcode: Mcode, db: Path, *arguments: object) -> dict[str, Any]:
    result = mcode("compare", *arguments, "--db", db, "--json")
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_two_runs(mcode: Mcode, db: Path) -> None:
    found = compared(mcode, db, "strong-1", "weak-one")
    assert found["tasks"] == 10
    assert (found["rate_a"], found["rate_b"], found["difference"]) == (0.9, 0.2, pytest.approx(0.7))
    assert found["tasks_only_a"] == [f"HumanEval/{i}" for i in range(2, 10)]
    assert found["tasks_only_b"] == ["HumanEval/1"]
    assert found["p_value"] == pytest.approx(stats.binomtest(8, 9).pvalue)
    assert found["test"] == "exact McNemar"
    assert 0 < found["low"] < 0.7 < found["high"] <= 1
    assert (found["judged_by_a_alone"], found["judged_by_b_alone"], found["b"]["infra"]) == (2, 1, 1)
    assert found["configuration"] == {
        "model": ["strong:7b", "granite4:3b"],
        "model_digest": ["sha256:777", "sha256:abc"],
    }
    assert found["warnings"] == []


def test_repeats_are_averaged_not_pooled(mcode: Mcode, db: Path) -> None:
    write_run(db, run_info("changed2", model_digest="sha256:new", samples=2), outcomes("+"))
    narrowed = "model=granite4:3b, benchmark=humaneval, samples=1"
    refused = mcode("compare", narrowed, "strong-1", "--db", db)
    assert "differ in model_digest (sha256:new and sha256:abc); narrow it" in refused.err

    other = {"model": "other:1b"}
    write_run(db, run_info("other-1", **other), answered_apart(outcomes("++-- "), "other-1"))
    write_run(db, run_info("other-2", seed=9, **other), answered_apart(outcomes("+--+i"), "other-2"))
    found = compared(mcode, db, "model=other:1b", "weak-one")
    assert (found["tasks"], found["rate_a"], found["rate_b"]) == (4, 0.5, 0.5)
    assert found["a"]["run_ids"] == ["other-1", "other-2"]
    assert (found["test"], found["interval"]) == ("paired permutation", "effective Tango score")
    assert (found["tasks_only_a"], found["tasks_only_b"]) == (["HumanEval/3"], ["HumanEval/1"])
    shown = mcode("compare", "model=other:1b", "weak-one", "--db", db).out
    assert "(other-1, other-2, the mean of 2 runs)" in " ".join(shown.split())


def test_page_for_people(mcode: Mcode, db: Path) -> None:
    shown = " ".join(mcode("compare", "strong-1", "weak-one", "--db", db, "--non-inferior", 0.1).out.split())
    for part in (
        "strong:7b (ollama), n=1 (strong-1)",
        "differ in model strong:7b and granite4:3b; model_digest sha256:777 and sha256:abc",
        "tasks 10 judged by both; 2 only A judged; 1 only B judged; 1 infra in B",
        "solved A 90.0%, B 20.0%",
        "A - B +70.0 points [12.0, 91.6], 95 % Tango score interval over tasks",
        "exact McNemar: p = 0.039; A did better on 8, B on 1",
        "so A solves more",
        "power 10 such tasks show a true difference of 78.2 points 4 times in 5",
        "A at least as good as B minus 10 points: yes",
        "B alone HumanEval/1",
    ):
        assert part in shown


def test_sentence_says_where_interval_and_test_differ(mcode: Mcode, db: Path) -> None:
    write_run(db, run_info("half-run"), outcomes("++++--------"))
    write_run(db, run_info("none-run", model="other:1b"), outcomes("------------"))
    found = compared(mcode, db, "half-run", "none-run")
    assert (found["interval"], found["p_value"]) == ("Tango score", 0.125)
    assert found["low"] > 0
    shown = " ".join(mcode("compare", "half-run", "none-run", "--db", db).out.split())
    assert "so not sure that A solves more: an interval leaves 0 out, but the test shows no" in shown


def test_no_difference_is_not_called_equal(mcode: Mcode, db: Path) -> None:
    shown = mcode("compare", "weak-one", "weak-two", "--db", db, "--non-inferior", 0.05).out
    assert "no significant difference, which does not make them equal" in " ".join(shown.split())
    assert "differ in     the seed at most" in shown
    assert "minus 5 points: not enough evidence" in shown
    write_run(db, run_info("weak-too", seed=2), outcomes("++--------i-"))
    same = compared(mcode, db, "weak-one", "weak-too")
    assert same["p_value"] == 1
    assert same["low"] < -0.2 < 0.2 < same["high"]
    assert compared(mcode, db, "weak-one", "strong-1", "--non-inferior", 0.1)["non_inferior"] == "no"


def test_digest_of_one_model_that_changed_is_warned_of(mcode: Mcode, db: Path) -> None:
    found = compared(mcode, db, "weak-one", "changed")
    assert found["warnings"] == ["granite4:3b was not the same model: digests sha256:abc and sha256:new"]


def test_tasks_of_other_content_are_left_out(mcode: Mcode, db: Path) -> None:
    made = outcomes("++--")
    made[1] = replace(made[1], task_fingerprint="other")
    write_run(db, run_info("revised"), made)
    found = compared(mcode, db, "revised", "weak-one")
    assert (found["tasks"], found["other_content"]) == (3, ["HumanEval/1"])
    assert found["warnings"] == ["1 tasks left out, whose content differs, such as HumanEval/1"]
    write_run(db, run_info("all-new"), [replace(each, task_fingerprint="other") for each in outcomes("++")])
    result = mcode("compare", "all-new", "weak-one", "--db", db)
    assert "2 tasks of the same id, such as HumanEval/0, but none of the same content" in result.err


def test_unfinished_run_is_warned_of(mcode: Mcode, db: Path) -> None:
    with Store.open(str(db)) as store:
        store.begin_run(run_info("going-on"), 12)
        store.record("going-on", outcome(0, "passed"))
    assert compared(mcode, db, "going-on", "weak-one")["warnings"] == [
        "one task shows nothing of others: compare on more",
        "run going-on is running",
    ]


def test_swebench_is_also_clustered_by_repository(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "swe.db"
    for run_id, solved in (("first", "++++++----"), ("second", "----------")):
        made = [
            replace(each, task_id=f"{'django__django' if i < 6 else 'psf__requests'}-{i}")
            for i, each in enumerate(outcomes(solved))
        ]
        write_run(db, run_info(run_id, benchmark="swebench-lite", harness="repositories"), made)
    found = compared(mcode, db, "first", "second", "--non-inferior", 0.05)
    reason = "2 clusters of tasks do not show how others vary: an interval over clusters needs at least 6"
    assert found["clusters"] is None
    assert found["clustered_withheld"] == found["decisive"]["reason"] == reason
    assert found["non_inferior"] is None
    shown = " ".join(mcode("compare", "first", "second", "--non-inferior", 0.05, "--db", db).out.split())
    assert f"no interval over its repositories: {reason}" in shown
    assert "so A solves more on tasks of these repositories; for others nothing is shown" in shown
    assert f"A at least as good as B minus 5 points: not decided: {reason}" in shown


def test_six_repositories_decide(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "swe.db"
    for run_id, solved in (("first", "+" * 30), ("second", "+-" * 15)):
        made = [
            replace(outcome(i, "passed" if mark == "+" else "assertion"), task_id=f"org__repo{i % 6}-{i}")
            for i, mark in enumerate(solved)
        ]
        write_run(db, run_info(run_id, benchmark="swebench-lite", harness="repositories"), made)
    found = compared(mcode, db, "first", "second", "--non-inferior", 0.05)
    assert (found["clusters"], found["clustered_withheld"]) == (6, None)
    assert found["decisive"]["low"] == found["clustered_low"]
    shown = " ".join(mcode("compare", "first", "second", "--db", db).out.split())
    assert "95 % interval over its 6 repositories (CR2)" in shown


def test_test_functions_are_sides_of_their_own(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    with Store.open(str(db)) as store:
        store.begin_run(run_info("both-run"), 4)
        for each in outcomes("++"):
            store.record("both-run", replace(each, test="mine.py::test_a"))
        for each in outcomes("+-"):
            store.record("both-run", replace(each, test="mine.py::test_b"))
    found = compared(mcode, db, "both-run::test_a", "both-run::mine.py::test_b")
    assert (found["rate_a"], found["rate_b"]) == (1, 0.5)
    assert found["configuration"] == {"test": ["mine.py::test_a", "mine.py::test_b"]}
    refused = mcode("compare", "both-run", "both-run::test_c", "--db", db)
    assert "several test functions; give both-run::mine.py::test_a, both-run::mine.py::test_b" in refused.err
    assert "no test function 'test_c'" in mcode("compare", "both-run::test_c", "both-run", "--db", db).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["weak-one", "nosuch"], "no run 'nosuch' in"),
        (
            ["weak-one", "mbpp-run"],
            "have no common task: weak-one judged 11 such as HumanEval/0, mbpp-run judged 1",
        ),
        (["weak-one", "weak-o"], "both mean run weak-one: a run compared with itself shows nothing"),
        (["model=strong:7b", "strong-1"], "model=strong:7b and strong-1 both mean run strong-1"),
        (["weak-one", "colour=red"], "cannot select runs by 'colour'; there are benchmark, model, backend"),
        (["weak-one", "samples=many"], "'many' is not a value of samples"),
        (["weak-one", "retrieval=maybe"], "'maybe' is not a value of retrieval"),
        (["weak-one", "model=strong:8b"], "no run with 'strong:8b' in the store; there is strong:7b"),
        (["weak-one", "model=strong:7b,benchmark=mbpp"], "no run matches 'model=strong:7b,benchmark=mbpp'"),
        (
            ["weak-one", "weak-two", "--non-inferior", "5"],
            "5.0 is not allowed; give a share from 0 to below 1",
        ),
        (["weak-one", "weak-two", "--non-inferior", "-0.1"], "-0.1 is not allowed"),
    ],
)
def test_bad_input_is_one_message(mcode: Mcode, db: Path, arguments: list[str], message: str) -> None:
    result = mcode("compare", *arguments, "--db", db)
    assert (result.status, result.out) == (4, "")
    assert message in result.err
