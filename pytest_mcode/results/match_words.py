"""What a match says: in one sentence, in lines, and as a table."""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_mcode.results.figures import (
    axis_name,
    budget_words,
    cost_words,
    interval,
    percent,
    quantity,
    short_id,
)
from pytest_mcode.results.sentences import RELATED

__all__ = ["facts_of", "sentence", "table_of"]

Point = Mapping[str, Any]


def sentence(found: Mapping[str, Any]) -> str:
    """Return the sentence on a match, see `matching.match`."""
    small, big = found["a"]["title"].partition(", ")[2], found["b"]["title"].partition(", ")[2]
    if small == big:
        small, big = f"{small} in run A", "run B"
    of_big = f"{big} with {budget_words(found['b']['budget'])}"
    points = f"{100 * found['margin']:g} points" if found["margin"] else ""
    last = _words(found["curve"][-1], found["by"])
    if found["withheld"]:
        return f"How much {small} needs to match {of_big} cannot be said: {found['withheld']}"
    if found["never"]:
        below = f"more than {points} below" if points else "below"
        return f"{small} is shown to stay {below} {of_big} within every budget shown, up to {last}: never"
    at = _words(found["estimate"], found["by"]) if found["estimate"] else None
    low, high = found["low"], found["high"]
    if at is None:
        far = f"come within {points} of" if points else "reach"
        reached = f"does not {far} {of_big} within the budget shown, {last}"
    else:
        near = f"at most {points} below" if points else "at least as good as"
        reached = f"needs {at} to be {near} {of_big}"
    if high is None:
        sure = f"95 % confidence: {_words(low, found['by'])} or more; not shown within the budget shown"
    elif high["amount"] == low["amount"]:
        sure = "95 % confidence: no other budget shown fits"
    else:
        sure = f"95 % confidence: from {_words(low, found['by'])} to {_words(high, found['by'])}"
    passes = found["passes"]
    better = f"; from {_words(passes, found['by'])} on it is shown to be better" if passes else ""
    return f"{small} {reached} ({sure}){better}"


def _words(point: Point, by: str) -> str:
    """Return a budget in the unit that was asked for, and in samples and repairs where that is another."""
    if by in ("samples", "repairs"):
        return budget_words(point)
    return f"{cost_words(point['amount'], by)} ({budget_words(point)})"


def facts_of(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what was matched with what, each line with its name."""
    for letter in "ab":
        side = found[letter]
        runs = ", ".join(short_id(run_id) for run_id in side["run_ids"])
        yield letter.upper(), f"{side['title']}, {side['loop']} ({runs})"
    for warning in found["warnings"]:
        yield "warning", warning
    if found["answers"] in RELATED:
        yield "answers", RELATED[found["answers"]]
    of = f" of {found['clusters']} repositories" if found["clusters"] else ""
    yield "tasks", f"{found['tasks']} judged by both{of}"
    cost = found["b"]["cost"]
    spends = "" if cost is None else f" for {cost_words(cost, found['by'])}"
    yield "B", f"solved {percent(found['b']['rate'])}{spends}"


def table_of(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: a row a budget of A, with its difference to B and what that shows."""
    by, margin = found["by"], found["margin"]
    is_cost = by not in ("samples", "repairs")
    headings = ["A within", *([axis_name(by)] if is_cost else []), "solved", "less B", ""]
    rows = []
    for point in found["curve"]:
        cost = [quantity(point["amount"])] if is_cost else []
        span = interval(point["low"], point["high"])
        difference = f"{100 * point['difference']:+.1f} {span}".rstrip()
        rows.append([budget_words(point), *cost, percent(point["rate"]), difference, _shown(point, margin)])
    return headings, rows


def _shown(point: Point, margin: float) -> str:
    if point["low"] is None:
        return ""
    if point["low"] > 0:
        return "better"
    if point["low"] > -margin:
        return "as good"
    return "below" if point["high"] < -margin else "not sure"
