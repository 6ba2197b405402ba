"""When a request is sent again, and after which wait."""

import math
import time
from collections.abc import Callable
from threading import Event
from typing import Any, TypeVar

import tenacity

from pytest_mcode.activity import tell
from pytest_mcode.errors import InfraError
from pytest_mcode.models.failures import TransientError

__all__ = ["BACKOFF", "LONGEST_RETRY_AFTER", "Backoff", "Retries"]

LONGEST_RETRY_AFTER = 300.0
"""Seconds; a server that wants to be left alone for longer is given up on."""
MOST_REFUSALS = 50
"""Tries of a request that a busy server refuses while it serves others, beyond those that were asked for."""
RECENTLY = 30.0
"""Seconds since an answer to any request within which a server counts as serving."""
NO_REFUSAL = 1.0
"""Seconds after which a request that is still being answered was not refused, but is served."""

Backoff = Callable[[tenacity.RetryCallState], float]
BACKOFF: Backoff = tenacity.wait_exponential_jitter(initial=1, max=60, jitter=1)
T = TypeVar("T")


class Retries:
    """Asks again where that may help; any number of threads may ask at once."""

    def __init__(self, retries: int, retry_for: float | None, backoff: Backoff, closed: Event) -> None:
        self._retries, self._closed = retries, closed
        self._answered = -math.inf
        self._asking: dict[object, float] = {}
        """When each request that is being answered was sent."""
        self._stops: list[Any] = [tenacity.stop_when_event_set(closed), _asks_for_too_long]
        if retry_for is not None:
            self._stops.append(tenacity.stop_before_delay(retry_for))
        self._wait = lambda state: max(backoff(state), _retry_after(state))

    def __call__(self, ask: Callable[[], T], gate: Callable[[Callable[[], T]], T]) -> T:
        """Return what `ask`, called through `gate`, returns.

        Raises what it raises, `InfraError` where tries are spent.
        """
        start = time.monotonic()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=self._wait,
            stop=tenacity.stop_any(*self._stops, self._spent()),
            sleep=tenacity.sleep_using_event(self._closed),
            before_sleep=_tell,
        )
        try:
            return retrying(gate, lambda: self._watched(ask))
        except tenacity.RetryError as error:
            last = error.last_attempt
            times = "once" if last.attempt_number == 1 else f"{last.attempt_number} times"
            seconds = time.monotonic() - start
            raise InfraError(f"{last.exception()} (asked {times} in {seconds:.1f} s)") from last.exception()

    def _watched(self, ask: Callable[[], T]) -> T:
        request = object()
        self._asking[request] = time.monotonic()
        try:
            answer = ask()
        finally:
            del self._asking[request]
        self._answered = time.monotonic()
        return answer

    def _serves(self) -> bool:
        """Whether the server is seen to serve other requests."""
        now = time.monotonic()
        oldest = min(list(self._asking.values()), default=now)
        return now - self._answered < RECENTLY or now - oldest > NO_REFUSAL

    def _spent(self) -> Any:
        """Return what says, after each try of a request, whether no more are left.

        A busy server's refusal takes none away while others are served: the request's turn comes yet.
        """
        counted = 0

        def is_spent(state: tenacity.RetryCallState) -> bool:
            nonlocal counted
            error = state.outcome.exception() if state.outcome else None
            refused = isinstance(error, TransientError) and error.refused
            if not (refused and self._serves() and state.attempt_number - counted <= MOST_REFUSALS):
                counted += 1
            return counted > self._retries

        return is_spent


def _tell(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    tell("retry", seconds=state.upcoming_sleep, why=str(error).partition("\n")[0])


def _retry_after(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return getattr(error, "retry_after", None) or 0.0


def _asks_for_too_long(state: tenacity.RetryCallState) -> bool:
    return _retry_after(state) > LONGEST_RETRY_AFTER
