"""Stands between a worker's connection and xdist's queue, so that a worker can be given up."""

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Gate"]

Event = tuple[str, dict[str, Any]]
ENDED = {"exitstatus": 0, "shouldfail": False, "shouldstop": False}
"""What a worker that ended says: xdist asks nothing else of it."""


class Gate:
    """Takes the place of `WorkerController.putevent`; called in the thread that receives."""

    def __init__(self, node: Any, down: Callable[[Event], None]) -> None:
        """`down` is called where the connection broke, instead of xdist, which would start a worker anew."""
        self._node, self._put, self._down = node, node.putevent, down
        self._lock = threading.Lock()
        self._is_shut = False

    def __call__(self, event: Event) -> None:
        """Let an event through."""
        if event[0] == "errordown" and not self._is_shut:
            self._down(event)
        else:
            self.let_through(event)

    def let_through(self, event: Event) -> None:
        """Hand an event on, unless the worker was given up."""
        with self._lock:
            if not self._is_shut:
                self._put(event)

    def shut(self) -> None:
        """Say that the worker has ended; what comes of it later is dropped: others have its tasks."""
        with self._lock:
            if not self._is_shut:
                self._is_shut = True
                self._node._down = True  # it is told nothing more
                self._node.workeroutput = dict(ENDED)
                self._put(("workerfinished", {"node": self._node}))
