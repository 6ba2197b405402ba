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

__all__ = ["Replayed", "as_generated", "read_answers"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replayed:
    """What is judged again."""

    answers: StoredAnswers
    source: str
    """A path, or a run's id."""
    model: str | None
    """Who gave the answers, where that is known of all of them."""


def read_answers(settings: Settings, tasks: Sequence[Task]) -> Replayed:
    """Return what ``--mcode-replay`` names: a file of samples, predictions or an archived run, else a run.

    Raises `ConfigurationError`, with the line, for a task that the benchmark does not have.
    """
    from pytest_mcode.store import Store
    from pytest_mcode.store.archive import SUFFIXES, is_archive
    from pytest_mcode.store.queries import find_run, find_runs
    from pytest_mcode.store.samples import read_answers_of_run, read_samples

    source = settings.replay or ""
    if Path(source).is_dir():
        raise ConfigurationError(
            f"--mcode-replay: {source} is a directory; give a file of samples or predictions in it, or a run"
        )
    path = Path(source)
    if is_archive(path):
        with Store.open(source, read_only=True) as store:
            runs = find_runs(store)
            if len(runs) > 1:
                merged = f"`mcode merge {source}` puts them into a store, from which --mcode-replay takes one"
                raise ConfigurationError(f"--mcode-replay: {source} holds {len(runs)} runs; {merged}")
            source, model = str(path.resolve()), runs[0]["model"] or runs[0]["backend"]
            answers = read_answers_of_run(store, runs[0]["run_id"])
    elif path.suffix in SUFFIXES or path.is_file():
        answers = read_samples(path)
        source = str(path.resolve())
        model = _model_of(answers)
    else:
        with Store.open(settings.db, read_only=True) as store:
            run = find_run(store, source)
            source, model = run["run_id"], run["model"] or run["backend"]
            answers = read_answers_of_run(store, source)
    _refuse_unknown(answers, [task.task_id for task in tasks], settings)
    plain = {
        task_id: [[dataclasses.asdict(answer) for answer in attempts] for attempts in samples]
        for task_id, samples in answers.items()
    }
    return Replayed(answers=plain, source=source, model=model)


def _model_of(answers: "Answers") -> str | None:
    named = {answer.model for samples in answers.values() for attempts in samples for answer in attempts}
    return (named.pop() or None) if len(named) == 1 else None


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


def as_generated(settings: Settings, replayed: Replayed) -> Settings:
    """Return settings that name source and model, with the budget of the answers as far as they tell it."""
    answers = replayed.answers
    samples = {len(each) for each in answers.values()}
    iterations = max(len(attempts) for each in answers.values() for attempts in each) - 1
    fixed = len(samples) == 1 and samples != {1}
    return dataclasses.replace(
        settings,
        replay=replayed.source,
        model=settings.model or replayed.model,
        samples=max(samples),
        all_samples=fixed,
        debug_iters=iterations,
    )
