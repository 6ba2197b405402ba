"""`mcode match`: how many samples, repairs, tokens or seconds a small model needs to match a big one."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from pytest_mcode.cli.common import (
    DEFAULT_DB,
    Db,
    PriceOption,
    PricePerHour,
    console,
    open_results,
)
from pytest_mcode.cli.output import Form, Sheet, emit, flat, formatted, print_sheet

__all__ = ["match"]

BY = "samples|repairs|attempts|tokens|model-seconds|seconds|price"


@formatted
def match(
    small: Annotated[
        str,
        typer.Argument(
            metavar="SMALL",
            help="What is cut to budgets: a run, or repeats, whose samples are taken together: `model=m`.",
        ),
    ],
    big: Annotated[
        str,
        typer.Argument(metavar="BIG", help="What to match: the same, as it is."),
    ],
    by: Annotated[str, typer.Option(metavar=BY, help="What budgets are counted in.")] = "samples",
    margin: Annotated[
        float, typer.Option(metavar="SHARE", help="How much worse SMALL may be: 0.05 for 5 points.")
    ] = 0.05,
    db: Db = DEFAULT_DB,
    price: PriceOption = None,
    price_per_hour: PricePerHour = None,
    form: Form = "people",
) -> None:
    """Say how large a budget SMALL needs to be at least as good as BIG, on the tasks that both judged.

    The smallest budget at which it is, less the margin, with its 95 % confidence set; "never" is an answer.
    """
    with open_results(db, price, price_per_hour) as results:
        found = results.match(small, big, by=by, margin=margin)
    emit(
        form,
        found,
        rows=map(flat, found["curve"]),
        sheets=_sheets(found),
        people=lambda: _print(found),
    )


def _print(found: Mapping[str, Any]) -> None:
    from pytest_mcode.cli.tables import facts
    from pytest_mcode.results.match_words import facts_of, table_of

    terminal = console()
    terminal.print(f"{found['sentence']}.", style="bold")
    terminal.print(facts(facts_of(found)))
    print_sheet(_sheet(*table_of(found)))


def _sheets(found: Mapping[str, Any]) -> Iterator[Sheet]:
    from pytest_mcode.cli.tables import facts_sheet
    from pytest_mcode.results.match_words import facts_of, table_of

    yield facts_sheet(facts_of(found), f"{found['sentence']}.")
    yield _sheet(*table_of(found))


def _sheet(headings: list[str], rows: list[list[str]]) -> Sheet:
    left = ("A within", "solved", "less B", "")
    return Sheet(headings, rows, right=[heading for heading in headings if heading not in left])
