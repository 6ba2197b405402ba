"""How large a budget does A need to be at least as good as B? The smallest one, with a confidence set."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from pytest_mcode.analysis.clusters import paired_interval
from pytest_mcode.analysis.figure import Interval, Withheld

__all__ = ["Match", "match"]


@dataclass(frozen=True, kw_only=True)
class Match:
    """Budgets, in the curve's unit, at which A's rate reaches B's less the margin; None: never within it.

    "Within" is the largest budget shown: beyond it the curve says nothing.
    """

    margin: float
    estimate: float | None
    """The smallest budget at which A's rate is there."""
    low: float | None
    """The smallest that is not ruled out; None: A stays below within every budget shown."""
    high: float | None
    """The smallest from which on A is shown to be there, so non-inferior; None: not shown within any."""
    passes: float | None
    """The smallest from which on A is shown to be better than B, with no margin."""
    limits: Mapping[float, Interval]
    """By budget, of A less B."""

    @property
    def never(self) -> bool:
        """Whether A is shown to stay below B less the margin within every budget shown."""
        return self.low is None


def match(
    curve: Mapping[float, Sequence[float]],
    other: Sequence[float],
    margin: float,
    draws: Mapping[float, int] | None = None,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
) -> Match | Withheld:
    """Return the smallest budget k* at which the mean of A's scores is at least B's less `margin`.

    `curve` gives A's score of each task by budget, such as pass@k or solved within k attempts, which must not
    fall as the budget grows; `other` B's, in the same order of tasks; `draws` by budget the independent draws
    behind a score of the side with fewer (⌊n/k⌋; one where not given); `clusters` names each task's.
    Population: tasks like these, or tasks of such clusters, of which there may be too few.

    The confidence set inverts a test of each "k* = k", as Fieller 1954 does for a ratio: k stays in unless A
    at k is shown below (then k* > k), or at the budget before shown there (then k* < k), each at half the
    error; no correction for the number of budgets is due, since only the true k* can wrongly be left out.
    `high` goes down from the largest budget and stops at the first that does not show it, so its error too
    is one test's.
    """
    if not curve:
        raise ValueError("no budget to match at")
    budgets = sorted(curve)
    gaps = {k: [each - theirs for each, theirs in zip(curve[k], other, strict=True)] for k in budgets}
    limits: dict[float, Interval] = {}
    for k in budgets:
        found = paired_interval(gaps[k], clusters, (draws or {}).get(k, 1), confidence)
        if isinstance(found, Withheld):
            return found
        limits[k] = found
    return Match(
        margin=margin,
        estimate=next((k for k in budgets if fsum(gaps[k]) / len(other) >= -margin), None),
        low=next((k for k in budgets if limits[k].high >= -margin), None),
        high=_shown_from([(k, limits[k].low > -margin) for k in budgets]),
        passes=_shown_from([(k, limits[k].low > 0) for k in budgets]),
        limits=limits,
    )


def _shown_from(shown: Sequence[tuple[float, bool]]) -> float | None:
    found = None
    for budget, is_shown in reversed(shown):
        if not is_shown:
            break
        found = budget
    return found
