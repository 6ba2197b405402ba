"""What the handle of a task offers to an agent of somebody's own: commands and files where the task is."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.harnesses.workplaces import Step, Workplace
from pytest_mcode.records import Task

__all__ = ["Working"]

SECONDS = 60.0
"""That a command may take, as with mini-swe-agent."""
KEPT = 10_000
"""Characters of a command's output that are recorded, the last ones."""


class Working:
    """Opens the workplace at first use, and keeps what is done in it for the next attempt's record."""

    task: Task
    sandbox: Any
    _harness: Harness

    def __init__(self) -> None:
        self._open = ExitStack()
        self._workplace: Workplace | None = None
        self._steps: list[dict[str, Any]] = []

    def run(self, command: str, *, seconds: float = SECONDS) -> Step:
        """Run a bash command in the repository, for up to `seconds`; return its status and output.

        Neither its directory nor its variables outlive it; what it changes does. A container that is lost is
        replaced, and what was done in it is done again.
        """
        step = self._there().run(command, seconds=seconds)
        self._did({"command": command, "status": step.status}, step.output, step.seconds)
        return step

    def read(self, path: str) -> str:
        """Return a file of the repository; raises FileNotFoundError."""
        return self._there().read(path)

    def write(self, path: str, text: str) -> None:
        """Write a file of the repository; raises OSError."""
        self._there().write(path, text)
        self._did({"write": path}, "", 0.0)

    def diff(self) -> str:
        """Return what was changed since the base commit, as a patch to `judge`; empty where nothing was."""
        return self._there().diff()

    @property
    def is_begun(self) -> bool:
        """Whether somebody works at the task by hand."""
        return self._workplace is not None

    def leave(self) -> None:
        """Give the workplace up."""
        self._open.close()
        self._workplace = None

    def _there(self) -> Workplace:
        if self._workplace is None:
            self._workplace = self._open.enter_context(self._harness.workplace(self.task, self.sandbox))
        return self._workplace

    def _did(self, what: Mapping[str, Any], output: str, seconds: float) -> None:
        self._steps.append({**what, "seconds": seconds, "output": output[-KEPT:]})

    def _take_steps(self) -> Mapping[str, Any]:
        """Return what an attempt's record says of the steps since the attempt before."""
        steps, self._steps = self._steps, []
        return {"agent": "own", "steps": steps} if steps else {}
