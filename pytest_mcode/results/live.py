"""The picture of a run while it runs: what its session shows below pytest's lines, for any process.

The session's controller publishes it about once a second beside the run's journal; what the store holds
stands in where there is none, as of a run on another machine.
"""

from datetime import UTC, datetime

from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.causes import most_common
from pytest_mcode.results.figures import dataset_title
from pytest_mcode.results.picture import Picture, interval_of, published
from pytest_mcode.results.summaries import status_of
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, find_run, find_runs, task_rows

__all__ = ["Picture", "find_running", "picture"]

_COLUMNS = ("task_id", "status", "attempts", "error", "recorded_at")


def picture(store: Store, run: str = "") -> Picture:
    """Return the picture of `run`: an id, the start or end of it, ``latest``; empty: `find_running`.

    A session of this machine tells everything; of one elsewhere, or that has ended, the store tells what
    is recorded. Takes milliseconds, so that a page may ask once a second. Raises `ConfigurationError`
    where there is no such run.
    """
    row = find_run(store, run) if run else find_running(store)
    status = status_of(row)
    told = published(row["run_id"]) if status == "running" else None
    return told or _stored(store, row, status)


def find_running(store: Store) -> Row:
    """Return the run that was started last of those that are running, else the latest run of the store.

    Raises `ConfigurationError` where the store has none.
    """
    runs = find_runs(store)
    running = [each for each in runs if status_of(each) == "running"]
    return running[-1] if running else find_run(store, "latest")


def _stored(store: Store, row: Row, status: str) -> Picture:
    tasks = task_rows(store, [row["run_id"]], columns=_COLUMNS)
    judged = [each for each in tasks if each["status"] != "infra"]
    solved = [each["status"] == "solved" for each in judged]
    last = max((each["recorded_at"] for each in tasks), default=row["started_at"])
    return Picture(
        run_id=row["run_id"],
        benchmark=dataset_title(row),
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


def _between(earlier: str, later: str) -> float:
    moments = (datetime.fromisoformat(each) for each in (earlier, later))
    first, second = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in moments)
    return max(0.0, (second - first).total_seconds())
