from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.power import detectable, detectable_difference, mcnemar_power, smallest_detectable
from pytest_mcode.analysis.significance import mcnemar


def enumerated(tasks: int, discordance: float, difference: float) -> float:
    a, b = (discordance + difference) / 2, (discordance - difference) / 2
    return sum(
        comb(tasks, x) * comb(tasks - x, y) * a**x * b**y * (1 - a - b) ** (tasks - x - y)
        for x, y in product(range(tasks + 1), repeat=2)
        if x + y <= tasks and mcnemar(x, y) < 0.05
    )


@pytest.mark.parametrize(("tasks", "discordance", "difference"), [(8, 1, 1), (20, 0.4, 0.3), (30, 0.5, 0.0)])
def test_power_sums_every_outcome(tasks: int, discordance: float, difference: float) -> None:
    assert mcnemar_power(tasks, discordance, difference) == pytest.approx(
        enumerated(tasks, discordance, difference)
    )


@pytest.mark.parametrize("discordance", [0.0, 0.1, 0.4])
def test_detectable_difference_is_found_four_times_in_five(discordance: float) -> None:
    least = detectable_difference(164, discordance)
    assert isinstance(least, float)
    whole = max(discordance, least)
    rng = np.random.default_rng(0)
    flips = rng.multinomial(164, [(whole + least) / 2, (whole - least) / 2, 1 - whole], size=4000)
    found = np.mean([mcnemar(int(a), int(b)) < 0.05 for a, b, _ in flips])
    assert found == pytest.approx(0.8, abs=0.03)
    assert mcnemar_power(164, max(discordance, least - 0.005), least - 0.005) < 0.8


def test_six_flips_are_needed() -> None:
    assert detectable_difference(5, 0.2) == Withheld(
        "5 tasks cannot show any difference: the exact test needs six flips one way"
    )
    assert detectable_difference(6, 0.0) == pytest.approx(0.8 ** (1 / 6), abs=1e-6)
    assert smallest_detectable([0.0] * 3) == 1


def test_discordance_holds_the_difference() -> None:
    assert mcnemar_power(10, 0, 0) == 0
    with pytest.raises(ValueError, match=r"a discordance of 0.1 cannot hold a difference of 0.2"):
        mcnemar_power(10, 0.1, 0.2)


def test_flips_are_solved_exactly_and_shares_by_their_spread() -> None:
    flips = [1.0] * 10 + [-1.0] * 6 + [0.0] * 84
    assert smallest_detectable(flips) == detectable_difference(100, 0.16)
    spread = 0.5
    shares = [spread, -spread] * 82
    assert smallest_detectable(shares) == detectable(shares)
    normal = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert smallest_detectable(shares) == pytest.approx(normal * spread / 164**0.5, rel=0.02)
    trials = np.random.default_rng(0).normal(smallest_detectable(shares), spread, (4000, 164))
    assert np.mean(stats.ttest_1samp(trials, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


def test_few_shares_that_differ_are_withheld() -> None:
    few = [1 / 3] * 8 + [0.0] * 30
    assert detectable(few) == Withheld(
        "only 8 tasks differ: what such repeats can show is not known below 12"
    )
    assert smallest_detectable(few) == 1
