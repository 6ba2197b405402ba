"""Tables for people on the terminal: a heading for each benchmark and model, columns of one width."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich.table import Table

from pytest_mcode.cli.common import console
from pytest_mcode.results.figures import UNPRICED, interval, percent, quantity, short_id, title, visible

__all__ = [
    "Column",
    "Result",
    "facts",
    "price_cell",
    "print_tables",
    "rate_cell",
    "spread_cell",
    "unpriced_notes",
    "withheld_notes",
]

Result = dict[str, Any]
Column = tuple[str, Callable[[Result], list[str]]]
"""A heading, and the lines of a cell."""


def print_tables(found: Sequence[Result], columns: Sequence[Column]) -> None:
    """Print a table for each benchmark and model, with columns of the same widths."""
    terminal = console()
    if not found:
        terminal.print("No run matches.")
        return
    widths = _widths(columns, found, terminal.width)
    for heading in dict.fromkeys(title(each) for each in found):
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        for name, _ in columns:
            table.add_column(name, width=widths[name], overflow="fold")
        for each in found:
            if title(each) == heading:
                table.add_row(*(visible("\n".join(cell(each))) for _, cell in columns))
        terminal.print(heading, style="bold cyan", soft_wrap=True)
        terminal.print(table)


def _widths(columns: Sequence[Column], found: Sequence[Result], available: int) -> dict[str, int]:
    """Give each column what it wants; loop and tasks, whose cells wrap well, share what is left."""
    widths = {
        name: max(len(line) for each in found for line in [name, *cell(each)]) for name, cell in columns
    }
    left = available - sum(widths.values()) - len(widths) + widths["loop"] + widths["tasks"]
    widths["tasks"] = min(widths["tasks"], max(7, left - widths["loop"]))
    widths["loop"] = min(widths["loop"], max(7, left - widths["tasks"]))
    return widths


def rate_cell(each: Result, name: str) -> list[str]:
    """Return a rate and, below it, its interval, or that it has none."""
    span = "no interval" if each["interval_withheld"] else ""
    return [percent(each[name]), interval(each[f"{name}_low"], each[f"{name}_high"]) or span]


def spread_cell(each: Result) -> list[str]:
    """Return the rate over tries and, below it, its interval on these very tasks."""
    found = each["spread"]
    return [percent(found["these_rate"]), interval(found["these_low"], found["these_high"])]


def price_cell(each: Result) -> list[str]:
    """Return the price of a run and, below it, that of a solved task."""
    return [quantity(each["price"]), quantity(each["price_per_solved"])]


def unpriced_notes(found: Iterable[Result]) -> Iterator[str]:
    """Yield which runs have no price though there are prices: their server did not report all tokens."""
    if without := [each for each in found if each["prices"] and each["price"] is None]:
        ids = [run_id for each in without for run_id in each.get("run_ids") or [each["run_id"]]]
        yield f"No price of {', '.join(map(short_id, ids))}: {UNPRICED}."


def withheld_notes(found: Iterable[Result]) -> Iterator[str]:
    """Yield once each reason why some of the rates have no interval."""
    for reason in dict.fromkeys(each["interval_withheld"] for each in found if each["interval_withheld"]):
        yield f"No interval: {reason}."


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Lay out names and values, as they are."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, visible(value))
    return table
