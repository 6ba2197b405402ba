"""What a run will take and can show, from what the store knows of its model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_mcode import benchmarks
from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.intervals import wilson
from pytest_mcode.analysis.planning import expected_attempts, match_power
from pytest_mcode.analysis.power import detectable_difference
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task
from pytest_mcode.results.figures import short_id
from pytest_mcode.results.prices import seconds_in_flight
from pytest_mcode.results.sides import Side, load_side
from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, all_attempt_rows, attempts_stored, find_runs, task_rows

__all__ = ["History", "history", "plan"]

UNKNOWN_RATE = 0.5
"""Where nothing is known, the rate at which an interval is widest."""
DISCORDANCES = (0.1, 0.2, 0.3)
"""Shares of tasks that flip between two configurations: few, usual, many."""
BYTES = 6000
"""Of one attempt in the store, where that is not known: its prompt, answer and verdict."""
ENOUGH = 100
"""Attempts in a store from which on its size tells what one takes."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What runs of the model say; a figure is None where they do not say it."""

    run_ids: tuple[str, ...]
    benchmark: str
    """Of these runs."""
    passes: Mapping[str, tuple[int, int]]
    """By task: first attempts that passed, and how many there were."""
    repaired: float
    """Share of repairs that passed."""
    means: Mapping[str, float | None]
    """Of an attempt, by name: tokens, and seconds of the model and of the judge."""
    wall_seconds: float | None
    """Of an attempt, in the latest finished run: with the workers and the server that it had."""

    @property
    def rate(self) -> float:
        """Mean over tasks of the share of first attempts that passed."""
        shares = [passed / made for passed, made in self.passes.values()]
        return sum(shares) / len(shares)


COSTS = ("prompt_tokens", "completion_tokens", "generation_seconds", "execution_seconds")


def history(store: Store, settings: Settings, benchmark: str) -> History | None:
    """Return what the store knows of the session's model: on its benchmark, else on any."""
    runs = [
        row
        for row in find_runs(store)
        if row["model"] == settings.model and row["backend"] not in MODEL_FREE_BACKENDS
    ]
    same = [row for row in runs if row["benchmark"] == benchmark]
    columns = ("run_id", "task_id", "status", "verdict", "sample", "iteration", *COSTS)
    chosen = same or runs
    attempts = [
        row
        for row in all_attempt_rows(store, [run["run_id"] for run in chosen], columns=columns)
        if row["status"] != "infra"
    ]
    return _history(store, chosen, attempts) if attempts else None


def _history(store: Store, runs: Sequence[Row], attempts: Sequence[Row]) -> History:
    passes: dict[str, tuple[int, int]] = {}
    repairs = [row["verdict"] == "passed" for row in attempts if row["iteration"]]
    for row in attempts:
        if not row["iteration"] and not (row["sample"] and not _all_samples(runs, row)):
            passed, made = passes.get(row["task_id"], (0, 0))
            passes[row["task_id"]] = (passed + (row["verdict"] == "passed"), made + 1)
    return History(
        run_ids=tuple(run["run_id"] for run in runs),
        benchmark=runs[-1]["benchmark"],
        passes=passes,
        repaired=sum(repairs) / len(repairs) if repairs else 0.0,
        means={name: _mean([row[name] for row in attempts]) for name in COSTS},
        wall_seconds=_pace(store, runs, attempts),
    )


def _all_samples(runs: Sequence[Row], attempt: Row) -> bool:
    """Whether later samples of its run were started in any case; else they are a selection."""
    return any(run["run_id"] == attempt["run_id"] and run["all_samples"] for run in runs)


