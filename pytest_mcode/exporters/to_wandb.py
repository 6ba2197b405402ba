"""Weights & Biases: settings as config, numbers by task, figures as summary, the tasks as a table."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import wandb

from pytest_mcode.exporters.told import COLUMNS, Standing, final_numbers, run_tags, settings_of, task_row
from pytest_mcode.records import RunInfo, TaskOutcome

__all__ = ["Exporter"]

PROJECT = "pytest-mcode"


class Exporter:
    """Follows one run, under its own id: a run that is resumed goes on."""

    def __init__(self) -> None:
        self._standing = Standing()
        self._rows: list[list[Any]] = []
        self._wandb_run: Any = None

    def pytest_mcode_run_started(self, run: RunInfo) -> None:
        """Open the run in the project of WANDB_PROJECT; pytest's output stays pytest's."""
        self._wandb_run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            id=run.run_id,
            name=run.run_id,
            group=run.benchmark,
            resume="allow",
            config={**settings_of(run), **{f"mcode_{name}": value for name, value in run_tags(run).items()}},
            settings=wandb.Settings(console="off", silent=True),
        )

    def pytest_mcode_task_finished(self, outcome: TaskOutcome) -> None:
        """Log the numbers as they stand; a step is a task."""
        if self._wandb_run is None:
            return
        self._standing.add(outcome)
        self._rows.append(task_row(outcome))
        self._wandb_run.log(self._standing.numbers())

    def pytest_mcode_run_finished(
        self, run: RunInfo, status: str, figures: Sequence[Mapping[str, Any]]
    ) -> None:
        """Log the figures of the whole run and this session's tasks, and close it."""
        if self._wandb_run is None:
            return
        self._wandb_run.log({"tasks": wandb.Table(columns=[*COLUMNS], data=self._rows)})
        self._wandb_run.summary.update({**final_numbers(run, figures), "status": status})
        self._wandb_run.finish(exit_code=0 if status == "finished" else 1)
