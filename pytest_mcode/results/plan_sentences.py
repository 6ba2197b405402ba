"""A plan in words, the same from `mcode plan` and from ``--mcode-plan``."""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_mcode.results.figures import MISSING, count, interval, percent, quantity, short_id

__all__ = ["plan_sentences"]

UNITS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
Span = Mapping[str, float]


def plan_sentences(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines of a plan (see `planning.plan`), each with its name."""
    yield "planned", f"{found['benchmark']}, {found['tasks']} tasks, {_loop(found)}"
    yield "known", _known(found)
    yield "attempts", f"{_span(found['attempts'])}, at most {found['attempts']['limit']:,}"
    yield "tokens", _span(found["tokens"])
    yield "model", f"{_time(found['model_seconds'])} of answers, one after the other"
    yield "time", f"{_time(found['seconds'])} at the pace of the latest run" if found["seconds"] else MISSING
    yield "disk", _disk(found["bytes"])
    rate = found["interval"]
    span = interval(rate["low"], rate["high"])
    yield "rate", f"{percent(rate['rate'])} of first attempts would come with {span}"
    for each in found["detectable"]:
        yield "can show", _detectable(found["tasks"], each)
    if found["match"]:
        yield "k*", _match(found["match"], found["samples"])


def _loop(found: Mapping[str, Any]) -> str:
    return f"{count(found['samples'], 'sample')} and {count(found['debug_iters'], 'repair')} each"


def _known(found: Mapping[str, Any]) -> str:
    known, model = found["history"], found["model"]
    if not known["run_ids"] and model is None:
        return "nothing: no model is asked; name one with --model"
    if not known["run_ids"]:
        return f"nothing: no run of {model} in this store; --calibrate 5 tries five tasks first"
    runs = ", ".join(map(short_id, known["run_ids"][-3:]))
    if known["rate"] is None:
        return f"costs alone, of {known['benchmark']} ({runs}): --calibrate 5 tries five tasks first"
    first, repairs = percent(known["rate"]), percent(known["repaired"])
    return f"{first} of first attempts and {repairs} of repairs passed ({runs})"


def _span(span: Span | None) -> str:
    if span is None:
        return f"{MISSING} (not known)"
    least, most = round(span["least"]), round(span["most"])
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _time(span: Span | None) -> str:
    if span is None:
        return f"{MISSING} (not known)"
    unit, name = next(((unit, name) for unit, name in UNITS if span["most"] >= 2 * unit), UNITS[-1])
    least, most = quantity(span["least"] / unit), quantity(span["most"] / unit)
    return f"{least} {name}" if least == most else f"{least} to {most} {name}"


def _disk(found: Mapping[str, Any]) -> str:
    store = f"{quantity(found['store']['most'] / 10**6, 'MB')} at most in the store"
    if not found["images"]:
        return store
    return f"{store}; images up to {quantity(found['images'] / 10**9, 'GB')}, less what they share"


def _detectable(tasks: int, each: Mapping[str, Any]) -> str:
    if each["withheld"]:
        return str(each["withheld"])
    return (
        f"a difference of {100 * each['difference']:.1f} points to another configuration, 4 times in 5, "
        f"where {percent(each['flips'])} of {tasks} tasks flip or fewer"
    )


def _match(found: Mapping[str, Any], samples: int) -> str:
    goal = f"at least {percent(found['rate'])} ({found['against']}) less {100 * found['margin']:g} points"
    if found["shown_from"] is None:
        chance = f"{percent(found['by_samples'][-1])} of simulated runs with {count(samples, 'sample')}"
        return f"{goal} would be shown by {chance}: too few, or it is not so"
    first = count(found["shown_from"], "sample")
    return f"{goal} would be shown from {first} on, by 4 simulated runs in 5 or more"
