"""The processes of an attempt together, for limits that no control group holds: looked at now and then."""

from __future__ import annotations

import os
import time
from typing import Any, Iterator

PAUSE = 0.02
"""Seconds between two looks."""
SLACK_BYTES, SLACK_PROCESSES = 512 * 2**20, 32
"""How much more than a solution's limits a control group may allow, for judge and server, and hold them."""

MOST_FILES = 16384

MEMORY_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
PROCESSES_FILES = ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max")


def memory_group(limit: int) -> bool:
    """Say whether the control group of this container holds a limit on memory, in bytes."""
    return _holds(MEMORY_FILES, limit + SLACK_BYTES)


def processes_group(limit: int) -> bool:
    """Say whether it holds a limit on processes."""
    return _holds(PROCESSES_FILES, limit + SLACK_PROCESSES)


def _holds(files: tuple[str, ...], most: int) -> bool:
    for path in files:
        try:
            with open(path) as file:
                return int(file.read()) <= most
        except (OSError, ValueError):  # not there; or "max"
            continue
    return False


class Family:
    """Sums what is below this process."""

    def __init__(self, limits: dict[str, Any], memory: bool, processes: bool, alone: bool) -> None:
        """Look after `memory`, `processes` or both; `alone` says that all others are the attempt's.

        With memory go files, where those are in memory: each has some that no process shows.
        """
        counted = memory and limits["files"] == "own"
        self._places = [limits["scratch"], limits["shared"]] if counted else []
        self._memory = limits["memory"] if memory else None
        self._processes = limits["pids"] if processes else None
        self._alone = alone
        self._seen = 0.0
        self.needed = memory or processes

    def start(self) -> None:
        """Begin anew: what a child has from this process is nobody's."""
        self._seen = time.monotonic()
        self._inherited = _resident(os.getpid()) if self._memory is not None else 0

    def over(self, judge: int) -> str:
        """Return what the attempt has too much of: ``memory``, ``processes``, ``files``, or nothing."""
        if not self.needed or time.monotonic() - self._seen < PAUSE:
            return ""
        self._seen = time.monotonic()
        memory = processes = 0
        for pid in self._members():
            try:
                if self._processes is not None:
                    processes += len(os.listdir(f"/proc/{pid}/task"))
                if self._memory is not None and pid != judge:
                    memory += max(0, _resident(pid) - self._inherited)
            except OSError:
                continue
        if self._memory is not None and memory > self._memory:
            return "memory"
        if any(_files(place) > MOST_FILES for place in self._places):
            return "files"
        return "processes" if self._processes is not None and processes > self._processes else ""

    def _members(self) -> Iterator[int]:
        own = os.getpid()
        if self._alone:
            yield from (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own)
            return
        parents = [own]
        while parents:
            for child in _children(parents.pop()):
                parents.append(child)
                yield child


def _children(pid: int) -> list[int]:
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def _resident(pid: int) -> int:
    """Return the bytes of memory that a process has and that no file backs; see proc(5)."""
    total = 0
    with open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith((b"RssAnon:", b"RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total


def _files(place: str) -> int:
    told = os.statvfs(place)
    return told.f_files - told.f_ffree
