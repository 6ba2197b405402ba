"""What processes give up before they run anything: privileges, descriptors, resources without bound."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import stat
from collections.abc import Iterable

from .kernel import CAP_KILL, CAP_SETGID, CAP_SETUID, capable

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
EVERY_USER = "4294967295"
"""How many users the first namespace has."""


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
        os.setresgid(uid, uid, uid)  # type: ignore[attr-defined, unused-ignore]
        os.setresuid(uid, uid, uid)  # type: ignore[attr-defined, unused-ignore]


def _close_all_but(keep: Iterable[int]) -> None:
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, SHARED_LIMITS["RLIMIT_NOFILE"])


def own_users(random_number: int) -> int | None:
    """Return where this runner's users begin, so that no other runner has the same ones.

    None where it cannot give its children another user, or where that one could not read this Python.
    """
    if os.geteuid() != 0 or not capable(CAP_SETUID, CAP_SETGID, CAP_KILL) or not _readable_by_all():
        return None
    with open("/proc/self/uid_map") as file:
        available = sum(int(line.split()[2]) for line in file)
    if available > UIDS_ABOVE * 2:
        return UIDS_ABOVE + random_number % UIDS_ABOVE
    return SCARCE_UIDS[random_number % len(SCARCE_UIDS)] if available > SCARCE_UIDS[-1] else None


def _readable_by_all() -> bool:
    path = os.path.realpath(os.__file__)
    if not os.stat(path).st_mode & stat.S_IROTH:
        return False
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
    return True


def processes_are_bounded(uid: int | None, root: bool) -> bool:
    """Say whether the kernel counts the processes of an attempt against its limit, and no others.

    It counts those of a user in its user namespace (of the whole user, before Linux 5.14), and never those of
    the machine's `root`.
    """
    if uid is not None:
        return True
    with contextlib.suppress(OSError):
        with open("/proc/self/uid_map") as file:
            count = file.readline().split()[2]
        release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
        return count != EVERY_USER and not root and release >= (5, 14)
    return False
