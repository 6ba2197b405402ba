"""The answer that a report opens with: a sentence a comparison, for each benchmark by itself."""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from pytest_mcode.analysis.clusters import paired_interval
from pytest_mcode.analysis.significance import mcnemar
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.budgets import history
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.comparison import relation_of
from pytest_mcode.results.figures import interval, model_name, natural, percent
from pytest_mcode.results.matching import match
from pytest_mcode.results.prices import Prices
from pytest_mcode.results.sides import load_side, pair
from pytest_mcode.results.unlike import adjust
from pytest_mcode.store import Store

__all__ = ["differences_to_first", "match_of_models"]

Run = dict[str, Any]
"""The figures of a run, with its ``name`` among those of its benchmark."""


def match_of_models(store: Store, runs: Sequence[Run], prices: Prices) -> dict[str, Any] | None:
    """Match the largest budget of the weaker model, by single attempts, with the smallest of the other.

    None for another number of models than two.
    """
    models: dict[str, list[Run]] = {}
    for each in runs:
        if each["tasks_judged"]:
            models.setdefault(model_name(each), []).append(each)
    if len(models) != 2:
        return None
    weak, strong = sorted(models.values(), key=lambda made: max(_smallest_rate(store, run) for run in made))
    try:
        return match(store, _name(max(weak, key=_budget)), _name(min(strong, key=_budget)), prices=prices)
    except ConfigurationError as error:
        return {"refused": str(error)}


def differences_to_first(store: Store, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return for each judged run but the first its paired difference to the first one, and a ``sentence``.

    The population: tasks like those that both judged. p-values are adjusted by Holm for all of them.
    ``tasks_only_a`` are the tasks on which the run did better, ``tasks_only_b`` those on which the first did.
    """
    judged = [run for run in runs if run["tasks_judged"]]
    found = list(_differences(store, judged))
    adjusted = adjust([each["p_value"] for each in found])
    return [
        {**each, "p_adjusted": p, "sentence": _sentence(each, judged[0], p)}
        for each, p in zip(found, adjusted, strict=True)
    ]


def _differences(store: Store, judged: Sequence[Run]) -> Iterator[dict[str, Any]]:
    for run in judged[1:]:
        try:
            ours, theirs = load_side(store, _name(run)), load_side(store, _name(judged[0]))
            pairing = pair(ours, theirs)
        except ConfigurationError as error:
            yield {"run": run, "refused": str(error), "p_value": None, "tasks_only_a": [], "tasks_only_b": []}
            continue
        tasks = sorted(pairing.tasks, key=natural)
        scores, other = [ours.scores[task] for task in tasks], [theirs.scores[task] for task in tasks]
        gaps = [float(x - y) for x, y in zip(scores, other, strict=True)]
        better, worse = [sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)]
        relation = relation_of(store, ours, theirs)
        yield {
            "run": run,
            "refused": None,
            "difference": fmean(gaps),
            "tasks": len(tasks),
            "span": paired_interval(gaps, clusters(ours.runs[0], tasks), 1),
            "p_value": None if relation in ("nested", "same answers") else mcnemar(better, worse),
            "tasks_only_a": [task for task, x, y in zip(tasks, scores, other, strict=True) if x > y],
            "tasks_only_b": [task for task, x, y in zip(tasks, scores, other, strict=True) if x < y],
        }


def _sentence(found: Run, first: Run, p: float | None) -> str:
    run = found["run"]
    solves = f"{run['name']} solves {percent(run['pass_rate'])} {_span(run)}".rstrip()
    if found["refused"]:
        return f"{solves}; not compared: {found['refused']}"
    more = "more" if found["difference"] > 0 else "less"
    far = f"{100 * abs(found['difference']):.1f} points {more}" if found["difference"] else "as many tasks"
    low, high = getattr(found["span"], "low", None), getattr(found["span"], "high", None)
    between = interval(low, high) or f"(no interval: {getattr(found['span'], 'reason', '')})"
    sure = "more samples or repairs never solve fewer" if p is None else f"p = {p:.2g}"
    common = "" if found["tasks"] == first["tasks_judged"] else f" on {found['tasks']} common tasks"
    return f"{solves}, {far}{common} {between}, {sure}"


def _span(run: Run) -> str:
    return interval(run["pass_rate_low"], run["pass_rate_high"])


def _name(run: Run) -> str:
    return f"{run['run_id']}::{run['test'] or ''}"


def _smallest_rate(store: Store, run: Run) -> float:
    return history(store, run).chain()[0].rate


def _budget(run: Run) -> int:
    return int(run["samples"] * (1 + run["debug_iters"]))
