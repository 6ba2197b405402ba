"""`mcode doctor`: could a session run here, with this model, and does this benchmark judge rightly?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import console, session_layers
from pytest_mcode.cli.output import Form, Sheet, emit, form_flags, formatted
from pytest_mcode.cli.parameters import declare, parameter, setting
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.settings import Settings, option_specs

if TYPE_CHECKING:
    from pytest_mcode.harnesses.findings import Finding

__all__ = ["doctor"]

OF_MODEL = (
    "model",
    "backend",
    "base_url",
    "temperature",
    "seed",
    "max_tokens",
    "context_window",
    "model_option",
    "request_timeout",
)
OF_TASKS = ("dataset", "dataset_revision", "split", "limit", "task")
OF_SANDBOX = (
    *("sandbox", "image", "rootfs", "allow_weaker", "mem_limit", "pids_limit", "timeout", "isolation"),
)
OF_REPOSITORIES = ("namespace", "arch", "network", "max_workers")
TAKEN = (*OF_MODEL, *OF_TASKS, *OF_SANDBOX, *OF_REPOSITORIES, "db")
"""Settings that doctor takes, under the names that they have for a session."""

SHOWN = ("level", "check", "message", "remedy")
"""What a table says of a finding."""
STAND_IN = "smoke"
"""The benchmark of the settings where none is named: it comes with the package."""


@formatted
def doctor(benchmark: str | None, gold: bool, repeat: int | None, form: Form, **options: Any) -> None:
    """Check what a session needs: packages, database, Docker and its limits, a model, a benchmark.

    Every limit is tried with a program that oversteps it; a model (--model) is asked for a real
    completion; a benchmark's tasks are read and, with --gold, judged. Takes the options of `mcode bench`.
    Exits with 0 when nothing is wrong, 1 when a problem was found, 4 on bad usage.
    """
    from pytest_mcode.cli.doctor_lines import print_finding, progress_on
    from pytest_mcode.doctor.examination import examine

    settings = _settings(benchmark, options)
    _check_usage(benchmark, options, gold=gold, repeat=repeat)
    terminal = console()
    found: list[Finding] = []
    with progress_on(terminal) as progress:
        for finding in examine(
            settings,
            with_benchmark=benchmark is not None,
            gold_times=(repeat or 1) if gold else 0,
            progress=progress,
        ):
            found.append(finding)
            if form == "people":
                print_finding(terminal, finding)
    levels = Counter(finding.level for finding in found)
    summary = {"problems": levels["problem"], "warnings": levels["warning"]}
    counts = f"problems: {levels['problem']}, warnings: {levels['warning']}"
    listed = [asdict(finding) for finding in found]
    emit(
        form,
        {**summary, "findings": listed},
        rows=listed,
        sheets=[Sheet(SHOWN, [[str(each[name]) for name in SHOWN] for each in listed], counts)],
        people=lambda: terminal.print(counts),
    )
    raise typer.Exit(1 if levels["problem"] else 0)


def _settings(benchmark: str | None, options: Mapping[str, Any]) -> Settings:
    """Build what a session would have, from the command line and the project's ini file."""
    from pytest_mcode.session.plan import build_settings

    _, ini = session_layers()
    given = {name: value for name, value in options.items() if value is not None}
    if not ini.get("model") and not any(name in given for name in OF_MODEL):
        given["backend"] = "none"
    from pytest_mcode.benchmarks.registration import offer_nearby

    name = benchmark or ini.get("benchmark") or STAND_IN
    offer_nearby(name, given.get("backend") or ini.get("backend"))
    return build_settings({**given, "benchmark": name}, ini)


def _check_usage(
    benchmark: str | None, options: Mapping[str, Any], *, gold: bool, repeat: int | None
) -> None:
    if repeat is not None and not gold:
        raise ConfigurationError("--repeat: it repeats what --gold judges; give --gold as well")
    if repeat is not None and repeat < 1:
        raise ConfigurationError(f"--repeat: {repeat} is not allowed; give a whole number, 1 or more")
    lonely = ["--gold"] * gold + [
        spec.flag.replace("--mcode-", "--")
        for spec in option_specs()
        if spec.field in OF_TASKS and options.get(spec.field)
    ]
    if benchmark is None and lonely:
        raise ConfigurationError(
            f"{', '.join(lonely)}: name a benchmark as well, such as `mcode doctor smoke --gold`"
        )


NAME = typer.Argument(help="Check this benchmark too; `mcode benchmarks` lists them.", metavar="[BENCHMARK]")
GOLD = typer.Option(
    "--gold",
    help="Judge the benchmark's reference solutions, which must pass, and empty ones, which must not.",
)
REPEAT = typer.Option(
    "--repeat", metavar="N", help="Judge each N times, to find verdicts that change.", show_default=False
)

declare(
    doctor,
    [
        parameter("benchmark", Annotated[str | None, NAME], default=None),
        parameter("gold", Annotated[bool, GOLD], default=False),
        parameter("repeat", Annotated[int | None, REPEAT], default=None),
        *(setting(spec) for spec in option_specs() if spec.field in TAKEN),
        *form_flags(),
    ],
)
