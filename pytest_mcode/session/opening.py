"""The run's row in the store, once its items are known: a new one, or one that the session goes on with."""

from collections import Counter
from typing import TYPE_CHECKING

from pytest_mcode.records import RunInfo
from pytest_mcode.session.lease import Lease
from pytest_mcode.session.plan import Plan
from pytest_mcode.session.sharding import items_of_the_run

if TYPE_CHECKING:
    from pytest_mcode.session.resume import Earlier
    from pytest_mcode.store.store import Store

__all__ = ["open_run"]


def open_run(
    store: "Store", plan: Plan, info: RunInfo, earlier: "Earlier | None", lease: Lease, items: Counter[str]
) -> int:
    """Open the run, and return how many items the session has to count; `items` are by test function.

    Raises `ConfigurationError`, or `InfraError`, where that cannot be.
    """
    shard = plan.settings.shard
    whole = items_of_the_run(items, len(plan.tasks), plan.tasks_selected, shard)
    part = lease.part(plan, items.total(), info.environment)
    counted = items.total()
    if earlier:
        # A session may go on with a part of the run only.
        most = max(earlier.planned, whole.total())
        counted = counted if shard else most
        store.resume_run(plan.run_id, most, part)
    else:
        store.begin_run(info, whole, part)
    lease.keep(plan)
    return counted
