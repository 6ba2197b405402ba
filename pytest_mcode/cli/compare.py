"""`mcode compare`: the difference between two configurations on the same tasks, and how sure it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db, Json, console, open_store, print_json, status_of
from pytest_mcode.cli.figures import brief, interval, loop, natural, percent, short_id, title
from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_mcode.cli.sides import Side
    from pytest_mcode.store import Store

__all__ = ["compare", "comparison_rows", "load_comparison"]

SIDE = "A run (`RUN`, or `RUN::TEST`), or repeats: `model=granite4:3b,samples=5`."


def compare(
    a: Annotated[str, typer.Argument(help=SIDE, metavar="A")],
    b: Annotated[str, typer.Argument(help="The same.", metavar="B")],
    non_inferior: Annotated[
        float | None,
        typer.Option(metavar="MARGIN", help="Is A at least as good as B minus this share, such as 0.05?"),
    ] = None,
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    """Compare two runs, or two configurations by their repeats, on the tasks that both judged.

    The difference is A minus B, paired by task, with its 95 % interval and an exact test.
    """
    if non_inferior is not None and not 0 <= non_inferior < 1:
        raise ConfigurationError(
            f"--non-inferior: {non_inferior} is not allowed; give a share below 1, such as 0.05 for 5 points"
        )
    with open_store(db) as store:
        found = load_comparison(store, a, b, margin=non_inferior)
    if as_json:
        print_json(found)
    else:
        from pytest_mcode.cli.results_table import facts

        console().print(facts(comparison_rows(found)))


def load_comparison(store: "Store", a: str, b: str, *, margin: float | None = None) -> dict[str, Any]:
    """Return the paired comparison of two sides (see `sides.load_side`), JSON types."""
    from pytest_mcode.analysis import paired
    from pytest_mcode.cli.configuration import differences
    from pytest_mcode.cli.sides import load_side, pair

    ours, theirs = load_side(store, a), load_side(store, b)
    pairing = pair(ours, theirs)
    tasks = sorted(pairing.tasks, key=natural)
    scores, other = [ours.scores[task] for task in tasks], [theirs.scores[task] for task in tasks]
    clusters = [task.rpartition("-")[0] for task in tasks] if _has_repositories(ours) else None
    found = paired.compare(scores, other, clusters)
    low, high = found.low, found.high
    if found.clustered_low is not None and found.clustered_high is not None:
        low, high = found.clustered_low, found.clustered_high
    answer = None if margin is None else paired.non_inferior(low, high, margin)
    return {
        "a": _side(ours),
        "b": _side(theirs),
        "configuration": {
            name: list(pair) for name, pair in differences(ours.runs[0], theirs.runs[0]).items()
        },
        "warnings": list(_warnings(ours, theirs, pairing.other_content)),
        "other_content": pairing.other_content,
        "judged_by_a_alone": pairing.only_a,
        "judged_by_b_alone": pairing.only_b,
        **asdict(found),
        "tasks_only_a": [task for task, x, y in zip(tasks, scores, other, strict=True) if x > y],
        "tasks_only_b": [task for task, x, y in zip(tasks, scores, other, strict=True) if x < y],
        "margin": margin,
        "non_inferior": answer,
    }


def _has_repositories(side: "Side") -> bool:
    return str(side.runs[0]["benchmark"]).startswith("swebench")


def _side(side: "Side") -> dict[str, Any]:
    run = side.runs[0]
    return {
        "name": side.name,
        "run_ids": [each["run_id"] for each in side.runs],
        "test": run["test"],
        "title": title(run),
        "loop": loop(run),
        "judged": len(side.scores),
        "infra": side.infra,
    }


def _warnings(a: "Side", b: "Side", other_content: Sequence[str]) -> Iterator[str]:
    first, second = a.runs[0], b.runs[0]
    if first["model"] == second["model"] and first["model_digest"] != second["model_digest"]:
        digests = " and ".join(brief(run["model_digest"]) for run in (first, second))
        yield f"{first['model']} was not the same model: digests {digests}"
    if other_content:
        yield f"{len(other_content)} tasks left out, whose content differs, such as {other_content[0]}"
    for side in (a, b):
        for run in side.runs:
            if (status := status_of(run)) != "finished":
                yield f"run {run['run_id']} is {status}"


def comparison_rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines of a comparison for people, by name."""
    for letter in "ab":
        side = found[letter]
        runs = ", ".join(short_id(run_id) for run_id in side["run_ids"])
        repeats = f", the mean of {len(side['run_ids'])} runs" if len(side["run_ids"]) > 1 else ""
        yield letter.upper(), f"{side['title']}, {side['loop']} ({runs}{repeats})"
    unlike = [
        f"{name} {brief(ours)} and {brief(theirs)}" for name, (ours, theirs) in found["configuration"].items()
    ]
    yield "differ in", "; ".join(unlike) or "the seed at most"
    for warning in found["warnings"]:
        yield "warning", warning
    alone = [
        f"{found[f'judged_by_{x}_alone']} only {x.upper()} judged"
        for x in "ab"
        if found[f"judged_by_{x}_alone"]
    ]
    infra = [f"{found[x]['infra']} infra in {x.upper()}" for x in "ab" if found[x]["infra"]]
    yield "tasks", "; ".join([f"{found['tasks']} judged by both", *alone, *infra])
    yield "solved", f"A {percent(found['rate_a'])}, B {percent(found['rate_b'])}"
    span = interval(found["low"], found["high"])
    yield (
        "A - B",
        f"{100 * found['difference']:+.1f} points {span}, 95 % {found['interval']} interval over tasks",
    )
    if found["clusters"]:
        clustered = interval(found["clustered_low"], found["clustered_high"])
        yield "", f"{clustered}, 95 % bootstrap interval over its {found['clusters']} repositories"
    flips = f"A did better on {found['only_a']}, B on {found['only_b']}"
    yield "test", f"{found['test']}: p = {found['p_value']:.2g}; {flips}"
    yield "so", _conclusion(found)
    smallest = f"{100 * found['smallest_detectable']:.1f} points"
    yield (
        "power",
        f"{found['tasks']} such tasks show a true difference of {smallest} 4 times in 5, a smaller one less",
    )
    if found["non_inferior"]:
        yield (
            "non-inferior",
            f"A at least as good as B minus {100 * found['margin']:g} points: {found['non_inferior']}",
        )
    for letter in "ab":
        tasks = found[f"tasks_only_{letter}"]
        if tasks:
            yield f"{letter.upper()} alone", ", ".join(tasks)


def _conclusion(found: Mapping[str, Any]) -> str:
    """Say which solves more, and where test and intervals differ on that, so."""
    intervals = [(found["low"], found["high"])]
    if found["clusters"]:
        intervals.append((found["clustered_low"], found["clustered_high"]))
    leaving_0_out = sum(low > 0 or high < 0 for low, high in intervals)
    more = f"{'A' if found['difference'] > 0 else 'B'} solves more"
    if found["p_value"] < 0.05:
        if leaving_0_out == len(intervals):
            return more
        return f"{more} by the test, but an interval holds 0: not sure"
    if leaving_0_out:
        return f"not sure that {more}: an interval leaves 0 out, but the test shows no significant difference"
    return "no significant difference, which does not make them equal: see the interval"
