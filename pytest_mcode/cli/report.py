"""`mcode report`: one page, or picture, that shows what came out of some runs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, PriceOption, PricePerHour, cannot_write, open_results
from pytest_mcode.cli.export import load_tasks
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.report import check_extra

__all__ = ["report"]

MARK = '<meta name="generator" content="pytest-mcode '
"""Stands near the start of every page of ours: what has it may be written over."""


class Format(StrEnum):
    """What to write."""

    HTML = "html"
    PNG = "png"
    SVG = "svg"


def report(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…", help="Ids of runs, the start or end of them, or `latest`; `RUN::TEST`."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write; otherwise reports/report.html beside the store, a folder that git ignores.",
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="A page, or a picture of its curves.")
    ] = Format.HTML,
    db: Db = DEFAULT_DB,
    price: PriceOption = None,
    price_per_hour: PricePerHour = None,
) -> None:
    """Write one self-contained page: rates, curves, failures, and every attempt behind its task.

    It opens without a network. Two runs are also compared. Needs the extra `report`.
    """
    check_extra()
    path = output or _folder(db) / f"report.{format}"
    _check_free(path)
    with open_results(db, price, price_per_hour) as results:
        made = results.report(*runs, load_tasks=load_tasks)
    if format is Format.HTML:
        _write(path, made.html().encode(errors="backslashreplace"))
    else:
        _write(path, made.picture(format))
    print(path)


def _folder(db: str) -> Path:
    """Return where reports on a store go, made as one that git ignores: the working tree stays clean."""
    folder = Path(DEFAULT_DB if "://" in db else db).parent / "reports"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignored = folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text("# Made by `mcode report`.\n*\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def _check_free(path: Path) -> None:
    """Refuse to write over what is not a page of ours."""
    try:
        with path.open("rb") as file:
            start = file.read(2000)
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    if MARK.encode() not in start:
        raise ConfigurationError(
            f"--output: {path} is there and no page of mcode; remove it or give another path"
        )


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise cannot_write(path, error) from error
