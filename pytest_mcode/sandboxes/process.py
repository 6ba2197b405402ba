"""The sandbox without isolation: the same runner and verdicts as in a container, on the host itself."""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any, cast

from pytest_mcode.sandboxes import Limits, Order, Progress
from pytest_mcode.sandboxes.client import RunnerSandbox
from pytest_mcode.sandboxes.runner import ENVIRONMENT, command
from pytest_mcode.sandboxes.trial import try_sandbox

__all__ = ["PROVIDER", "WARNING", "ProcessSandbox"]

WARNING = (
    "sandbox `process` isolates nothing: solutions run as you, with your files and network. "
    "Time and output are bounded, memory where the platform can."
)
CLOSE_SECONDS = 10.0
MAX_LAST_WORDS = 4000


class ProcessProvider:
    """Processes of this machine."""

    def open(self, order: Order) -> "ProcessSandbox":
        """Return a sandbox with an interpreter of this machine."""
        return ProcessSandbox(order.limits)

    def check(self, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
        """Try it."""
        return try_sandbox(self.open(order), needs)

    def remove_leftovers(self, session_id: str) -> int:
        """Remove nothing: a runner ends with its client."""
        return 0


PROVIDER = ProcessProvider()


class ProcessSandbox(RunnerSandbox):
    """Runs solutions as ordinary processes of this user; asked for, never a fallback."""

    def __init__(self, limits: Limits, python: str = sys.executable) -> None:
        super().__init__(limits)
        self._python = python

    def _description(self) -> Mapping[str, Any]:
        return {"sandbox": "process", "isolates": "nothing", "warning": WARNING, **super()._description()}

    def _connect(self) -> "PipeConnection":
        return PipeConnection(self._python, self.limits)


class PipeConnection:
    """A runner that is a child of this process."""

    def __init__(self, python: str, limits: Limits) -> None:
        with ExitStack() as resources:
            scratch = resources.enter_context(
                tempfile.TemporaryDirectory(prefix="mcode-", ignore_cleanup_errors=True)
            )
            self._errors = resources.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                command(python, limits, scratch),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                cwd="/",
                env=_environment(scratch),
                start_new_session=True,
            )
            self._resources = resources.pop_all()
        self._stdin = cast(IO[bytes], self._process.stdin)
        self._stdout = cast(IO[bytes], self._process.stdout)
        os.set_blocking(self._stdin.fileno(), False)

    def send(self, data: bytes, timeout: float) -> None:
        """Write all of `data`."""
        deadline = time.monotonic() + timeout
        view = memoryview(data)
        while view:
            _wait_for(self._stdin.fileno(), select.POLLOUT, deadline)
            view = view[os.write(self._stdin.fileno(), view) :]

    def receive(self, size: int, timeout: float) -> bytes:
        """Read exactly `size` bytes."""
        deadline = time.monotonic() + timeout
        data = bytearray()
        while len(data) < size:
            _wait_for(self._stdout.fileno(), select.POLLIN, deadline)
            chunk = os.read(self._stdout.fileno(), size - len(data))
            if not chunk:
                raise ConnectionError(f"the runner ended: {self._last_words()}")
            data += chunk
        return bytes(data)

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-MAX_LAST_WORDS:].decode("utf-8", "replace").strip() or "it said nothing"

    def interrupt(self) -> None:
        """Have the runner end its children, then itself."""
        self._process.terminate()

    def close(self) -> None:
        """Let the runner end its children, then itself; kill it when it does not."""
        self._stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()
        self._resources.close()


def _wait_for(fd: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(fd, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError("the runner is silent")


def _environment(scratch: str) -> dict[str, str]:
    """Return the runner's whole environment: nothing of the caller's but where programs are."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": scratch,
        "TMPDIR": scratch,
        **ENVIRONMENT,
    }
