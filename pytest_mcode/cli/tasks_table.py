"""Tasks across runs as tables on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from pytest_mcode.cli.common import console
from pytest_mcode.cli.output import Sheet, print_sheet
from pytest_mcode.cli.tables import facts, facts_sheet
from pytest_mcode.results.figures import MISSING, percent, short_id

__all__ = ["items_rows", "items_sheets", "near_sheets", "print_items", "print_near"]

FEW = 12
"""Rows that are shown of what has many."""
Item = Mapping[str, Any]


def print_items(found: Mapping[str, Any], *, every: bool) -> None:
    """Print which configurations there are, and the tasks on which they differ most."""
    terminal = console()
    terminal.print(facts(_configurations(found)))
    terminal.print(facts(_summary(found)))
    shown = found["tasks"] if every else _telling(found["tasks"])
    if shown:
        print_sheet(_sheet(shown, found))
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
    for sheet in near_sheets(found):
        print_sheet(sheet)
    terminal.print("By words in a row, not by meaning: the same problem in other words is not seen.")


def items_rows(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row a task: the share of tries that solved it by configuration, and how far these differ."""
    for each in found["tasks"]:
        shares = dict(zip(_letters(found), each["shares"], strict=True))
        yield {
            "task_id": each["task_id"],
            **{f"share_{letter}": share for letter, share in shares.items()},
            "spread": each["spread"],
            "flaky": each["flaky"],
        }


def items_sheets(found: Mapping[str, Any], *, every: bool) -> Iterator[Sheet]:
    """Yield what the letters mean, and the tasks."""
    yield facts_sheet([*_configurations(found), *_summary(found)])
    yield _sheet(found["tasks"] if every else _telling(found["tasks"]), found)


def near_sheets(found: Mapping[str, Any]) -> Iterator[Sheet]:
    """Yield the repeated tasks, or else the nearest ones."""
    rows = [
        [pair["task_id"], pair["other"], percent(pair["prompt"]), percent(pair["solution"])]
        for pair in found["pairs"][: max(len(found["repeated"]), FEW)]
    ]
    yield Sheet(["task", "nearest", "prompt", "solution"], rows, right=("prompt", "solution"))


def _letters(found: Mapping[str, Any]) -> list[str]:
    return [_letter(number) for number in range(len(found["configurations"]))]


def _letter(number: int) -> str:
    return ascii_uppercase[number] if number < len(ascii_uppercase) else f"#{number + 1}"


def _configurations(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for letter, each in zip(_letters(found), found["configurations"], strict=True):
        runs = ", ".join(short_id(run_id) for run_id in each["run_ids"])
        yield letter, f"{each['title']}, {each['loop']} ({runs})"


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


def _sheet(shown: Sequence[Item], found: Mapping[str, Any]) -> Sheet:
    """Return shares in whole percent: a column each has room for three digits."""
    headings = ["task", *_letters(found), "spread", "flaky"]
    rows = [
        [each["task_id"], *map(_share, each["shares"]), _share(each["spread"]), str(each["flaky"] or "")]
        for each in shown
    ]
    return Sheet(headings, rows, "solved by each, % of tries", headings[1:])


def _share(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f}"
