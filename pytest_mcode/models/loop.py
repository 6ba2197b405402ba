"""One event loop in a thread of its own, on which coroutines run under a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from pytest_mcode.errors import InfraError

__all__ = ["LoopThread"]

T = TypeVar("T")
_GRACE = 10.0


class LoopThread:
    """Runs coroutines for threads that wait; any number of threads may call `run` at once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._lock = Lock()
        self._finish: Callable[[], Awaitable[None]] | None = None
        started = Event()
        self._thread = Thread(
            target=lambda: asyncio.run(self._serve(started)), name="mcode-model", daemon=True
        )
        self._thread.start()
        started.wait()

    def run(self, function: Callable[..., Awaitable[T]], *args: Any, seconds: float) -> T:
        """Await ``function(*args)`` for at most `seconds` of wall-clock time, else raise `TimeoutError`.

        What it awaits is cancelled on time-out and when the waiting thread is interrupted. A
        coroutine that blocks the loop itself is given up on 10 s later.
        """
        with self._lock:
            if self._loop is None:
                raise InfraError("the model is closed")
            future = asyncio.run_coroutine_threadsafe(_within(seconds, function, args), self._loop)
        try:
            return future.result(seconds + _GRACE)
        except CancelledError:
            raise InfraError("the model was closed while it answered") from None
        except BaseException:
            future.cancel()
            raise

    def close(self, finish: Callable[[], Awaitable[None]] | None = None) -> None:
        """Cancel what still runs, await `finish`, end the thread. May be called twice, from any thread."""
        with self._lock:
            loop, self._loop = self._loop, None
            if loop is not None:
                self._finish = finish
                loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_GRACE)

    async def _serve(self, started: Event) -> None:
        self._loop = asyncio.get_running_loop()
        started.set()
        await self._stop.wait()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._finish is not None:
            await self._finish()


async def _within(seconds: float, function: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
    async with asyncio.timeout(seconds):
        return await function(*args)
