"""Answers that exist already, for judging them again: a file of samples or predictions, or a stored run."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store.archive import GZIP_MAGIC
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
    model: str = ""
    """Who gave it, where that is told."""
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
    """Read samples or predictions: JSONL, a line each, or one JSON list or object; also gzipped.

    A row has ``task_id`` and one of ``raw`` and ``completion`` (what to extract from) and ``solution``
    (judged as it is), as `mcode export` and the reference evaluators write it, or ``instance_id`` and
    ``model_patch``, as SWE-bench's predictions do; in an object (``preds.json``) the keys are the ids.
    Raises `ConfigurationError` with the place.
    """
    found: dict[str, list[list[Answer]]] = {}
    predicted: dict[str, str] = {}
    for place, line, row in _rows(_read(path), path):
        where = f"{path}, {place}"
        if "instance_id" in row:
            task_id = _text(row, "instance_id", where)
            answer = _prediction(row, line, where)
            if task_id in predicted:
                raise ConfigurationError(
                    f"{where}: a second prediction for {task_id}, whose first is in {predicted[task_id]}"
                )
            predicted[task_id] = place
        else:
            task_id, answer = _text(row, "task_id", where), _sample(row, line, where)
        found.setdefault(task_id, []).append([answer])
    if not found:
        raise ConfigurationError(f"{path} holds no sample; give what `mcode export` wrote")
    return found


def _read(path: Path) -> str:
    """Return a file's text: UTF-8, with or without a byte order mark, its lines ending in LF."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz" or content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path}: {reason}; give a JSONL file of samples, or a run") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not text in UTF-8; give a JSONL file of samples") from error


def _rows(text: str, path: Path) -> Iterator[tuple[str, int | None, dict[str, Any]]]:
    """Yield each row with its place, in words and, where it is one, as a line."""
    whole = _whole(text, path)
    if isinstance(whole, list):
        for number, row in enumerate(whole, start=1):
            yield f"entry {number}", None, _object(row, f"{path}, entry {number}")
    elif isinstance(whole, dict):
        for key, value in whole.items():
            row = _object(value, f"{path}, {key}")
            name = "instance_id" if "model_patch" in row else "task_id"
            if row.setdefault(name, key) != key:
                raise ConfigurationError(f"{path}, {key}: its {name} is {row[name]!r}")
            yield key, None, row
    else:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                where = f"{path}, line {number}"
                yield f"line {number}", number, _object(_parsed(line.strip(), where), where)


def _whole(text: str, path: Path) -> list[Any] | dict[str, Any] | None:
    """Return the list, or the object of rows, that a file is as a whole; None where it is JSONL."""
    is_json = ".json" in path.suffixes
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if is_json and text.strip() and not error.msg.startswith("Extra data"):
            place = f"line {error.lineno}, column {error.colno}"
            raise ConfigurationError(f"{path}: not JSON: {error.msg}, {place}") from error
        return None
    except RecursionError:
        return None
    if isinstance(value, dict):
        by_id = is_json and {"task_id", "instance_id"}.isdisjoint(value)
        return value if by_id or all(isinstance(row, dict) for row in value.values()) else None
    return value if isinstance(value, list) else None


def _parsed(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{where}: not JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{where}: not JSON: nested too deeply") from error


def _object(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ConfigurationError(f"{where}: not an object, but {type(row).__name__}")
    return row


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if value is None:
        raise ConfigurationError(
            f"{where}: {name} is missing; a row has a task_id and one of {', '.join(TEXTS)}, as `mcode "
            "export` writes it, or instance_id and model_patch"
        )
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: {name} is no text; give it as a string")
    return value


def _sample(row: Mapping[str, Any], line: int | None, where: str) -> Answer:
    name = next((name for name in TEXTS if row.get(name) is not None), None)
    if name is None:
        raise ConfigurationError(f"{where}: one of {', '.join(TEXTS)} is needed")
    text = _text(row, name, where)
    return Answer(completion=text, solution=text if name == "solution" else None, line=line)


def _prediction(row: Mapping[str, Any], line: int | None, where: str) -> Answer:
    named = row.get("model_name_or_path")
    model = named if isinstance(named, str) else ""
    if row.get("model_patch") is None and "model_patch" in row:
        return Answer(completion="", solution=None, model=model, line=line)
    patch = _text(row, "model_patch", where)
    if patch and not patch.endswith("\n"):
        patch += "\n"  # git takes no patch whose last line does not end
    return Answer(completion=patch, solution=patch or None, model=model, line=line)
