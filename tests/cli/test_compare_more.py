"""`mcode compare` beyond solved tasks: pass@k, TOST, infra at its worst, equal cost, p-values together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.analysis.passk import pass_at_k, pass_at_k_difference
from tests.store.builders import answered_apart, outcome, run_info, write_run

Mcode = Callable[..., Any]
PASSES_A = [(0, 1, 2, 4, 5)[number % 5] for number in range(40)]
PASSES_B = [(0, 2, 3, 5, 5)[number % 5] for number in range(40)]
OTHER = {"model": "other:7b", "model_digest": "sha256:other"}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, five samples of each task; one that may repair; one that stops at a pass."""
    db = tmp_path_factory.mktemp("compare") / "r.db"
    fixed = {"samples": 5, "all_samples": True}
    for name, passes, more in (("run-a", PASSES_A, {}), ("run-b", PASSES_B, OTHER)):
        made = [
            outcome(n, *["passed"] * c, *["syntax"] * (5 - c)) if n < 39 else outcome(n, status="infra")
            for n, c in enumerate(passes)
        ]
        write_run(db, run_info(name, **fixed, **more), answered_apart(made, name))
    repaired = [outcome(n, "syntax passed" if n % 2 else "passed") for n in range(39)]
    write_run(db, run_info("run-debug", debug_iters=1), answered_apart(repaired, "debug"))
    stopped = [outcome(n, "passed") for n in range(39)]
    write_run(db, run_info("run-stop", samples=3), answered_apart(stopped, "stop"))
    return db


def compared(mcode: Mcode, db: Path, *arguments: object) -> dict[str, Any]:
    result = mcode("compare", *arguments, "--db", db, "--json")
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_pass_at_each_k_with_its_interval_and_test(mcode: Mcode, db: Path) -> None:
    found = compared(mcode, db, "run-a", "run-b", "--pass-at", "1,3", "--non-inferior", 0.2)
    a, b = ([(5, c) for c in passes[:39]] for passes in (PASSES_A, PASSES_B))
    for row, k in zip(found["pass_at"], (1, 3), strict=True):
        difference, span = pass_at_k_difference(a, b, k)
        assert (row["k"], row["after_repair"], row["difference"]) == (k, False, pytest.approx(difference))
        assert (row["low"], row["high"]) == pytest.approx((span.low, span.high))
        assert row["rate_a"] == pytest.approx(sum(pass_at_k(n, c, k) for n, c in a) / 39)
        assert row["non_inferior"] in ("yes", "not enough evidence")
    p_values = [found["p_value"], *(row["p_value"] for row in found["pass_at"])]
    smallest = min(p_values)
    adjusted = [found["p_adjusted"], *(row["p_adjusted"] for row in found["pass_at"])]
    assert adjusted[p_values.index(smallest)] == pytest.approx(min(1, 3 * smallest))
    shown = " ".join(
        mcode("compare", "run-a", "run-b", "--pass-at", "1,3", "--equivalent", 0.3, "--db", db).out.split()
    )
    rate_a, rate_b = (sum(passes[:39]) / 5 / 39 for passes in (PASSES_A, PASSES_B))
    said = f"pass@1 A {rate_a:.1%}, B {rate_b:.1%}, A - B {100 * (rate_a - rate_b):+.1f} points ["
    assert said in shown
    assert "every p is adjusted by Holm for the 3 tests of this table" in shown
    assert "equivalent A and B within 30 points (TOST): yes" in shown


def test_repairs_make_another_row(mcode: Mcode, db: Path) -> None:
    found = compared(mcode, db, "run-a", "run-debug", "--pass-at", "1")
    assert [row["after_repair"] for row in found["pass_at"]] == [False, True]
    assert found["pass_at"][1]["rate_b"] == 1.0


def test_infra_at_its_worst_and_best(mcode: Mcode, db: Path) -> None:
    found = compared(mcode, db, "run-a", "run-b")
    solved_a, solved_b = (sum(c > 0 for c in passes[:39]) for passes in (PASSES_A, PASSES_B))
    assert found["infra_low"] == pytest.approx((solved_a - solved_b - 1) / 40)
    assert found["infra_high"] == pytest.approx((solved_a - solved_b + 1) / 40)
    shown = " ".join(mcode("compare", "run-a", "run-b", "--db", db).out.split())
    assert "infra over all that both tried A - B lies from -2.5 to +2.5 points, whatever the infra" in shown


def test_equal_cost(mcode: Mcode, db: Path) -> None:
    """One sample with a repair costs 1.5 attempts; A has one sample, and part of a second, for that."""
    found = compared(mcode, db, "run-a", "run-debug", "--by", "attempts")
    equal = found["at_equal_cost"]
    whole = sum(1 if n % 2 == 0 else 2 for n in range(39)) / 39
    assert (equal["limit"], equal["b"]["amount"]) == (pytest.approx(whole), pytest.approx(whole))
    assert (equal["a"]["samples"], equal["a"]["amount"], equal["a"]["rate"]) == (
        1,
        1,
        pytest.approx(sum(PASSES_A[:39]) / 5 / 39),
    )
    assert equal["difference"] == pytest.approx(equal["a"]["rate"] - 1)
    assert equal["low"] < equal["difference"] < equal["high"]
    assert found["a"]["costs"] == {"attempts": 5, "tokens": 600, "model_seconds": 7.5, "seconds": 8.75}
    shown = " ".join(mcode("compare", "run-a", "run-debug", "--by", "attempts", "--db", db).out.split())
    assert "a task cost A and B 5 and 1.49 attempts, 600 and 178 tokens" in shown
    assert "equal cost at most 1.49 attempts a task: A " in shown
    assert "with 1 sample, 1 attempts; B 100.0% with 1 sample of up to 1 repair, 1.49 attempts" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "run-a run-b --pass-at 9",
            "--pass-at: run run-a: k=9 needs at least as many samples a task, there are 5",
        ),
        ("run-a run-b --pass-at 1,9", "k=9 needs at least as many samples a task, there are 5"),
        ("run-a run-stop --pass-at 1", "--pass-at: run run-stop: sampling stopped at the first pass"),
        ("run-a run-b --equivalent 2", "--equivalent: 2.0 is not allowed; give a share from 0 to below 1"),
        ("run-a run-b --by money", "--by: 'money' is not allowed; give one of attempts, tokens"),
        ("run-a run-b --by price", "--by=price: of run run-a no price is known: give --price IN,OUT"),
    ],
)
def test_bad_input_is_one_sentence(mcode: Mcode, db: Path, arguments: str, message: str) -> None:
    result = mcode("compare", *arguments.split(), "--db", db)
    assert (result.status, result.out, result.err.count("\n")) == (4, "", 1)
    assert message in result.err


def test_several_runs_have_no_one_budget(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    for seed in (0, 1):
        write_run(db, run_info(f"run-{seed}", seed=seed), answered_apart([outcome(0, "passed")], str(seed)))
    write_run(db, run_info("run-x", **OTHER), answered_apart([outcome(0, "passed")], "x"))
    for flag, message in (
        ("--pass-at=1", "--pass-at compares two runs, but 'model=granite4:3b' is run-0, run-1: name one"),
        (
            "--by=attempts",
            "--by compares two runs, but 'model=granite4:3b' is run-0, run-1: name one of them",
        ),
    ):
        result = mcode("compare", "model=granite4:3b", "run-x", flag, "--db", db)
        assert (result.status, message in result.err) == (4, True)
    shown = " ".join(mcode("compare", "run-0", "run-x", "--db", db).out.split())
    assert "warning one task shows nothing of others: compare on more" in shown
