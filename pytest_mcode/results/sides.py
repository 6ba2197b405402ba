"""The two sides of a comparison: a run, or the repeats of one configuration, as a score for each task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pytest_mcode.analysis.summary import overridden
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.answers import distinct
from pytest_mcode.results.configuration import configuration_key, differences
from pytest_mcode.results.figures import brief
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, RunFilter, find_run, find_runs, task_rows

__all__ = ["Pairing", "Side", "load_run_and_test", "load_side", "pair", "with_test"]

FILTERS: Mapping[str, Any] = {
    "samples": int,
    "debug_iters": int,
    "timeout": float,
    "retrieval": lambda text: {"true": True, "false": False}[text.lower()],
}
"""How the values of filters are read; the others are text."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One configuration's scores."""

    name: str
    runs: Sequence[Row]
    """One, or repeats; each with the ``test`` function that is meant."""
    scores: Mapping[str, float]
    """By task: the share of the runs that judged it which solved it. Repeats are never pooled."""
    fingerprints: Mapping[str, str]
    """Of those tasks."""
    lost: Sequence[str]
    """Tasks that no run judged, for our or the server's fault."""
    same_answers: Mapping[str, str]
    """Runs that are no draws of their own, left out: see `answers.Repeats`."""
    partial: Sequence[str]
    """Runs that judged fewer tasks than another of them."""


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The tasks on which two sides can be compared, and why the others cannot."""

    tasks: Sequence[str]
    other_content: Sequence[str]
    """Tasks of the same id whose fingerprints differ."""
    only_a: int
    only_b: int


def load_side(store: Store, name: str) -> Side:
    """Load a run (``RUN`` or ``RUN::TEST``), or what a filter (``model=m,samples=5``) selects.

    Raises `ConfigurationError` where there is no such run, or the filter selects more than one configuration.
    """
    runs = _filtered(store, name) if "=" in name.partition("::")[0] else [load_run_and_test(store, name)]
    repeats = distinct(store, runs)
    solved: dict[str, list[bool]] = {}
    fingerprints: dict[str, str] = {}
    infra: set[str] = set()
    answered: dict[str, int] = {}
    for run in repeats.runs:
        rows = task_rows(store, [run["run_id"]], run["test"])
        answered[run["run_id"]] = len(rows)
        for row in rows:
            if row["status"] == "infra":
                infra.add(row["task_id"])
            else:
                solved.setdefault(row["task_id"], []).append(row["status"] == "solved")
                fingerprints[row["task_id"]] = row["task_fingerprint"]
    scores = {task: sum(each) / len(each) for task, each in solved.items()}
    return Side(
        name=name,
        runs=repeats.runs,
        scores=scores,
        fingerprints=fingerprints,
        lost=sorted(infra - scores.keys()),
        same_answers=repeats.same_answers,
        partial=[run_id for run_id, tasks in answered.items() if tasks < max(answered.values())],
    )


def load_run_and_test(store: Store, name: str) -> Row:
    """Return the run that ``RUN`` or ``RUN::TEST`` names, with its ``test`` function.

    Raises `ConfigurationError` where the run has several test functions and none is named.
    """
    run_id, _, test = name.partition("::")
    run = find_run(store, run_id)
    return with_test(run, _test(store, run, test))


def pair(a: Side, b: Side) -> Pairing:
    """Return the common tasks; raises `ConfigurationError` where there is none, or a run is on both sides."""
    theirs = {(run["run_id"], run["test"]) for run in b.runs}
    shared = [run["run_id"] for run in a.runs if (run["run_id"], run["test"]) in theirs]
    if shared:
        raise ConfigurationError(
            f"{a.name} and {b.name} both mean run {shared[0]}: a run compared with itself shows nothing; "
            "give two different ones"
        )
    common = [task for task in a.scores if task in b.scores]
    same = [task for task in common if a.fingerprints[task] == b.fingerprints[task]]
    both = f"{a.name} and {b.name}"
    for side in (a, b):
        if not side.scores and side.lost:
            raise ConfigurationError(
                f"{side.name} judged no task: each of its {len(side.lost)} ended in infra; go on with it "
                "(--mcode-resume-run)"
            )
    if not common:
        found = f"{_example(a)}, {_example(b)}"
        one = a.runs[0]["benchmark"] == b.runs[0]["benchmark"]
        remedy = "select the same tasks in both" if one else "compare runs of one benchmark"
        raise ConfigurationError(f"{both} have no common task: {found}; {remedy}")
    if not same:
        alike = f"{len(common)} tasks of the same id, such as {common[0]}"
        raise ConfigurationError(
            f"{both} have {alike}, but none of the same content (fingerprint); "
            "compare runs over the same revision of the dataset"
        )
    return Pairing(
        tasks=same,
        other_content=[task for task in common if task not in set(same)],
        only_a=len(a.scores) - len(common),
        only_b=len(b.scores) - len(common),
    )


def _example(side: Side) -> str:
    tasks = list(side.scores)
    return f"{side.name} judged {len(tasks)}{f' such as {tasks[0]}' if tasks else ''}"


def _filtered(store: Store, name: str) -> list[Row]:
    selector, _, test = name.partition("::")
    runs = [with_test(run, _test(store, run, test)) for run in find_runs(store, _filter(selector))]
    if not runs:
        raise ConfigurationError(f"no run matches {name!r}; `mcode results` lists the runs")
    for run in runs:
        if configuration_key(run) != configuration_key(runs[0]):
            unlike = ", ".join(
                f"{setting} ({brief(ours)} and {brief(theirs)})"
                for setting, (ours, theirs) in differences(runs[0], run).items()
            )
            raise ConfigurationError(
                f"{name!r} selects runs of several configurations, which differ in {unlike}; narrow it"
            )
    return runs


def _filter(text: str) -> RunFilter:
    known = [field.name for field in fields(RunFilter)]
    values: dict[str, list[Any]] = {}
    for part in text.split(","):
        key, _, value = part.partition("=")
        name = key.strip().replace("-", "_")
        if name not in known:
            raise ConfigurationError(
                f"{text!r}: cannot select runs by {key.strip()!r}; there are {', '.join(known)}"
            )
        try:
            values.setdefault(name, []).append(FILTERS.get(name, str)(value.strip()))
        except (ValueError, KeyError):
            raise ConfigurationError(f"{text!r}: {value.strip()!r} is not a value of {name}") from None
    return RunFilter(**values)


def with_test(run: Row, test: str | None) -> Row:
    """Return a run with one of its test functions, and what was overridden there."""
    return {**run, "test": test, "overridden": overridden(run, test)}


def _test(store: Store, run: Row, wanted: str) -> str | None:
    tests = list(dict.fromkeys(row["test"] for row in task_rows(store, [run["run_id"]])))
    found = [test for test in tests if test == wanted or test.endswith(f"::{wanted}")] if wanted else tests
    if len(found) > 1 or (wanted and not found):
        hint = ", ".join(f"{run['run_id']}::{test}" for test in tests)
        reason = "has several test functions" if found else f"has no test function {wanted!r}"
        raise ConfigurationError(f"run {run['run_id']} {reason}; give {hint}")
    return found[0] if found else None
