"""The isolating sandbox: a container with no network, no privileges and a read-only system."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Isolation, Limits, Order, Progress
from pytest_mcode.sandboxes.client import RunnerSandbox
from pytest_mcode.sandboxes.containers import (
    AttachedContainer,
    LostEngineError,
    Recipe,
    RefusedContainerError,
)
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.ownership import remove_session
from pytest_mcode.sandboxes.preflight import prepare
from pytest_mcode.sandboxes.runner import ENVIRONMENT, JUDGE_MEMORY, RUNNER_PIDS, Place, command
from pytest_mcode.sandboxes.trial import try_sandbox

if TYPE_CHECKING:
    from docker import APIClient

__all__ = [
    "PROVIDER",
    "ContainerConnection",
    "DockerSandbox",
    "EngineProvider",
    "runner_recipe",
]

SCRATCH = "/tmp"
SHARED = "/dev/shm"
"""Where POSIX semaphores and shared memory are files, for multiprocessing; emptied after each attempt."""
TMPFS = "rw,nosuid,nodev,size=64m,nr_inodes=16k,mode=1777"
SYSCTLS = {"kernel.shmmni": "0", "kernel.msgmni": "0", "kernel.sem": "0 0 0 0", "fs.mqueue.queues_max": "0"}
"""No System V objects and POSIX queues: they would outlive the attempt that made them."""

IPC_OBJECTS = "System V objects and POSIX queues, which outlive their attempt"

STDERR = 2
FRAME = struct.Struct(">BxxxL")
"""How the engine multiplexes an attached container's streams: stream, size."""
MAX_DIAGNOSTICS = 4000
ANOTHER = "name another with --mcode-image"
NO_PYTHON = ("executable file not found", "no such file or directory", "Python 3.8 or later is needed")


class DockerSandbox(RunnerSandbox):
    """Runs solutions in a container of its own, started when first needed.

    Other engines with Docker's interface derive from it.

    `isolation` ``fork`` keeps the container for many attempts, each in processes of its own under
    users of its own; ``fresh`` gives each attempt its own container.
    """

    provider, engine_name = "docker", "Docker"
    connect = staticmethod(connect_engine)
    ulimits: Mapping[str, int] = {}

    def __init__(self, image: str, limits: Limits, session_id: str, isolation: Isolation = "fork") -> None:
        super().__init__(limits, isolation)
        self.image = image
        self.session_id = session_id
        self._engine: APIClient | None = None
        self._sysctls = SYSCTLS

    def _description(self) -> Mapping[str, Any]:
        engine = self._connected_engine()
        found = engine.inspect_image(self.image)  # type: ignore[no-untyped-call]
        return {
            "sandbox": self.provider,
            "engine": engine.version()["Version"],
            "image": self.image,
            "image_id": found["Id"],
            "image_digests": found.get("RepoDigests") or [],
            **super()._description(),
            "limits_not_held": [] if self._sysctls else [IPC_OBJECTS],
        }

    def _forget(self) -> None:
        super()._forget()
        engine, self._engine = self._engine, None
        if engine:
            engine.close()

    def _connected_engine(self) -> APIClient:
        if self._engine is None:
            self._engine = self.connect()
        return self._engine

    def _connect(self) -> ContainerConnection:
        try:
            return self._start()
        except ConfigurationError as error:
            if not self._sysctls or "sysctl" not in str(error):
                raise
        self._sysctls = {}
        return self._start()

    def _start(self) -> ContainerConnection:
        try:
            container = AttachedContainer(self._connected_engine(), self._recipe(), self.session_id)
        except RefusedContainerError as error:
            raise ConfigurationError(_explanation(self.image, error.reason, self.engine_name)) from error
        except LostEngineError as error:
            raise ConnectionError(str(error)) from error
        return ContainerConnection(container, self.image, self.engine_name)

    def _recipe(self) -> Recipe:
        return runner_recipe(self.image, self.limits, self._sysctls)


