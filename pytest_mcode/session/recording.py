"""Outcomes on their way into the store: each is counted once it is stored, bursts in one transaction."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_mcode.errors import InfraError, PassingError
from pytest_mcode.records import Task, TaskOutcome
from pytest_mcode.session.fleet import Fleet
from pytest_mcode.session.outcomes import on_machine, too_many
from pytest_mcode.session.plan import Plan
from pytest_mcode.session.reruns import REMEDY
from pytest_mcode.session.tally import Tally
from pytest_mcode.solving import journal

if TYPE_CHECKING:
    from pytest_mcode.session.resume import Earlier
    from pytest_mcode.store.store import Store

__all__ = ["Recorder", "crashed", "patiently"]

BURST_SECONDS = 0.05
"""How long an outcome may wait for others; its journal bridges the time."""
PATIENCE_SECONDS = 90.0
"""How long a store may be away: less than the session's word on its run holds (`shards.HELD_SECONDS`)."""
RETRY_SECONDS = 2.0


class Recorder:
    """Takes outcomes as they are reported; calls `stop` with the reason where the session cannot go on."""

    def __init__(
        self,
        plan: Plan,
        store: "Store",
        tally: Tally,
        earlier: "Earlier | None",
        stop: Callable[[str], None],
        say: Callable[[str], None],
        fleet: Fleet,
    ) -> None:
        self._plan, self._store, self._tally, self._earlier = plan, store, tally, earlier
        self._stop, self._say, self._fleet = stop, say, fleet
        self._machine_of: dict[tuple[str, str], str] = {}
        self._failing_since: float | None = None
        self._try_again_at = 0.0
        self.gave_up = False
        """Whether the store was away for too long."""
        self._taken: set[tuple[str, str]] = set()
        self._waiting: list[TaskOutcome] = []
        self._since = 0.0

    def take(self, outcome: TaskOutcome, machine: str = "") -> None:
        """Have what a machine made stored at the next `flush`, unless it cannot belong to the run."""
        if (outcome.test, outcome.task_id) in self._taken:
            self._stop(f"{outcome.task_id} was reported twice, so the second report is left out; {REMEDY}")
            return
        self._taken.add((outcome.test, outcome.task_id))
        self._machine_of[outcome.test, outcome.task_id] = machine
        if self._earlier and (reason := self._earlier.refusal(outcome)):
            self._journal_of(outcome).remove()
            self._stop(reason)
            return
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(outcome)

    def is_due(self, *, more_is_coming: bool) -> bool:
        """Whether something waits that should be stored now, also where more of it is about to be taken."""
        now = time.monotonic()
        return (
            bool(self._waiting)
            and now >= self._try_again_at
            and not (more_is_coming and now - self._since < BURST_SECONDS)
        )

    def flush(self) -> list[TaskOutcome]:
        """Store what waits, count it, and return it; what fails for a passing reason waits for a while."""
        outcomes, self._waiting = self._waiting, []
        try:
            with self._store.together():
                for outcome in outcomes:
                    self._note_overridden(outcome)
                    self._store.record(self._plan.run_id, outcome)
        except InfraError as error:
            if isinstance(error, PassingError) and self._may_wait(error):
                self._waiting = outcomes
                return []
            # Not counted: a resumed session takes them up from their journals.
            self._stop(f"{error}; what was recorded before is safe")
            return []
        self._failing_since = None
        for outcome in outcomes:
            if outcome.status != "infra":
                self._journal_of(outcome).remove()
            self._tally.add(outcome)
            machine = self._machine_of.pop((outcome.test, outcome.task_id))
            in_a_row = self._fleet.count(machine, is_infra=outcome.status == "infra")
            if in_a_row == self._plan.settings.max_infra:
                self._fleet.give_up(machine, too_many(in_a_row, outcome.error))
        return outcomes

    def _may_wait(self, error: PassingError) -> bool:
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            self._say(f"mcode: {error}; tasks go on, and it is tried again for {PATIENCE_SECONDS:.0f} s")
        self._try_again_at = now + RETRY_SECONDS
        self.gave_up = now - self._failing_since >= PATIENCE_SECONDS
        return not self.gave_up

    def finish(self) -> list[TaskOutcome]:
        """Store what waits at the end of the session, as long as there is hope, and return it."""
        stored: list[TaskOutcome] = []
        while self._waiting:
            time.sleep(max(0.0, self._try_again_at - time.monotonic()))
            stored += self.flush()
        return stored

    def note_machines(self) -> None:
        """Put into the run's record which machines took part, where there are several."""
        found, run_id = self._fleet.record, self._plan.run_id
        if found:
            with suppress(InfraError):
                patiently(lambda: self._store.note_machines(run_id, found), self)

    def _note_overridden(self, outcome: TaskOutcome) -> None:
        known = self._tally.overridden.get(outcome.test, {})
        if known | outcome.overridden != known:
            self._store.note_overridden(self._plan.run_id, outcome.test, known | outcome.overridden)

    def _journal_of(self, outcome: TaskOutcome) -> journal.Journal:
        return journal.Journal(self._plan.session_id, outcome.test, outcome.task_id)


def patiently(write: Callable[[], None], recorder: Recorder | None) -> None:
    """Write to the store, again for a while where it fails for a passing reason; raises `InfraError`."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

    seconds = 0.0 if recorder is None or recorder.gave_up else PATIENCE_SECONDS
    for attempt in Retrying(
        retry=retry_if_exception_type(PassingError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(RETRY_SECONDS),
        reraise=True,
    ):
        with attempt:
            write()


def crashed(test: str, task: Task, machine: str) -> TaskOutcome:
    """Return the outcome of a task whose worker crashed."""
    return TaskOutcome(
        task_id=task.task_id,
        task_fingerprint=task.fingerprint,
        test=test,
        status="infra",
        error=f"the pytest worker crashed while running this task{on_machine(machine)}",
        tags=task.tags,
    )
