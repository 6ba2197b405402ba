"""What could have been seen: the power of the exact test, and the smallest difference that it shows."""

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist, fmean, pstdev

from pytest_mcode.analysis.figure import Withheld

__all__ = ["detectable_difference", "mcnemar_power", "smallest_detectable"]

BISECTIONS = 30


def mcnemar_power(tasks: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """Return the chance that the exact McNemar test finds a true `difference` on `tasks` tasks.

    `discordance` is the chance that a task flips, either way; at least the difference. Exact: over every
    number of flips and every split of them (Connor 1987, doi:10.2307/2531964). Population: tasks like these.
    """
    import numpy as np
    from scipy import stats

    if not abs(difference) <= discordance <= 1:
        raise ValueError(f"a discordance of {discordance} cannot hold a difference of {difference}")
    if discordance == 0:
        return 0.0
    flips = np.arange(tasks + 1)
    fewest = stats.binom.ppf(alpha / 2, flips, 0.5)
    # The largest number of flips one way that is still significant; -1 where there is none.
    fewest = np.where(2 * stats.binom.cdf(fewest, flips, 0.5) < alpha, fewest, fewest - 1)
    share = (discordance + difference) / (2 * discordance)
    found = stats.binom.cdf(fewest, flips, share) + stats.binom.cdf(fewest, flips, 1 - share)
    return float(np.sum(stats.binom.pmf(flips, tasks, discordance) * found))


@lru_cache(maxsize=1024)
def detectable_difference(
    tasks: int, discordance: float, power: float = 0.8, alpha: float = 0.05
) -> float | Withheld:
    """Return the smallest true difference that the exact McNemar test finds with this `power`.

    Solved on `mcnemar_power`, at the `discordance` seen, or at its floor where that is more: every flip one
    way. Withheld where not even a difference of 1 would be found. Population: tasks like these.
    """

    def is_seen(difference: float) -> bool:
        return mcnemar_power(tasks, max(discordance, difference), difference, alpha) >= power

    if not is_seen(1.0):
        return Withheld(f"{tasks} tasks cannot show any difference: the exact test needs six flips one way")
    unseen, seen = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (unseen + seen) / 2
        unseen, seen = (unseen, middle) if is_seen(middle) else (middle, seen)
    return seen


def smallest_detectable(differences: Sequence[float], power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest true difference that this many such tasks show with probability `power`.

    Of flips, `detectable_difference`; 1 where that is withheld. Of shares, the normal approximation for a
    paired mean (Miller 2024, arXiv:2411.00640) at the spread seen, yet never less than flips of the size of
    the shares' mean difference allow.
    """
    tasks, moved = len(differences), [abs(each) for each in differences if each]
    if all(each == 1 for each in moved):
        found = detectable_difference(tasks, len(moved) / tasks, power, alpha)
        return found if isinstance(found, float) else 1.0
    floor = detectable_difference(tasks, 0.0, power, alpha)
    normal = NormalDist()
    steps = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    least = fmean(moved) * floor if isinstance(floor, float) else 1.0
    return min(1.0, max(steps * pstdev(differences) / sqrt(tasks), least))
