"""Tests whose task is worked at before pytest asks for it, and how they get what came of it.

pytest runs one item after the other. A test that does nothing but call `mcode_solver(mcode_task)` need not
wait for its turn: the call is made ahead, in a thread, and the test is handed the result.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from pytest_mcode.session.ahead import Ahead
from pytest_mcode.session.concurrency import throttle_of
from pytest_mcode.session.flight import Flight, Flights
from pytest_mcode.session.identity import function_of, task_of
from pytest_mcode.session.logs import FlightLogs
from pytest_mcode.session.parts import new_handle
from pytest_mcode.session.plain import is_ours, is_plain, is_plain_item
from pytest_mcode.session.plan import Plan
from pytest_mcode.session.throttle import Throttle
from pytest_mcode.session.upcoming import Upcoming, upcoming_items
from pytest_mcode.solving import Solver, TaskHandle
from pytest_mcode.solving.sharing import single_ones

__all__ = ["FLIGHT", "Lookahead"]

logger = logging.getLogger(__name__)

FLIGHT = pytest.StashKey[Flight]()
"""What an item has taken over."""
POLL_SECONDS = 0.05
"""How often it is looked, while an item waits, whether more may be started."""
PARTS = ("mcode_model", "mcode_helper", "mcode_prompt", "mcode_sandbox")
"""Fixtures that a solver uses."""


@dataclass(frozen=True)
class _Course:
    """What the items of a test function do."""

    solver: Solver
    sandbox: Any


class Lookahead:
    """The tasks in flight of one process."""

    def __init__(self, config: pytest.Config, plan: Plan) -> None:
        self._config = config
        self._plan = plan
        self._flights = Flights(plan.settings.max_infra, landed=self._note_landed)
        self._landed: deque[pytest.Item] = deque()
        """Those of which nobody was told."""
        self._logs = FlightLogs(config)
        self._values: dict[pytest.FixtureDef[Any], Any] = {}
        """What the fixtures of `PARTS` returned."""
        self._plain: dict[str, bool] = {}
        """By test function: whether it may be looked ahead at, as far as one can see without running it."""
        self._courses: dict[str, _Course | None] = {}
        """By test function whose first item has run; None: it did something else."""
        self._settled: set[pytest.Item] = set()
        """Items that were run, or launched, or cannot be."""
        self._topping_up = threading.Lock()
        self._upcoming: Upcoming | None = None
        self._session: pytest.Session | None = None
        self._closed = False
        self.single: dict[str, None] = {}
        """The user's own parts for whose sake tasks are done one at a time."""
        self.on_wait: Callable[[], None] = lambda: None
        """Called every now and then while an item waits for its result."""

    @cached_property
    def _throttle(self) -> Throttle:
        """The process's: not before it is needed, for a controller of workers has none."""
        return throttle_of(self._config, self._plan)

    # What pytest tells.

    def note(self, fixturedef: pytest.FixtureDef[Any], value: Any) -> None:
        """Remember what a fixture returned that a solver may use."""
        if fixturedef.argname in PARTS and value is not None:
            self._values[fixturedef] = value

    def begin(self, item: pytest.Item) -> None:
        """Take note that an item runs."""
        self._settled.add(item)

    def lend(self, item: pytest.Function, handle: TaskHandle) -> None:
        """Let the item's test have a solver that knows of results which are there already."""
        function = _function(item)
        if self._courses.get(function, True) and self._may_be_ahead(function, item):
            solver: Any = item.funcargs["mcode_solver"]
            item.funcargs["mcode_solver"] = _Lent(self, item, handle, solver)

    def ran(self, item: pytest.Function) -> None:
        """Take note that an item's test was called: it asked for its result, or it does something else."""
        self._courses.setdefault(_function(item), None)

    def stop_before(self, nextitem: pytest.Item | None) -> str:
        """Return why the session should stop before `nextitem`; what has landed is still reported."""
        if nextitem is None or self.has_landed(nextitem):
            return ""
        return self._flights.halt

    def has_landed(self, item: pytest.Item) -> bool:
        """Whether an item's result is there and has not been asked for."""
        flight = self._flights.find(item)
        return flight is not None and flight.landed.is_set()

    def close(self) -> None:
        """End what is in flight: requests are dropped, then attempts ended, then threads waited for."""
        self._closed = True
        if not self._flights.unfinished:
            return
        self._throttle.close()
        for name in ("mcode_model", "mcode_helper", "mcode_sandbox"):
            for fixturedef, value in self._values.items():
                if fixturedef.argname == name and hasattr(value, "close"):
                    _close(value)
        self._flights.join()

    # What a test asks for.

    def result_for(self, item: pytest.Function, handle: TaskHandle, solver: Solver) -> Flight | None:
        """Wait for the task of an item; None where the call is none that could be made ahead."""
        flight = self._flights.find(item) or self._begin_course(item, handle, solver)
        if flight is None or not handle.is_twin_of(flight.handle):
            return None
        self._look_around()
        while not flight.landed.wait(POLL_SECONDS):
            self._top_up()
            self._look_around()
        self._flights.forget(item)
        self._look_around()  # it is counted once: soon as reported, no longer as done ahead
        item.stash[FLIGHT] = flight
        self._logs.show(flight)
        return flight

    def _begin_course(self, item: pytest.Function, handle: TaskHandle, solver: Solver) -> Flight | None:
        """Launch an item that nobody has looked ahead at, and look ahead from there."""
        course = _Course(solver, handle.sandbox)
        if self._closed or not handle.is_twin_of(self._handle_for(item, course)):
            return None
        self._session = item.session
        self._upcoming = self._upcoming or upcoming_items(self._config, item.session)
        self._courses[_function(item)] = course
        flight = self._launch(item, course)
        self._top_up()
        return flight

    def _look_around(self) -> None:
        """Tell what has happened, in the thread that runs the items."""
        landed = [self._landed.popleft() for _ in range(len(self._landed))]
        if self._upcoming:
            self._upcoming.tell(landed, self._window, self.ahead)
        self.on_wait()

    @property
    def ahead(self) -> Ahead:
        """What is done, or in flight, that pytest has not asked for."""
        if not self._courses:
            return self._flights.ahead
        return self._flights.ahead + Ahead(retries=self._throttle.retries, tokens=self._throttle.tokens)

    # Looking ahead.

    def _note_landed(self, flight: Flight) -> None:
        self._landed.append(flight.item)
        self._top_up()

    @property
    def _window(self) -> int:
        return 2 * self._throttle.limit

    def _top_up(self) -> None:
        """Launch what there is room for, in the order in which it will be asked for; any thread may ask."""
        with self._topping_up:
            while self._may_launch and (item := self._next()):
                function = _function(item)
                if function not in self._courses:
                    return  # its first item will tell
                course = self._courses[function]
                wanted = course and is_plain_item(item) and not self._is_judged(item)
                if course and wanted and not self._launch(item, course):
                    return  # no more threads: those that end make room
                self._settled.add(item)

    @property
    def _may_launch(self) -> bool:
        if self._closed or self._flights.halt or not self._session:
            return False
        if self._session.shouldstop or self._session.shouldfail:
            return False
        return self._flights.unfinished < self._window

    def _next(self) -> pytest.Item | None:
        return self._upcoming.first_not_in(self._settled) if self._upcoming else None

    def _launch(self, item: pytest.Item, course: _Course) -> Flight | None:
        return self._flights.launch(item, self._handle_for(item, course), course.solver)

    def _handle_for(self, item: pytest.Item, course: _Course) -> TaskHandle:
        task = task_of(item)
        assert task is not None
        return new_handle(self._plan, course.sandbox, _function(item), task)

    def _is_judged(self, item: pytest.Item) -> bool:
        task = task_of(item)
        return task is not None and self._plan.judged_key(_function(item), task.task_id) in self._plan.judged

    def _may_be_ahead(self, function: str, item: pytest.Function) -> bool:
        if function not in self._plain:
            plain = is_plain(item)
            single = list(single_ones(self._parts(item))) if plain else []
            if self._throttle.limit > 1:
                self.single.update(dict.fromkeys(single))
            self._plain[function] = plain and not single
        return self._plain[function]

    def _parts(self, item: pytest.Function) -> dict[str, Any]:
        """Return what several threads would use at a time, by what a user calls it."""
        solver = item.funcargs["mcode_solver"]
        ours = is_ours(item._fixtureinfo.name2fixturedefs["mcode_solver"][-1])
        parts: dict[str, Any] = {"harness": self._plan.harness, "solver": solver}
        for name in PARTS:
            word = name.removeprefix("mcode_")
            definitions = item.session._fixturemanager.getfixturedefs(name, item) or ()
            used = [self._values[each] for each in definitions if each in self._values]
            if not ours and hasattr(solver, word):
                parts[word] = getattr(solver, word)
            elif used:
                parts[word] = used[-1]
        return parts


class _Lent:
    """Stands for a solver in one test: the item's own task is taken from those that were done ahead."""

    def __init__(self, ahead: Lookahead, item: pytest.Function, handle: TaskHandle, solver: Solver) -> None:
        self._ahead, self._item, self._handle, self._solver = ahead, item, handle, solver

    def __call__(self, task: TaskHandle) -> Any:
        """Have the task's attempts, or its error, as if it were solved here and now."""
        __tracebackhide__ = True
        own = task is self._handle
        flight = self._ahead.result_for(self._item, task, self._solver) if own else None
        if flight is None:
            return self._solver(task)
        task.take_over(flight.handle)
        if flight.error is not None:
            raise flight.error
        return flight.returned

    def __getattr__(self, name: str) -> Any:
        return getattr(self._solver, name)


def _close(part: Any) -> None:
    """Close what may be a user's own; its fixture closes it once more, and may raise then."""
    try:
        part.close()
    except Exception as error:
        logger.warning("closing %s failed: %s", type(part).__name__, error)


def _function(item: pytest.Item) -> str:
    task = task_of(item)
    assert task is not None
    return function_of(item.nodeid, task)
