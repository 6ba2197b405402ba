"""Which runs are repeats of one configuration, and in what two configurations differ."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.records import to_json
from pytest_mcode.settings import option_specs

__all__ = ["configuration_key", "differences"]

Run = Mapping[str, Any]
"""A row of ``runs``; with ``test`` and ``overridden`` also one of its test functions."""
RECORDED = ("dataset_fingerprint", "prompt_hash", "model_digest")
"""What else than settings makes two runs differ."""


def configuration(run: Run) -> dict[str, Any]:
    """Return what can change a run's results; settings that this version does not know count as such."""
    harmless = {spec.field for spec in option_specs() if not spec.changes_result}
    settings = {name: value for name, value in run["settings"].items() if name not in harmless}
    tested = {"test": run["test"], **run["overridden"]} if "test" in run else {}
    return settings | {name: run[name] for name in RECORDED} | tested


def configuration_key(run: Run, *besides: str) -> str:
    """Return a key that repeats share: runs equal in all but the seed, and what `besides` names."""
    chosen = {name: value for name, value in configuration(run).items() if name not in ("seed", *besides)}
    return to_json(chosen)


def differences(a: Run, b: Run) -> dict[str, tuple[Any, Any]]:
    """Return, by name, the pairs of values in which two runs' configurations differ, but the seed."""
    ours, theirs = configuration(a), configuration(b)
    names = [*ours, *(name for name in theirs if name not in ours)]
    return {
        name: (ours.get(name), theirs.get(name))
        for name in names
        if name != "seed" and ours.get(name) != theirs.get(name)
    }
