"""Two configurations on the same tasks: the difference, how sure it is, and whether it is there at all."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean
from typing import Literal

from pytest_mcode.analysis.clusters import clustered_difference
from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.figure import Interval, Withheld
from pytest_mcode.analysis.power import detectable
from pytest_mcode.analysis.significance import exchange_test, mcnemar, permutation_test
from pytest_mcode.analysis.verdicts import non_inferior

__all__ = ["Comparison", "compare", "non_inferior"]


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
    interval: Literal["Tango score", "effective Tango score"]
    """How it was made: from flips, or from shares at the effective number of tasks."""
    clustered_low: float | None
    clustered_high: float | None
    """The same over clusters of tasks; None without clusters, or where withheld."""
    clusters: int | None
    """Their number; None without clusters, or where their interval is withheld."""
    clustered_withheld: str | None
    """Why there is no interval over clusters, though tasks come in some."""
    p_value: float
    test: Literal["exact McNemar", "paired permutation"]
    only_a: int
    """Tasks on which A did better."""
    only_b: int
    smallest_detectable: float
    """See `power.detectable`; 1 where that is withheld."""
    detectable_withheld: str | None
    """Why."""

    @property
    def decisive(self) -> Interval | Withheld:
        """The interval by which verdicts such as non-inferiority go: over clusters where tasks have them."""
        if self.clustered_withheld is not None:
            return Withheld(self.clustered_withheld)
        if self.clustered_low is not None and self.clustered_high is not None:
            population = f"tasks of clusters like these {self.clusters}"
            low, high, method = self.clustered_low, self.clustered_high, "CR2 Tango score"
        else:
            low, high, method, population = self.low, self.high, self.interval, "tasks like these"
        return Interval(low=low, high=high, method=method, population=population)


def compare(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    draws: int | None = None,
) -> Comparison:
    """Compare paired scores, one a task: solved or not, or the share of repeats that solved it.

    Population: tasks like these, which are the units, so runs are never pooled. Scores of 0 and 1 alone get
    Tango's score interval and McNemar's exact test, others `difference_interval` and a paired permutation
    test. `clusters` names each task's. `draws`, of the side with fewer, is read from the shares by default.
    """
    differences = [each - other for each, other in zip(a, b, strict=True)]
    if not differences:
        raise ValueError("no task to compare on")
    only_a, only_b = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
    binary = set(a) | set(b) <= {0, 1}
    runs = (_draws(a), _draws(b))
    low, high = difference_interval(differences, draws or min(runs))
    clustered = clustered_difference(differences, clusters) if clusters else None
    found = clustered if isinstance(clustered, Interval) else None
    least = detectable(differences)
    return Comparison(
        tasks=len(differences),
        rate_a=fmean(a),
        rate_b=fmean(b),
        difference=fmean(differences),
        low=low,
        high=high,
        interval="Tango score" if binary or not any(differences) else "effective Tango score",
        clustered_low=found.low if found else None,
        clustered_high=found.high if found else None,
        clusters=len(set(clusters)) if clusters and found else None,
        clustered_withheld=clustered.reason if isinstance(clustered, Withheld) else None,
        p_value=mcnemar(only_a, only_b) if binary else _permuted(a, b, runs),
        test="exact McNemar" if binary else "paired permutation",
        only_a=only_a,
        only_b=only_b,
        smallest_detectable=1.0 if isinstance(least, Withheld) else least,
        detectable_withheld=least.reason if isinstance(least, Withheld) else None,
    )


def _permuted(a: Sequence[float], b: Sequence[float], runs: tuple[int, int]) -> float:
    dealt = exchange_test(a, b, runs) if runs[0] != runs[1] else None
    swapped = permutation_test([each - other for each, other in zip(a, b, strict=True)])
    return swapped if dealt is None else dealt


def _draws(shares: Sequence[float]) -> int:
    return max(Fraction(share).limit_denominator(1000).denominator for share in set(shares))
