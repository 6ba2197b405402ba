"""Runs as a leaderboard: a table a benchmark, the best first."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_mcode.cli.common import console
from pytest_mcode.cli.output import Sheet
from pytest_mcode.cli.run_details import bounds, details, span
from pytest_mcode.cli.tables import (
    Column,
    Result,
    facts,
    leaderboard_sheets,
    price_cell,
    print_leaderboard,
    rate_cell,
    spread_cell,
    unpriced_notes,
    withheld_notes,
)
from pytest_mcode.results.figures import percent, quantity, selected, short_id
from pytest_mcode.results.labels import with_names

__all__ = ["print_results", "results_sheets"]


def print_results(found: Sequence[Result], *, pass_at_asked: bool) -> None:
    """Print a table for each benchmark, and the whole of a run where there is but one."""
    columns = _columns(found, pass_at_asked=pass_at_asked)
    print_leaderboard(with_names(found), selected, columns)
    left_out = _left_out_notes(found) if pass_at_asked else ()
    for note in [*withheld_notes(found), *left_out, *unpriced_notes(found)]:
        console().print(note)
    if len(found) == 1:
        (each,) = found
        known = each if pass_at_asked or each["samples"] > 1 else {**each, "pass_at": []}
        console().print("", facts(details(known)), sep="\n")


def results_sheets(found: Sequence[Result], *, pass_at_asked: bool) -> Iterator[Sheet]:
    """Yield the tables with every column."""
    columns = _columns(found, pass_at_asked=pass_at_asked)
    return leaderboard_sheets(with_names(found), selected, columns)


def _columns(found: Sequence[Result], *, pass_at_asked: bool) -> list[Column]:
    several = [run_id for run_id, tests in Counter(each["run_id"] for each in found).items() if tests > 1]
    first = (
        Column("pass@k, first attempts", _pass_at_cell)
        if pass_at_asked
        else Column("pass@1", _first_attempt_cell, rank=1)
    )
    prices = any(each["prices"] for each in found)
    return [
        Column("run", lambda each: _run_cell(each, with_test=each["run_id"] in several)),
        Column("judged", _judged_cell),
        Column("pass rate", lambda each: rate_cell(each, "pass_rate")),
        *([Column("on these tasks", spread_cell)] if any("spread" in each for each in found) else []),
        *([first] if pass_at_asked or any(map(_has_budget, found)) else []),
        *_caveats(found),
        Column("infra", _infra_cell),
        Column("attempts", lambda each: [quantity(each["attempts"])], rank=5, right=True),
        Column("tokens\n/task", lambda each: [quantity(each["tokens_per_judged"])], rank=3, right=True),
        Column("s/task", lambda each: [quantity(each["seconds_per_judged"])], rank=4, right=True),
        *([Column("price\n(a solved)", price_cell, rank=1)] if prices else []),
        Column("started", lambda each: [each["started_at"][:16].replace("T", " ")], rank=6),
    ]


def _caveats(found: Sequence[Result]) -> Iterator[Column]:
    """Yield what takes away from rates, where it does."""
    if any(each["solved_in_process"] for each in found):
        yield Column("in one\nprocess", lambda each: [f"{each['solved_in_process']}/{each['solved']}"])
    if any(each["solved_flagged"] for each in found):
        yield Column("flagged", lambda each: [f"{each['solved_flagged']}/{each['solved']}"])
    if any(each["public_passed"] for each in found):
        yield Column("false\npasses", _false_passes_cell, rank=1)


def _has_budget(each: Result) -> bool:
    """Whether more than a first attempt may have solved a task."""
    return bool(each["samples"] > 1 or each["debug_iters"] or "mcode_solver" in each["overridden"])


def _run_cell(each: Result, *, with_test: bool) -> list[str]:
    return [short_id(each["run_id"]), *([str(each["test"]).rpartition("::")[2]] if with_test else [])]


def _judged_cell(each: Result) -> list[str]:
    of = [f"of {each['tasks_planned']}"] if each["tasks_planned"] is not None else []
    return [str(each["tasks_judged"]), *of, *([each["status"]] if each["status"] != "finished" else [])]


def _false_passes_cell(each: Result) -> list[str]:
    """What passed the tests that it could see, and failed the judge."""
    of = each["public_passed"]
    return [percent(each["false_positive_rate"]), f"of {of}"] if of else [percent(None)]


def _infra_cell(each: Result) -> list[str]:
    """Return infra outcomes, and between which rates they leave the pass rate."""
    return [str(each["infra"]), *([f"({bounds(each, '–')})"] if each["infra"] else [])]


def _left_out_notes(found: Sequence[Result]) -> Iterator[str]:
    """Yield why some runs have no pass@k at some k, where others have one."""
    runs: dict[str, list[str]] = {}
    for each in found if any(each["pass_at"] for each in found) else ():
        refused = each["pass_at_refused"]
        for reason in [refused] if refused else [left["reason"] for left in each["pass_at_left_out"]]:
            runs.setdefault(reason, []).append(short_id(each["run_id"]))
    for reason, ids in runs.items():
        yield f"No pass@k of {', '.join(ids)}: {reason}."


def _first_attempt_cell(each: Result) -> list[str]:
    """Return pass@1 over all first attempts of a run that made them all, else the rate of the first one."""
    for at in each["pass_at"]:
        if at["k"] == 1:
            return [percent(at["rate"])]
    return [percent(each["first_attempt_rate"])]


def _pass_at_cell(each: Result) -> list[str]:
    return [f"@{at['k']} {span(at, 'rate')}" for at in each["pass_at"]] or ["–"]
