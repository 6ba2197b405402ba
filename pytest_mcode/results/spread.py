"""Where a pass rate's uncertainty comes from: which tasks there are, and what was drawn on each."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.passk import Counts, stopped_early
from pytest_mcode.analysis.variance import fixed_tasks_interval, variance_parts
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.store import Store
from pytest_mcode.store.queries import task_rows

__all__ = ["spread_of_counts", "spread_of_run", "with_spread"]

Run = Mapping[str, Any]
"""A row of ``runs`` with its ``test``, or its figures."""


def spread_of_run(store: Store, run: Run) -> dict[str, Any]:
    """Return the spread of a run's samples, see `spread_of_counts`; of one that stops at a pass, why not."""
    rows = [row for row in task_rows(store, [run["run_id"]], run["test"]) if row["status"] != "infra"]
    counts = [(row["samples"], row["samples_passed"]) for row in rows if row["samples"]]
    stops = run["samples"] > 1 and not run["all_samples"]
    if stops or stopped_early(counts):
        return _nothing("sampling stopped at the first pass, where c/n is biased: run with --all-samples")
    return spread_of_counts(counts, clusters(run, [row["task_id"] for row in rows]))


def spread_of_counts(tasks: Sequence[Counts], names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what the rate over tries (samples with their repairs, or runs) is sure to, JSON types.

    ``these_rate`` with ``these_low`` and ``these_high``: the 95 % interval on these very tasks, where only
    the draws are left to chance (see `variance.fixed_tasks_interval`). ``error_these`` and
    ``error_like_these``: standard errors for these tasks, and for tasks like these; ``removable``: the share
    of the latter's variance that more tries of the same tasks would remove (Miller 2024). These three are
    None where ``variance_withheld`` says why. `names` are the tasks' clusters: tasks that vary together are
    not told apart.
    """
    if not tasks:
        return _nothing("no task was judged")
    span = fixed_tasks_interval(tasks)
    these = {
        "these_rate": fmean(c / n for n, c in tasks),
        "these_low": span.low,
        "these_high": span.high,
    }
    if names:
        return _nothing("tasks of one repository vary together") | these
    parts = variance_parts(tasks)
    if isinstance(parts, Withheld):
        return _nothing(parts.reason) | these
    if not parts.between and not parts.within:
        return _nothing("no task varied, every try ended alike: more tries may differ") | these
    return {
        **these,
        "error_these": parts.error_these,
        "error_like_these": parts.error_like_these,
        "removable": parts.removable,
        "variance_withheld": None,
    }


def with_spread(store: Store, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the figures of runs, each with its ``spread``."""
    return [{**each, "spread": spread_of_run(store, each)} for each in found]


def _nothing(reason: str) -> dict[str, Any]:
    names = ("these_rate", "these_low", "these_high", "error_these", "error_like_these", "removable")
    return {**dict.fromkeys(names), "variance_withheld": reason}
