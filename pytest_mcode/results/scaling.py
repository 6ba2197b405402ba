"""Does sampling help? Runs that differ in their number of samples only, and one fixed-n run sub-sampled."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypedDict, cast

from pytest_mcode.analysis.clusters import paired_interval, rate_interval
from pytest_mcode.analysis.figure import limits
from pytest_mcode.analysis.paired import compare
from pytest_mcode.analysis.repeats import Answers, overlap
from pytest_mcode.analysis.significance import holm
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.answers import answers_of
from pytest_mcode.results.budgets import STEPS
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.configuration import configuration_key
from pytest_mcode.results.figures import coverage
from pytest_mcode.results.outline import Outline, outlines
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store

__all__ = ["Curve", "Point", "scaling"]


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
    """95 % interval of the rate, over tasks, or over their clusters; None where that is withheld."""
    costs: Mapping[str, float | None]
    """What a task costs when sampling stops at the first pass, by axis of `analysis.costs.AXES`."""
    tokens: float | None
    """The same in tokens."""
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    """The rate less that of the curve's base, paired on the tasks that both points judged."""
    p_value: float | None
    """Of a whole run against another; within a run, or where one's samples begin the other's, more samples
    never solve fewer tasks."""
    p_adjusted: float | None
    """By Holm for all p-values of the curve."""


class Base(TypedDict):
    """The point that gains are over."""

    run_id: str
    test: str | None
    samples: int
    sub_sampled: bool


class Curve(TypedDict):
    """Runs that are equal but for their number of samples."""

    benchmark: str
    dataset_fingerprint: str
    model: str | None
    backend: str
    debug_iters: int
    timeout: float | None
    retrieval: bool
    base: Base
    curve: list[Point]
    """By number of samples."""
    runs: list[Figures]


def scaling(store: Store, found: Sequence[Figures], base: str | None = None) -> list[Curve]:
    """Return, from the figures of runs, a curve for each configuration: the pass rate within n samples.

    Gains are over the fewest samples of the run `base`, a whole id, in the curve that holds it; else over
    those of the oldest run that has them. Raises `ConfigurationError` where no curve holds `base`.
    """
    if base is not None and base not in {each["run_id"] for each in found}:
        raise ConfigurationError(f"--base: run {base} is none of those that are shown; name one of them")
    groups: dict[str, list[Outline]] = {}
    for each in outlines(store, found):
        groups.setdefault(configuration_key(each.run, "samples", "all_samples"), []).append(each)
    return [_curve(store, runs, base) for runs in groups.values()]


def _curve(store: Store, made: Sequence[Outline], wanted: str | None) -> Curve:
    points = sorted(
        (
            point | {"answers": answers}
            for each, answers in _with_answers(store, made)
            for point in _points(each)
        ),
        key=lambda point: point["samples"],
    )
    judged = [point for point in points if point["scores"]] or points[:1]
    base = next((point for point in judged if point["run_id"] == wanted), judged[0])
    gains = [_gain(point, base) for point in points]
    tested = [gain["p_value"] for gain in gains if gain["p_value"] is not None]
    adjusted = iter(holm(tested))
    for point, gain in zip(points, gains, strict=True):
        point |= gain
        point["p_adjusted"] = None if gain["p_value"] is None else next(adjusted)
    runs = [each.run for each in made]
    first = runs[0]
    return Curve(
        benchmark=first["benchmark"],
        dataset_fingerprint=first["dataset_fingerprint"],
        model=first["model"],
        backend=first["backend"],
        debug_iters=first["debug_iters"],
        timeout=first["timeout"],
        retrieval=first["retrieval"],
        base=cast("Base", {name: base[name] for name in Base.__annotations__}),
        curve=cast(
            "list[Point]",
            [{name: point[name] for name in Point.__annotations__} for point in points],
        ),
        runs=sorted(runs, key=lambda each: int(each["samples"])),
    )


def _with_answers(store: Store, made: Sequence[Outline]) -> Iterator[tuple[Outline, Callable[[], Answers]]]:
    """Yield each with its answers, which are read where one asks, once for all its points."""
    for each in made:
        yield each, cache(partial(answers_of, store, each.run))


def _gain(point: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, float | None]:
    common = sorted(point["scores"].keys() & base["scores"].keys())
    if point["samples"] == base["samples"] or not common:
        return dict.fromkeys(("gain", "gain_low", "gain_high", "p_value"))
    ours, fewest = ([scores[task] for task in common] for scores in (point["scores"], base["scores"]))
    differences = [each - other for each, other in zip(ours, fewest, strict=True)]
    names = clusters(point["run"], common)
    low, high = limits(paired_interval(differences, names, min(point["draws"], base["draws"])))
    return {
        "gain": sum(differences) / len(differences),
        "gain_low": low,
        "gain_high": high,
        "p_value": compare(ours, fewest).p_value if _are_two_draws(point, base) else None,
    }


def _are_two_draws(point: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether there is a test: expectations do not flip, and of nested samples more never solve fewer."""
    if point["sub_sampled"] or point["run_id"] == base["run_id"]:
        return False
    return overlap(point["answers"](), base["answers"]()).relation == "independent"


def _points(made: Outline) -> Iterator[dict[str, Any]]:
    run = made.run
    n = run["samples"]
    names = clusters(run, list(made.tasks))
    if made.is_fixed:
        for k in (step for step in STEPS if step < n):
            scores = list(made.scores(k).values())
            low, high = limits(rate_interval(scores, names, n // k, few_events=True))
            rate = sum(scores) / len(scores)
            yield _point(made, k, sub_sampled=True) | {"rate": rate, "low": low, "high": high}
    yield _point(made) | {
        "rate": run["pass_rate"],
        "low": run["pass_rate_low"],
        "high": run["pass_rate_high"],
    }


def _point(made: Outline, k: int | None = None, *, sub_sampled: bool = False) -> dict[str, Any]:
    run = made.run
    n = run["samples"]
    # Each sample that was made is a draw of the fewest; of all of them there is but one.
    costs = made.costs(n if made.is_fixed and k is None else k)
    return {
        "samples": n if k is None else k,
        "run_id": run["run_id"],
        "test": run["test"],
        "sub_sampled": sub_sampled,
        "tasks": coverage(run),
        "costs": costs,
        "tokens": costs["tokens"],
        "scores": made.scores(k),
        "draws": 1 if k is None else n // k,
        "run": run,
    }
