"""Configurations, their repeats averaged, as tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.cli.common import console
from pytest_mcode.cli.tables import (
    Column,
    price_cell,
    print_tables,
    rate_cell,
    spread_cell,
    unpriced_notes,
    withheld_notes,
)
from pytest_mcode.results.figures import loop, percent

__all__ = ["print_groups"]


def print_groups(groups: Sequence[dict[str, Any]], *, these_tasks: bool = False) -> None:
    """Print a row a configuration, where asked for with its rate on these very tasks."""
    columns: list[Column] = [
        ("loop", lambda each: [loop(each)]),
        ("runs", _runs_cell),
        ("tasks", lambda each: [f"{each['tasks_judged']}/{each['tasks_total']}"]),
        ("pass rate", lambda each: rate_cell(each, "pass_rate")),
        *([("on these tasks", spread_cell)] if these_tasks else []),
        ("single runs", _single_runs_cell),
        ("solved always, ever", _always_cell),
        *([("price, a solved", price_cell)] if any(each["prices"] for each in groups) else []),
    ]
    print_tables(groups, columns)
    notes = [*withheld_notes(groups), *unpriced_notes(groups)]
    if any(group["same_answers"] for group in groups):
        notes.append("No draw: a run that gave the same answers as another counts in no mean.")
    if any(group["partial"] for group in groups):
        notes.append("Partial: a run that judged fewer tasks than another.")
    for note in notes:
        console().print(note)


def _runs_cell(group: Mapping[str, Any]) -> list[str]:
    same, partial = len(group["same_answers"]), len(group["partial"])
    return [
        str(len(group["run_ids"])),
        *([f"{same} no draw"] if same else []),
        *([f"{partial} partial"] if partial else []),
    ]


def _single_runs_cell(group: Mapping[str, Any]) -> list[str]:
    rates = [rate for rate in group["pass_rates"] if rate is not None]
    if len(rates) < 2:
        return [percent(rate) for rate in rates]
    return [f"{percent(min(rates))} to", percent(max(rates))]


def _always_cell(group: Mapping[str, Any]) -> list[str]:
    return [f"{group['solved_always']}, {group['solved_always'] + group['solved_sometimes']}"]
