"""A footer below what pytest writes to a terminal, whoever writes and whenever.

Rich's `Live` owns whole lines; pytest writes parts of lines, dots, and comes back to them. So the cursor
stays where pytest left it, and the footer below it is erased and painted anew from there: whatever a
terminal does with long lines when its window changes, what is below the cursor is the footer.
"""

import os
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

__all__ = ["Screen"]

_ERASE_BELOW = "\x1b[J"
_INVISIBLE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])|[\x00-\x08\x0e-\x1f]"
)
"""Escape sequences (ECMA-48) and control characters."""


class Screen:
    """The terminal of pytest's reporter, whose footer any thread may change."""

    def __init__(self, writer: Any, descriptor: int) -> None:
        """`writer` is pytest's; see `of`."""
        self._writer = writer
        # While a test runs, pytest's capture leads the usual descriptor elsewhere.
        self._descriptor = descriptor
        self._file = writer._file
        self._lock = threading.RLock()
        self._line = ""
        """What stands in the line of the cursor."""
        self._footer: Sequence[str] = ()
        self._columns = 0
        """Of the window for which the footer was made."""
        self._painted = False
        self._streams: dict[str, Any] = {}
        self._open = False

    @classmethod
    def of(cls, reporter: pytest.TerminalReporter) -> "Screen | None":
        """Return the reporter's screen; None where it writes to no terminal that could show a footer."""
        writer = reporter.config.get_terminal_writer()
        file: Any = getattr(writer, "_file", None)
        if os.name != "posix" or os.environ.get("TERM") == "dumb":
            return None
        try:
            return cls(writer, os.dup(file.fileno())) if file.isatty() else None
        except (AttributeError, OSError, ValueError):  # no file of the system's
            return None

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines of the window."""
        try:
            found = os.get_terminal_size(self._descriptor)
        except OSError:
            found = os.terminal_size((80, 24))
        return found if found.columns and found.lines else os.terminal_size((80, 24))

    @property
    def encoding(self) -> str:
        """That of what is written."""
        return getattr(self._file, "encoding", None) or "utf-8"

    def open(self, *, uncaptured: bool) -> None:
        """Stand between pytest and its file; where tests write uncaptured, between them and theirs too."""
        self._file.flush()
        self._line = getattr(self._writer, "_current_line", "")
        self._writer._file = _Above(self, self._file)
        if uncaptured:
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if stream is self._file or stream.isatty():
                    self._streams[name] = stream
                    setattr(sys, name, _Above(self, stream))
        self._open = True

    def show(self, footer: Sequence[str], columns: int) -> None:
        """Replace the footer; its lines are shorter than the `columns` of the window, and fewer."""
        with self._lock:
            self._footer, self._columns = footer, columns
            if self._open:
                self._put("")

    def write(self, text: str) -> None:
        """Write above the footer; raises `UnicodeEncodeError` as a file does."""
        with self._lock:
            self._put(text)

    def close(self) -> None:
        """Take the footer away and leave the terminal to pytest. May be called twice."""
        with self._lock:
            if not self._open:
                return
            self._footer = ()
            self._put("")
            self._open = False
            self._writer._file = self._file
            for name, stream in self._streams.items():
                if isinstance(getattr(sys, name), _Above):
                    setattr(sys, name, stream)
            self._streams.clear()

    def release(self) -> None:
        """Close for good."""
        self.close()
        os.close(self._descriptor)

    def _put(self, text: str) -> None:
        parts = [_ERASE_BELOW if self._painted else "", text]
        if text:
            self._line = (self._line + text).rpartition("\n")[2].rpartition("\r")[2]
        columns = self.size.columns
        column = _width(self._line)
        # At the right edge a terminal waits for what comes next, and cannot be brought back to that.
        fits = columns == self._columns and (column == 0 or column % columns != 0)
        self._painted = bool(self._footer) and fits
        if self._painted:
            below = "".join(f"\r\n{line}" for line in self._footer)
            back = f"\x1b[{column % columns}C" if column else ""
            parts.append(f"{below}\x1b[{len(self._footer)}A\r{back}")
        self._send("".join(parts).encode(self.encoding))

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


class _Above:
    """Stands for a text file whose lines belong above the footer."""

    def __init__(self, screen: Screen, file: Any) -> None:
        self._screen = screen
        self._behind = file

    def write(self, text: str) -> int:
        """Write at once."""
        self._screen.write(text)
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        """Write at once."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Nothing waits to be written."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


def _width(line: str) -> int:
    from rich.cells import cell_len

    return cell_len(_INVISIBLE.sub("", line).expandtabs(8))
