"""Which items a process is going to run: all of its session, or what xdist has sent it so far."""

from collections.abc import Collection
from typing import Any, Protocol

import pytest

__all__ = ["Upcoming", "upcoming_items", "xdist_worker"]


class Upcoming(Protocol):
    """Items to come, in their order."""

    def first_not_in(self, settled: Collection[pytest.Item]) -> pytest.Item | None:
        """Return the first item that is not among `settled`, to which items are only added."""


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


class _WhatWasSent:
    """The items in the queue of one of xdist's workers."""

    def __init__(self, session: pytest.Session, worker: Any) -> None:
        self._items = session.items
        self._worker = worker

    def first_not_in(self, settled: Collection[pytest.Item]) -> pytest.Item | None:
        """See `Upcoming`; the end of the session stands in the queue as well."""
        with self._worker.torun.lock() as queue:
            indices = [index for index in (self._worker.nextitem_index, *queue) if isinstance(index, int)]
        sent = (self._items[index] for index in indices)
        return next((item for item in sent if item not in settled), None)


def upcoming_items(config: pytest.Config, session: pytest.Session) -> Upcoming:
    """Return what there is to come in this process."""
    worker = xdist_worker(config)
    return _AllOfThem(session) if worker is None else _WhatWasSent(session, worker)


def xdist_worker(config: pytest.Config) -> Any:
    """Return xdist's plugin in one of its workers, which has the queue `torun`; None elsewhere."""
    return next((each for each in config.pluginmanager.get_plugins() if hasattr(each, "torun")), None)
