"""How sure a difference on the same tasks is: Tango's score interval, of flips and of shares."""

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import NormalDist, fmean

from pytest_mcode.analysis.intervals import effective_size

__all__ = ["difference_bounds", "difference_interval", "difference_limits", "score_interval"]

BISECTIONS = 32
"""Enough for nine digits of a share."""


def score_interval(only_a: int, only_b: int, tasks: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of the difference of two paired proportions, A minus B (Tango 1998).

    doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B. `only_a` and `only_b` count the
    tasks that A alone and B alone solved, of `tasks`, which must be positive. It holds the differences
    that McNemar's test without continuity correction would not reject, so it leaves 0 out wherever the
    exact test is significant, and for a few flips one way, such as 4 to 0, also where that is not.
    Population: tasks like these.
    """
    if tasks < 1 or min(only_a, only_b) < 0 or only_a + only_b > tasks:
        raise ValueError(f"{only_a} and {only_b} cannot be flips of {tasks} tasks")
    return difference_limits(only_a / tasks, only_b / tasks, tasks, confidence)


def difference_interval(
    differences: Sequence[float], draws: int = 1, confidence: float = 0.95
) -> tuple[float, float]:
    """Return an interval for the mean of paired differences, from -1 to 1 each; population: tasks like these.

    Tango's (1998) at the `intervals.effective_size`, with the mean gain and the mean loss as shares of flips:
    on differences of -1, 0 and 1 it is `score_interval`. `draws`, of the side with fewer, are the independent
    draws behind a score: repeats, or ⌊n/k⌋ for pass@k.
    """
    tasks = len(differences)
    gains = fsum(each for each in differences if each > 0) / tasks
    losses = -fsum(each for each in differences if each < 0) / tasks
    mean = gains - losses
    if draws <= 1:
        return difference_limits(gains, losses, tasks, confidence)
    spread = fsum((each - mean) ** 2 for each in differences)
    size = effective_size(spread, tasks * (gains + losses - mean**2), tasks, draws)
    return difference_limits(gains, losses, size, confidence)


def difference_limits(
    gains: float, losses: float, size: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return Tango's limits for shares of tasks gained and lost, of `size` tasks, which may be a fraction."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    def is_rejected(difference: float) -> bool:
        linear = (2 - gains + losses) * difference - gains - losses
        constant = -losses * difference * (1 - difference)
        b_alone = (sqrt(max(0.0, linear**2 - 8 * constant)) - linear) / 4
        variance = 2 * b_alone + difference * (1 - difference)
        return size * (gains - losses - difference) ** 2 > z**2 * variance

    def limit(end: float) -> float:
        inside, outside = gains - losses, end
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if is_rejected(middle) else (middle, outside)
        return inside

    return limit(-1.0), limit(1.0)


def difference_bounds(a: Sequence[float | None], b: Sequence[float | None]) -> tuple[float, float]:
    """Return A minus B over all tasks in the worst and the best case of the infra outcomes, which are None.

    At worst each of A's infra outcomes failed and each of B's was solved; at best the reverse (Manski 1990,
    "Nonparametric bounds on treatment effects"). Population: these tasks.
    """
    pairs = list(zip(a, b, strict=True))
    if not pairs:
        raise ValueError("no task to compare on")
    worst = fmean((0 if ours is None else ours) - (1 if theirs is None else theirs) for ours, theirs in pairs)
    best = fmean((1 if ours is None else ours) - (0 if theirs is None else theirs) for ours, theirs in pairs)
    return worst, best
