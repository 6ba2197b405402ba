"""Every figure of a run in words, by name."""

from collections.abc import Iterator
from typing import Any

from pytest_mcode.results.agents import ends
from pytest_mcode.results.figures import (
    FLAGGED,
    IN_PROCESS,
    REPEATED,
    UNPRICED,
    coverage,
    interval,
    percent,
    quantity,
)

__all__ = ["bounds", "details", "span"]

Result = dict[str, Any]


def details(each: Result) -> list[tuple[str, str]]:
    """Return every figure of a result, by name."""
    tasks, total = each["tasks_judged"], each["tasks_total"]
    rows = [
        ("run", f"{each['run_id']} ({each['status']})"),
        ("dataset", f"{each['dataset']} {each['split']}, fingerprint {each['dataset_fingerprint'][:12]}"),
        (
            "judged",
            f"{coverage(each)} tasks{'' if each['tasks_planned'] in (None, total) else ', a subset'}",
        ),
        ("solved", f"{each['solved']}/{tasks}: {_rate(each, 'pass_rate')}{_method(each)}"),
        ("first attempt", f"{each['first_attempt_solved']}/{tasks}: {_rate(each, 'first_attempt_rate')}"),
    ]
    rows += [(name, each[name]) for name in ("tags", "note") if each[name]]
    if each["solved_in_process"]:
        rows.append(("unproven", f"{each['solved_in_process']} of the solved {IN_PROCESS}"))
    if each["solved_flagged"]:
        rows.append(("flagged", f"{each['solved_flagged']} of the solved {FLAGGED}"))
    if did := each["agent"]:
        steps = f"{quantity(did['steps'])} steps an attempt"
        rows.append(("agent", f"{', '.join(did['agents'])}: {steps}; ended: {ends(did['ended'])}"))
    if each["overridden"]:
        rows.append(("own", ", ".join(f"{name}: {by}" for name, by in sorted(each["overridden"].items()))))
    if each["infra"]:
        rows.append(("infra", f"{each['infra']} outside the pass rate, which they leave at {bounds(each)}%"))
    rows += [(f"pass@{at['k']}", _pass_at(at, each)) for at in each["pass_at"]]
    rows += [
        (f"pass@{left['k']}", f"not to be had: {left['reason']}")
        for left in each["pass_at_left_out"]
        if each["pass_at"]
    ]
    if each["samples"] > 1:
        distinct = f"{quantity(each['distinct_solutions_per_task'])} distinct first solutions"
        rows.append(("samples", f"{quantity(each['samples_per_task'])} a task, {distinct}"))
        if each["pass_at_refused"]:
            rows.append(("pass@k", f"not to be had: {each['pass_at_refused']}"))
    if each["helper_prompt_tokens"] is not None:
        counts = (quantity(each[f"helper_{name}_tokens"]) for name in ("prompt", "completion"))
        helper = each["settings"].get("helper_model")
        rows.append(("helper", f"{helper}: {' + '.join(counts)} tokens, beside those of the model"))
    if each["repeats"]:
        spent = f"{quantity(each['repeat_tokens'])} tokens"
        rows.append(("repeats", f"{each['repeats']} of {each['attempts']} attempts {REPEATED}: {spent}"))
    if each.get("spread") and each["all_samples"] and each["samples"] > 1:
        rows += _spread(each["spread"])
    if each["verdicts"]:
        rows.append(("failed by", ", ".join(f"{kind} {count}" for kind, count in each["verdicts"].items())))
    if each["public_passed"]:
        wrong = f"{each['false_positives']}/{each['public_passed']}: {percent(each['false_positive_rate'])}"
        rows.append(("false passes", f"{wrong} of what passed the visible tests failed the judge"))
    rows.append(("cost", _cost(each)))
    if each["prices"]:
        rows.append(("price", _price(each)))
    return rows


def _rate(each: Result, name: str) -> str:
    return f"{percent(each[name])} {interval(each[f'{name}_low'], each[f'{name}_high'])}".strip()


def _spread(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say how sure the rate over tries is, and which part of that more tries would mend."""
    if found["these_rate"] is not None:
        span = interval(found["these_low"], found["these_high"])
        yield "these tasks", f"{percent(found['these_rate'])} {span} of tries pass on these very tasks, 95 %"
    if found["removable"] is None:
        yield "sure to", f"not told apart: {found['variance_withheld']}"
        return
    these, like = (100 * found[f"error_{tasks}"] for tasks in ("these", "like_these"))
    more = f"more samples would remove {percent(found['removable'])} of the latter's variance"
    yield (
        "sure to",
        f"{these:.1f} points (standard error) on these tasks, {like:.1f} on tasks like these: {more}",
    )


def _method(each: Result) -> str:
    if each["interval_withheld"]:
        return f"; no interval: {each['interval_withheld']}"
    return f", {each['interval_method'].removesuffix(' score')} 95 %" if each["interval_method"] else ""


def _pass_at(at: dict[str, Any], each: Result) -> str:
    repaired = f"; {span(at, 'rate', '_after_repair')} after repair" if each["debug_iters"] else ""
    return f"{span(at, 'rate')} first attempts{repaired}"


def bounds(each: Result, to: str = " to ") -> str:
    """Return the rates that infra outcomes leave open: all of them unsolved, all of them solved."""
    return f"{100 * each['pass_rate_if_infra_failed']:.1f}{to}{100 * each['pass_rate_if_infra_solved']:.1f}"


def span(at: dict[str, Any], name: str, suffix: str = "") -> str:
    """Return a rate of pass@k with its interval."""
    return f"{percent(at[name + suffix])} {interval(at['low' + suffix], at['high' + suffix])}"


def _price(each: Result) -> str:
    if each["price"] is None:
        return f"not to be had: {UNPRICED}"
    judged, solved = quantity(each["price_per_judged"]), quantity(each["price_per_solved"])
    return f"{quantity(each['price'])}; {judged} a judged task; {solved} a solved task"


def _cost(each: Result) -> str:
    def share(of: str) -> str:
        tokens, seconds = each[f"tokens_per_{of}"], quantity(each[f"seconds_per_{of}"], "s")
        return (
            f"{seconds} a {of} task"
            if tokens is None
            else f"{quantity(tokens)} tokens, {seconds} a {of} task"
        )

    return "; ".join([f"{quantity(each['attempts'])} attempts", share("judged"), share("solved")])
