"""The tables of the results database, as the newest schema has them."""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from pytest_mcode.records import to_json

__all__ = ["VERSION", "attempts", "metadata", "runs", "schema_version", "tasks"]

VERSION = 1
"""Raise it together with a new entry in `migrations.MIGRATIONS`."""

ESCAPED = "\ufffd"
"""Starts a text that is stored as JSON, because databases refuse NUL or lone surrogates in it."""


class SafeText(TypeDecorator[str]):
    """Any `str`, unchanged by the trip: one with NUL or lone surrogates travels as escaped JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what the database can hold."""
        if value is None or _is_storable(value):
            return value
        return ESCAPED + to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text that was stored."""
        if value is None or not value.startswith(ESCAPED):
            return value
        return str(json.loads(value[len(ESCAPED) :]))


class Json(TypeDecorator[Any]):
    """JSON types as canonical ASCII text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode."""
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode."""
        return None if value is None else json.loads(value)


def _is_storable(text: str) -> bool:
    if "\0" in text or text.startswith(ESCAPED):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


metadata = MetaData()

schema_version = Table(
    "mcode_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("config_key", String(64), nullable=False),
    Column("benchmark", SafeText, nullable=False),
    Column("dataset", SafeText, nullable=False),
    Column("split", SafeText, nullable=False),
    Column("dataset_fingerprint", String(64), nullable=False),
    Column("tasks_total", Integer, nullable=False),
    Column("tasks_planned", Integer),
    Column("planned_by_test", Json),
    Column("model", SafeText),
    Column("backend", SafeText, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("all_samples", Boolean, nullable=False),
    Column("debug_iters", Integer, nullable=False),
    Column("timeout", Float),
    Column("retrieval", Boolean, nullable=False),
    Column("prompt_hash", String(64), nullable=False),
    Column("model_digest", SafeText),
    Column("status", String(32), nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    Column("settings", Json, nullable=False),
    Column("model_info", Json, nullable=False),
    Column("environment", Json, nullable=False),
    Index("runs_by_start", "started_at"),
    Index("runs_by_config", "config_key"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(64), ForeignKey("runs.run_id"), nullable=False),
    Column("test", SafeText, nullable=False),
    Column("task_id", SafeText, nullable=False),
    Column("task_fingerprint", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("recorded_at", String(40), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("samples_passed", Integer, nullable=False),
    Column("first_passed", Integer, nullable=False),
    Column("first_attempt_passed", Boolean),
    Column("distinct_solutions", Integer, nullable=False),
    Column("verdict", String(32)),
    Column("public_passed", Integer, nullable=False),
    Column("false_positives", Integer, nullable=False),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("generation_seconds", Float, nullable=False),
    Column("execution_seconds", Float, nullable=False),
    Column("tags", Json, nullable=False),
    Column("error", SafeText, nullable=False),
    CheckConstraint("status IN ('solved', 'unsolved', 'infra')"),
    UniqueConstraint("run_id", "test", "task_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task", Integer, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("sample", Integer, nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("public_verdict", String(32)),
    Column("seed", BigInteger),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("generation_seconds", Float, nullable=False),
    Column("execution_seconds", Float, nullable=False),
    Column("finish_reason", SafeText, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("message", SafeText, nullable=False),
    Column("stdout", SafeText, nullable=False),
    Column("stderr", SafeText, nullable=False),
    Column("public_details", Json),
    Column("solution", SafeText),
    Column("completion", SafeText, nullable=False),
    Column("reasoning", SafeText, nullable=False),
    Column("messages", Json, nullable=False),
    Column("extra", Json, nullable=False),
    UniqueConstraint("task", "sample", "iteration"),
)
