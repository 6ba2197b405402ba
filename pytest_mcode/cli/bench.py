"""`mcode bench`: the same session as ``pytest --mcode-benchmark=…``, started in this process."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from pytest_mcode.cli.parameters import declare, parameter, setting
from pytest_mcode.settings import option_specs

__all__ = ["bench", "pytest_arguments", "run_session"]


def bench(context: typer.Context, benchmark: str, verbose: int, **options: Any) -> None:
    """Run a benchmark. What follows `--` goes to pytest: `mcode bench smoke --backend gold -- -n 2 -x`.

    Exits with 0 when every task was judged, whatever the model solved; with 1 when an infra outcome is
    left or a gate (`--fail-under`) is missed; otherwise as pytest does (2 interrupted, 4 bad usage).
    """
    arguments = [f"--mcode-benchmark={benchmark}", *pytest_arguments(options), *["-v"] * verbose]
    raise typer.Exit(run_session([*arguments, *context.args]))


def run_session(arguments: list[str]) -> int:
    """Run pytest in this process; return its exit status, with the model's failures counted as results."""
    import pytest

    from pytest_mcode.benchmarks.registration import own_plugin

    return int(pytest.main([*own_plugin(), *arguments], plugins=[_ModelFailuresAreResults()]))


def pytest_arguments(options: dict[str, Any]) -> Iterator[str]:
    """Yield settings, by field name, as pytest's own flags."""
    for spec in option_specs():
        value = options.get(spec.field)
        if spec.is_switch:
            if value is not None:
                yield spec.flag if value else f"--no-mcode-{spec.name}"
        elif spec.repeatable:
            yield from (f"{spec.flag}={each}" for each in value or ())
        elif value is not None:
            yield f"{spec.flag}={value}"


class _ModelFailuresAreResults:
    """A task that the model misses is a result, not an error: it leaves exit status 0."""

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        controller = session.config.pluginmanager.get_plugin("mcode-controller")
        if exitstatus == 1 and controller and controller.decision is None:
            session.exitstatus = (
                1 if controller.tally.infra or session.testsfailed > _failed_tasks(controller) else 0
            )


def _failed_tasks(controller: Any) -> int:
    return int(controller.tally.unsolved + controller.tally.infra)


BENCHMARK = typer.Argument(help="A name that `mcode benchmarks` lists.", metavar="BENCHMARK")
VERBOSE = typer.Option("--verbose", "-v", count=True, help="As pytest's: a line a task.", show_default=False)

declare(
    bench,
    [
        parameter("context", typer.Context),
        parameter("benchmark", Annotated[str, BENCHMARK]),
        *(setting(spec) for spec in option_specs() if spec.field != "benchmark"),
        parameter("verbose", Annotated[int, VERBOSE], default=0),
    ],
)
