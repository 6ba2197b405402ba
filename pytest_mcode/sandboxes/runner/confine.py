"""What a child gives up before it runs anything: privileges, descriptors, resources without bound."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterable
from typing import Any

MAX_OPEN_FILES = 256
MAX_FILE_BYTES = 64 * 2**20
OOM_SCORES = {"candidate": 1000, "judge": 500}
"""The kernel's first victims when memory runs out, so that the server is never one."""


def confine(
    role: str, limits: dict[str, Any], uid: int | None, stdio: Iterable[int], keep: Iterable[int]
) -> None:
    """Make this child nobody's process, with `stdio` as 0, 1, 2 and nothing else open but `keep`."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for target, source in enumerate(stdio):
        os.dup2(source, target)
    _close_all_but(keep)
    _become_oom_victim(OOM_SCORES[role])
    _limit_resources(role, limits, held=uid is not None)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _close_all_but(keep: Iterable[int]) -> None:
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 1024)


def _become_oom_victim(score: int) -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(str(score))
    except OSError:
        pass  # not Linux


def _limit_resources(role: str, limits: dict[str, Any], held: bool) -> None:
    bounds = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": MAX_FILE_BYTES, "RLIMIT_NOFILE": MAX_OPEN_FILES}
    bounds.update(RLIMIT_MSGQUEUE=0, RLIMIT_MEMLOCK=0)
    if role == "candidate":
        bounds["RLIMIT_DATA"] = limits["memory"]
    if held:
        bounds["RLIMIT_NPROC"] = limits["pids"]
    for name, bound in bounds.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            resource.setrlimit(kind, (bound, bound))
