"""What a run, an outcome and an attempt are as rows of the results database."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pytest_mcode.records import Attempt, RunInfo, TaskOutcome
from pytest_mcode.store.tally import tally

__all__ = ["attempt_row", "now", "run_row", "task_row"]

SETTINGS_COLUMNS = ("model", "backend", "samples", "all_samples", "debug_iters", "timeout", "retrieval")
"""Settings that have a column of their own, for filters; `RunInfo.settings` must hold them."""


def now() -> str:
    """Return the time as it is stored: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_row(info: RunInfo) -> dict[str, Any]:
    """Return the row of ``runs``, but for what was planned."""
    columns = {name: info.settings[name] for name in SETTINGS_COLUMNS}
    return {**vars(info), **columns, "started_at": info.started_at or now(), "status": "running"}


def task_row(run_id: str, outcome: TaskOutcome) -> dict[str, Any]:
    """Return the row of ``tasks``."""
    columns = {name: value for name, value in vars(outcome).items() if name not in ("attempts", "choices")}
    return {"run_id": run_id, "recorded_at": now(), **columns, **tally(outcome)}


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    """Return the row of ``attempts``, but for its task's key."""
    columns = dict(vars(attempt))
    verdict, public = columns.pop("verdict"), columns.pop("public_verdict")
    return columns | {
        "verdict": verdict.kind,
        "message": verdict.message,
        "stdout": verdict.stdout,
        "stderr": verdict.stderr,
        "execution_seconds": verdict.seconds,
        "cpu_seconds": verdict.cpu_seconds or None,
        "wall_seconds": verdict.wall_seconds or None,
        "mode": verdict.mode,
        "repeat_of": attempt.repeat_of,
        "examples": attempt.examples,
        "helper_prompt_tokens": attempt.helper_tokens("prompt_tokens"),
        "helper_completion_tokens": attempt.helper_tokens("completion_tokens"),
        "public_verdict": public.kind if public else None,
        "public_details": asdict(public) if public else None,
    }
