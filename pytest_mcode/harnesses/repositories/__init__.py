"""Where patches are judged: in the image of their repository, as SWE-bench's own evaluator does it."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # A session without a benchmark imports this folder's options, and nothing heavier.
    from pytest_mcode.harnesses.repositories.container import Container
    from pytest_mcode.records import Task, Verdict

__all__ = ["RepositorySandbox"]


class RepositorySandbox(Protocol):
    """Judges patches, each in a container of its own; threads may share it."""

    def extract(self, completion: str, task: "Task") -> str | None:
        """Return the patch that a completion holds, or that its search/replace blocks amount to.

        None where it holds neither; raises `ApplyError` where its blocks do not fit the files.
        """

    def judge(self, task: "Task", patch: str) -> "Verdict":
        """Apply `patch`, run the task's hidden tests, grade them; raises `InfraError`."""

    def judge_publicly(self, task: "Task", patch: str) -> "Verdict":
        """Apply `patch`, compile what it changes, run tests that the repository has at the base commit."""

    def open(self, task: "Task") -> "AbstractContextManager[Container]":
        """Start a container of the task's image that holds nothing later than the base commit."""

    def learn_outdated_tests(self, task: "Task") -> Collection[str]:
        """Find, and keep, the repository's tests that the reference patch breaks."""

    def forget(self, task: "Task") -> None:
        """Drop what was read of a task's repository: nobody works at it any more."""

    def describe(self) -> Mapping[str, Any]:
        """Return what belongs into the run's record: engine, images, limits."""

    def close(self) -> None:
        """Release everything; nothing survives. May be called twice."""
