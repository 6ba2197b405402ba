"""The isolating sandbox: a container with no network, no privileges and a read-only system."""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.client import RunnerSandbox
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.ownership import labels
from pytest_mcode.sandboxes.runner import ENVIRONMENT, command

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["ContainerConnection", "DockerSandbox", "create_container", "remove_container"]

JUDGE_MEMORY = 256 * 2**20
"""Bytes that a container has beyond the solution's limit, for the judge and the server."""
RUNNER_PIDS = 8
SCRATCH = "/tmp"
SYSCTLS = {"kernel.shmmni": "0", "kernel.msgmni": "0", "kernel.sem": "0 0 0 0", "fs.mqueue.queues_max": "0"}
"""No System V or POSIX objects: they would outlive the attempt that made them."""

IPC_OBJECTS = "System V and POSIX objects, which outlive their attempt"

STDERR = 2
FRAME = struct.Struct(">BxxxL")
"""How the engine multiplexes an attached container's streams: stream, size."""
MAX_DIAGNOSTICS = 4000
REMOVAL_SECONDS = 10.0
ANOTHER = "name another with --mcode-image"
NO_PYTHON = ("executable file not found", "no such file or directory", "Python 3.8 or later is needed")

logger = logging.getLogger(__name__)


class DockerSandbox(RunnerSandbox):
    """Runs solutions in a container of its own, started when first needed.

    `isolation` ``fork`` keeps the container for many attempts, each in processes of its own under
    users of its own; ``fresh`` gives each attempt its own container.
    """

    def __init__(
        self, image: str, limits: Limits, session_id: str, isolation: Literal["fork", "fresh"] = "fork"
    ) -> None:
        super().__init__(limits, isolation)
        self.image = image
        self.session_id = session_id
        self._engine: APIClient | None = None
        self._sysctls = SYSCTLS

    def describe(self) -> Mapping[str, Any]:
        """Return engine, image and its digest, limits that it refused, and what the base class does."""
        engine = self._connected_engine()
        found = engine.inspect_image(self.image)  # type: ignore[no-untyped-call]
        return {
            "sandbox": "docker",
            "engine": engine.version()["Version"],
            "image": self.image,
            "image_id": found["Id"],
            "image_digests": found.get("RepoDigests") or [],
            **super().describe(),
            "limits_not_held": [] if self._sysctls else [IPC_OBJECTS],
        }

    def close(self) -> None:
        """Remove the container."""
        super().close()
        engine, self._engine = self._engine, None
        if engine:
            engine.close()

    def _connected_engine(self) -> APIClient:
        if self._engine is None:
            self._engine = connect_engine()
        return self._engine

    def _connect(self) -> ContainerConnection:
        try:
            return self._start_container()
        except ConfigurationError as error:
            if not self._sysctls or "sysctl" not in str(error):
                raise
        self._sysctls = {}
        return self._start_container()

    def _start_container(self) -> ContainerConnection:
        engine = self._connected_engine()
        return ContainerConnection(engine, self.image, self.limits, self.session_id, self._sysctls)


class ContainerConnection:
    """A runner that is process 1 of a container, reached through its standard streams."""

    def __init__(
        self,
        engine: APIClient,
        image: str,
        limits: Limits,
        session_id: str,
        sysctls: Mapping[str, str] = SYSCTLS,
    ) -> None:
        import docker.errors

        self._engine = engine
        self._image = image
        self._output = bytearray()
        self._diagnostics = bytearray()
        self._socket: Any = None
        try:
            self._id: str = create_container(engine, image, limits, session_id, sysctls)
        except docker.errors.APIError as error:
            raise ConfigurationError(_explanation(image, str(error.explanation or error))) from error
        try:
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            self._socket = engine.attach_socket(self._id, params=streams)
            engine.start(self._id)
        except docker.errors.APIError as error:
            self.close()
            raise ConfigurationError(_explanation(image, str(error.explanation or error))) from error
        except BaseException:
            self.close()
            raise

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

    def close(self) -> None:
        """Remove the container and wait until it is gone."""
        if self._socket is not None:
            raw = self._raw_socket
            self._socket._response.close()
            self._socket.close()
            raw.close()
            self._socket = None
        remove_container(self._engine, self._id)

    @property
    def _raw_socket(self) -> socket.socket:
        raw: socket.socket = getattr(self._socket, "_sock", self._socket)
        return raw

    def _read(self, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._raw_socket.settimeout(max(0.001, deadline - time.monotonic()))
            chunk = self._raw_socket.recv(size - len(data))
            if not chunk:
                said = self._diagnostics.decode("utf-8", "replace").strip()
                raise ConnectionError(_explanation(self._image, f"it ended{': ' + said if said else ''}"))
            data += chunk
        return bytes(data)


def create_container(
    engine: APIClient,
    image: str,
    limits: Limits,
    session_id: str,
    sysctls: Mapping[str, str] = SYSCTLS,
) -> str:
    """Create the container of a runner, and return its id."""
    from docker.types import LogConfig, Ulimit

    program, *arguments = command("python3", limits, SCRATCH)
    host_config = engine.create_host_config(
        auto_remove=True,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        cap_add=["SETUID", "SETGID", "KILL"],
        security_opt=["no-new-privileges:true"],
        mem_limit=limits.memory + JUDGE_MEMORY,
        memswap_limit=limits.memory + JUDGE_MEMORY,
        pids_limit=limits.pids + RUNNER_PIDS,
        ipc_mode="none",
        log_config=LogConfig(type="none"),
        ulimits=[Ulimit(name="core", soft=0, hard=0)],
        tmpfs={SCRATCH: "rw,nosuid,nodev,size=64m,nr_inodes=16k,mode=1777"},
        sysctls=dict(sysctls),
    )
    container = engine.create_container(
        image,
        entrypoint=[program],
        command=arguments,
        environment={**ENVIRONMENT, "HOME": SCRATCH},
        user="0:0",
        working_dir="/",
        stdin_open=True,
        network_disabled=True,
        stop_signal="SIGKILL",
        labels=labels(session_id),
        host_config=host_config,
    )
    identity: str = container["Id"]
    return identity


def remove_container(engine: APIClient, container: str) -> None:
    """Remove a container and wait until it is gone; where the engine can't, it is logged."""
    import docker.errors
    import requests

    deadline = time.monotonic() + REMOVAL_SECONDS
    try:
        while time.monotonic() < deadline:
            try:
                engine.remove_container(container, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if error.status_code != 409:  # removal in progress
                    raise
                time.sleep(0.01)
    except (docker.errors.APIError, requests.RequestException) as error:
        logger.warning("could not remove container %s: %s", container[:12], error)


def _explanation(image: str, reason: str) -> str:
    """Return why there is no runner in a container, with the remedy where the reason is a known one."""
    if "No such image" in reason:
        return f"image {image} is not on the Docker engine: `docker pull {image}`, {ANOTHER}"
    if "exec format error" in reason:
        return f"image {image} is for another processor than the Docker engine's: {ANOTHER}"
    if any(sign in reason for sign in NO_PYTHON):
        return f"image {image} has no python3 (3.8 or later): {ANOTHER}"
    if "emory" in reason:
        return f"the Docker engine refuses the memory limit ({reason}): change --mcode-mem-limit"
    return f"no container of {image}: {reason}"
