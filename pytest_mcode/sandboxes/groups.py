"""A control group for what no engine puts into one, where this user may make it: see cgroups(7).

Version 1 as root was run by us. Version 2, where the parent of one's own group hands on its controllers, was
not.
"""

import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_mcode.sandboxes.ownership import process_mark, process_of_mark_lives

__all__ = ["Group", "make_group", "sweep_groups"]

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
PREFIX = "mcode-group-"
CONTROLLERS = ("memory", "pids")
REMOVAL_SECONDS = 2.0

# The one that waits is outside of the groups: it removes them, even when nobody else is left to do so.
KEEP = """\
groups=$1; shift
sh -c 'IFS=:; for group in $1; do echo $$ >"$group/cgroup.procs" || exit 1; done; shift; exec "$@"' \
    sh "$groups" "$@"
status=$?
IFS=:
for group in $groups; do for _ in 1 2 3 4 5; do rmdir "$group" 2>/dev/null && break; sleep 0.1; done; done
exit $status
"""


class Group:
    """Bounds whatever is started by `command`."""

    def __init__(self, shown: Mapping[str, Path]) -> None:
        self.shown = shown
        """Where a runner looks for its limits, and the directory that belongs there."""

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs another one in the group, and removes it."""
        return ["sh", "-c", KEEP, "sh", ":".join(map(str, self._directories)), *command]

    def remove(self) -> None:
        """Remove it once it is empty. May be called twice."""
        deadline = time.monotonic() + REMOVAL_SECONDS
        while (left := [each for each in self._directories if each.exists()]) and time.monotonic() < deadline:
            for each in left:
                with suppress(OSError):  # somebody is still on the way out, or removes it as well
                    each.rmdir()
            time.sleep(0.005)

    @property
    def _directories(self) -> list[Path]:
        return sorted(set(self.shown.values()))


def make_group(memory: int, pids: int) -> Group | None:
    """Make a group with limits in bytes, and processes; None where this user may not."""
    name = f"{PREFIX}{process_mark()}-{secrets.token_hex(4)}"
    parents = _parents()
    if not parents or not all(os.access(parent, os.W_OK) for parent in parents.values()):
        return None
    group = Group({where: parent / name for where, parent in parents.items()})
    try:
        for directory in group.shown.values():
            directory.mkdir(exist_ok=True)
            for file, limit in _limits(memory, pids):
                if (directory / file).exists():
                    (directory / file).write_text(str(limit), encoding="ascii")
    except OSError:
        group.remove()
        return None
    return group


def sweep_groups() -> None:
    """Remove the groups of dead processes, as far as they are empty."""
    for parent in set(_parents().values()):
        for directory in parent.glob(f"{PREFIX}*"):
            if not process_of_mark_lives(directory.name.removeprefix(PREFIX).rpartition("-")[0]):
                with suppress(OSError):
                    directory.rmdir()


def _limits(memory: int, pids: int) -> Iterator[tuple[str, int]]:
    yield from (("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", memory))
    yield from (("memory.max", memory), ("memory.swap.max", 0), ("pids.max", pids))


def _parents() -> dict[str, Path]:
    """Return the directories in which groups can be made, by where a runner would look for its own."""
    if not OWN.exists():
        return {}
    told = [line.split(":", 2) for line in OWN.read_text(encoding="utf-8").splitlines()]
    own = {
        controller: path.strip("/") for _, controllers, path in told for controller in controllers.split(",")
    }
    if all((ROOT / each / "cgroup.procs").exists() for each in CONTROLLERS):
        return {
            str(ROOT / each): _first(ROOT / each / own.get(each, ""), ROOT / each) for each in CONTROLLERS
        }
    parent = (ROOT / own.get("", "")).parent if own.get("") else ROOT
    with suppress(OSError):
        handed_on = (parent / "cgroup.subtree_control").read_text(encoding="ascii").split()
        if set(CONTROLLERS) <= set(handed_on):
            return {str(ROOT): parent}
    return {}


def _first(*paths: Path) -> Path:
    return next(path for path in paths if path.exists())
