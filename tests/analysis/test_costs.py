from itertools import permutations
from statistics import fmean

import pytest

from pytest_mcode.analysis.costs import AXES, cost_until_pass, mean_cost, spent, token_price

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
    assert [spent([judged, judged], axis) for axis in AXES] == [2, 240, 3.0, 3.5]
    assert spent([judged, attempt], "seconds") is None
    assert spent([{**judged, "prompt_tokens": None}], "tokens") is None
    assert spent([], "tokens") == 0


def test_price_of_tokens() -> None:
    assert token_price(1_000_000, 500_000, (0.5, 2.0)) == 1.5
    assert token_price(None, 5, (1, 1)) is token_price(5, None, (1, 1)) is None
