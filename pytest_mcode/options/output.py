"""Options that say what a session shows while it runs, and where else it tells of itself."""

from dataclasses import dataclass

from pytest_mcode.options import choice, option
from pytest_mcode.options.export import ExportOptions

__all__ = ["OutputOptions"]


@dataclass(frozen=True, kw_only=True)
class OutputOptions(ExportOptions):
    """A part of `Settings`."""

    progress: str | None = option(
        "How far the session is: live (a footer below pytest's lines, where it writes to a terminal), plain "
        "(a line a minute) or off; default: live on a terminal, plain elsewhere and in CI.",
        choice("live", "plain", "off"),
        metavar="live|plain|off",
        came_later=True,
    )
