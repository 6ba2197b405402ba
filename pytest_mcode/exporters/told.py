"""What trackers are told of a run, whichever they are: numbers as they stand, and a row a task."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.records import RunInfo, TaskOutcome

__all__ = ["COLUMNS", "Standing", "final_numbers", "run_tags", "settings_of", "task_row"]

COLUMNS = ("task_id", "test", "status", "verdict", "attempts", "seconds", "error")
"""Of a row a task."""


class Standing:
    """The numbers of this session as they stand; a resumed run's earlier tasks are not among them."""

    def __init__(self) -> None:
        self.tasks = self.solved = self.infra = self.attempts = 0
        self.prompt_tokens = self.completion_tokens = 0

    def add(self, outcome: TaskOutcome) -> None:
        """Count a task."""
        self.tasks += 1
        self.solved += outcome.status == "solved"
        self.infra += outcome.status == "infra"
        self.attempts += len(outcome.attempts)
        self.prompt_tokens += sum(each.prompt_tokens or 0 for each in outcome.attempts)
        self.completion_tokens += sum(each.completion_tokens or 0 for each in outcome.attempts)

    def numbers(self) -> dict[str, float]:
        """Return them by name; there is no rate before a task is judged."""
        judged = self.tasks - self.infra
        return {**vars(self), **({"pass_rate_so_far": self.solved / judged} if judged else {})}


def final_numbers(run: RunInfo, figures: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the figures that are numbers, by name; of several test functions each under its own name.

    What the run was set to is none of them.
    """
    return {
        f"{each['test']}.{name}" if len(figures) > 1 else name: float(value)
        for each in figures
        for name, value in each.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in run.settings
    }


def run_tags(run: RunInfo) -> dict[str, str]:
    """Return by what a run is found again."""
    return {
        "run_id": run.run_id,
        "benchmark": run.benchmark,
        "model": str(run.settings.get("model") or run.settings.get("backend")),
        "config_key": run.config_key,
        "dataset_fingerprint": run.dataset_fingerprint,
    }


def settings_of(run: RunInfo) -> dict[str, Any]:
    """Return the settings that are given, by name."""
    return {name: value for name, value in run.settings.items() if value not in (None, [], "")}


def task_row(outcome: TaskOutcome) -> list[Any]:
    """Return the values of `COLUMNS`."""
    verdict = outcome.attempts[-1].verdict.kind if outcome.attempts else ""
    return [
        outcome.task_id,
        outcome.test,
        outcome.status,
        verdict,
        len(outcome.attempts),
        outcome.seconds,
        outcome.error,
    ]
