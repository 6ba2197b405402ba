"""`mcode plan`: what a session will take and can show, before it runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.bench import pytest_arguments, run_session
from pytest_mcode.cli.common import session_layers
from pytest_mcode.cli.output import Form, emit, flat, form_flags, formatted
from pytest_mcode.cli.parameters import declare, parameter, setting
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.settings import option_specs

if TYPE_CHECKING:
    from pytest_mcode.session.plan import Plan

__all__ = ["plan"]

NOT_TAKEN = ("benchmark", "plan", "margin", "resume", "resume_run")


@formatted
def plan(
    benchmark: str,
    calibrate: int,
    against: str | None,
    margin: float,
    form: Form,
    **options: Any,
) -> None:
    """Say what `mcode bench` with the same options will take, and what it can show.

    Attempts, tokens, time and disk are expected from what the store knows of the model on this benchmark, or
    from --calibrate 5, which first runs five tasks, spread over those selected, and records them as a run of
    its own. What can be shown, 4 times in 5: the smallest difference to another configuration, and with
    --against RUN from how many samples on the model is at least as good as that run, less a margin. For
    SWE-bench the images' disk.
    """
    from pytest_mcode.results.comparison import check_margin
    from pytest_mcode.session.foresight import foresee

    check_margin("--margin", margin)
    arguments = [f"--mcode-benchmark={benchmark}", *pytest_arguments(options)]
    planned = _planned(arguments)
    if calibrate:
        _calibrate(planned, calibrate, arguments)
    found = foresee(planned, against=against, margin=margin)
    from pytest_mcode.cli.common import console
    from pytest_mcode.cli.tables import facts, facts_sheet
    from pytest_mcode.results.plan_sentences import plan_sentences

    emit(
        form,
        found,
        rows=[flat(found)],
        sheets=[facts_sheet(plan_sentences(found))],
        people=lambda: console().print(facts(plan_sentences(found))),
    )


def _planned(arguments: list[str]) -> "Plan":
    from pytest_mcode.benchmarks.registration import offer_nearby
    from pytest_mcode.session.plan import build_settings, make_plan

    command_line, ini = session_layers(arguments)
    offer_nearby(command_line["benchmark"], command_line["backend"] or ini["backend"])
    return make_plan(build_settings(command_line, ini))


def _calibrate(planned: "Plan", count: int, arguments: list[str]) -> None:
    """Run `count` tasks, spread evenly over those that are planned."""
    tasks = planned.tasks
    if count > len(tasks):
        raise ConfigurationError(f"--calibrate: {count} tasks are more than the {len(tasks)} planned")
    chosen = [tasks[number * len(tasks) // count].task_id for number in range(count)]
    status = run_session([*arguments, *(f"--mcode-task={task_id}" for task_id in chosen)])
    if status:
        raise typer.Exit(status)


BENCHMARK = typer.Argument(help="A name that `mcode benchmarks` lists.", metavar="BENCHMARK")
CALIBRATE = typer.Option(metavar="N", min=0, help="First run N of the tasks, to know what they cost.")
AGAINST = typer.Option(metavar="RUN", help="From how many samples on is this run matched? `RUN` or a filter.")
MARGIN = typer.Option(metavar="SHARE", help="By how much less still counts as a match.")

declare(
    plan,
    [
        parameter("benchmark", Annotated[str, BENCHMARK]),
        *(setting(spec) for spec in option_specs() if spec.field not in NOT_TAKEN),
        parameter("calibrate", Annotated[int, CALIBRATE], default=0),
        parameter("against", Annotated[str | None, AGAINST], default=None),
        parameter("margin", Annotated[float, MARGIN], default=0.05),
        *form_flags(),
    ],
)
