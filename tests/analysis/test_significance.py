from itertools import product

import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.significance import exchange_test, holm, mcnemar, permutation_test


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (5, 0), (6, 0), (9, 1), (12, 30), (7, 7)])
def test_mcnemar_is_scipys_and_statsmodels(only_a: int, only_b: int) -> None:
    mine = mcnemar(only_a, only_b)
    if only_a + only_b:
        assert mine == pytest.approx(stats.binomtest(only_a, only_a + only_b, 0.5).pvalue)
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    assert mine == pytest.approx(tables.mcnemar([[50, only_a], [only_b, 50]], exact=True).pvalue)


@pytest.mark.parametrize(
    "differences",
    [
        [0.5, 0.5, 0.25, 0.25, 0.25, 0.5],
        [1 / 3, -2 / 3, 1, 1 / 3, 0, 0.5],
        [-1, -1, -1, 1, 0.75],
        [0.1, -0.3],
    ],
)
def test_permutation_test_is_exact(differences: list[float]) -> None:
    swaps = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=len(differences))]
    p_value = np.mean(np.array(swaps) >= abs(sum(differences)) - 1e-9)
    assert permutation_test(differences) == pytest.approx(p_value)


def test_permutation_test_of_many_is_scipys() -> None:
    rng = np.random.default_rng(2)
    shares = (rng.integers(-3, 5, 300) / 3).clip(-1, 1).tolist()
    theirs = stats.permutation_test(
        (np.array(shares),), np.mean, permutation_type="samples", n_resamples=9999, rng=1
    )
    assert permutation_test(shares) == pytest.approx(theirs.pvalue, abs=0.02)


def test_differences_without_a_common_step_are_swapped_at_random() -> None:
    rng = np.random.default_rng(3)
    many = (rng.random(200) - 0.47).tolist()
    theirs = stats.permutation_test(
        (np.array(many),), np.mean, permutation_type="samples", n_resamples=9999, rng=1
    )
    assert permutation_test(many) == permutation_test(many) == pytest.approx(theirs.pvalue, abs=0.02)


def test_few_differences_show_nothing() -> None:
    assert permutation_test([0, 0]) == permutation_test([0, 0.5]) == 1
    assert permutation_test([0.25, 0.5]) == 0.5


def test_holm_is_statsmodels() -> None:
    tests = pytest.importorskip("statsmodels.stats.multitest")
    p_values = [0.04, 0.001, 0.2, 0.011, 0.9, 0.011]
    assert holm(p_values) == pytest.approx(tests.multipletests(p_values, method="holm")[1])
    assert holm([]) == []


def test_outcomes_of_unequal_runs_are_dealt_anew() -> None:
    """Every way to deal each task's outcomes to one run of A and three of B."""
    a, b = [1, 1, 0, 1], [1 / 3, 0, 2 / 3, 1 / 3]
    outcomes = [[x] + [1] * round(3 * y) + [0] * (3 - round(3 * y)) for x, y in zip(a, b, strict=True)]
    gaps = [
        sum(each[first] - (sum(each) - each[first]) / 3 for each, first in zip(outcomes, deal, strict=True))
        for deal in product(range(4), repeat=4)
    ]
    seen = sum(x - y for x, y in zip(a, b, strict=True))
    expected = np.mean([abs(gap) >= abs(seen) - 1e-9 for gap in gaps])
    assert exchange_test(a, b, (1, 3)) == pytest.approx(expected)
    assert exchange_test(b, a, (3, 1)) == pytest.approx(expected)


def test_shares_that_are_no_multiples_are_not_dealt() -> None:
    assert exchange_test([1, 0], [0.5, 1 / 3], (1, 3)) is None