def _mean(values: Sequence[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _pace(store: Store, runs: Sequence[Row], attempts: Sequence[Row]) -> float | None:
    for run in reversed(runs):
        made: int = sum(row["run_id"] == run["run_id"] for row in attempts)
        if run["status"] == "finished" and made:
            return seconds_in_flight(task_rows(store, [run["run_id"]])) / made
    return None


def plan(
    store: Store | None,
    settings: Settings,
    tasks: Sequence[Task],
    *,
    against: str | None = None,
    margin: float = 0.05,
) -> dict[str, Any]:
    """Return what a session over `tasks` will take and can show, JSON types.

    ``attempts``: the least and the most to expect, by the mean rate of the model's first attempts and of its
    repairs so far, whatever their spread over tasks (see `analysis.planning`), and the ``limit`` of the
    budget. ``tokens``, ``model_seconds``, ``seconds`` (wall clock, at the pace of the latest run) and
    ``bytes`` (of the store; of images at most): ``least`` and ``most``, None where unknown. ``interval``: the
    95 % interval that the expected rate of first attempts would have. ``detectable``: by the share of tasks
    that flip, the smallest difference to another configuration that McNemar's test shows 4 times in 5.
    ``match``, where `against` names a run: from how many samples on it is shown, 4 times in 5, that pass@k is
    at least its rate less `margin`. Raises `ConfigurationError`.
    """
    if not tasks:
        raise ConfigurationError("no task is selected: there is nothing to plan")
    benchmark = benchmarks.get(settings.benchmark)
    known = history(store, settings, benchmark.name) if store else None
    on_this = known is not None and known.benchmark == benchmark.name
    rate = known.rate if known and on_this else None
    least, most = _attempts(settings, len(tasks), rate, known.repaired if known else 0.0)
    low, high = wilson(round((UNKNOWN_RATE if rate is None else rate) * len(tasks)), len(tasks))
    return {
        "benchmark": benchmark.name,
        "model": settings.model,
        "tasks": len(tasks),
        "samples": settings.samples,
        "debug_iters": settings.debug_iters,
        "history": {
            "run_ids": list(known.run_ids) if known else [],
            "benchmark": known.benchmark if known else None,
            "rate": rate,
            "repaired": known.repaired if known else None,
        },
        "attempts": {
            "least": least,
            "most": most,
            "limit": len(tasks) * settings.samples * (1 + settings.debug_iters),
        },
        **_costs(known, least, most),
        "bytes": _bytes(store, least, most, benchmark.harness.image_bytes(tasks)),
        "interval": {"rate": UNKNOWN_RATE if rate is None else rate, "low": low, "high": high},
        "detectable": list(_detectable(len(tasks))),
        "match": _match(store, known if on_this else None, settings, tasks, against, margin),
    }


def _attempts(settings: Settings, tasks: int, rate: float | None, repaired: float) -> tuple[float, float]:
    budget = (settings.samples, settings.debug_iters)
    of_a_task = [
        expected_attempts(each, repaired, *budget, all_samples=settings.all_samples)
        for each in ((1.0, 0.0) if rate is None else (rate,))
    ]
    return tasks * min(low for low, _ in of_a_task), tasks * max(high for _, high in of_a_task)


def _costs(known: History | None, least: float, most: float) -> dict[str, Any]:
    means: Mapping[str, float | None] = known.means if known else dict.fromkeys(COSTS)
    prompt, completion = means["prompt_tokens"], means["completion_tokens"]
    tokens = None if prompt is None or completion is None else prompt + completion
    each = {
        "tokens": tokens,
        "model_seconds": means["generation_seconds"],
        "seconds": known.wall_seconds if known else None,
    }
    return {name: _span(cost, least, most) for name, cost in each.items()}


def _span(each: float | None, least: float, most: float) -> dict[str, float] | None:
    return None if each is None else {"least": each * least, "most": each * most}


def _bytes(store: Store | None, least: float, most: float, images: int) -> dict[str, Any]:
    path, made = (store.place.path, attempts_stored(store)) if store else (None, 0)
    each = path.stat().st_size / made if path and made > ENOUGH else BYTES
    return {"store": _span(each, least, most), "images": images}


def _detectable(tasks: int) -> Iterator[dict[str, Any]]:
    """Yield what is shown at each share of flips; a difference needs as many flips as itself, at least."""
    seen = set()
    for share in DISCORDANCES:
        found = detectable_difference(tasks, share)
        if isinstance(found, Withheld):
            yield {"flips": None, "difference": None, "withheld": found.reason}
            return
        if found not in seen:
            yield {"flips": max(share, found), "difference": found, "withheld": None}
        seen.add(found)


def _match(
    store: Store | None,
    known: History | None,
    settings: Settings,
    tasks: Sequence[Task],
    against: str | None,
    margin: float,
) -> dict[str, Any] | None:
    if against is None:
        return None
    if store is None or known is None:
        raise ConfigurationError(
            f"--against: the store has no run of {settings.model} on this benchmark to know its rates by; "
            "give --calibrate 5, or run it once"
            if settings.model
            else f"--against: backend {settings.backend} has no rates of a model; name one with --model"
        )
    side: Side = load_side(store, against)
    common = [task.task_id for task in tasks if side.fingerprints.get(task.task_id) == task.fingerprint]
    if not common:
        raise ConfigurationError(f"--against: {against} has judged none of these tasks; name another run")
    passes = [known.passes.get(task, (0, 0)) for task in common]
    counts = [(made, passed) for passed, made in passes]
    found = match_power(counts, known.rate, [side.scores[task] for task in common], settings.samples, margin)
    return {
        "against": short_id(side.runs[0]["run_id"]),
        "tasks": len(common),
        "rate": sum(side.scores[task] for task in common) / len(common),
        "margin": margin,
        "shown_from": found.shown_from,
        "by_samples": list(found.by_samples),
    }
