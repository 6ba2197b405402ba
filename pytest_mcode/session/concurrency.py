"""How many requests were in flight: each process's throttle, and what it found, for summary and record."""

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_mcode.session.plan import Plan
from pytest_mcode.session.throttle import Throttle, window_for

__all__ = ["Concurrency", "throttle_of"]

THROTTLE = pytest.StashKey[Throttle]()
_OUTPUT = "mcode_concurrency"


def throttle_of(config: pytest.Config, plan: Plan) -> Throttle:
    """Return this process's throttle; the first call makes it."""
    if THROTTLE not in config.stash:
        given = getattr(config, "workerinput", {})
        worker = int(str(given.get("workerid", "gw0")).removeprefix("gw") or 0)
        workers = int(given.get("workercount", 1))
        window = window_for(plan.settings, plan.server_slots, worker=worker % workers, workers=workers)
        config.stash[THROTTLE] = Throttle(window)
    return config.stash[THROTTLE]


class Concurrency:
    """A plugin on both sides: workers tell what their throttle found, the controller keeps it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told: dict[str, Mapping[str, Any]] = {}

    def pytest_sessionfinish(self) -> None:
        """Send, or keep, what the throttle of this process found."""
        throttle = self._config.stash.get(THROTTLE, None)
        if throttle is None or not throttle.was_used:
            return
        found: Mapping[str, Any] = {"requests": throttle.settled, "reason": throttle.reason}
        if throttle.settled is None:
            found = {"requests": throttle.limit, "reason": "auto: still climbing when the session ended"}
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_OUTPUT] = found
        else:
            self._told[""] = found

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Keep what a worker found; one that crashed tells nothing."""
        found = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if found:
            self._told[node.gateway.id] = found

    @property
    def found(self) -> Mapping[str, Any]:
        """Requests in flight over all processes, why so many, by worker; empty: no model was asked."""
        if not self._told:
            return {}
        each = [told["requests"] for told in self._told.values()]
        reasons = dict.fromkeys(told["reason"] for told in self._told.values())
        by_worker = {"by_worker": each} if len(each) > 1 else {}
        return {"requests": sum(each), "reason": "; ".join(reasons), **by_worker}
