"""A Docker engine that a test may stop and kill, beside the one that serves the other tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import pytest

__all__ = ["OwnEngine"]

SECONDS = 60
"""In which a daemon must be up, or down."""


class OwnEngine:
    """A ``dockerd`` with directories, socket and containerd of its own; needs root.

    As where containerd is a service, containers live on when ``dockerd`` is killed.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0 or shutil.which("dockerd") is None:
            pytest.skip("only root can start an engine of its own, with dockerd")
        # A socket's address must be short: pytest's own directories are too deep.
        self._folder = Path(tempfile.mkdtemp(prefix="mcode-engine-"))
        self.address = f"unix://{self._folder}/sock"
        self._containerd = self._spawn("containerd", root="containerd", state="state", address="c")
        self._dockerd: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._dockerd is None:  # What the containers hold, only an engine can let go.
            self.start()
        self._docker("rm", "-f", *self._docker("ps", "-aq").split())
        self.end(signal.SIGTERM)
        self._containerd.terminate()
        self._containerd.wait(SECONDS)
        while subprocess.run(["umount", f"{self._folder}/data"], stderr=subprocess.DEVNULL).returncode == 0:
            """A killed daemon leaves its directory mounted on itself."""
        shutil.rmtree(self._folder)

    def load(self, image: str) -> None:
        """Take over an image from the engine that serves the other tests."""
        archive = self._folder / "image.tar"
        subprocess.run(["docker", "save", "-o", archive, image], check=True)
        assert "Loaded image" in self._docker("load", "-i", str(archive))
        archive.unlink()

    def start(self) -> None:
        """Start the daemon, where the last one left off, and wait until it answers."""
        paths = {"data-root": "data", "exec-root": "exec", "pidfile": "pid", "containerd": "c"}
        # Without a bridge of its own it would remove docker0, which is the other engine's.
        alone = ("unshare", "--net", "dockerd", "--bridge=none", "--iptables=false")
        self._dockerd = self._spawn(*alone, f"--host={self.address}", **paths)
        deadline = time.monotonic() + SECONDS
        while subprocess.run(["docker", "-H", self.address, "info"], capture_output=True).returncode:
            said = (self._folder / "log").read_text()[-2000:]
            assert self._dockerd.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)

    def end(self, number: int) -> None:
        """Send the daemon a signal and wait for its end."""
        assert self._dockerd is not None
        self._dockerd.send_signal(number)
        self._dockerd.wait(SECONDS)
        self._dockerd = None

    def _spawn(self, *command: str, **paths: str) -> "subprocess.Popen[bytes]":
        options = [f"--{name}={self._folder}/{path}" for name, path in paths.items()]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen([*command, *options], stdout=log, stderr=log)

    def _docker(self, *arguments: str) -> str:
        """Return what a command says; containers that it names may go meanwhile."""
        command = ["docker", "-H", self.address, *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout
