"""Ctrl-C and SIGTERM: both interrupt a session, and neither between a count and its record."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["sigterm_interrupts", "undisturbed"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def sigterm_interrupts() -> Callable[[], None]:
    """Turn SIGTERM into KeyboardInterrupt; return what undoes it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    before = signal.signal(signal.SIGTERM, interrupt)

    def undo() -> None:
        signal.signal(signal.SIGTERM, before)

    return undo


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put off what would interrupt the block until it has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    before: dict[int, Any] = {
        number: signal.signal(number, lambda number, _: pending.append(number)) for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in pending[:1]:
            signal.raise_signal(number)
