"""`mcode study FILE.toml`: points in a grid of options, one pytest session each, finished ones skipped."""

import itertools
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.bench import pytest_arguments
from pytest_mcode.cli.common import session_layers
from pytest_mcode.cli.output import Sheet, print_sheet
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.redaction import redacted
from pytest_mcode.settings import option_specs

if TYPE_CHECKING:
    from pytest_mcode.results.picture import Picture

__all__ = ["study"]

INTERRUPTED = 2
"""pytest's exit status."""

TABLES = ("options", "grid", "points", "pytest")


@dataclass
class Point:
    """One combination of the grid, and the run that it has come to."""

    varied: Sequence[str]
    """Its values of what varies."""
    arguments: Sequence[str]
    """Of its session."""
    shown: str
    db: str
    config_key: str
    tasks: int
    status: int | None = None
    """Exit status of its last session; None: it had none in this study."""
    run: "Picture | None" = None
    """Its latest run that has these tasks."""

    @property
    def is_finished(self) -> bool:
        """Whether every task of a finished run is judged."""
        return self.run is not None and self.run.status == "finished" and self.run.judged == self.tasks

    @property
    def unfinished(self) -> "Picture | None":
        """The run to go on with; None where there is none, or another session is at it."""
        return None if self.run is None or self.is_finished or self.run.is_running else self.run

    def look(self) -> None:
        """Ask the store for its run."""
        self.run = _latest(self.db, self.config_key, self.tasks)

    def go(self, *, afresh: bool) -> None:
        """Run its session, in the run that is unfinished unless `afresh`."""
        resumed = None if afresh else self.unfinished
        more = [f"--mcode-resume-run={resumed.run_id}"] if resumed else []
        self.status = _run([*self.arguments, *more])
        self.look()


def study(
    file: Annotated[
        Path, typer.Argument(help="TOML with [options], [grid], [[points]], [pytest]; see experiments/.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the sessions.")] = False,
    afresh: Annotated[
        bool,
        typer.Option("--afresh", help="Begin new runs instead of going on with those that are unfinished."),
    ] = False,
) -> None:
    """Run every combination of a study's grid, one session each; those already finished are skipped.

    [options] holds what all sessions share, [grid] a list of values for each option that varies, each
    [[points]] the options of one session more, [pytest] arguments = [...] what pytest gets besides. What is
    finished goes by these and the ini file, whose addopts are not read for it. A run with tasks that were
    not reached, or that ended in infra, is gone on with: at the end once more, and by the same command
    later. Ctrl-C ends the study.
    Exits with 0 when every session ended with every task judged.
    """
    names, points = _read(file)
    _show(names, points, "to do")
    for number, point in enumerate(points, 1):
        if not _take(number, len(points), point, dry_run=dry_run, afresh=afresh):
            break
    else:
        for number, point in enumerate(points, 1):
            # The server may be back; in the same run, so that only what is missing is asked for.
            left = point.run.infra if point.status == 1 and point.run else 0
            if left:
                print(f"[{number}/{len(points)}] once more, {left} infra are left", flush=True)
                point.go(afresh=False)
    if not dry_run:
        _show(names, points, "what came of it")
    raise typer.Exit(_exit_status(points))


def _exit_status(points: Sequence[Point]) -> int:
    """Return the worst exit status of the sessions; an interruption is told as such."""
    statuses = [point.status or 0 for point in points]
    return INTERRUPTED if INTERRUPTED in statuses else max(statuses, default=0)


def _take(number: int, of: int, point: Point, *, dry_run: bool, afresh: bool) -> bool:
    """Run a point unless it is finished; return whether the study goes on."""
    word = ""
    if point.is_finished and point.run:
        word = f"finished as {point.run.run_id}: "
    elif point.unfinished and not afresh:
        word = f"goes on with {point.unfinished.run_id}: "
    print(f"[{number}/{of}] {word}{point.shown}", flush=True)
    if not point.is_finished and not dry_run:
        point.go(afresh=afresh)
    return point.status != INTERRUPTED


def _show(names: Sequence[str], points: Sequence[Point], title: str) -> None:
    headings = ["#", *names, "state", "judged", "pass rate", "95 %", "infra", "run"]
    rows = [[str(number), *point.varied, *_state(point)] for number, point in enumerate(points, 1)]
    print_sheet(Sheet(headings, rows, title, right=("#", "judged", "pass rate", "infra")))
    sys.stdout.flush()


