"""Choosing among the samples of a stored run, after the fact, and recording what was chosen."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from secrets import token_hex

from pytest_mcode import harnesses
from pytest_mcode.analysis.passk import stopped_early
from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses import checked
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.models import Model
from pytest_mcode.options.loop import ASK_MODEL
from pytest_mcode.records import Choice, Task
from pytest_mcode.results.export import LoadTasks
from pytest_mcode.selection import SELECTIONS, Evidence, choose
from pytest_mcode.settings import Settings
from pytest_mcode.store import Store, read_outcomes
from pytest_mcode.store.queries import Row, choice_rows, task_rows

__all__ = ["Progress", "check_ways", "no_progress", "select"]

Progress = Callable[[int, int], None]
"""Takes how many of the tasks are done, and how many there are."""


def no_progress(done: int, tasks: int) -> None:
    """Say nothing."""


def select(
    store: Store,
    run: Row,
    ways: Sequence[str],
    load_tasks: LoadTasks,
    *,
    model: Model | None = None,
    again: bool = False,
    progress: Progress = no_progress,
) -> None:
    """Choose by each of `ways` at each task that the run judged, and record it at once, task by task.

    What is recorded already stands, unless `again` asks for it anew. Samples run in a sandbox as the run had
    it; `model` writes tests where a way asks for them. Raises `ConfigurationError` where there is nothing to
    choose from, or the dataset has changed.
    """
    settings, harness = Settings.from_dict(run["settings"]), check_ways(store, run, ways)
    if model is None and (asking := [way for way in ways if way in ASK_MODEL]):
        raise ConfigurationError(
            f"--by {asking[0]}: a model writes tests for it, so name one: --model ID --backend NAME"
        )
    known = {(row["task_id"], row["by"]) for row in choice_rows(store, [run["run_id"]], run["test"])}
    wanted = {
        row["task_id"]: [way for way in ways if again or (row["task_id"], way) not in known]
        for row in task_rows(store, [run["run_id"]], run["test"])
        if row["status"] != "infra"
    }
    left = {task: missing for task, missing in wanted.items() if missing}
    if not left:
        return
    tasks = _tasks(run, store, load_tasks, list(left))
    session, harness = f"select-{token_hex(3)}", harness.configured(settings)
    if _runs(settings, left):
        harness.check_sandbox(settings, session, [*tasks.values()], lambda line: None)
    try:
        with (
            checked.opened_sandbox(harness, settings, session) as sandbox,
            closing(store.writable()) as writer,
        ):
            for done, (task_id, missing) in enumerate(left.items()):
                progress(done, len(left))
                outcome = next(read_outcomes(store, run["run_id"], task_id=task_id, test=run["test"]))
                evidence = Evidence(
                    task=tasks[task_id],
                    harness=harness,
                    sandbox=sandbox,
                    attempts=outcome.attempts,
                    seed=settings.seed,
                    model=model,
                )
                choices = _chosen(missing, evidence)
                writer.record_choices(run["run_id"], outcome.test, task_id, choices)
    finally:
        harness.remove_leftovers(settings, session)


def check_ways(store: Store, run: Row, ways: Sequence[str]) -> Harness:
    """Return the run's harness; raises `ConfigurationError` where none of `ways` can choose in the run."""
    for way in ways:
        if way not in SELECTIONS:
            raise ConfigurationError(f"--by: {way!r} is not allowed; give {', '.join(SELECTIONS)}")
    harness = harnesses.get(run["harness"])
    if harness is None:
        raise ConfigurationError(
            f"run {run['run_id']}: its harness {run['harness']!r} is not known here; "
            "stand where its conftest.py is"
        )
    for way in ways:
        if way not in harness.selections:
            raise ConfigurationError(
                f"--by {way}: samples of {run['benchmark']} ({harness.name}) cannot be run on inputs of "
                f"one's own; give {' or '.join(harness.selections)}"
            )
    judged = [row for row in task_rows(store, [run["run_id"]], run["test"]) if row["status"] != "infra"]
    _check_samples(run, judged)
    return harness


def _check_samples(run: Row, judged: Sequence[Row]) -> None:
    name = f"run {run['run_id']}"
    if not judged:
        raise ConfigurationError(f"{name} has judged no task: there is nothing to choose from")
    if run["samples"] > 1 and not run["all_samples"]:
        raise ConfigurationError(
            f"{name} stopped sampling at the first pass, so the judge decided what there is to choose from: "
            "run with --all-samples"
        )
    if max(row["samples"] for row in judged) < 2:
        raise ConfigurationError(
            f"{name} has one sample a task, which leaves no choice: run with --samples of 2 or more and "
            "--all-samples"
        )
    if seen := stopped_early((row["samples"], row["samples_passed"]) for row in judged):
        raise ConfigurationError(f"{name}: {seen}: make as many samples of every task")


def _tasks(run: Row, store: Store, load_tasks: LoadTasks, wanted: Sequence[str]) -> dict[str, Task]:
    found = load_tasks(run)
    known = {
        row["task_id"]: row["task_fingerprint"] for row in task_rows(store, [run["run_id"]], run["test"])
    }
    for task_id in wanted:
        if task_id not in found or found[task_id].fingerprint != known[task_id]:
            raise ConfigurationError(
                f"task {task_id} of run {run['run_id']} is not in {run['dataset']} as it was judged "
                "(fingerprint): give the revision of the dataset that the run had"
            )
    return {task_id: found[task_id] for task_id in wanted}


def _runs(settings: Settings, left: Mapping[str, Sequence[str]]) -> bool:
    """Whether anything has to be executed."""
    seen = {"first", *(["public"] if settings.feedback == "public" else [])}
    return any(way not in seen for missing in left.values() for way in missing)


def _chosen(ways: Sequence[str], evidence: Evidence) -> list[Choice]:
    try:
        return [choose(way, evidence) for way in ways]
    except InfraError as error:
        raise ConfigurationError(
            f"{evidence.task.task_id}: {error}; what was chosen so far is recorded: run the command again"
        ) from error
