"""What our fixtures must be, and which of them a session has overridden: both are seen as they are set up."""

import hashlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import to_json

__all__ = ["check_fixture", "details", "origin_of", "with_source"]

MUST_HAVE = {
    "mcode_model": ("generate(request) -> Completion",),
    "mcode_helper": ("generate(request) -> Completion",),
    "mcode_prompt": ("first(task) -> messages", "repair(task, verdict) -> message", "hash"),
    "mcode_repair": ("messages(failure) -> messages", "hash"),
    "mcode_sandbox": (),
    "mcode_solver": (),
    "mcode_model_options": (),
}
"""By the names of the fixtures that may be overridden."""


def check_fixture(name: str, value: Any, origin: str) -> None:
    """Raise `ConfigurationError` where a fixture of ours returned what cannot serve as it."""
    if name not in MUST_HAVE:
        return
    problem = _problem(name, value)
    if problem:
        raise ConfigurationError(
            f"fixture {name} ({origin}) returned {_named(value)}, {problem}; "
            f"pytest_mcode.fixtures.{name} says what it must return"
        )


def details(name: str, value: Any) -> str:
    """Return what a run's record needs of an overriding fixture besides its file and what this holds."""
    if name == "mcode_model_options":
        return f": {to_json(value)}"
    return f" (hash {value.hash})" if name in ("mcode_prompt", "mcode_repair") else ""


def with_source(name: str, path: Path) -> str:
    """Return `name` with a hash of the file at `path`: another model under the same name is another one."""
    return f"{name} (source {hashlib.sha256(path.read_bytes()).hexdigest()[:8]})"


def _problem(name: str, value: Any) -> str:
    if name == "mcode_solver" and not callable(value):
        return "which cannot be called with a task"
    if name == "mcode_model_options" and not _is_json_object(value):
        return "which is not a dict of names and JSON values"
    if name == "mcode_sandbox" and not (hasattr(value, "run") or hasattr(value, "judge")):
        return "which has no run()"
    if isinstance(value, type):
        return "which is a class: return an object of it"
    lacking = [each for each in MUST_HAVE[name] if not hasattr(value, each.partition("(")[0])]
    return f"which has no {', '.join(lacking)}" if lacking else ""


def _is_json_object(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _named(value: Any) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__}"


def origin_of(fixturedef: pytest.FixtureDef[Any], root: Path) -> tuple[str, Path] | None:
    """Return the file that overrides a fixture of ours, named from `root`; None where nothing does."""
    if fixturedef.argname not in MUST_HAVE or fixturedef.func.__module__ == "pytest_mcode.fixtures":
        return None
    path = Path(inspect.getfile(inspect.unwrap(fixturedef.func)))
    return str(path.relative_to(root) if path.is_relative_to(root) else path), path
