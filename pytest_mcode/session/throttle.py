"""Stand-in until the bound on requests at the model server lands."""

from threading import Semaphore
from typing import Any

from pytest_mcode.models import Completion, Model, Request
from pytest_mcode.sandboxes.capacity import cores
from pytest_mcode.settings import Settings

__all__ = ["Throttle", "window_for"]


class Throttle:
    """Lets N requests go at a time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.settled: int | None = limit
        self._slots = Semaphore(limit)

    def throttled(self, model: Model) -> Model:
        """Return `model`, whose requests wait for their turn."""
        return _Throttled(model, self._slots)

    def close(self) -> None:
        """Let nothing more go."""


class _Throttled:
    concurrent = True

    def __init__(self, model: Model, slots: Semaphore) -> None:
        self._model, self._slots = model, slots

    def generate(self, request: Request) -> Completion:
        """See `Model.generate`."""
        with self._slots:
            return self._model.generate(request)

    def close(self) -> None:
        """See `Model.close`."""
        self._model.close()


def window_for(settings: Settings, slots: int | None = None, *, worker: int = 0, workers: int = 1) -> Any:
    """Return the number that the settings ask for."""
    if settings.concurrency:
        return max(1, settings.concurrency // workers + (worker < settings.concurrency % workers))
    return cores() if settings.backend in ("gold", "replay") else 1
