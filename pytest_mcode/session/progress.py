"""A line every so often through pytest's own reporter: how far, how good, how fast, how long still."""

import time

import pytest

from pytest_mcode.session.summary import pass_rate
from pytest_mcode.session.tally import Tally

__all__ = ["Progress"]

EVERY_SECONDS = 60.0


class Progress:
    """Says nothing in short sessions, under ``-q``, or without a terminal reporter."""

    def __init__(self, reporter: pytest.TerminalReporter | None, tally: Tally) -> None:
        """Begin to count: what `tally` holds was done by an earlier session."""
        self._reporter = reporter if reporter and reporter.verbosity >= 0 else None
        self._started = self._last = time.monotonic()
        self._already = tally.judged + tally.infra
        self._already_tokens = tally.completion_tokens

    def tick(self, tally: Tally, planned: int) -> None:
        """Write a line if it is time for one."""
        now = time.monotonic()
        if self._reporter is None or now - self._last < EVERY_SECONDS:
            return
        self._last = now
        # The reporter's own `ensure_newline` knows nothing of the dots that it writes under xdist.
        in_dots = self._reporter.config.get_terminal_writer().width_of_current_line
        if in_dots and not self._reporter.currentfspath:
            self._reporter.write("\n")
        self._reporter.write_line(f"mcode: {self._line(tally, planned, now - self._started)}")

    def _line(self, tally: Tally, planned: int, seconds: float) -> str:
        done = tally.judged + tally.infra
        left = max(0, planned - done) * seconds / max(1, done - self._already)
        tokens = (tally.completion_tokens - self._already_tokens) / seconds
        speed = f"{tokens:.0f} tokens/s, " if tokens else ""
        return (
            f"{done}/{planned} done, {pass_rate(tally)}, {tally.infra} infra, {speed}{_duration(left)} left"
        )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
