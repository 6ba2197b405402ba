"""What processes give up before they run anything: privileges, descriptors, resources without bound."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Iterable

SHARED_LIMITS = {
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 64 * 2**20,
    "RLIMIT_MEMLOCK": 0,
    "RLIMIT_MSGQUEUE": 0,
    "RLIMIT_NOFILE": 256,
}
"""Of every process, the server's included, from which they are inherited. Sizes are in bytes."""

UIDS_ABOVE = 2**30
"""Where users begin that no host has; a container with fewer takes those of `SCARCE_UIDS`."""
SCARCE_UIDS = range(20000, 60000)


def limit(**bounds: int) -> None:
    """Bound this process's resources and its children's, each as far as the platform knows it."""
    for name, bound in bounds.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            hard = resource.getrlimit(kind)[1]
            bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            resource.setrlimit(kind, (bound, bound))


def become(uid: int | None, stdio: Iterable[int], keep: Iterable[int], oom_score: int) -> None:
    """Make this child a process of `uid`'s, with `stdio` as 0, 1, 2 and nothing else open but `keep`.

    None stays the present user. Of all processes the kernel first kills the one with the highest
    `oom_score` (up to 1000) when memory runs out.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    for target, source in enumerate(stdio):
        os.dup2(source, target)
    _close_all_but(keep)
    with contextlib.suppress(OSError):
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(score, b"%d" % oom_score)
        os.close(score)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _close_all_but(keep: Iterable[int]) -> None:
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, SHARED_LIMITS["RLIMIT_NOFILE"])


def first_uid(random_number: int) -> int:
    """Return where this container's users begin, so that no other container has the same ones."""
    with open("/proc/self/uid_map") as file:
        available = sum(int(line.split()[2]) for line in file)
    if available > UIDS_ABOVE * 2:
        return UIDS_ABOVE + random_number % UIDS_ABOVE
    return SCARCE_UIDS[random_number % len(SCARCE_UIDS)]
