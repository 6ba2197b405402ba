"""How far a run is, as plain data: what its session shows and publishes, and other processes read."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from pytest_mcode.solving import journal

__all__ = ["STALE_SECONDS", "Picture", "interval_of", "publish", "published"]

STALE_SECONDS = 15.0
"""Age of a published picture from which its session counts as stopped or hanging."""
_FILE = "live.json"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """How far a run is; JSON types. Numbers are over the whole run, unless they say of the session."""

    run_id: str
    benchmark: str
    """With the start of its fingerprint: ``humaneval@1f2e3d4``."""
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
    """Tasks at work."""
    waits: Mapping[str, int] = field(default_factory=dict)
    """How many of them wait for what, by `activity.WaitsFor`."""
    tasks: Sequence[Mapping[str, Any]] = ()
    """Some of them, longest waiting first and those that queue last: ``task_id``, ``sample``, ``iteration``,
    ``waits_for``, ``seconds`` it has waited, ``retry_in`` (seconds or None), ``why``."""
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


def publish(shown: Picture) -> None:
    """Let other processes of this machine see a picture; a full disk keeps nobody from running tasks."""
    path = journal.directory_of(shown.run_id) / _FILE
    scratch = path.with_suffix(".new")
    with suppress(OSError):
        scratch.write_text(json.dumps(replace(shown, published_at=time.time()).to_dict()), encoding="ascii")
        scratch.replace(path)


def published(run_id: str) -> Picture | None:
    """Return what `publish` wrote last on this machine; None where there is nothing to be read."""
    with suppress(OSError, ValueError, TypeError):
        text = (journal.directory_of(run_id) / _FILE).read_text(encoding="ascii")
        return Picture.from_dict(json.loads(text))
    return None


def interval_of(solved: Sequence[bool], clusters: Sequence[str] | None) -> dict[str, Any]:
    """Return ``rate``, ``low``, ``high`` and ``no_interval`` of a picture."""
    from pytest_mcode.analysis.clusters import rate_interval
    from pytest_mcode.analysis.figure import Withheld

    if not solved:
        return {}
    span = rate_interval([float(each) for each in solved], clusters)
    rate = {"rate": sum(solved) / len(solved)}
    if isinstance(span, Withheld):
        return {**rate, "no_interval": span.reason}
    return {**rate, "low": span.low, "high": span.high}
