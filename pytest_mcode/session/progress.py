"""A line every so often through pytest's own reporter: how far, how good, how fast, how long still.

Things are told as they happen: a task that has landed counts, also before its turn to be reported.
"""

import time
from collections import deque

import pytest

from pytest_mcode.session.ahead import Ahead
from pytest_mcode.session.summary import pass_rate
from pytest_mcode.session.tally import Tally

__all__ = ["Progress"]

EVERY_SECONDS = 60.0
SPEED_SECONDS = 60.0
"""The time over which tokens are counted for their speed."""
SAMPLE_SECONDS = 1.0


class Progress:
    """Says nothing in short sessions, under ``-q``, or without a terminal reporter."""

    def __init__(self, reporter: pytest.TerminalReporter | None, tally: Tally, planned: int) -> None:
        """Begin to count: what `tally` holds was done by an earlier session."""
        self._reporter = reporter if reporter and reporter.verbosity >= 0 else None
        self._tally = tally
        self._planned = planned
        self._ahead: dict[str, Ahead] = {}
        self._started = self._last = time.monotonic()
        self._already = tally.judged + tally.infra
        self._tokens: deque[tuple[float, int]] = deque([(self._started, tally.completion_tokens)])
        """When, and how many there were until then."""

    def hear(self, process: str, ahead: Ahead) -> None:
        """Take note of what a process has done that it has not reported."""
        self._ahead[process] = ahead
        self.tick()

    def tick(self) -> None:
        """Write a line if it is time for one."""
        if self._reporter is None:
            return
        now, ahead = time.monotonic(), sum(self._ahead.values(), Ahead())
        if now - self._tokens[-1][0] >= SAMPLE_SECONDS:
            self._tokens.append((now, self._tally.completion_tokens + ahead.tokens))
            while len(self._tokens) > 2 and now - self._tokens[1][0] >= SPEED_SECONDS:
                self._tokens.popleft()
        if now - self._last < EVERY_SECONDS:
            return
        self._last = now
        # The reporter's own `ensure_newline` knows nothing of the dots that it writes under xdist.
        in_dots = self._reporter.config.get_terminal_writer().width_of_current_line
        if in_dots and not self._reporter.currentfspath:
            self._reporter.write("\n")
        self._reporter.write_line(f"mcode: {self._line(now, ahead)}")

    def _line(self, now: float, ahead: Ahead) -> str:
        tally = self._tally
        judged = tally.with_ahead(ahead.solved, ahead.unsolved)
        infra = tally.infra + ahead.infra
        done = judged.judged + infra
        left = max(0, self._planned - done) * (now - self._started) / max(1, done - self._already)
        parts = [
            f"{done}/{self._planned} done",
            pass_rate(judged),
            f"{infra} infra",
            f"{ahead.in_flight} in flight" if ahead.in_flight else "",
            f"{tally.attempts + ahead.attempts} attempts",
            f"{ahead.retries} retries" if ahead.retries else "",
            self._speed(now, tally.completion_tokens + ahead.tokens),
            f"{_duration(left)} left",
        ]
        return ", ".join(filter(None, parts))

    def _speed(self, now: float, tokens: int) -> str:
        since, earlier = self._tokens[0]
        speed = (tokens - earlier) / max(now - since, 0.001)
        return f"{speed:.0f} tokens/s" if speed > 0 else ""


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
