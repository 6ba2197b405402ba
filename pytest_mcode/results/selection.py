"""What selection is worth: the share of tasks whose chosen sample passes, beside coverage."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytest_mcode.analysis import paired
from pytest_mcode.analysis.clusters import rate_interval
from pytest_mcode.analysis.figure import Interval, Withheld
from pytest_mcode.analysis.passk import pass_at_k_interval
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.figures import loop, title
from pytest_mcode.selection import SELECTIONS
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, choice_rows, task_rows

__all__ = ["selection", "totals"]

COSTS = ("executions", "execution_seconds", "prompt_tokens", "completion_tokens", "generation_seconds")


def selection(store: Store, run: Row) -> dict[str, Any]:
    """Return what the recorded choices of a run come to, JSON types; shares are from 0 to 1.

    ``by_chance`` is the rate of a sample drawn at random (pass@1, a sample with its repairs being one draw).
    ``ways``: for each way of choosing, over the judged tasks that have such a choice, ``rate`` (the chosen
    sample passes), ``coverage`` (some sample does), ``gap`` (a sample passes, and another was handed in: the
    paired difference of coverage and rate, which is never negative, so a proportion), each with its 95 %
    interval or why there is none; ``missed``, these tasks; ``over_first``, the paired difference to the first
    sample (see `analysis.paired.Comparison`); and what choosing took. Population: tasks like these.
    """
    judged = {
        row["task_id"]: row
        for row in task_rows(store, [run["run_id"]], run["test"])
        if row["status"] != "infra" and row["samples"]
    }
    chosen: dict[str, dict[str, Row]] = {}
    for row in choice_rows(store, [run["run_id"]], run["test"]):
        if row["task_id"] in judged:
            chosen.setdefault(row["by"], {})[row["task_id"]] = row
    counts = [(row["samples"], row["samples_passed"]) for row in judged.values()]
    return {
        "run_id": run["run_id"],
        "test": run["test"],
        "title": title(run),
        "loop": loop(run),
        "tasks_judged": len(judged),
        "by_chance": _by_chance(counts, clusters(run, [*judged])),
        "warnings": list(_warnings(run, chosen.get("public", {}))),
        "ways": [
            _way(run, way, judged, chosen[way], chosen.get("first")) for way in SELECTIONS if way in chosen
        ],
    }


def _by_chance(counts: Sequence[tuple[int, int]], groups: Sequence[str] | None) -> dict[str, Any]:
    rates = [passed / samples for samples, passed in counts]
    return _rate("rate", rates, pass_at_k_interval(counts, 1, clusters=groups))


def _way(
    run: Row,
    way: str,
    judged: Mapping[str, Row],
    chosen: Mapping[str, Row],
    first: Mapping[str, Row] | None,
) -> dict[str, Any]:
    tasks = list(chosen)
    groups = clusters(run, tasks)
    passed = [float(chosen[task]["passed"]) for task in tasks]
    covered = [float(judged[task]["samples_passed"] > 0) for task in tasks]
    missed = [task for task, right, able in zip(tasks, passed, covered, strict=True) if able > right]
    gaps = [able - right for right, able in zip(passed, covered, strict=True)]
    return {
        "by": way,
        "tasks": len(tasks),
        **_share("rate", passed, groups),
        **_share("coverage", covered, groups),
        **_share("gap", gaps, groups, few_events=True),  # It is often near 0, where Wilson's is too narrow.
        "missed": missed,
        "over_first": _over_first(run, way, chosen, first),
        **totals(chosen.values()),
    }


def _share(
    name: str, values: Sequence[float], groups: Sequence[str] | None, *, few_events: bool = False
) -> dict[str, Any]:
    return _rate(name, values, rate_interval(values, groups, few_events=few_events))


def _rate(name: str, values: Sequence[float], span: Interval | Withheld) -> dict[str, Any]:
    return {
        name: sum(values) / len(values) if values else None,
        f"{name}_low": None if isinstance(span, Withheld) else span.low,
        f"{name}_high": None if isinstance(span, Withheld) else span.high,
        f"{name}_withheld": span.reason if isinstance(span, Withheld) else None,
    }


def _over_first(
    run: Row, way: str, chosen: Mapping[str, Row], first: Mapping[str, Row] | None
) -> dict[str, Any] | None:
    if way == "first" or not first:
        return None
    common = [task for task in chosen if task in first]
    found = paired.compare(
        [float(chosen[task]["passed"]) for task in common],
        [float(first[task]["passed"]) for task in common],
        clusters(run, common),
    )
    return {**asdict(found), "decisive": asdict(found.decisive)}


def totals(choices: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what making these choices took together; None where a server did not tell."""
    made = list(choices)
    return {name: _total([each[name] for each in made]) for name in COSTS}


def _total(values: Sequence[Any]) -> Any:
    return None if None in values else sum(values)


def _warnings(run: Row, public: Mapping[str, Row]) -> Iterator[str]:
    settings = run["settings"]
    if settings["debug_iters"] and settings.get("feedback", "judge") == "judge":
        yield "repairs were guided by the judging tests, so what was chosen among has seen them"
    if told := sum(bool(row["details"].get("judging")) for row in public.values()):
        yield f"public: at {told} of {len(public)} tasks the prompt shows the judging tests themselves"
