"""How many programs this machine can judge at a time: one a core, fewer where memory says so."""

import os
from pathlib import Path

__all__ = ["available_memory", "cores", "judges"]


def cores() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int | None:
    """Return the bytes that can be had without swapping; None where the platform does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def judges(memory: int) -> int:
    """Return how many sandboxes of `memory` bytes each this process may keep at work: at least 1.

    Workers of pytest-xdist share a machine's cores; each is told how many there are.
    """
    share = cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    available = available_memory()
    room = share if available is None else available // memory
    return max(1, min(share, room))
