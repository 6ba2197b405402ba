"""`mcode show`: a run's configuration and figures, or every attempt at one of its tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, PriceOption, PricePerHour, open_results
from pytest_mcode.cli.output import Form, emit, flat, formatted
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_mcode.results import Results

__all__ = ["show"]

NARROWER = "What is shown"


@formatted
def show(
    run: Annotated[
        str, typer.Argument(help="A run's id, the start or end of it, or `latest`.", metavar="RUN")
    ],
    task: Annotated[
        str | None, typer.Argument(help="A task's id: show every attempt at it.", metavar="[TASK]")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Of a task: only this sample.", rich_help_panel=NARROWER),
    ] = None,
    failed: Annotated[
        bool,
        typer.Option(
            "--failed",
            help="Only what did not pass: attempts of a task, or tasks of a run.",
            rich_help_panel=NARROWER,
        ),
    ] = False,
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Of a task: only what each repair changed.", rich_help_panel=NARROWER),
    ] = False,
    pager: Annotated[bool, typer.Option(help="Page through, on a terminal.")] = True,
    db: Db = DEFAULT_DB,
    price: PriceOption = None,
    price_per_hour: PricePerHour = None,
    form: Form = "people",
) -> None:
    """Show a run, or every attempt at one task: prompt, completion, solution, verdict, output, diffs."""
    if task is None and (sample is not None or diff):
        flag = "--diff" if sample is None else "--sample"
        raise ConfigurationError(f"{flag} narrows what is shown of one task: name it after the run")
    with open_results(db, price, price_per_hour) as results:
        if task is None:
            _show_run(results, run, failed=failed, pager=pager, form=form)
        else:
            whole = [asdict(outcome) for outcome in results.outcomes(run, task)]
            shown = [_narrowed(outcome, sample=sample, failed=failed) for outcome in whole]
            _show_task(results.run_id(run), shown, whole, diff=diff, pager=pager, form=form)


def _show_run(results: "Results", run: str, *, failed: bool, pager: bool, form: Form) -> None:
    from pytest_mcode.cli.output import print_sheet
    from pytest_mcode.cli.paging import page
    from pytest_mcode.cli.show_run import render_run, run_sheets, tasks_sheet

    found = results.describe(run)
    if failed:
        found["tasks"] = [each for each in found["tasks"] if each["status"] != "solved"]

    def people() -> None:
        if failed:
            print_sheet(tasks_sheet(found))
        else:
            page(render_run(found), wanted=pager)

    sheets = [tasks_sheet(found)] if failed else run_sheets(found)
    emit(form, found, rows=found["tasks"], sheets=sheets, people=people)


def _narrowed(outcome: dict[str, Any], *, sample: int | None, failed: bool) -> dict[str, Any]:
    """Return an outcome with those of its attempts that are asked for."""
    samples = sorted({each["sample"] for each in outcome["attempts"]})
    if sample is not None and samples and sample not in samples:
        raise ConfigurationError(
            f"--sample: there is no sample {sample} of {outcome['task_id']}; "
            f"give one from {samples[0]} to {samples[-1]}"
        )
    attempts = [
        each
        for each in outcome["attempts"]
        if sample in (None, each["sample"]) and not (failed and each["verdict"]["kind"] == "passed")
    ]
    return {**outcome, "attempts": attempts}


def _show_task(
    run_id: str,
    outcomes: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
    *,
    diff: bool,
    pager: bool,
    form: Form,
) -> None:
    from pytest_mcode.cli.paging import page
    from pytest_mcode.cli.show_task import render_task, task_sheets

    rows = (
        {"run_id": run_id, "task_id": outcome["task_id"], "test": outcome["test"], **flat(attempt)}
        for outcome in outcomes
        for attempt in outcome["attempts"]
    )
    emit(
        form,
        {"run_id": run_id, "outcomes": outcomes},
        rows=rows,
        sheets=task_sheets(run_id, outcomes),
        people=lambda: page(render_task(run_id, outcomes, whole, only_diffs=diff), wanted=pager),
    )
