"""`mcode tasks`: what runs say of each task, and which tasks repeat those of another benchmark."""

from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, open_results
from pytest_mcode.cli.output import Form, emit, formatted
from pytest_mcode.errors import ConfigurationError

__all__ = ["tasks"]


@formatted
def tasks(
    benchmark: Annotated[
        str | None, typer.Argument(help="Only its runs; with --near, its tasks.", metavar="BENCHMARK")
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(metavar="RUN", help="Only this run: its id, or the start or end of it; repeatable."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this model; repeatable.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Print every task, not only those that tell most.")
    ] = False,
    near: Annotated[
        str | None,
        typer.Option(
            metavar="OTHER",
            help="Instead: which tasks of BENCHMARK nearly repeat one of this benchmark or JSONL file, or of "
            "its own `demonstrations`, which --mcode-retrieval shows.",
        ),
    ] = None,
    similarity: Annotated[
        float, typer.Option(min=0, max=1, help="Share of common words from which on it is a repeat.")
    ] = 0.8,
    dataset: Annotated[
        str | None, typer.Option(metavar="PATH|ID", help="Where BENCHMARK's tasks come from, for --near.")
    ] = None,
    near_dataset: Annotated[
        str | None, typer.Option(metavar="PATH|ID", help="Where OTHER's tasks come from.")
    ] = None,
    db: Db = DEFAULT_DB,
    form: Form = "people",
) -> None:
    """Show which tasks tell models apart: solved by nobody, by everybody, by some; judged differently.

    A column a configuration, with the share of its tries that solved the task: of samples where all were
    started (--all-samples), else of runs. `flaky` counts solutions that were judged twice under equal limits
    and passed once only: mend the task, or leave it out.

    `mcode tasks mbpp --near demonstrations` asks no store: it compares prompts and reference solutions.
    """
    if near is None and (dataset or near_dataset):
        raise ConfigurationError("--dataset and --near-dataset say where --near finds tasks; add --near")
    if near is not None and benchmark is None:
        raise ConfigurationError(
            "--near: name a benchmark too, as in `mcode tasks mbpp --near demonstrations`"
        )
    if near is not None:
        from pytest_mcode.results.near import near_tasks

        found = near_tasks(str(benchmark), near, dataset=dataset, near_dataset=near_dataset, least=similarity)
    else:
        with open_results(db) as results:
            try:
                found = results.runs(*(run or ()), benchmark=benchmark, model=model).items()
            except ConfigurationError as error:  # what is typed here without its flag
                raise ConfigurationError(str(error).replace("--benchmark:", "BENCHMARK:", 1)) from error
    from pytest_mcode.cli.tasks_table import items_rows, items_sheets, near_sheets, print_items, print_near

    if near is None:
        emit(
            form,
            found,
            rows=items_rows(found),
            sheets=items_sheets(found, every=every),
            people=lambda: print_items(found, every=every),
        )
    else:
        emit(form, found, rows=found["pairs"], sheets=near_sheets(found), people=lambda: print_near(found))
