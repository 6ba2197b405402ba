"""`mcode compare`: the difference between two configurations on the same tasks, and how sure it is."""

from typing import Annotated

import typer

from pytest_mcode.cli.common import (
    AXES_TYPED,
    DEFAULT_DB,
    Db,
    PriceOption,
    PricePerHour,
    console,
    cost_axis,
    open_results,
    whole_numbers,
)
from pytest_mcode.cli.output import Form, emit, flat, formatted

__all__ = ["compare"]

SIDE = "A run (`RUN`, or `RUN::TEST`), or repeats: `model=granite4:3b,samples=5`."


@formatted
def compare(
    a: Annotated[str, typer.Argument(help=SIDE, metavar="A")],
    b: Annotated[str, typer.Argument(help="The same.", metavar="B")],
    non_inferior: Annotated[
        float | None,
        typer.Option(metavar="MARGIN", help="Is A at least as good as B minus this share, such as 0.05?"),
    ] = None,
    equivalent: Annotated[
        float | None,
        typer.Option(metavar="MARGIN", help="Do they differ by less than this share, either way (TOST)?"),
    ] = None,
    pass_at: Annotated[
        str, typer.Option(metavar="K,K", help="pass@k too, such as 1,5; of two runs with --all-samples.")
    ] = "",
    by: Annotated[
        str | None, typer.Option(metavar=AXES_TYPED, help="Also at equal cost, counted in this.")
    ] = None,
    db: Db = DEFAULT_DB,
    price: PriceOption = None,
    price_per_hour: PricePerHour = None,
    form: Form = "people",
) -> None:
    """Compare two runs, or two configurations by their repeats, on the tasks that both judged.

    The difference is A minus B, paired by task, with its 95 % interval and an exact test.
    """
    from pytest_mcode.results.comparison import check_margin

    check_margin("--non-inferior", non_inferior)
    check_margin("--equivalent", equivalent)
    ks = whole_numbers("--pass-at", pass_at)
    axis = cost_axis("--by", by) if by else None
    with open_results(db, price, price_per_hour) as results:
        found = results.compare(a, b, margin=non_inferior, equivalence=equivalent, pass_at=ks, by=axis)
    from pytest_mcode.cli.tables import facts, facts_sheet
    from pytest_mcode.results.sentences import sentences

    emit(
        form,
        found,
        rows=[flat(found)],
        sheets=[facts_sheet(sentences(found))],
        people=lambda: console().print(facts(sentences(found))),
    )
