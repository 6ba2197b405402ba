"""The way to a runner that is a process of this machine: pipes to its standard streams."""

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import IO, cast

from pytest_mcode.sandboxes.groups import Group

__all__ = ["PipeConnection"]

CLOSE_SECONDS = 10.0
MAX_LAST_WORDS = 4000
LAST_WORDS_SECONDS = 1.0


class PipeConnection:
    """A runner that is a child of this process.

    `directory` is removed with it, and the `group` in which it runs. `explain` turns what it said at its
    early end into a message with the remedy, where it knows one. Raises `OSError` where there is no such
    program.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        directory: str = "",
        group: Group | None = None,
        explain: Callable[[str], str] = lambda said: "",
    ) -> None:
        self._explain = explain
        with ExitStack() as resources:
            if group:
                resources.callback(group.remove)
                command = group.command(command)
            if directory:
                resources.callback(shutil.rmtree, directory, ignore_errors=True)
            self._errors = resources.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
            self._woken, self._wake = os.pipe()
            for fd in (self._woken, self._wake):
                resources.callback(os.close, fd)
            self._resources = resources.pop_all()
        self._closing = threading.Lock()
        self._stdin = cast(IO[bytes], self._process.stdin)
        self._stdout = cast(IO[bytes], self._process.stdout)
        os.set_blocking(self._stdin.fileno(), False)

    def send(self, data: bytes, timeout: float) -> None:
        """Write all of `data`."""
        deadline = time.monotonic() + timeout
        view = memoryview(data)
        while view:
            self._wait_for(self._stdin.fileno(), select.POLLOUT, deadline)
            view = view[os.write(self._stdin.fileno(), view) :]

    def receive(self, size: int, timeout: float) -> bytes:
        """Read exactly `size` bytes."""
        deadline = time.monotonic() + timeout
        data = bytearray()
        while len(data) < size:
            self._wait_for(self._stdout.fileno(), select.POLLIN, deadline)
            chunk = os.read(self._stdout.fileno(), size - len(data))
            if not chunk:
                said = self._last_words()
                raise ConnectionError(self._explain(said) or f"the runner ended: {said}")
            data += chunk
        return bytes(data)

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LAST_WORDS_SECONDS)
        self._errors.seek(0)
        return self._errors.read()[-MAX_LAST_WORDS:].decode("utf-8", "replace").strip() or "it said nothing"

    def interrupt(self) -> None:
        """Have `send` and `receive` fail, and the runner end its children, then itself."""
        with self._closing:
            if not self._stdout.closed:
                os.write(self._wake, b".")
                self._process.terminate()

    def close(self) -> None:
        """Let the runner end its children, then itself; kill it when it does not."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._closing:
            self._stdout.close()
            self._resources.close()

    def _wait_for(self, fd: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(fd, event)
        poll.register(self._woken, select.POLLIN)
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            raise TimeoutError("the runner is silent")
        if ready[0][0] == self._woken:
            raise ConnectionAbortedError("interrupted")
