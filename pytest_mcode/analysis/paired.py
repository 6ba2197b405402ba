"""Two configurations on the same tasks: the difference, how sure it is, and what could have been seen."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, pstdev
from typing import Literal

from pytest_mcode.analysis.intervals import wilson

__all__ = [
    "Comparison",
    "NonInferiority",
    "bootstrap_interval",
    "compare",
    "mcnemar",
    "non_inferior",
    "permutation_test",
    "smallest_detectable",
]

RESAMPLES = 9999
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
    """95 % interval of the difference, resampling tasks."""
    clustered_low: float | None
    clustered_high: float | None
    """The same, resampling clusters of tasks; None without clusters."""
    clusters: int | None
    p_value: float
    test: Literal["exact McNemar", "paired permutation"]
    only_a: int
    """Tasks on which A did better."""
    only_b: int
    smallest_detectable: float


def compare(a: Sequence[float], b: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Comparison:
    """Compare paired scores, one a task: solved or not, or the share of repeats that solved it.

    Tasks are the units, so runs are never pooled. Scores of 0 and 1 alone are tested by
    McNemar's exact test, others by a paired permutation test. `clusters` names each task's.
    """
    differences = [each - other for each, other in zip(a, b, strict=True)]
    if not differences:
        raise ValueError("no task to compare on")
    only_a, only_b = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
    binary = set(a) | set(b) <= {0, 1}
    low, high = bootstrap_interval(differences)
    clustered = bootstrap_interval(differences, clusters) if clusters else (None, None)
    return Comparison(
        tasks=len(differences),
        rate_a=fmean(a),
        rate_b=fmean(b),
        difference=fmean(differences),
        low=low,
        high=high,
        clustered_low=clustered[0],
        clustered_high=clustered[1],
        clusters=len(set(clusters)) if clusters else None,
        p_value=mcnemar(only_a, only_b) if binary else permutation_test(differences),
        test="exact McNemar" if binary else "paired permutation",
        only_a=only_a,
        only_b=only_b,
        smallest_detectable=smallest_detectable(differences),
    )


def bootstrap_interval(
    differences: Sequence[float], clusters: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean, over tasks or whole clusters of them.

    Efron & Tibshirani 1993, chapter 13; clusters as in Cameron, Gelbach & Miller 2008
    (doi:10.1162/rest.90.3.414). The generator is seeded, so a figure repeats. Where every
    difference is 0 resampling knows nothing: the interval is then what Wilson's leaves to flips.
    """
    import numpy as np
    from scipy import stats

    if not any(differences):
        unseen = wilson(0, len(differences), confidence)[1]
        return -unseen, unseen
    units: dict[Hashable, list[float]] = {}
    for unit, difference in zip(clusters or range(len(differences)), differences, strict=True):
        units.setdefault(unit, []).append(difference)
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
