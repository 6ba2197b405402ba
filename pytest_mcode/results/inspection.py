"""One task of a run: its outcomes with every attempt, and what changed from an attempt to its repair."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches, unified_diff
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import TaskOutcome
from pytest_mcode.results.figures import natural
from pytest_mcode.store import Store, read_outcomes
from pytest_mcode.store.queries import task_rows

__all__ = ["LONGEST", "new_messages", "outcomes_of", "shortened", "solution_diff"]

FEW = 5
"""Tasks that a message lists."""
LONGEST = 20_000
"""Characters of one text that are shown to people."""
Attempt = Mapping[str, Any]
"""An `Attempt` as a mapping: its fields by name."""


def outcomes_of(store: Store, run_id: str, task_id: str, test: str | None = None) -> list[TaskOutcome]:
    """Return the outcomes of one task, one for each test function, with every attempt.

    Raises `ConfigurationError` where the run has no such task, with those that are near.
    """
    outcomes = list(read_outcomes(store, run_id, task_id=task_id, test=test))
    if not outcomes:
        known = sorted({task["task_id"] for task in task_rows(store, [run_id])}, key=natural)
        raise ConfigurationError(f"run {run_id} has no task {task_id!r}; {_there_are(known, task_id)}")
    return outcomes


def _there_are(known: Sequence[str], task_id: str) -> str:
    """Say which tasks there are instead: a number has no near misses, so where only it differs, the range."""
    words = [text for text, _ in natural(task_id)]
    numbered = [each for each in known if [text for text, _ in natural(each)] == words]
    if len(numbered) > FEW:
        return f"its {len(numbered)} such tasks go from {numbered[0]} to {numbered[-1]}"
    near = numbered or get_close_matches(task_id, known, n=3, cutoff=0.5)
    if near:
        return f"there {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
    return f"it has {len(known)}, such as {', '.join(known[:3])}" if known else "it has none"


def new_messages(attempt: Attempt, earlier: Attempt | None) -> Sequence[Mapping[str, Any]]:
    """Return the messages that `earlier`, the attempt before, was not sent."""
    messages: Sequence[Mapping[str, Any]] = attempt["messages"]
    known = list(earlier["messages"]) if earlier else []
    return messages[len(known) :] if list(messages[: len(known)]) == known else messages


def solution_diff(attempt: Attempt, earlier: Attempt | None) -> str:
    """Return the unified diff from the solution of `earlier` to the one of its repair."""
    if not earlier or earlier["solution"] is None or attempt["solution"] is None:
        return ""
    before, after = (shortened(each["solution"]).splitlines() for each in (earlier, attempt))
    old, new = (f"iteration {each['iteration']}" for each in (earlier, attempt))
    return "\n".join(unified_diff(before, after, old, new, lineterm=""))


def shortened(text: str) -> str:
    """Leave out the middle: a model may make it as long as it likes, and nobody reads that on a terminal."""
    if len(text) <= LONGEST:
        return text
    left_out = f"… {len(text) - LONGEST:,} characters left out: `mcode show --json` has them …"
    return f"{text[: LONGEST // 2]}\n{left_out}\n{text[-LONGEST // 2 :]}"
