"""How many requests a server serves best at a time: fixed, or found by trying. Pure: time is told to it."""

from math import ceil, inf, sqrt
from typing import Protocol

__all__ = ["Climb", "Fixed", "Window"]


class Window(Protocol):
    """Decides how many requests may be in flight, from what is told of each; seconds on any clock."""

    @property
    def size(self) -> int:
        """Requests that may be in flight now."""

    @property
    def settled(self) -> int | None:
        """Requests in flight with which the server does best, as far as it is known; None: not known."""

    @property
    def reason(self) -> str:
        """Why it is of this size, in words."""

    def sent(self, now: float) -> None:
        """Take note of a request that was sent."""

    def answered(self, sent: float, now: float) -> None:
        """Take note of the answer to a request that was sent at `sent`."""

    def failed(self, sent: float, now: float, *, overload: bool) -> None:
        """Take note of a request that came to nothing; `overload`: the server has too many of them."""

    def told(self, waiting: int) -> None:
        """Take note of how many requests wait at the server, where it says so."""


class Fixed:
    """The same number throughout."""

    def __init__(self, size: int, reason: str = "") -> None:
        self.size = self.settled = size
        self.reason = reason

    def sent(self, now: float) -> None:
        """Change nothing."""

    def answered(self, sent: float, now: float) -> None:
        """Change nothing."""

    def failed(self, sent: float, now: float, *, overload: bool) -> None:
        """Change nothing."""

    def told(self, waiting: int) -> None:
        """Change nothing."""


class _Trial:
    """What came of one size while it was tried. A first round of answers is taken before it is steady."""

    def __init__(self, size: int, began: float) -> None:
        self.size, self.began = size, began
        self.answers = 0
        self.steady, self._steady_seconds = 0, 0.0
        self._in_flight_seconds = 0.0

    def pass_time(self, in_flight: int, seconds: float) -> None:
        """Note how many requests were in flight for how long."""
        self._in_flight_seconds += in_flight * seconds

    def answered(self, sent: float, now: float) -> None:
        """Note an answer; those to requests from before the trial tell nothing of this size."""
        if sent < self.began:
            return
        self.answers += 1
        if self.answers > self.size:
            self.steady += 1
            self._steady_seconds += now - sent

    @property
    def request_seconds(self) -> float:
        """Seconds of an answer where few are there: those that are still to come have taken time as well."""
        return max(self._in_flight_seconds / self.answers, 1e-6)

    @property
    def rate(self) -> float:
        """Answers per second, by Little's law: unlike a count of them it does not depend on bursts."""
        return self.size * self.steady / max(self._steady_seconds, 1e-6)

    def filled(self, now: float) -> bool:
        """Whether it was the size that bounded the requests, rather than a lack of tasks."""
        return self._in_flight_seconds > 0.8 * self.size * (now - self.began)


