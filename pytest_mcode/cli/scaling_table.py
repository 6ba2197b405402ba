"""Does sampling help? Curves as tables on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_mcode.cli.common import console
from pytest_mcode.cli.output import Sheet, print_sheet
from pytest_mcode.results.figures import axis_name, interval, loop, percent, quantity, short_id, title

__all__ = ["print_scaling", "scaling_sheets"]


def print_scaling(groups: Sequence[Mapping[str, Any]], axis: str | None) -> None:
    """Print a table for each group, where asked for with what a task costs on `axis` of `costs.AXES`."""
    terminal = console()
    if not groups:
        terminal.print("No run matches.")
    for group, sheet in zip(groups, scaling_sheets(groups, axis), strict=True):
        print_sheet(sheet)
        if any(point["gain"] is not None for point in group["curve"]):
            terminal.print(_base(group))
    points = [point for group in groups for point in group["curve"]]
    if axis and any(point["costs"].get(axis) is not None for point in points):
        terminal.print(f"{axis_name(axis).capitalize()}: of a task on average, stopping at its first pass.")
    elif axis and points:
        terminal.print(f"{axis_name(axis).capitalize()}: {UNKNOWN.get(axis, 'unknown')}.")
    if any(point["p_value"] is not None for point in points):
        terminal.print("p is adjusted by Holm for all that its table prints.")
    if any(point["gain"] is not None and point["p_value"] is None for point in points):
        terminal.print(
            "No p for a part of a run, nor where one run's samples begin another's: "
            "expectations do not flip, more samples never solve less."
        )
    if groups and all(len(group["curve"]) == 1 for group in groups):
        terminal.print("No two runs differ in samples only, and none started all of several (--all-samples).")


def scaling_sheets(groups: Sequence[Mapping[str, Any]], axis: str | None) -> Iterator[Sheet]:
    """Yield a table for each group, where asked for with what a task costs on `axis`."""
    cost = [axis_name(axis)] if axis else []
    headings = ["samples", "from", "tasks", "solved within them", *cost, "gain", "p"]
    for group in groups:
        first = group["runs"][0]
        title_of = f"{title(first)}, {loop(first, with_samples=False)}".rstrip(" ,")
        rows = [_cells(point, axis) for point in group["curve"]]
        yield Sheet(headings, rows, title_of, [name for name in headings if name not in TEXTS])


UNKNOWN = {
    "tokens": "not all of them were reported",
    "model_seconds": "not measured, as of replayed answers",
    "seconds": "not measured, as of replayed answers",
    "price": "give --price IN,OUT per million tokens, or --price-per-hour where not all tokens were reported",
}
"""Why no point has a cost on an axis."""
TEXTS = ("from", "tasks", "solved within them", "gain")


def _base(group: Mapping[str, Any]) -> str:
    base = group["base"]
    samples = f"{base['samples']} sample{'s' * (base['samples'] != 1)}"
    part = "part of " if base["sub_sampled"] else ""
    return f"Gain: over {samples} of {part}{short_id(base['run_id'])} (--base RUN takes another)."


def _cells(point: Mapping[str, Any], axis: str | None) -> list[str]:
    source = f"{'part of ' if point['sub_sampled'] else ''}{short_id(point['run_id'])}"
    rate = f"{percent(point['rate'])} {interval(point['low'], point['high'])}".rstrip()
    gain = "" if point["gain"] is None else f"{100 * point['gain']:+.1f}"
    span = interval(point["gain_low"], point["gain_high"])
    p_value = "" if point["p_adjusted"] is None else f"{point['p_adjusted']:.2g}"
    cost = [quantity(point["costs"].get(axis))] if axis else []
    return [str(point["samples"]), source, point["tasks"], rate, *cost, f"{gain} {span}".strip(), p_value]
