"""The form in which a command prints what it found: a table for people, JSON, CSV or Markdown."""

import csv
import functools
import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytest_mcode.cli.common import console, escape_unprintable, print_json
from pytest_mcode.cli.parameters import declare, parameter
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Form", "Sheet", "emit", "flat", "form_flags", "formatted", "plain_table", "print_sheet"]

Form = Literal["people", "json", "csv", "markdown"]
"""What a command that `formatted` decorates takes as ``form``."""
PANEL = "Output"
FORMS = {
    "json": "Print JSON, for programs.",
    "csv": "Print CSV.",
    "markdown": "Print Markdown.",
}


@dataclass(frozen=True)
class Sheet:
    """A table of texts; a cell may have several lines."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    right: Collection[str] = ()
    """Headings of columns that are flush right."""


def formatted(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--json``, ``--csv`` and ``--markdown``; it is called with its ``form``."""

    @functools.wraps(command)
    def with_form(**arguments: Any) -> None:
        given = [name for name in FORMS if arguments.pop(f"as_{name}")]
        if len(given) > 1:
            flags = ", ".join(f"--{name}" for name in given)
            raise ConfigurationError(f"{flags}: what is printed has one form; give one of them")
        command(**arguments, form=given[0] if given else "people")

    parameters = inspect.signature(command).parameters.values()
    own = [each for each in parameters if each.name != "form" and each.kind != each.VAR_KEYWORD]
    declare(with_form, [*own, *form_flags()])
    return with_form


def form_flags() -> list[inspect.Parameter]:
    """Return the flags as parameters, for a formatted command that declares all of its own."""
    return [
        parameter(
            f"as_{name}",
            Annotated[bool, typer.Option(f"--{name}", help=help, rich_help_panel=PANEL)],
            default=False,
        )
        for name, help in FORMS.items()
    ]


def emit(
    form: Form,
    found: Any,
    *,
    rows: Iterable[Mapping[str, Any]],
    sheets: Iterable[Sheet],
    people: Callable[[], None],
) -> None:
    """Print what was found in the form that is asked for; generators that it has no use for do not run."""
    escape_unprintable()
    if form == "json":
        print_json(found)
    elif form == "csv":
        _print_csv(rows)
    elif form == "markdown":
        for number, sheet in enumerate(sheets):
            _print_markdown(sheet, gap=number > 0)
    else:
        people()


def flat(found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a nested object as one row: ``a.rate`` for a rate in an object ``a``."""
    row: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping) and value:
            row |= flat(value, f"{prefix}{name}.")
        else:
            row[f"{prefix}{name}"] = value
    return row


def print_sheet(sheet: Sheet) -> None:
    """Print a table for people, under its title."""
    from pytest_mcode.results.figures import visible

    terminal = console()
    if sheet.title:
        terminal.print(visible(sheet.title), style="bold cyan", soft_wrap=True)
    terminal.print(plain_table(sheet))


def plain_table(sheet: Sheet) -> "Table":
    """Return a table without lines."""
    from rich.table import Table

    from pytest_mcode.results.figures import visible

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in sheet.headings:
        table.add_column(heading, justify="right" if heading in sheet.right else "left", overflow="fold")
    for row in sheet.rows:
        table.add_row(*map(visible, row))
    return table


def _print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a row each, a column for each name that one of them has; lists and objects are JSON."""
    from pytest_mcode.records import to_json

    found = list(rows)
    if not found:
        return
    names = list(dict.fromkeys(name for row in found for name in row))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in found:
        values = (row.get(name) for name in names)
        writer.writerow(to_json(each) if isinstance(each, dict | list | tuple) else each for each in values)


def _print_markdown(sheet: Sheet, *, gap: bool) -> None:
    if gap:
        print()
    if sheet.title:
        print(f"{_one_line(sheet.title)}\n")
    print("| " + " | ".join(sheet.headings) + " |")
    print("|" + "".join(" ---: |" if name in sheet.right else " --- |" for name in sheet.headings))
    for row in sheet.rows:
        print("| " + " | ".join(map(_one_line, row)) + " |")


def _one_line(text: str) -> str:
    from pytest_mcode.results.figures import visible

    return visible(" ".join(text.split()).replace("|", "\\|"))
