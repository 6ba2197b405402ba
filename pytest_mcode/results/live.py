"""The picture of a run while it runs: what its session shows below pytest's lines, for any process.

The session's controller publishes it about once a second beside the run's journal; what the store holds
stands in where there is none, as of a run on another machine.
"""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Self

from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.results.causes import most_common
from pytest_mcode.results.summaries import status_of
from pytest_mcode.solving import journal
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, find_run, find_runs, task_rows

__all__ = ["STALE_SECONDS", "Picture", "find_running", "interval_of", "picture", "publish"]

STALE_SECONDS = 15.0
"""Age of a published picture from which its session counts as stopped or hanging."""
_FILE = "live.json"
_COLUMNS = ("task_id", "status", "attempts", "error", "recorded_at")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """How far a run is; JSON types. Numbers are over the whole run, unless they say of the session."""

    run_id: str
    benchmark: str
    model: str | None
    status: str
    """``running``, ``finished``, ``interrupted``, ``stopped``; ``killed`` where its session is gone."""
    planned: int
    """Tasks, of all test functions."""
    solved: int = 0
    unsolved: int = 0
    infra: int = 0
    rate: float | None = None
    """solved / judged; None where nothing was judged."""
    low: float | None = None
    """Of the rate's 95 % interval, as is `high`; see `clusters.rate_interval`."""
    high: float | None = None
    no_interval: str = ""
    """Why there is none."""
    attempts: int = 0
    """Of tasks that have ended."""
    tokens_per_second: float | None = None
    """Of the model's answers within the last minute; None where it is not known."""
    retries: int = 0
    """Requests of the session that failed for a passing reason."""
    infra_causes: Sequence[Mapping[str, Any]] = ()
    """See `causes.most_common`."""
    started_at: str = ""
    """Of the run: ISO 8601, UTC."""
    seconds: float = 0.0
    """Since the session began to run tasks."""
    quiet_seconds: float = 0.0
    """Since the last answer of the model or the end of a task."""
    seconds_left: float | None = None
    """At the speed of the session so far; None where no task of it has ended."""
    in_flight: int = 0
    """Tasks at work; more than `tasks` lists where a process does not tell."""
    tasks: Sequence[Mapping[str, Any]] = ()
    """Those at work, longest waiting first: ``task_id``, ``sample``, ``iteration``, ``waits_for`` (see
    `activity.WaitsFor`), ``seconds`` it has waited, ``retry_in`` (seconds or None), ``why``."""
    command: str = ""
    """What was typed."""
    published_at: float | None = None
    """When the session published this: seconds since the epoch; None where it is from the store alone."""

    @property
    def judged(self) -> int:
        """Tasks that count."""
        return self.solved + self.unsolved

    @property
    def done(self) -> int:
        """Tasks that have ended."""
        return self.judged + self.infra

    @property
    def is_running(self) -> bool:
        """Whether its session is at work, as far as one can know."""
        return self.status == "running"

    @property
    def silent_seconds(self) -> float | None:
        """Since its session published it; None where it is from the store alone."""
        return None if self.published_at is None else max(0.0, time.time() - self.published_at)

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`; what another version has added is left out."""
        return cls(**{each.name: data[each.name] for each in fields(cls) if each.name in data})


def picture(store: Store, run: str = "") -> Picture:
    """Return the picture of `run`: an id, the start or end of it, ``latest``; empty: `find_running`.

    A session of this machine tells everything; of one elsewhere, or that has ended, the store tells what
    is recorded. Takes milliseconds, so that a page may ask once a second. Raises `ConfigurationError`
    where there is no such run.
    """
    row = find_run(store, run) if run else find_running(store)
    status = status_of(row)
    told = _published(row["run_id"]) if status == "running" else None
    return told or _stored(store, row, status)


def find_running(store: Store) -> Row:
    """Return the run that was started last of those that are running, else the latest run of the store.

    Raises `ConfigurationError` where the store has none.
    """
    runs = find_runs(store)
    running = [each for each in runs if status_of(each) == "running"]
    return running[-1] if running else find_run(store, "latest")


def publish(shown: Picture) -> None:
    """Let other processes of this machine see a picture; a full disk keeps nobody from running tasks."""
    path = journal.directory_of(shown.run_id) / _FILE
    scratch = path.with_suffix(".new")
    with suppress(OSError):
        scratch.write_text(json.dumps(replace(shown, published_at=time.time()).to_dict()), encoding="ascii")
        scratch.replace(path)


def _published(run_id: str) -> Picture | None:
    with suppress(OSError, ValueError, TypeError):
        text = (journal.directory_of(run_id) / _FILE).read_text(encoding="ascii")
        return Picture.from_dict(json.loads(text))
    return None


def _stored(store: Store, row: Row, status: str) -> Picture:
    from pytest_mcode.results.by_harness import clusters

    tasks = task_rows(store, [row["run_id"]], columns=_COLUMNS)
    judged = [each for each in tasks if each["status"] != "infra"]
    solved = [each["status"] == "solved" for each in judged]
    last = max((each["recorded_at"] for each in tasks), default=row["started_at"])
    return Picture(
        run_id=row["run_id"],
        benchmark=row["benchmark"],
        model=row["model"],
        status=status,
        planned=row["tasks_planned"] or len(tasks),
        solved=sum(solved),
        unsolved=len(solved) - sum(solved),
        infra=len(tasks) - len(judged),
        **interval_of(solved, clusters(row, [each["task_id"] for each in judged])),
        attempts=sum(each["attempts"] for each in tasks),
        infra_causes=most_common(
            (each["task_id"], each["error"]) for each in tasks if each["status"] == "infra"
        ),
        started_at=row["started_at"],
        seconds=_between(row["started_at"], row["finished_at"] or last),
        quiet_seconds=_between(last, datetime.now(UTC).isoformat()) if status == "running" else 0.0,
        command=str((row["environment"] or {}).get("command", "")),
    )


def interval_of(solved: Sequence[bool], clusters: Sequence[str] | None) -> dict[str, Any]:
    """Return ``rate``, ``low``, ``high`` and ``no_interval`` of a picture."""
    from pytest_mcode.analysis.clusters import rate_interval

    if not solved:
        return {}
    span = rate_interval([float(each) for each in solved], clusters)
    rate = {"rate": sum(solved) / len(solved)}
    if isinstance(span, Withheld):
        return {**rate, "no_interval": span.reason}
    return {**rate, "low": span.low, "high": span.high}


def _between(earlier: str, later: str) -> float:
    moments = (datetime.fromisoformat(each) for each in (earlier, later))
    first, second = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in moments)
    return max(0.0, (second - first).total_seconds())
