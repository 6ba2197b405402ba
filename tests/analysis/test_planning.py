import pytest
from scipy import stats

from pytest_mcode.analysis.planning import match_power
from tests.analysis.own_tango import tango_score

MARGIN = 0.1


def assurance(solved: tuple[int, float], failed: tuple[int, float]) -> float:
    """The exact chance that Tango's test shows A not inferior, tasks solved as often as its samples pass.

    Of either kind, the tasks that B solved and those that it failed: their number, and the chance that a
    task is solved.
    """
    (many, keeps), (few, gains) = solved, failed
    return sum(
        stats.binom.pmf(lost, many, 1 - keeps) * stats.binom.pmf(gained, few, gains)
        for lost in range(many + 1)
        for gained in range(few + 1)
        if tango_score(gained, lost, many + few, -MARGIN) > stats.norm.ppf(0.975)
    )


@pytest.mark.parametrize(
    ("samples", "of_solved", "of_failed", "rate"),
    [
        (1, (10, 9), (10, 3), 0.6),
        (3, (10, 6), (4, 1), 0.45),
        (2, (5, 3), (5, 0), 1.0),
        (4, (0, 0), (0, 0), 0.7),
        (3, (5, 3), (5, 0), 1.0),
    ],
)
def test_power_of_a_match_is_the_exact_assurance(
    samples: int, of_solved: tuple[int, int], of_failed: tuple[int, int], rate: float
) -> None:
    """At most as many samples as are made show it where any pass among them does: beta-binomial, exact."""
    many, few = 36, 14
    tasks, other = [of_solved] * many + [of_failed] * few, [1.0] * many + [0.0] * few
    found = match_power(tasks, rate, other, samples, MARGIN, simulations=1500)
    prior = min(max(rate, 0.01), 0.99)
    passes = [
        1 - stats.betabinom.pmf(0, samples, c + prior, n - c + 1 - prior) for n, c in (of_solved, of_failed)
    ]
    exact = assurance((many, passes[0]), (few, passes[1]))
    assert found.by_samples[-1] == pytest.approx(exact, abs=0.03)
    assert 0.1 < exact < 0.97
