"""How far, how good, how fast, how long still: told by time, whatever happens or does not happen.

Things are told as they happen: a task that has landed counts, also before its turn to be reported.
"""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from typing import Any, Literal

import pytest

from pytest_mcode import activity
from pytest_mcode.records import RunInfo
from pytest_mcode.results.causes import most_common
from pytest_mcode.results.picture import Picture, publish
from pytest_mcode.session import footer
from pytest_mcode.session.ahead import Ahead
from pytest_mcode.session.identity import TaskIds
from pytest_mcode.session.plan import Plan
from pytest_mcode.session.screen import Screen
from pytest_mcode.session.tally import Tally

__all__ = ["Heard", "Progress", "Way", "start", "way_of"]

EVERY_SECONDS = 60.0
"""Between two lines."""
PAINT_SECONDS = 0.5
PUBLISH_SECONDS = 1.0
SPEED_SECONDS = 60.0
"""The time over which tokens are counted for their speed."""
MOST_LINES = 12
"""Of the footer."""
Way = Literal["live", "plain", "off"]


def way_of(asked: str | None, reporter: pytest.TerminalReporter | None) -> Way:
    """Return how a session shows its progress: as asked, else as suits where it writes to."""
    if reporter is None or asked == "off" or reporter.verbosity < -1:
        return "off"
    alone = asked is None and bool(os.environ.get("CI"))
    if asked != "plain" and not alone and reporter.isatty:
        return "live"
    return "plain" if asked or reporter.verbosity >= 0 else "off"


