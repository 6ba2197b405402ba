"""Repeats of one configuration as one row: averaged task by task, never pooled."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pytest_mcode.analysis.clusters import rate_interval
from pytest_mcode.analysis.figure import Withheld, limits
from pytest_mcode.results.answers import distinct
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.configuration import configuration_key
from pytest_mcode.results.spread import spread_of_counts
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import task_rows

__all__ = ["grouped"]

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
    "prompt_hash",
    "test",
    "overridden",
    "tasks_total",
    "settings",
    "harness",
)


def grouped(store: Store, found: Sequence[Figures]) -> list[dict[str, Any]]:
    """Return a row for each configuration among runs' figures: runs that are equal in all but the seed.

    The population: tasks like those that any of its runs judged. ``pass_rate`` is the mean over tasks of
    the share of runs that solved a task, with a 95 % interval over tasks; ``solved_always`` and
    ``solved_sometimes`` count tasks over the runs. A run that gave the answers of another is no draw of its
    own: it stands in ``same_answers`` with that one's id, and counts in no mean. ``partial`` lists runs that
    judged fewer tasks than another; ``spread`` is that over its runs, see `spread.spread_of_counts`;
    ``price`` is that of a run on average, ``price_per_solved`` that of all by the tasks that they solved.
    """
    groups: dict[str, list[Figures]] = {}
    for each in found:
        groups.setdefault(configuration_key(each), []).append(each)
    return [_group(store, runs) for runs in groups.values()]


def partial(runs: Sequence[Figures]) -> list[str]:
    """Return the ids of those runs that judged fewer tasks than another of them."""
    most = max((run["tasks_judged"] + run["infra"] for run in runs), default=0)
    return [run["run_id"] for run in runs if run["tasks_judged"] + run["infra"] < most]


def _group(store: Store, runs: Sequence[Figures]) -> dict[str, Any]:
    repeats = distinct(store, runs)
    solved: dict[str, list[bool]] = {}
    for run in repeats.runs:
        for row in task_rows(store, [run["run_id"]], run["test"]):
            if row["status"] != "infra":
                solved.setdefault(row["task_id"], []).append(row["status"] == "solved")
    shares = [sum(each) / len(each) for each in solved.values()]
    fewest = min(map(len, solved.values()), default=1)
    names = clusters(runs[0], list(solved))
    span = rate_interval(shares, names, fewest)
    low, high = limits(span)
    return {
        **{name: runs[0][name] for name in SHARED},
        "run_ids": [run["run_id"] for run in runs],
        "same_answers": repeats.same_answers,
        "partial": partial(runs),
        "pass_rates": [run["pass_rate"] for run in runs],
        "tasks_judged": len(shares),
        "pass_rate": sum(shares) / len(shares) if shares else None,
        "pass_rate_low": low,
        "pass_rate_high": high,
        "interval_withheld": span.reason if isinstance(span, Withheld) and shares else None,
        "spread": spread_of_counts([(len(each), sum(each)) for each in solved.values()], names),
        "solved_always": sum(share == 1 for share in shares),
        "solved_sometimes": sum(0 < share < 1 for share in shares),
        **_prices(repeats.runs),
    }


def _prices(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a run cost on average, and all of them by what they solved; None where one is unknown."""
    whole, solved = [run["price"] for run in runs], sum(run["solved"] for run in runs)
    judged = [run["price_per_judged"] and run["price_per_judged"] * run["tasks_judged"] for run in runs]
    return {
        "prices": runs[0]["prices"],
        "price": None if None in whole else fmean(whole),
        "price_per_solved": None if None in judged or not solved else sum(judged) / solved,
    }
