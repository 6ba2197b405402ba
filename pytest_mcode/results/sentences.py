"""A comparison in words, the same on the terminal and in a report's page."""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_mcode.results.figures import brief, interval, percent, short_id

__all__ = ["sentences"]

RELATED: Mapping[str, str] = {
    "same answers": "the same in both runs: they are one draw, judged twice",
    "nested": "one run's are the first ones of the other: not two draws, but a gain within one, for which "
    "there is no test, since more samples never solve less",
    "partly shared": "the same on most tasks: hardly two draws, so the test is no guide",
}
"""What it means that two runs are no independent draws."""


def sentences(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines of a comparison (see `comparison.compare`) for people, each with its name."""
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
        yield "", f"{clustered}, 95 % interval over its {found['clusters']} repositories (CR2)"
    if found["clustered_withheld"]:
        yield "", f"no interval over its repositories: {found['clustered_withheld']}"
    flips = f"A did better on {found['only_a']}, B on {found['only_b']}"
    p_value = "none" if found["p_value"] is None else f"p = {found['p_value']:.2g}"
    yield "test", f"{found['test']}: {p_value}; {flips}"
    if found["answers"] in RELATED:
        yield "answers", RELATED[found["answers"]]
    yield "so", _conclusion(found)
    yield "power", _power(found)
    if found["margin"] is not None:
        answer = found["non_inferior"] or f"not decided: {found['decisive']['reason']}"
        yield "non-inferior", f"A at least as good as B minus {100 * found['margin']:g} points: {answer}"
    for letter in "ab":
        tasks = found[f"tasks_only_{letter}"]
        if tasks:
            yield f"{letter.upper()} alone", ", ".join(tasks)


def _power(found: Mapping[str, Any]) -> str:
    if found["detectable_withheld"]:
        return f"not to be had: {found['detectable_withheld']}"
    smallest = f"{100 * found['smallest_detectable']:.1f} points"
    return (
        f"{found['tasks']} such tasks show a true difference of {smallest} 4 times in 5, a smaller one less"
    )


def _conclusion(found: Mapping[str, Any]) -> str:
    """Say which solves more, and where test and intervals differ on that, so."""
    intervals = [(found["low"], found["high"])]
    if found["clusters"]:
        intervals.append((found["clustered_low"], found["clustered_high"]))
    leaving_0_out = sum(low > 0 or high < 0 for low, high in intervals)
    more = f"{'A' if found['difference'] > 0 else 'B'} solves more"
    if found["p_value"] is None:
        larger = f"{more}, as the larger budget must"
        return f"{larger if found['difference'] else 'both solve the same'}; the interval tells of how much"
    if found["p_value"] < 0.05:
        if found["clustered_withheld"]:
            return f"{more} on tasks of these repositories; for others nothing is shown"
        if leaving_0_out == len(intervals):
            return more
        return f"{more} by the test, but an interval holds 0: not sure"
    if leaving_0_out:
        return f"not sure that {more}: an interval leaves 0 out, but the test shows no significant difference"
    return "no significant difference, which does not make them equal: see the interval"
