"""The tables of the results database, as the newest schema has them; comments say what a name does not."""

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
    text,
)

from pytest_mcode.records import to_json

__all__ = ["VERSION", "attempts", "choices", "metadata", "runs", "schema_version", "shards", "tasks"]

VERSION = 7
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


PASSED_IN_CONTAINERS = text("mode = 'container' AND verdict = 'passed'")
"""Of attempts: few in most stores, and asked for of every task whenever rates are counted."""
metadata = MetaData()

schema_version = Table(
    "mcode_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column(
        "config_key",
        String(64),
        nullable=False,
        comment="hash of all that can change a result, the seed included",
    ),
    Column("benchmark", SafeText, nullable=False),
    Column("dataset", SafeText, nullable=False, comment="where the tasks came from"),
    Column("split", SafeText, nullable=False),
    Column("dataset_fingerprint", String(64), nullable=False, comment="sha256 over the whole split's tasks"),
    Column("tasks_total", Integer, nullable=False, comment="tasks in the split"),
    Column("tasks_planned", Integer, comment="items that the session selected"),
    Column("planned_by_test", Json, comment="the same by test function, where there are several"),
    Column("model", SafeText),
    Column("backend", SafeText, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("all_samples", Boolean, nullable=False),
    Column("debug_iters", Integer, nullable=False),
    Column("timeout", Float),
    Column("retrieval", Boolean, nullable=False),
    Column("prompt_hash", String(64), nullable=False, comment="of the prompt templates"),
    Column("model_digest", SafeText, comment="as its server reported it"),
    Column("status", String(32), nullable=False, comment="running, finished, interrupted, stopped"),
    Column("started_at", String(40), nullable=False, comment="ISO 8601, UTC"),
    Column("finished_at", String(40)),
    Column("settings", Json, nullable=False, comment="every setting of the session"),
    Column("model_info", Json, nullable=False, comment="the rest of what the server reported"),
    Column(
        "environment", Json, nullable=False, comment="versions, git commit, host, engine, overridden fixtures"
    ),
    Column(
        "harness",
        String(64),
        nullable=False,
        server_default="functions",
        comment="what put the tasks to the model and judged them",
    ),
    Column(
        "tags", SafeText, nullable=False, server_default="", comment="people's own words, one space between"
    ),
    Column("note", SafeText, nullable=False, server_default="", comment="what people wrote about the run"),
    Index("runs_by_start", "started_at"),
    Index("runs_by_config", "config_key"),
)

