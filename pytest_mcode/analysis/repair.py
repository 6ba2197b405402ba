"""What debugging is worth: solved after each repair, which verdicts get repaired, at what price."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pytest_mcode.analysis.intervals import mean_interval

__all__ = ["debugging_worth"]

Attempt = Mapping[str, Any]
"""With ``iteration``, ``verdict``, ``prompt_tokens``, ``completion_tokens``."""
Sample = Sequence[Attempt]
"""Attempts by iteration."""


def debugging_worth(
    tasks: Sequence[Sequence[Sample]], debug_iters: int, *, all_samples: bool
) -> dict[str, Any]:
    """Return the figures of the repairs of a run, given the samples of each judged task.

    The curve is over tasks: the share of a task's samples that passed by an iteration. Where sampling
    stopped at the first pass only first samples count, since later ones exist for hard tasks alone.
    """
    units = [samples if all_samples else samples[:1] for samples in tasks if samples]
    every = [sample for samples in tasks for sample in samples]
    repairs = [attempt for sample in every for attempt in sample[1:]]
    repaired = sum(len(sample) > 1 and sample[-1]["verdict"] == "passed" for sample in every)
    spent = _tokens(repairs)
    return {
        "tasks": len(units),
        "curve": [_point(units, iteration) for iteration in range(debug_iters + 1)] if units else [],
        "verdicts": _transitions(every),
        "repair_attempts": len(repairs),
        "repaired_samples": repaired,
        "first_attempt_tokens": _tokens(sample[0] for sample in every),
        "repair_tokens": spent,
        "tokens_per_repaired_sample": spent / repaired if repaired else None,
    }


def _point(units: Sequence[Sequence[Sample]], iteration: int) -> dict[str, Any]:
    shares = [sum(_passed_by(sample, iteration) for sample in unit) / len(unit) for unit in units]
    low, high = mean_interval(shares, min(map(len, units)))
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
        "tokens_per_sample": sum(map(_tokens, samples)) / len(samples),
    }


def _passed_by(sample: Sample, iteration: int) -> bool:
    """Whether the sample, ended there, would have passed: under public feedback a repair may also spoil."""
    made = [attempt for attempt in sample if attempt["iteration"] <= iteration]
    return bool(made) and made[-1]["verdict"] == "passed"


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


def _tokens(attempts: Iterable[Attempt]) -> int:
    return sum((attempt["prompt_tokens"] or 0) + (attempt["completion_tokens"] or 0) for attempt in attempts)
