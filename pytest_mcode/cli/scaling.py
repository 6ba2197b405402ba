"""Does sampling help? Runs that differ in their number of samples only, and one fixed-n run sub-sampled."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.table import Table

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.intervals import mean_interval
from pytest_mcode.analysis.paired import compare
from pytest_mcode.analysis.passk import draws_until_pass, pass_at_k
from pytest_mcode.cli.common import console
from pytest_mcode.cli.configuration import configuration_key
from pytest_mcode.cli.figures import coverage, interval, loop, percent, short_id, title
from pytest_mcode.store.queries import Row, task_rows

if TYPE_CHECKING:
    from pytest_mcode.store import Store

__all__ = ["print_scaling", "scaling"]

STEPS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
Result = Mapping[str, Any]
Scores = Mapping[str, float]
"""By task: solved or not, or its chance to be solved."""


def scaling(store: "Store", found: Sequence[Result]) -> list[dict[str, Any]]:
    """Return groups of runs, each with a curve: the pass rate within n samples, and its gain over the fewest.

    ``tokens`` are what a task costs when sampling stops at the first pass.
    Gains are paired, on the tasks that both points judged, with a 95 % interval over tasks; those of
    whole runs over other runs are tested.
    """
    groups: dict[str, list[Result]] = {}
    for each in found:
        groups.setdefault(configuration_key(each, "samples", "all_samples"), []).append(each)
    return [
        {
            **{name: runs[0][name] for name in ("benchmark", "dataset_fingerprint", "model", "backend")},
            **{name: runs[0][name] for name in ("debug_iters", "timeout", "retrieval")},
            "curve": _curve(store, runs),
            "runs": sorted(runs, key=lambda each: each["samples"]),
        }
        for runs in groups.values()
    ]


def print_scaling(groups: Sequence[Mapping[str, Any]]) -> None:
    """Print a table for each group."""
    terminal = console()
    if not groups:
        terminal.print("No run matches.")
    for group in groups:
        first = group["runs"][0]
        terminal.print(f"{title(first)}, {loop(first, with_samples=False)}".rstrip(" ,"), style="bold cyan")
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("samples", "from", "tasks", "solved within them", "gain", "p"):
            table.add_column(heading, justify="right" if heading in ("samples", "p") else "left")
        for point in group["curve"]:
            table.add_row(*_cells(point))
        terminal.print(table)
    if any(
        point["gain"] is not None and point["p_value"] is None for group in groups for point in group["curve"]
    ):
        terminal.print(
            "No p for a part of a run, nor within one: "
            "expectations do not flip, more samples never solve less."
        )
    if groups and all(len(group["curve"]) == 1 for group in groups):
        terminal.print("No two runs differ in samples only, and none started all of several (--all-samples).")


def _curve(store: "Store", runs: Sequence[Result]) -> list[dict[str, Any]]:
    points = sorted(
        (point for run in runs for point in _points(store, run)), key=lambda point: point["samples"]
    )
    base = next((point for point in points if point["scores"]), points[0])
    gains = [_gain(point, base) for point in points]
    for point, gain in zip(points, gains, strict=True):
        del point["scores"]
        point.update(gain)
    return points


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


def _points(store: "Store", run: Result) -> Iterator[dict[str, Any]]:
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


def _can_be_sub_sampled(run: Result, rows: Sequence[Row]) -> bool:
    """Whether every sample was made, and any that passes solves; public tests may pick another."""
    every_made = bool(rows) and all(row["samples"] == run["samples"] for row in rows)
    return bool(run["all_samples"]) and every_made and run["settings"].get("feedback") != "public"


def _sub_sampled(run: Result, rows: Sequence[Row], k: int) -> dict[str, Any]:
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


def _point(run: Result, samples: int, scores: Scores, sub_sampled: bool = False) -> dict[str, Any]:
    return {
        "samples": samples,
        "run_id": run["run_id"],
        "test": run["test"],
        "sub_sampled": sub_sampled,
        "tasks": coverage(run),
        "scores": scores,
    }


def _cells(point: Mapping[str, Any]) -> list[str]:
    source = f"{'part of ' if point['sub_sampled'] else ''}{short_id(point['run_id'])}"
    rate = f"{percent(point['rate'])} {interval(point['low'], point['high'])}"
    gain = "" if point["gain"] is None else f"{100 * point['gain']:+.1f}"
    span = interval(point["gain_low"], point["gain_high"])
    p_value = "" if point["p_value"] is None else f"{point['p_value']:.2g}"
    return [str(point["samples"]), source, point["tasks"], rate, f"{gain} {span}".strip(), p_value]
