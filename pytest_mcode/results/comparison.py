"""Two configurations on the tasks that both judged: the paired difference, and how sure it is."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pytest_mcode.analysis import paired
from pytest_mcode.analysis.differences import difference_bounds
from pytest_mcode.analysis.verdicts import equivalent, non_inferior
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.answers import overlap_of
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.configuration import differences
from pytest_mcode.results.figures import brief, loop, natural, title
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.sides import Pairing, Side, load_side, pair
from pytest_mcode.results.summaries import status_of
from pytest_mcode.results.unlike import (
    adjust,
    at_equal_cost,
    mean_costs,
    pass_at_differences,
    verdict,
)
from pytest_mcode.store import Store

__all__ = ["check_margin", "compare", "relation_of", "side_of", "warnings_of"]


def compare(
    store: Store,
    a: str,
    b: str,
    *,
    margin: float | None = None,
    equivalence: float | None = None,
    pass_at: Sequence[int] = (),
    by: str | None = None,
    prices: Prices = NO_PRICES,
) -> dict[str, Any]:
    """Return the comparison of two sides (see `sides.load_side`), A minus B, JSON types.

    The population: tasks like those that both judged and whose fingerprints are equal. Every field of
    `analysis.paired.Comparison`, and

    - ``a`` and ``b``: what each side is, and what a task cost; ``configuration``: the pairs of values in
      which they differ; ``warnings``; ``other_content``: tasks left out; how many tasks one side alone
      judged; on which tasks either did better;
    - ``infra_low`` and ``infra_high``: the difference over all tasks that both tried, at worst and at best of
      the infra outcomes;
    - ``decisive``: the interval by which verdicts go, or the ``reason`` why there is none;
    - ``answers``: how the sides' answers are related, as `analysis.repeats.Overlap` says; where one's samples
      begin the other's there is no ``p_value``, since more samples never solve fewer tasks;
    - ``p_adjusted``: by Holm, for all tests of this comparison;
    - for a `margin`, a share from 0 to 1, ``non_inferior``: whether A is at least as good as B minus it; for
      an `equivalence` margin ``equivalent``: whether they differ by less (TOST);
    - for each k of `pass_at` a row of ``pass_at``, see `unlike.pass_at_differences`; for an axis `by`
      ``at_equal_cost``, see `unlike.at_equal_cost`.
    """
    ours, theirs = load_side(store, a), load_side(store, b)
    pairing = pair(ours, theirs)
    tasks = sorted(pairing.tasks, key=natural)
    scores, other = [ours.scores[task] for task in tasks], [theirs.scores[task] for task in tasks]
    names = clusters(ours.runs[0], tasks)
    found = paired.compare(scores, other, names)
    decisive = found.decisive
    relation = relation_of(store, ours, theirs)
    worst, best = _infra_bounds(ours, theirs, pairing.tasks)
    at_ks = pass_at_differences(store, ours, theirs, tasks, pass_at, is_tested=relation != "nested")
    p_value = None if relation == "nested" else found.p_value
    adjusted = adjust([p_value, *(row["p_value"] for row in at_ks)])
    return {
        "a": side_of(ours) | {"costs": mean_costs(store, ours, tasks, prices)},
        "b": side_of(theirs) | {"costs": mean_costs(store, theirs, tasks, prices)},
        "configuration": {
            name: list(pair) for name, pair in differences(ours.runs[0], theirs.runs[0]).items()
        },
        "warnings": list(warnings_of(store, ours, theirs, pairing)),
        "other_content": pairing.other_content,
        "judged_by_a_alone": pairing.only_a,
        "judged_by_b_alone": pairing.only_b,
        **asdict(found),
        "p_value": p_value,
        "p_adjusted": adjusted[0],
        "infra_low": worst,
        "infra_high": best,
        "answers": relation,
        "decisive": asdict(decisive),
        "tasks_only_a": [task for task, x, y in zip(tasks, scores, other, strict=True) if x > y],
        "tasks_only_b": [task for task, x, y in zip(tasks, scores, other, strict=True) if x < y],
        "margin": margin,
        "non_inferior": verdict(non_inferior, decisive, margin),
        "equivalence_margin": equivalence,
        "equivalent": verdict(equivalent, decisive, equivalence),
        "pass_at": [
            _with_verdicts(row, p, margin, equivalence) for row, p in zip(at_ks, adjusted[1:], strict=True)
        ],
        "at_equal_cost": None if by is None else at_equal_cost(store, ours, theirs, tasks, by, prices),
    }


def _with_verdicts(
    row: dict[str, Any], p_adjusted: float | None, margin: float | None, equivalence: float | None
) -> dict[str, Any]:
    span = row.pop("span")
    return row | {
        "p_adjusted": p_adjusted,
        "non_inferior": verdict(non_inferior, span, margin),
        "equivalent": verdict(equivalent, span, equivalence),
    }


def _infra_bounds(a: Side, b: Side, both: Sequence[str]) -> tuple[float, float]:
    lost = {task for side in (a, b) for task in side.lost}
    tried = [*both, *(task for task in sorted(lost) if _has(a, task) and _has(b, task))]
    return difference_bounds(
        *([None if task in side.lost else side.scores[task] for task in tried] for side in (a, b))
    )


def _has(side: Side, task: str) -> bool:
    return task in side.scores or task in side.lost


def check_margin(name: str, margin: float | None) -> None:
    """Raise `ConfigurationError` where the margin that was given as `name` is not a share below 1."""
    if margin is not None and not 0 <= margin < 1:
        raise ConfigurationError(
            f"{name}: {margin} is not allowed; give a share from 0 to below 1, such as 0.05 for 5 points"
        )


def side_of(side: Side) -> dict[str, Any]:
    """Return what a side of a comparison is, JSON types."""
    run = side.runs[0]
    return {
        "name": side.name,
        "run_ids": [each["run_id"] for each in side.runs],
        "test": run["test"],
        "title": title(run),
        "loop": loop(run),
        "judged": len(side.scores),
        "infra": len(side.lost),
    }


def relation_of(store: Store, a: Side, b: Side) -> str:
    """Return how the answers are related; several runs, or two models, count as independent draws."""
    first, second = a.runs[0], b.runs[0]
    if len(a.runs) > 1 or len(b.runs) > 1 or first["model"] != second["model"]:
        return "independent"
    found = overlap_of(store, first, second).relation
    is_longer = first["debug_iters"] != second["debug_iters"]
    return "nested" if found == "same answers" and is_longer else found


def warnings_of(store: Store, a: Side, b: Side, pairing: Pairing) -> Iterator[str]:
    """Yield what makes a comparison less than it seems."""
    other_content = pairing.other_content
    first, second = a.runs[0], b.runs[0]
    if first["model"] == second["model"] and first["model_digest"] != second["model_digest"]:
        digests = " and ".join(brief(run["model_digest"]) for run in (first, second))
        yield f"{first['model']} was not the same model: digests {digests}"
    if len(pairing.tasks) == 1:
        yield "one task shows nothing of others: compare on more"
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
