"""A container that an engine makes of a repository's image."""

from __future__ import annotations

import io
import logging
import signal
import tarfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.repositories.container import (
    LARGEST_FILE,
    OFFLINE,
    PREPARATION_OUTPUT,
    PREPARATION_SECONDS,
    WORKDIR,
    Container,
    Ended,
    LostContainerError,
)
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.containers import AttachedContainer, Recipe, engine_errors, hang_up
from pytest_mcode.sandboxes.docker import EngineProvider

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["EngineContainer"]

CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL"]
# Orphans become children of process 1; the kernel buries those of one that ignores their end (dash cannot).
HOLD = "trap '' CHLD; exec cat"
KILLED = 128 + signal.SIGKILL
SETTLING_SECONDS = 0.5
"""Until the engine knows that the whole container was killed, and not the command alone."""
OOM_COUNTERS = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
LOOK_SECONDS = 10.0
"""How often a container is looked at while a command runs in it."""

logger = logging.getLogger(__name__)


class EngineContainer(Container):
    """Started at once; process 1 waits on our end of its standard input, so it ends when we do."""

    def __init__(
        self,
        engine: APIClient,
        provider: EngineProvider,
        image: str,
        limits: Limits,
        session_id: str,
        *,
        network: bool = False,
        platform: str | None = None,
    ) -> None:
        self._engine = engine
        self._environment = {} if network else OFFLINE
        recipe = Recipe(
            image=image,
            program=["/bin/bash", "-c", HOLD],
            working_dir=WORKDIR,
            memory=limits.memory,
            pids=limits.pids,
            capabilities=CAPABILITIES,
            ulimits={"fsize": LARGEST_FILE, **provider.ulimits},
            network="bridge" if network else "none",
            platform=platform,
            engine=provider.engine_name,
        )
        self._engine_name = provider.engine_name
        self._container = AttachedContainer(engine, recipe, session_id)
        self._id = self._container.id
        self._was_paused = False

    def run(
        self,
        command: Sequence[str],
        *,
        seconds: float = PREPARATION_SECONDS,
        max_output: int = PREPARATION_OUTPUT,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """See `Container.run`."""
        start = time.monotonic()
        cut: Literal["", "timeout", "output_limit"] = ""
        done, expired = threading.Event(), threading.Event()
        with engine_errors("the container", self._engine_name):
            running = self._engine.exec_create(
                self._id, list(command), workdir=WORKDIR, user="root", environment=self._with(environment)
            )["Id"]
            watchdog = threading.Thread(target=self._watch, args=(seconds, done, expired), daemon=True)
            watchdog.start()
            output, stream = bytearray(), self._start(running)
            try:
                for chunk in stream:
                    output += chunk
                    if len(output) > max_output:
                        cut = "output_limit"
                        self._kill()
                        break
            finally:
                done.set()
                stream.close()
                watchdog.join()
            if expired.is_set():
                if self._was_paused:
                    raise LostContainerError("the container was paused")
                cut = "timeout"
            status = None if cut else self._status(running)
        return Ended(status=status, output=bytes(output), cut=cut, seconds=time.monotonic() - start)

    def write(self, path: str, content: bytes) -> None:
        """See `Container.write`."""
        target, archive = PurePosixPath(path), io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo(target.name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        with engine_errors("the container", self._engine_name):
            self._engine.put_archive(self._id, str(target.parent), archive.getvalue())

    def ran_out_of_memory(self) -> bool:
        """Ask the kernel."""
        try:
            found = self.run(["cat", *OOM_COUNTERS.split()]).text.split()
        except LostContainerError:
            raise
        except InfraError:  # It takes no more processes: what is left in it has taken them all.
            return False
        counts = [count for name, count in pairwise(found) if name == "oom_kill"]
        return any(count != "0" for count in counts)

    def kill(self) -> None:
        """See `Container.kill`."""
        self._kill()

    def close(self) -> None:
        """See `Container.close`."""
        self._container.close()

    def _with(self, environment: Mapping[str, str] | None) -> dict[str, str]:
        return {**self._environment, **(environment or {})}

    def _watch(self, seconds: float, done: threading.Event, expired: threading.Event) -> None:
        """End the container when the time is up, or when somebody has paused it."""
        deadline = time.monotonic() + seconds
        while not done.wait(max(0.0, min(LOOK_SECONDS, deadline - time.monotonic()))):
            self._was_paused = self._is_paused()
            if self._was_paused or time.monotonic() >= deadline:
                expired.set()
                self._kill()
                return

    def _is_paused(self) -> bool:
        from docker.errors import APIError
        from requests import RequestException

        try:
            return bool(self._engine.inspect_container(self._id)["State"]["Paused"])
        except (APIError, RequestException):
            return False

    def _kill(self) -> None:
        from docker.errors import APIError
        from requests import RequestException

        try:
            if self._was_paused:
                self._engine.unpause(self._id)
            self._engine.kill(self._id, "SIGKILL")
        except (APIError, RequestException) as error:
            logger.debug("could not kill container %s: %s", self._id[:12], error)

    def _start(self, running: str) -> Generator[bytes]:
        """Yield what a command writes. (The client's own stream would leave its connection open.)"""
        from docker.utils import socket

        connection: Any = self._engine.exec_start(running, socket=True)
        try:
            for _, chunk in socket.frames_iter(connection, tty=False):  # type: ignore[no-untyped-call]
                yield chunk
        finally:
            hang_up(connection)

    def _status(self, running: str) -> int:
        """Return a command's exit status, given that its container outlived it."""
        ended = self._engine.exec_inspect(running)
        if ended["ExitCode"] == KILLED:
            time.sleep(SETTLING_SECONDS)
        if not self._engine.inspect_container(self._id)["State"]["Running"] or ended["ExitCode"] is None:
            raise LostContainerError("the container ended while a command ran in it")
        return int(ended["ExitCode"])
