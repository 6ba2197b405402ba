"""Answers that were given before: found by their code, not run again; and what follows them.

A small model asked to mend its code often returns it unchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pytest_mcode.records import Attempt, Verdict

__all__ = ["OnRepeat", "repeat_of", "temperature_after", "unrun"]

OnRepeat = Literal["keep", "warmer", "restart", "stop"]
STEP = 0.2
WARMEST = 2.0
"""What OpenAI's API takes at most (https://platform.openai.com/docs/api-reference/chat/create)."""


OF_A_REQUEST = ("asides", "retrieved", "temperature", "fell_back", "overridden")
"""What a record says of how an attempt was asked for, not of its solution."""


def repeat_of(earlier: Attempt) -> Mapping[str, Any]:
    """Return what the record of an attempt says that has the solution of `earlier`."""
    known = {name: value for name, value in earlier.extra.items() if name not in OF_A_REQUEST}
    return {**known, "repeat_of": {"sample": earlier.sample, "iteration": earlier.iteration}}


def unrun(verdict: Verdict) -> Verdict:
    """Return a verdict as it is kept by an attempt that was not run: it cost no time."""
    return replace(verdict, seconds=0.0, cpu_seconds=0.0, wall_seconds=0.0)


def temperature_after(attempts: Sequence[Attempt], base: float) -> float | None:
    """Return the temperature for the attempt that follows those of a sample: a step more for each repeat.

    None where there was none: then it is the session's, `base`.
    """
    repeats = sum(attempt.is_repeat for attempt in attempts)
    return min(WARMEST, round(base + STEP * repeats, 3)) if repeats else None
