"""What a session says when it ends: the result last, after everything that pytest itself has to list."""

import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mcode.session import environment, summary
from pytest_mcode.session.caveats import override_caveats, single_caveats

if TYPE_CHECKING:
    from pytest_mcode.session.controller import Controller

__all__ = ["Ending"]


class Ending:
    """A plugin of the controlling process."""

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._started = time.monotonic()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what went wrong without a word of ours, among pytest's own lists."""
        summary.write_unexpected(terminalreporter)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Any:
        """Wait for pytest's lists and its last line: its reporter writes them in a wrapper of this hook."""
        result = yield
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            self._say(reporter, session)
        return result

    def _say(self, reporter: pytest.TerminalReporter, session: pytest.Session) -> None:
        of = self._controller
        if not of.planned:
            if session.testscollected and not session.config.option.collectonly:
                reporter.write_line("mcode: no test takes mcode_task, so nothing was benchmarked")
            return
        notes = [*of.notes, *override_caveats(of.tally.overridden), *single_caveats(of.single)]
        lines = [("note", note) for note in notes]
        if of.decision:
            word = "holds" if of.decision.holds else "fails"
            lines.insert(0, ("gate", f"{word}: {of.decision.reason}"))
        if not of.is_complete:
            lines.insert(0, ("resume", f"{environment.command_of(session.config)} --mcode-resume"))
        if by_machine := of.fleet.words:
            lines.insert(0, ("machines", by_machine))
        seconds = time.monotonic() - self._started
        summary.write(reporter, of.plan, of.tally, of.planned, seconds, of.concurrency_found, lines)
