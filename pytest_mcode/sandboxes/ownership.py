"""Whose a container or directory is: what tells a living session's from one that a dead session left."""

import os
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mcode.records import fingerprint
from pytest_mcode.sandboxes.runner.cleanup import wipe

if TYPE_CHECKING:
    from docker import APIClient

__all__ = [
    "labels",
    "process_mark",
    "process_of_mark_lives",
    "remove_session",
    "scratch_directory",
    "sweep",
    "sweep_scratch",
]

SESSION = "pytest-mcode.session"
HOST = "pytest-mcode.host"
PROCESS = "pytest-mcode.process"
SCRATCH = "mcode-scratch-"


def labels(session_id: str) -> dict[str, str]:
    """Return the labels of a container that this process creates for a session."""
    return {SESSION: session_id, HOST: _host(), PROCESS: f"{os.getpid()} {_started(os.getpid())}"}


def sweep(engine: "APIClient") -> int:
    """Remove the containers of this host's dead processes; return how many. Those of others stay."""
    dead = [
        container for container in _containers(engine, f"{HOST}={_host()}") if not _owner_lives(container)
    ]
    return _remove(engine, dead)


def remove_session(engine: "APIClient", session_id: str) -> int:
    """Remove every container of a session that ends; return how many."""
    return _remove(engine, _containers(engine, f"{SESSION}={session_id}"))


def scratch_directory() -> str:
    """Make a directory for this process's use; return its path."""
    return tempfile.mkdtemp(prefix=f"{SCRATCH}{process_mark()}-")


def process_mark() -> str:
    """Return what tells this process from every other of its machine, as part of a file's name."""
    return f"{os.getpid()}-{_started(os.getpid()).replace(' ', '_')}"


def process_of_mark_lives(mark: str) -> bool:
    """Say whether the process lives that made a mark."""
    pid, _, began = mark.partition("-")
    return pid.isdigit() and began != "" and _started(int(pid)).replace(" ", "_") == began


def sweep_scratch() -> int:
    """Remove this user's scratch directories of dead processes; return how many."""
    removed = 0
    for path in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*-*"):
        if path.lstat().st_uid != os.geteuid() or path.is_symlink():
            continue
        if not process_of_mark_lives(path.name.removeprefix(SCRATCH).rpartition("-")[0]):
            with suppress(OSError):  # somebody else sweeps as well
                wipe(str(path))
                path.rmdir()
                removed += 1
    return removed


def _containers(engine: "APIClient", label: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.containers(all=True, filters={"label": label})
    return found


def _remove(engine: "APIClient", containers: list[dict[str, Any]]) -> int:
    from docker.errors import APIError

    removed = 0
    for container in containers:
        try:
            engine.remove_container(container["Id"], force=True, v=True)
            removed += 1
        except APIError as error:
            if error.status_code not in (404, 409):  # gone, or going
                raise
    return removed


def _owner_lives(container: dict[str, Any]) -> bool:
    owner: str = container["Labels"].get(PROCESS, "")
    pid, _, started = owner.partition(" ")
    return pid.isdigit() and started != "" and _started(int(pid)) == started


def _host() -> str:
    """Return what tells this machine, boot and process namespace from every other."""
    boot = _read("/proc/sys/kernel/random/boot_id") or _output("sysctl", "-n", "kern.boottime")
    namespace = str(Path("/proc/self/ns/pid").readlink()) if Path("/proc/self/ns/pid").exists() else ""
    return fingerprint([socket.gethostname(), boot, namespace])[:16]


def _started(pid: int) -> str:
    """Return when a process started, in the platform's own words; empty when there is none."""
    stat = _read(f"/proc/{pid}/stat")
    if stat:
        return stat.rpartition(")")[2].split()[19]
    return "" if Path("/proc/self/stat").exists() else _output("ps", "-o", "lstart=", "-p", str(pid))


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
