"""How runs are told apart wherever several are shown: labels of which no two are equal."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any

from pytest_mcode.records import to_json
from pytest_mcode.results.configuration import configuration
from pytest_mcode.results.figures import brief, loop, model_name, replayed, short_id, visible

__all__ = ["labels", "with_labels", "with_names"]

Run = Mapping[str, Any]
"""A row of ``runs`` with its ``test`` and ``overridden``, or the figures of one."""
MOST = 3
"""Settings that a label names beyond model and loop."""


def labels(runs: Sequence[Run]) -> list[str]:
    """Return a label for each run that no other of them has: ``granite4:3b, n=1 d=4, seed=1``.

    It names benchmark, model, loop and test function as far as the runs differ in them; runs that are alike
    in these get the settings in which they differ, and at last their ids.
    """
    parts = _parts(runs)
    differing = [len(set(values)) > 1 for values in zip(*parts, strict=True)]
    shown = differing if any(differing) else (False, True, True, False)
    named = [", ".join(filter(None, compress(each, shown))) for each in parts]
    return _apart(runs, _apart(runs, named, _settings), _ids)


def with_labels(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the runs, each with its ``label``."""
    return [{**run, "label": label} for run, label in zip(runs, labels(runs), strict=True)]


def with_names(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the runs, each with its ``names``: model and configuration, for two columns of a table.

    Runs of one benchmark that are alike in both get the settings in which they differ.
    """
    parts = _parts(runs)
    alike = ["\n".join(each) for each in parts]
    further = [
        named.removeprefix(before).strip(", ")
        for named, before in zip(_apart(runs, alike, _settings), alike, strict=True)
    ]
    return [
        {**run, "names": (model, f"{loop} {more}".strip())}
        for run, (_, model, loop, _), more in zip(runs, parts, further, strict=True)
    ]


def _parts(runs: Sequence[Run]) -> list[tuple[str, str, str, str]]:
    revisions: dict[str, set[str]] = defaultdict(set)
    backends: dict[str, set[str]] = defaultdict(set)
    models = [model_name(run) for run in runs]
    for run, model in zip(runs, models, strict=True):
        revisions[run["benchmark"]].add(run["dataset_fingerprint"])
        backends[model].add(run["backend"])
    found = []
    for run, model in zip(runs, models, strict=True):
        revision = f"@{run['dataset_fingerprint'][:7]}" if len(revisions[run["benchmark"]]) > 1 else ""
        backend = f" ({run['backend']})" if len(backends[model]) > 1 else ""
        test = visible(str(run.get("test") or "").removeprefix(f"{run['benchmark']}::"))
        found.append((visible(f"{run['benchmark']}{revision}"), model + backend, _short_loop(run), test))
    return found


def _short_loop(run: Run) -> str:
    """Leave out whose answers a replay read where that is the name of the model."""
    source = replayed(run["settings"].get("replay") or "")
    return loop(run).replace(f"replay of {source}", "replay") if model_name(run) in source else loop(run)


def _apart(
    runs: Sequence[Run], named: Sequence[str], further: Callable[[Sequence[Run]], list[str]]
) -> list[str]:
    """Add to labels that are equal what `further` tells of the runs that have them."""
    found = list(named)
    places: dict[str, list[int]] = defaultdict(list)
    for index, label in enumerate(named):
        places[label].append(index)
    for label, indices in places.items():
        if len(indices) > 1:
            for index, more in zip(indices, further([runs[index] for index in indices]), strict=True):
                found[index] = ", ".join(filter(None, [label, more]))
    return found


def _settings(runs: Sequence[Run]) -> list[str]:
    """Name the settings in which runs differ, the seed first: it is what tells repeats apart."""
    chosen = [configuration(run) for run in runs]
    names = sorted(dict.fromkeys(name for each in chosen for name in each), key=lambda name: name != "seed")
    differing = [name for name in names if len({to_json(each.get(name)) for each in chosen}) > 1]
    return [
        " ".join(f"{name.replace('_', '-')}={brief(each.get(name))}" for name in differing[:MOST])
        for each in chosen
    ]


def _ids(runs: Sequence[Run]) -> list[str]:
    short = [short_id(run["run_id"]) for run in runs]
    return short if len(set(short)) == len(short) else [run["run_id"] for run in runs]
