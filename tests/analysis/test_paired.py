import random

import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.paired import (
    bootstrap_interval,
    compare,
    mcnemar,
    non_inferior,
    permutation_test,
    score_interval,
    smallest_detectable,
)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (5, 0), (6, 0), (9, 1), (12, 30), (7, 7)])
def test_mcnemar_is_scipys_and_statsmodels(only_a: int, only_b: int) -> None:
    mine = mcnemar(only_a, only_b)
    if only_a + only_b:
        assert mine == pytest.approx(stats.binomtest(only_a, only_a + only_b, 0.5).pvalue)
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    assert mine == pytest.approx(tables.mcnemar([[50, only_a], [only_b, 50]], exact=True).pvalue)


def scores(tasks: int, gain: float) -> tuple[list[float], list[float]]:
    rng = random.Random(tasks)
    b = [float(rng.random() < 0.4) for _ in range(tasks)]
    a = [1.0 if rng.random() < gain else each for each in b]
    return a, b


@pytest.mark.parametrize(
    ("only_a", "only_b", "tasks", "published"),
    [
        (1, 7, 21, (-0.517, -0.026)),
        (12, 2, 50, (0.0611, 0.3447)),
    ],
    ids=["Fagerland, Lydersen & Laake 2014, airway", "Newcombe 1998, table II"],
)
def test_score_interval_is_the_published_one(
    only_a: int, only_b: int, tasks: int, published: tuple[float, float]
) -> None:
    assert score_interval(only_a, only_b, tasks) == pytest.approx(published, abs=0.0005)


@pytest.mark.parametrize("tasks", [1, 7, 164])
def test_score_interval_goes_by_mcnemars_test(tasks: int) -> None:
    """0 lies in it where the test without continuity correction holds; the exact test is stricter."""
    for only_a in range(min(tasks, 30) + 1):
        for only_b in range(min(tasks - only_a, 30) + 1):
            low, high = score_interval(only_a, only_b, tasks)
            assert -1 <= low <= (only_a - only_b) / tasks <= high <= 1
            assert (low, high) == pytest.approx([-x for x in reversed(score_interval(only_b, only_a, tasks))])
            flips = only_a + only_b
            rejected = flips and stats.chi2.sf((only_a - only_b) ** 2 / flips, 1) < 0.05
            assert (low > 0 or high < 0) == rejected
            assert rejected or mcnemar(only_a, only_b) >= 0.05


def test_score_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    flips = rng.multinomial(164, [0.06, 0.03, 0.91], size=1000)
    spans = [score_interval(int(a), int(b), 164) for a, b, _ in flips]
    assert np.mean([low <= 0.03 <= high for low, high in spans]) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("flips", [(-1, 0), (0, -1), (5, 6)])
def test_flips_that_cannot_be(flips: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="are no flips of 10 tasks"):
        score_interval(*flips, 10)


def test_interval_of_averaged_repeats_is_the_bootstrap_over_tasks() -> None:
    a, b = scores(164, 0.1)
    a[0] = 0.5
    differences = np.subtract(a, b)
    theirs = stats.bootstrap(
        (differences,), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(5)
    )
    mine = compare(a, b)
    assert mine.interval == "bootstrap"
    assert (mine.low, mine.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1.5 / 164)
    assert mine == compare(a, b)
    normal = 1.96 * differences.std() / np.sqrt(164)
    assert mine.high - mine.difference == pytest.approx(normal, rel=0.1)


def test_interval_covers_the_truth() -> None:
    rng, truth, hits = np.random.default_rng(1), 0.1, 0
    for _ in range(100):
        b = rng.random(150) < 0.4
        a = np.where(rng.random(150) < truth / 0.6, True, b)
        low, high = bootstrap_interval(np.subtract(a, b, dtype=float).tolist())
        hits += low <= truth <= high
    assert hits >= 88


def test_whole_clusters_widen_the_interval() -> None:
    a, b = scores(50, 0.3)
    a, b = a * 6, b * 6
    alone = compare(a, b)
    clustered = compare(a, b, [f"repo-{i % 50}" for i in range(300)])
    assert clustered.clusters == 50
    assert (clustered.low, clustered.high) == (alone.low, alone.high)
    assert alone.interval == "Tango score"
    assert clustered.clustered_low is not None
    assert clustered.clustered_high is not None
    wider = (clustered.clustered_high - clustered.clustered_low) / (alone.high - alone.low)
    assert wider == pytest.approx(6**0.5, rel=0.1)
    assert alone.clustered_low is None
    assert compare(a, b, ["one"] * 300).clustered_low == -1


def test_binary_scores_are_compared() -> None:
    mine = compare([1, 1, 0, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 0, 0, 0])
    assert (mine.tasks, mine.only_a, mine.only_b) == (8, 5, 1)
    assert (mine.rate_a, mine.rate_b, mine.difference) == (0.75, 0.25, 0.5)
    assert (mine.test, mine.p_value) == ("exact McNemar", pytest.approx(14 / 64))


def test_averaged_repeats_are_tested_by_permutation() -> None:
    a, b = [0.5, 1, 1, 0.75, 1, 0.5], [0.0, 0.5, 0.75, 0.5, 0.75, 0]
    mine = compare(a, b)
    assert mine.test == "paired permutation"
    assert mine.p_value == pytest.approx(2 / 2**6)
    rng = np.random.default_rng(3)
    many = (rng.random(200) - 0.47).tolist()
    theirs = stats.permutation_test(
        (np.array(many),), np.mean, permutation_type="samples", n_resamples=9999, rng=1
    )
    assert permutation_test(many) == pytest.approx(theirs.pvalue, abs=0.02)
    assert permutation_test([0, 0]) == permutation_test([0, 0.5]) == 1
    assert permutation_test([0.25, 0.5]) == 0.5


def test_no_flip_is_not_certainty() -> None:
    mine = compare([1.0] * 50, [1.0] * 50)
    assert mine.difference == 0
    assert mine.p_value == 1
    assert (mine.low, mine.high) == pytest.approx((-0.0713, 0.0713), abs=0.0001)
    assert mine.interval == compare([0.5] * 50, [0.5] * 50).interval == "Tango score"


def test_smallest_detectable_is_shown_with_its_power() -> None:
    rng, tasks, spread = np.random.default_rng(0), 164, 0.5
    smallest = smallest_detectable((rng.permutation([spread, -spread] * (tasks // 2))).tolist())
    assert smallest == pytest.approx(2.8016 * spread / tasks**0.5, rel=0.001)
    trials = rng.normal(smallest, spread, (4000, tasks))
    assert np.mean(stats.ttest_1samp(trials, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


def test_smallest_detectable_is_never_below_the_exact_test() -> None:
    assert smallest_detectable([0.0] * 100) == 0.06
    assert mcnemar(6, 0) < 0.05 < mcnemar(5, 0)
    assert smallest_detectable([0.0] * 3) == 1


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (-0.04, 0.1, "yes"),
        (-0.2, -0.06, "no"),
        (-0.1, 0.1, "not enough evidence"),
        (-0.05, 0, "not enough evidence"),
    ],
)
def test_non_inferiority_has_three_answers(low: float, high: float, answer: str) -> None:
    assert non_inferior(low, high, margin=0.05) == answer


def test_no_task_is_refused() -> None:
    with pytest.raises(ValueError, match="no task to compare on"):
        compare([], [])
