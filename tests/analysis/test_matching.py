import numpy as np
import pytest

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.matching import match

OTHER = [1.0] * 60 + [0.0] * 40


def rising(*solved: int) -> dict[float, list[float]]:
    return {k: [1.0] * n + [0.0] * (100 - n) for k, n in enumerate(solved, 1)}


def test_budgets_are_those_at_which_the_intervals_cross() -> None:
    curve = rising(30, 55, 62, 80)
    found = match(curve, OTHER, margin=0.05)
    limits = {
        k: difference_interval([x - y for x, y in zip(scores, OTHER, strict=True)])
        for k, scores in curve.items()
    }
    assert found.estimate == 2
    assert found.low == min(k for k, (_, high) in limits.items() if high >= -0.05)
    assert found.high == min(k for k, (low, _) in limits.items() if low > -0.05) == 3
    assert found.passes == min(k for k, (low, _) in limits.items() if low > 0) == 4
    assert not found.never


def test_never_within_the_budget_shown() -> None:
    found = match(rising(10, 20, 30), OTHER, margin=0.05)
    assert (found.estimate, found.low, found.high, found.passes) == (None, None, None, None)
    assert found.never


def test_the_first_budget_may_do() -> None:
    found = match(rising(90, 95), OTHER, margin=0.05)
    assert (found.estimate, found.low, found.high, found.passes) == (1, 1, 1, 1)


def test_few_tasks_leave_it_open() -> None:
    found = match({1: [1.0, 0.0], 5: [1.0, 1.0]}, [1.0, 1.0], margin=0.05)
    assert (found.estimate, found.low, found.high, found.never) == (5, 1, None, False)


def test_high_stops_at_the_first_budget_that_does_not_show_it() -> None:
    """A curve that dips, as one of other runs might: only what holds from there on counts."""
    dipping = rising(90, 30, 90)
    assert match(dipping, OTHER, margin=0.05).high == 3


def test_draws_behind_the_scores_narrow_the_set() -> None:
    rng = np.random.default_rng(0)
    b = (rng.binomial(5, 0.6, 100) / 5).tolist()
    curve = {1.0: (rng.binomial(5, 0.58, 100) / 5).tolist()}
    assert match(curve, b, margin=0.08).high is None
    assert match(curve, b, margin=0.08, draws={1.0: 5}).high == 1


def test_a_curve_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="no budget to match at"):
        match({}, OTHER, margin=0.05)
