"""What a run answered, as files that other tools read: a line a sample, a task, or an attempt."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_mcode.deciding import answers
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Attempt, Task, TaskOutcome, Verdict, to_json
from pytest_mcode.results.by_harness import export_formats
from pytest_mcode.results.figures import natural
from pytest_mcode.store import Store, read_outcomes
from pytest_mcode.store.archiving import archive_lines
from pytest_mcode.store.queries import Row

__all__ = ["LoadTasks", "export", "formats", "tasks_at_hand"]

LoadTasks = Callable[[Row], Mapping[str, Task]]
"""Returns, by id, the tasks of the dataset that a run had; called only where a format needs them."""

TASK_COLUMNS = ("run_id", "test", "task_id", "task_fingerprint", "status", "error", "task_seconds")
ATTEMPT_COLUMNS = (
    "sample",
    "iteration",
    "verdict",
    "message",
    "public_verdict",
    "seed",
    "prompt_tokens",
    "completion_tokens",
    "generation_seconds",
    "execution_seconds",
    "cpu_seconds",
    "wall_seconds",
    "flags",
    "agent",
    "steps",
    "ended",
    "finish_reason",
    "solution",
    "completion",
    "reasoning",
)


def tasks_at_hand(run: Mapping[str, Any], load_tasks: LoadTasks | None) -> Mapping[str, Task]:
    """Return the tasks of a run whose dataset is a local file that can be read: a page asks no network."""
    if load_tasks is None or not Path(run["dataset"]).is_file():
        return {}
    try:
        return load_tasks(run)
    except ConfigurationError:
        return {}


def formats(run: Row) -> tuple[str, ...]:
    """Return the formats in which a run can be exported: ours, and those of its harness."""
    return (*dict.fromkeys(["samples", *export_formats(run), "csv", "archive"]),)


def export(store: Store, run: Row, format: str, load_tasks: LoadTasks, *, sample: int = 0) -> Iterator[str]:
    """Yield the lines of a run's test function in a `format`, each with its line break.

    ``archive`` is the whole run, of every test function; see `archive_lines`. ``csv`` has a line an
    attempt, and one for a task without attempts. ``samples`` is JSONL, a line a sample: the attempt that
    decides it, as HumanEval's and EvalPlus's evaluators read it. Any other format is the harness's: JSONL,
    a line a task, of that attempt of its sample number `sample`. All but the first two leave out tasks that
    ended in infra. Raises `ConfigurationError` where there is nothing to export.
    """
    if format == "archive":
        return archive_lines(store, run["run_id"])
    if format == "csv":
        return _csv_lines(store, run)
    if format not in formats(run):
        offered = " or ".join(f"--format={each}" for each in formats(run))
        raise ConfigurationError(
            f"--format={format}: run {run['run_id']} is of {run['benchmark']}, whose tasks "
            f"({run['harness']}) have no such format; use {offered}"
        )
    lines = _Lines(store, run, load_tasks)
    return lines.of_samples() if format == "samples" else lines.of_tasks(format, sample)


class _Lines:
    """A run's lines of JSON."""

    def __init__(self, store: Store, run: Row, load_tasks: LoadTasks) -> None:
        self._store = store
        self._run = run
        self._load_tasks = load_tasks
        self._formats = export_formats(run)

    def of_samples(self) -> Iterator[str]:
        for outcome in self._judged():
            for attempt in answers(outcome.attempts):
                line = _plain(outcome, attempt)
                if "samples" in self._formats:
                    line |= self._columns("samples", outcome, attempt)
                yield to_json(line) + "\n"

    def of_tasks(self, format: str, sample: int) -> Iterator[str]:
        for outcome in self._judged():
            made = [attempt for attempt in answers(outcome.attempts) if attempt.sample == sample]
            if not made:
                raise ConfigurationError(
                    f"--sample={sample}: run {self._run['run_id']} has no such sample of {outcome.task_id}; "
                    "give 0"
                )
            yield to_json(self._columns(format, outcome, made[0])) + "\n"

    def _columns(self, format: str, outcome: TaskOutcome, attempt: Attempt) -> Mapping[str, Any]:
        return self._formats[format](
            outcome=outcome,
            attempt=attempt,
            model=self._run["model"] or self._run["backend"],
            task=lambda: self._task(outcome),
        )

    def _judged(self) -> list[TaskOutcome]:
        judged = [outcome for outcome in _outcomes(self._store, self._run) if outcome.status != "infra"]
        if not judged:
            raise ConfigurationError(f"run {self._run['run_id']} judged no task: there is nothing to export")
        return judged

    @cached_property
    def _tasks(self) -> Mapping[str, Task]:
        return self._load_tasks(self._run)

    def _task(self, outcome: TaskOutcome) -> Task:
        task = self._tasks.get(outcome.task_id)
        if task is None or task.fingerprint != outcome.task_fingerprint:
            raise ConfigurationError(
                f"{outcome.task_id} is not in {self._run['dataset']} as run {self._run['run_id']} had it; "
                "give its dataset back, or use --format=csv, which does not need it"
            )
        return task


