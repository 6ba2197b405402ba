"""What could have been seen: the power of the exact test, and the smallest difference that it shows."""

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import stdev
from typing import TYPE_CHECKING

from pytest_mcode.analysis.figure import Withheld

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

__all__ = ["detectable", "detectable_difference", "mcnemar_power", "smallest_detectable"]

BISECTIONS = 30
FEWEST_MOVED = 12


def mcnemar_power(tasks: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """Return the chance that the exact McNemar test finds a true `difference` on `tasks` tasks.

    `discordance` is the chance that a task flips, either way; at least the difference. Exact: over every
    number of flips and every split of them (Connor 1987, doi:10.2307/2531964). Population: tasks like these.
    """
    import numpy as np

    if not abs(difference) <= discordance <= 1:
        raise ValueError(f"a discordance of {discordance} cannot hold a difference of {difference}")
    if discordance == 0:
        return 0.0
    flips, fewest = np.arange(tasks + 1), _fewest(tasks, alpha)
    share = (discordance + difference) / (2 * discordance)
    found = _at_most(fewest, flips, share) + _at_most(fewest, flips, 1 - share)
    happens = np.diff(_at_most(flips, tasks, discordance), prepend=0.0)
    return float(np.sum(happens * found))


@lru_cache(maxsize=64)
def _fewest(tasks: int, alpha: float) -> "NDArray[int64]":
    """Return for 0 to `tasks` flips how many one way are still significant at most; -1 where none are."""
    import numpy as np
    from scipy import special

    flips = np.arange(tasks + 1)
    fewest: NDArray[int64] = np.floor(np.nan_to_num(special.bdtrik(alpha / 2, flips, 0.5))).astype(int)
    fewest -= 2 * _at_most(fewest, flips, 0.5) >= alpha
    fewest += (fewest < flips) & (2 * _at_most(fewest + 1, flips, 0.5) < alpha)
    return fewest


def _at_most(
    successes: "NDArray[int64]", trials: "int | NDArray[int64]", chance: float
) -> "NDArray[float64]":
    """Return the binomial distribution; of scipy.special, since to import scipy.stats takes a second."""
    import numpy as np
    from scipy import special

    return np.where(successes < 0, 0.0, special.bdtr(np.maximum(successes, 0), trials, chance))


@lru_cache(maxsize=1024)
def detectable_difference(
    tasks: int, discordance: float, power: float = 0.8, alpha: float = 0.05
) -> float | Withheld:
    """Return the smallest true difference that the exact McNemar test finds with this `power`.

    Solved on `mcnemar_power` (Connor 1987), at the `discordance` seen, or at its floor where that is more:
    every flip one way. Withheld where not even a difference of 1 would be found. Population: tasks like
    these.
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


def detectable(differences: Sequence[float], power: float = 0.8, alpha: float = 0.05) -> float | Withheld:
    """Return the smallest true difference that this many such tasks show with probability `power`.

    Of flips, `detectable_difference`. Of shares, the approximation for a paired mean (Miller 2024,
    arXiv:2411.00640) at the spread seen, with Student's t for as many tasks as differ, since the permutation
    test gets nothing from the others, and half a task in that many for its steps, which simulation asks for;
    withheld where fewer than `FEWEST_MOVED` differ. Population: tasks like these.
    """
    tasks, moved = len(differences), sum(each != 0 for each in differences)
    if all(each in (-1, 0, 1) for each in differences):
        return detectable_difference(tasks, moved / tasks, power, alpha)
    if moved < FEWEST_MOVED:
        return Withheld(
            f"only {moved} tasks differ: what such repeats can show is not known below {FEWEST_MOVED}"
        )
    from scipy import special

    steps = special.stdtrit(moved - 1, 1 - alpha / 2) + special.stdtrit(moved - 1, power)
    return min(1.0, float(steps) * (1 + 0.5 / moved) * stdev(differences) / sqrt(tasks))


def smallest_detectable(differences: Sequence[float], power: float = 0.8, alpha: float = 0.05) -> float:
    """Return `detectable`, or 1, the largest difference that there is, where that is withheld."""
    found = detectable(differences, power, alpha)
    return 1.0 if isinstance(found, Withheld) else found
