"""A bound on threads at work, that a thread which is inside passes freely: so none waits for itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Turnstile"]


class Turnstile:
    """Lets at most `most` threads in at a time."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)
        self._mine = threading.local()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Wait to be let in, unless this thread is inside already."""
        if getattr(self._mine, "inside", False):
            yield
            return
        with self._free:
            self._mine.inside = True
            try:
                yield
            finally:
                self._mine.inside = False
