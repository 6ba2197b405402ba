"""What a report shows: runs in figures, their curves, their comparison, and the grid of tasks."""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pytest_mcode.deciding import answers
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import TaskOutcome, VerdictKind, to_json
from pytest_mcode.results.budgets import history
from pytest_mcode.results.comparison import compare
from pytest_mcode.results.figures import loop, natural, short_id, title
from pytest_mcode.results.inspection import new_messages, solution_diff
from pytest_mcode.results.matching import match
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.scaling import scaling
from pytest_mcode.results.sides import load_run_and_test
from pytest_mcode.results.summaries import debugging, figures
from pytest_mcode.store import Store, read_outcomes

__all__ = ["KINDS", "collect"]

KINDS = ("passed", "repaired", *get_args(VerdictKind)[1:], "infra")
"""What a cell of the grid shows; ``repaired`` passed after its first attempt."""


def collect(store: Store, names: Sequence[str], prices: Prices = NO_PRICES) -> dict[str, Any]:
    """Return the content of a report on some runs (``RUN`` or ``RUN::TEST``), JSON types.

    ``runs`` are their figures, ``scaling`` their curves, ``comparison`` that of two runs (None for another
    number of them, ``refused`` says why there is none), ``match`` says how large a budget the weaker of two
    models needs to match the other (None for another number of models), ``tasks`` the grid, ``attempts``
    what is behind it.
    """
    rows = list(
        {
            (row["run_id"], row["test"]): row for row in (load_run_and_test(store, name) for name in names)
        }.values()
    )
    results = [
        each for row in rows for each in figures(store, [row], prices=prices) if each["test"] == row["test"]
    ]
    runs = [
        {
            **each,
            "label": _label(each, results),
            "short": short_id(each["run_id"]),
            "debugging": debugging(store, each),
        }
        for each in results
    ]
    return {
        "runs": runs,
        "scaling": scaling(store, results),
        "match": _match(store, results, prices),
        "comparison": _comparison(store, rows),
        **_tasks(store, runs),
    }


def _label(result: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> str:
    """Return a run's shortest label in a legend that names no other."""
    names = {title(each) for each in results}
    label = loop(result) if len(names) == 1 else f"{title(result)}, {loop(result)}"
    return f"{label} ({short_id(result['run_id'])})" if len(results) > 1 else label


def _comparison(store: Store, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if len(rows) != 2:
        return None
    try:
        return compare(store, *(f"{row['run_id']}::{row['test'] or ''}" for row in rows))
    except ConfigurationError as error:
        return {"refused": str(error)}


def _match(store: Store, results: Sequence[dict[str, Any]], prices: Prices) -> dict[str, Any] | None:
    """Match the largest budget of the weaker model, by single attempts, with the smallest of the other."""
    models: dict[str, list[dict[str, Any]]] = {}
    for each in results:
        if each["tasks_judged"]:
            models.setdefault(str(each["model"]), []).append(each)
    if len(models) != 2:
        return None
    weak, strong = sorted(models.values(), key=lambda runs: max(_smallest_rate(store, run) for run in runs))
    small, big = max(weak, key=_budget), min(strong, key=_budget)
    names = (f"{run['run_id']}::{run['test'] or ''}" for run in (small, big))
    try:
        return match(store, *names, prices=prices)
    except ConfigurationError as error:
        return {"refused": str(error)}


def _smallest_rate(store: Store, run: dict[str, Any]) -> float:
    return history(store, run).chain()[0].rate


def _budget(run: Mapping[str, Any]) -> int:
    return int(run["samples"] * (1 + run["debug_iters"]))


def _tasks(store: Store, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the grid, and by (run, task) the attempts, deflated: pages stay small and open at once."""
    outcomes = [
        {outcome.task_id: outcome for outcome in read_outcomes(store, run["run_id"], test=run["test"])}
        for run in runs
    ]
    tasks = sorted({task for each in outcomes for task in each}, key=natural)
    grid = [{"id": task, "runs": [_cell(each.get(task)) for each in outcomes]} for task in tasks]
    attempts = {
        f"{run}-{number}": _deflated(list(_attempts(each[task])))
        for run, each in enumerate(outcomes)
        for number, task in enumerate(tasks)
        if task in each
    }
    return {"tasks": grid, "attempts": attempts}


def _cell(outcome: TaskOutcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "status": outcome.status,
        "kinds": [KINDS.index(kind) for kind in _kinds(outcome)],
        "note": _note(outcome),
    }


def _kinds(outcome: TaskOutcome) -> Iterator[str]:
    """Yield what became of each sample."""
    if outcome.status == "infra":
        yield "infra"
        return
    for attempt in answers(outcome.attempts):
        yield "repaired" if attempt.verdict.passed and attempt.iteration else attempt.verdict.kind


def _note(outcome: TaskOutcome) -> str:
    last = outcome.attempts[-1].verdict.message if outcome.attempts else ""
    return (outcome.error or last).strip().partition("\n")[0][:200]


def _attempts(outcome: TaskOutcome) -> Iterator[dict[str, Any]]:
    """Yield attempts; of the conversation only what the attempt before was not sent."""
    earlier: dict[str, Any] | None = None
    for made in outcome.attempts:
        attempt = {**vars(made), "verdict": vars(made.verdict)}
        attempt["public_verdict"] = vars(made.public_verdict) if made.public_verdict else None
        if earlier and earlier["sample"] != made.sample:
            earlier = None
        messages = new_messages(attempt, earlier)
        yield attempt | {
            "messages": messages,
            "known": len(made.messages) - len(messages),
            "diff": solution_diff(attempt, earlier),
        }
        earlier = attempt


def _deflated(value: object) -> str:
    return base64.b64encode(zlib.compress(to_json(value).encode("ascii"))).decode("ascii")
