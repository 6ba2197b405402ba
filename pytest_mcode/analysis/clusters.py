"""Tasks that come in clusters, such as repositories: intervals that take whole clusters as the units."""

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from math import fsum
from statistics import NormalDist

from pytest_mcode.analysis.differences import difference_interval, difference_limits
from pytest_mcode.analysis.figure import Interval, Withheld
from pytest_mcode.analysis.intervals import mean_interval, score_limits

__all__ = [
    "MIN_CLUSTERS",
    "clustered_difference",
    "clustered_rate",
    "cr2_variance",
    "paired_interval",
    "rate_interval",
    "satterthwaite",
]

MIN_CLUSTERS = 6
"""With five, even a test that flips whole clusters' signs cannot reject at 5 %: 2 of 2⁵ patterns are 6 %."""
METHOD = "score, CR2 clusters"
POPULATION = "tasks of clusters like these"


def rate_interval(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    draws: int = 1,
    confidence: float = 0.95,
    *,
    few_events: bool | None = None,
) -> Interval | Withheld:
    """Return the interval by which a mean of shares over tasks is judged: over clusters where there are.

    Without `clusters` it is `intervals.mean_interval` of `draws` a task, else `clustered_rate`. Every rate
    that is printed has its interval from here. Population: tasks like these, or of clusters like these.
    """
    if not values:
        return Withheld("no task was judged")
    if clusters is not None:
        return clustered_rate(values, clusters, confidence)
    low, high = mean_interval(values, draws, confidence, few_events=few_events)
    method = "Wilson score" if draws == 1 and not few_events else "effective Wilson score"
    return Interval(low=low, high=high, method=method, population="tasks like these")


def clustered_rate(
    values: Sequence[float], clusters: Sequence[Hashable], confidence: float = 0.95
) -> Interval | Withheld:
    """Return an interval for a mean of shares over tasks, whose clusters are a sample of such clusters.

    `clusters` names each task's. Wilson's interval at the effective number of tasks (Korn & Graubard 1998;
    Franco et al. 2019, doi:10.1093/jssam/smy019), see `_effective_tasks`. Population: tasks of clusters like
    these.
    """
    mean = fsum(values) / len(values)
    size = _effective_tasks(values, clusters, mean * (1 - mean), confidence)
    if isinstance(size, Withheld):
        return size
    low, high = score_limits(mean, size, confidence)
    return Interval(low=low, high=high, method=f"{METHOD}, Wilson", population=POPULATION)


def paired_interval(
    differences: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    draws: int = 1,
    confidence: float = 0.95,
) -> Interval | Withheld:
    """Return the interval by which a mean of paired differences is judged: over clusters where there are.

    Without `clusters` it is `differences.difference_interval` of `draws` a task (Tango 1998), else
    `clustered_difference`. Population: tasks like these, or of clusters like these.
    """
    if not differences:
        return Withheld("no task was judged by both")
    if clusters is not None:
        return clustered_difference(differences, clusters, confidence)
    low, high = difference_interval(differences, draws, confidence)
    flips = all(each in (-1, 0, 1) for each in differences)
    method = "Tango score" if flips else "effective Tango score"
    return Interval(low=low, high=high, method=method, population="tasks like these")


def clustered_difference(
    differences: Sequence[float], clusters: Sequence[Hashable], confidence: float = 0.95
) -> Interval | Withheld:
    """Return an interval for a mean of paired differences, from -1 to 1 each; otherwise `clustered_rate`.

    Tango's interval (1998) at the effective number of tasks. Population: tasks of clusters like these.
    """
    tasks = len(differences)
    gains = fsum(max(each, 0) for each in differences) / tasks
    losses = fsum(max(-each, 0) for each in differences) / tasks
    size = _effective_tasks(differences, clusters, gains + losses - (gains - losses) ** 2, confidence)
    if isinstance(size, Withheld):
        return size
    low, high = difference_limits(gains, losses, size, confidence)
    return Interval(low=low, high=high, method=f"{METHOD}, Tango", population=POPULATION)


def _effective_tasks(
    values: Sequence[float], clusters: Sequence[Hashable], binary: float, confidence: float
) -> float | Withheld:
    """Return the number of independent tasks that would tell as much as these clusters.

    The design effect is `cr2_variance` over `binary`, the variance of a task's value had it been all or
    nothing, / tasks. They never count for more tasks than there are, and one event more, as if it had struck
    a whole cluster, is added (see `intervals.effective_size`). The size is lowered by what the quantile of
    Student's t at Satterthwaite's degrees of freedom asks beyond the normal one, as Korn & Graubard 1998
    do for surveys.
    """
    sizes = tuple(sorted(Counter(clusters).values()))
    if len(sizes) < MIN_CLUSTERS:
        return Withheld(
            f"{len(sizes)} cluster{'s' * (len(sizes) != 1)} of tasks do not show how others vary: "
            f"an interval over clusters needs at least {MIN_CLUSTERS}"
        )
    tasks = len(values)
    spread = cr2_variance(values, clusters) * tasks**2
    whole = sum(size**2 for size in sizes) / tasks
    design_effect = max(1.0, (spread + whole) / (tasks * binary + 1))
    return tasks / design_effect / _widening(sizes, confidence)


def cr2_variance(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Return the bias-reduced variance of a mean over clusters, of which there are two at least.

    CR2 (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004), which for a
    mean has a closed form: the squared sums of residuals by cluster, each over one less the cluster's share.
    Population: tasks of clusters like these.
    """
    members: dict[Hashable, list[float]] = {}
    for cluster, value in zip(clusters, values, strict=True):
        members.setdefault(cluster, []).append(value)
    tasks, mean = len(values), fsum(values) / len(values)
    squares = ((fsum(each) - len(each) * mean) ** 2 / (1 - len(each) / tasks) for each in members.values())
    return fsum(squares) / tasks**2


def satterthwaite(sizes: Sequence[int]) -> float:
    """Return the degrees of freedom of the CR2 variance of a mean over clusters of these sizes.

    Bell & McCaffrey 2002, under independent tasks: with shares wᵢ of all tasks and uᵢ = wᵢ² / (1 - wᵢ), one
    over Σwᵢ² + (Σuᵢ)² - Σuᵢ². Equal sizes give one less than their number. Population: tasks of clusters like
    these.
    """
    shares = [size / sum(sizes) for size in sizes]
    parts = [share**2 / (1 - share) for share in shares]
    return 1 / (fsum(share**2 for share in shares) + fsum(parts) ** 2 - fsum(part**2 for part in parts))


@lru_cache(maxsize=256)
def _widening(sizes: tuple[int, ...], confidence: float) -> float:
    from scipy import special

    level = (1 + confidence) / 2
    wide = float(special.stdtrit(satterthwaite(sizes), level))
    return (wide / NormalDist().inv_cdf(level)) ** 2
