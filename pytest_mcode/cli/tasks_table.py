"""Tasks across runs as tables on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from rich.table import Table

from pytest_mcode.cli.common import console
from pytest_mcode.cli.tables import facts
from pytest_mcode.results.figures import MISSING, percent, short_id, visible

__all__ = ["print_items", "print_near"]

FEW = 12
"""Rows that are shown of what has many."""
Item = Mapping[str, Any]


def print_items(found: Mapping[str, Any], *, every: bool) -> None:
    """Print which configurations there are, and the tasks on which they differ most."""
    terminal = console()
    letters = [_letter(number) for number in range(len(found["configurations"]))]
    named = zip(letters, found["configurations"], strict=True)
    terminal.print(facts((letter, _configuration(each)) for letter, each in named))
    terminal.print(facts(_summary(found)))
    shown = found["tasks"] if every else _telling(found["tasks"])
    if shown:
        terminal.print(_table(shown, letters))
    if len(shown) < len(found["tasks"]):
        terminal.print(
            f"{len(shown)} of {len(found['tasks'])} tasks; --all prints the others, --json all figures."
        )


def print_near(found: Mapping[str, Any]) -> None:
    """Print the tasks that are repeated, or else the nearest ones."""
    terminal = console()
    count = len(found["repeated"])
    terminal.print(
        f"{count} of {len(found['pairs'])} tasks of {found['benchmark']} nearly repeat one of "
        f"{found['other']}: at least {percent(found['least'])} of their words in a row."
    )
    table = _plain_table("task", "nearest", "prompt", "solution")
    for pair in found["pairs"][: max(count, FEW)]:
        cells = (pair["task_id"], pair["other"], percent(pair["prompt"]), percent(pair["solution"]))
        table.add_row(*map(visible, cells))
    terminal.print(table)
    terminal.print("By words in a row, not by meaning: the same problem in other words is not seen.")


def _letter(number: int) -> str:
    return ascii_uppercase[number] if number < len(ascii_uppercase) else f"#{number + 1}"


def _configuration(each: Mapping[str, Any]) -> str:
    runs = ", ".join(short_id(run_id) for run_id in each["run_ids"])
    return f"{each['title']}, {each['loop']} ({runs})"


def _summary(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "tasks", str(len(found["tasks"]))
    yield "by nobody", _listed(found["never"])
    yield "by everybody", _listed(found["always"])
    flaky = [f"{each['task_id']} ({each['flaky']})" for each in found["tasks"] if each["flaky"]]
    yield "flaky", _listed(flaky)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"{len(names)}: {', '.join(names[:FEW])}{more}" if names else "0"


def _telling(tasks: Sequence[Item]) -> list[Item]:
    """Return the tasks on which configurations differ most; of a single one, those it solves at times."""
    if any(each["spread"] is not None for each in tasks):
        return sorted((each for each in tasks if each["spread"]), key=lambda each: -each["spread"])[:FEW]
    divided = [each for each in tasks if 0 < (each["shares"][0] or 0) < 1]
    return sorted(divided, key=lambda each: abs(each["shares"][0] - 0.5))[:FEW]


def _table(shown: Sequence[Item], letters: Sequence[str]) -> Table:
    table = _plain_table("task", *letters, "spread", "flaky")
    for each in shown:
        spread = MISSING if each["spread"] is None else percent(each["spread"])
        table.add_row(
            visible(each["task_id"]), *map(percent, each["shares"]), spread, str(each["flaky"] or "")
        )
    return table


def _plain_table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", justify="left" if number == 0 else "right")
    return table
