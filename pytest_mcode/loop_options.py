"""Options that say how the budget of a task is spent: the loop of samples and repairs."""

from dataclasses import dataclass
from typing import Literal

from pytest_mcode.options import choice, count, option, switch

__all__ = ["LoopOptions"]

STYLES = ("conversation", "fresh", "explain", "reflect")
"""Those of `pytest_mcode.solving.styles`."""


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """A part of `Settings`."""

    samples: int = count(
        "Independent samples per task; stops at the first pass.", 1, default=1, changes_result=True
    )
    all_samples: bool = switch(
        "Start every sample, also after a pass: what an unbiased pass@k needs.", changes_result=True
    )
    debug_iters: int = count("Repairs after a failed attempt, per sample.", 0, default=0, changes_result=True)
    feedback: Literal["judge", "public", "none"] = option(
        "What guides a repair: judge (the judging tests' error), public (only tests that the prompt shows; "
        "the judging tests decide once at the end), none (that it failed).",
        choice("judge", "public", "none"),
        metavar="WHAT",
        default="judge",
        changes_result=True,
    )
    on_repeat: Literal["keep", "warmer", "restart", "stop"] = option(
        "What follows an answer whose code an earlier attempt at the task had: keep (a repair as any other), "
        "warmer (temperature 0.2 higher for each), restart (as if the sample began), stop (the sample ends).",
        choice("keep", "warmer", "restart", "stop"),
        metavar="WHAT",
        default="keep",
        changes_result=True,
        came_later=True,
    )
    strategy: Literal["repair", "resample"] = option(
        "How a sample's budget is spent: repair (with feedback), resample (every attempt a fresh one, "
        "without feedback: the baseline at equal cost).",
        choice("repair", "resample"),
        metavar="HOW",
        default="repair",
        changes_result=True,
    )
    repair: str = option(
        "What the model receives after a failed attempt: conversation (its answers, each with its verdict), "
        "fresh (one message with the failing code), explain (its own explanation of the failure first), "
        "reflect (lessons of the failures, no earlier code).",
        choice(*STYLES),
        metavar="STYLE",
        default="conversation",
        changes_result=True,
        came_later=True,
    )
