"""Where the uncertainty of a pass rate comes from: which tasks there are, and what was drawn on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from pytest_mcode.analysis.figure import Interval, Withheld
from pytest_mcode.analysis.intervals import score_limits
from pytest_mcode.analysis.passk import Counts

__all__ = ["Parts", "fixed_tasks_interval", "variance_parts"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Variance of the mean pass rate over tasks, in two parts; standard errors are its square roots."""

    between: float
    """From which tasks there are: what infinitely many samples of each would leave."""
    within: float
    """From which samples were drawn: what more samples remove."""

    @property
    def removable(self) -> float:
        """The share of the variance that more samples of the same tasks could remove; 0 without variance."""
        total = self.between + self.within
        return self.within / total if total else 0.0

    @property
    def error_like_these(self) -> float:
        """Standard error of the rate, for tasks like these."""
        return sqrt(self.between + self.within)

    @property
    def error_these(self) -> float:
        """Standard error of the rate, for these tasks alone."""
        return sqrt(self.within)


def variance_parts(tasks: Sequence[Counts]) -> Parts | Withheld:
    """Tell the variance between tasks from that within them (Miller 2024, arXiv:2411.00640, section 3).

    Var(mean) = (Var(p) + E[p(1-p)/n]) / tasks; p(1-p) of a task is estimated without bias by
    c(n-c) / (n(n-1)), the whole by the variance of the tasks' shares. Population of the sum: tasks like
    these.
    """
    if len(tasks) < 2:
        return Withheld("one task shows no variance between tasks: run more of them")
    if any(n < 2 for n, _ in tasks):
        return Withheld(
            "one sample of a task does not separate variance within it from variance between tasks"
        )
    count, shares = len(tasks), [c / n for n, c in tasks]
    mean = fsum(shares) / count
    whole = fsum((share - mean) ** 2 for share in shares) / (count - 1) / count
    within = fsum(map(_within, tasks)) / count**2
    return Parts(between=max(0.0, whole - within), within=within)


def fixed_tasks_interval(tasks: Sequence[Counts], confidence: float = 0.95) -> Interval:
    """Return the interval of the mean pass rate on these very tasks: only the draws are left to chance.

    Wilson's at the number of draws that would vary as much: tasks × n where all have one rate, more where
    rates differ, since a sum of unlike coins varies less than one of like coins (Hoeffding 1956,
    doi:10.1214/aoms/1177728178). One event more counts as of like coins: see `intervals.effective_size`.
    """
    count = len(tasks)
    mean = fsum(c / n for n, c in tasks) / count
    draws = count / fsum(1 / n for n, _ in tasks) * count
    size = draws
    if all(n > 1 for n, _ in tasks):
        binary = count * mean * (1 - mean)
        seen = fsum(_within(task) for task in tasks) * draws / count
        size = draws * max(1.0, (binary + 1) / (seen + 1))
    low, high = score_limits(mean, size, confidence, few_events=True)
    return Interval(low=low, high=high, method="effective Wilson score", population="these tasks")


def _within(task: Counts) -> float:
    """Return the estimated variance of a task's share of passes over its samples."""
    n, c = task
    return c * (n - c) / (n**2 * (n - 1))
