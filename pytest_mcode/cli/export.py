"""`mcode export`: a run's samples, predictions or attempts as files that other tools read."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, open_store
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_mcode.store import Store
    from pytest_mcode.store.queries import Row

__all__ = ["export"]


class Format(StrEnum):
    """What to write."""

    SAMPLES = "samples"
    PREDICTIONS = "predictions"
    CSV = "csv"


def export(
    run: Annotated[str, typer.Argument(help="A run's id, the start or end of it, or `latest`; `RUN::TEST`.")],
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="samples: JSONL for HumanEval's and EvalPlus's evaluators; predictions: SWE-bench's JSONL; "
            "csv: a row an attempt.",
        ),
    ] = Format.SAMPLES,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new file; standard output otherwise.")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="Which sample predictions are made of.")] = 0,
    db: Db = DEFAULT_DB,
) -> None:
    """Write what a run answered. Tasks that ended in `infra` have no answer: only the CSV has them."""
    with open_store(db) as store:
        content = "".join(_lines(store, _one_test(store, run), format, sample))
    if output is None:
        sys.stdout.write(content)
    else:
        _write_new(output, content)


def _one_test(store: "Store", name: str) -> "Row":
    from pytest_mcode.cli.sides import load_run_and_test

    return load_run_and_test(store, name)


def _lines(store: "Store", run: "Row", format: Format, sample: int) -> Iterator[str]:
    from pytest_mcode.cli import export_formats

    if format is Format.CSV:
        return export_formats.csv_lines(store, run)
    if format is Format.SAMPLES:
        return export_formats.sample_lines(store, run)
    return export_formats.prediction_lines(store, run, sample)


def _write_new(path: Path, content: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigurationError(
            f"--output: {path} is there already; remove it or give another path"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"--output: cannot write {path}: {error.strerror}; give another path"
        ) from error
