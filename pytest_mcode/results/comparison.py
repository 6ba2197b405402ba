"""Two configurations on the tasks that both judged: the paired difference, and how sure it is."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pytest_mcode.analysis import paired
from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.answers import overlap_of
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.configuration import differences
from pytest_mcode.results.figures import brief, loop, natural, title
from pytest_mcode.results.sides import Side, load_side, pair
from pytest_mcode.results.summaries import status_of
from pytest_mcode.store import Store

__all__ = ["check_margin", "compare"]


def compare(store: Store, a: str, b: str, *, margin: float | None = None) -> dict[str, Any]:
    """Return the comparison of two sides (see `sides.load_side`), A minus B, JSON types.

    The population: tasks like those that both judged and whose fingerprints are equal. Every field of
    `analysis.paired.Comparison`, and ``a`` and ``b`` (what each side is), ``configuration`` (the pairs
    of values in which they differ), ``warnings``, ``other_content`` (tasks left out), how many tasks one
    side alone judged, on which tasks either did better, ``decisive`` (the interval by which verdicts go, or
    the ``reason`` why there is none), ``answers`` (how the two sides' answers are related, as
    `analysis.repeats.Overlap` says; where one side's samples begin the other's there is no ``p_value``: more
    samples never solve fewer tasks), and for a `margin`, a share from 0 to 1, ``non_inferior``: whether A
    is at least as good as B minus it.
    """
    ours, theirs = load_side(store, a), load_side(store, b)
    pairing = pair(ours, theirs)
    tasks = sorted(pairing.tasks, key=natural)
    scores, other = [ours.scores[task] for task in tasks], [theirs.scores[task] for task in tasks]
    found = paired.compare(scores, other, clusters(ours.runs[0], tasks))
    decisive = found.decisive
    relation = _relation(store, ours, theirs)
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
        "p_value": None if relation == "nested" else found.p_value,
        "answers": relation,
        "decisive": asdict(decisive),
        "tasks_only_a": [task for task, x, y in zip(tasks, scores, other, strict=True) if x > y],
        "tasks_only_b": [task for task, x, y in zip(tasks, scores, other, strict=True) if x < y],
        "margin": margin,
        "non_inferior": None
        if margin is None or isinstance(decisive, Withheld)
        else paired.non_inferior(decisive.low, decisive.high, margin),
    }


def check_margin(name: str, margin: float | None) -> None:
    """Raise `ConfigurationError` where the margin that was given as `name` is not a share below 1."""
    if margin is not None and not 0 <= margin < 1:
        raise ConfigurationError(
            f"{name}: {margin} is not allowed; give a share below 1, such as 0.05 for 5 points"
        )


def _side(side: Side) -> dict[str, Any]:
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


def _relation(store: Store, a: Side, b: Side) -> str:
    """Return how the answers are related; several runs, or two models, count as independent draws."""
    first, second = a.runs[0], b.runs[0]
    if len(a.runs) > 1 or len(b.runs) > 1 or first["model"] != second["model"]:
        return "independent"
    found = overlap_of(store, first, second).relation
    is_longer = first["debug_iters"] != second["debug_iters"]
    return "nested" if found == "same answers" and is_longer else found


def _warnings(a: Side, b: Side, other_content: Sequence[str]) -> Iterator[str]:
    first, second = a.runs[0], b.runs[0]
    if first["model"] == second["model"] and first["model_digest"] != second["model_digest"]:
        digests = " and ".join(brief(run["model_digest"]) for run in (first, second))
        yield f"{first['model']} was not the same model: digests {digests}"
    if other_content:
        yield f"{len(other_content)} tasks left out, whose content differs, such as {other_content[0]}"
    for side in (a, b):
        for run_id, same in side.same_answers.items():
            yield f"run {run_id} gave the same answers as {same}: no draw of its own, left out"
        for run_id in side.partial:
            yield f"run {run_id} is partial: another repeat judged more tasks"
        for run in side.runs:
            if (status := status_of(run)) != "finished":
                yield f"run {run['run_id']} is {status}"
