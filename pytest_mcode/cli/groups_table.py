"""Configurations, their repeats averaged, as tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.cli.tables import Column, print_tables, rate_cell
from pytest_mcode.results.figures import loop, percent

__all__ = ["print_groups"]


def print_groups(groups: Sequence[dict[str, Any]]) -> None:
    """Print a row a configuration."""
    columns: list[Column] = [
        ("loop", lambda each: [loop(each)]),
        ("runs", lambda each: [str(len(each["run_ids"]))]),
        ("tasks", lambda each: [f"{each['tasks_judged']}/{each['tasks_total']}"]),
        ("pass rate", lambda each: rate_cell(each, "pass_rate")),
        ("single runs", _single_runs_cell),
        ("solved always, ever", _always_cell),
    ]
    print_tables(groups, columns)


def _single_runs_cell(group: Mapping[str, Any]) -> list[str]:
    rates = [rate for rate in group["pass_rates"] if rate is not None]
    if len(rates) < 2:
        return [percent(rate) for rate in rates]
    return [f"{percent(min(rates))} to", percent(max(rates))]


def _always_cell(group: Mapping[str, Any]) -> list[str]:
    return [f"{group['solved_always']}, {group['solved_always'] + group['solved_sometimes']}"]
