"""A comparison in words, the same on the terminal and in a report's page."""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_mcode.results.figures import axis_name, brief, budget_words, interval, percent, quantity, short_id

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
    if found["infra_low"] != found["infra_high"]:
        bounds = f"{100 * found['infra_low']:+.1f} to {100 * found['infra_high']:+.1f} points"
        yield (
            "infra",
            f"over all that both tried A - B lies from {bounds}, whatever the infra outcomes were",
        )
    yield from _costs(found)
    flips = f"A did better on {found['only_a']}, B on {found['only_b']}"
    p_value = "none" if found["p_adjusted"] is None else f"p = {found['p_adjusted']:.2g}"
    yield "test", f"{found['test']}: {p_value}; {flips}"
    if found["answers"] in RELATED:
        yield "answers", RELATED[found["answers"]]
    yield from _pass_at(found)
    yield "so", _conclusion(found)
    yield "power", _power(found)
    if found["margin"] is not None:
        answer = found["non_inferior"] or f"not decided: {found['decisive']['reason']}"
        yield "non-inferior", f"A at least as good as B minus {100 * found['margin']:g} points: {answer}"
    if found["equivalence_margin"] is not None:
        answer = found["equivalent"] or f"not decided: {found['decisive']['reason']}"
        yield "equivalent", f"A and B within {100 * found['equivalence_margin']:g} points (TOST): {answer}"
    for letter in "ab":
        tasks = found[f"tasks_only_{letter}"]
        if tasks:
            yield f"{letter.upper()} alone", ", ".join(tasks)


def _costs(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    axes = [axis for axis in found["a"]["costs"] if axis in found["b"]["costs"]]
    told = [
        f"{quantity(found['a']['costs'][axis])} and {quantity(found['b']['costs'][axis])} {axis_name(axis)}"
        for axis in axes
        if found["a"]["costs"][axis] is not None and found["b"]["costs"][axis] is not None
    ]
    if told:
        yield "a task cost", f"A and B {', '.join(told)}"
    equal = found["at_equal_cost"]
    if equal:
        unit = axis_name(equal["by"])
        sides = "; ".join(
            f"{letter.upper()} {percent(equal[letter]['rate'])} with {budget_words(equal[letter])}, "
            f"{quantity(equal[letter]['amount'])} {unit}"
            for letter in "ab"
        )
        yield "equal cost", f"at most {quantity(equal['limit'])} {unit} a task: {sides}"
        yield "", f"A - B {_difference(equal)}"


def _difference(row: Mapping[str, Any]) -> str:
    span = f"no interval: {row['withheld']}" if row["withheld"] else interval(row["low"], row["high"])
    return f"{100 * row['difference']:+.1f} points {span}"


def _pass_at(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for row in found["pass_at"]:
        said = [f"A {percent(row['rate_a'])}, B {percent(row['rate_b'])}, A - B {_difference(row)}"]
        said += [] if row["p_adjusted"] is None else [f"p = {row['p_adjusted']:.2g}"]
        said += [
            f"{name.replace('_', '-')}: {row[name]}" for name in ("non_inferior", "equivalent") if row[name]
        ]
        repaired = " after repair" if row["after_repair"] else ""
        yield f"pass@{row['k']}{repaired}", "; ".join(said)
    if tests := sum(row["p_value"] is not None for row in found["pass_at"]):
        tests += found["p_value"] is not None
        yield "", f"every p is adjusted by Holm for the {tests} tests of this table"


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
    if found["p_adjusted"] is None:
        larger = f"{more}, as the larger budget must"
        return f"{larger if found['difference'] else 'both solve the same'}; the interval tells of how much"
    if found["p_adjusted"] < 0.05:
        if found["clustered_withheld"]:
            return f"{more} on tasks of these repositories; for others nothing is shown"
        if leaving_0_out == len(intervals):
            return more
        return f"{more} by the test, but an interval holds 0: not sure"
    if leaving_0_out:
        return f"not sure that {more}: an interval leaves 0 out, but the test shows no significant difference"
    return "no significant difference, which does not make them equal: see the interval"
