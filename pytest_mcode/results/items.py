"""Tasks across runs: how often each configuration solves one; which tell nothing, divide, or are flaky."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.configuration import configuration_key
from pytest_mcode.results.figures import loop, natural, title
from pytest_mcode.results.sides import with_test
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, all_attempt_rows, task_rows

__all__ = ["items"]

JUDGED_BY = ("timeout", "mem_limit", "pids_limit", "judge", "image", "sandbox")
"""Settings under which equal solutions should get equal verdicts."""


def items(store: Store, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the runs say of each task, JSON types.

    ``configurations``: each with its ``title``, ``loop`` and ``run_ids`` (equal in all but the seed).
    ``tasks``: in order of their ids, each with ``shares`` (by configuration the mean over its runs of the
    share of samples that passed where all samples were started, else of solved; None where none judged it),
    ``spread`` (the largest less the smallest share, None below two) and ``flaky`` (solutions of equal text
    that were judged under equal limits, and passed and failed). ``never`` and ``always`` list the tasks that
    nobody, or everybody at every try, solved: they tell configurations not apart. Population: these tasks.
    Raises `ConfigurationError` where the runs are of several datasets, or judged nothing.
    """
    if len(sets := {(row["benchmark"], row["dataset_fingerprint"]) for row in rows}) > 1:
        names = ", ".join(sorted(f"{name}@{fingerprint[:7]}" for name, fingerprint in sets))
        raise ConfigurationError(f"the runs are of several datasets ({names}); name one benchmark, or --run")
    outcomes = task_rows(store, [row["run_id"] for row in rows])
    groups = _configurations(rows, outcomes)
    shares = [_shares(runs, outcomes) for runs in groups]
    flaky = _flaky(store, rows)
    found = [
        _item(task, shares, flaky) for task in sorted({task for each in shares for task in each}, key=natural)
    ]
    if not found:
        raise ConfigurationError("no run here has judged a task; see `mcode results` for runs that have")
    return {
        "benchmark": rows[0]["benchmark"],
        "dataset_fingerprint": rows[0]["dataset_fingerprint"],
        "configurations": [
            {"title": title(runs[0]), "loop": loop(runs[0]), "run_ids": [run["run_id"] for run in runs]}
            for runs in groups
        ],
        "tasks": found,
        "never": [each["task_id"] for each in found if not any(_known(each["shares"]))],
        "always": [each["task_id"] for each in found if all(share == 1 for share in _known(each["shares"]))],
    }


def _configurations(rows: Sequence[Row], outcomes: Sequence[Row]) -> list[list[Row]]:
    """Return test functions of runs, those that are repeats of each other together."""
    tests = dict.fromkeys((each["run_id"], each["test"]) for each in outcomes)
    runs = {row["run_id"]: row for row in rows}
    groups: dict[str, list[Row]] = {}
    for run_id, test in tests:
        run = with_test(runs[run_id], test)
        groups.setdefault(configuration_key(run), []).append(run)
    return list(groups.values())


def _shares(runs: Sequence[Row], outcomes: Sequence[Row]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    meant = {(run["run_id"], run["test"]) for run in runs}
    for each in outcomes:
        if (each["run_id"], each["test"]) in meant and each["status"] != "infra":
            found.setdefault(each["task_id"], []).append(_share(each, all_samples=runs[0]["all_samples"]))
    return {task: sum(shares) / len(shares) for task, shares in found.items()}


def _share(outcome: Row, *, all_samples: bool) -> float:
    if all_samples and outcome["samples"]:
        return float(outcome["samples_passed"] / outcome["samples"])
    return float(outcome["status"] == "solved")


def _item(task: str, shares: Sequence[Mapping[str, float]], flaky: Mapping[str, int]) -> dict[str, Any]:
    by_configuration = [each.get(task) for each in shares]
    known = list(_known(by_configuration))
    return {
        "task_id": task,
        "shares": by_configuration,
        "spread": max(known) - min(known) if len(known) > 1 else None,
        "flaky": flaky.get(task, 0),
    }


def _known(shares: Sequence[float | None]) -> Iterator[float]:
    return (share for share in shares if share is not None)


def _flaky(store: Store, rows: Sequence[Row]) -> dict[str, int]:
    """Return by task how many solutions both passed and failed."""
    limits = {row["run_id"]: tuple(str(row["settings"].get(name)) for name in JUDGED_BY) for row in rows}
    columns = ("run_id", "task_id", "task_fingerprint", "status", "solution", "verdict")
    seen: dict[tuple[Any, ...], set[bool]] = {}
    for row in all_attempt_rows(store, list(limits), columns=columns):
        if row["solution"] is not None and row["status"] != "infra":
            key = (row["task_id"], row["task_fingerprint"], limits[row["run_id"]], row["solution"])
            seen.setdefault(key, set()).add(row["verdict"] == "passed")
    found: dict[str, int] = {}
    for key, verdicts in seen.items():
        if len(verdicts) > 1:
            found[key[0]] = found.get(key[0], 0) + 1
    return found
