"""Configurations, their repeats averaged, as a leaderboard."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_mcode.cli.common import console
from pytest_mcode.cli.output import Sheet
from pytest_mcode.cli.tables import (
    Column,
    leaderboard_sheets,
    price_cell,
    print_leaderboard,
    rate_cell,
    spread_cell,
    unpriced_notes,
    withheld_notes,
)
from pytest_mcode.results.figures import dataset_title, percent
from pytest_mcode.results.labels import with_names

__all__ = ["groups_sheets", "print_groups"]

Groups = Sequence[dict[str, Any]]


def print_groups(groups: Groups, *, these_tasks: bool = False) -> None:
    """Print a row a configuration, where asked for with its rate on these very tasks."""
    print_leaderboard(with_names(groups), dataset_title, _columns(groups, these_tasks=these_tasks))
    notes = [*withheld_notes(groups), *unpriced_notes(groups)]
    if any(group["same_answers"] for group in groups):
        notes.append("No draw: a run that gave the same answers as another counts in no mean.")
    if any(group["partial"] for group in groups):
        notes.append("Partial: a run that judged fewer tasks than another.")
    for note in notes:
        console().print(note)


def groups_sheets(groups: Groups, *, these_tasks: bool = False) -> Iterator[Sheet]:
    """Yield the same for Markdown."""
    columns = _columns(groups, these_tasks=these_tasks)
    return leaderboard_sheets(with_names(groups), dataset_title, columns)


def _columns(groups: Groups, *, these_tasks: bool) -> list[Column]:
    return [
        Column("runs", _runs_cell),
        Column("judged", lambda each: [str(each["tasks_judged"]), f"of {each['tasks_total']}"]),
        Column("pass rate", lambda each: rate_cell(each, "pass_rate")),
        *([Column("on these tasks", spread_cell)] if these_tasks else []),
        Column("single\nruns", _single_runs_cell, rank=3),
        Column("solved\nalways, ever", _always_cell, rank=2),
        *(
            [Column("price\n(a solved)", price_cell, rank=1)]
            if any(each["prices"] for each in groups)
            else []
        ),
    ]


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
