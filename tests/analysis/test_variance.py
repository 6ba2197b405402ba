from itertools import product

import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.intervals import wilson
from pytest_mcode.analysis.variance import Parts, fixed_tasks_interval, variance_parts


def test_parts_are_those_of_a_one_way_analysis_of_variance() -> None:
    """Equal numbers of samples: within is the mean square within over all, the sum is that between."""
    rng = np.random.default_rng(0)
    drawn = rng.random((60, 4)) < rng.beta(0.6, 1.4, (60, 1))
    parts = variance_parts([(4, int(c)) for c in drawn.sum(1)])
    assert isinstance(parts, Parts)
    within = np.mean(drawn.var(axis=1, ddof=1))
    assert parts.within == pytest.approx(within / (60 * 4))
    between = stats.f_oneway(*drawn.astype(float)).statistic * within
    assert parts.between + parts.within == pytest.approx(between / (60 * 4))
    assert parts.removable == pytest.approx(within / between)
    assert parts.error_these**2 == pytest.approx(parts.within)
    assert parts.error_like_these**2 == pytest.approx(parts.between + parts.within)


def test_parts_are_the_true_ones() -> None:
    rng, tasks, n = np.random.default_rng(1), 4000, 5
    parts = variance_parts([(n, int(c)) for c in rng.binomial(n, rng.beta(0.6, 1.4, tasks))])
    assert isinstance(parts, Parts)
    assert parts.between * tasks == pytest.approx(0.3 * 0.7 / 3, rel=0.05)
    assert parts.within * tasks == pytest.approx(0.3 * 0.7 * 2 / 3 / n, rel=0.05)


def test_alike_tasks_leave_all_to_more_samples() -> None:
    parts = variance_parts([(4, 2)] * 10)
    assert isinstance(parts, Parts)
    assert (parts.between, parts.removable) == (0, 1)
    still = variance_parts([(4, 4)] * 10)
    assert isinstance(still, Parts)
    assert still.removable == 0


def test_what_cannot_be_told_apart_is_withheld() -> None:
    assert variance_parts([(5, 2)]) == Withheld("one task shows no variance between tasks: run more of them")
    assert variance_parts([(5, 2), (1, 1)]) == Withheld(
        "one sample of a task does not separate variance within it from variance between tasks"
    )


def test_these_tasks_are_surer_than_tasks_like_these() -> None:
    alike, unlike = [(10, 5)] * 40, [(10, 0), (10, 10)] * 20
    found = fixed_tasks_interval(alike)
    assert (found.low, found.high) == pytest.approx(wilson(200, 400), abs=0.01)
    narrow = fixed_tasks_interval(unlike)
    assert narrow.high - narrow.low < (found.high - found.low) / 2
    single = fixed_tasks_interval([(1, 1), (1, 0)] * 10)
    assert (single.low, single.high) == pytest.approx(wilson(10, 20))
    assert found.population == "these tasks"


@pytest.mark.parametrize(
    ("tasks", "draws"),
    [
        ([(10, 5)] * 40, 400),
        ([(1, 1), (1, 0)] * 30, 60),
        ([(1, 0), (1, 1), (4, 2), (4, 2)] * 10, 64),
    ],
    ids=["many draws", "single draws", "unequal draws, whose variances add up to that of 64"],
)
def test_like_coins_are_statsmodels_wilson(tasks: list[tuple[int, int]], draws: int) -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    found = fixed_tasks_interval(tasks, confidence=0.9)
    theirs = proportion.proportion_confint(draws / 2, draws, alpha=0.1, method="wilson")
    assert (found.low, found.high) == pytest.approx(theirs)


def test_unlike_coins_are_a_stratified_mean() -> None:
    """Cochran 1977, Sampling Techniques, section 5.3: the strata's variances over their sizes add up."""
    rng = np.random.default_rng(2)
    drawn = [rng.random(2 + task % 7) < rate for task, rate in enumerate(rng.beta(0.6, 1.4, 3000))]
    found = fixed_tasks_interval([(len(each), int(each.sum())) for each in drawn])
    error = np.sqrt(sum(each.var(ddof=1) / len(each) for each in drawn)) / 3000
    theirs = stats.norm.interval(0.95, np.mean([each.mean() for each in drawn]), error)
    assert (found.low, found.high) == pytest.approx(theirs, abs=error / 50)


@pytest.mark.parametrize(
    "rates",
    [(0.1, 0.9), (0.02, 0.6), (0.5, 0.5), (0.01, 0.95), (0.02, 0.02)],
    ids=lambda rates: f"{rates[0]} and {rates[1]}",
)
def test_the_mean_of_these_tasks_is_covered(rates: tuple[float, float]) -> None:
    """Exact, over all that two samples of each of 20 tasks may come to, ten tasks of either rate."""
    halves = [
        [
            (split, stats.multinomial.pmf(split, 10, stats.binom.pmf((0, 1, 2), 2, rate)))
            for split in product(range(11), repeat=3)
            if sum(split) == 10
        ]
        for rate in rates
    ]
    chances: dict[tuple[int, ...], float] = {}
    for (one, chance), (two, other) in product(*halves):
        both = tuple(map(sum, zip(one, two, strict=True)))
        chances[both] = chances.get(both, 0.0) + chance * other
    assert sum(chances.values()) == pytest.approx(1)
    covered = 0.0
    for split, chance in chances.items():
        found = fixed_tasks_interval([(2, c) for c, count in enumerate(split) for _ in range(count)])
        covered += chance * (found.low <= sum(rates) / 2 <= found.high)
    assert covered >= 0.92
