"""`mcode export`: a run's samples, predictions or attempts as files that other tools read."""

import gzip
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, cannot_write, open_results
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_mcode.records import Task
    from pytest_mcode.store.queries import Row

__all__ = ["export"]


def export(
    run: Annotated[str, typer.Argument(help="A run's id, the start or end of it, or `latest`; `RUN::TEST`.")],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="[samples|predictions|csv|archive]",
            help="samples: JSONL for HumanEval's and EvalPlus's evaluators; predictions: SWE-bench's JSONL; "
            "csv: a row an attempt; archive: the whole run, which `mcode merge` takes and `--db` reads.",
        ),
    ] = "samples",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A new file, gzipped if it ends in .gz; else standard output."),
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="Which sample predictions are made of.")] = 0,
    db: Db = DEFAULT_DB,
) -> None:
    """Write what a run answered.

    Tasks that ended in `infra` have no answer: only `csv` and `archive` have them.
    """
    with open_results(db) as results:
        content = "".join(results.run(run).export(format, load_tasks, sample=sample))
    if output is None:
        sys.stdout.write(content)
    else:
        _write_new(output, content)


def load_tasks(run: "Row") -> "Mapping[str, Task]":
    """Return the tasks of a run's dataset, by id: the store does not hold them."""
    from dataclasses import replace

    from pytest_mcode import benchmarks
    from pytest_mcode.benchmarks.registration import offer_nearby
    from pytest_mcode.session import loading
    from pytest_mcode.settings import Settings

    settings = Settings.from_dict(run["settings"])
    if settings.benchmark.endswith(benchmarks.FILES):
        settings = replace(settings, benchmark=run["dataset"])  # its whole path
    else:
        offer_nearby(settings.benchmark)
    return {task.task_id: task for task in loading.load(settings).dataset.tasks}


def _write_new(path: Path, content: str) -> None:
    try:
        with path.open("xb") as file:
            encoded = content.encode()
            file.write(gzip.compress(encoded, mtime=0) if path.suffix == ".gz" else encoded)
    except FileExistsError:
        raise ConfigurationError(
            f"--output: {path} is there already; remove it or give another path"
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from error
