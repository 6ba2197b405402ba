"""What is done after an attempt: every process dead and reaped, every file gone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import NamedTuple

PATIENCE = 5.0
"""Seconds in which the processes of an attempt must be gone."""


class Exit(NamedTuple):
    """How a process ended."""

    code: int
    """Its exit status, -N for signal N."""
    cpu: float
    """Seconds of processor time, its own and of the processes that it has reaped."""


def reap(pid: int, flags: int) -> tuple[int, Exit]:
    """Wait for a process as `os.wait4` does; the id is 0 where none has ended."""
    ended, status, usage = os.wait4(pid, flags)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return ended, Exit(code, usage.ru_utime + usage.ru_stime)


def kill_all(groups: list[int], alone: bool) -> dict[int, Exit]:
    """Kill and reap every process but this one; return how they ended by process id.

    `alone` says that every other process is the attempt's own: this one is process 1. Otherwise
    the process `groups` are killed, and what was adopted from them. Raises `TimeoutError`.
    """
    exits: dict[int, Exit] = {}
    deadline = time.monotonic() + PATIENCE
    while True:
        _kill_once(groups, alone)
        try:
            pid, ended = reap(-1, 0 if alone else os.WNOHANG)
        except ChildProcessError:
            return exits
        if pid:
            exits[pid] = ended
        elif time.monotonic() > deadline:
            raise TimeoutError("processes that cannot be killed")
        else:
            time.sleep(0.001)


def _kill_once(groups: list[int], alone: bool) -> None:
    targets = [-1] if alone else [-group for group in groups] + _children()
    for target in targets:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, signal.SIGKILL)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []  # not Linux


def adopt_orphans() -> None:
    """Become the parent of what this process's children leave behind, where the platform can."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    except (ImportError, OSError, AttributeError):
        pass


def wipe(top: str) -> None:
    """Empty the directory `top`. Directories are lifted into it one by one, so no depth is too deep."""
    lifted = 0
    while True:
        entries = list(os.scandir(top))
        if not entries:
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                lifted = _lift_children(entry.path, top, lifted)
                os.rmdir(entry.path)
            else:
                os.unlink(entry.path)


def _lift_children(directory: str, top: str, lifted: int) -> int:
    os.chmod(directory, 0o700)
    for child in list(os.scandir(directory)):
        if not child.is_dir(follow_symlinks=False):
            os.unlink(child.path)
            continue
        os.chmod(child.path, 0o700)
        while os.path.lexists(_lifted_name(top, lifted)):
            lifted += 1
        os.rename(child.path, _lifted_name(top, lifted))
    return lifted


def _lifted_name(top: str, number: int) -> str:
    return os.path.join(top, f"lifted-{number}")


def oom_kills() -> int:
    """Return how often the kernel killed for want of memory in this container; 0 where it does not say."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path) as file:
                counts = dict(line.split() for line in file)
            return int(counts.get("oom_kill", 0))
        except OSError:
            continue
    return 0
