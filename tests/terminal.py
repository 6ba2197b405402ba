"""A terminal for tests: a program runs on a real pseudo-terminal, and an emulator holds what is to be seen.

>>> with Terminal([sys.executable, "-m", "pytest"], columns=80, lines=24) as terminal:
...     terminal.wait_for("in flight")
...     print(terminal.text)
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pytest

pyte = pytest.importorskip("pyte", reason="needs pyte, of the group dev")

__all__ = ["Terminal"]


class Terminal:
    """Its window, with what scrolled out of it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        lines: int = 24,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        self.resize(columns, lines)
        left_out = ("CI", "COLUMNS", "LINES", "PYTEST_ADDOPTS")
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})},
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        os.kill(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the program without a word to it."""
        self._process.kill()

    @property
    def shown(self) -> list[str]:
        """The lines of the window."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """What scrolled out of the window, and what it shows."""
        columns = range(self.screen.columns)
        above = ["".join(line[x].data for x in columns).rstrip() for line in self.screen.history.top]
        return "\n".join([*above, *self.shown]).rstrip()

    def read(self, seconds: float = 0.1) -> bool:
        """Take in what the program writes within some time; return whether it may write more."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # The program has ended.
            return False
        self._stream.feed(data)
        return bool(data)

    def wait_for(self, *words: str, seconds: float = 60.0) -> None:
        """Read until the window shows all of `words` at once."""
        self.wait_until(lambda: all(word in "\n".join(self.shown) for word in words), str(words), seconds)

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Read until something holds of what the window shows."""
        until = time.monotonic() + seconds
        while not holds():
            more = self.read() and time.monotonic() < until
            assert more, f"{what} never was:\n{self.text}"

    def end(self, seconds: float = 60.0) -> int:
        """Read until the program ends; return its exit status."""
        until = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < until, f"it goes on:\n{self.text}"
        return self._process.wait(10)
