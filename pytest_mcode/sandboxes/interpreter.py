"""What of this machine's files an interpreter needs to see, to run solutions where others are hidden."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_mcode.sandboxes.runner import ENVIRONMENT

__all__ = ["SCRATCH", "SHARED", "environment", "scratch_place", "visible_paths"]

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/protocols", "/etc/services"),
    *("/etc/mime.types", "/etc/timezone"),
)
"""Programs and libraries, and the little of /etc that they read."""
SCRATCH, SHARED = "/tmp", "/dev/shm"
OTHER_SCRATCH = "/scratch"
"""Where an interpreter lies below `SCRATCH`."""
PACKAGES = ("site-packages", "dist-packages")
ASK = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]))"
ASK_SECONDS = 30.0


@functools.cache
def visible_paths(python: str) -> list[str]:
    """Return the files and directories that `python` needs, none of them below another.

    Raises `OSError` where there is no such program.
    """
    prefix, base, exec_prefix, *path = _paths(python)
    packages = [each for each in path if Path(each).name in PACKAGES]
    wanted = [*SYSTEM, prefix, base, exec_prefix, *packages, *_links(python)]
    return list(_topmost({*wanted, *map(os.path.realpath, wanted)}))


def scratch_place(visible: Iterable[str]) -> tuple[str, str]:
    """Return the scratch directory, and that of shared memory, in a file system made of `visible`."""
    hides = any(Path(each).is_relative_to(SCRATCH) for each in visible)
    return (OTHER_SCRATCH if hides else SCRATCH), SHARED


def environment(scratch: str) -> dict[str, str]:
    """Return a runner's whole environment: nothing of the caller's but where programs are."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": scratch,
        "TMPDIR": scratch,
        **ENVIRONMENT,
    }


def _paths(python: str) -> list[str]:
    if python == sys.executable:
        return [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]
    asked = subprocess.run(
        [python, "-s", "-c", ASK], capture_output=True, text=True, timeout=ASK_SECONDS, check=False
    )
    if asked.returncode:
        return ["", "", ""]  # the runner will say why
    found: list[str] = json.loads(asked.stdout)
    return found


def _links(python: str) -> Iterator[str]:
    """Yield the directories through which the name of an interpreter leads to its file."""
    path = Path(python).absolute()
    for _ in range(40):  # as many links as the kernel follows
        yield str(path.parent)
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()


def _topmost(paths: Iterable[str]) -> Iterator[str]:
    kept: list[Path] = []
    for path in sorted(Path(os.path.normpath(each)) for each in paths if each):
        if path == Path("/") or not path.exists() or any(path.is_relative_to(each) for each in kept):
            continue
        kept.append(path)
        yield str(path)
