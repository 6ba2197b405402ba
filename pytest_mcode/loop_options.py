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
    select: Literal["judge", "first", "public", "vote", "tests"] = option(
        "Which of several samples is handed in, recorded beside the outcome: judge (one that passes the "
        "judging tests: coverage), or one chosen without them: first, public (the first that passes what the "
        "prompt shows), vote (equal outputs), tests (those that the model writes); see `mcode select`.",
        choice("judge", "first", "public", "vote", "tests"),
        metavar="HOW",
        default="judge",
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
