"""``--mcode-plan``: what the session would take and can show, instead of the session."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from pytest_mcode.session.plan import Plan

__all__ = ["foresee", "say"]


def foresee(plan: Plan, *, against: str | None = None, margin: float = 0.05) -> dict[str, Any]:
    """Return `results.planning.plan` for a session, by the store that it would write to, if that is there."""
    from pytest_mcode.results import planning
    from pytest_mcode.store import Store
    from pytest_mcode.store.opening import is_new

    settings = plan.settings
    with ExitStack() as stack:
        store = None
        if not is_new(settings.db):
            store = stack.enter_context(Store.open(settings.db, read_only=True))
        return planning.plan(store, settings, plan.tasks, against=against, margin=margin)


def say(plan: Plan, line: Callable[[str], None]) -> None:
    """Write the plan, and end pytest with exit status 0."""
    from pytest_mcode.results.plan_sentences import plan_sentences

    for name, value in plan_sentences(foresee(plan)):
        line(f"{name:<10} {value}")
    pytest.exit("planned; nothing was run (--mcode-plan)", returncode=0)
