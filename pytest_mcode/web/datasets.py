"""The tasks behind a run, for their tests and references: each dataset is read once."""

from collections.abc import Mapping

from pytest_mcode.records import Task
from pytest_mcode.results.export import LoadTasks, tasks_at_hand
from pytest_mcode.store.queries import Row

__all__ = ["Datasets"]

MOST = 4
"""Datasets that are kept: one of SWE-bench takes some 10 MB."""


class Datasets:
    """Keeps what was read last; threads that ask at a time may read the same one twice."""

    def __init__(self, load_tasks: LoadTasks | None) -> None:
        self._load_tasks = load_tasks
        self._kept: dict[tuple[str, str], Mapping[str, Task]] = {}

    def tasks_of(self, run: Row) -> Mapping[str, Task]:
        """Return the tasks of a run's dataset by id; none where it is no local file that can be read."""
        key = (run["dataset"], run["dataset_fingerprint"])
        if key not in self._kept:
            found = tasks_at_hand(run, self._load_tasks)
            self._kept = dict([*list(self._kept.items())[1 - MOST :], (key, found)])
        return self._kept.get(key, {})
