"""Answers that exist already, for judging them again: a file of samples or predictions, or a stored run."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store.reading import read_outcomes
from pytest_mcode.store.store import Store

__all__ = ["Answer", "Answers", "read_answers_of_run", "read_samples"]

TEXTS = ("raw", "solution", "completion")
"""Columns that may hold the answer, the fullest first; ``model_patch`` in SWE-bench's predictions."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One attempt's answer, as it was given."""

    completion: str
    """What to extract the solution from; the solution itself where `solution` is given."""
    solution: str | None
    """What to judge as it is; None where it has to be extracted."""
    finish_reason: str = ""
    line: int | None = None
    """Where it stands in its file."""


Answers = Mapping[str, list[list[Answer]]]
"""By task, then by sample, the attempts in their order."""


def read_answers_of_run(store: Store, run_id: str, test: str | None = None) -> Answers:
    """Return every attempt that a run made at tasks that it judged."""
    found: dict[str, list[list[Answer]]] = {}
    for outcome in read_outcomes(store, run_id, test=test):
        if outcome.status == "infra":
            continue
        samples: dict[int, list[Answer]] = {}
        for attempt in outcome.attempts:
            answer = Answer(
                completion=attempt.completion, solution=attempt.solution, finish_reason=attempt.finish_reason
            )
            samples.setdefault(attempt.sample, []).append(answer)
        found[outcome.task_id] = list(samples.values())
    return found


def read_samples(path: Path) -> Answers:
    """Read JSONL, a line a sample, as `mcode export` or the reference evaluators write it; also gzipped.

    A line has ``task_id`` and one of ``raw`` and ``completion`` (what to extract from) and ``solution``
    (judged as it is), or ``instance_id`` and ``model_patch``. Raises `ConfigurationError` with the line.
    """
    found: dict[str, list[list[Answer]]] = {}
    predicted: dict[str, int] = {}
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        row = _row(line, where)
        if "instance_id" in row:
            task_id = _text(row, "instance_id", where)
            answer = _prediction(row, number, where)
            if task_id in predicted:
                raise ConfigurationError(
                    f"{where}: a second prediction for {task_id}, whose first is in line {predicted[task_id]}"
                )
            predicted[task_id] = number
        else:
            task_id, answer = _text(row, "task_id", where), _sample(row, number, where)
        found.setdefault(task_id, []).append([answer])
    if not found:
        raise ConfigurationError(f"{path} holds no sample; give what `mcode export` wrote")
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.strip()
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path}: {reason}; give a JSONL file of samples, or a run") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no text in UTF-8; give a JSONL file of samples") from error


def _open(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{where}: not JSON: {error.msg}, column {error.colno}") from error
    if not isinstance(row, dict):
        raise ConfigurationError(f"{where}: not an object, but {type(row).__name__}")
    return row


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: {name} is {'missing' if value is None else 'no text'}")
    return value


def _sample(row: Mapping[str, Any], number: int, where: str) -> Answer:
    name = next((name for name in TEXTS if row.get(name) is not None), None)
    if name is None:
        raise ConfigurationError(f"{where}: one of {', '.join(TEXTS)} is needed")
    text = _text(row, name, where)
    return Answer(completion=text, solution=text if name == "solution" else None, line=number)


def _prediction(row: Mapping[str, Any], number: int, where: str) -> Answer:
    if row.get("model_patch") is None and "model_patch" in row:
        return Answer(completion="", solution=None, line=number)
    patch = _text(row, "model_patch", where)
    return Answer(completion=patch, solution=patch or None, line=number)
