"""The console script `mcode`: runs benchmarks and asks the store what came out."""

import sys

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
)
from pytest_mcode.errors import ConfigurationError

__all__ = ["app", "main"]

app = typer.Typer(
    name="mcode",
    help="Run code benchmarks as pytest sessions and ask what came out.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time of --help.
)
# Everything behind `--` is pytest's, so extra arguments pass.
app.command(context_settings={"allow_extra_args": True})(bench.bench)
app.command()(plan.plan)
app.command()(study.study)
app.command()(results.results)
app.command()(show.show)
app.command()(compare.compare)
app.command()(select.select)
app.command()(tasks.tasks)
app.command()(match.match)
app.command()(export.export)
app.command()(merge.merge)
app.command()(gate.gate)
app.command()(report.report)
app.command()(doctor.doctor)
app.add_typer(image.app, name="image")
app.command("benchmarks")(benchmarks.list_benchmarks)


def main() -> None:
    """Run `mcode`; a `ConfigurationError` is one message and exit status 4."""
    try:
        app()
    except ConfigurationError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(4)
