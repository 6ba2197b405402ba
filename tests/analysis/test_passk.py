import random
from itertools import combinations, product
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.intervals import mean_interval, wilson
from pytest_mcode.analysis.passk import (
    pass_at_k,
    pass_at_k_difference,
    pass_at_k_interval,
    pass_at_k_test,
    stopped_early,
)


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


def test_interval_spends_k_samples_a_draw() -> None:
    tasks = [(5, c) for c in (0, 1, 2, 3, 4, 5, 5, 5)]
    values = [pass_at_k(n, c, 2) for n, c in tasks]
    found = pass_at_k_interval(tasks, 2)
    assert (found.low, found.high) == mean_interval(values, 2)
    whole = pass_at_k_interval(tasks, 5)
    assert (whole.low, whole.high) == mean_interval([0, 1, 1, 1, 1, 1, 1, 1], 1, few_events=True)
    single = pass_at_k_interval([(1, 1)] * 7 + [(1, 0)], 1)
    assert (single.low, single.high) == pytest.approx(wilson(7, 8))
    assert whole.population == "tasks like these"


def test_difference_is_paired_by_task() -> None:
    a, b = [(4, 0), (4, 2), (4, 4)], [(2, 0), (2, 0), (2, 2)]
    difference, found = pass_at_k_difference(a, b, 2)
    gaps = [pass_at_k(4, x, 2) - pass_at_k(2, y, 2) for (_, x), (_, y) in zip(a, b, strict=True)]
    assert difference == pytest.approx(fmean(gaps))
    assert (found.low, found.high) == difference_interval(gaps, 1)
    with pytest.raises(ValueError, match="pass@3 needs"):
        pass_at_k_difference(a, b, 3)


def stopping(rng: random.Random, n: int) -> tuple[int, int]:
    tries = next((tries for tries in range(1, n + 1) if rng.random() < 0.3), None)
    return (tries, 1) if tries else (n, 0)


def test_stopping_shows_in_the_counts() -> None:
    rng = random.Random(0)
    reason = stopped_early([stopping(rng, 5) for _ in range(40)])
    assert reason is not None
    assert reason.startswith("tasks that passed were given 2.")
    assert reason.endswith("samples on average, 5.0 to the others")
    assert stopped_early([(1, 1), (2, 1), (5, 0)]) is not None
    assert stopped_early([(1, 1), (3, 1)]) == (
        "tasks that passed were given 2.0 samples on average, up to 3 to them"
    )


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [(5, 0), (5, 3), (5, 5)],
        [(1, 1), (1, 0)],
        [(5, 2), (3, 0), (5, 0)],
        [(5, 2)] * 20 + [(5, 0)] * 20 + [(4, 1)] * 3 + [(4, 0)] * 3,
    ],
    ids=["none", "fixed", "single", "only failing tasks short", "short by chance"],
)
def test_counts_that_do_not_go_by_the_outcome(counts: list[tuple[int, int]]) -> None:
    assert stopped_early(counts) is None


@pytest.mark.parametrize(("short_passed", "refused"), [(9, True), (6, False)])
def test_mixed_counts_are_judged_by_fishers_test(short_passed: int, refused: bool) -> None:
    counts = [(5, 2)] * 20 + [(5, 0)] * 20 + [(3, 1)] * short_passed + [(3, 0)] * (10 - short_passed)
    table = [[short_passed, 10 - short_passed], [20, 20]]
    assert (stats.fisher_exact(table, alternative="greater").pvalue < 0.05) == refused
    assert (stopped_early(counts) is not None) is refused


def test_dealing_is_over_every_split_of_the_samples() -> None:
    a, b, k = [(3, 3), (2, 1), (3, 2)], [(3, 1), (3, 0), (2, 1)], 2

    def split(ours: tuple[int, int], theirs: tuple[int, int]) -> list[float]:
        samples = [True] * (ours[1] + theirs[1]) + [False] * (ours[0] + theirs[0] - ours[1] - theirs[1])
        picks = combinations(range(len(samples)), ours[0])
        passed = [sum(samples[number] for number in pick) for pick in picks]
        return [published(ours[0], c, k) - published(theirs[0], ours[1] + theirs[1] - c, k) for c in passed]

    splits = [split(*pair) for pair in zip(a, b, strict=True)]
    seen = sum(published(*x, k) - published(*y, k) for x, y in zip(a, b, strict=True))
    exact = fmean(abs(sum(each)) >= abs(seen) - 1e-9 for each in product(*splits))
    assert pass_at_k_test(a, b, k) == pytest.approx(exact, abs=0.015)


def test_dealing_samples_anew_is_fishers_test() -> None:
    """On one task with k = 1 it is Fisher's exact test, but for the random deals."""
    exact = stats.fisher_exact([[9, 1], [3, 7]]).pvalue
    assert pass_at_k_test([(10, 9)], [(10, 3)], 1) == pytest.approx(exact, abs=0.01)
    assert pass_at_k_test([(5, 5)] * 8, [(5, 0)] * 8, 3) == pytest.approx(1e-4)
    assert pass_at_k_test([(5, 2), (4, 0)], [(5, 2), (7, 0)], 2) == 1.0
