"""How many programs this machine can judge at a time: one a core, fewer where memory says so."""

import os
from pathlib import Path

__all__ = ["available_memory", "cores", "judges", "room_for"]

_MEMINFO = Path("/proc/meminfo")


def cores() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int | None:
    """Return the bytes that can be had without swapping; None where the platform does not tell."""
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def room_for(memory: int) -> int | None:
    """Return how many times `memory` bytes this process may take: at least 1; None: it cannot be known.

    Workers of pytest-xdist share a machine; each is told how many there are.
    """
    available = available_memory()
    return None if available is None else max(1, available // memory // _workers())


def judges(memory: int) -> int:
    """Return how many sandboxes of `memory` bytes each this process may keep at work: at least 1."""
    share = max(1, cores() // _workers())
    return min(share, room_for(memory) or share)


def _workers() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
