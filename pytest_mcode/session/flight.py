"""Tasks in flight: each at work in a thread of its own, ahead of the test that will ask for its result."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_mcode.activity import at_work
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.ahead import Ahead
from pytest_mcode.session.outcomes import cause_of, status_of, too_many
from pytest_mcode.solving import Solver, TaskHandle

__all__ = ["Flight", "Flights", "current_flight"]

JOIN_SECONDS = 10.0
"""How long the end of a session waits for threads whose model and sandboxes are closed already."""

logger = logging.getLogger(__name__)
_here = threading.local()


def current_flight() -> "Flight | None":
    """Return the flight whose thread asks."""
    return getattr(_here, "flight", None)


@dataclass(eq=False)
class Flight:
    """One task and, once it has landed, what came of it."""

    item: pytest.Item
    """The one that will ask for it; only a key here."""
    handle: TaskHandle
    error: BaseException | None = None
    """What the solver raised."""
    seconds: float = 0.0
    """Wall-clock seconds that the solver took."""
    returned: Any = None
    """What the solver returned."""
    records: list[logging.LogRecord] = field(default_factory=list)
    """What was logged meanwhile in its thread."""
    landed: threading.Event = field(default_factory=threading.Event)

    @property
    def is_infra(self) -> bool:
        """Whether it has come to nothing by our fault or the server's."""
        if self.error is None:
            return not self.handle.attempts
        return status_of(self.error, self.handle) == "infra"

    @property
    def counted(self) -> Ahead:
        """What it adds to the counts, once it has landed."""
        attempts, infra = self.handle.attempts, self.is_infra
        solved = self.handle.solved and not infra
        return Ahead(
            solved=int(solved),
            unsolved=int(not solved and not infra),
            infra=int(infra),
            attempts=len(attempts),
        )

    def solve(self, solver: Solver) -> None:
        """Do the work; returns whatever happens."""
        __tracebackhide__ = True
        _here.flight = self
        started = time.perf_counter()
        try:
            with at_work(self.handle.task.task_id):
                self.returned = solver(self.handle)  # type: ignore[func-returns-value]  # a user's own may
        except BaseException as error:  # also what pytest's own `skip` and `exit` raise: the test raises it
            self.error = error
        self.seconds = time.perf_counter() - started


class Flights:
    """Those of one process: started while there is room, kept until somebody takes them over.

    After so many infra outcomes in a row, or one error of configuration, `halt` says why nothing more starts.
    """

    def __init__(self, max_infra: int, landed: Callable[[Flight], None]) -> None:
        """`landed` is called with each that has landed, in its thread."""
        self._max_infra = max_infra
        self._landed = landed
        self._lock = threading.Lock()
        self._all: dict[pytest.Item, Flight] = {}
        self._threads: set[threading.Thread] = set()
        self._waiting = Ahead()
        self._infra_in_a_row = 0
        self.halt = ""

    @property
    def unfinished(self) -> int:
        """How many are in flight."""
        return len(self._threads)

    @property
    def ahead(self) -> Ahead:
        """Count what is here: in flight, or landed and not taken over."""
        return self._waiting + Ahead(in_flight=len(self._threads))

    def find(self, item: pytest.Item) -> Flight | None:
        """Return the flight that was launched for `item`."""
        return self._all.get(item)

    def launch(self, item: pytest.Item, handle: TaskHandle, solver: Solver) -> Flight | None:
        """Start work at a task; None where the machine has no more threads."""
        flight = Flight(item, handle)
        thread = threading.Thread(
            target=self._fly, args=(flight, solver), name=f"mcode {handle.task.task_id}", daemon=True
        )
        with self._lock:
            self._all[item] = flight
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                del self._all[item]
                self._threads.discard(thread)
            return None
        return flight

    def forget(self, item: pytest.Item) -> None:
        """Let go of a result that was taken over."""
        flight = self._all.pop(item)
        with self._lock:
            self._waiting -= flight.counted

    def join(self) -> None:
        """Wait for the threads, but not for ever: one that hangs ends with the process."""
        deadline = time.monotonic() + JOIN_SECONDS
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._threads:
            logger.warning("%s tasks are still in flight as the session ends", len(self._threads))

    def _fly(self, flight: Flight, solver: Solver) -> None:
        flight.solve(solver)
        with self._lock:
            self._threads.discard(threading.current_thread())
            self._waiting += flight.counted
            self._judge_the_rest_by(flight)
        flight.landed.set()
        self._landed(flight)

    def _judge_the_rest_by(self, flight: Flight) -> None:
        self._infra_in_a_row = self._infra_in_a_row + 1 if flight.is_infra else 0
        if isinstance(flight.error, ConfigurationError):
            self.halt = self.halt or str(flight.error)
        elif self._infra_in_a_row == self._max_infra:
            last = cause_of(flight.error) if flight.error else "nothing was judged"
            self.halt = self.halt or too_many(self._infra_in_a_row, last)
