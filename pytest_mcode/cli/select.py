"""`mcode select`: which sample would be handed in, and how much of coverage that keeps."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, open_results
from pytest_mcode.cli.output import Form, emit, flat, formatted
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options.loop import ASK_MODEL

if TYPE_CHECKING:
    from pytest_mcode.models import Model
    from pytest_mcode.store.queries import Row

__all__ = ["select"]

USUAL = ("first", "public", "vote")


@formatted
def select(
    run: Annotated[
        str, typer.Argument(help="A run with all samples: its id, the start or end of it, or `latest`.")
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[first|public|vote|vote-model|tests]",
            help="first: the first sample; public: the first that passes what the prompt shows; vote: of the "
            "largest group that gives equal outputs on inputs like those shown (MBR-EXEC, AlphaCode); "
            "vote-model: also on inputs that the model proposes; tests: by tests that it writes (CodeT). "
            "Repeatable.  [default: all that ask no model]",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="ID", help="Who writes tests.  [default: the run's model]")
    ] = None,
    backend: Annotated[str | None, typer.Option(metavar="NAME", help="Its backend.")] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Its server's address.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Choose anew where a choice is recorded already.")
    ] = False,
    db: Db = DEFAULT_DB,
    form: Form = "people",
) -> None:
    """Choose one sample a task without the judging tests, as a user would have to, and see what is lost.

    Coverage counts a task as solved when some sample passes the judging tests; nobody who has no such tests
    can hand that sample in. What is chosen is recorded beside the outcome, which stays. Samples run in the
    sandbox that the run had; `mcode show RUN TASK` says which sample was chosen, and why.
    """
    from pytest_mcode.cli.export import load_tasks

    with open_results(db) as results:
        found = results.run(run)
        ways = by or _usual(found.row)
        asking = next((way for way in ways if way in ASK_MODEL), None)
        writer = _model(found.row, asking, model, backend, base_url) if asking else None
        try:
            chosen = found.select(*ways, load_tasks=load_tasks, model=writer, again=again, progress=_progress)
        finally:
            if writer:
                writer.close()
    from pytest_mcode.cli.select_table import print_selection, selection_sheets

    emit(
        form,
        chosen,
        rows=({"run_id": chosen["run_id"], **flat(way)} for way in chosen["ways"]),
        sheets=selection_sheets(chosen),
        people=lambda: print_selection(chosen),
    )


def _usual(run: "Row") -> list[str]:
    from pytest_mcode import harnesses

    harness = harnesses.get(run["harness"])
    return [way for way in USUAL if harness is None or way in harness.selections]


def _model(run: "Row", way: str, model: str | None, backend: str | None, base_url: str | None) -> "Model":
    from dataclasses import replace

    from pytest_mcode.session import parts
    from pytest_mcode.settings import MODEL_FREE_BACKENDS, Settings

    settings = Settings.from_dict(run["settings"])
    named: dict[str, Any] = {"model": model, "backend": backend, "base_url": base_url}
    settings = replace(settings, **{name: value for name, value in named.items() if value is not None})
    if settings.backend in MODEL_FREE_BACKENDS or not settings.model:
        raise ConfigurationError(
            f"--by {way}: a model writes tests for it, and the run's backend {settings.backend} asks none: "
            "give --model and --backend"
        )
    parts.check_model(settings)
    return parts.open_model(settings)


def _progress(done: int, tasks: int) -> None:
    import sys

    if sys.stderr.isatty():
        print(f"\rchoosing {done + 1}/{tasks}", end="" if done + 1 < tasks else "\n", file=sys.stderr)
