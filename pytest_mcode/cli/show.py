"""`mcode show`: a run's configuration and figures, or every attempt at one of its tasks."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_mcode.cli.common import (
    DEFAULT_DB,
    Db,
    Json,
    PriceOption,
    PricePerHour,
    console,
    open_results,
    print_json,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pytest_mcode.results import Results

__all__ = ["show"]


def show(
    run: Annotated[str, typer.Argument(help="A run's id, the start or end of it, or `latest`.")],
    task: Annotated[str | None, typer.Argument(help="A task's id: show every attempt at it.")] = None,
    pager: Annotated[bool, typer.Option(help="Page through, on a terminal.")] = True,
    db: Db = DEFAULT_DB,
    price: PriceOption = None,
    price_per_hour: PricePerHour = None,
    as_json: Json = False,
) -> None:
    """Show a run, or every attempt at one task: prompt, completion, solution, verdict, output, diffs."""
    with open_results(db, price, price_per_hour) as results:
        if task:
            _show_task(results, run, task, pager=pager, as_json=as_json)
        else:
            _show_run(results, run, pager=pager, as_json=as_json)


def _show_run(results: "Results", run: str, *, pager: bool, as_json: bool) -> None:
    found = results.describe(run)
    if as_json:
        print_json(found)
    else:
        from pytest_mcode.cli.show_run import render_run

        _print(render_run(found), pager=pager)


def _show_task(results: "Results", run: str, task: str, *, pager: bool, as_json: bool) -> None:
    run_id = results.run_id(run)
    outcomes = [asdict(outcome) for outcome in results.outcomes(run_id, task)]
    if as_json:
        print_json({"run_id": run_id, "outcomes": outcomes})
    else:
        from pytest_mcode.cli.show_task import render_task

        _print(render_task(run_id, outcomes), pager=pager)


def _print(parts: "Iterable[RenderableType]", *, pager: bool) -> None:
    terminal = console()
    with terminal.pager(styles=True) if pager and terminal.is_terminal else nullcontext():
        for part in parts:
            terminal.print(part)
