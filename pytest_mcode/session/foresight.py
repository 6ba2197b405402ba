"""``--mcode-plan``: what the session would take and can show, instead of the session."""

from contextlib import ExitStack
from typing import Any

from pytest_mcode.session.plan import Plan, make_plan
from pytest_mcode.settings import Settings

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


def say(settings: Settings) -> None:
    """Print the plan and end the process with exit status 0: there is no session that pytest could end."""
    from pytest_mcode.results.plan_sentences import plan_sentences

    for name, value in plan_sentences(foresee(make_plan(settings))):
        print(f"{name:<10} {value}")
    raise SystemExit(0)
