import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.differences import difference_bounds, difference_interval, score_interval
from pytest_mcode.analysis.significance import mcnemar


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
    with pytest.raises(ValueError, match="cannot be flips of 10 tasks"):
        score_interval(*flips, 10)


@pytest.mark.parametrize(("only_a", "only_b", "tasks"), [(0, 0, 20), (4, 0, 38), (9, 3, 164)])
@pytest.mark.parametrize("draws", [1, 5])
def test_flips_alone_are_tangos(only_a: int, only_b: int, tasks: int, draws: int) -> None:
    flips = [1.0] * only_a + [-1.0] * only_b + [0.0] * (tasks - only_a - only_b)
    assert difference_interval(flips, draws) == pytest.approx(score_interval(only_a, only_b, tasks))


def test_limits_are_where_the_constrained_likelihood_is_rejected() -> None:
    """Tango's variance maximises the likelihood of flips under a given difference: here by brute force."""
    only_a, only_b, tasks = 9, 3, 60
    low, high = score_interval(only_a, only_b, tasks)
    for limit in (low, high):
        b_alone = np.linspace(max(0, -limit), (1 - limit) / 2, 400_001)[1:-1]
        likelihood = (
            only_a * np.log(b_alone + limit)
            + only_b * np.log(b_alone)
            + (tasks - only_a - only_b) * np.log(1 - 2 * b_alone - limit)
        )
        best = b_alone[np.nanargmax(likelihood)]
        score = (only_a - only_b - tasks * limit) / np.sqrt(tasks * (2 * best + limit - limit**2))
        assert abs(score) == pytest.approx(stats.norm.ppf(0.975), abs=1e-3)


def test_more_draws_narrow_as_far_as_tasks_agree() -> None:
    mixed = [0.5, -0.25, 0.25, 0.0] * 20
    one, two, many = (difference_interval(mixed, draws) for draws in (1, 2, 1000))
    assert one[0] < two[0] < many[0] < 0.125 < many[1] < two[1] < one[1]
    normal = 1.96 * np.std(mixed) / np.sqrt(80)
    assert (many[1] - many[0]) / 2 == pytest.approx(normal, rel=0.25)


def test_bounds_take_the_worst_of_both_sides() -> None:
    assert difference_bounds([1, None, 0, 1], [0, 1, None, 1]) == (-0.25, 0.25)
    assert difference_bounds([1, 0], [0, 0]) == (0.5, 0.5)
    with pytest.raises(ValueError, match="no task to compare on"):
        difference_bounds([], [])