class Climb:
    """Tries sizes: up by large steps while answers per second grow, then back to the least that keeps them.

    A server with too few slots queues, which costs no answers per second but time of each answer; so
    steps up are large and taken early, bounded by what even a server that serves one request at a time
    would answer before requests time out. Then sizes between the largest that was too slow and the
    smallest that was not are tried, from the one at which nothing would queue (Little's law: answers per
    second times seconds of an answer without a queue). Once settled it looks now and then whether more
    has come to help. An overload takes it back, once for all requests that were in flight at the time,
    to what went well before, or to half; the size that caused it bounds the search for a while.
    """

    FIRST, LEAP, STEP, PROBE = 4, 128, 4, 1.5
    """Requests to begin with; the most after their answers; factors of a step from there, and of a look
    whether more has come to help."""
    AS_GOOD = 0.9
    """Of the best rate: what counts as no slower."""
    CLOSE = 1.3
    """Factor between a size too slow and one fast enough at which the search ends."""
    UNSLOWED = 0.7
    """Of the rate in proportion to the size: what counts as a server that has room."""
    LEAST = 3
    """Factor of a step that is so large that half a round of answers is enough to judge it."""

    def __init__(self, most: int = 512, patience: float = 300.0) -> None:
        """`most` bounds the size; `patience` are the seconds after which a request times out."""
        self.size = min(self.FIRST, most)
        self.settled: int | None = None
        self.reason = "auto: with more, answers come no faster"
        self._most, self._patience, self._ceiling = most, patience, inf
        self._rates: dict[int, float] = {}
        """Answers per second by size."""
        self._alone, self._alone_at = inf, 0
        """Seconds of an answer when nothing queues, and the size at which they were seen."""
        self._in_flight, self._last = 0, 0.0
        self._trial: _Trial | None = None
        self._cut_at, self._waiting = -inf, 0
        self._resting, self._rests, self._factor = False, 1, float(self.STEP)

    def sent(self, now: float) -> None:
        """See `Window`."""
        self._pass(now, +1)
        if self._trial is None and self._in_flight <= self.size:
            self._trial = _Trial(self.size, now)

    def answered(self, sent: float, now: float) -> None:
        """See `Window`."""
        self._pass(now, -1)
        if self._trial is not None:
            self._trial.answered(sent, now)
            self._consider(self._trial, now)

    def failed(self, sent: float, now: float, *, overload: bool) -> None:
        """See `Window`."""
        self._pass(now, -1)
        if overload and sent > self._cut_at:
            went_well = self.settled if self.settled and self.settled < self.size else self.size // 2
            self._cut_at, self._ceiling = now, self.size
            self._rates.clear()
            self._settle(went_well, "auto: with more, the server had too much to do")

    def told(self, waiting: int) -> None:
        """See `Window`; that a few wait once is no queue: they may just have come."""
        lasting = min(waiting, self._waiting)
        self._waiting = waiting
        if lasting > 0.05 * self.size and self._in_flight <= self.size:
            self._ceiling, self._waiting = self.size, 0
            self._settle(self.size - lasting, "auto: with more, requests wait at the server")

    def _pass(self, now: float, change: int) -> None:
        if self._trial is not None:
            self._trial.pass_time(self._in_flight, now - self._last)
        self._in_flight, self._last = self._in_flight + change, now

    def _consider(self, trial: _Trial, now: float) -> None:
        """Go on where enough is known of the size that is tried."""
        if self._alone == inf:
            if trial.answers >= trial.size:
                self._learn(trial.size, trial.size / trial.request_seconds)
                self._resting = False
                self._try(min(self.LEAP, max(trial.size, self._patience / self._alone)))
        elif self._has_room(trial) and trial.filled(now):
            self._rates[trial.size] = trial.size / trial.request_seconds
            self._go_on()
        elif trial.steady >= self._enough_answers:
            if trial.filled(now):
                self._learn(trial.size, trial.rate)
                self._go_on()
            else:
                self._trial = None

    def _has_room(self, trial: _Trial) -> bool:
        """Whether a first round of a much larger size came as fast as alone: no need of a second."""
        climbs = not self._resting and trial.size > self.LEAST * max(self._rates, default=inf)
        unslowed = self.UNSLOWED * trial.request_seconds < self._alone if trial.answers else False
        return climbs and unslowed and trial.answers >= trial.size / 2

    def _learn(self, size: int, rate: float) -> None:
        if self._resting and size in self._rates:
            change = rate / self._rates[size]
            if not self.UNSLOWED < change < 1 / self.UNSLOWED:  # The server is another than it was.
                self._rates = {each: known * change for each, known in self._rates.items()}
            self._rates = {each: known for each, known in self._rates.items() if each < size}
        self._rates[size] = rate
        too_slow = max((each for each in self._rates if each < self._least_good), default=0)
        if too_slow:  # There nothing queued, and more answers tell of it than the first ones.
            self._alone, self._alone_at = too_slow / self._rates[too_slow], too_slow
        elif size / rate < self.AS_GOOD * self._alone:
            self._alone, self._alone_at = size / rate, size

    def _go_on(self) -> None:
        if self._resting and self._least_good < self.size:
            self._settle(self._least_good)  # It looked better than it is.
        elif self._resting:
            self._resting, self._factor = False, self.PROBE
            queues = self._unqueued < self.size / self.PROBE
            if self._ceiling - self.size <= 1:  # What was too much may be bearable by now.
                self._ceiling = self.size * self.PROBE + 2
            more = min(self.size * self.PROBE + 1, (self.size + self._ceiling) / 2)
            self._try(self._unqueued if queues else more)
        elif (size := self._next()) is not None:
            self._try(size)
        else:
            self._settle(self._least_good)

    def _next(self) -> float | None:
        """Return the size to try next; None where the search is over."""
        good, top = self._least_good, max(self._rates)
        unqueued = self._unqueued
        too_slow = max((size for size in self._rates if size < good), default=0)
        if good == top < int(self._bound):
            queues = unqueued < top / self.CLOSE
            return unqueued if queues and too_slow < unqueued / self.CLOSE else top * self._factor + 1
        if self._alone_at < good:  # It tells of what size no server could be fast enough.
            too_slow = max(too_slow, int(self.AS_GOOD * self._rates[good] * self._alone))
        if good - too_slow <= 1 or good < self.CLOSE * too_slow:
            return None
        between = round(sqrt(max(too_slow, good / 4) * good))
        return unqueued if too_slow < unqueued < good / self.CLOSE else between

    def _try(self, size: float) -> None:
        self.size, self._trial = max(1, int(min(self._bound, size))), None

    def _settle(self, size: int, reason: str = "") -> None:
        self._rests = self._rests * 2 if size == self.settled else 1
        self.settled, self._resting = max(1, size), True
        self.reason = reason or self.reason
        self._try(self.settled)

    @property
    def _least_good(self) -> int:
        """The smallest size that was as good as any."""
        best = max(self._rates.values())
        return min(size for size, rate in self._rates.items() if rate >= self.AS_GOOD * best)

    @property
    def _unqueued(self) -> int:
        """The size at which nothing would queue if answers came as fast as they do."""
        return ceil(1.1 * self._rates[self._least_good] * self._alone)

    @property
    def _bound(self) -> float:
        """The most that may be tried: with it, the slowest answer would still come in time."""
        in_time = max(self._rates.values(), default=inf) * self._patience / 2
        return min(self._most, self._ceiling - 1, max(in_time, self.FIRST))

    @property
    def _enough_answers(self) -> int:
        """Answers after which a size is judged; at rest it takes more, and more each time nothing changes."""
        if self._resting:
            return max(64, 8 * self.size) * self._rests
        return max(24 if self._factor == self.STEP else 96, self.size)