shards = Table(
    "shards",
    metadata,
    Column("run_id", String(64), ForeignKey("runs.run_id"), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False, comment="1 of 1 is a whole run"),
    Column("shards", Integer, nullable=False, comment="into how many the run is divided"),
    Column("planned", Integer, comment="items that the session selected"),
    Column("status", String(32), nullable=False, comment="running, finished, interrupted, stopped"),
    Column("started_at", String(40), nullable=False, comment="ISO 8601, UTC"),
    Column("finished_at", String(40)),
    Column("environment", Json, nullable=False, comment="of its session, as in runs"),
    Column("holder", SafeText, comment="the session that is at it: host, process"),
    Column("held_until", String(40), comment="when its word ends, unless renewed; the database's clock"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(64), ForeignKey("runs.run_id"), nullable=False),
    Column("test", SafeText, nullable=False, comment="test function: a solver of the user's own is another"),
    Column("task_id", SafeText, nullable=False),
    Column("task_fingerprint", String(64), nullable=False, comment="sha256 of the task's canonical record"),
    Column("status", String(16), nullable=False, comment="solved, unsolved, infra"),
    Column("seconds", Float, nullable=False, comment="wall-clock of the whole item"),
    Column("recorded_at", String(40), nullable=False),
    Column(
        "attempts", Integer, nullable=False, comment="attempts made; the counts that follow are over them"
    ),
    Column("samples", Integer, nullable=False, comment="samples started"),
    Column(
        "samples_passed",
        Integer,
        nullable=False,
        comment="samples whose last attempt passed, or the one before it by which they are decided",
    ),
    Column("first_passed", Integer, nullable=False, comment="samples whose first attempt passed"),
    Column("first_attempt_passed", Boolean, comment="of the first sample; null where nothing was judged"),
    Column("distinct_solutions", Integer, nullable=False, comment="among first attempts"),
    Column("verdict", String(32), comment="of the last attempt"),
    Column(
        "public_passed", Integer, nullable=False, comment="samples whose last attempt passed the public tests"
    ),
    Column("false_positives", Integer, nullable=False, comment="those of them that failed the judge"),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("generation_seconds", Float, nullable=False),
    Column("execution_seconds", Float, nullable=False),
    Column(
        "passed_in_process",
        Integer,
        nullable=False,
        server_default="0",
        comment="samples whose last attempt passed in one process with its tests: a pass that is not proven",
    ),
    Column(
        "repeats",
        Integer,
        comment="attempts whose solution an earlier one had: not run; null: not known",
    ),
    Column("repeat_tokens", Integer, comment="prompt and completion tokens of these attempts"),
    Column("helper_prompt_tokens", Integer, comment="of the helper model, not in prompt_tokens"),
    Column("helper_completion_tokens", Integer, comment="the same of its answers"),
    Column("tags", Json, nullable=False),
    Column("error", SafeText, nullable=False, comment="the cause, for infra"),
    CheckConstraint("status IN ('solved', 'unsolved', 'infra')"),
    UniqueConstraint("run_id", "test", "task_id"),
    # Rates of a thousand runs are counted in it, without a look at the rows.
    Index("tasks_by_status", "run_id", "test", "status"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "task", Integer, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False, comment="key in tasks"
    ),
    Column("sample", Integer, nullable=False),
    Column("iteration", Integer, nullable=False, comment="0 is a sample's first attempt"),
    Column("verdict", String(32), nullable=False, comment="what the judge said"),
    Column("public_verdict", String(32), comment="what the tests in the prompt said"),
    Column("seed", BigInteger),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("generation_seconds", Float, nullable=False, comment="of the model"),
    Column("execution_seconds", Float, nullable=False, comment="of the judge"),
    Column("cpu_seconds", Float, comment="processor time of the solution; null where it was not measured"),
    Column("wall_seconds", Float, comment="wall-clock of the solution; null where it was not measured"),
    Column("repeat_of", String(24), comment="sample/iteration of the attempt that had its solution first"),
    Column("examples", String, comment="of the tests in the prompt, in order: + passed, - failed, . not run"),
    Column("helper_prompt_tokens", Integer, comment="of the helper model, not in prompt_tokens"),
    Column("helper_completion_tokens", Integer, comment="the same of its answers"),
    Column("finish_reason", SafeText, nullable=False),
    Column("mode", String(16), nullable=False, comment="split, in_process, container"),
    Column("message", SafeText, nullable=False, comment="the judge's, as are stdout and stderr"),
    Column("stdout", SafeText, nullable=False),
    Column("stderr", SafeText, nullable=False),
    Column("public_details", Json, comment="the whole public verdict"),
    Column("solution", SafeText, comment="extracted from the completion; null where there was none"),
    Column("completion", SafeText, nullable=False, comment="the model's raw text"),
    Column("reasoning", SafeText, nullable=False, comment="returned apart from the completion"),
    Column("messages", Json, nullable=False, comment="the conversation as it was sent"),
    Column("extra", Json, nullable=False),
    UniqueConstraint("task", "sample", "iteration"),
    Index(
        "attempts_passed_in_containers",
        "task",
        sqlite_where=PASSED_IN_CONTAINERS,
        postgresql_where=PASSED_IN_CONTAINERS,
    ),
)

choices = Table(
    "choices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "task", Integer, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False, comment="key in tasks"
    ),
    Column(
        "by", String(16), nullable=False, comment="first, public, vote, vote-model, tests: how it was chosen"
    ),
    Column("sample", Integer, comment="the sample that is handed in; null where none has a solution"),
    Column("passed", Boolean, nullable=False, comment="whether the judging tests pass its last attempt"),
    Column("reason", SafeText, nullable=False),
    Column("executions", Integer, nullable=False, comment="runs in the sandbox that choosing took"),
    Column("execution_seconds", Float, nullable=False),
    Column("prompt_tokens", Integer, comment="of what the model was asked for the choice"),
    Column("completion_tokens", Integer),
    Column("generation_seconds", Float, nullable=False),
    Column("details", Json, nullable=False, comment="groups of samples, their scores, tests"),
    UniqueConstraint("task", "by"),
)
