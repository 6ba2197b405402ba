"""The sandbox of repositories: a fresh container of the task's own image for every patch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.repositories import outdated
from pytest_mcode.harnesses.repositories.answers import find_change
from pytest_mcode.harnesses.repositories.container import Container, LostContainerError
from pytest_mcode.harnesses.repositories.flags import without_influence
from pytest_mcode.harnesses.repositories.grading import check_installed
from pytest_mcode.harnesses.repositories.history import hide_later_history
from pytest_mcode.harnesses.repositories.judging import graded_files, judge_in
from pytest_mcode.harnesses.repositories.patches import without
from pytest_mcode.harnesses.repositories.public import PublicJudge
from pytest_mcode.harnesses.repositories.snapshot import read_files
from pytest_mcode.harnesses.repositories.sources import ContainerSource
from pytest_mcode.records import Task, Verdict
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.capacity import judges, room_for
from pytest_mcode.sandboxes.turnstile import Turnstile

__all__ = ["OUTPUT", "Repositories"]

OUTPUT = 32 * 2**20
"""Bytes that the tests may write: suites run verbosely."""


class Repositories:
    """See `RepositorySandbox`; its containers come from `source`."""

    concurrent = True

    def __init__(
        self,
        source: ContainerSource,
        limits: Limits,
        session_id: str,
        *,
        network: bool = False,
        strict: bool = False,
    ) -> None:
        self.source = source
        self.limits = replace(limits, output=OUTPUT)
        self.session_id = session_id
        self.network = network
        self.strict = strict
        self._room = Turnstile(room_for(limits.memory) or judges(limits.memory))
        """Bounds the tasks that have containers: of an agent's, most wait for its model."""
        self._judging = Turnstile(judges(limits.memory))
        """Bounds, among them, those whose tests run."""
        self._containers: set[Container] = set()
        self._closed = False
        self._known: dict[str, _Known] = {}
        """What was read of the repositories of tasks at work, by task id."""

    def extract(self, completion: str, task: Task) -> str | None:
        """Return the patch in a completion, or that its search/replace blocks amount to."""
        return find_change(completion, self.files(task))

    def files(self, task: Task) -> Mapping[str, str]:
        """Return the repository's tracked files by path (binary ones as empty), read once until `forget`."""
        known = self._known_of(task)
        with known.reading:
            if known.files is None:
                with self.open(task) as container:
                    known.files = read_files(container)
            return known.files

    def forget(self, task: Task) -> None:
        """Drop what was read of a task's repository: nobody works at it any more."""
        self._known.pop(task.task_id, None)
        self.source.leave(task)

    def judge(self, task: Task, patch: str) -> Verdict:
        """Judge `patch` by the task's hidden tests."""
        rest, left_out = without(patch, graded_files(task))
        note = f"edits to graded test files were left out: {', '.join(left_out)}" if left_out else ""
        if not rest.strip():
            return Verdict(kind="no_solution", message=note or "the patch is empty", mode="container")
        verdict = self._twice(lambda: self._judge_once(task, rest))
        verdict = replace(verdict, details={**verdict.details, "image": self.source.image_id(task)})
        if verdict.passed and self.strict:
            verdict = self._judge_strictly(task, rest, verdict)
        return replace(verdict, message="; ".join(filter(None, (verdict.message, note))))

    def judge_publicly(self, task: Task, patch: str) -> Verdict:
        """Judge `patch` by what a developer without the hidden tests could find out."""
        rest, _ = without(patch, graded_files(task))
        if not rest.strip():
            return Verdict(kind="no_solution", message="it changes nothing but tests", mode="container")
        return self._twice(lambda: self._judge_publicly_once(task, rest))

    def describe(self) -> Mapping[str, Any]:
        """Return network, limits and swebench's version."""
        return {
            "network": self.network,
            "limits": asdict(self.limits),
            "swebench": check_installed(),
        }

    def close(self) -> None:
        """End what runs in containers, and start no more: whoever waits for one gets an `InfraError`."""
        self._closed = True
        for container in list(self._containers):
            container.kill()
        self.source.disconnect()

    @contextmanager
    def open(self, task: Task) -> Iterator[Container]:
        """Start a container of the task's image that holds nothing later than the base commit."""
        with self._room.inside(), self._started(task) as container:
            self._containers.add(container)
            try:
                hide_later_history(container, task.extra["base_commit"])
                yield container
            finally:
                self._containers.discard(container)

    def _started(self, task: Task) -> Container:
        if self._closed:
            raise InfraError("the sandbox is closed")
        return self.source.start(task, self.limits, self.session_id, network=self.network)

    def _judge_once(self, task: Task, patch: str) -> Verdict:
        with self._room.inside(), self._judging.inside(), self.open(task) as container:
            return judge_in(container, task, patch, self.limits)

    def _judge_strictly(self, task: Task, patch: str, verdict: Verdict) -> Verdict:
        """Judge what passed once more, in a checkout whose tests and their runners are as they were."""
        rest, left_out = without_influence(task, patch)
        if not left_out:
            return verdict
        without_it = f"without its edits to {', '.join(left_out)} (--mcode-strict)"
        if not rest.strip():
            return replace(verdict, kind="unresolved", message=f"nothing is left {without_it}")
        again = self._twice(lambda: self._judge_once(task, rest))
        if again.passed:
            return verdict
        return replace(again, message=f"it passes, but not {without_it}: {again.message}")

    def _judge_publicly_once(self, task: Task, patch: str) -> Verdict:
        files, known = self.files(task), self._known_of(task)
        with known.reading:
            known.public = known.public or self._public_judge(task, files)
        with self._room.inside(), self._judging.inside(), self.open(task) as container:
            return known.public.judge(patch, container, lambda: self.open(task))

    def learn_outdated_tests(self, task: Task) -> Collection[str]:
        """Find, and keep, the repository's tests that the reference patch breaks."""
        rest, _ = without(task.canonical_solution or "", graded_files(task))
        judge = PublicJudge(task, self.files(task), self.limits)
        with self._room.inside(), self.open(task) as container:
            found = judge.breaks(rest, container, lambda: self.open(task))
        outdated.learn(task, self.source.image_id(task), found)
        return found

    def _public_judge(self, task: Task, files: Mapping[str, str]) -> PublicJudge:
        return PublicJudge(task, files, self.limits, outdated.known(task, self.source.image_id(task)))

    def _known_of(self, task: Task) -> _Known:
        return self._known.setdefault(task.task_id, _Known())

    def _twice(self, judge: Callable[[], Verdict]) -> Verdict:
        """Judge again where the container was lost; raises `LostContainerError` where the next one is, too.

        What runs in a container cannot end it: process 1 alone does, which nothing in there can kill.
        """
        try:
            return judge()
        except LostContainerError:
            self.source.disconnect()
            return judge()


@dataclass
class _Known:
    """What is known of one task's repository."""

    files: Mapping[str, str] | None = None
    public: PublicJudge | None = None
    reading: threading.Lock = field(default_factory=threading.Lock)
