"""How many requests this process can keep in flight: what its file descriptors and its memory allow."""

import contextlib
from pathlib import Path

from pytest_mcode.sandboxes.capacity import available_memory

__all__ = ["affordable"]

RESERVED, EACH = 128, 2
"""File descriptors of everything else, and of a request: its connection, and one that replaces it."""
BYTES = 2 * 2**20
"""Memory of a request with its task, thread and answer, generously."""

_CGROUP = Path("/sys/fs/cgroup")


def affordable(asked: int) -> tuple[int, str]:
    """Return how many of `asked` requests can be in flight, and why it is not all of them."""
    for most, why in (_by_descriptors(), _by_memory()):
        if most is not None and most < asked:
            return max(1, most), f"{asked} need {why}"
    return asked, ""


def _by_descriptors() -> tuple[int | None, str]:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None, ""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None, ""
    return (soft - RESERVED) // EACH, f"more file descriptors than the limit of {soft} (raise it: ulimit -n)"


def _by_memory() -> tuple[int | None, str]:
    free = [each for each in (available_memory(), _left_in_cgroup()) if each is not None]
    if not free:
        return None, ""
    return min(free) // 2 // BYTES, f"more memory than half of the {min(free) / 2**30:.1f} GiB that are free"


def _left_in_cgroup() -> int | None:
    """Return the bytes that are left to this container; None where it is not bounded (cgroup v2)."""
    with contextlib.suppress(OSError, ValueError):
        most, used = (
            int((_CGROUP / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current")
        )
        return max(0, most - used)
    return None
