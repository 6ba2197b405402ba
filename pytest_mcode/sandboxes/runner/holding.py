"""What a runner gives up for good before its first attempt, and what it then says of its limits."""

from __future__ import annotations

import contextlib
import os
import random
from typing import Any, NamedTuple

from .confine import own_users, processes_are_bounded
from .family import Family, memory_group, processes_group
from .keeper import hide
from .kernel import CAP_KILL, CAP_SETGID, CAP_SETUID, keep_capabilities
from .landlock import version
from .syscalls import filter_calls

SCOPES_SIGNALS = 6
"""The version of Landlock that keeps signals back."""
SERVER_AND_JUDGE = 2


class Holding(NamedTuple):
    """How limits are held here."""

    first_uid: int | None
    """Where the users begin that attempts run as; None: they run as this process's own."""
    kernel_counts: bool
    """Whether a limit on processes may be the kernel's, for each user."""
    memory_group: bool
    processes_group: bool
    calls_filtered: bool
    files: str

    def most_processes(self, limit: int) -> int:
        """Return what the kernel's limit must be for `limit` processes: it may count ours among them."""
        return limit if self.first_uid is not None else limit + SERVER_AND_JUDGE

    def family(self, limits: dict[str, Any], alone: bool) -> Family:
        """Return what looks after the limits that neither a control group nor the kernel holds."""
        uncounted = not self.processes_group and not self.kernel_counts
        return Family(limits, not self.memory_group, uncounted, alone)

    def told(self) -> dict[str, Any]:
        """Return what the greeting says."""
        alone = os.getpid() == 1
        return {
            "user": "own" if self.first_uid is not None else "same",
            "signals": alone or self.first_uid is not None or version() >= SCOPES_SIGNALS,
            "network": _only_loopback(),
            "files": self.files,
            "calls": self.calls_filtered,
            "memory": "cgroup" if self.memory_group else "sum",
            "processes": "cgroup" if self.processes_group else "rlimit" if self.kernel_counts else "sum",
        }


def hold(config: dict[str, Any]) -> Holding:
    """Give up what can be given up, and find out what holds."""
    first_uid = own_users(random.SystemRandom().getrandbits(40))
    if os.geteuid() == 0:
        _keep(*([] if first_uid is None else [CAP_SETUID, CAP_SETGID, CAP_KILL]))
    hide()
    if first_uid is not None:
        os.chmod(config["scratch"], 0o1777)
    in_group = memory_group(config["memory"])
    return Holding(
        first_uid=first_uid,
        kernel_counts=processes_are_bounded(first_uid, config["root"]),
        memory_group=in_group,
        processes_group=processes_group(config["pids"]),
        calls_filtered=filter_calls(hidden_memory=not in_group),
        files=config["files"],
    )


def _keep(*capabilities: int) -> None:
    with contextlib.suppress(OSError, KeyError):  # as in a container that has no others
        keep_capabilities(*capabilities)


def _only_loopback() -> bool:
    try:
        with open("/proc/net/dev") as file:
            return [line.split(":")[0].strip() for line in file.readlines()[2:]] in ([], ["lo"])
    except OSError:
        return False
