"""The console script `mcode`: runs benchmarks and asks the store what came out."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from pytest_mcode.cli import (
    bench,
    benchmarks,
    compare,
    doctor,
    export,
    gate,
    image,
    match,
    merge,
    plan,
    report,
    results,
    select,
    show,
    study,
    tasks,
    view,
    watch,
)
from pytest_mcode.cli.help import GroupedCommand, GroupedCommands
from pytest_mcode.errors import ConfigurationError

__all__ = ["app", "main"]

EXIT = (
    "Exit status: 0 when it is done; 4 for a value that is not allowed or a run that is not there, with one "
    "message; 2 for an option or command that does not exist; 130 when interrupted. bench, study, doctor "
    "and gate also exit with 1: see their help."
)
app = typer.Typer(
    name="mcode",
    cls=GroupedCommands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time of --help.
    epilog=EXIT,
)
RUN, ASK, SHARE, PREPARE = "Run", "Ask what came out", "Hand on", "Prepare"


def _add(heading: str, command: Callable[..., None], name: str | None = None, **more: Any) -> None:
    app.command(name, cls=GroupedCommand, rich_help_panel=heading, epilog=EXIT, **more)(command)


# Everything behind `--` is pytest's, so extra arguments pass.
_add(RUN, bench.bench, context_settings={"allow_extra_args": True})
_add(RUN, plan.plan)
_add(RUN, study.study)
_add(RUN, watch.watch)
_add(ASK, results.results)
_add(ASK, show.show)
_add(ASK, compare.compare)
_add(ASK, match.match)
_add(ASK, tasks.tasks)
_add(ASK, select.select)
_add(ASK, report.report)
_add(ASK, view.view)
_add(SHARE, export.export)
_add(SHARE, merge.merge)
_add(SHARE, gate.gate)
_add(PREPARE, benchmarks.list_benchmarks, "benchmarks")
_add(PREPARE, doctor.doctor)
app.add_typer(image.app, name="image", rich_help_panel=PREPARE)


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"pytest-mcode {version('pytest-mcode')}")
        raise typer.Exit


@app.callback()
def mcode(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Run code benchmarks as pytest sessions and ask what came out."""


def main() -> None:
    """Run `mcode`; a `ConfigurationError` is one message and exit status 4."""
    try:
        app()
    except ConfigurationError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(4)
