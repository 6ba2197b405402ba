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
from contextlib import suppress
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

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._writer: Any = reporter.config.get_terminal_writer()
        self._file: Any = self._writer._file
        # While a test runs, pytest's capture leads the usual descriptor elsewhere.
        self._descriptor = _another_descriptor(self._file)
        self._lock = threading.RLock()
        self._line = ""
        """What stands in the line of the cursor."""
        self._footer: Sequence[str] = ()
        self._columns = 0
        """Of the window for which the footer was made."""
        self._painted = False
        self._streams: dict[str, Any] = {}
        self._open = False

    @property
    def can_paint(self) -> bool:
        """Whether there is a window that can show a footer."""
        is_able = os.name == "posix" and os.environ.get("TERM") != "dumb"
        return is_able and self._descriptor is not None and os.isatty(self._descriptor)

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines of the window."""
        found = os.terminal_size((0, 0))
        with suppress(OSError):
            found = os.get_terminal_size(-1 if self._descriptor is None else self._descriptor)
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
                if stream is self._file or self._is_same_terminal(stream):
                    self._streams[name] = stream
                    setattr(sys, name, _Above(self, stream))
        self._open = True

    def show(self, footer: Sequence[str], columns: int) -> None:
        """Replace the footer; its lines are shorter than the `columns` of the window, and fewer."""
        with self._lock:
            self._footer, self._columns = footer, columns
            if self._open:
                self._put("")

    def line(self, text: str) -> None:
        """Write a whole line, also where part of one stands."""
        with self._lock:
            self._put("\n" * bool(self._line) + text + "\n")
            self._writer._current_line = ""
            if self._reporter.verbosity > 0:  # What stood there is the item that runs: it is named anew.
                self._reporter.currentfspath = None

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
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _put(self, text: str) -> None:
        parts = [_ERASE_BELOW if self._painted else "", text]
        if text:
            self._line = (self._line + text).rpartition("\n")[2].rpartition("\r")[2]
        self._painted = False
        if self._footer and (columns := self.size.columns) == self._columns:
            column = _width(self._line)
            # At the right edge a terminal waits for what comes next, and cannot be brought back to that.
            self._painted = column == 0 or column % columns != 0
        if self._painted:
            below = "".join(f"\r\n{line}" for line in self._footer)
            back = f"\x1b[{column % columns}C" if column else ""
            parts.append(f"{below}\x1b[{len(self._footer)}A\r{back}")
        self._send("".join(parts))

    def _send(self, text: str) -> None:
        if self._descriptor is None:
            self._file.write(text)
            self._file.flush()
            return
        data = text.encode(self.encoding, getattr(self._file, "errors", None) or "strict")
        while data:
            data = data[os.write(self._descriptor, data) :]

    def _is_same_terminal(self, stream: Any) -> bool:
        with suppress(AttributeError, OSError, ValueError):
            return self.can_paint and os.path.sameopenfile(stream.fileno(), self._descriptor or 0)
        return False


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


def _another_descriptor(file: Any) -> int | None:
    """Return another of the system's descriptors of a file; None where it has none."""
    with suppress(AttributeError, OSError, ValueError):
        return os.dup(file.fileno())
    return None


def _width(line: str) -> int:
    from rich.cells import cell_len

    return cell_len(_INVISIBLE.sub("", line).expandtabs(8))
