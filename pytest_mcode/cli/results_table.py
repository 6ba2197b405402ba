"""Runs as tables: on the terminal, in Markdown, in CSV."""

import csv
import sys
from collections.abc import Iterator, Sequence

from pytest_mcode.cli.common import console
from pytest_mcode.cli.run_details import bounds, details, span
from pytest_mcode.cli.tables import (
    Column,
    Result,
    facts,
    price_cell,
    print_tables,
    rate_cell,
    spread_cell,
    unpriced_notes,
    withheld_notes,
)
from pytest_mcode.records import to_json
from pytest_mcode.results.figures import coverage, loop, percent, short_id, title

__all__ = ["print_csv", "print_markdown", "print_results"]


def print_results(found: Sequence[Result]) -> None:
    """Print a table for each benchmark and model, and the whole of a run where there is but one."""
    print_tables(found, _columns(found)[1:])
    for note in [*withheld_notes(found), *_left_out_notes(found), *unpriced_notes(found)]:
        console().print(note)
    if len(found) == 1:
        console().print("", facts(details(found[0])), sep="\n")


def print_markdown(found: Sequence[Result]) -> None:
    """Print a Markdown table, one row a run."""
    columns = _columns(found)
    print("| " + " | ".join(name for name, _ in columns) + " |")
    print("|" + " --- |" * len(columns))
    for each in found:
        cells = (" ".join(cell(each)).strip().replace("|", "\\|") for _, cell in columns)
        print("| " + " | ".join(cells) + " |")


def print_csv(found: Sequence[Result]) -> None:
    """Print CSV, one row a run; lists and objects in it are JSON."""
    if not found:
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found[0])
    for each in found:
        writer.writerow(
            to_json(value) if isinstance(value, dict | list) else value for value in each.values()
        )


def _columns(found: Sequence[Result]) -> list[Column]:
    columns: list[Column] = [
        ("benchmark, model", lambda each: [title(each)]),
        ("run", _run_cell),
        ("loop", lambda each: [loop(each)]),
        ("tasks", lambda each: [coverage(each)]),
    ]
    if len({each["run_id"] for each in found}) < len(found):
        columns.insert(2, ("test", lambda each: [str(each["test"]).rpartition("::")[2]]))
    if any(each["pass_at"] for each in found):
        columns.append(("pass@k, first attempts", _pass_at_cell))
    elif any(each["samples"] > 1 or each["debug_iters"] or _has_own_solver(each) for each in found):
        columns.append(("1st attempt", lambda each: rate_cell(each, "first_attempt_rate")))
    columns.append(("pass rate", lambda each: rate_cell(each, "pass_rate")))
    if any("spread" in each for each in found):
        columns.append(("on these tasks", spread_cell))
    if any(each["solved_in_process"] for each in found):
        columns.append(("in one process", lambda each: [f"{each['solved_in_process']}/{each['solved']}"]))
    if any(each["solved_flagged"] for each in found):
        columns.append(("flagged", lambda each: [f"{each['solved_flagged']}/{each['solved']}"]))
    if any(each["public_passed"] for each in found):
        columns.append(("false passes", _false_passes_cell))
    if any(each["infra"] for each in found):
        columns.append(("infra", _infra_cell))
    if any(each["prices"] for each in found):
        columns.append(("price, a solved", price_cell))
    return columns


def _has_own_solver(each: Result) -> bool:
    return "mcode_solver" in each["overridden"]


def _run_cell(each: Result) -> list[str]:
    state = [] if each["status"] == "finished" else [each["status"]]
    return [short_id(each["run_id"]), each["started_at"][5:16].replace("T", " "), *state]


def _false_passes_cell(each: Result) -> list[str]:
    """What passed the tests that it could see, and failed the judge."""
    return [percent(each["false_positive_rate"]), f"of {each['public_passed']}"]


def _infra_cell(each: Result) -> list[str]:
    if not each["infra"]:
        return ["0"]
    return [str(each["infra"]), f"{bounds(each)}"]


def _left_out_notes(found: Sequence[Result]) -> Iterator[str]:
    """Yield why some runs have no pass@k at some k, where others have one."""
    runs: dict[str, list[str]] = {}
    for each in found if any(each["pass_at"] for each in found) else ():
        refused = each["pass_at_refused"]
        for reason in [refused] if refused else [left["reason"] for left in each["pass_at_left_out"]]:
            runs.setdefault(reason, []).append(short_id(each["run_id"]))
    for reason, ids in runs.items():
        yield f"No pass@k of {', '.join(ids)}: {reason}."


def _pass_at_cell(each: Result) -> list[str]:
    return [f"@{at['k']} {span(at, 'rate')}" for at in each["pass_at"]] or ["–"]
