"""Runs that were ticked, compared: the numbers and the sentences of ``mcode compare``."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.labels import with_labels
from pytest_mcode.results.runs import Results, Run
from pytest_mcode.results.sentences import sentences
from pytest_mcode.web.rendering import page

__all__ = ["compare"]

MOST = 12
"""Runs that are compared at once."""
LINKED = ("A alone", "B alone")
"""Lines that list tasks: the page links each of them instead."""


def compare(opened: Results, request: Request) -> Response:
    """Compare the first run that is named with each of the others."""
    names = list(dict.fromkeys(request.query_params.getlist("run")))
    if len(names) < 2:
        raise ConfigurationError("tick two runs or more to compare them")
    if len(names) > MOST:
        raise ConfigurationError(f"at most {MOST} runs are compared at once; {len(names)} are ticked")
    runs = [opened.run(name) for name in names]
    figures = with_labels([run.figures() for run in runs])
    base = request.query_params.get("base", runs[0].name)
    if base not in (known := [run.name for run in runs]):
        raise ConfigurationError(f"{base!r} is not one of the runs; there are {', '.join(known)}")
    first = known.index(base)
    return page(
        request,
        "compare.html.jinja",
        names=known,
        figures=figures,
        first=first,
        pairs=[
            {"label": figures[place]["label"], "run": runs[place], **_pair(opened, runs[first], runs[place])}
            for place in range(len(runs))
            if place != first
        ],
        base=runs[first],
    )


def _pair(opened: Results, a: Run, b: Run) -> dict[str, Any]:
    """Return a comparison, or why there is none."""
    try:
        found = opened.compare(a, b)
    except ConfigurationError as error:
        return {"refused": str(error), "found": None, "lines": [], "flips": []}
    lines = [(name, text) for name, text in sentences(found) if name not in LINKED]
    return {"refused": None, "found": found, "lines": lines, "flips": _flips(found)}


def _flips(found: dict[str, Any]) -> Sequence[tuple[str, Sequence[str]]]:
    flips = [(letter.upper(), found[f"tasks_only_{letter}"]) for letter in "ab"]
    return [(letter, tasks) for letter, tasks in flips if tasks]
