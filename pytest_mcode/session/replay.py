"""What ``--mcode-replay`` judges again, read from a file or a stored run, and the budget it was made with."""

import dataclasses
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task
from pytest_mcode.settings import Settings
from pytest_mcode.solving.replay import StoredAnswers

if TYPE_CHECKING:
    from pytest_mcode.store.samples import Answers

__all__ = ["as_generated", "read_answers"]


def read_answers(settings: Settings, tasks: Sequence[Task]) -> tuple[StoredAnswers, str]:
    """Return what ``--mcode-replay`` names, a file of samples or predictions, else a run; and its path or id.

    Raises `ConfigurationError`, with the line, for a task that the benchmark does not have.
    """
    from pytest_mcode.store import Store
    from pytest_mcode.store.queries import find_run
    from pytest_mcode.store.samples import read_answers_of_run, read_samples

    source = settings.replay or ""
    if Path(source).suffix in (".jsonl", ".json", ".gz") or Path(source).is_file():
        answers = read_samples(Path(source))
        source = str(Path(source).resolve())
    else:
        with Store.open(settings.db, read_only=True) as store:
            source = find_run(store, source)["run_id"]
            answers = read_answers_of_run(store, source)
    _refuse_unknown(answers, [task.task_id for task in tasks], settings)
    plain = {
        task_id: [[dataclasses.asdict(answer) for answer in attempts] for attempts in samples]
        for task_id, samples in answers.items()
    }
    return plain, source


def _refuse_unknown(answers: "Answers", known: Sequence[str], settings: Settings) -> None:
    unknown = next((task_id for task_id in answers if task_id not in set(known)), None)
    if unknown is None:
        return
    line = answers[unknown][0][0].line
    near = get_close_matches(unknown, known, n=2)
    raise ConfigurationError(
        f"--mcode-replay: {settings.replay}{f', line {line}' if line else ''}: "
        f"{settings.benchmark} has no task {unknown!r}" + (f"; near ones: {', '.join(near)}" if near else "")
    )


def as_generated(settings: Settings, answers: StoredAnswers, source: str) -> Settings:
    """Return settings that name the source, with the budget of its answers as far as they tell it."""
    samples = {len(each) for each in answers.values()}
    iterations = max(len(attempts) for each in answers.values() for attempts in each) - 1
    fixed = len(samples) == 1 and samples != {1}
    return dataclasses.replace(
        settings, replay=source, samples=max(samples), all_samples=fixed, debug_iters=iterations
    )
