"""Runs as rows of a leaderboard: columns that know how much they matter, laid out in the width there is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.table import Table

from pytest_mcode.cli.common import console
from pytest_mcode.cli.output import Sheet
from pytest_mcode.results.figures import UNPRICED, interval, percent, quantity, short_id, visible

__all__ = [
    "Column",
    "Result",
    "facts",
    "facts_sheet",
    "leaderboard_sheets",
    "price_cell",
    "print_leaderboard",
    "rate_cell",
    "spread_cell",
    "unpriced_notes",
    "withheld_notes",
]

Result = dict[str, Any]
NARROWEST = 24
"""Characters that the column of models and configurations keeps."""
GAP = 2


@dataclass(frozen=True)
class Column:
    """A heading, and the lines of a cell; in a wide terminal they stand side by side."""

    heading: str
    cell: Callable[[Result], list[str]]
    rank: int = 0
    """Of those that do not fit the largest is left out first; 0 stays."""
    right: bool = False

    @property
    def name(self) -> str:
        """The heading as one line."""
        return " ".join(self.heading.replace("\n/", "/").split())

    def line(self, each: Result) -> str:
        """Return the cell as one line."""
        return " ".join(self.cell(each)).strip()

    def on_one_line(self) -> "Column":
        """Return the same with cells of one line."""
        return replace(self, cell=lambda each: [self.line(each)])


NAMES = (
    Column("model", lambda each: [each["names"][0]]),
    Column("configuration", lambda each: [each["names"][1]]),
)
"""Whose row it is: of rows that `labels.with_names` made."""


def print_leaderboard(
    found: Sequence[Result],
    titled: Callable[[Result], str],
    columns: Sequence[Column],
) -> None:
    """Print a table for each title: a row a line where that fits, else its cells' lines below each other.

    Narrow terminals get a row's configuration below its model.
    """
    terminal = console()
    if not found:
        terminal.print("No run matches.")
        return
    flat = [column.on_one_line() for column in [*NAMES, *columns]]
    shown, widths = _fitting(flat, found, terminal.width)
    if any(column not in shown for column in flat if column.rank <= 1) or sum(widths) > terminal.width:
        both = Column("model,\n  configuration", lambda each: [each["names"][0], f"  {each['names'][1]}"])
        shown, widths = _fitting([both, *columns], found, terminal.width, folds=True)
    for title in dict.fromkeys(map(titled, found)):
        terminal.print(visible(title), style="bold cyan", soft_wrap=True)
        terminal.print(_table(shown, widths, _ranked(found, titled, title)))
    headings = [column.heading for column in shown]
    left_out = [column.name for column in columns if column.heading not in headings]
    if left_out:
        terminal.print(f"Not in this width: {', '.join(left_out)}; --markdown has all.", style="dim")


def leaderboard_sheets(
    found: Sequence[Result], titled: Callable[[Result], str], columns: Sequence[Column]
) -> Iterator[Sheet]:
    """Yield the same with every column, for Markdown."""
    shown = [*NAMES, *columns]
    right = [column.name for column in shown if column.right]
    for title in dict.fromkeys(map(titled, found)):
        rows = [[column.line(each) for column in shown] for each in _ranked(found, titled, title)]
        yield Sheet([column.name for column in shown], rows, title, right)


def _ranked(found: Sequence[Result], titled: Callable[[Result], str], title: str) -> list[Result]:
    """Return the rows of one table, the best first; what is unfinished has no rank yet."""

    def place(each: Result) -> tuple[bool, float]:
        planned = each.get("tasks_planned")
        unfinished = planned is not None and each["tasks_judged"] + each["infra"] < planned
        return unfinished, -(-1 if each["pass_rate"] is None else each["pass_rate"])

    return sorted((each for each in found if titled(each) == title), key=place)


def _fitting(
    columns: Sequence[Column], found: Sequence[Result], available: int, *, folds: bool = False
) -> tuple[list[Column], list[int]]:
    """Return the columns that fit beside each other and their widths, the least important left out.

    The first one folds where an important one would have to go, or those that stay do not fit.
    """
    shown = list(columns)
    while True:
        widths = [max(map(len, _lines(column, found))) + GAP for column in shown]
        least = max(shown, key=lambda column: column.rank)
        needed = sum(widths) if not folds or least.rank > 1 else sum(widths[1:]) + NARROWEST
        if needed <= available or not least.rank:
            widths[0] = min(widths[0], max(NARROWEST, available - sum(widths[1:])))
            return shown, widths
        shown.remove(least)


def _lines(column: Column, found: Sequence[Result]) -> Iterator[str]:
    yield from column.heading.split("\n")
    for each in found:
        yield from column.cell(each)


def _table(columns: Sequence[Column], widths: Sequence[int], rows: Sequence[Result]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        justify: Any = "right" if column.right else "left"
        table.add_column(column.heading, width=width - GAP, overflow="fold", justify=justify)
    for each in rows:
        table.add_row(*(visible("\n".join(column.cell(each))) for column in columns))
    return table


def rate_cell(each: Result, name: str) -> list[str]:
    """Return a rate and its interval, or that it has none."""
    span = "no interval" if each["interval_withheld"] else ""
    return [percent(each[name]), interval(each[f"{name}_low"], each[f"{name}_high"]) or span]


def spread_cell(each: Result) -> list[str]:
    """Return the rate over tries and its interval on these very tasks."""
    found = each["spread"]
    return [percent(found["these_rate"]), interval(found["these_low"], found["these_high"])]


def price_cell(each: Result) -> list[str]:
    """Return the price of a run, and that of a solved task."""
    return [quantity(each["price"]), f"({quantity(each['price_per_solved'])})"]


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


def facts_sheet(rows: Iterable[tuple[str, str]], title: str = "") -> Sheet:
    """Return names and values as a table with headings."""
    return Sheet(["", "what"], [list(row) for row in rows], title)
