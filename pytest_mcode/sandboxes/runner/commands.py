"""Process 1 of a container that no engine made: runs commands one after the other, and bounds them together.

It ends when its standard input does, and everything in its namespace with it. What it reads and writes are
frames: a kind, a size, that many bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
from typing import Any

from .cleanup import oom_kills
from .confine import limit, processes_are_bounded
from .family import PAUSE, Family, memory_group, processes_group
from .keeper import hide
from .syscalls import filter_calls

FRAME = struct.Struct(">cI")
READY, OUTPUT, END, RUN, WRITE = b"r", b"o", b"e", b"c", b"w"
CHUNK = 65536
IDLE_PAUSE = 0.2
OWN_PROCESS = 1


def main(config: dict[str, Any]) -> None:
    """Hold the limits of `config`, then serve until the client is gone."""
    hide()
    in_group, counted = memory_group(config["memory"]), processes_group(config["pids"])
    by_kernel = processes_are_bounded(None, config["root"])
    limit(RLIMIT_CORE=0, RLIMIT_FSIZE=config["file_size"])
    if by_kernel:
        limit(RLIMIT_NPROC=config["pids"] + OWN_PROCESS)
    filtered = filter_calls(hidden_memory=not in_group)
    held = {
        "memory": "cgroup" if in_group else "sum",
        "processes": "cgroup" if counted else "rlimit" if by_kernel else "sum",
        "calls": filtered,
    }
    _send(READY, json.dumps(held).encode())
    Commands(config, Family(config, not in_group, not counted and not by_kernel, alone=True)).serve()


class Commands:
    """Runs one at a time; what an earlier one left in the background goes on meanwhile, and counts."""

    def __init__(self, config: dict[str, Any], family: Family) -> None:
        self._config, self._family = config, family
        self._files = _bytes_of_files()
        self._family.start()
        self._killed_for = ""

    def serve(self) -> None:
        """Answer requests until there is nobody who makes any."""
        while True:
            while not select.select([0], [], [], IDLE_PAUSE)[0]:
                self._look()
                self._reap(0)
            kind, size = FRAME.unpack(_read(FRAME.size))
            request = _read(size)
            if kind == WRITE:
                path, _, content = request.partition(b"\0")
                self._end(_written(path, content))
            else:
                self._run(json.loads(request))

    def _run(self, request: dict[str, Any]) -> None:
        self._killed_for, oom_before = "", oom_kills()
        out, into = os.pipe()
        try:
            child = subprocess.Popen(
                request["command"],
                stdin=subprocess.DEVNULL,
                stdout=into,
                stderr=into,
                cwd=request["directory"],
                env={**os.environ, **request["environment"]},
                start_new_session=True,
            )
        except OSError as error:
            os.close(out)
            os.close(into)
            _send(OUTPUT, str(error).encode())
            self._end(127 if isinstance(error, FileNotFoundError) else 126)
            return
        os.close(into)
        status = None
        while status is None:
            ready = select.select([out, 0], [], [], PAUSE)[0]
            if 0 in ready:  # nobody asks before this one is answered: the client is gone
                os._exit(0)
            if out in ready and not _pass_on(out):
                select.select([0], [], [], PAUSE)  # at its end; the command is not yet
            self._look()
            status = self._reap(child.pid)
        child.returncode = status
        os.set_blocking(out, False)
        while _pass_on(out):
            pass
        os.close(out)
        if oom_kills() > oom_before:
            self._killed_for = "memory"
        self._end(status)

    def _end(self, status: int) -> None:
        _send(END, json.dumps({"status": status, "over": self._killed_for}).encode())

    def _look(self) -> None:
        """End everything where there is too much of it."""
        over = self._family.over(judge=0)
        if not over and self._family.needed and _bytes_of_files() - self._files > self._config["memory"]:
            over = "memory"
        if over:
            self._killed_for = over
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)

    def _reap(self, wanted: int) -> int | None:
        """Reap what has ended; return the exit status of `wanted`, as a shell tells it."""
        found = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            if pid == wanted:
                found = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _written(path: bytes, content: bytes) -> int:
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        _send(OUTPUT, str(error).encode())
        return 1
    return 0


def _bytes_of_files() -> int:
    """Return what files take that were written: they are in memory, below an overlay's upper directory."""
    told = os.statvfs("/")
    return (told.f_blocks - told.f_bfree) * told.f_frsize


def _pass_on(fd: int) -> bool:
    try:
        data = os.read(fd, CHUNK)
    except BlockingIOError:
        return False
    if data:
        _send(OUTPUT, data)
    return bool(data)


def _send(kind: bytes, data: bytes) -> None:
    view = memoryview(FRAME.pack(kind, len(data)) + data)
    while view:
        view = view[os.write(1, view) :]


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(0, size - len(data))
        if not chunk:
            sys.exit(0)
        data += chunk
    return bytes(data)
