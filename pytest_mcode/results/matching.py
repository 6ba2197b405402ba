"""How large a budget does a small model need to match a big one? The question that it is all for."""

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.matching import match as matched
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.budgets import Budget, History, history, pooled, strategy_of
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.comparison import check_margin, relation_of, side_of, warnings_of
from pytest_mcode.results.figures import natural
from pytest_mcode.results.match_words import sentence
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.sides import Side, load_side, pair
from pytest_mcode.results.unlike import figures_of, mean_costs
from pytest_mcode.store import Store

__all__ = ["BY", "match"]

BY = ("samples", "repairs", "attempts", "tokens", "model_seconds", "seconds", "price")
"""What a budget may be counted in."""


def match(
    store: Store, a: str, b: str, *, by: str = "samples", margin: float = 0.05, prices: Prices = NO_PRICES
) -> dict[str, Any]:
    """Return the smallest budget at which A is at least as good as B less `margin`, JSON types.

    `a` is a run (``RUN`` or ``RUN::TEST``) or the repeats of one configuration, whose samples are taken
    together (see `budgets.pooled`), cut to budgets that grow along `by`, one of `BY`; `b` the same, as it is.
    The population: tasks like those that both judged and whose fingerprints are equal, or tasks of such
    repositories.

    ``curve`` has a point a budget: ``samples``, ``repairs`` (fresh attempts by the ``strategy`` resample),
    ``amount`` (its mean cost along `by`, stopping at the first pass), ``rate``, and ``difference`` to B with
    its 95 % interval. ``estimate``, ``low``,
    ``high`` and ``passes`` are such points or None, as `analysis.matching.Match` says; ``never`` whether A is
    shown to stay below within every budget; ``withheld`` why nothing of all that can be said; ``sentence``
    all of it in words; ``answers`` how the answers are related, as `comparison.compare` says. Raises
    `ConfigurationError` where the two cannot be compared, or a cost is unknown.
    """
    by = by.replace("-", "_")
    if by not in BY:
        raise ConfigurationError(f"--by: {by!r} is not allowed; give one of {', '.join(BY)}")
    check_margin("--margin", margin)
    small, big = load_side(store, a), load_side(store, b)
    pairing = pair(small, big)
    if len(pairing.tasks) < 2:
        raise ConfigurationError(f"{a} and {b} have one common task, which shows nothing of others: run more")
    tasks = sorted(pairing.tasks, key=natural)
    repeats = [history(store, run) for run in figures_of(store, small, prices)]
    made = pooled([each.over(task for task in tasks if task in each.tasks) for each in repeats])
    budgets = made.budgets(by)
    other = [big.scores[task] for task in tasks]
    names = clusters(small.runs[0], tasks)
    found = matched(
        {k: [each.scores[task] for task in tasks] for k, each in enumerate(budgets)},
        other,
        margin,
        {k: min(each.draws, len(big.runs)) for k, each in enumerate(budgets)},
        clusters=names,
    )
    spans = {} if isinstance(found, Withheld) else found.limits
    rate = sum(other) / len(other)
    points = [_point(each, tasks, by, rate, spans.get(k)) for k, each in enumerate(budgets)]
    known: dict[str, Any] = dict.fromkeys(("estimate", "low", "high", "passes"))
    if not isinstance(found, Withheld):
        known = {name: _at(points, getattr(found, name)) for name in known}
    answer = {
        "a": side_of(small),
        "b": side_of(big)
        | {"rate": rate, "cost": _cost(store, big, tasks, by, prices), "budget": _budget_of(big)},
        "by": by,
        "margin": margin,
        "tasks": len(tasks),
        "clusters": len(set(names)) if names else None,
        "curve": points,
        **known,
        "never": not isinstance(found, Withheld) and found.never,
        "answers": relation_of(store, small, big),
        "withheld": found.reason if isinstance(found, Withheld) else None,
        "warnings": [*warnings_of(store, small, big, pairing), *_caveats(made), *_unused(repeats, made)],
    }
    return {**answer, "sentence": sentence(answer)}


def _point(budget: Budget, tasks: Sequence[str], by: str, other: float, span: Any) -> dict[str, Any]:
    rate = sum(budget.scores[task] for task in tasks) / len(tasks)
    return {
        "samples": budget.samples,
        "repairs": budget.repairs,
        "strategy": budget.strategy,
        "amount": budget.amount(by),
        "rate": rate,
        "difference": rate - other,
        "low": span.low if span else None,
        "high": span.high if span else None,
        "costs": budget.costs,
    }


def _at(points: Sequence[dict[str, Any]], index: float | None) -> dict[str, Any] | None:
    return None if index is None else points[int(index)]


def _cost(store: Store, side: Side, tasks: Sequence[str], by: str, prices: Prices) -> float | None:
    """Return what B spends on a task along `by`, as it was run; None where that is unknown."""
    if by in ("samples", "repairs"):
        return None
    return mean_costs(store, side, tasks, prices).get(by)


def _budget_of(side: Side) -> dict[str, Any]:
    run = side.runs[0]
    return {"samples": run["samples"], "repairs": run["debug_iters"], "strategy": strategy_of(run)}


def _caveats(made: History) -> Iterator[str]:
    """Yield what makes the curve of A less than it could be."""
    run = made.run
    counts = {len(samples) for samples in made.tasks.values()}
    if run["all_samples"] and len(counts) > 1:
        yield (
            f"run {run['run_id']} has {min(counts)} to {max(counts)} samples of a task, so that each of its "
            "budgets was drawn once: go on with it (--mcode-resume-run)"
        )
    elif run["samples"] > 1 and not made.is_fixed and len(made.chain()) > 1:
        yield (
            f"run {run['run_id']} stopped sampling at the first pass, so that each of its budgets was drawn "
            "once: --all-samples draws them again and again, which tells more"
        )
    if len(made.chain()) == 1:
        yield f"run {run['run_id']} has no smaller budgets to cut it to: only the whole is compared"


def _unused(repeats: Sequence[History], made: History) -> Iterator[str]:
    """Yield how many of the repeats' samples do not count."""
    counts = {sum(len(each.tasks.get(task, ())) for each in repeats) for task in made.tasks}
    if len(repeats) > 1 and len(counts) > 1:
        fewest, most = min(counts), max(counts)
        yield f"the repeats have {fewest} to {most} samples of a task: of each the first {fewest} count"