class EngineProvider:
    """Containers of an engine with Docker's interface."""

    def __init__(self, sandbox: type[DockerSandbox]) -> None:
        self._sandbox = sandbox
        self.name, self.engine_name = sandbox.provider, sandbox.engine_name
        self.ulimits = sandbox.ulimits
        """What its containers must be told beside their own."""

    def connect(self) -> APIClient:
        """Return a client of the engine; raises `ConfigurationError` with the remedy."""
        return self._sandbox.connect()

    def open(self, order: Order) -> DockerSandbox:
        """Return a sandbox that will have a container of the order's image."""
        return self._sandbox(order.image, order.limits, order.session_id, order.isolation)

    def check(self, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
        """Look for the engine and the image (pulled where it is missing), then try it."""
        with self.connect() as engine:
            prepared = prepare(engine, order.image, self.engine_name, progress)
        described = try_sandbox(self.open(order), needs)
        not_held = [*prepared["limits_not_held"], *described["limits_not_held"]]
        if not_held:
            progress(f"this {self.engine_name} engine can't limit: {', '.join(not_held)}")
        return {**described, **prepared, "limits_not_held": not_held}

    def remove_leftovers(self, session_id: str) -> int:
        """Remove the session's containers."""
        with self.connect() as engine:
            return remove_session(engine, session_id)


PROVIDER = EngineProvider(DockerSandbox)


class ContainerConnection:
    """A runner that is process 1 of a container, reached through its standard streams."""

    def __init__(self, container: AttachedContainer, image: str, engine_name: str = "Docker") -> None:
        self.container = container
        self._image, self._engine_name = image, engine_name
        self._output = bytearray()
        self._diagnostics = bytearray()

    def send(self, data: bytes, timeout: float) -> None:
        """Write all of `data` to the runner."""
        self._raw_socket.settimeout(timeout)
        self._raw_socket.sendall(data)

    def receive(self, size: int, timeout: float) -> bytes:
        """Read exactly `size` bytes of what the runner wrote."""
        deadline = time.monotonic() + timeout
        while len(self._output) < size:
            stream, length = FRAME.unpack(self._read(FRAME.size, deadline))
            content = self._read(length, deadline)
            if stream == STDERR:
                self._diagnostics = (self._diagnostics + content)[-MAX_DIAGNOSTICS:]
            else:
                self._output += content
        data = bytes(self._output[:size])
        del self._output[:size]
        return data

    def interrupt(self) -> None:
        """Hang up: the runner ends when its standard input does."""
        with contextlib.suppress(OSError, AttributeError):  # it may be closing already
            self._raw_socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Remove the container and wait until it is gone."""
        self.container.close()

    @property
    def _raw_socket(self) -> socket.socket:
        raw: socket.socket = getattr(self.container.stream, "_sock", self.container.stream)
        return raw

    def _read(self, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._raw_socket.settimeout(max(0.001, deadline - time.monotonic()))
            chunk = self._raw_socket.recv(size - len(data))
            if not chunk:
                said = self._diagnostics.decode("utf-8", "replace").strip()
                reason = f"it ended{': ' + said if said else ''}"
                raise ConnectionError(_explanation(self._image, reason, self._engine_name))
            data += chunk
        return bytes(data)


def runner_recipe(image: str, limits: Limits, sysctls: Mapping[str, str] = SYSCTLS) -> Recipe:
    """Return what a runner's container is made of."""
    return Recipe(
        image=image,
        program=command("python3", limits, Place(scratch=SCRATCH, shared=SHARED)),
        working_dir="/",
        memory=limits.memory + JUDGE_MEMORY,
        pids=limits.pids + RUNNER_PIDS,
        capabilities=["SETUID", "SETGID", "KILL"],
        environment={**ENVIRONMENT, "HOME": SCRATCH, "TMPDIR": SCRATCH},
        host={
            "read_only": True,
            "ipc_mode": "none",
            "tmpfs": {SCRATCH: TMPFS, SHARED: f"{TMPFS},noexec"},
            "sysctls": dict(sysctls),
        },
        streams=("stdin", "stdout", "stderr"),
    )


def _explanation(image: str, reason: str, engine: str) -> str:
    """Return why there is no runner in a container, with the remedy where the reason is a known one."""
    if "No such image" in reason:
        return f"image {image} is not on the {engine} engine: `{engine.lower()} pull {image}`, {ANOTHER}"
    if "exec format error" in reason:
        return f"image {image} is for another processor than the {engine} engine's: {ANOTHER}"
    if any(sign in reason for sign in NO_PYTHON):
        return f"image {image} has no python3 (3.8 or later): {ANOTHER}"
    if "emory" in reason:
        return f"the {engine} engine refuses the memory limit ({reason}): change --mcode-mem-limit"
    return f"no container of {image}: {reason}"
