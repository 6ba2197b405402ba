"""Which runs are repeats of one configuration, and in what two configurations differ."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.records import to_json
from pytest_mcode.results.by_harness import options_of_others
from pytest_mcode.settings import MODEL_FREE_BACKENDS, option_specs

__all__ = ["applicable", "configuration_key", "differences"]

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


def applicable(run: Run) -> dict[str, Any]:
    """Return the settings of a run without those at their default that its parts have no use for."""
    settings = run["settings"]
    idle = options_of_others(run)
    if settings["backend"] in MODEL_FREE_BACKENDS:
        idle |= {"request_timeout", "retries"}
    if settings.get("sandbox") == "process":
        idle |= {"image", "isolation"}
    if not settings["retrieval"]:
        idle |= {"retrieval_k", "retrieval_source"}
    if not settings.get("fail_under_run"):
        idle |= {"margin"}
    if "mcode_solver" in run["overridden"]:
        idle |= {"samples", "all_samples", "debug_iters", "strategy"}
    defaults = {spec.field: spec.default for spec in option_specs()}
    return {
        name: value for name, value in settings.items() if name not in idle or value != defaults.get(name)
    }
