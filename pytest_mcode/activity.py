"""What each task in flight is at: told by the thread that works at it, read by whoever shows it.

A thread tells of its own task alone, so nothing is locked; where no task is begun, telling does nothing.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["NOTHING", "Activity", "Snapshot", "WaitsFor", "at_work", "snapshot", "tell", "tell_attempt"]

LISTED = 24
"""Tasks that a process tells of one by one."""

WaitsFor = Literal["", "slot", "model", "retry", "sandbox"]
"""``slot``: for its turn at the model server; ``retry``: until it asks the server again; ``sandbox``: for
one that is free, and for what runs in it; empty: for nothing, it computes."""


@dataclass(eq=False)
class Activity:
    """One task in flight."""

    task_id: str
    sample: int = 0
    iteration: int = 0
    waits_for: WaitsFor = ""
    why: str = ""
    """Of a retry: what failed."""
    since: float = field(default_factory=time.monotonic)
    """When it began to wait for that."""
    until: float | None = None
    """Of a retry: when the server is asked again."""

    def to_dict(self, now: float) -> dict[str, Any]:
        """Return it in JSON types; times as seconds from `now`, for clocks of other processes differ."""
        return {
            "task_id": self.task_id,
            "sample": self.sample,
            "iteration": self.iteration,
            "waits_for": self.waits_for,
            "why": self.why,
            "seconds": now - self.since,
            "retry_in": None if self.until is None else max(0.0, self.until - now),
        }


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a process is at."""

    waits: Mapping[str, int] = field(default_factory=dict)
    """How many tasks wait for what, by `WaitsFor`."""
    tasks: Sequence[Mapping[str, Any]] = ()
    """The `LISTED` that have waited longest, as `Activity.to_dict`."""

    def is_like(self, other: "Snapshot") -> bool:
        """Whether it says the same, but for the time that has passed."""
        return self.waits == other.waits and list(map(_deed, self.tasks)) == list(map(_deed, other.tasks))


NOTHING = Snapshot()
_here = threading.local()
_all: dict[int, Activity] = {}
"""Those of this process, by thread."""


def snapshot() -> Snapshot:
    """Return what this process is at, in JSON types."""
    now = time.monotonic()
    # One thread may wait for another that works at its task.
    by_task = {each.task_id: each for each in sorted(_all.values(), key=lambda each: bool(each.waits_for))}
    longest = sorted(by_task.values(), key=lambda each: each.since)[:LISTED]
    waits: Counter[str] = Counter(each.waits_for for each in by_task.values())
    return Snapshot(waits=dict(waits), tasks=[each.to_dict(now) for each in longest])


def _deed(task: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(task[name] for name in ("task_id", "sample", "iteration", "waits_for", "why"))


@contextmanager
def at_work(task_id: str) -> Iterator[None]:
    """Have the thread be at work at a task."""
    earlier, thread = getattr(_here, "activity", None), threading.get_ident()
    _here.activity = _all[thread] = Activity(task_id)
    try:
        yield
    finally:
        del _all[thread]
        _here.activity = earlier
        if earlier:
            _all[thread] = earlier


def tell(waits_for: WaitsFor, *, seconds: float | None = None, why: str = "") -> None:
    """Say what this thread's task waits for from now on, and for how many `seconds` where that is known."""
    activity: Activity | None = getattr(_here, "activity", None)
    if activity is None:
        return
    now = time.monotonic()
    activity.since, activity.until = now, None if seconds is None else now + seconds
    activity.why, activity.waits_for = why, waits_for


def tell_attempt(sample: int, iteration: int) -> None:
    """Say which attempt this thread's task has come to."""
    activity: Activity | None = getattr(_here, "activity", None)
    if activity is not None:
        activity.sample, activity.iteration = sample, iteration
