"""A run as a file of its own, JSON a line: what is published with a study. `archive` reads it."""

from collections.abc import Iterator

from sqlalchemy import select

from pytest_mcode.records import to_json
from pytest_mcode.store import schema
from pytest_mcode.store.reading import read_outcomes
from pytest_mcode.store.store import Store

__all__ = ["archive_lines"]


def archive_lines(store: Store, run_id: str) -> Iterator[str]:
    """Yield a run as lines: its rows of ``runs`` and ``shards``, then every outcome with its attempts.

    Archives can be put together, gzipped ones too: an outcome belongs to the run above it.
    """
    runs, shards, tasks = schema.runs, schema.shards, schema.tasks
    with store.engine.connect() as connection:
        run = connection.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one()
        parts = connection.execute(select(shards).where(shards.c.run_id == run_id)).mappings().all()
        of_run = select(tasks.c.recorded_at).where(tasks.c.run_id == run_id).order_by(tasks.c.id)
        recorded = connection.execute(of_run).scalars().all()
    left = {"holder": None, "held_until": None}
    head = {"run": dict(run), "shards": [{**part, **left} for part in parts]}
    yield to_json({"archive": "pytest-mcode", "schema": schema.VERSION, **head}) + "\n"
    for recorded_at, outcome in zip(recorded, read_outcomes(store, run_id), strict=True):
        yield to_json({"outcome": outcome, "recorded_at": recorded_at}) + "\n"
