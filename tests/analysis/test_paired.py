import random

import pytest

from pytest_mcode.analysis.clusters import clustered_difference
from pytest_mcode.analysis.differences import difference_interval, score_interval
from pytest_mcode.analysis.figure import Interval, Withheld
from pytest_mcode.analysis.paired import compare
from pytest_mcode.analysis.significance import exchange_test, permutation_test


def scores(tasks: int, gain: float) -> tuple[list[float], list[float]]:
    rng = random.Random(tasks)
    b = [float(rng.random() < 0.4) for _ in range(tasks)]
    a = [1.0 if rng.random() < gain else each for each in b]
    return a, b


def test_binary_scores_are_compared() -> None:
    mine = compare([1, 1, 0, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 0, 0, 0])
    assert (mine.tasks, mine.only_a, mine.only_b) == (8, 5, 1)
    assert (mine.rate_a, mine.rate_b, mine.difference) == (0.75, 0.25, 0.5)
    assert (mine.test, mine.p_value) == ("exact McNemar", pytest.approx(14 / 64))


def test_averaged_repeats_are_compared_at_the_effective_number_of_tasks() -> None:
    a, b = [0.5, 1, 1, 0.75, 1, 0.5], [0.0, 0.5, 0.75, 0.5, 0.75, 0]
    mine = compare(a, b)
    assert (mine.test, mine.p_value) == ("paired permutation", pytest.approx(2 / 2**6))
    assert mine.interval == "effective Tango score"
    differences = [x - y for x, y in zip(a, b, strict=True)]
    assert (mine.low, mine.high) == difference_interval(differences, 4)
    given = compare(a, b, draws=2)
    assert (given.low, given.high) == difference_interval(differences, 2)


def test_a_side_with_one_run_is_one_draw() -> None:
    mine = compare([1, 0, 1, 1], [2 / 3, 1 / 3, 1, 0])
    assert (mine.low, mine.high) == difference_interval([1 / 3, -1 / 3, 0, 1], 1)
    assert mine.p_value == exchange_test([1, 0, 1, 1], [2 / 3, 1 / 3, 1, 0], (1, 3))
    partly = compare([1, 0, 1, 1], [2 / 3, 1 / 2, 1, 0])
    assert partly.p_value == permutation_test([1 / 3, -1 / 2, 0, 1])


def test_verdicts_go_by_whole_clusters() -> None:
    a, b = scores(300, 0.3)
    names = [f"repo-{i % 12}" for i in range(300)]
    alone, clustered = compare(a, b), compare(a, b, names)
    assert (clustered.low, clustered.high) == (alone.low, alone.high)
    assert clustered.clusters == 12
    whole = clustered_difference([x - y for x, y in zip(a, b, strict=True)], names)
    assert isinstance(whole, Interval)
    assert (clustered.clustered_low, clustered.clustered_high) == (whole.low, whole.high)
    assert isinstance(clustered.decisive, Interval)
    assert (clustered.decisive.low, clustered.decisive.high) == (whole.low, whole.high)
    assert whole.low < alone.low < alone.high < whole.high
    assert isinstance(alone.decisive, Interval)
    assert (alone.decisive.low, alone.clustered_low, alone.clusters) == (alone.low, None, None)


def test_few_clusters_give_no_verdict() -> None:
    a, b = scores(300, 0.3)
    mine = compare(a, b, [f"repo-{i % 5}" for i in range(300)])
    assert (mine.clustered_low, mine.clustered_high, mine.clusters) == (None, None, None)
    reason = "5 clusters of tasks do not show how others vary: an interval over clusters needs at least 6"
    assert mine.decisive == Withheld(reason)
    assert mine.clustered_withheld == reason


def test_no_flip_is_not_certainty() -> None:
    mine = compare([1.0] * 50, [1.0] * 50)
    assert (mine.difference, mine.p_value) == (0, 1)
    assert (mine.low, mine.high) == pytest.approx((-0.0713, 0.0713), abs=0.0001)
    same = compare([0.5] * 50, [0.5] * 50)
    assert mine.interval == same.interval == "Tango score"
    assert (same.low, same.high) == pytest.approx(score_interval(0, 0, 50))


def test_no_task_is_refused() -> None:
    with pytest.raises(ValueError, match="no task to compare on"):
        compare([], [])
