"""What selection is worth, as a table on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from pytest_mcode.cli.common import console
from pytest_mcode.results.figures import interval, percent, took, visible

__all__ = ["print_selection"]


def print_selection(found: Mapping[str, Any]) -> None:
    """Print a row a way of choosing: what is handed in right, what of coverage is lost, what it took."""
    terminal = console()
    terminal.print(visible(f"{found['title']}, {found['loop']} ({found['run_id']})"), style="bold cyan")
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("chosen by", "tasks", "handed in right", "lost of coverage", "beside first", "took"):
        table.add_column(heading)
    if found["tasks_judged"]:
        table.add_row("chance", str(found["tasks_judged"]), _cell(found["by_chance"], "rate"))
    for way in found["ways"]:
        table.add_row(
            way["by"], str(way["tasks"]), _cell(way, "rate"), _cell(way, "gap"), _beside(way), took(way)
        )
    if found["ways"]:
        widest = max(found["ways"], key=lambda way: way["tasks"])
        table.add_row("judge", str(widest["tasks"]), _cell(widest, "coverage"), "", "", "coverage")
    terminal.print(table)
    for reason in dict.fromkeys(way["gap_withheld"] for way in found["ways"] if way["gap_withheld"]):
        terminal.print(f"no intervals: {reason}")
    for warning in found["warnings"]:
        terminal.print(f"warning: {warning}")


def _cell(each: Mapping[str, Any], name: str) -> str:
    return f"{percent(each[name])}\n{interval(each[f'{name}_low'], each[f'{name}_high'])}".rstrip()


def _beside(way: Mapping[str, Any]) -> str:
    found = way["over_first"]
    if not found:
        return ""
    span = interval(found["decisive"].get("low"), found["decisive"].get("high"))
    return f"{100 * found['difference']:+.1f}, p={found['p_value']:.2g}\n{span}".rstrip()
