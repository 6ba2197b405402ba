"""The results database: opened, checked, written by the controller alone, bursts in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Self

from sqlalchemy import Connection, Engine, RowMapping, bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from pytest_mcode.errors import ConfigurationError, InfraError, PassingError
from pytest_mcode.records import Choice, RunInfo, TaskOutcome
from pytest_mcode.store import schema
from pytest_mcode.store.choices import key_of, replace_choices
from pytest_mcode.store.database import (
    Place,
    cause,
    check_url_writable,
    check_writable,
    connect,
    is_passing,
    locate,
    lock_schema,
    unusable,
)
from pytest_mcode.store.opening import bring_up_to_date, engine_for_reading, stored_version
from pytest_mcode.store.outcomes import replace_outcome
from pytest_mcode.store.rows import attempt_row, run_row, task_row
from pytest_mcode.store.shards import Part, begin_part, end_part, hold, release

__all__ = ["WHOLE", "RunStatus", "Store", "unlike_runs"]

RunStatus = Literal["running", "finished", "interrupted", "stopped"]
"""`stopped`: we gave up, as after too many infra outcomes in a row."""

# Made once: to build a statement and find it in the cache takes longer than to run it.
_EARLIER = select(schema.tasks.c.id, schema.tasks.c.status).where(
    *(schema.tasks.c[name] == bindparam(name) for name in ("run_id", "test", "task_id"))
)
WHOLE = Part()
SAME = ("config_key", "dataset_fingerprint", "model_digest")
"""Columns in which rows of one run are equal."""


class Store:
    """Runs, their task outcomes and attempts. Not shared between threads.

    Opening for writing creates nothing: `begin_run` does. Raises `ConfigurationError` where the
    database cannot be used, and `InfraError` where a later write fails (disk full), `PassingError` where
    it may succeed a little later (locked, server restarted).
    """

    def __init__(self, place: Place, engine: Engine) -> None:
        self.place = place
        self.engine = engine
        self._is_current = False
        """Whether the schema is known to be there, and the newest."""
        self._shared: Connection | None = None
        """The transaction of a block that writes `together`."""

    @classmethod
    def open(cls, db: str, *, read_only: bool = False) -> Self:
        """Open the database `db`: a SQLite path, relative to the current directory, or a PostgreSQL URL.

        An older schema is migrated: by `begin_run` when opened for writing, at once when for reading, in a
        copy in memory where its directory cannot be written.
        """
        place = locate(db)
        if read_only:
            return cls(place, engine_for_reading(place))
        if place.path is not None:
            check_writable(place.path)
        if place.path is None or place.path.exists():
            stored_version(place, check_url_writable if place.path is None else None)
        return cls(place, connect(place, read_only=False))

    def writable(self) -> Self:
        """Return the same store, opened for writing."""
        return type(self).open(self.place.url.render_as_string(hide_password=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the connection. May be called twice."""
        self.engine.dispose()

    def begin_run(
        self, info: RunInfo, tasks_planned: int | Mapping[str, int] | None, part: Part = WHOLE
    ) -> None:
        """Create what is missing of file and schema, and the run's row with status ``running``.

        `tasks_planned` counts the items after deselection; by test function where there are several. Shards
        of a run share its row: the first makes it. Raises `ConfigurationError` where what is there is
        another run.
        """
        with self.creating() as connection:
            if part.shards > 1:
                lock_schema(connection)
                of_same_id = select(schema.runs).where(schema.runs.c.run_id == info.run_id)
                there = connection.execute(of_same_id).mappings().one_or_none()
            if part.shards == 1 or there is None:
                connection.execute(insert(schema.runs).values(run_row(info) | _planned(tasks_planned)))
            elif unlike := unlike_runs(there, vars(info)):
                raise ConfigurationError(
                    f"{self.place} holds another run {info.run_id} ({unlike} differs): give another "
                    "--mcode-run-id, or the same options"
                )
            else:
                running = {"status": "running", "finished_at": None}
                mine = schema.runs.c.run_id == info.run_id
                connection.execute(update(schema.runs).where(mine).values(running))
            begin_part(connection, info.run_id, part)

    @contextmanager
    def creating(self) -> Iterator[Connection]:
        """Give a transaction on a database that is there, with the newest schema, whatever was before.

        Raises `ConfigurationError` where it cannot be written.
        """
        try:
            if self.place.path is not None:
                self.place.path.parent.mkdir(parents=True, exist_ok=True)
            # Apart, so that nobody waits for the lock while the caller's transaction goes on.
            if not self._is_current:
                bring_up_to_date(self.engine, self.place)
                self._is_current = True
            with self.engine.begin() as connection:
                yield connection
        except (OSError, SQLAlchemyError) as error:
            reason = cause(error) if isinstance(error, SQLAlchemyError) else error.strerror
            raise unusable(f"cannot write {self.place}: {reason}") from error

    def resume_run(
        self, run_id: str, tasks_planned: int | Mapping[str, int] | None = None, part: Part = WHOLE
    ) -> None:
        """Set a stored run ``running`` again."""
        planned = {} if tasks_planned is None else _planned(tasks_planned)
        with self._writing() as connection:
            begin_part(connection, run_id, part)
            self._update_in(connection, run_id, {"status": "running", "finished_at": None, **planned})

    def hold(self, run_id: str, part: Part, *, over: str = "") -> None:
        """Say for a while that the session is at its part of a run; see `shards.hold`."""
        with self._writing() as connection:
            hold(connection, run_id, part, over=over)

    def release(self, run_id: str, part: Part) -> None:
        """Let others take up the part; see `shards.release`."""
        with self._writing() as connection:
            release(connection, run_id, part)

    def set_planned(self, run_id: str, tasks_planned: int | Mapping[str, int]) -> None:
        """Say how many items the session selected, once that is known."""
        self._update_run(run_id, _planned(tasks_planned))

    def note_overridden(self, run_id: str, test: str, overridden: Mapping[str, str]) -> None:
        """Add to a run's ``environment`` what took the place of our fixtures in a test function."""
        self._note(
            run_id, lambda known: {"overridden": {**known.get("overridden", {}), test: dict(overridden)}}
        )

    def note_concurrency(self, run_id: str, concurrency: Mapping[str, Any]) -> None:
        """Put into a run's ``environment`` how many requests were in flight."""
        self._note(run_id, lambda known: {"concurrency": dict(concurrency)})

    def note_machines(self, run_id: str, machines: Mapping[str, Mapping[str, Any]]) -> None:
        """Add to a run's ``environment`` which machines' workers took part: versions, sandbox, platform."""
        self._note(run_id, lambda known: {"machines": {**known.get("machines", {}), **machines}})

    def _note(self, run_id: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        with self._writing() as connection:
            runs = schema.runs
            statement = select(runs.c.environment).where(runs.c.run_id == run_id).with_for_update()
            environment = connection.execute(statement).scalar_one()
            changed = {**environment, **change(environment)}
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(environment=changed))

    def finish_run(self, run_id: str, status: RunStatus, shard: int = 1) -> None:
        """Close a run, or a shard of it: the run is finished when all of them are."""
        with self._writing() as connection:
            self._update_in(connection, run_id, end_part(connection, run_id, shard, status))

    def record(self, run_id: str, outcome: TaskOutcome) -> bool:
        """Store an outcome with its attempts, and return whether it was taken.

        What was judged stays: an earlier outcome of the same run, test and task gives way only if
        it was ``infra``. Else a rerun by another plugin would turn one try into the best of several.
        """
        row = task_row(run_id, outcome)
        with self._writing() as connection:
            earlier = connection.execute(_EARLIER, row).one_or_none()
            if earlier and earlier.status != "infra":
                return False
            key = replace_outcome(
                connection, earlier.id if earlier else None, row, map(attempt_row, outcome.attempts)
            )
            replace_choices(connection, key, outcome.choices)
        return True

    def record_choices(self, run_id: str, test: str, task_id: str, made: Iterable[Choice]) -> None:
        """Record what would be handed in at a task that is stored; a choice made the same way gives way."""
        with self._writing() as connection:
            replace_choices(connection, key_of(connection, run_id, test, task_id), made)

    def finished_run(self, config_key: str, tasks: int) -> str | None:
        """Return the latest finished run of a configuration in which `tasks` tasks were all judged."""
        runs, outcomes = schema.runs, schema.tasks
        judged = (
            select(func.count())
            .where(outcomes.c.run_id == runs.c.run_id, outcomes.c.status != "infra")
            .scalar_subquery()
        )
        statement = (
            select(runs.c.run_id)
            .where(runs.c.config_key == config_key, runs.c.status == "finished")
            .where(runs.c.tasks_planned == tasks, judged == tasks)
            .order_by(runs.c.started_at.desc())
        )
        with self.engine.connect() as connection:
            return connection.execute(statement).scalars().first()

    def _update_run(self, run_id: str, values: Mapping[str, Any]) -> None:
        with self._writing() as connection:
            self._update_in(connection, run_id, values)

    def _update_in(self, connection: Connection, run_id: str, values: Mapping[str, Any]) -> None:
        statement = update(schema.runs).where(schema.runs.c.run_id == run_id).values(values)
        if connection.execute(statement).rowcount != 1:
            raise InfraError(f"{self.place} has no run {run_id!r}")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of what is written in the block; raises `InfraError`: then nothing is."""
        with self._writing() as connection:
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._shared is not None:
            yield self._shared
            return
        if self.place.path is not None and not self.place.path.exists():
            raise InfraError(f"{self.place} was removed while the session was writing to it")
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            kind = PassingError if is_passing(error) else InfraError
            raise kind(f"could not write to {self.place}: {cause(error)}") from error


def unlike_runs(
    ours: Mapping[str, Any] | RowMapping, theirs: Mapping[str, Any] | RowMapping, *more: str
) -> str | None:
    """Return the name of a column in which two rows of ``runs`` cannot be of one run, if there is one."""
    return next((name for name in (*SAME, *more) if ours[name] != theirs[name]), None)


def _planned(tasks_planned: int | Mapping[str, int] | None) -> dict[str, Any]:
    if isinstance(tasks_planned, Mapping):
        return {"tasks_planned": sum(tasks_planned.values()), "planned_by_test": dict(tasks_planned)}
    return {"tasks_planned": tasks_planned, "planned_by_test": None}
