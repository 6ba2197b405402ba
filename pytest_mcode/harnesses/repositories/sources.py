"""Where containers of repositories come from: the protocol, and the source that a session's settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.repositories.container import Container
from pytest_mcode.options import size_bytes
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.settings import Settings

if TYPE_CHECKING:
    from pytest_mcode.harnesses.repositories.options import RepositoryOptions

__all__ = ["ContainerSource", "source_of"]


class ContainerSource(Protocol):
    """Makes a container of a task, as often as that is asked for; threads may share it."""

    def check(self, progress: Callable[[str], None]) -> Mapping[str, Any]:
        """Return what belongs into the run's record; removes what dead sessions left.

        Raises `ConfigurationError` with the remedy.
        """

    def examine(self, tasks: Sequence[Task]) -> Iterator[Finding]:
        """Say of which of `tasks` the image is there."""

    def prepare(self, tasks: Sequence[Task], workers: int, progress: Callable[[str], None]) -> None:
        """Get what is missing, `workers` at a time; what can't be had is reported and left to its tasks."""

    def pull_ahead(self, tasks: Sequence[Task]) -> Callable[[], None] | None:
        """Get what `prepare` had no room for while tasks run, a few ahead of them; return what stops that."""

    def start(self, task: Task, limits: Limits, session_id: str, *, network: bool) -> Container:
        """Start a fresh container; raises `InfraError`."""

    def leave(self, task: Task) -> None:
        """Note that nobody works at a task any more."""

    def image_id(self, task: Task) -> str:
        """Return what tells a task's image from every other; empty where it is missing."""

    def disconnect(self) -> None:
        """Forget what is connected; containers end with the calls that start them."""


def source_of(settings: Settings, own: RepositoryOptions) -> ContainerSource:
    """Return the source that ``--mcode-sandbox`` names."""
    if not settings.uses_engine:
        from pytest_mcode.harnesses.repositories.directory_source import ApptainerSource, BubblewrapSource

        kind = BubblewrapSource if settings.sandbox == "bubblewrap" else ApptainerSource
        return kind(settings.rootfs)
    from pytest_mcode.harnesses.repositories.engine_source import EngineSource
    from pytest_mcode.harnesses.repositories.images import LOCAL
    from pytest_mcode.sandboxes.opening import engine_provider

    return EngineSource(
        engine_provider(settings.sandbox),
        namespace=own.namespace or (LOCAL if own.task_repo else None),
        arch=own.arch,
        cache_bytes=size_bytes(own.image_cache) if own.image_cache else None,
    )