def _plain(outcome: TaskOutcome, attempt: Attempt) -> dict[str, Any]:
    """Return a line of ``samples`` as it is for any kind of task: the solution as text."""
    solution = attempt.solution or ""
    return {
        "task_id": outcome.task_id,
        "completion": solution,
        "solution": solution,
        "raw": attempt.completion,
        "passed": attempt.verdict.passed,
        "result": _result(attempt.verdict),
    }


def _result(verdict: Verdict) -> str:
    """Return a verdict in the words of HumanEval's evaluator."""
    if verdict.passed:
        return "passed"
    return (
        "timed out"
        if verdict.kind == "timeout"
        else f"failed: {verdict.kind}: {verdict.message}".rstrip(": ")
    )


def _csv_lines(store: Store, run: Row) -> Iterator[str]:
    yield _csv_line([*TASK_COLUMNS, *ATTEMPT_COLUMNS])
    for outcome in _outcomes(store, run):
        task = {**vars(outcome), "run_id": run["run_id"], "task_seconds": outcome.seconds}
        rows = [_attempt_columns(attempt) for attempt in outcome.attempts] or [{}]
        for row in rows:
            yield _csv_line(
                [*(task[name] for name in TASK_COLUMNS), *(row.get(name) for name in ATTEMPT_COLUMNS)]
            )


def _outcomes(store: Store, run: Row) -> list[TaskOutcome]:
    found = read_outcomes(store, run["run_id"], test=run["test"])
    return sorted(found, key=lambda outcome: natural(outcome.task_id))


def _attempt_columns(attempt: Attempt) -> dict[str, Any]:
    public = attempt.public_verdict
    return {
        **vars(attempt),
        "verdict": attempt.verdict.kind,
        "message": attempt.verdict.message,
        "public_verdict": public.kind if public else None,
        "execution_seconds": attempt.verdict.seconds,
        "cpu_seconds": attempt.verdict.cpu_seconds or None,
        "wall_seconds": attempt.verdict.wall_seconds or None,
        "flags": to_json(attempt.flags) if attempt.flags else None,
        "agent": attempt.extra.get("agent"),
        "steps": len(attempt.extra["steps"]) if "steps" in attempt.extra else None,
        "ended": attempt.extra.get("ended"),
    }


def _csv_line(values: list[Any]) -> str:
    """Return a line of CSV; what cannot be UTF-8 is escaped, and NUL, which readers refuse."""
    line = io.StringIO()
    texts = ("" if value is None else str(value).replace("\0", "\\x00") for value in values)
    csv.writer(line, lineterminator="\n").writerow(texts)
    return line.getvalue().encode(errors="backslashreplace").decode()
