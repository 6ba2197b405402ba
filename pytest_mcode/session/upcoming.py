"""Which items a process is going to run: all of its session, or what xdist has sent it so far."""

import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

import pytest

from pytest_mcode.activity import NOTHING, snapshot
from pytest_mcode.session.ahead import Ahead
from pytest_mcode.session.distribution import FED, STEALS, Word, say, worker_of

__all__ = ["Upcoming", "upcoming_items"]

LOOK_SECONDS = 1.0
"""Between two words of what each task waits for."""


class Upcoming(Protocol):
    """Items to come, in their order."""

    def first_not_in(self, settled: Collection[pytest.Item]) -> pytest.Item | None:
        """Return the first item that is not among `settled`, to which items are only added."""

    def tell(self, landed: Sequence[pytest.Item], window: int, ahead: Ahead) -> None:
        """Let who sends items know how many may be in flight, and which have landed since the last call."""


class _AllOfThem:
    """The items of a session in one process."""

    def __init__(self, session: pytest.Session) -> None:
        self._items = session.items
        self._at = 0

    def first_not_in(self, settled: Collection[pytest.Item]) -> pytest.Item | None:
        """See `Upcoming`."""
        while self._at < len(self._items) and self._items[self._at] in settled:
            self._at += 1
        return self._items[self._at] if self._at < len(self._items) else None

    def tell(self, landed: Sequence[pytest.Item], window: int, ahead: Ahead) -> None:
        """Nobody sends anything."""


class _WhatWasSent:
    """The items in the queue of one of xdist's workers."""

    def __init__(self, config: pytest.Config, session: pytest.Session, worker: Any) -> None:
        told = config.workerinput  # type: ignore[attr-defined]
        self._items = session.items
        self._worker = worker
        self._is_fed = told.get(FED, False)
        self._is_stolen_from = told.get(STEALS, False)
        self._indices = {item: index for index, item in enumerate(session.items)}
        self._said: Word | None = None
        self._at, self._looked_at = NOTHING, 0.0

    def first_not_in(self, settled: Collection[pytest.Item]) -> pytest.Item | None:
        """See `Upcoming`; what another worker may be given instead does not count."""
        with self._worker.torun.lock() as queue:  # the end of the session stands in it as well
            waiting = () if self._is_stolen_from else tuple(queue)
        indices = [index for index in (self._worker.nextitem_index, *waiting) if isinstance(index, int)]
        sent = (self._items[index] for index in indices)
        return next((item for item in sent if item not in settled), None)

    def tell(self, landed: Sequence[pytest.Item], window: int, ahead: Ahead) -> None:
        """See `Upcoming`."""
        if not self._is_fed:
            return
        indices = [self._indices[item] for item in landed]
        word = Word(window=window, landed=indices, ahead=asdict(ahead))
        at = self._look()
        if indices or at or word != self._said:
            say(self._worker, replace(word, at=at))
            self._said = replace(word, landed=())

    def _look(self) -> dict[str, Any] | None:
        """Return what this process is at, now and then, where that is news."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return None
        at, self._looked_at = snapshot(), time.monotonic()
        if at.is_like(self._at):
            return None
        self._at = at
        return asdict(at)


def upcoming_items(config: pytest.Config, session: pytest.Session) -> Upcoming:
    """Return what there is to come in this process."""
    if not hasattr(config, "workerinput"):
        return _AllOfThem(session)
    return _WhatWasSent(config, session, worker_of(config))
