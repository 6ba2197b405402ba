"""Does sampling help? Curves as tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from pytest_mcode.cli.common import console
from pytest_mcode.results.figures import interval, loop, percent, short_id, title

__all__ = ["print_scaling"]


def print_scaling(groups: Sequence[Mapping[str, Any]]) -> None:
    """Print a table for each group."""
    terminal = console()
    if not groups:
        terminal.print("No run matches.")
    for group in groups:
        first = group["runs"][0]
        terminal.print(f"{title(first)}, {loop(first, with_samples=False)}".rstrip(" ,"), style="bold cyan")
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("samples", "from", "tasks", "solved within them", "gain", "p"):
            table.add_column(heading, justify="right" if heading in ("samples", "p") else "left")
        for point in group["curve"]:
            table.add_row(*_cells(point))
        terminal.print(table)
    if any(
        point["gain"] is not None and point["p_value"] is None for group in groups for point in group["curve"]
    ):
        terminal.print(
            "No p for a part of a run, nor within one: "
            "expectations do not flip, more samples never solve less."
        )
    if groups and all(len(group["curve"]) == 1 for group in groups):
        terminal.print("No two runs differ in samples only, and none started all of several (--all-samples).")


def _cells(point: Mapping[str, Any]) -> list[str]:
    source = f"{'part of ' if point['sub_sampled'] else ''}{short_id(point['run_id'])}"
    rate = f"{percent(point['rate'])} {interval(point['low'], point['high'])}"
    gain = "" if point["gain"] is None else f"{100 * point['gain']:+.1f}"
    span = interval(point["gain_low"], point["gain_high"])
    p_value = "" if point["p_value"] is None else f"{point['p_value']:.2g}"
    return [str(point["samples"]), source, point["tasks"], rate, f"{gain} {span}".strip(), p_value]
