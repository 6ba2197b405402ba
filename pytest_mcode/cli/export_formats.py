"""The formats of `mcode export`."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks.registration import offer_nearby
from pytest_mcode.cli.figures import natural
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.repositories.patches import without
from pytest_mcode.records import Attempt, Task, TaskOutcome, Verdict, to_json
from pytest_mcode.session import loading
from pytest_mcode.settings import Settings
from pytest_mcode.store import Store, read_outcomes
from pytest_mcode.store.queries import Row

__all__ = ["csv_lines", "prediction_lines", "sample_lines"]

FUTURE = re.compile(r"^from __future__ import .*\n?", re.MULTILINE)
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
    "finish_reason",
    "solution",
    "completion",
    "reasoning",
)


def sample_lines(store: Store, run: Row) -> Iterator[str]:
    """Yield JSONL, one line a sample: its last attempt, as HumanEval's and EvalPlus's evaluators read it.

    ``completion`` is what the former appends to the prompt, ``solution`` what the latter runs
    alone, ``raw`` the model's own text, ``result`` in the words of HumanEval's evaluator.
    """
    outcomes = _judged(store, run)
    setups = _setups(run, outcomes)
    for outcome in outcomes:
        for attempt in _last_attempts(outcome):
            solution = attempt.solution or ""
            line = {
                "task_id": outcome.task_id,
                "completion": FUTURE.sub("", solution),
                "solution": _alone(setups.get(outcome.task_id, ""), solution),
                "raw": attempt.completion,
                "passed": attempt.verdict.passed,
                "result": _result(attempt.verdict),
            }
            yield to_json(line) + "\n"


def prediction_lines(store: Store, run: Row, sample: int) -> Iterator[str]:
    """Yield SWE-bench's predictions: one patch a task, of the last attempt of one sample."""
    if not run["benchmark"].startswith("swebench"):
        other = f"run {run['run_id']} is of {run['benchmark']}"
        raise ConfigurationError(f"--format=predictions is SWE-bench's, {other}; use --format=samples")
    outcomes = _judged(store, run)
    for outcome in outcomes:
        patches = [_judged_patch(attempt) for attempt in _last_attempts(outcome) if attempt.sample == sample]
        if not patches:
            raise ConfigurationError(
                f"--sample={sample}: run {run['run_id']} has no such sample of {outcome.task_id}; give 0"
            )
        line = {
            "instance_id": outcome.task_id,
            "model_name_or_path": run["model"] or run["backend"],
            "model_patch": patches[0],
        }
        yield to_json(line) + "\n"


def _judged_patch(attempt: Attempt) -> str:
    """Return an attempt's patch less the edits to graded test files that were left out."""
    return without(attempt.solution or "", attempt.extra.get("left_out", ()))[0]


def csv_lines(store: Store, run: Row) -> Iterator[str]:
    """Yield CSV: a row an attempt with its task's columns, and one for a task without attempts."""
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


def _judged(store: Store, run: Row) -> list[TaskOutcome]:
    judged = [outcome for outcome in _outcomes(store, run) if outcome.status != "infra"]
    if not judged:
        raise ConfigurationError(f"run {run['run_id']} judged no task: there is nothing to export")
    return judged


def _last_attempts(outcome: TaskOutcome) -> list[Attempt]:
    """Return the last attempt of each sample, by sample."""
    return list({attempt.sample: attempt for attempt in outcome.attempts}.values())


def _setups(run: Row, outcomes: list[TaskOutcome]) -> Mapping[str, str]:
    """Return, by task, what runs before a solution; the dataset holds it, the store does not."""
    if run["benchmark"].startswith("swebench"):
        return {}
    settings = Settings.from_dict(run["settings"])
    if settings.benchmark.endswith(benchmarks.FILES):
        settings = replace(settings, benchmark=run["dataset"])  # its whole path
    else:
        offer_nearby(settings.benchmark)
    tasks: dict[str, Task] = {task.task_id: task for task in loading.load(settings).dataset.tasks}
    for outcome in outcomes:
        task = tasks.get(outcome.task_id)
        if task is None or task.fingerprint != outcome.task_fingerprint:
            raise ConfigurationError(
                f"{outcome.task_id} is not in {run['dataset']} as run {run['run_id']} had it; "
                "give its dataset back, or use --format=csv, which does not need it"
            )
    return {task_id: task.setup for task_id, task in tasks.items()}


def _alone(setup: str, solution: str) -> str:
    if not setup or not solution:
        return solution
    future = "".join(FUTURE.findall(solution))
    return f"{future}{setup}\n\n{FUTURE.sub('', solution)}"


def _result(verdict: Verdict) -> str:
    if verdict.passed:
        return "passed"
    return (
        "timed out"
        if verdict.kind == "timeout"
        else f"failed: {verdict.kind}: {verdict.message}".rstrip(": ")
    )


def _attempt_columns(attempt: Attempt) -> dict[str, Any]:
    public = attempt.public_verdict
    return {
        **vars(attempt),
        "verdict": attempt.verdict.kind,
        "message": attempt.verdict.message,
        "public_verdict": public.kind if public else None,
        "execution_seconds": attempt.verdict.seconds,
    }


def _csv_line(values: list[Any]) -> str:
    """Return a line of CSV; what cannot be UTF-8 is escaped, and NUL, which readers refuse."""
    line = io.StringIO()
    texts = ("" if value is None else str(value).replace("\0", "\\x00") for value in values)
    csv.writer(line, lineterminator="\n").writerow(texts)
    return line.getvalue().encode(errors="backslashreplace").decode()
