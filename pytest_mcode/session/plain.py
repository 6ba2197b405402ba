"""Which tests may be looked ahead at, as far as their face tells: those that take nothing but ours."""

import inspect
from pathlib import Path
from typing import Any

import pytest

__all__ = ["is_ours", "is_plain", "is_plain_item"]

TAKEN = {"mcode_task", "mcode_solver"}
SKIPPING = ("skip", "skipif", "xfail")
"""Marks that may keep an item from running."""


def is_plain(item: pytest.Function) -> bool:
    """Whether a test function takes our `mcode_task` and an `mcode_solver` that items share, and no more.

    What a conftest.py sets up anew for every item, unasked, may be needed by the solver.
    """
    info = item._fixtureinfo
    if set(info.argnames) != TAKEN:
        return False
    task, solver = (info.name2fixturedefs[name][-1] for name in ("mcode_task", "mcode_solver"))
    if not is_ours(task) or solver.scope == "function":
        return False
    others = (info.name2fixturedefs.get(name, ())[-1:] for name in set(info.initialnames) - TAKEN)
    return is_plain_item(item) and not any(_is_anew(each, item) for found in others for each in found)


def is_ours(fixturedef: pytest.FixtureDef[Any]) -> bool:
    """Whether nobody has overridden the fixture."""
    return fixturedef.func.__module__ == "pytest_mcode.fixtures"


def is_plain_item(item: pytest.Item) -> bool:
    """Whether an item has no other parameter than its task, and no mark that may keep it from running."""
    callspec = getattr(item, "callspec", None)
    marks = (item.get_closest_marker(name) for name in SKIPPING)
    return callspec is not None and set(callspec.params) == {"mcode_task"} and not any(marks)


def _is_anew(fixturedef: pytest.FixtureDef[Any], item: pytest.Function) -> bool:
    """Whether it is a fixture of the user's that is set up for each item: those of plugins do not count."""
    if fixturedef.scope != "function":
        return False
    path = Path(inspect.getfile(inspect.unwrap(fixturedef.func)))
    return path.name == "conftest.py" or path == item.path
