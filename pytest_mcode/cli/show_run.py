"""A run on the terminal: figures, debugging's worth, configuration, environment, what became of its tasks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table

from pytest_mcode.cli.common import AXES
from pytest_mcode.cli.output import Sheet
from pytest_mcode.cli.run_details import details
from pytest_mcode.cli.tables import facts, facts_sheet
from pytest_mcode.results.configuration import applicable
from pytest_mcode.results.figures import (
    axis_name,
    further_attempts,
    interval,
    iteration,
    percent,
    quantity,
    title,
    visible,
)
from pytest_mcode.results.shards import shard_words

__all__ = ["iterations_table", "render_run", "run_sheets", "tasks_sheet"]


def render_run(loaded: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the parts of the page."""
    for each in loaded["results"]:
        yield _rule(title(each) if len(loaded["results"]) == 1 else f"{title(each)}, {each['test']}")
        words = shard_words(loaded["shards"], each["tasks_judged"], each["tasks_planned"])
        shards = [("shards", words)] if words else []
        yield facts([*details(each), *shards, *_way_on(each, loaded["environment"])])
        if each["debugging"]:
            yield _rule("resampling" if each["debugging"]["strategy"] == "resample" else "debugging")
            yield from _debugging(each["debugging"])
    yield _rule("settings")
    yield facts(_flat(applicable(loaded["results"][0])))
    yield _rule("environment")
    yield facts([*_flat(loaded["environment"]), *_flat(loaded["model_info"], "model.")])
    yield _rule("tasks")
    yield from _tasks(loaded["tasks"])


def run_sheets(loaded: Mapping[str, Any]) -> Iterator[Sheet]:
    """Yield the same as tables: figures by test function, settings, environment, tasks."""
    for each in loaded["results"]:
        yield facts_sheet(details(each), f"{title(each)}, {each['test']}")
    yield facts_sheet(_flat(applicable(loaded["results"][0])), "settings")
    yield facts_sheet([*_flat(loaded["environment"]), *_flat(loaded["model_info"], "model.")], "environment")
    yield tasks_sheet(loaded)


def tasks_sheet(loaded: Mapping[str, Any]) -> Sheet:
    """Return what became of each task."""
    rows = [
        [each["task_id"], each["status"], each["verdict"] or "", str(each["attempts"]), each["error"]]
        for each in loaded["tasks"]
    ]
    return Sheet(["task", "status", "verdict", "attempts", "cause"], rows, "tasks", ("attempts",))


def _way_on(each: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Say how to go on with a run that is neither complete nor being written."""
    left = each["infra"] if each["status"] == "finished" else each["status"] != "running"
    if left and "command" in environment:
        yield "resume", f"{environment['command']} --mcode-resume-run={each['run_id']}"


def _rule(text: str) -> Rule:
    return Rule(visible(text), align="left", style="bold cyan")


def _debugging(worth: Mapping[str, Any]) -> Iterator[RenderableType]:
    more = further_attempts(worth)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    axes = [axis for axis in AXES if f"{axis}_per_sample" in worth["curve"][0]] if worth["curve"] else []
    for heading in (more, "solved by then", *map(axis_name, axes)):
        table.add_column(heading, justify="left" if heading == "solved by then" else "right")
    for point in worth["curve"]:
        rate = f"{percent(point['rate'])} {interval(point['low'], point['high'])}".rstrip()
        costs = (quantity(point[f"{axis}_per_sample"]) for axis in axes)
        table.add_row(str(point["iteration"]), rate, *costs)
    if worth["curve_refused"]:
        yield f"No curve: {worth['curve_refused']}."
    else:
        yield table
        yield f"Costs: of a sample, with its {more} up to then."
    if worth["iterations"]:
        yield iterations_table(worth["iterations"])
    if worth["verdicts"]:
        yield facts(
            (f"after {each['verdict']}", f"{each['repaired']} of {each['tried']} {more} passed")
            for each in worth["verdicts"]
        )
    spent, price = quantity(worth["repair_tokens"]), quantity(worth["tokens_per_repaired_sample"])
    saved = "resampled" if more == "resamples" else "repaired"
    yield f"{spent} tokens for {worth['repair_attempts']} {more}, {price} a {saved} sample"


def iterations_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """Return what came of the repairs, a row an iteration."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    rows = [iteration(each) for each in found]
    for heading in rows[0]:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row.values())
    return table


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        elif value not in (None, [], ""):
            rows.append((f"{prefix}{name}", str(value)))
    return rows


def _tasks(tasks: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """List tasks by what became of them; of `infra` also the cause."""
    groups: dict[str, list[str]] = {}
    for task in tasks:
        kind = f"unsolved, {task['verdict']}" if task["status"] == "unsolved" else str(task["status"])
        groups.setdefault(kind, []).append(task["task_id"])
    yield facts((f"{kind} ({len(ids)})", ", ".join(ids)) for kind, ids in sorted(groups.items()))
    yield facts((task["task_id"], task["error"]) for task in tasks if task["error"])
