"""How sure a pass rate is: the Wilson interval, and what unjudged tasks leave open."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, pvariance

__all__ = ["bounds", "mean_interval", "wilson"]


def wilson(solved: int, judged: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    It keeps its coverage for few tasks and for rates near 0 and 1, where the normal
    approximation does not. `judged` must be positive.
    """
    if not 0 <= solved <= judged or judged == 0:
        raise ValueError(f"{solved} of {judged} is no proportion")
    return _score_interval(solved / judged, judged, confidence)


def _score_interval(rate: float, n: float, confidence: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    scale = 1 + z**2 / n
    centre = (rate + z**2 / (2 * n)) / scale
    spread = z / scale * sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return max(0.0, centre - spread), min(1.0, centre + spread)


def bounds(solved: int, judged: int, infra: int) -> tuple[float, float] | None:
    """Return the pass rate had every infra task failed, and had every one been solved."""
    tasks = judged + infra
    return (solved / tasks, (solved + infra) / tasks) if tasks else None


def mean_interval(values: Sequence[float], draws: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return an interval for the mean over tasks of `values`, each a share of passes from `draws` draws.

    Wilson's interval at the effective sample size, p(1-p) over the variance of the mean (Franco
    et al. 2019, PMC6690503): tasks are the units, so draws within one never count
    as independent, yet more of them narrow the interval as far as tasks agree. With one
    draw a task it is `wilson`.
    """
    tasks, mean = len(values), fmean(values)
    variance = pvariance(values, mean) / tasks
    most, least = tasks * draws, tasks
    effective = most if variance == 0 else min(most, max(least, mean * (1 - mean) / variance))
    if mean in (0, 1):
        effective = least
    return _score_interval(mean, effective, confidence)
