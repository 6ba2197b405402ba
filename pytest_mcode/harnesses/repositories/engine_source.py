"""Containers of an engine's images: Docker's, or Podman's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.repositories import images
from pytest_mcode.harnesses.repositories.engine_container import EngineContainer
from pytest_mcode.harnesses.repositories.image_cache import ImageCache
from pytest_mcode.harnesses.repositories.images import ImageNames, ImageState
from pytest_mcode.harnesses.repositories.pulling_ahead import AheadPuller
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.docker import PROVIDER, EngineProvider
from pytest_mcode.sandboxes.ownership import sweep
from pytest_mcode.sandboxes.preflight import limits_not_held

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["EngineSource"]


class EngineSource:
    """See `ContainerSource`. `namespace` and `arch` are as the options of these names say."""

    def __init__(
        self,
        provider: EngineProvider = PROVIDER,
        *,
        namespace: str | None = None,
        arch: str = "auto",
        cache_bytes: int | None = None,
    ) -> None:
        self.provider = provider
        self._asked_for = (namespace, arch)
        self._engine: APIClient | None = None
        self._names: ImageNames | None = None
        self._connecting = threading.Lock()
        self._cache_bytes = cache_bytes
        """See ``--mcode-image-cache``; None: images stay."""
        self._cache: ImageCache | None = None

    def check(self, progress: Callable[[str], None]) -> Mapping[str, Any]:
        """Remove containers of dead sessions; return engine, architecture and what it can't limit."""
        engine = self._connected()
        swept = sweep(engine)
        if swept:
            progress(f"removed {swept} containers of sessions that died")
        not_held = limits_not_held(engine)
        if not_held:
            progress(f"this {self.provider.engine_name} engine can't limit: {', '.join(not_held)}")
        return {
            "sandbox": self.provider.name,
            "engine": engine.version()["Version"],
            "platform": self.names.platform,
            "limits_not_held": not_held,
        }

    def states(self, tasks: Sequence[Task]) -> list[ImageState]:
        """Return, for each task, its image and what the engine has of it."""
        return images.states(self._connected(), self.names, tasks)

    def examine(self, tasks: Sequence[Task]) -> Iterator[Finding]:
        """Ask the engine for each task's image."""
        sizes = {each.image: each.size for each in self.states(tasks)}
        missing = tuple(image for image, size in sizes.items() if size is None)
        present = [size for size in sizes.values() if size is not None]
        data = {"images": sizes, "missing": missing}
        if present:
            yield Finding(
                check="images",
                level="ok",
                message=f"{len(present)} of {len(sizes)} images are there: {sum(present) / 10**9:.1f} GB, "
                "layers that they share counted each time",
                data=data,
            )
        if missing:
            yield Finding(
                check="images",
                level="warning",
                message=f"{len(missing)} of {len(sizes)} images are missing: a session pulls them, "
                f"{images.weight_said(missing, self.names.platform)}",
                remedy=f"run the session while the network is there, or `{self.provider.name} load` them",
                items=missing,
                data=data,
            )
            self._check_disk(missing)

    def prepare(self, tasks: Sequence[Task], workers: int, progress: Callable[[str], None]) -> None:
        """Pull the images that are missing; raises `ConfigurationError` where they will not fit.

        Within a bound on their disk only the first ones that fit: for the others there is `pull_ahead`.
        """
        missing = list(dict.fromkeys(each.image for each in self.states(tasks) if not each.present))
        if not missing:
            return
        self._check_disk(missing)
        platform, pull, first = self.names.platform, images.pull, len(missing)
        if cache := self._bounded():
            first = min(first, max(1, cache.room() // images.TYPICAL_SIZE))
            pull = cache.pull
        later = f", {len(missing) - first} more while others run" if first < len(missing) else ""
        progress(f"pulling {first} images{later}")
        images.pull_missing(self.provider.connect, missing[:first], platform, workers, progress, pull)

    def pull_ahead(self, tasks: Sequence[Task]) -> Callable[[], None] | None:
        """Go on with what a bound on their disk made `prepare` leave out."""
        cache, states = self._bounded(), self.states(tasks) if self._cache_bytes else []
        if cache is None or all(each.present for each in states):
            return None
        names = list(dict.fromkeys(each.image for each in states))
        return AheadPuller(cache, self.provider.connect, names, self.names.platform).stop

    def start(self, task: Task, limits: Limits, session_id: str, *, network: bool) -> EngineContainer:
        """Start a container of the task's image, pulled where it is missing."""
        engine, image, platform = self._reached(), self.names.of(task), self.names.platform
        with ExitStack() as stack:
            if cache := self._bounded():
                stack.enter_context(cache.using(engine, image, platform, task.task_id))
            elif images.inspect(engine, image) is None:
                images.pull(engine, image, platform)
            return EngineContainer(
                engine, self.provider, image, limits, session_id, network=network, platform=platform
            )

    def leave(self, task: Task) -> None:
        """Let the image go where others need its room."""
        if cache := self._cache:
            cache.leave(self.names.of(task), task.task_id)

    def image_id(self, task: Task) -> str:
        """Return the engine's own id of the image."""
        found = images.inspect(self._reached(), self.names.of(task))
        return str(found["Id"]) if found else ""

    def disconnect(self) -> None:
        """Forget the engine."""
        engine, self._engine = self._engine, None
        if engine:
            engine.close()

    @property
    def names(self) -> ImageNames:
        """Which images tasks run in."""
        if self._names is None:
            self._names = ImageNames.on(self._connected(), *self._asked_for)
        return self._names

    def _check_disk(self, missing: Sequence[str]) -> None:
        """Raise `ConfigurationError` where the missing images will not fit on the engine's disk."""
        needed = images.needed_bytes(missing, self.names.platform)
        if self._cache_bytes is not None:
            needed = min(needed, self._cache_bytes)
        images.check_disk(len(missing), needed, images.free_bytes(self._connected()))

    def _bounded(self) -> ImageCache | None:
        if self._cache is None and self._cache_bytes is not None:
            self._cache = ImageCache(str(self._connected().info()["ID"]), self._cache_bytes)
        return self._cache

    def _reached(self) -> APIClient:
        """Return the engine; one that disappears while tasks run is not an error of configuration."""
        try:
            return self._connected()
        except ConfigurationError as error:
            raise InfraError(str(error)) from error

    def _connected(self) -> APIClient:
        with self._connecting:
            if self._engine is None:
                self._engine = self.provider.connect()
            return self._engine
