"""Repeats of one configuration as one row: averaged task by task, never pooled."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_mcode.analysis.intervals import mean_interval
from pytest_mcode.cli.configuration import configuration_key
from pytest_mcode.cli.figures import loop, percent
from pytest_mcode.cli.results_table import Column, print_tables, rate_cell
from pytest_mcode.store.queries import task_rows

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["grouped", "print_groups"]

Result = Mapping[str, Any]
SHARED = (
    "benchmark",
    "dataset_fingerprint",
    "model",
    "model_digest",
    "backend",
    "samples",
    "all_samples",
    "debug_iters",
    "timeout",
    "retrieval",
    "test",
    "overridden",
    "tasks_total",
    "settings",
)


def grouped(store: "Store", found: Sequence[Result]) -> list[dict[str, Any]]:
    """Return a row for each configuration: runs that are equal in all but the seed.

    ``pass_rate`` is the mean over tasks of the share of runs that solved a task, with a 95 %
    interval over tasks; ``solved_always`` and ``solved_sometimes`` count tasks over the runs.
    """
    groups: dict[str, list[Result]] = {}
    for each in found:
        groups.setdefault(configuration_key(each), []).append(each)
    return [_group(store, runs) for runs in groups.values()]


def print_groups(groups: Sequence[dict[str, Any]]) -> None:
    """Print a row a configuration."""
    columns: list[Column] = [
        ("loop", lambda each: [loop(each)]),
        ("runs", lambda each: [str(len(each["run_ids"]))]),
        ("tasks", lambda each: [f"{each['tasks_judged']}/{each['tasks_total']}"]),
        ("pass rate", lambda each: rate_cell(each, "pass_rate")),
        ("single runs", _single_runs_cell),
        ("solved always, ever", _always_cell),
    ]
    print_tables(groups, columns)


def _single_runs_cell(group: Mapping[str, Any]) -> list[str]:
    rates = [rate for rate in group["pass_rates"] if rate is not None]
    if len(rates) < 2:
        return [percent(rate) for rate in rates]
    return [f"{percent(min(rates))} to", percent(max(rates))]


def _always_cell(group: Mapping[str, Any]) -> list[str]:
    return [f"{group['solved_always']}, {group['solved_always'] + group['solved_sometimes']}"]


def _group(store: "Store", runs: Sequence[Result]) -> dict[str, Any]:
    solved: dict[str, list[bool]] = {}
    for run in runs:
        for row in task_rows(store, [run["run_id"]], run["test"]):
            if row["status"] != "infra":
                solved.setdefault(row["task_id"], []).append(row["status"] == "solved")
    shares = [sum(each) / len(each) for each in solved.values()]
    low, high = mean_interval(shares, min(map(len, solved.values()))) if shares else (None, None)
    return {
        **{name: runs[0][name] for name in SHARED},
        "run_ids": [run["run_id"] for run in runs],
        "pass_rates": [run["pass_rate"] for run in runs],
        "tasks_judged": len(shares),
        "pass_rate": sum(shares) / len(shares) if shares else None,
        "pass_rate_low": low,
        "pass_rate_high": high,
        "solved_always": sum(share == 1 for share in shares),
        "solved_sometimes": sum(0 < share < 1 for share in shares),
    }
