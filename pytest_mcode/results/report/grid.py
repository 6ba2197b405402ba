"""The grid of tasks, what failed in each cell, and the panels behind it."""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pytest_mcode.deciding import answers
from pytest_mcode.records import Task, TaskOutcome, VerdictKind, to_json
from pytest_mcode.results.figures import natural, visible
from pytest_mcode.results.panel import attempt_panels, fragment, statement_panel
from pytest_mcode.store import Store, read_outcomes

__all__ = ["KINDS", "grid", "what_failed"]

KINDS = ("passed", "repaired", *get_args(VerdictKind)[1:], "infra")
"""What a cell of the grid shows; ``repaired`` passed after its first attempt."""
TRACEBACK = "Traceback (most recent call last):"
Tasks = Mapping[str, Task]


def grid(
    store: Store,
    runs: Sequence[Mapping[str, Any]],
    benchmarks: Sequence[Mapping[str, Any]],
    known: Sequence[Tasks],
) -> dict[str, Any]:
    """Return ``tasks``, and as ``panels`` what is behind each, deflated: pages stay small and open at once.

    `known` has the tasks of each benchmark, as far as its dataset is at hand. A task is of one benchmark:
    its ``runs`` are those of that, None where it is not in a run.
    """
    tasks: list[dict[str, Any]] = []
    panels: list[str] = []
    for place, benchmark in enumerate(benchmarks):
        outcomes = [
            {
                outcome.task_id: outcome
                for outcome in read_outcomes(store, runs[run]["run_id"], test=runs[run]["test"])
            }
            for run in benchmark["runs"]
        ]
        for task in sorted({task for each in outcomes for task in each}, key=natural):
            found = [each.get(task) for each in outcomes]
            tasks.append({"id": task, "benchmark": place, "runs": [_cell(outcome) for outcome in found]})
            panels.append(_deflated(_panels(found, known[place].get(task))))
    return {"tasks": tasks, "panels": panels}


def _cell(outcome: TaskOutcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "status": outcome.status,
        "kinds": [KINDS.index(kind) for kind in _kinds(outcome)],
        "note": what_failed(outcome),
    }


def _kinds(outcome: TaskOutcome) -> Iterator[str]:
    """Yield what became of each sample."""
    if outcome.status == "infra":
        yield "infra"
        return
    for attempt in answers(outcome.attempts):
        yield "repaired" if attempt.verdict.passed and attempt.iteration else attempt.verdict.kind


def what_failed(outcome: TaskOutcome) -> str:
    """Return why a task is not solved, in a line: the cause of infra, or what the deciding attempt failed by.

    Of several samples it is the last one's. Of a traceback it is the exception.
    """
    if outcome.status == "solved":
        return ""
    if outcome.error or not outcome.attempts:
        return _line(outcome.error)
    verdict = answers(outcome.attempts)[-1].verdict
    told = _line(verdict.message)
    return told if told.startswith(verdict.kind) else f"{verdict.kind}: {told}".rstrip(": ")


def _line(message: str) -> str:
    lines = [line for line in message.strip().splitlines() if line.strip()] or [""]
    if TRACEBACK in lines[0]:
        lines = [line for line in lines[1:] if not line[0].isspace()] or lines[-1:]
    return visible(", ".join(lines[:2]) if TRACEBACK in message else lines[0])[:200]


def _panels(outcomes: Sequence[TaskOutcome | None], task: Task | None) -> dict[str, Any]:
    there = [outcome for outcome in outcomes if outcome]
    with_attempts = next((outcome for outcome in there if outcome.attempts), there[0])
    return {
        "statement": statement_panel(with_attempts, task),
        "runs": [
            outcome
            and {
                "error": visible(outcome.error),
                "attempts": [
                    [fragment(attempt), KINDS.index(attempt.verdict.kind), panel]
                    for attempt, panel in zip(outcome.attempts, attempt_panels(outcome.attempts), strict=True)
                ],
            }
            for outcome in outcomes
        ],
    }


def _deflated(value: object) -> str:
    return base64.b64encode(zlib.compress(to_json(value).encode("ascii"))).decode("ascii")
