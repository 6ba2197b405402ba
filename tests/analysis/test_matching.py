from itertools import combinations, pairwise
from math import factorial, prod

import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.matching import match
from tests.analysis.own_tango import tango_score

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


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.2])
def test_the_set_inverts_tangos_test(margin: float) -> None:
    """Each budget is tested anew by the constrained likelihood, on curves that never fall."""
    rng, z = np.random.default_rng(3), stats.norm.ppf(0.975)
    budgets, seen = range(1, 7), set()
    for rate in (0.35, 0.5, 0.6, 0.7, 0.8, 0.9) * 3:
        first = rng.geometric(rng.beta(rate * 4, 4 - rate * 4, 80))
        other = rng.random(80) < 0.75
        gains = {k: int(np.sum((first <= k) & ~other)) for k in budgets}
        losses = {k: int(np.sum((first > k) & other)) for k in budgets}
        near = {k: tango_score(gains[k], losses[k], 80, -margin) for k in budgets}
        even = {k: tango_score(gains[k], losses[k], 80, 0.0) for k in budgets}
        found = match({k: (first <= k).astype(float).tolist() for k in budgets}, other.tolist(), margin)
        there = [k for k in budgets if gains[k] - losses[k] >= -margin * 80]
        not_below = [k for k in budgets if near[k] >= -z]
        not_shown = [k for k in budgets if near[k] <= z]
        not_better = [k for k in budgets if even[k] <= z]
        assert found.estimate == (min(there) if there else None)
        assert found.low == (min(not_below) if not_below else None)
        for limit, open_ in ((found.high, not_shown), (found.passes, not_better)):
            assert limit == (1 if not open_ else None if max(open_) == 6 else max(open_) + 1)
        seen.add((found.low, found.high))
    assert len(seen) > 3


def splits(total: int, cells: int) -> list[tuple[int, ...]]:
    ends = combinations(range(total + cells - 1), cells - 1)
    bars = [(-1, *each, total + cells - 1) for each in ends]
    return [tuple(right - left - 1 for left, right in pairwise(each)) for each in bars]


@pytest.mark.parametrize(
    ("chances", "truth"),
    [
        ((0.1, 0.1, 0.2, 0.25, 0.35), 2),
        ((0.1, 0.1, 0.0, 0.15, 0.65), 1),
        ((0.1, 0.1, 0.051, 0.1, 0.649), 2),
        ((0.05, 0.0, 0.3, 0.101, 0.549), None),
    ],
    ids=["there at the second", "there at the first", "nearly at the first", "nearly at the second"],
)
def test_the_true_budget_is_left_out_as_rarely_as_said(chances: tuple[float, ...], truth: int | None) -> None:
    """Exact, over all that 16 tasks may come to: A gains at once or later, loses for a while or for good."""
    tasks, margin = 16, 0.05
    patterns = [((1, 1), 0), ((0, 1), 0), ((0, 1), 1), ((0, 0), 1), ((0, 0), 0)]
    gains = [sum(p * (a[k] - b) for p, (a, b) in zip(chances, patterns, strict=True)) for k in (0, 1)]
    assert truth == next((k for k, gain in enumerate(gains, 1) if gain >= -margin - 1e-9), None)
    weights, too_low, too_high = 0.0, 0.0, 0.0
    for split in splits(tasks, len(chances)):
        ways = factorial(tasks) / prod(map(factorial, split))
        weight = ways * prod(p**count for p, count in zip(chances, split, strict=True))
        weights += weight
        drawn = [each for each, count in zip(patterns, split, strict=True) for _ in range(count)]
        curve = {k: [float(a[k - 1]) for a, _ in drawn] for k in (1, 2)}
        found = match(curve, [float(b) for _, b in drawn], margin)
        too_high += weight * ((found.low or 3) > (truth or 3))
        too_low += weight * ((found.high or 3) < (truth or 3))
    assert weights == pytest.approx(1)
    assert max(too_low, too_high) <= 1.2 * 0.025


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
