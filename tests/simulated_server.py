"""A model server in simulated time, asked through a `Window`: how busy it was, and where the window ends.

>>> run(Climb(), Slots(32, constant(1.0)), tasks=500).busy
0.92
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_mcode.session.climb import Window

Seconds = Callable[[random.Random], float]


def constant(seconds: float) -> Seconds:
    """Each answer takes as long."""
    return lambda dice: seconds


def lognormal(mean: float, spread: float) -> Seconds:
    """Answers take `mean` seconds; their standard deviation is `spread` of it."""
    sigma = math.sqrt(math.log(1 + spread**2))
    return lambda dice: mean * math.exp(dice.gauss(-(sigma**2) / 2, sigma))


@dataclass
class Slots:
    """Serves so many at a time, first come first served; refuses what is more than `bears` at once."""

    slots: int
    seconds: Seconds
    bears: float = math.inf


@dataclass
class Outcome:
    """What came of a run."""

    slots: int
    sizes: list[tuple[float, int]] = field(default_factory=list)
    """When the window changed, and to what."""
    refused: int = 0
    slowest: float = 0.0
    """Longest wait of a request, in seconds."""
    ends: list[float] = field(default_factory=list)
    worked: float = 0.0
    settled: int | None = None

    @property
    def busy(self) -> float:
        """Share of the slots between the first request and the last answer."""
        return self.worked / (self.ends[-1] * self.slots)

    @property
    def rate(self) -> float:
        """Answers per second in the second half, before the last ones run out."""
        part = self.ends[len(self.ends) // 2 : -2 * self.slots]
        return (len(part) - 1) / (part[-1] - part[0])


class _Run:
    def __init__(self, window: Window, server: Slots, tasks: int, seed: int) -> None:
        self.window, self.server, self.left, self.dice = window, server, tasks, random.Random(seed)
        self.events: list[tuple[float, int, str, float, float]] = []
        self.now, self.number, self.in_flight, self.busy = 0.0, 0, 0, 0
        self.queue: deque[float] = deque()
        self.outcome = Outcome(server.slots)

    def later(self, seconds: float, kind: str, sent: float) -> None:
        self.number += 1
        heapq.heappush(self.events, (self.now + seconds, self.number, kind, sent, seconds))

    def serve(self, sent: float) -> None:
        self.busy += 1
        self.later(self.server.seconds(self.dice), "answer", sent)

    def send(self) -> None:
        while self.left and self.in_flight < self.window.size:
            self.left -= 1
            self.in_flight += 1
            self.window.sent(self.now)
            if self.busy + len(self.queue) >= self.server.bears:
                self.later(0.01, "refusal", self.now)
            elif self.busy < self.server.slots:
                self.serve(self.now)
            else:
                self.queue.append(self.now)
        if not self.outcome.sizes or self.outcome.sizes[-1][1] != self.window.size:
            self.outcome.sizes.append((self.now, self.window.size))

    def happen(self, kind: str, sent: float, seconds: float) -> None:
        if kind == "again":
            self.left += 1
            return
        self.in_flight -= 1
        if kind == "refusal":
            self.outcome.refused += 1
            self.window.failed(sent, self.now, overload=True)
            self.later(1 + self.dice.random(), "again", 0.0)
            return
        self.busy -= 1
        self.outcome.worked += seconds
        self.outcome.slowest = max(self.outcome.slowest, self.now - sent)
        self.outcome.ends.append(self.now)
        if self.queue:
            self.serve(self.queue.popleft())
        self.window.answered(sent, self.now)

    def run(self) -> Outcome:
        self.send()
        while self.events:
            self.now, _, kind, sent, seconds = heapq.heappop(self.events)
            self.happen(kind, sent, seconds)
            self.send()
        self.outcome.settled = self.window.settled
        return self.outcome


def run(window: Window, server: Slots, tasks: int, seed: int = 0) -> Outcome:
    """Answer `tasks` requests; one that is refused is sent again a second or two later."""
    return _Run(window, server, tasks, seed).run()
