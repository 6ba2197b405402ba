"""How sure a pass rate is: the Wilson interval, and what unjudged tasks leave open."""

from math import sqrt
from statistics import NormalDist

__all__ = ["bounds", "wilson"]


def wilson(solved: int, judged: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    It keeps its coverage for few tasks and for rates near 0 and 1, where the normal
    approximation does not. `judged` must be positive.
    """
    if not 0 <= solved <= judged or judged == 0:
        raise ValueError(f"{solved} of {judged} is no proportion")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, scale = solved / judged, 1 + z**2 / judged
    centre = (rate + z**2 / (2 * judged)) / scale
    spread = z / scale * sqrt(rate * (1 - rate) / judged + z**2 / (4 * judged**2))
    return max(0.0, centre - spread), min(1.0, centre + spread)


def bounds(solved: int, judged: int, infra: int) -> tuple[float, float] | None:
    """Return the pass rate had every infra task failed, and had every one been solved."""
    tasks = judged + infra
    return (solved / tasks, (solved + infra) / tasks) if tasks else None
