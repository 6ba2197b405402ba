"""Attempts of tasks in flight, on the disk of the worker that makes them: what a killed session leaves."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import Attempt, fingerprint, to_json

__all__ = ["Journal", "Trajectory", "claim", "directory_of", "discard", "is_abandoned", "sweep"]

KEPT_DAYS = 30
"""How long a run that nobody resumes keeps its journal."""


class Journal:
    """The attempts of one task, a JSON line each, in the order in which they were made."""

    def __init__(self, run_id: str, test: str, task_id: str) -> None:
        self._path = directory_of(run_id) / f"{fingerprint([test, task_id])[:24]}.jsonl"

    def read(self) -> list[Attempt]:
        """Return what earlier sessions have left; a line that was cut by the end of one is dropped."""
        return list(self._lines()) if self._path.exists() else []

    def _lines(self) -> Iterator[Attempt]:
        for line in self._path.read_text(encoding="ascii").splitlines():
            with suppress(ValueError):
                yield Attempt.from_dict(json.loads(line))

    def append(self, attempt: Attempt) -> None:
        """Add an attempt, safe from a crash of the machine when this returns; raises `InfraError`."""
        _append(self._path, to_json(attempt))

    def trajectory(self, request: object) -> "Trajectory":
        """Return the turns of the attempt that begins with `request` (JSON types)."""
        return Trajectory(self._path.with_suffix(f".{fingerprint(request)[:16]}.turns"))

    def remove(self) -> None:
        """Forget: the task's outcome is in the store."""
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError), os.scandir(self._path.parent) as entries:
            for turns in [each.path for each in entries if each.name.startswith(f"{self._path.stem}.")]:
                Path(turns).unlink()


class Trajectory:
    """The turns of one attempt of an agent as they are taken, a JSON line each: a kill loses none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> list[dict[str, Any]]:
        """Return the turns that an earlier session has taken, whole ones alone."""
        turns: list[dict[str, Any]] = []
        if self._path and self._path.exists():
            for line in self._path.read_text(encoding="ascii").splitlines():
                with suppress(ValueError):
                    turns.append(json.loads(line))
        return turns

    def append(self, turn: Mapping[str, Any]) -> None:
        """Add a turn, safe when this returns; raises `InfraError`."""
        if self._path:
            _append(self._path, to_json(turn))


def _append(path: Path, line: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="ascii") as file:
            # First the line's end: what stands there may have been cut.
            file.write("\n" + line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InfraError(f"could not keep an attempt in {_said(error, path.parent)}") from error


def claim(run_id: str) -> FileLock:
    """Return a lock that keeps other sessions from writing to the run; it ends with this process."""
    directory = directory_of(run_id)
    lock = FileLock(directory / "lock")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(
            f"run {run_id} is being written by another session; wait for its end, or leave out --mcode-resume"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"cannot keep a journal in {_said(error, directory)}") from error
    return lock


def is_abandoned(run_id: str) -> bool:
    """Whether sessions of this machine have claimed the run, or shards of it, and are gone before its end."""
    own, of_shards = directory_of(run_id) / "lock", _root().glob(f"{run_id}.*of*/lock")
    locks = [lock for lock in (own, *of_shards) if lock.exists()]
    return bool(locks) and all(map(_is_free, locks))


def _is_free(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0):
            return True
    except OSError:  # Held, or another user's.
        return False


def discard(run_id: str) -> None:
    """Remove what is left of a run that is complete."""
    shutil.rmtree(directory_of(run_id), ignore_errors=True)


def sweep() -> None:
    """Remove journals that nobody came back for."""
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for directory in _root().glob("*"):
        with suppress(OSError):  # Another session may be removing it.
            if directory.stat().st_mtime < oldest:
                shutil.rmtree(directory, ignore_errors=True)


def _said(error: OSError, directory: Path) -> str:
    return f"{directory}: {error.strerror}; free some space there, or set XDG_STATE_HOME to another directory"


def directory_of(run_id: str) -> Path:
    """Return where a run that is not complete keeps its journal."""
    return _directory_in(_state(), run_id)


def _root() -> Path:
    return Path(_state(), "pytest-mcode")


@cache
def _directory_in(state: str, run_id: str) -> Path:
    return Path(state, "pytest-mcode", run_id)


def _state() -> str:
    return os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111
