"""Bounds the requests at the model server: N at a time, or as many as it turns out to serve best."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event, Thread

from pytest_mcode import activity
from pytest_mcode.errors import InfraError
from pytest_mcode.models import Completion, Gated, Metered, Model, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.models.failures import TransientError
from pytest_mcode.sandboxes.capacity import cores
from pytest_mcode.session.climb import Climb, Fixed, Window
from pytest_mcode.session.room import affordable
from pytest_mcode.settings import Settings
from pytest_mcode.solving.sharing import is_concurrent

__all__ = ["MOST", "Throttle", "share", "window_for"]

EVERY_SECONDS = 1.0
"""Between two questions to a server about its load."""
MOST = 512
"""Requests in flight beyond which ``auto`` does not go: a user who has a larger server names a number."""


class Throttle:
    """Lets requests go while there is room for them; any number of threads may wait."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._changed = Condition()
        self._in_flight = 0
        self.was_used = False
        """Whether any request has gone."""
        self._quiet_until = float("-inf")
        self._closed = Event()
        self.retries = 0
        """Requests that failed for a reason that may pass."""
        self.tokens = 0
        """Of all answers."""

    @property
    def limit(self) -> int:
        """Requests that may be in flight now; moves under ``auto``."""
        return self._window.size

    @property
    def settled(self) -> int | None:
        """What ``auto`` has settled on, or the number that was asked for; None: nothing is known yet."""
        return self._window.settled

    @property
    def reason(self) -> str:
        """Why `limit` is what it is, in words."""
        return self._window.reason

    @property
    def in_flight(self) -> int:
        """Requests that are at the server now."""
        return self._in_flight

    def throttled(self, model: Model, *, is_heard: bool = True) -> Model:
        """Return `model`, whose requests wait for their turn from now on.

        A model that retries by itself lets each try wait, so that the server is left alone in between. What
        its server says of its load counts where it `is_heard`: that of a helper model may be another one.
        """
        if is_heard and isinstance(model, Metered) and not isinstance(self._window, Fixed):
            Thread(target=self._listen, args=(model,), name="mcode-load", daemon=True).start()
        if isinstance(model, Gated):
            model.gate = self.when_free
            return model
        return model if isinstance(model, _Throttled) else _Throttled(model, self)

    def when_free(self, ask: Callable[[], Completion]) -> Completion:
        """Wait for a slot, ask, return the answer; raises what `ask` raises, `InfraError` once closed."""
        activity.tell("slot")
        sent = self._enter()
        activity.tell("model")
        try:
            completion = ask()
        except BaseException as error:
            self._leave(sent, error)
            raise
        finally:
            activity.tell("")
        tokens = getattr(completion, "completion_tokens", None)  # a user's own may answer anything
        self._leave(sent, tokens=tokens if isinstance(tokens, int) else 0)
        return completion

    def close(self) -> None:
        """Let nothing more go; who waits gets an `InfraError`. May be called twice, from any thread."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()

    def _listen(self, model: Metered) -> None:
        """Hear what the server says of its load, until it has said nothing three times."""
        silent = 0
        while silent < 3 and not self._closed.wait(EVERY_SECONDS):
            waiting = model.waiting()
            silent = silent + 1 if waiting is None else 0
            with self._changed:
                self._window.told(waiting or 0)

    def _enter(self) -> float:
        with self._changed:
            while not self._closed.is_set():
                now = time.monotonic()
                quiet = self._quiet_until - now
                if quiet <= 0 and self._in_flight < self._window.size:
                    self._in_flight += 1
                    self.was_used = True
                    self._window.sent(now)
                    return now
                self._changed.wait(quiet if quiet > 0 else None)
        raise InfraError("the session ends: the request was not sent")

    def _leave(self, sent: float, error: BaseException | None = None, *, tokens: int = 0) -> None:
        overload = isinstance(error, TransientError) and error.overload
        quiet = isinstance(error, TransientError) and error.retry_after
        with self._changed:
            now = time.monotonic()
            self._in_flight -= 1
            self.retries += isinstance(error, TransientError)
            self.tokens += tokens
            if error is None:
                self._window.answered(sent, now)
            else:
                self._window.failed(sent, now, overload=overload)
            if quiet:
                # The server asks to be left alone: nobody else may disturb it meanwhile either.
                self._quiet_until = max(self._quiet_until, now + quiet)
                self._changed.notify_all()
            else:
                self._changed.notify(max(1, self._window.size - self._in_flight))


@dataclass(frozen=True)
class _Throttled:
    """A `Model` of someone else's."""

    model: Model
    throttle: Throttle

    @property
    def concurrent(self) -> bool:
        """Whether threads may share it: as its author says."""
        return is_concurrent(self.model)

    def generate(self, request: Request) -> Completion:
        """See `Model.generate`."""
        # `ask` names the file of a model that answers wrongly; ours would not help its author.
        return self.throttle.when_free(lambda: ask(self.model, request))

    def close(self) -> None:
        """See `Model.close`."""
        self.model.close()


def window_for(settings: Settings, slots: int | None = None, *, worker: int = 0, workers: int = 1) -> Window:
    """Return the window that the settings ask for; `slots` are those that the model's server told.

    `worker` of `workers` (xdist's, from 0) gets its share of a number; each finds its own under ``auto``.
    A number that this process has no file descriptors or no memory for is cut, and the reason says so.
    """
    total, reason = _total(settings, slots)
    if total is None:
        return Climb(affordable(MOST)[0], patience=settings.request_timeout)
    size, lack = affordable(share(total, worker, workers))
    return Fixed(size, f"{reason}; {lack}" if lack else reason)


def _total(settings: Settings, slots: int | None) -> tuple[int | None, str]:
    """Return how many requests the whole session may have in flight, and why; None: to be found out."""
    if settings.concurrency != "auto":
        return settings.concurrency, "--mcode-concurrency"
    if settings.backend in ("gold", "replay"):
        return cores(), "one a core: no server is asked"
    if settings.backend == "hf":
        return 1, "hf answers one at a time"
    return slots, "the server's slots"


def share(total: int, worker: int, workers: int) -> int:
    """Return a worker's part of `total`, the first ones getting what is left over; at least 1."""
    return max(1, total // workers + (worker < total % workers))
