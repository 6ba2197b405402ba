"""Several sandboxes that look like one: whoever has a program gets the next that is free, in turn."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from pytest_mcode.errors import InfraError
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Program, Sandbox

__all__ = ["SandboxPool"]

Place = SimpleQueue[Sandbox | None]
"""Where somebody waits who is handed a sandbox; None: there will be none."""


class SandboxPool:
    """A `Sandbox` for many threads: lends one of at most `size` to each call, first come, first served.

    They are opened as they are needed. Each replaces what it loses by itself, as it does alone.
    """

    concurrent = True

    def __init__(self, opened: Callable[[], Sandbox], size: int) -> None:
        self._open = opened
        self._size = size
        self._lock = threading.Lock()
        self._all: list[Sandbox] = []
        self._free: list[Sandbox] = []
        self._waiting: deque[Place] = deque()
        self._closed = False

    def run(self, program: Program) -> Verdict:
        """See `Sandbox.run`; waits for a sandbox that is free."""
        with self._lent() as sandbox:
            return sandbox.run(program)

    def describe(self) -> Mapping[str, Any]:
        """See `Sandbox.describe`: all are alike."""
        with self._lent() as sandbox:
            return sandbox.describe()

    def close(self) -> None:
        """End them all. Who waits or runs gets an `InfraError`. May be called twice, and from any thread."""
        with self._lock:
            self._closed = True
            sandboxes, waiting = list(self._all), list(self._waiting)
            self._waiting.clear()
        for place in waiting:
            place.put(None)
        if sandboxes:
            with ThreadPoolExecutor(len(sandboxes)) as together:
                list(together.map(lambda sandbox: sandbox.close(), sandboxes))

    @contextmanager
    def _lent(self) -> Iterator[Sandbox]:
        sandbox = self._take()
        try:
            yield sandbox
        finally:
            self._give(sandbox)

    def _take(self) -> Sandbox:
        with self._lock:
            if self._closed:
                raise InfraError("the sandbox is closed")
            if self._free:
                return self._free.pop()  # the one used last: others may have gone to sleep
            if len(self._all) < self._size:
                self._all.append(self._open())
                return self._all[-1]
            place = Place()
            self._waiting.append(place)
        try:
            sandbox = place.get()
        except BaseException:  # Ctrl-C
            self._leave(place)
            raise
        if sandbox is None:
            raise InfraError("the sandbox is closed")
        return sandbox

    def _give(self, sandbox: Sandbox) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().put(sandbox)
            else:
                self._free.append(sandbox)

    def _leave(self, place: Place) -> None:
        """Wait no longer; what was handed over meanwhile goes to the next."""
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                return
        sandbox = place.get()
        if sandbox is not None:
            self._give(sandbox)
