"""What debugging is worth: solved after each repair, which verdicts get repaired, at what price."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pytest_mcode.analysis.clusters import rate_interval
from pytest_mcode.analysis.costs import AXES, Attempt, Axis, Price, spent
from pytest_mcode.analysis.figure import limits
from pytest_mcode.deciding import decisive

__all__ = ["debugging_worth", "passes"]

Sample = Sequence[Attempt]
"""Attempts by iteration, each with ``iteration``, ``verdict``, and its costs (see `costs.Attempt`)."""


def debugging_worth(
    tasks: Sequence[Sequence[Sample]],
    debug_iters: int,
    *,
    all_samples: bool,
    clusters: Sequence[Hashable] | None = None,
    price: Price | None = None,
) -> dict[str, Any]:
    """Return the figures of the repairs of a run, given the samples of each judged task.

    The curve is over tasks: the share of a task's samples that passed by an iteration. Where sampling
    stopped at the first pass only first samples count, since later ones exist for hard tasks alone. Each
    point says what a sample costs up to there on each of `costs.AXES`, None where that is unknown.
    `clusters` names each task's; with a `price` that is an axis too.
    """
    axes = price.axes if price else AXES
    units = [samples if all_samples else samples[:1] for samples in tasks if samples]
    named = [each for each, samples in zip(clusters, tasks, strict=True) if samples] if clusters else None
    every = [sample for samples in tasks for sample in samples]
    repairs = [attempt for sample in every for attempt in sample[1:]]
    repaired = sum(len(sample) > 1 and passes(sample) for sample in every)
    tokens = spent(repairs, AXES["tokens"])
    return {
        "tasks": len(units),
        "curve": [_point(units, iteration, named, axes) for iteration in range(debug_iters + 1)]
        if units
        else [],
        "verdicts": _transitions(every),
        "repair_attempts": len(repairs),
        "repaired_samples": repaired,
        "first_attempt_tokens": spent((sample[0] for sample in every), AXES["tokens"]),
        "repair_tokens": tokens,
        "tokens_per_repaired_sample": tokens / repaired if repaired and tokens is not None else None,
    }


def _point(
    units: Sequence[Sequence[Sample]],
    iteration: int,
    clusters: Sequence[Hashable] | None,
    axes: Mapping[str, Axis],
) -> dict[str, Any]:
    shares = [sum(_passed_by(sample, iteration) for sample in unit) / len(unit) for unit in units]
    low, high = limits(rate_interval(shares, clusters, min(map(len, units))))
    samples = [
        [attempt for attempt in sample if attempt["iteration"] <= iteration]
        for unit in units
        for sample in unit
    ]
    return {
        "iteration": iteration,
        "rate": sum(shares) / len(shares),
        "low": low,
        "high": high,
        **{f"{name}_per_sample": _mean_spent(samples, axis) for name, axis in axes.items()},
    }


def _mean_spent(samples: Sequence[Sample], axis: Axis) -> float | None:
    whole = spent((attempt for sample in samples for attempt in sample), axis)
    return None if whole is None else whole / len(samples)


def passes(sample: Sample) -> bool:
    """Whether a sample passes by the attempt that decides it."""
    made = [(attempt["verdict"], attempt.get("public_verdict")) for attempt in sample]
    return bool(made) and made[decisive(made)][0] == "passed"


def _passed_by(sample: Sample, iteration: int) -> bool:
    """Whether the sample, ended there, would have passed: under public feedback a repair may also spoil."""
    made = [attempt for attempt in sample if attempt["iteration"] <= iteration]
    return passes(made)


def _transitions(samples: Iterable[Sample]) -> list[dict[str, Any]]:
    """Count, for each failing verdict, how often a repair of it was tried and what came of it."""
    became: dict[str, Counter[str]] = {}
    for sample in samples:
        for before, after in pairwise(sample):
            became.setdefault(before["verdict"], Counter())[after["verdict"]] += 1
    found = [
        {
            "verdict": verdict,
            "tried": after.total(),
            "repaired": after["passed"],
            "became": dict(sorted(after.items())),
        }
        for verdict, after in became.items()
    ]
    return sorted(found, key=lambda each: (-each["tried"], each["verdict"]))
