"""Whoever listens to a run: hooks of conftest files, plugins and exporters, none of which can harm it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mcode.errors import with_place
from pytest_mcode.records import RunInfo, TaskOutcome

if TYPE_CHECKING:
    from pytest_mcode.store.store import RunStatus, Store

__all__ = ["Listeners"]

RAISED = (Exception, pytest.fail.Exception, pytest.skip.Exception)
"""What a hook may raise without an effect; an interruption has its effect."""


class Listeners:
    """Calls the hooks of `hookspecs` in the controller; what one raises becomes a note of the session."""

    def __init__(self, config: pytest.Config, notes: list[str]) -> None:
        self._plugins = config.pluginmanager
        self._hooks = config.hook
        self._notes = notes
        self._run: RunInfo | None = None

    def run_started(self, run: RunInfo, tasks: int, *, resumed: bool) -> None:
        """Tell that tasks of a run are about to be worked on."""
        self._run = run
        self._tell("pytest_mcode_run_started", run=run, tasks=tasks, resumed=resumed)

    def recorded(self, outcomes: Sequence[TaskOutcome]) -> None:
        """Tell of tasks that have ended and are in the store, each after its attempts."""
        for outcome in outcomes:
            for attempt in outcome.attempts:
                self._tell("pytest_mcode_attempt_finished", run=self._run, outcome=outcome, attempt=attempt)
            self._tell("pytest_mcode_task_finished", run=self._run, outcome=outcome)

    def run_finished(self, status: "RunStatus", store: "Store") -> None:
        """Tell that the session is over, with the figures of the whole run by test function."""
        if self._run is None or not self._hooks.pytest_mcode_run_finished.get_hookimpls():
            return
        self._tell(
            "pytest_mcode_run_finished", run=self._run, status=status, figures=_figures(store, self._run)
        )

    def _tell(self, name: str, **arguments: Any) -> None:
        plugins = [each.plugin for each in getattr(self._hooks, name).get_hookimpls()]
        for plugin in reversed(plugins):
            others = [each for each in plugins if each is not plugin]
            try:
                self._plugins.subset_hook_caller(name, others)(**arguments)
            except RAISED as error:
                told = f"{name} of {self._name(plugin)} raised {with_place(error)}"
                note = f"{told}; the run is as it would be without it"
                if note not in self._notes:
                    self._notes.append(note)

    def _name(self, plugin: object) -> str:
        return str(getattr(plugin, "__name__", None) or self._plugins.get_name(plugin))


def _figures(store: "Store", run: RunInfo) -> Sequence[Mapping[str, Any]]:
    from pytest_mcode.results import Results

    return Results(store).runs(run.run_id).figures()
