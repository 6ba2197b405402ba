"""`mcode view`: the store in a browser, live."""

from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, open_results

__all__ = ["view"]

PORT = 8421


def view(
    db: Db = DEFAULT_DB,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Of the loopback; 0: any that is free.")
    ] = PORT,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = False,
) -> None:
    """Serve a web page over the store, to this machine alone: runs, also while they run, tasks, comparisons.

    The address that is printed has a token; without it nobody is served. Nothing is written but tags and
    notes of runs. Ctrl-C ends it. Needs the extra `view`.
    """
    from pytest_mcode.web import check_extra

    check_extra()
    open_results(db).close()
    from pytest_mcode.cli.export import load_tasks
    from pytest_mcode.web.serving import serve

    serve(db, port, opens_browser=opens, load_tasks=load_tasks)
