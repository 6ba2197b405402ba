"""Signs of life between the controller and workers on other machines: a network that is cut tells nobody.

They travel on a channel of their own (execnet's channels may be sent over others), so that neither xdist nor
a worker's test is asked for them.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["PULSE", "Pulse", "Pulses", "beats_in"]

PULSE = "mcode_pulse"
"""Key of the workers' input: the channel."""
BEATS = 6
"""Within the time for which a process may be silent."""
START_SECONDS = 120.0
"""How long a worker may take to say its first word: it imports, perhaps from a slow disk."""
END_SECONDS = 15.0
"""How long a worker that is interrupted may take to remove its containers."""


def beats_in(seconds: float) -> float:
    """Return the seconds between two beats."""
    return seconds / BEATS


class Pulses:
    """The controller's side: sends to every worker, and calls `silent` for one that says nothing."""

    def __init__(self, bound: float, silent: Callable[[Any], None]) -> None:
        self._bound, self._silent = bound, silent
        self._lock = threading.Lock()
        self._channels: dict[Any, Any] = {}
        self._heard: dict[Any, float] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, node: Any) -> None:
        """Open a channel to a worker, and give it to it."""
        channel = node.gateway.newchannel()
        with self._lock:
            self._channels[node] = channel
            self._heard[node] = time.monotonic() + max(0.0, START_SECONDS - self._bound)
        channel.setcallback(lambda _: self._heard.update({node: time.monotonic()}))
        node.workerinput[PULSE] = channel
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mcode-pulses", daemon=True)
            self._thread.start()

    def forget(self, node: Any) -> None:
        """Stop to listen to a worker that has ended."""
        with self._lock:
            self._channels.pop(node, None)
            self._heard.pop(node, None)

    def end(self) -> None:
        """Stop to listen to all."""
        self._ended.set()

    def _run(self) -> None:
        every = beats_in(self._bound)
        woken = time.monotonic()
        while not self._ended.wait(every):
            before, woken = woken, time.monotonic()
            with self._lock:
                channels = list(self._channels.values())
            for channel in channels:
                _send(channel)
            if woken - before > self._bound / 2:
                # It was this process that slept; what the workers said meanwhile is not read yet.
                with self._lock:
                    self._heard.update(dict.fromkeys(self._heard, woken))
                continue
            with self._lock:
                silent = [node for node, heard in self._heard.items() if woken - heard > self._bound]
            for node in silent:
                self.forget(node)
                self._silent(node)


class Pulse:
    """The worker's side, a plugin: ends a worker whose controller is gone, or gave it up."""

    def __init__(self, channel: Any, bound: float) -> None:
        self._channel, self._bound = channel, bound
        self._heard = time.monotonic()
        self._ended = threading.Event()
        _send_one_at_a_time(channel.gateway)
        channel.setcallback(self._hear)
        for work in (self._beat, self._watch):
            threading.Thread(target=work, name="mcode-pulse", daemon=True).start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """The session is over."""
        self._ended.set()

    def _hear(self, _: object) -> None:
        self._heard = time.monotonic()

    def _beat(self) -> None:
        while _send(self._channel) and not self._ended.wait(beats_in(self._bound)):
            pass

    def _watch(self) -> None:
        # In a thread of its own: sending may block for ever. Twice the time: the controller decides first.
        while time.monotonic() - self._heard < 2 * self._bound:
            if self._ended.wait(beats_in(self._bound)):
                return
        os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C: what runs here is ended and removed
        if not self._ended.wait(END_SECONDS):
            os._exit(1)


def _send(channel: Any) -> bool:
    """Send a beat, and return whether the connection is there; execnet itself ends what has lost it."""
    try:
        channel.send(None)
    except OSError:
        return False
    return True


def _send_one_at_a_time(gateway: Any) -> None:
    """Let the messages of several threads go one after the other: those of a socket would be mixed."""
    io, lock = gateway._io, threading.Lock()
    write = io.write

    def alone(data: bytes) -> None:
        with lock:
            write(data)

    io.write = alone
