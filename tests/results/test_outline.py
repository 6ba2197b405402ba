"""The curve over samples, from sums that the database makes, is what each single attempt says."""

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.records import Attempt, TaskOutcome, Verdict
from pytest_mcode.results.budgets import history
from pytest_mcode.results.outline import outlines
from pytest_mcode.store import Store
from tests.store import postgres
from tests.store.builders import attempt, outcome, run_info

N = 4
TROUBLES = ("none", "untold", "replayed", "helped", "refused")
"""What may be unknown of an attempt."""


def made(draw: random.Random, sample: int, iteration: int, trouble: str) -> Attempt:
    kind = draw.choice(("passed", "assertion", "exception"))
    public = draw.choice((None, "passed", "assertion", "unresolved"))
    changes: dict[str, Any] = {
        "prompt_tokens": draw.randrange(1, 500),
        "completion_tokens": draw.randrange(500),
        "generation_seconds": draw.random() + 0.01,
        "public_verdict": Verdict(kind=public, seconds=0.1) if public else None,  # type: ignore[arg-type]
    }
    if trouble == "untold":
        changes |= {"completion_tokens": None}
    if trouble == "replayed":
        changes |= {"generation_seconds": 0.0}
    if trouble == "helped":
        aside = {"helper": "big", "prompt_tokens": 7, "completion_tokens": 3}
        changes |= {"extra": {"asides": [aside]}}
    if trouble == "refused":
        kind = "context_overflow"
        changes |= {"prompt_tokens": None, "completion_tokens": None, "generation_seconds": 0.0}
        changes |= {"public_verdict": None}
    return attempt(sample, iteration, kind, **changes)


def random_outcome(draw: random.Random, number: int, trouble: str, *, samples: int) -> TaskOutcome:
    attempts = tuple(
        made(draw, sample, iteration, trouble if draw.random() < 0.1 else "none")
        for sample in range(samples)
        for iteration in range(draw.randrange(1, 4))
    )
    status = draw.choice(("solved", "unsolved", "unsolved", "infra"))
    return outcome(number, "passed", attempts=attempts, status=status)


def fill(db: str) -> None:
    draw = random.Random(20)
    with Store.open(db) as store:
        for trouble in TROUBLES:
            for all_samples in (True, False):
                name = f"{trouble}-{all_samples}"
                store.begin_run(
                    run_info(name, samples=N, all_samples=all_samples, debug_iters=2), tasks_planned=30
                )
                for number in range(30):
                    samples = N if all_samples else draw.randrange(N + 1)
                    store.record(name, random_outcome(draw, number, trouble, samples=samples))
        store.begin_run(run_info("empty", samples=N, all_samples=True), tasks_planned=30)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            made = str(tmp_path_factory.mktemp("outline") / "results.db")
        else:
            made = stack.enter_context(postgres.server()).new()
        fill(made)
        yield made


@pytest.mark.parametrize("price", [None, "2,8"])
@pytest.mark.parametrize("hour", [None, 3.0])
def test_sums_say_what_each_attempt_says(db: str, price: str | None, hour: float | None) -> None:
    with pytest_mcode.results.open(db, price=price, price_per_hour=hour) as results:
        figures = results.runs().figures()
        found = outlines(results.store, figures)
        assert len(found) == 2 * len(TROUBLES) + 1
        unknown = set()
        for run, outline in zip(figures, found, strict=True):
            full = history(results.store, run)
            assert outline.is_fixed == full.is_fixed == ("True" in run["run_id"])
            whole = full.whole()
            assert outline.scores() == whole.scores
            assert outline.costs() == same(whole.costs)
            unknown |= {(run["run_id"], axis) for axis, cost in whole.costs.items() if cost is None}
            for k in range(1, N + 1) if full.is_fixed else ():
                within = full.within(k)
                assert outline.scores(k) == within.scores
                assert outline.costs(k) == same(within.costs)
        assert {("untold-True", "tokens"), ("replayed-True", "seconds"), ("empty", "attempts")} <= unknown
        assert not {axis for run_id, axis in unknown if run_id == "none-True"}
        if price:
            assert {("helped-True", "price"), ("untold-False", "price")} <= unknown
            assert (("refused-True", "price") in unknown) == (hour is not None)


def same(costs: Mapping[str, float | None]) -> dict[str, Any]:
    """Equal but for the order of summation."""
    return {axis: None if cost is None else pytest.approx(cost, rel=1e-12) for axis, cost in costs.items()}
