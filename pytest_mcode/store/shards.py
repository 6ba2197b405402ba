"""Rows of ``shards``: what each session does of a run, all of it (1 of 1) or a shard, and who is at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Float, cast, extract, func, insert, select, update

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import schema
from pytest_mcode.store.rows import now

__all__ = [
    "HELD_SECONDS",
    "Part",
    "begin_part",
    "end_part",
    "hold",
    "merge_parts",
    "missing_words",
    "part_rows",
    "release",
    "status_of_parts",
]

HELD_SECONDS = 120.0
"""How long a session's word that it is at work holds, unless renewed."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A session's part of a run."""

    shard: int = 1
    shards: int = 1
    planned: int | None = None
    """Items that it selected."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    holder: str = ""
    """Its host and process, for others to read; begins with the host and a space."""


def begin_part(connection: Connection, run_id: str, part: Part) -> None:
    """Insert the row of a part that starts, or set it ``running`` again.

    Raises `ConfigurationError` where the run is divided in another way, or somebody else is at it.
    """
    known = part_rows(connection, run_id)
    for row in known:
        if row["shards"] != part.shards:
            raise ConfigurationError(
                f"run {run_id} is divided into {row['shards']}, not {part.shards}: give "
                f"--mcode-shard=K/{row['shards']}, or another --mcode-run-id"
            )
    if part.shard not in {row["shard"] for row in known}:
        row = {"run_id": run_id, "shard": part.shard, "shards": part.shards, "started_at": now()}
        values = {**row, "status": "running", "environment": dict(part.environment)}
        connection.execute(insert(schema.shards).values(values))
    hold(connection, run_id, part)
    planned = {} if part.planned is None else {"planned": part.planned}
    _update(connection, run_id, part.shard, status="running", finished_at=None, **planned)


def hold(connection: Connection, run_id: str, part: Part, *, over: str = "") -> None:
    """Say that the session is at the part for `HELD_SECONDS` more; a part without a row may be begun.

    `over` names a host whose holder is known to be gone. Raises `ConfigurationError` where somebody else is
    at it. By the database's clock: those of two hosts may differ.
    """
    shards = schema.shards.c
    statement = select(shards.holder, shards.held_until).where(*_is(run_id, part.shard)).with_for_update()
    row = connection.execute(statement).one_or_none()
    time = _database_time(connection)
    if row is not None and row.holder not in (None, "", part.holder):
        is_gone = bool(over) and row.holder.startswith(f"{over} ")
        if row.held_until > _text(time) and not is_gone:
            raise ConfigurationError(
                f"run {run_id} is being written by another session, of {row.holder}: wait for its end; if it "
                f"was killed, until {row.held_until}"
            )
    until = _text(time + timedelta(seconds=HELD_SECONDS))
    _update(connection, run_id, part.shard, holder=part.holder or None, held_until=until)


def release(connection: Connection, run_id: str, part: Part) -> None:
    """Let others take up the part, if it is still this session's."""
    mine = (*_is(run_id, part.shard), schema.shards.c.holder == part.holder)
    connection.execute(update(schema.shards).where(*mine).values(holder=None, held_until=None))


def end_part(connection: Connection, run_id: str, shard: int, status: str) -> dict[str, Any]:
    """Close a part, and return what becomes of its run: values of ``runs``."""
    _update(connection, run_id, shard, status=status, finished_at=now(), holder=None, held_until=None)
    rows = part_rows(connection, run_id)
    state = status_of_parts(rows, _text(_database_time(connection))) if rows else status
    return {"status": state, "finished_at": None if state == "running" else now()}


def status_of_parts(rows: Sequence[Mapping[str, Any]], time: str = "") -> str:
    """Return the status of a run: ``finished`` when all parts are; at `time` a holder's word may be old."""
    found = {row["status"] for row in rows}
    if any(row["status"] == "running" and (row["held_until"] or "") > time for row in rows):
        return "running"
    if found == {"finished"} and len(rows) == rows[0]["shards"]:
        return "finished"
    return "stopped" if "stopped" in found else "interrupted"


def merge_parts(source: Connection, connection: Connection, run_id: str) -> Sequence[Mapping[str, Any]]:
    """Copy the rows of a run's parts that are missing, or finished elsewhere; return all of them."""
    ours = {row["shard"]: row for row in part_rows(connection, run_id)}
    for row in part_rows(source, run_id):
        values = {**row, "holder": None, "held_until": None}
        if row["shard"] not in ours:
            connection.execute(insert(schema.shards).values(values))
        elif row["status"] == "finished" != ours[row["shard"]]["status"]:
            mine = _is(run_id, row["shard"])
            connection.execute(update(schema.shards).where(*mine).values(values))
    return part_rows(connection, run_id)


def part_rows(connection: Connection, run_id: str) -> list[dict[str, Any]]:
    """Return the rows of a run, by number; none of a run that an older version stored."""
    shards = schema.shards
    statement = select(shards).where(shards.c.run_id == run_id).order_by(shards.c.shard)
    return [dict(row) for row in connection.execute(statement).mappings()]


def missing_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say which shards of a run are missing or not finished: ``shard 3 of 4 is missing``; empty if none."""
    if not rows or rows[0]["shards"] == 1:
        return ""
    total, there = rows[0]["shards"], {row["shard"]: row["status"] for row in rows}
    groups: dict[str, list[int]] = {}
    for number in range(1, total + 1):
        if (state := there.get(number, "missing")) != "finished":
            groups.setdefault(state, []).append(number)
    return ", ".join(
        f"shard{'s' * (len(each) > 1)} {', '.join(map(str, each))} of {total} "
        f"{'are' if len(each) > 1 else 'is'} {state}"
        for state, each in groups.items()
    )


def _update(connection: Connection, run_id: str, shard: int, **values: Any) -> None:
    connection.execute(update(schema.shards).where(*_is(run_id, shard)).values(values))


def _is(run_id: str, shard: int) -> tuple[Any, Any]:
    return schema.shards.c.run_id == run_id, schema.shards.c.shard == shard


def _database_time(connection: Connection) -> datetime:
    seconds = connection.execute(select(cast(extract("epoch", func.current_timestamp()), Float))).scalar_one()
    return datetime.fromtimestamp(seconds, UTC)


def _text(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
