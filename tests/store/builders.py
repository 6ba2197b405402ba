"""Small records made by hand, for tests that need a store with something in it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_mcode.records import Attempt, RunInfo, TaskOutcome, Verdict, fingerprint
from pytest_mcode.store import Store

SETTINGS: dict[str, Any] = {
    "benchmark": "humaneval",
    "model": "granite4:3b",
    "backend": "ollama",
    "samples": 1,
    "all_samples": False,
    "debug_iters": 0,
    "timeout": 60.0,
    "retrieval": False,
    "seed": 0,
}


def run_info(run_id: str = "run-1", **changes: Any) -> RunInfo:
    """A run; keyword arguments that name a setting change the setting, others the record."""
    settings = SETTINGS | {name: changes.pop(name) for name in tuple(changes) if name in SETTINGS}
    info = RunInfo(
        run_id=run_id,
        config_key=fingerprint(settings),
        benchmark=settings["benchmark"],
        dataset="data/HumanEval.jsonl.gz",
        split="test",
        dataset_fingerprint=fingerprint(settings["benchmark"]),
        tasks_total=164,
        settings=settings,
        prompt_hash="p" * 64,
        model_digest="sha256:abc",
        model_info={"quantization": "Q4_K_M"},
        environment={"pytest-mcode": "0.1.0", "host": "box"},
        started_at="2026-08-01T10:00:00+00:00",
    )
    return replace(info, **changes)


def attempt(sample: int = 0, iteration: int = 0, kind: str = "assertion", **changes: Any) -> Attempt:
    message = "" if kind == "passed" else "assert 1 == 2"
    made = Attempt(
        sample=sample,
        iteration=iteration,
        messages=[{"role": "user", "content": "Write f."}],
        completion=f"```python\ndef f(): return {sample}, {iteration}\n```",
        solution=f"def f(): return {sample}, {iteration}\n",
        verdict=Verdict(kind=kind, message=message, stdout="out", stderr="err", seconds=0.25, mode="split"),  # type: ignore[arg-type]
        seed=1000 * sample + iteration,
        prompt_tokens=100,
        completion_tokens=20,
        generation_seconds=1.5,
        finish_reason="stop",
    )
    return replace(made, **changes)


def outcome(number: int, *samples: str, **changes: Any) -> TaskOutcome:
    """An outcome of task `number`; each sample is the verdicts of its attempts: ``"assertion passed"``."""
    attempts = tuple(
        attempt(sample, iteration, kind)
        for sample, kinds in enumerate(samples)
        for iteration, kind in enumerate(kinds.split())
    )
    solved = any(kinds.split()[-1] == "passed" for kinds in samples)
    made = TaskOutcome(
        task_id=f"HumanEval/{number}",
        task_fingerprint=fingerprint(number),
        test="test_task",
        status="solved" if solved else "unsolved",
        attempts=attempts,
        seconds=2.0 * len(attempts),
    )
    return replace(made, **changes)


def answered_apart(outcomes: Sequence[TaskOutcome], name: str) -> list[TaskOutcome]:
    """Return the outcomes with answers of their own, told by `name`: another draw, not a repetition."""
    return [
        replace(
            made,
            attempts=tuple(replace(each, completion=f"{each.completion}\n{name}") for each in made.attempts),
        )
        for made in outcomes
    ]


def one_by_one(db: Path, run_id: str, *, gap: float = 0.0, at_a_time: int = 1) -> None:
    """Let a stored run's tasks have followed each other, so many at a time, with a `gap` in the middle."""
    with closing(sqlite3.connect(db)) as connection, connection:
        rows = connection.execute("SELECT id, seconds FROM tasks WHERE run_id = ? ORDER BY id", [run_id])
        until = datetime(2026, 8, 1, 10, tzinfo=UTC)
        for number, (key, seconds) in enumerate(tasks := rows.fetchall()):
            if number % at_a_time == 0:
                until += timedelta(seconds=seconds + gap * (number == len(tasks) // 2))
            connection.execute("UPDATE tasks SET recorded_at = ? WHERE id = ?", [until.isoformat(), key])


def write_run(db: Path, info: RunInfo, outcomes: Sequence[TaskOutcome], planned: int | None = None) -> None:
    """Store a finished run."""
    with Store.open(str(db)) as store:
        store.begin_run(info, len(outcomes) if planned is None else planned)
        for made in outcomes:
            store.record(info.run_id, made)
        store.finish_run(info.run_id, "finished")
