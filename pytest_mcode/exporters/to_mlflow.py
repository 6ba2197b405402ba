"""MLflow: settings as parameters, numbers as metrics by task, the tasks as a JSONL artifact."""

import json
import logging
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import mlflow

from pytest_mcode.exporters.told import COLUMNS, Standing, final_numbers, run_tags, settings_of, task_row
from pytest_mcode.records import RunInfo, TaskOutcome

__all__ = ["Exporter"]

TAG = "mcode.run_id"
LONGEST = 6000
"""Characters of a parameter's value that MLflow keeps."""
STATUS = {"finished": "FINISHED", "interrupted": "KILLED", "stopped": "FAILED"}


class Exporter:
    """Follows one run; a run that is resumed goes on as the same run of MLflow."""

    def __init__(self) -> None:
        self._standing = Standing()
        self._rows: list[list[Any]] = []
        self._mlflow_run = ""

    def pytest_mcode_run_started(self, run: RunInfo) -> None:
        """Open the run in the experiment of MLFLOW_EXPERIMENT_NAME, or else of the benchmark's name."""
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        with warnings.catch_warnings():  # MLflow's mappers warn; no task is at work yet
            warnings.simplefilter("ignore")
            self._client = mlflow.MlflowClient()
            experiment = self._experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or run.benchmark)
            earlier = self._client.search_runs([experiment], f"tags.`{TAG}` = '{run.run_id}'")
        if earlier:
            self._mlflow_run = earlier[0].info.run_id
            self._client.update_run(self._mlflow_run, status="RUNNING")
            return
        tags = {f"mcode.{name}": value for name, value in run_tags(run).items()}
        self._mlflow_run = self._client.create_run(experiment, tags=tags, run_name=run.run_id).info.run_id
        for name, value in settings_of(run).items():
            self._client.log_param(self._mlflow_run, name, str(value)[:LONGEST])

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))

    def pytest_mcode_task_finished(self, outcome: TaskOutcome) -> None:
        """Log the numbers as they stand; a step is a task."""
        if not self._mlflow_run:
            return
        self._standing.add(outcome)
        self._rows.append(task_row(outcome))
        self._log(self._standing.numbers(), self._standing.tasks)

    def pytest_mcode_run_finished(
        self, run: RunInfo, status: str, figures: Sequence[Mapping[str, Any]]
    ) -> None:
        """Log the figures of the whole run and this session's tasks, and close it."""
        if not self._mlflow_run:
            return
        self._log(final_numbers(run, figures), self._standing.tasks)
        lines = (json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in self._rows)
        self._client.log_text(self._mlflow_run, "".join(f"{line}\n" for line in lines), _name(run))
        self._client.set_terminated(self._mlflow_run, STATUS[status])

    def _log(self, numbers: Mapping[str, float], step: int) -> None:
        now = time.time_ns() // 1_000_000
        metrics = [mlflow.entities.Metric(name, value, now, step) for name, value in numbers.items()]
        self._client.log_batch(self._mlflow_run, metrics=metrics)


def _name(run: RunInfo) -> str:
    return f"tasks-{run.run_id}.jsonl"
