"""`mcode study FILE.toml`: a grid of options, one pytest session a point, finished ones skipped."""

import itertools
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pytest_mcode.cli.bench import pytest_arguments
from pytest_mcode.cli.common import session_layers
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.redaction import redacted
from pytest_mcode.settings import option_specs

__all__ = ["study"]

TABLES = ("options", "grid", "pytest")


def study(
    file: Annotated[
        Path, typer.Argument(help="A TOML file with [options], [grid] and [pytest]; see experiments/.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the sessions.")] = False,
) -> None:
    """Run every combination of a study's grid, one session each; those already finished are skipped.

    [options] holds what all sessions share, [grid] a list of values for each option that varies,
    [pytest] arguments = [...] what pytest gets besides. What is finished goes by these and the ini file,
    whose addopts are not read for it. Ctrl-C ends the study; the same command goes on.
    Exits with 0 when every session ended with every task judged.
    """
    points, more = _read(file)
    worst = 0
    for number, options in enumerate(points, 1):
        arguments = [*pytest_arguments(options), *more]
        shown = " ".join(map(redacted, pytest_arguments(options)))
        finished = _finished_run(arguments)
        print(
            f"[{number}/{len(points)}] {f'finished as {finished}: ' if finished else ''}{shown}", flush=True
        )
        if not finished and not dry_run:
            status = _run(arguments)
            if status == 2:
                raise typer.Exit(2)
            worst = max(worst, status)
    raise typer.Exit(worst)


def _run(arguments: list[str]) -> int:
    launcher = (
        "import sys; from pytest_mcode.cli.bench import run_session; sys.exit(run_session(sys.argv[1:]))"
    )
    return subprocess.run([sys.executable, "-c", launcher, *arguments], check=False).returncode


def _read(file: Path) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: not a TOML file: {error}") from None
    if unknown := set(content) - set(TABLES):
        raise ConfigurationError(f"{file}: no table [{unknown.pop()}]; there are {', '.join(TABLES)}")
    shared, grid = _options(file, content, "options"), _options(file, content, "grid")
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise ConfigurationError(f"{file}: [grid] {name} is not a list of values")
    return list(_points(shared, grid)), [str(each) for each in content.get("pytest", {}).get("arguments", [])]


def _options(file: Path, content: Mapping[str, Any], table: str) -> dict[str, Any]:
    known = {spec.name: spec.field for spec in option_specs()}
    for name in content.get(table, {}):
        if name not in known:
            raise ConfigurationError(
                f"{file}: [{table}] has no option {name!r}; `mcode bench --help` lists them"
            )
    return {known[name]: value for name, value in content.get(table, {}).items()}


def _points(shared: Mapping[str, Any], grid: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*grid.values()):
        yield {**shared, **dict(zip(grid, values, strict=True))}


def _finished_run(arguments: Sequence[str]) -> str | None:
    from pytest_mcode.benchmarks.registration import offer_nearby
    from pytest_mcode.session.plan import build_settings, make_plan
    from pytest_mcode.store import Store
    from pytest_mcode.store.opening import is_new

    command_line, ini = session_layers(arguments)
    offer_nearby(
        command_line["benchmark"] or ini["benchmark"] or "", command_line["backend"] or ini["backend"]
    )
    settings = build_settings(command_line, ini)
    plan = make_plan(settings)
    if is_new(settings.db):
        return None
    with Store.open(settings.db, read_only=True) as store:
        return store.finished_run(plan.config_key, len(plan.tasks))
