"""`mcode compare`: the difference between two configurations on the same tasks, and how sure it is."""

from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, Json, console, open_results, print_json

__all__ = ["compare"]

SIDE = "A run (`RUN`, or `RUN::TEST`), or repeats: `model=granite4:3b,samples=5`."


def compare(
    a: Annotated[str, typer.Argument(help=SIDE, metavar="A")],
    b: Annotated[str, typer.Argument(help="The same.", metavar="B")],
    non_inferior: Annotated[
        float | None,
        typer.Option(metavar="MARGIN", help="Is A at least as good as B minus this share, such as 0.05?"),
    ] = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    """Compare two runs, or two configurations by their repeats, on the tasks that both judged.

    The difference is A minus B, paired by task, with its 95 % interval and an exact test.
    """
    from pytest_mcode.results.comparison import check_margin

    check_margin("--non-inferior", non_inferior)
    with open_results(db) as results:
        found = results.compare(a, b, margin=non_inferior)
    if as_json:
        print_json(found)
    else:
        from pytest_mcode.cli.tables import facts
        from pytest_mcode.results.sentences import sentences

        console().print(facts(sentences(found)))
