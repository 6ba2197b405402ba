"""The pages: runs, one run with its tasks, one task. Each is a function of an open store and a request."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from pytest_mcode.deciding import decisive
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Attempt, Task, TaskOutcome
from pytest_mcode.results.configuration import applicable
from pytest_mcode.results.figures import natural, short_id
from pytest_mcode.results.inspection import outcomes_of
from pytest_mcode.results.panel import fragment, task_panel
from pytest_mcode.results.runs import Results, Runs
from pytest_mcode.store.listing import RUN_ORDERS, attempt_verdicts, run_page, task_keys, task_page
from pytest_mcode.store.notes import annotate
from pytest_mcode.store.queries import Row, find_run
from pytest_mcode.web.rendering import address, is_partial, page

__all__ = ["form_of", "run", "runs", "task", "write_notes"]

RUNS_A_PAGE, TASKS_A_PAGE = 50, 100
MOST_PANELS = 12
"""Runs whose panels of a task stand on one page."""
MOST_CELLS = 24
"""Samples of a task that a list shows; the rest are a number."""
LARGEST_FORM = 100_000
"""Bytes."""


def runs(opened: Results, request: Request) -> Response:
    """List the runs of the store: searched, sorted, a page at a time."""
    asked = request.query_params
    search, order = asked.get("q", ""), asked.get("sort", "started").removeprefix("-")
    descending = asked.get("sort", "-started").startswith("-")
    if order not in RUN_ORDERS:
        raise ConfigurationError(f"runs are not sorted by {order!r}; there are {', '.join(RUN_ORDERS)}")
    number = _number(request)
    found = run_page(
        opened.store,
        search.replace("\0", ""),
        order=order,
        descending=descending,
        first=RUNS_A_PAGE * (number - 1),
        most=RUNS_A_PAGE,
    )
    return page(
        request,
        "runs.html.jinja",
        runs=Runs(opened.store, found.rows, opened.prices).figures(),
        total=found.total,
        search=search,
        order=order,
        descending=descending,
        pages=_pages(request, number, found.total, RUNS_A_PAGE),
        first=RUNS_A_PAGE * (number - 1) + 1,
        last=RUNS_A_PAGE * (number - 1) + len(found.rows),
    )


def run(opened: Results, request: Request) -> Response:
    """Show one run: figures, what is said of it, how it was made, its tasks; how far it is while it runs."""
    name, _, test = _needed(request, "id").partition("::")
    row = find_run(opened.store, name)
    found = Runs(opened.store, [row], opened.prices).figures()
    return page(
        request,
        "run.html.jinja",
        run=found[0],
        results=found,
        row=row,
        settings=_flat(applicable(found[0])),
        environment=[*_flat(row["environment"]), *_flat(row["model_info"], "model.")],
        **_tasks(opened, request, row["run_id"], test),
    )


def task(opened: Results, request: Request) -> Response:
    """Show one task of a run, or of several: the panel of the report, with one attempt whole."""
    task_id, at = _needed(request, "id"), _place(request.query_params.get("at", ""))
    names = list(dict.fromkeys(request.query_params.getlist("run"))) or [_needed(request, "run")]
    known = request.app.state.tasks_of
    shown = [_panels(opened, name, task_id, at, known) for name in names[:MOST_PANELS]]
    if is_partial(request):
        return page(request, "panels.html.jinja", panels=shown[0]["panels"])
    return page(request, "task.html.jinja", shown=shown, task_id=task_id)


def _panels(
    opened: Results,
    name: str,
    task_id: str,
    at: tuple[int, int] | None,
    tasks_of: Callable[[Row], Mapping[str, Task]],
) -> dict[str, Any]:
    """Return a run, ``RUN`` or ``RUN::TEST``, and its panels of a task: one for each test function."""
    run_id, _, test = name.partition("::")
    row = find_run(opened.store, run_id)
    found = outcomes_of(opened.store, row["run_id"], task_id, test or None)
    task = tasks_of(row).get(task_id)

    def panel(outcome: TaskOutcome) -> Markup:
        label = f"{task_id} in run {short_id(row['run_id'])}, {outcome.test}"
        return task_panel(
            outcome, task=task, at=at, address=partial(_at, row["run_id"], outcome), label=label
        )

    return {"row": row, "panels": [(each, panel(each)) for each in found]}


async def form_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that was sent; raises `ConfigurationError` for one that is too large."""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LARGEST_FORM:
            raise ConfigurationError(f"a form has at most {LARGEST_FORM:,} bytes")
    fields = parse_qs(content.decode("ascii", errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def write_notes(opened: Results, request: Request, form: Mapping[str, str]) -> Response:
    """Replace the tags and the note of a run: all that this page ever writes."""
    if not form.get("run"):
        raise ConfigurationError("the form names no run; open the run's page again")
    row = find_run(opened.store, form["run"])
    said = {"tags": form.get("tags", ""), "note": form.get("note", "")}
    try:
        with opened.store.writable() as store:
            annotate(store, row["run_id"], **said)
    except ConfigurationError as error:
        return page(request, "notes.html.jinja", 422, row={**row, **said}, told=f"Not saved: {error}")
    return page(request, "notes.html.jinja", row=find_run(opened.store, row["run_id"]), told="Saved.")


def _tasks(opened: Results, request: Request, run_id: str, test: str) -> dict[str, Any]:
    """Return what a list of a run's tasks shows, in the order of their ids."""
    asked, number = request.query_params, _number(request)
    search, kind = asked.get("q", ""), asked.get("kind", "")
    keys = task_keys(opened.store, run_id, test or None, search=search.replace("\0", ""), kind=kind)
    keys.sort(key=lambda each: natural(each[1]))
    first = TASKS_A_PAGE * (number - 1)
    rows = task_page(opened.store, [key for key, _ in keys[first : first + TASKS_A_PAGE]])
    made = attempt_verdicts(opened.store, [row["id"] for row in rows])
    return {
        "tasks": [{**row, "cells": _cells(row, made[row["id"]])} for row in rows],
        "most_cells": MOST_CELLS,
        "task_total": len(keys),
        "search": search,
        "kind": kind,
        "test": test,
        "pages": _pages(request, number, len(keys), TASKS_A_PAGE),
    }


def _cells(outcome: Row, attempts: Sequence[Row]) -> list[str]:
    """Return what became of each sample; ``repaired`` passed after its first attempt."""
    if outcome["status"] == "infra":
        return ["infra"]
    samples: dict[int, list[Row]] = {}
    for each in attempts:
        samples.setdefault(each["sample"], []).append(each)
    decided = (
        made[decisive([(each["verdict"], each["public_verdict"]) for each in made])]
        for made in samples.values()
    )
    return [
        "repaired" if each["verdict"] == "passed" and each["iteration"] else each["verdict"]
        for each in decided
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        elif value not in (None, [], ""):
            rows.append((f"{prefix}{name}", str(value)))
    return rows


def _at(run_id: str, outcome: TaskOutcome, attempt: Attempt) -> str:
    return address("/task", run=f"{run_id}::{outcome.test}", id=outcome.task_id, at=fragment(attempt))


def _place(text: str) -> tuple[int, int] | None:
    """Read ``2/1``: sample and iteration."""
    if not text:
        return None
    if not (found := re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)):
        raise ConfigurationError(f"{text!r} is no attempt; give sample and iteration, such as 0/1")
    return int(found[1]), int(found[2])


def _needed(request: Request, name: str) -> str:
    if not (value := request.query_params.get(name)):
        raise ConfigurationError(f"the address lacks {name!r}; start from the list of runs")
    return value


def _number(request: Request) -> int:
    text = request.query_params.get("page", "1")
    if not re.fullmatch(r"\d{1,7}", text) or not int(text):
        raise ConfigurationError(f"{text!r} is no page; give a number from 1 on")
    return int(text)


def _pages(request: Request, number: int, total: int, most: int) -> dict[str, Any]:
    """Return where the pages before and after this one are, of how many."""
    last = max(1, -(-total // most))

    def at(other: int) -> str | None:
        query = {**request.query_params, "page": other}
        return address(request.url.path, **query) if 1 <= other <= last and other != number else None

    return {"number": number, "last": last, "previous": at(number - 1), "next": at(number + 1)}
