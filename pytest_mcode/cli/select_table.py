"""What selection is worth, as a table on the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_mcode.cli.common import console
from pytest_mcode.cli.output import Sheet, print_sheet
from pytest_mcode.results.figures import interval, percent, took

__all__ = ["print_selection", "selection_sheets"]


def print_selection(found: Mapping[str, Any]) -> None:
    """Print a row a way of choosing: what is handed in right, what of coverage is lost, what it took."""
    terminal = console()
    for sheet in selection_sheets(found):
        print_sheet(sheet)
    for reason in dict.fromkeys(way["gap_withheld"] for way in found["ways"] if way["gap_withheld"]):
        terminal.print(f"no intervals: {reason}")
    for warning in found["warnings"]:
        terminal.print(f"warning: {warning}")


def selection_sheets(found: Mapping[str, Any]) -> Iterator[Sheet]:
    """Yield the table: beside the ways, what chance and what the judge would choose."""
    rows = [
        [way["by"], str(way["tasks"]), _cell(way, "rate"), _cell(way, "gap"), _beside(way), took(way)]
        for way in found["ways"]
    ]
    if found["tasks_judged"]:
        rows.insert(0, ["chance", str(found["tasks_judged"]), _cell(found["by_chance"], "rate"), "", "", ""])
    if found["ways"]:
        widest = max(found["ways"], key=lambda way: way["tasks"])
        rows.append(["judge", str(widest["tasks"]), _cell(widest, "coverage"), "", "", "coverage"])
    headings = ["chosen by", "tasks", "handed in right", "lost of coverage", "beside first", "took"]
    yield Sheet(headings, rows, f"{found['title']}, {found['loop']} ({found['run_id']})")


def _cell(each: Mapping[str, Any], name: str) -> str:
    return f"{percent(each[name])}\n{interval(each[f'{name}_low'], each[f'{name}_high'])}".rstrip()


def _beside(way: Mapping[str, Any]) -> str:
    found = way["over_first"]
    if not found:
        return ""
    span = interval(found["decisive"].get("low"), found["decisive"].get("high"))
    return f"{100 * found['difference']:+.1f}, p={found['p_value']:.2g}\n{span}".rstrip()
