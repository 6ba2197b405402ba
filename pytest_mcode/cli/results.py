"""`mcode results`: what came out of each run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import (
    AXES_TYPED,
    DEFAULT_DB,
    Db,
    PriceOption,
    PricePerHour,
    cost_axis,
    open_results,
    true_or_false,
    whole_numbers,
)
from pytest_mcode.cli.output import Form, emit, flat, formatted
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_mcode.results.run import Run
    from pytest_mcode.results.runs import Runs
    from pytest_mcode.results.scaling import Curve
    from pytest_mcode.results.summaries import Figures

__all__ = ["results"]

WHICH = "Which runs"
NAMED = ("benchmark", "dataset_fingerprint", "model", "backend", "debug_iters")
"""What a row of a curve says of its runs."""


def _which(metavar: str, help: str) -> Any:
    return typer.Option(metavar=metavar, help=help, rich_help_panel=WHICH)


@formatted
def results(
    benchmark: Annotated[
        list[str] | None,
        _which("NAME", "Only this benchmark; repeatable."),
    ] = None,
    model: Annotated[
        list[str] | None,
        _which("ID", "Only this model; repeatable."),
    ] = None,
    backend: Annotated[
        list[str] | None,
        _which("NAME", "Only this backend; repeatable."),
    ] = None,
    samples: Annotated[
        list[int] | None,
        _which("N", "Only this many samples; repeatable."),
    ] = None,
    debug_iters: Annotated[
        list[int] | None,
        _which("N", "Only this many repairs; repeatable."),
    ] = None,
    timeout: Annotated[
        list[float] | None,
        _which("SECONDS", "Only this timeout; repeatable."),
    ] = None,
    retrieval: Annotated[
        str | None,
        _which("true|false", "Only runs with, or without, retrieval."),
    ] = None,
    run: Annotated[
        list[str] | None,
        _which("RUN", "Only this run: its id, or the start or end of it."),
    ] = None,
    since: Annotated[
        str,
        _which("DATE", "Only runs started since, such as 2026-08-01."),
    ] = "",
    latest: Annotated[
        bool, typer.Option("--latest", help="Only the latest of them.", rich_help_panel=WHICH)
    ] = False,
    compare_samples: Annotated[
        bool,
        typer.Option("--compare-samples", help="Does sampling help? Group runs that differ in samples only."),
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="With --compare-samples: the run that gains are over, by its fewest samples."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar=AXES_TYPED, help="With --compare-samples: what a task costs, and in what."),
    ] = None,
    group: Annotated[
        bool, typer.Option("--grouped", help="A row a configuration: its repeats averaged task by task.")
    ] = False,
    pass_at: Annotated[
        str, typer.Option(metavar="K,K", help="pass@k, such as 1,5,10; needs runs with --all-samples.")
    ] = "",
    db: Db = DEFAULT_DB,
    price: PriceOption = None,
    price_per_hour: PricePerHour = None,
    these_tasks: Annotated[
        bool,
        typer.Option("--these-tasks", help="Also the rate over tries with its interval on these very tasks."),
    ] = False,
    form: Form = "people",
) -> None:
    """Show the runs of the store as leaderboards: pass rate with its 95 % interval, infra, costs."""
    from pytest_mcode.results.runs import utc

    ks = whole_numbers("--pass-at", pass_at)
    axis = cost_axis("--by", by) if by else None
    for flag, given in (("--base", base), ("--by", by)):
        if given and not compare_samples:
            raise ConfigurationError(f"{flag} goes with --compare-samples: give both")
    with open_results(db, price, price_per_hour) as opened:
        runs = opened.runs(
            *(run or ()),
            benchmark=benchmark,
            model=model,
            backend=backend,
            samples=samples,
            debug_iters=debug_iters,
            timeout=timeout,
            retrieval=true_or_false("--retrieval", retrieval),
            since=utc("--since", since),
            latest=latest,
        )
        if ks:
            _refuse_impossible(runs.figures(ks), ks)
        if compare_samples:
            _emit_curves(form, runs.curves(ks, base=base), axis)
        elif group:
            _emit_groups(form, runs.grouped(ks), these_tasks=these_tasks)
        else:
            _emit_runs(form, runs, ks, these_tasks=these_tasks)


def _refuse_impossible(found: "Sequence[Figures]", ks: Sequence[int]) -> None:
    if found and all(each["pass_at_refused"] for each in found):
        each = found[-1]
        raise ConfigurationError(f"--pass-at: run {each['run_id']}: {each['pass_at_refused']}")


def _emit_curves(form: Form, curves: "Sequence[Curve]", axis: str | None) -> None:
    from pytest_mcode.cli.scaling_table import print_scaling, scaling_sheets

    emit(
        form,
        curves,
        rows=(
            {**flat({name: curve["runs"][0][name] for name in NAMED}), **flat(point)}
            for curve in curves
            for point in curve["curve"]
        ),
        sheets=scaling_sheets(curves, axis),
        people=lambda: print_scaling(curves, axis),
    )


def _emit_groups(form: Form, groups: "Sequence[Figures]", *, these_tasks: bool) -> None:
    from pytest_mcode.cli.groups_table import groups_sheets, print_groups

    emit(
        form,
        groups,
        rows=groups,
        sheets=groups_sheets(groups, these_tasks=these_tasks),
        people=lambda: print_groups(groups, these_tasks=these_tasks),
    )


def _emit_runs(form: Form, runs: "Runs", ks: Sequence[int], *, these_tasks: bool) -> None:
    from pytest_mcode.cli.results_table import print_results, results_sheets

    # Tables also show pass@1 of what made all its samples.
    shown = ks if form in ("json", "csv") else ks or (1,)
    found = runs.with_spread(shown) if these_tasks else runs.figures(shown)
    if form == "json":
        found = [{**each, "iterations": _iterations(run)} for each, run in zip(found, runs, strict=True)]

    def people() -> None:
        print_results(found, pass_at_asked=bool(ks))
        if len(found) == 1:
            _print_repairs(runs[0].debugging())

    emit(
        form,
        found,
        rows=found,
        sheets=results_sheets(found, pass_at_asked=bool(ks)),
        people=people,
    )


def _iterations(run: "Run") -> list[dict[str, Any]] | None:
    worth = run.debugging() if run.row["debug_iters"] else None
    return worth["iterations"] if worth else None


def _print_repairs(worth: Mapping[str, Any] | None) -> None:
    """Say of a single run what its repairs were worth, iteration by iteration."""
    if worth and worth["iterations"]:
        from pytest_mcode.cli.common import console
        from pytest_mcode.cli.show_run import iterations_table

        console().print(iterations_table(worth["iterations"]))