def start(
    config: pytest.Config, plan: Plan, info: RunInfo, planned: int, tally: Tally, here: Callable[[], Ahead]
) -> "Progress":
    """Show how far a session is from now on; see `Progress` for the arguments."""
    shown = Picture(
        run_id=plan.run_id,
        benchmark=plan.title,
        model=plan.settings.model,
        status="running",
        planned=planned,
        started_at=info.started_at,
        command=str(info.environment["command"]),
    )
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    way = way_of(plan.settings.progress, reporter)
    progress = Progress(shown, tally, reporter, way, here, TaskIds(plan.tasks))
    config.pluginmanager.register(progress, "mcode-progress")
    progress.begin()
    return progress


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a process has told of itself."""

    ahead: Ahead = field(default_factory=Ahead)
    at: activity.Snapshot = activity.NOTHING
    when: float = field(default_factory=time.monotonic)


class Progress:
    """A thread that paints a footer or writes lines, and lets other processes see the same picture."""

    def __init__(
        self,
        shown: Picture,
        tally: Tally,
        reporter: pytest.TerminalReporter | None,
        way: Way,
        here: Callable[[], Ahead],
        ids: TaskIds,
    ) -> None:
        """`shown` is the picture to begin with; `here` tells what this process itself has done ahead.

        What `tally` holds was done by an earlier session.
        """
        self._shown = shown
        self._tally = tally
        self._reporter = reporter
        self._way = way
        self._here = here
        self._heard: dict[str, Heard] = {}
        self._ids = ids
        self._running: dict[str, float] = {}
        """Items that pytest runs, by task, since when."""
        self._started = self._news = time.monotonic()
        self._already, self._tokens_before = tally.judged + tally.infra, tally.completion_tokens
        self._tokens: deque[tuple[float, int]] = deque([(self._started, 0)])
        """When, and how many there were until then."""
        self._rated: tuple[tuple[int, int], Mapping[str, Any]] = ((-1, -1), {})
        self._last: tuple[int, ...] = ()
        self._screen: Screen | None = None
        self._end = Event()
        self._thread = Thread(target=self._go_on, name="mcode-progress", daemon=True)

    # What the session tells.

    def begin(self) -> None:
        """Show from now on."""
        if self._reporter and self._way != "off":
            self._screen = Screen(self._reporter)
            if not self._screen.can_paint:
                self._way = "plain"
        self._open()
        self._thread.start()

    def hear(self, process: str, ahead: Ahead, at: activity.Snapshot | None) -> None:
        """Take note of what a process has done that it has not reported, and of what it is at."""
        known = self._heard.get(process, Heard())
        if ahead == Ahead():  # It is gone; what it has used is used.
            ahead, at = Ahead(tokens=known.ahead.tokens, retries=known.ahead.retries), activity.NOTHING
        now = {"at": known.at, "when": known.when} if at is None else {"at": at}
        self._heard[process] = Heard(ahead=ahead, **now)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Take note that an item runs, here or in a worker."""
        if found := self._ids.identify(nodeid):
            self._running[found[1].task_id] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Take note that it was run."""
        if found := self._ids.identify(nodeid):
            self._running.pop(found[1].task_id, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Take note that its worker crashed."""
        self.pytest_runtest_logfinish(crashitem)

    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to somebody who types."""
        if self._screen:
            self._screen.close()

    def pytest_leave_pdb(self) -> None:
        """Take it back."""
        self._open()

    def _open(self) -> None:
        if self._screen and self._reporter:
            self._screen.open(uncaptured=self._reporter.config.getoption("capture") == "no")

    def end(self) -> None:
        """Show nothing more. May be called twice."""
        if self._end.is_set():
            return
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(10 * PAINT_SECONDS)
        if self._screen:
            self._screen.release()

    # By time.

    def _go_on(self) -> None:
        lines, published = time.monotonic(), 0.0
        while True:
            now, shown = time.monotonic(), self.picture()
            if now - published >= PUBLISH_SECONDS:
                publish(shown)
                published = now
            with suppress(OSError):  # What it shows on may be gone.
                if self._screen and self._way == "live":
                    self._paint(self._screen, shown)
                elif self._screen and now - lines >= EVERY_SECONDS:
                    self._screen.line(f"mcode: {footer.line(shown)}")
                    lines = now
            if self._end.wait(min(PAINT_SECONDS, max(EVERY_SECONDS, 0.05))):
                return

    def _paint(self, screen: Screen, shown: Picture) -> None:
        assert self._reporter
        size = screen.size
        painted = footer.footer(
            shown,
            columns=size.columns,
            height=max(0, min(MOST_LINES, size.lines // 2)),
            colour=self._reporter.hasmarkup,
            encoding=screen.encoding,
        )
        screen.show(painted, size.columns)

    # The picture.

    def picture(self) -> Picture:
        """Return how far the session is."""
        now, tally = time.monotonic(), self._tally
        self._heard[""] = Heard(ahead=self._here(), at=activity.snapshot())
        heard = list(self._heard.values())
        ahead = sum((each.ahead for each in heard), Ahead())
        solved, unsolved = tally.solved + ahead.solved, tally.unsolved + ahead.unsolved
        infra = tally.infra + ahead.infra
        tokens = max(ahead.tokens, tally.completion_tokens - self._tokens_before)
        waits, tasks = self._tasks(heard, now)
        done = solved + unsolved + infra
        self._listen(now, tokens, (done, tally.attempts + ahead.attempts, tokens))
        fresh = done - self._already
        left = max(0, self._shown.planned - done) * (now - self._started) / fresh if fresh > 0 else None
        return replace(
            self._shown,
            solved=solved,
            unsolved=unsolved,
            infra=infra,
            **self._rate(solved, unsolved),
            attempts=tally.attempts + ahead.attempts,
            tokens_per_second=self._speed(now, tokens),
            retries=ahead.retries,
            infra_causes=most_common(list(tally.infra_causes)),
            seconds=now - self._started,
            quiet_seconds=now - self._news,
            seconds_left=left,
            in_flight=max(sum(waits.values()), ahead.in_flight),
            waits=waits,
            tasks=tasks,
        )

    def _tasks(self, heard: list[Heard], now: float) -> tuple[dict[str, int], list[dict[str, Any]]]:
        waits: Counter[str] = Counter()
        tasks: dict[str, dict[str, Any]] = {}
        for each in heard:
            waits.update(each.at.waits)
            ago = now - each.when
            for task in each.at.tasks:
                wait = task["retry_in"]
                tasks[task["task_id"]] = {
                    **task,
                    "seconds": task["seconds"] + ago,
                    "retry_in": None if wait is None else max(0.0, wait - ago),
                }
        for task_id, since in list(self._running.items()):
            if not any(each.at.waits for each in heard):  # a process that does not tell
                tasks.setdefault(task_id, activity.Activity(task_id, since=since).to_dict(now))
                waits[""] += 1
        # Those that only queue tell least.
        told = sorted(tasks.values(), key=lambda task: (task["waits_for"] == "slot", -task["seconds"]))
        return dict(waits), told

    def _rate(self, solved: int, unsolved: int) -> Mapping[str, Any]:
        if self._rated[0] != (solved, unsolved):
            tally = self._tally.with_ahead(solved - self._tally.solved, unsolved - self._tally.unsolved)
            self._rated = ((solved, unsolved), tally.rate)
        return self._rated[1]

    def _listen(self, now: float, tokens: int, counts: tuple[int, ...]) -> None:
        if counts != self._last:
            self._news, self._last = now, counts
        self._tokens.append((now, tokens))
        while len(self._tokens) > 2 and now - self._tokens[1][0] >= SPEED_SECONDS:
            self._tokens.popleft()

    def _speed(self, now: float, tokens: int) -> float | None:
        since, earlier = self._tokens[0]
        speed = (tokens - earlier) / max(now - since, 0.001)
        return speed if speed > 0 else None
