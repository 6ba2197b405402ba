"""Runs in figures: what `summarise` makes of the outcomes that the store has of each."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pytest_mcode.analysis.iterations import by_iteration
from pytest_mcode.analysis.repair import debugging_worth
from pytest_mcode.analysis.summary import summarise
from pytest_mcode.results.agents import agents_of
from pytest_mcode.results.by_harness import clusters, with_clusters
from pytest_mcode.results.figures import natural
from pytest_mcode.results.prices import NO_PRICES, Prices, price_in
from pytest_mcode.results.shards import rows_of
from pytest_mcode.results.spread import with_spread
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, attempt_rows, outcome_groups, task_rows

__all__ = ["Figures", "debugging", "describe", "figures", "status_of"]

INTERLEAVED = "a sample's repairs ended when another one passed: run with --all-samples for a curve"
"""Why the first samples of a run whose samples take turns have no curve."""
Figures = dict[str, Any]
"""The figures of one test function of one run, JSON types; `columns.RUN_COLUMNS` says what each is."""


def status_of(run: Row) -> str:
    """Return a run's status; ``killed`` where the store says ``running`` and its session is gone."""
    if run["status"] != "running":
        return str(run["status"])
    from pytest_mcode.solving.journal import is_abandoned

    return "killed" if is_abandoned(run["run_id"]) else "running"


def figures(
    store: Store, rows: Sequence[Row], pass_at: Sequence[int] = (), prices: Prices = NO_PRICES
) -> list[Figures]:
    """Return the figures of each run, of each test function where it has several.

    Rates are over the judged tasks of that run alone, with an interval for tasks like these; `pass_at`
    lists the k of pass@k, `prices` what its price is computed at. A run without outcomes has figures that are
    None.
    """
    groups, agents = _groups(store, rows, by_passes=bool(pass_at)), agents_of(store, rows)
    tests: dict[str, list[str | None]] = {}
    for run_id, test in groups:
        tests.setdefault(run_id, []).append(test)
    return [
        summarise(
            {**row, "status": status_of(row)},
            test,
            groups.get((row["run_id"], test or ""), []),
            planned=_planned(row, test, alone=len(tests.get(row["run_id"], ())) <= 1),
            pass_at_ks=pass_at,
            price=prices.of(row, partial(task_rows, store, [row["run_id"]])),
        )
        | {"harness": row["harness"], "agent": agents.get((row["run_id"], test or ""))}
        for row in rows
        for test in tests.get(row["run_id"], [None])
    ]


def _groups(
    store: Store, rows: Sequence[Row], *, by_passes: bool
) -> dict[tuple[str, str], Sequence[Mapping[str, Any]]]:
    """Return outcomes that are alike by run and test; of tasks that come in clusters each by itself."""
    found = outcome_groups(store, [row["run_id"] for row in rows], by_passes=by_passes)
    runs = {row["run_id"]: row for row in rows}
    clustered = {
        run_id
        for (run_id, _), groups in found.items()
        if clusters(runs[run_id], [groups[0]["task_id"]]) is not None
    }
    if not clustered:
        return {**found}
    single = outcome_groups(store, sorted(clustered), by_passes=by_passes, by_task=True)
    return {
        **found,
        **{key: with_clusters(runs[key[0]], groups) for key, groups in single.items()},
    }


def _planned(row: Row, test: str | None, *, alone: bool) -> int | None:
    planned: int | None = (row["planned_by_test"] or {}).get(test, row["tasks_planned"] if alone else None)
    return planned


def debugging(store: Store, found: Figures) -> dict[str, Any] | None:
    """Return what repairs were worth in a run, over its judged tasks; None where they were off.

    See `analysis.repair.debugging_worth`; ``iterations`` is `analysis.iterations.by_iteration`.
    """
    if not found["debug_iters"]:
        return None
    attempts = attempt_rows(store, found["run_id"], found["test"])
    strategy = found["settings"].get("strategy", "repair")
    worth = debugging_worth(
        list(attempts.values()),
        found["debug_iters"],
        all_samples=found["all_samples"],
        clusters=clusters(found, list(attempts)),
        price=price_in(found),
    )
    every = [sample for samples in attempts.values() for sample in samples]
    # A fresh attempt repairs nothing.
    repairs = [] if strategy == "resample" else every
    iterations = by_iteration(repairs, repeats_known=found["repeats"] is not None)
    interleaved = strategy in ("breadth", "best") and found["samples"] > 1 and not found["all_samples"]
    refused = INTERLEAVED if interleaved else None
    curve = [] if interleaved else worth["curve"]
    return {**worth, "curve": curve, "curve_refused": refused, "iterations": iterations, "strategy": strategy}


def describe(store: Store, row: Row, prices: Prices = NO_PRICES) -> dict[str, Any]:
    """Return the whole of a run, JSON types.

    ``results`` are its figures by test function, each with its ``spread`` and what debugging was worth;
    ``tasks`` a row a task, without attempts; ``model_info`` and ``environment`` what the session recorded;
    ``shards`` which session did which part of it.
    """
    tasks = sorted(task_rows(store, [row["run_id"]]), key=lambda task: natural(task["task_id"]))
    return {
        "results": [
            {**each, "debugging": debugging(store, each)}
            for each in with_spread(store, figures(store, [row], prices=prices))
        ],
        "model_info": row["model_info"],
        "environment": row["environment"],
        "shards": rows_of(store, row["run_id"]),
        "tasks": [{name: task[name] for name in task if name not in ("id", "run_id")} for task in tasks],
    }
