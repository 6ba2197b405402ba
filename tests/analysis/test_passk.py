import random
from itertools import combinations, permutations
from statistics import fmean

import numpy as np
import pytest

from pytest_mcode.analysis.passk import draws_until_pass, pass_at_k


def published(n: int, c: int, k: int) -> float:
    """Figure 3 of arXiv:2107.03374, as printed there."""
    if n - c < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


@pytest.mark.parametrize("k", [1, 5, 10, 100])
def test_is_the_published_estimator(k: int) -> None:
    for c in (0, 1, 3, 50, 99, 150, 200):
        assert pass_at_k(200, c, k) == pytest.approx(published(200, c, k), abs=1e-12)


def test_counts_draws_without_replacement() -> None:
    passed = [True, False, False, True, False]
    draws = list(combinations(passed, 3))
    assert pass_at_k(5, 2, 3) == pytest.approx(sum(map(any, draws)) / len(draws))
    assert pass_at_k(5, 0, 5) == 0
    assert pass_at_k(5, 1, 5) == 1


def test_is_unbiased_where_stopping_at_the_first_pass_is_not() -> None:
    rng, p, n, k = random.Random(0), 0.3, 10, 3
    fixed = [sum(rng.random() < p for _ in range(n)) for _ in range(20_000)]
    assert fmean(pass_at_k(n, c, k) for c in fixed) == pytest.approx(1 - (1 - p) ** k, abs=0.005)
    assert fmean(pass_at_k(n, c, 1) for c in fixed) == pytest.approx(p, abs=0.005)
    stopped = [next((tries for tries in range(1, n + 1) if rng.random() < p), None) for _ in range(20_000)]
    assert fmean(1 / tries if tries else 0 for tries in stopped) > p + 0.15


@pytest.mark.parametrize(("n", "c", "k"), [(5, 2, 6), (5, 6, 1), (5, -1, 1), (5, 2, 0)])
def test_impossible_counts_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="needs 1 <= k <= n"):
        pass_at_k(n, c, k)


@pytest.mark.parametrize(("n", "c"), [(5, 0), (5, 1), (5, 3), (5, 5), (1, 1)])
def test_draws_until_pass_averages_over_every_order(n: int, c: int) -> None:
    for k in range(1, n + 1):
        orders = list(permutations([True] * c + [False] * (n - c)))
        made = [next((i + 1 for i in range(k) if order[i]), k) for order in orders]
        assert draws_until_pass(n, c, k) == pytest.approx(fmean(made))
