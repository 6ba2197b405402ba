"""`mcode results`: what came out of each run."""

import csv
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import (
    DEFAULT_DB,
    Db,
    Json,
    open_store,
    print_json,
    status_of,
    true_or_false,
    whole_numbers,
)
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_mcode.store import Store
    from pytest_mcode.store.queries import Row

__all__ = ["load_results", "results"]


def results(
    benchmark: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this benchmark; repeatable.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this model; repeatable.")
    ] = None,
    backend: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this backend; repeatable.")
    ] = None,
    samples: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Only this many samples; repeatable.")
    ] = None,
    debug_iters: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Only this many repairs; repeatable.")
    ] = None,
    timeout: Annotated[
        list[float] | None, typer.Option(metavar="SECONDS", help="Only this timeout; repeatable.")
    ] = None,
    retrieval: Annotated[
        str | None, typer.Option(metavar="true|false", help="Only runs with, or without, retrieval.")
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(metavar="RUN", help="Only this run: its id, or the start or end of it."),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only runs started since, such as 2026-08-01.")
    ] = "",
    latest: Annotated[bool, typer.Option("--latest", help="Only the latest of them.")] = False,
    compare_samples: Annotated[
        bool,
        typer.Option("--compare-samples", help="Does sampling help? Group runs that differ in samples only."),
    ] = False,
    group: Annotated[
        bool, typer.Option("--grouped", help="A row a configuration: its repeats averaged task by task.")
    ] = False,
    pass_at: Annotated[
        str, typer.Option(metavar="K,K", help="pass@k, such as 1,5,10; needs runs with --all-samples.")
    ] = "",
    db: Db = DEFAULT_DB,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Show the runs of the store: pass rate with its 95 % interval, infra, failures, costs."""
    from pytest_mcode.store.queries import RunFilter, find_runs

    ks = whole_numbers("--pass-at", pass_at)
    wanted = RunFilter(
        benchmark=benchmark or (),
        model=model or (),
        backend=backend or (),
        samples=samples or (),
        debug_iters=debug_iters or (),
        timeout=timeout or (),
        retrieval=true_or_false("--retrieval", retrieval),
    )
    with open_store(db) as store:
        rows = find_runs(store, wanted, run_ids=run or (), since=_checked_date(since), latest=latest)
        found = load_results(store, rows, ks)
        _refuse_impossible(found, ks)
        if compare_samples:
            _print_scaling(store, found, as_json=as_json)
            return
        if group:
            _print_groups(store, found, as_json=as_json)
            return
    if as_json:
        print_json(found)
    elif as_csv:
        _print_csv(found)
    else:
        from pytest_mcode.cli.results_table import print_markdown, print_results

        (print_markdown if as_markdown else print_results)(found)


def _print_scaling(store: "Store", found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from pytest_mcode.cli.scaling import print_scaling, scaling

    (print_json if as_json else print_scaling)(scaling(store, found))


def _print_groups(store: "Store", found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from pytest_mcode.cli.grouping import grouped, print_groups

    (print_json if as_json else print_groups)(grouped(store, found))


def load_results(store: "Store", rows: "Sequence[Row]", pass_at: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Return the figures of each run, of each test function where it has several."""
    from pytest_mcode.analysis.summary import summarise
    from pytest_mcode.store.queries import outcome_groups

    groups = outcome_groups(store, [row["run_id"] for row in rows], by_passes=bool(pass_at))
    tests: dict[str, list[str | None]] = {}
    for run_id, test in groups:
        tests.setdefault(run_id, []).append(test)
    return [
        summarise(
            {**row, "status": status_of(row)},
            test,
            groups.get((row["run_id"], test or ""), []),
            planned=_planned(row, test, alone=len(tests.get(row["run_id"], ())) <= 1),
            pass_at_ks=pass_at,
        )
        for row in rows
        for test in tests.get(row["run_id"], [None])
    ]


def _planned(row: "Row", test: str | None, *, alone: bool) -> int | None:
    planned: int | None = (row["planned_by_test"] or {}).get(test, row["tasks_planned"] if alone else None)
    return planned


def _checked_date(text: str) -> str:
    from datetime import UTC, datetime

    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--since: {text!r} is no date; give one such as 2026-08-01 or 2026-08-01T18:00"
        ) from None
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment.tzinfo else moment.isoformat()


def _refuse_impossible(found: Sequence[dict[str, Any]], ks: Sequence[int]) -> None:
    if ks and found and all(each["pass_at_refused"] for each in found):
        each = found[-1]
        raise ConfigurationError(f"--pass-at: run {each['run_id']}: {each['pass_at_refused']}")


def _print_csv(found: Sequence[dict[str, Any]]) -> None:
    from pytest_mcode.records import to_json

    if not found:
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found[0])
    for each in found:
        writer.writerow(
            to_json(value) if isinstance(value, dict | list) else value for value in each.values()
        )
