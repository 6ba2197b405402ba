"""Tests of a repository that its task's reference patch breaks: they ask for what the issue does away with.

`mcode doctor --gold` finds them, and keeps them on this machine by task and image; a session leaves them out
of what guides repairs.
"""

import json
import os
from collections.abc import Collection
from pathlib import Path
from uuid import uuid4

from pytest_mcode.records import Task, fingerprint

__all__ = ["known", "learn"]


def known(task: Task, image_id: str) -> Collection[str]:
    """Return the tests that are known to be out of date; none where nobody has looked."""
    try:
        return frozenset(json.loads(_path(task, image_id).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return frozenset()


def learn(task: Task, image_id: str, tests: Collection[str]) -> None:
    """Keep what was found."""
    path = _path(task, image_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(f".{uuid4().hex}")
    made.write_text(json.dumps(sorted(tests)), encoding="utf-8")
    made.replace(path)


def _path(task: Task, image_id: str) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "pytest-mcode" / "outdated-tests" / f"{fingerprint([task.fingerprint, image_id])[:24]}.json"
