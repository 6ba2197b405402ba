"""Does sampling help? Runs that differ in their number of samples only, and one fixed-n run sub-sampled."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, TypedDict, cast

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.intervals import mean_interval
from pytest_mcode.analysis.paired import compare
from pytest_mcode.analysis.passk import draws_until_pass, pass_at_k
from pytest_mcode.results.configuration import configuration_key
from pytest_mcode.results.figures import coverage
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, task_rows

__all__ = ["Curve", "Point", "scaling"]

STEPS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
Scores = Mapping[str, float]
"""By task: solved or not, or its chance to be solved."""


class Point(TypedDict):
    """The pass rate within some number of samples, over the tasks that one run judged."""

    samples: int
    run_id: str
    test: str | None
    sub_sampled: bool
    """Whether it is the expectation of fewer samples than the run made."""
    tasks: str
    """Judged and planned tasks, for people."""
    rate: float | None
    low: float | None
    high: float | None
    """95 % interval of the rate, over tasks."""
    tokens: float | None
    """What a task costs when sampling stops at the first pass."""
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    """The rate less that of the fewest samples, paired on the tasks that both points judged."""
    p_value: float | None
    """Of a whole run against another; within a run more samples never solve fewer tasks."""


class Curve(TypedDict):
    """Runs that are equal but for their number of samples."""

    benchmark: str
    dataset_fingerprint: str
    model: str | None
    backend: str
    debug_iters: int
    timeout: float | None
    retrieval: bool
    curve: list[Point]
    """By number of samples."""
    runs: list[Figures]


def scaling(store: Store, found: Sequence[Figures]) -> list[Curve]:
    """Return, from the figures of runs, a curve for each configuration: the pass rate within n samples."""
    groups: dict[str, list[Figures]] = {}
    for each in found:
        groups.setdefault(configuration_key(each, "samples", "all_samples"), []).append(each)
    return [
        Curve(
            benchmark=runs[0]["benchmark"],
            dataset_fingerprint=runs[0]["dataset_fingerprint"],
            model=runs[0]["model"],
            backend=runs[0]["backend"],
            debug_iters=runs[0]["debug_iters"],
            timeout=runs[0]["timeout"],
            retrieval=runs[0]["retrieval"],
            curve=_curve(store, runs),
            runs=sorted(runs, key=lambda each: int(each["samples"])),
        )
        for runs in groups.values()
    ]


def _curve(store: Store, runs: Sequence[Figures]) -> list[Point]:
    points = sorted(
        (point for run in runs for point in _points(store, run)), key=lambda point: point["samples"]
    )
    base = next((point for point in points if point["scores"]), points[0])
    gains = [_gain(point, base) for point in points]
    for point, gain in zip(points, gains, strict=True):
        del point["scores"]
        point.update(gain)
    return cast("list[Point]", points)


def _gain(point: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, float | None]:
    common = sorted(point["scores"].keys() & base["scores"].keys())
    if point["samples"] == base["samples"] or not common:
        return dict.fromkeys(("gain", "gain_low", "gain_high", "p_value"))
    ours, fewest = ([scores[task] for task in common] for scores in (point["scores"], base["scores"]))
    if point["sub_sampled"] or point["run_id"] == base["run_id"]:
        # Expectations do not flip, and within one run more samples never solve fewer tasks: nothing to test.
        differences = [each - other for each, other in zip(ours, fewest, strict=True)]
        low, high = difference_interval(differences)
        return {"gain": fmean(differences), "gain_low": low, "gain_high": high, "p_value": None}
    found = compare(ours, fewest)
    return {
        "gain": found.difference,
        "gain_low": found.low,
        "gain_high": found.high,
        "p_value": found.p_value,
    }


def _points(store: Store, run: Figures) -> Iterator[dict[str, Any]]:
    rows = [row for row in task_rows(store, [run["run_id"]], run["test"]) if row["status"] != "infra"]
    fixed = _can_be_sub_sampled(run, rows)
    if fixed:
        for k in (step for step in STEPS if step < run["samples"]):
            yield _sub_sampled(run, rows, k)
    yield _point(run, run["samples"], {row["task_id"]: float(row["status"] == "solved") for row in rows}) | {
        "rate": run["pass_rate"],
        "low": run["pass_rate_low"],
        "high": run["pass_rate_high"],
        "tokens": _tokens_until_pass(rows, run["samples"]) if fixed else run["tokens_per_judged"],
    }


def _can_be_sub_sampled(run: Figures, rows: Sequence[Row]) -> bool:
    """Whether every sample was made, and any that passes solves; public tests may pick another."""
    every_made = bool(rows) and all(row["samples"] == run["samples"] for row in rows)
    return bool(run["all_samples"]) and every_made and run["settings"].get("feedback") != "public"


def _sub_sampled(run: Figures, rows: Sequence[Row], k: int) -> dict[str, Any]:
    scores = {row["task_id"]: pass_at_k(row["samples"], row["samples_passed"], k) for row in rows}
    low, high = mean_interval(list(scores.values()), run["samples"] // k)
    rate = sum(scores.values()) / len(scores)
    figures = {"rate": rate, "low": low, "high": high, "tokens": _tokens_until_pass(rows, k)}
    return _point(run, k, scores, sub_sampled=True) | figures


def _tokens_until_pass(rows: Sequence[Row], k: int) -> float | None:
    """Return tokens a task, had sampling stopped at the first pass: at the mean price of its samples."""
    if any(row["completion_tokens"] is None for row in rows):
        return None
    spent: list[float] = [
        ((row["prompt_tokens"] or 0) + row["completion_tokens"])
        / row["samples"]
        * draws_until_pass(row["samples"], row["samples_passed"], k)
        for row in rows
    ]
    return sum(spent) / len(spent)


def _point(run: Figures, samples: int, scores: Scores, sub_sampled: bool = False) -> dict[str, Any]:
    return {
        "samples": samples,
        "run_id": run["run_id"],
        "test": run["test"],
        "sub_sampled": sub_sampled,
        "tasks": coverage(run),
        "scores": scores,
    }
