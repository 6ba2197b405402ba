"""The time that an attempt is charged: its own, however busy the machine is with other things.

Charged is the wall-clock time, less the time that the main threads of the solution's and of the
judge's process were ready to run and had to wait for a processor, but never less than the processor
time of all the solution's processes and threads, and never more than the wall-clock time. So waiting
and sleeping count, many threads do not help, and the judge's own work counts as time that passes.
Where the kernel does not tell, the wall-clock time is charged.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence

from .wire import WALL_FACTOR

TICKS = os.sysconf("SC_CLK_TCK")
PAUSE, LONG_PAUSE = 0.05, 0.25
"""Seconds between two looks at an attempt that is past its limit by the wall clock only; the longer one where
a look means to look at every process of the machine."""
SHORT = 0.05
"""Seconds; an attempt that took no longer is charged by the wall clock: asking costs more than it tells."""

CGROUPS: tuple[tuple[str, str, Callable[[bytes], float]], ...] = (
    ("/sys/fs/cgroup/cpuacct/", "cpuacct.usage", lambda text: int(text) / 1e9),
    ("/sys/fs/cgroup/", "cpu.stat", lambda text: int(text.split()[1]) / 1e6),
)
"""By version of control groups: the directory, the file that tells the processor time, how it is read."""


class Clock:
    """Measures one attempt after the other; all in seconds."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._group = _Group.of_this_process()
        self._pause = PAUSE if self._group else LONG_PAUSE

    def start(self) -> None:
        """Begin anew; no process of the attempt exists as yet."""
        self._pids: Sequence[int] = ()
        self._delays: dict[int, float] = {}
        self._cpu = 0.0
        self._spent_before = self._group.spent() if self._group else 0.0
        self._started = time.monotonic()

    def follow(self, pids: Sequence[int]) -> None:
        """Say whose time it is: the solution's process first, the judge's, if that is another one, last."""
        self._pids = pids

    def wall(self) -> float:
        """Return the wall-clock time."""
        return time.monotonic() - self._started

    def note_delays(self) -> None:
        """Read how long the main threads have waited for a processor; to be done before they are reaped."""
        if self.wall() < SHORT:
            return
        for pid in self._pids:
            with contextlib.suppress(OSError, IndexError):
                self._delays[pid] = int(_read(f"/proc/{pid}/schedstat").split()[1]) / 1e9

    def remaining(self, limit: float) -> float:
        """Return after how long to ask again whether `limit` is reached: 0 if it is."""
        wall = self.wall()
        if wall < limit:  # no less is charged
            return limit - wall
        self.note_delays()
        self._cpu = max(self._cpu, self._read_cpu())
        left = limit - self._charge(wall)
        return 0.0 if left <= 0 else min(max(left, self._pause / 10), self._pause)

    def stop(self, cpu: float, wall: float) -> dict[str, float]:
        """Return what was charged and used, given what the processes had used when they were reaped."""
        self._cpu = max(self._cpu, cpu)
        return {"seconds": self._charge(wall), "cpu": self._cpu, "wall": wall}

    def _charge(self, wall: float) -> float:
        waited = sum(self._delays.values())
        return min(wall, max(self._cpu, wall - waited, wall - (WALL_FACTOR - 1) * self._limit))

    def _read_cpu(self) -> float:
        judge = self._pids[-1] if len(self._pids) > 1 else None
        try:
            if self._group is None:
                return _spent_below(os.getpid(), judge)
            return self._group.spent() - self._spent_before - (_spent(_stat(judge)) if judge else 0.0)
        except OSError:
            return 0.0


class _Group:
    """The control group of a container, when this process alone is in it, besides what it starts."""

    def __init__(self, file: int, read: Callable[[bytes], float]) -> None:
        self._file, self._read = file, read

    @classmethod
    def of_this_process(cls) -> _Group | None:
        for directory, name, read in CGROUPS:
            try:
                with open(f"{directory}cgroup.procs") as members:
                    if members.read().split() != [str(os.getpid())]:
                        continue
                group = cls(os.open(directory + name, os.O_RDONLY), read)
                group.spent()
            except (OSError, ValueError, IndexError):
                continue
            return group
        return None

    def spent(self) -> float:
        """Return the processor time of all but this process, those that ended unseen included."""
        return self._read(os.pread(self._file, 256, 0)) - time.process_time()


def _stat(pid: int | str) -> list[bytes]:
    """Return the fields of a process's state from the third on; see proc(5)."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


def _spent(stat: list[bytes]) -> float:
    return sum(map(int, stat[11:15])) / TICKS


def _spent_below(top: int, but: int | None) -> float:
    """Return the processor time of the processes below `top`, and of those that they have reaped."""
    parents, spent = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = _stat(name)
        except OSError:
            continue
        parents[int(name)], spent[int(name)] = int(stat[1]), _spent(stat)
    below, found = set(), {top}
    while found:
        found = {pid for pid, parent in parents.items() if parent in found and pid != but}
        below |= found
    return sum(spent[pid] for pid in below)