def _state(point: Point) -> list[str]:
    from pytest_mcode.results.figures import short_id

    run = point.run
    if run is None:
        return ["" if point.status is None else f"exit status {point.status}", "", "", "", "", ""]
    rate = "" if run.rate is None else f"{run.rate:.1%}"
    span = "" if run.low is None or run.high is None else f"[{100 * run.low:.1f}, {100 * run.high:.1f}]"
    return [run.status, f"{run.judged}/{run.planned}", rate, span, str(run.infra), short_id(run.run_id)]


def _run(arguments: Sequence[str]) -> int:
    launcher = (
        "import sys; from pytest_mcode.cli.bench import run_session; sys.exit(run_session(sys.argv[1:]))"
    )
    # Ctrl-C reaches both: the session ends in its own time, with its summary. Ignored altogether, it would
    # be ignored there as well.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen([sys.executable, "-c", launcher, *arguments]) as session:
            return session.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _read(file: Path) -> tuple[list[str], list[Point]]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: not a TOML file: {error}") from None
    if unknown := set(content) - set(TABLES):
        raise ConfigurationError(f"{file}: no table [{unknown.pop()}]; there are {', '.join(TABLES)}")
    shared, grid = (_options(file, content.get(table, {}), f"[{table}]") for table in ("options", "grid"))
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise ConfigurationError(f"{file}: [grid] {name} is not a list of values")
    if not isinstance(more := content.get("points", []), list):
        raise ConfigurationError(f"{file}: [points] is one table; write [[points]], once for each session")
    single = [_options(file, each, "[[points]]") for each in more]
    arguments = [str(each) for each in content.get("pytest", {}).get("arguments", [])]
    names = {spec.field: spec.name for spec in option_specs()}
    varied = list(dict.fromkeys(itertools.chain(grid, *single)))
    every = [*(_points(grid) if grid or not single else ()), *single]
    points = [_point({**shared, **options}, varied, arguments) for options in every]
    return [names[field] for field in varied], points


def _point(options: dict[str, Any], varied: Sequence[str], more: Sequence[str]) -> Point:
    arguments = [*pytest_arguments(options), *more]
    db, config_key, tasks = _configuration(arguments)
    point = Point(
        varied=[str(options.get(name, "")) for name in varied],
        arguments=arguments,
        shown=" ".join(map(redacted, pytest_arguments(options))),
        db=db,
        config_key=config_key,
        tasks=tasks,
    )
    point.look()
    return point


def _options(file: Path, table: Mapping[str, Any], name: str) -> dict[str, Any]:
    known = {spec.name: spec.field for spec in option_specs()}
    for option in table:
        if option not in known:
            raise ConfigurationError(
                f"{file}: {name} has no option {option!r}; `mcode bench --help` lists them"
            )
    return {known[option]: value for option, value in table.items()}


def _points(grid: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _configuration(arguments: Sequence[str]) -> tuple[str, str, int]:
    """Return the store, the configuration's key and the number of tasks of a session."""
    from pytest_mcode.benchmarks.registration import offer_nearby
    from pytest_mcode.session.plan import build_settings, make_plan

    command_line, ini = session_layers(arguments)
    offer_nearby(
        command_line["benchmark"] or ini["benchmark"] or "", command_line["backend"] or ini["backend"]
    )
    settings = build_settings(command_line, ini)
    plan = make_plan(settings)
    return settings.db, plan.config_key, len(plan.tasks)


def _latest(db: str, config_key: str, tasks: int) -> "Picture | None":
    """Return a finished run of a configuration over so many tasks, else its latest run over them."""
    from pytest_mcode.results.live import picture
    from pytest_mcode.store import Store
    from pytest_mcode.store.opening import is_new
    from pytest_mcode.store.queries import find_runs

    if is_new(db):
        return None
    with Store.open(db, read_only=True) as store:
        if finished := store.finished_run(config_key, tasks):
            return picture(store, finished)
        runs = [each for each in find_runs(store) if each["config_key"] == config_key]
        same = [each["run_id"] for each in runs if each["tasks_planned"] == tasks]
        return picture(store, same[-1]) if same else None
