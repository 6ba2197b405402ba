"""Two configurations on the same tasks: the difference, how sure it is, and what could have been seen."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, pstdev
from typing import Literal

__all__ = [
    "Comparison",
    "NonInferiority",
    "bootstrap_interval",
    "compare",
    "mcnemar",
    "non_inferior",
    "permutation_test",
    "score_interval",
    "smallest_detectable",
]

RESAMPLES = 9999
BISECTIONS = 50
"""Enough for the limits of a share at double precision."""
NonInferiority = Literal["yes", "no", "not enough evidence"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A minus B over common tasks; rates and differences are shares from 0 to 1."""

    tasks: int
    rate_a: float
    rate_b: float
    difference: float
    low: float
    high: float
    """95 % interval of the difference, over tasks."""
    interval: Literal["Tango score", "bootstrap"]
    """How it was made."""
    clustered_low: float | None
    clustered_high: float | None
    """The same from whole clusters of tasks, by the bootstrap; None without clusters."""
    clusters: int | None
    p_value: float
    test: Literal["exact McNemar", "paired permutation"]
    only_a: int
    """Tasks on which A did better."""
    only_b: int
    smallest_detectable: float


def compare(a: Sequence[float], b: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Comparison:
    """Compare paired scores, one a task: solved or not, or the share of repeats that solved it.

    Tasks are the units, so runs are never pooled. Scores of 0 and 1 alone get Tango's score interval
    and McNemar's exact test, others the bootstrap and a paired permutation test. `clusters` names each
    task's.
    """
    differences = [each - other for each, other in zip(a, b, strict=True)]
    if not differences:
        raise ValueError("no task to compare on")
    only_a, only_b = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
    binary = set(a) | set(b) <= {0, 1}
    scored = binary or not any(differences)
    low, high = (
        score_interval(only_a, only_b, len(differences)) if scored else bootstrap_interval(differences)
    )
    clustered = bootstrap_interval(differences, clusters) if clusters else (None, None)
    return Comparison(
        tasks=len(differences),
        rate_a=fmean(a),
        rate_b=fmean(b),
        difference=fmean(differences),
        low=low,
        high=high,
        interval="Tango score" if scored else "bootstrap",
        clustered_low=clustered[0],
        clustered_high=clustered[1],
        clusters=len(set(clusters)) if clusters else None,
        p_value=mcnemar(only_a, only_b) if binary else permutation_test(differences),
        test="exact McNemar" if binary else "paired permutation",
        only_a=only_a,
        only_b=only_b,
        smallest_detectable=smallest_detectable(differences),
    )


def score_interval(only_a: int, only_b: int, tasks: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of the difference of two paired proportions, A minus B (Tango 1998).

    doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B. `only_a` and `only_b` count the
    tasks that A alone and B alone solved, of `tasks`, which must be positive. It holds the differences
    that McNemar's test without continuity correction would not reject, so it leaves 0 out wherever the
    exact test is significant, and for a few flips one way, such as 4 to 0, also where that is not.
    """
    if tasks < 1 or min(only_a, only_b) < 0 or only_a + only_b > tasks:
        raise ValueError(f"{only_a} and {only_b} are no flips of {tasks} tasks")
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    def is_rejected(difference: float) -> bool:
        linear = (2 * tasks - only_a + only_b) * difference - only_a - only_b
        constant = -only_b * difference * (1 - difference)
        b_alone = (sqrt(linear**2 - 8 * tasks * constant) - linear) / (4 * tasks)
        variance = tasks * (2 * b_alone + difference * (1 - difference))
        return (only_a - only_b - tasks * difference) ** 2 > z**2 * variance

    def limit(end: float) -> float:
        inside, outside = (only_a - only_b) / tasks, end
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if is_rejected(middle) else (middle, outside)
        return inside

    return limit(-1.0), limit(1.0)


def bootstrap_interval(
    differences: Sequence[float], clusters: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean, over tasks or whole clusters of them.

    Efron & Tibshirani 1993, chapter 13; clusters as in Cameron, Gelbach & Miller 2008
    (doi:10.1162/rest.90.3.414). The generator is seeded, so a figure repeats. Where every
    difference is 0 resampling knows nothing: the interval is then the score interval without flips.
    """
    import numpy as np
    from scipy import stats

    units: dict[Hashable, list[float]] = {}
    for unit, difference in zip(clusters or range(len(differences)), differences, strict=True):
        units.setdefault(unit, []).append(difference)
    if not any(differences):
        return score_interval(0, 0, len(units), confidence)
    if len(units) == 1:
        return -1.0, 1.0
    sums = np.array([sum(each) for each in units.values()])
    sizes = np.array([len(each) for each in units.values()])
    found = stats.bootstrap(
        (sums, sizes),
        lambda sums, sizes, axis: sums.sum(axis=axis) / sizes.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the two-sided p-value of the exact McNemar test, binomial on the tasks that flipped.

    McNemar 1947 (doi:10.1007/BF02295996).
    """
    from scipy import stats

    flipped = only_a + only_b
    return float(stats.binomtest(only_a, flipped).pvalue) if flipped else 1.0


def permutation_test(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the paired permutation test: labels swapped within tasks.

    Fisher 1935; exact for few tasks, else from 9,999 random swaps.
    """
    import numpy as np
    from scipy import stats

    moved = np.array([each for each in differences if each])
    if len(moved) < 2:
        return 1.0
    found = stats.permutation_test(
        (moved,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def smallest_detectable(differences: Sequence[float], power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest true difference that this many tasks show with probability `power`.

    The normal approximation for a paired mean (Miller 2024, arXiv:2411.00640) at the
    spread observed, and never less than what the exact test needs: six flips one way and none back.
    """
    normal, tasks = NormalDist(), len(differences)
    steps = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    flips_needed = 6
    return min(1.0, max(steps * pstdev(differences) / sqrt(tasks), flips_needed / tasks))


def non_inferior(low: float, high: float, margin: float) -> NonInferiority:
    """Say whether A is at least as good as B minus `margin`, given the interval of A minus B.

    The interval must lie wholly above ``-margin`` for a yes, wholly below for a no
    (Piaggio et al. 2012, doi:10.1001/jama.2012.87802).
    """
    if low > -margin:
        return "yes"
    return "no" if high < -margin else "not enough evidence"
