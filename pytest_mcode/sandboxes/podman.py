"""The sandbox in Podman's containers: Docker's interface on Podman's own socket, as root or as any user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes.containers import Recipe
from pytest_mcode.sandboxes.docker import SCRATCH, SHARED, DockerSandbox, EngineProvider, runner_recipe
from pytest_mcode.sandboxes.engine import NO_RANGE, client_of

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["PROVIDER", "PodmanSandbox", "connect_podman"]

TMPFS = "rw,nosuid,nodev,size=64m,mode=1777"
"""Without ``nr_inodes``, which Podman refuses."""
NO_ROOM = "ro,size=4k"
"""Of what Podman makes writable in a read-only container, unless something else is mounted there."""
ULIMITS = {"nofile": 1024, "nproc": 4096}
"""Named, as Podman's own exceed what root without CAP_SYS_RESOURCE may ask for."""

IDLE_SECONDS = 3
"""After which a service that we started ends, once nobody is connected."""
START_SECONDS = 30.0
HYBRID = Path("/sys/fs/cgroup/unified")
"""There where version 2 of control groups stands beside version 1: crun refuses that, runc does not."""


def connect_podman() -> APIClient:
    """Return a client of Podman: ``CONTAINER_HOST``, its socket, or a service that is started for it.

    Raises `ConfigurationError` with the remedy.
    """
    named = os.environ.get("CONTAINER_HOST")
    if named:
        return client_of(named, "Podman", "correct CONTAINER_HOST, or unset it")
    for path in (_own_directory() / "podman.sock", _standard_socket()):
        if _answers(path):
            return client_of(f"unix://{path}", "Podman", "see whether `podman version` works")
    return client_of(f"unix://{_start_service()}", "Podman", "see whether `podman version` works")


def _standard_socket() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() else "/run"
    return Path(runtime or f"/run/user/{os.geteuid()}", "podman", "podman.sock")


def _own_directory() -> Path:
    """Return a directory that only this user has."""
    path = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), f"mcode-podman-{os.geteuid()}")
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise ConfigurationError(f"{path} is somebody else's: remove it, or name a socket in CONTAINER_HOST")
    return path


def _start_service() -> Path:
    """Start a service that ends by itself; return its socket."""
    podman = shutil.which("podman")
    if podman is None:
        raise ConfigurationError(
            "there is no Podman on this machine: install it (`sudo apt install podman uidmap slirp4netns`), "
            "or name where one listens in CONTAINER_HOST"
        )
    path = _own_directory() / "podman.sock"
    runtime = ["--runtime=runc"] if HYBRID.exists() and shutil.which("runc") else []
    command = [podman, *runtime, "system", "service", f"--time={IDLE_SECONDS}", f"unix://{path}"]
    with (_own_directory() / "log").open("wb") as log:
        service = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
        )
    deadline = time.monotonic() + START_SECONDS
    while not _answers(path):
        if service.poll() is not None or time.monotonic() > deadline:
            raise ConfigurationError(_not_started((_own_directory() / "log").read_text(errors="replace")))
        time.sleep(0.02)
    return path


def _not_started(said: str) -> str:
    if "newuidmap" in said or "subuid" in said:
        return NO_RANGE
    return f"Podman's service does not start ({said.strip()[-500:]}): see whether `podman info` works"


def _answers(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as door:
        try:
            door.connect(str(path))
        except OSError:
            return False
    return True


class PodmanSandbox(DockerSandbox):
    """Runs solutions in a container of Podman's."""

    provider, engine_name = "podman", "Podman"
    connect = staticmethod(connect_podman)
    ulimits = ULIMITS

    def _recipe(self) -> Recipe:
        recipe = runner_recipe(self.image, self.limits, {})
        tmpfs = {SCRATCH: TMPFS, SHARED: f"{TMPFS},noexec", "/run": NO_ROOM, "/var/tmp": NO_ROOM}
        return replace(
            recipe, engine=self.engine_name, ulimits=self.ulimits, host={**recipe.host, "tmpfs": tmpfs}
        )


PROVIDER = EngineProvider(PodmanSandbox)
