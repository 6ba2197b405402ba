"""`mcode show`: a run's configuration and figures, or every attempt at one of its tasks."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, Json, console, open_store, print_json
from pytest_mcode.cli.figures import natural
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pytest_mcode.store import Store
    from pytest_mcode.store.queries import Row

__all__ = ["debugging", "load_run", "load_task", "show"]

FEW = 5
"""Tasks that a message lists."""


def show(
    run: Annotated[str, typer.Argument(help="A run's id, the start or end of it, or `latest`.")],
    task: Annotated[str | None, typer.Argument(help="A task's id: show every attempt at it.")] = None,
    pager: Annotated[bool, typer.Option(help="Page through, on a terminal.")] = True,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    """Show a run, or every attempt at one task: prompt, completion, solution, verdict, output, diffs."""
    from pytest_mcode.store.queries import find_run

    with open_store(db) as store:
        row = find_run(store, run)
        loaded = load_task(store, row, task) if task else load_run(store, row)
    if as_json:
        print_json(loaded)
    elif task:
        from pytest_mcode.cli.show_task import render_task

        _print(render_task(loaded), pager=pager)
    else:
        from pytest_mcode.cli.show_run import render_run

        _print(render_run(loaded), pager=pager)


def load_run(store: "Store", row: "Row") -> dict[str, Any]:
    """Return a run's figures by test function, its environment, debugging's worth and its tasks."""
    from pytest_mcode.cli.results import load_results
    from pytest_mcode.store.queries import task_rows

    results = load_results(store, [row])
    tasks = sorted(task_rows(store, [row["run_id"]]), key=lambda task: natural(task["task_id"]))
    return {
        "results": [{**each, "debugging": debugging(store, each)} for each in results],
        "model_info": row["model_info"],
        "environment": row["environment"],
        "tasks": [{name: task[name] for name in task if name not in ("id", "run_id")} for task in tasks],
    }


def load_task(store: "Store", row: "Row", task_id: str) -> dict[str, Any]:
    """Return the outcomes of one task, one for each test function, with every attempt."""
    from pytest_mcode.store import read_outcomes
    from pytest_mcode.store.queries import task_rows

    outcomes = [asdict(outcome) for outcome in read_outcomes(store, row["run_id"], task_id=task_id)]
    if not outcomes:
        known = sorted({task["task_id"] for task in task_rows(store, [row["run_id"]])}, key=natural)
        raise ConfigurationError(f"run {row['run_id']} has no task {task_id!r}; {_there_are(known, task_id)}")
    return {"run_id": row["run_id"], "outcomes": outcomes}


def _there_are(known: Sequence[str], task_id: str) -> str:
    """Say which tasks there are instead: a number has no near misses, so where only it differs, the range."""
    from difflib import get_close_matches

    words = [text for text, _ in natural(task_id)]
    numbered = [each for each in known if [text for text, _ in natural(each)] == words]
    if len(numbered) > FEW:
        return f"its {len(numbered)} such tasks go from {numbered[0]} to {numbered[-1]}"
    near = numbered or get_close_matches(task_id, known, n=3, cutoff=0.5)
    if near:
        return f"there {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
    return f"it has {len(known)}, such as {', '.join(known[:3])}" if known else "it has none"


def debugging(store: "Store", result: dict[str, Any]) -> dict[str, Any] | None:
    """Return what debugging was worth in a run, or None where it was off."""
    from pytest_mcode.analysis.repair import debugging_worth
    from pytest_mcode.store.queries import attempt_rows

    if not result["debug_iters"]:
        return None
    attempts = attempt_rows(store, result["run_id"], result["test"])
    return debugging_worth(list(attempts.values()), result["debug_iters"], all_samples=result["all_samples"])


def _print(parts: "Iterable[RenderableType]", *, pager: bool) -> None:
    terminal = console()
    with terminal.pager(styles=True) if pager and terminal.is_terminal else nullcontext():
        for part in parts:
            terminal.print(part)
