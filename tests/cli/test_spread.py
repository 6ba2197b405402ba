"""How sure a rate is on these tasks and on tasks like these, as `show` and `results` say it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.analysis.variance import Parts, fixed_tasks_interval, variance_parts
from tests.store.builders import answered_apart, outcome, run_info, write_run

Mcode = Callable[..., Any]
PASSES = [(0, 1, 2, 4, 5)[number % 5] for number in range(30)]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    db = tmp_path_factory.mktemp("spread") / "r.db"
    made = [outcome(n, *["passed"] * c, *["syntax"] * (5 - c)) for n, c in enumerate(PASSES)]
    write_run(db, run_info("run-five", samples=5, all_samples=True), made)
    write_run(db, run_info("run-stop", samples=3), [outcome(n, "passed") for n in range(4)])
    alike = [outcome(n, "passed", "passed") for n in range(4)]
    write_run(db, run_info("run-sure", samples=2, all_samples=True), alike)
    repositories = replace(run_info("run-swe", samples=2, all_samples=True), harness="repositories")
    patches = [replace(outcome(n, "passed", "unresolved"), task_id=f"o__r-{n}") for n in range(4)]
    write_run(db, repositories, patches)
    for seed in (1, 2):
        repeats = [outcome(n, "passed" if (n + seed) % 3 else "syntax") for n in range(12)]
        write_run(db, run_info(f"run-r{seed}", seed=seed), answered_apart(repeats, f"{seed}"))
    return db


def words(result: Any) -> str:
    assert (result.status, result.err) == (0, "")
    return " ".join(result.out.split())


def test_a_run_says_what_more_samples_would_mend(mcode: Mcode, db: Path) -> None:
    counts = [(5, c) for c in PASSES]
    parts, span = variance_parts(counts), fixed_tasks_interval(counts)
    assert isinstance(parts, Parts)
    (found,) = json.loads(mcode("show", "run-five", "--db", db, "--json").out)["results"]
    spread = found["spread"]
    assert (spread["these_low"], spread["these_high"]) == pytest.approx((span.low, span.high))
    assert spread["these_rate"] == pytest.approx(sum(PASSES) / 150)
    assert spread["removable"] == pytest.approx(parts.removable)
    assert (spread["error_these"], spread["error_like_these"]) == pytest.approx(
        (parts.error_these, parts.error_like_these)
    )
    shown = words(mcode("show", "run-five", "--no-pager", "--db", db))
    assert f"these tasks {sum(PASSES) / 150:.1%} [" in shown
    assert f"more samples would remove {parts.removable:.1%} of the latter's variance" in shown
    with pytest_mcode.results.open(db) as results:
        assert results.run("run-five").spread() == spread


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("run-sure", "no task varied, every try ended alike: more tries may differ"),
        ("run-swe", "tasks of one repository vary together"),
    ],
)
def test_what_is_not_told_apart_says_why(mcode: Mcode, db: Path, run: str, reason: str) -> None:
    assert f"sure to not told apart: {reason}" in words(mcode("show", run, "--no-pager", "--db", db))


def test_one_task_asks_for_more(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    write_run(db, run_info("run-lone", samples=2, all_samples=True), [outcome(0, "passed", "syntax")])
    shown = words(mcode("show", "run-lone", "--no-pager", "--db", db))
    assert "sure to not told apart: one task shows no variance between tasks: run more of them" in shown


def test_a_run_that_stops_at_a_pass_has_no_spread(db: Path) -> None:
    with pytest_mcode.results.open(db) as results:
        found = results.run("run-stop").spread()
    assert found["these_rate"] is None
    assert found["variance_withheld"] == (
        "sampling stopped at the first pass, where c/n is biased: run with --all-samples"
    )


def test_the_interval_on_these_tasks_where_asked_for(mcode: Mcode, db: Path) -> None:
    shown = words(mcode("results", "--these-tasks", "--run", "run-five", "--run", "run-sure", "--db", db))
    assert "on these tasks" in shown
    assert f"{sum(PASSES) / 150:.1%}" in shown
    assert "on these tasks" not in words(mcode("results", "--db", db))
    groups = json.loads(mcode("results", "--grouped", "--samples", 1, "--db", db, "--json").out)
    (repeats,) = (group for group in groups if len(group["run_ids"]) == 2)
    assert repeats["spread"]["these_rate"] == pytest.approx(repeats["pass_rate"])
    assert 0 < repeats["spread"]["removable"] <= 1
    assert "on these tasks" in words(mcode("results", "--grouped", "--these-tasks", "--db", db))
