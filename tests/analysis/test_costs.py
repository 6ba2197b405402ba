from itertools import permutations
from statistics import fmean

import pytest

from pytest_mcode.analysis.costs import AXES, Price, cost_until_pass, mean_cost, spent

SAMPLES = [(True, 100.0), (False, 130.0), (False, 250.0), (True, 90.0), (False, 10.0)]


def every_order(samples: list[tuple[bool, float]], k: int) -> float:
    def paid(order: tuple[tuple[bool, float], ...]) -> float:
        total = 0.0
        for passed, cost in order[:k]:
            total += cost
            if passed:
                break
        return total

    return fmean(map(paid, permutations(samples)))


@pytest.mark.parametrize("passes", range(6))
@pytest.mark.parametrize("k", range(1, 6))
def test_cost_averages_over_every_order(passes: int, k: int) -> None:
    samples = [(i < passes, cost) for i, (_, cost) in enumerate(SAMPLES)]
    assert cost_until_pass(samples, k) == pytest.approx(every_order(samples, k))


def test_failing_samples_cost_their_own() -> None:
    """At the mean price of all samples, two draws would cost 15 tokens more."""
    samples = [(True, 100.0), (False, 160.0)]
    assert cost_until_pass(samples, 2) == pytest.approx((100 + 260) / 2)


def test_unknown_costs_are_unknown() -> None:
    assert cost_until_pass([(True, None), (False, 10.0)], 1) is None
    assert mean_cost([[(True, 10.0)], [(True, None)]], 1) is None
    assert mean_cost([], 1) is None
    assert mean_cost([[(True, 10.0)], [(False, 30.0)]], 1) == 20


def test_budget_beyond_the_samples_is_refused() -> None:
    with pytest.raises(
        ValueError, match="a budget of 3 samples needs 1 <= k <= 2, the samples that there are"
    ):
        cost_until_pass([(True, 1.0), (False, 1.0)], 3)


def test_attempts_are_added_up_by_axis() -> None:
    attempt = {"prompt_tokens": 100, "completion_tokens": 20, "generation_seconds": 1.5}
    judged = {**attempt, "execution_seconds": 0.25}
    assert [spent([judged, judged], axis) for axis in AXES.values()] == [2, 240, 3.0, 3.5]
    assert spent([judged, attempt], AXES["seconds"]) is None
    assert spent([{**judged, "prompt_tokens": None}], AXES["tokens"]) is None
    assert spent([], AXES["tokens"]) == 0
    replayed = {**judged, "generation_seconds": 0.0}
    assert spent([replayed], AXES["model_seconds"]) is spent([replayed], AXES["seconds"]) is None
    refused = {**judged, "prompt_tokens": None, "completion_tokens": None, "verdict": "context_overflow"}
    assert spent([judged, refused], AXES["tokens"]) == 120


def test_prices_are_of_tokens_and_of_machine_hours() -> None:
    tokens = Price(per_million=(0.5, 2.0))
    assert tokens.of(1_000_000, 500_000, None) == 1.5
    assert tokens.of(None, 5, 1.0) is tokens.of(5, None, 1.0) is None
    hours = Price(per_hour=0.9, machine_share=0.25)
    assert hours.of(None, None, 3600.0) == pytest.approx(0.225)
    assert hours.of(None, None, 0.0) is None
    assert Price(per_million=(1, 1), per_hour=3600.0).of(1_000_000, 0, 2.0) == pytest.approx(3.0)
    attempt = {"prompt_tokens": 100, "completion_tokens": 20, "generation_seconds": 4.0}
    assert spent([attempt, attempt], hours.axes["price"]) == pytest.approx(8 / 3600 * 0.225)
    assert spent([attempt, {**attempt, "prompt_tokens": None}], tokens.axes["price"]) is None
