"""`mcode watch`: a run while it runs, from another terminal."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, console, open_results, print_json

if TYPE_CHECKING:
    from rich.console import Console, Group

    from pytest_mcode.results.picture import Picture

__all__ = ["watch"]

ON_TERMINAL, ELSEWHERE = 1.0, 60.0
"""Seconds between two looks."""
MOST_LINES = 40


def watch(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Its id, the start or end of it, or `latest`; default: of those that are running, the one "
            "that was started last.",
            show_default=False,
        ),
    ] = "",
    every: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="Between two looks; default: 1 on a terminal, else 60.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Show how far it is now, and end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print how far it is now as JSON, and end.", show_default=False)
    ] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Show how far a run is, how good, how fast, and what each task in flight waits for; end when it ends.

    It is what the run's own session shows on its terminal, wherever on this machine you have started it: in
    another terminal, in the background, with its output in a file. Of a session on another machine the
    store tells what is recorded. Ctrl-C ends the watching, never the run.
    """
    with open_results(db) as results:
        from pytest_mcode.results.live import find_running, picture

        name = run or str(find_running(results.store)["run_id"])

        def look() -> "Picture":
            return picture(results.store, name)

        shown = look()
        if as_json:
            print_json(shown.to_dict())
            return
        terminal = console()
        if not run and not shown.is_running:
            terminal.print(f"No run is running in {results.store.place}; the latest one:", soft_wrap=True)
        if once or not shown.is_running:
            _print(terminal, shown)
        else:
            shown = _follow(terminal, look, shown, every)
        _say_next(terminal, shown, db)


def _follow(
    terminal: "Console", look: Callable[[], "Picture"], shown: "Picture", every: float | None
) -> "Picture":
    """Show the run until it ends; return its last picture."""
    from pytest_mcode.session.footer import line

    seconds = every or (ON_TERMINAL if terminal.is_terminal else ELSEWHERE)
    try:
        if terminal.is_terminal:
            return _follow_on_screen(terminal, look, shown, seconds)
        while shown.is_running:
            print(f"{shown.benchmark}: {line(shown)}", flush=True)
            time.sleep(seconds)
            shown = look()
    except KeyboardInterrupt:
        terminal.print(f"The run goes on; see it again: mcode watch {shown.run_id}")
        raise typer.Exit(130) from None
    print(f"{shown.benchmark}: {line(shown)}")
    return shown


def _follow_on_screen(
    terminal: "Console", look: Callable[[], "Picture"], shown: "Picture", seconds: float
) -> "Picture":
    from rich.live import Live

    with Live(console=terminal, auto_refresh=False) as screen:
        while True:
            screen.update(_drawn(terminal, shown), refresh=True)
            if not shown.is_running:
                return shown
            time.sleep(seconds)
            shown = look()


def _print(terminal: "Console", shown: "Picture") -> None:
    terminal.print(_drawn(terminal, shown), soft_wrap=False)


def _drawn(terminal: "Console", shown: "Picture") -> "Group":
    from rich.console import Group

    from pytest_mcode.session.footer import lines

    height = min(MOST_LINES, terminal.height - 2) if terminal.is_terminal else MOST_LINES
    ascii_only = not terminal.encoding.startswith("utf")
    return Group(*lines(shown, width=terminal.width, height=height, ascii_only=ascii_only))


def _say_next(terminal: "Console", shown: "Picture", db: str) -> None:
    """Say what became of it, and what to type next."""
    flag = "" if db == DEFAULT_DB else f" --db {db}"
    terminal.print(f"run        {shown.run_id}: {shown.status}", soft_wrap=True)
    if shown.status == "running":
        return
    if shown.done < shown.planned or shown.infra:
        terminal.print(f"resume     {shown.command} --mcode-resume-run={shown.run_id}", soft_wrap=True)
    terminal.print(f"next       mcode results --run {shown.run_id}{flag}", soft_wrap=True)
