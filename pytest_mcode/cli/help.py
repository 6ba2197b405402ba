"""Help in groups, as plain text: what Rich prints in boxes would double the time of ``--help``."""

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

__all__ = ["GroupedCommand", "GroupedCommands"]

FIRST = "Options"
"""Heading of options that have none of their own."""


class GroupedCommand(TyperCommand):
    """A command whose options stand under the headings that they have as ``rich_help_panel``."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options, a section each."""
        _write_options(self.get_params(ctx), ctx, formatter)


class GroupedCommands(TyperGroup):
    """The commands, under the headings that they have as ``rich_help_panel``."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write options, then commands, a section each."""
        _write_options(self.get_params(ctx), ctx, formatter)
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            heading = getattr(command, "rich_help_panel", None)
            section = sections.setdefault(heading if isinstance(heading, str) else "Commands", [])
            section.append((name, command.get_short_help_str(limit=formatter.width - 16)))
        _write(sections, formatter)


def _write_options(parameters: Iterable[Any], context: Any, formatter: Any) -> None:
    sections: dict[str, list[tuple[str, str]]] = {}
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record is not None:
            heading = getattr(parameter, "rich_help_panel", None)
            usual = "Arguments" if parameter.param_type_name == "argument" else FIRST
            sections.setdefault(heading if isinstance(heading, str) else usual, []).append(record)
    if len(sections) > 2 and FIRST in sections:  # help and its like come last
        sections[FIRST] = sections.pop(FIRST)
    _write(sections, formatter)


def _write(sections: dict[str, list[tuple[str, str]]], formatter: Any) -> None:
    for heading, rows in sections.items():
        with formatter.section(heading):
            formatter.write_dl(rows)
