"""A session's word that it is at work on its run, so that no other takes it up, here or elsewhere."""

import os
import secrets
import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.session.plan import Plan
from pytest_mcode.solving import journal

if TYPE_CHECKING:
    from filelock import FileLock

    from pytest_mcode.store.shards import Part
    from pytest_mcode.store.store import Store

__all__ = ["Lease"]

RENEW_SECONDS = 30.0
"""A quarter of the time for which the word holds: a store may be away for a while."""


class Lease:
    """Held from the start of the run, or from when one goes on with it, to the end of the session."""

    def __init__(self) -> None:
        self._host = socket.gethostname()
        self._holder = f"{self._host} (process {os.getpid()}, {secrets.token_hex(2)})"
        self._plan: Plan | None = None
        self._lock: FileLock | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = ""
        """Why the session may not go on: another has taken the run up."""

    def part(
        self, plan: Plan, planned: int | None = None, environment: Mapping[str, Any] | None = None
    ) -> "Part":
        """Return what the session does of the run."""
        from pytest_mcode.store.shards import Part

        number, shards = plan.settings.shard_numbers
        return Part(
            shard=number,
            shards=shards,
            planned=planned,
            environment=environment or {},
            holder=self._holder,
        )

    def claim(self, plan: Plan) -> None:
        """Keep other sessions of this machine from the run; raises `ConfigurationError`."""
        self._lock = self._lock or journal.claim(plan.session_id)

    def take_up(self, plan: Plan, store: "Store") -> None:
        """Hold a run that is in the store; raises `ConfigurationError` where another session does."""
        # A session of this machine that was killed holds it no more.
        gone = self._host if journal.is_abandoned(plan.session_id) else ""
        self.claim(plan)
        try:
            store.hold(plan.run_id, self.part(plan), over=gone)
        except InfraError as error:
            raise ConfigurationError(str(error)) from error
        self.keep(plan)

    def keep(self, plan: Plan) -> None:
        """Renew it from now on."""
        if self._thread is None:
            self._plan = plan
            self._thread = threading.Thread(target=self._renew, args=(plan,), name="mcode-lease", daemon=True)
            self._thread.start()

    def _renew(self, plan: Plan) -> None:
        from pytest_mcode.store import Store

        while not self._ended.wait(RENEW_SECONDS) and not self.lost:
            try:
                store = Store.open(plan.settings.db)
            except ConfigurationError:
                continue  # Away; the session finds out by its own writes.
            with store:
                try:
                    store.hold(plan.run_id, self.part(plan))
                except ConfigurationError as error:
                    self.lost = str(error)
                except InfraError:
                    continue

    @property
    def is_claimed(self) -> bool:
        """Whether the run is this session's."""
        return self._lock is not None

    def let_go(self) -> None:
        """Let others take the run up. May be called twice."""
        self._ended.set()
        plan, thread, self._thread = self._plan, self._thread, None
        if plan is not None and thread is not None:
            thread.join(5)
            self._release(plan)
        lock, self._lock = self._lock, None
        if lock:
            lock.release()

    def _release(self, plan: Plan) -> None:
        from pytest_mcode.store import Store

        try:
            with Store.open(plan.settings.db) as store:
                store.release(plan.run_id, self.part(plan))
        except (ConfigurationError, InfraError):
            return  # It ends by itself.
