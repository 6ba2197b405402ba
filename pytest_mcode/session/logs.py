"""What is logged by a task in flight is shown with its own test, not with the one that runs meanwhile."""

import logging

import pytest

from pytest_mcode.session.flight import Flight, current_flight

__all__ = ["FlightLogs"]

HANDLERS = ("caplog_handler", "report_handler")
"""Those of pytest that keep what a test logs; files and live logs show everything when it happens."""


class FlightLogs(logging.Filter):
    """Sits on pytest's handlers and keeps from them, for later, what flights log."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__()
        plugin = config.pluginmanager.get_plugin("logging-plugin")
        self._handlers: list[logging.Handler] = [
            getattr(plugin, name) for name in HANDLERS if hasattr(plugin, name)
        ]
        for handler in self._handlers:
            handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let what is logged elsewhere pass."""
        flight = current_flight()
        if flight is None:
            return True
        if record not in flight.records[-1:]:  # both handlers are asked
            flight.records.append(record)
        return False

    def show(self, flight: Flight) -> None:
        """Give pytest what was kept, as if it were logged now."""
        for record in flight.records:
            for handler in self._handlers:
                if record.levelno >= handler.level:
                    handler.handle(record)
