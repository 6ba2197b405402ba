"""What a comparison says beyond solved tasks: pass@k, equal cost, what a task cost, p-values together."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from pytest_mcode.analysis.clusters import paired_interval
from pytest_mcode.analysis.figure import Interval, Withheld, limits
from pytest_mcode.analysis.passk import Counts, pass_at_k, pass_at_k_difference, pass_at_k_test
from pytest_mcode.analysis.significance import holm
from pytest_mcode.analysis.verdicts import Verdict
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.budgets import Budget, history, mean_if_known
from pytest_mcode.results.by_harness import clusters
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.sides import Side
from pytest_mcode.results.summaries import Figures, figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import task_rows

__all__ = ["adjust", "at_equal_cost", "figures_of", "mean_costs", "pass_at_differences", "verdict"]


def adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values adjusted by Holm for each other; None stays None."""
    adjusted = iter(holm([each for each in p_values if each is not None]))
    return [None if each is None else next(adjusted) for each in p_values]


def verdict(
    ask: Callable[[float, float, float], Verdict], span: Interval | Withheld, margin: float | None
) -> Verdict | None:
    """Return what an interval lets one say about a margin; None without either."""
    if margin is None or isinstance(span, Withheld):
        return None
    return ask(span.low, span.high, margin)


def figures_of(store: Store, side: Side, prices: Prices, ks: Sequence[int] = ()) -> list[Figures]:
    """Return the figures of a side's runs, of the test function that is meant."""
    return [
        next(each for each in figures(store, [run], ks, prices) if each["test"] == run["test"])
        for run in side.runs
    ]


def pass_at_differences(
    store: Store,
    a: Side,
    b: Side,
    tasks: Sequence[str],
    ks: Sequence[int],
    *,
    is_tested: bool,
) -> list[dict[str, Any]]:
    """Return a row for each k: pass@k of two runs made with ``--all-samples``, and their paired difference.

    Over first attempts (``after_repair`` false), and where a run repairs over whole samples too. ``low`` and
    ``high`` are None where the interval over clusters is ``withheld``. Raises `ConfigurationError` where a
    side is several runs, or has no pass@k.
    """
    if not ks:
        return []
    for side in (a, b):
        _refuse(store, side, ks)
    draws = ["first_passed"]
    if any(side.runs[0]["debug_iters"] for side in (a, b)):
        draws.append("samples_passed")
    names = clusters(a.runs[0], tasks)
    return [
        _difference(
            k, _counts(store, a, tasks, passes), _counts(store, b, tasks, passes), names, is_tested=is_tested
        )
        | {"after_repair": passes == "samples_passed"}
        for passes in draws
        for k in ks
    ]


def _difference(
    k: int, a: Sequence[Counts], b: Sequence[Counts], names: Sequence[str] | None, *, is_tested: bool
) -> dict[str, Any]:
    difference, span = pass_at_k_difference(a, b, k, clusters=names)
    low, high = limits(span)
    return {
        "k": k,
        "rate_a": fmean(pass_at_k(n, c, k) for n, c in a),
        "rate_b": fmean(pass_at_k(n, c, k) for n, c in b),
        "difference": difference,
        "low": low,
        "high": high,
        "withheld": span.reason if isinstance(span, Withheld) else None,
        "p_value": pass_at_k_test(a, b, k) if is_tested else None,
        "span": span,
    }


def _counts(store: Store, side: Side, tasks: Sequence[str], passes: str) -> list[Counts]:
    (run,) = side.runs
    rows = {row["task_id"]: row for row in task_rows(store, [run["run_id"]], run["test"])}
    return [(rows[task]["samples"], rows[task][passes]) for task in tasks]


def _refuse(store: Store, side: Side, ks: Sequence[int]) -> None:
    if len(side.runs) > 1:
        ids = ", ".join(run["run_id"] for run in side.runs)
        raise ConfigurationError(f"--pass-at compares two runs, but {side.name!r} is {ids}: name one of them")
    (found,) = figures_of(store, side, NO_PRICES, ks)
    refused = found["pass_at_refused"] or next((left["reason"] for left in found["pass_at_left_out"]), None)
    if refused:
        raise ConfigurationError(f"--pass-at: run {found['run_id']}: {refused}")


def mean_costs(store: Store, side: Side, tasks: Sequence[str], prices: Prices) -> dict[str, float | None]:
    """Return what a task cost on average, by axis, over the runs of a side that judged it."""
    found: dict[str, list[float | None]] = {}
    for run in figures_of(store, side, prices):
        made = history(store, run)
        for axis, cost in made.over(task for task in tasks if task in made.tasks).whole().costs.items():
            found.setdefault(axis, []).append(cost)
    return {axis: mean_if_known(costs) for axis, costs in found.items()}


def at_equal_cost(
    store: Store, a: Side, b: Side, tasks: Sequence[str], by: str, prices: Prices
) -> dict[str, Any]:
    """Return A minus B at the largest budgets of either that cost no more than the cheaper whole of the two.

    So are repairs compared with fresh samples by Olausson et al. 2023 (arXiv:2306.09896). Population: tasks
    like those that both judged, or tasks of such repositories.
    ``a`` and ``b`` are budgets, with their mean cost (``amount``) along `by` and their ``rate``; ``limit`` is
    what they may cost. Where even a side's smallest budget costs more, it is that. Raises
    `ConfigurationError` where a side is several runs, or its cost is unknown.
    """
    sides = []
    for side in (a, b):
        if len(side.runs) > 1:
            ids = ", ".join(run["run_id"] for run in side.runs)
            raise ConfigurationError(f"--by compares two runs, but {side.name!r} is {ids}: name one of them")
        (run,) = figures_of(store, side, prices)
        sides.append(history(store, run).over(tasks).budgets(by))
    limit = min(budgets[-1].amount(by) for budgets in sides)
    ours, theirs = (_largest(budgets, by, limit) for budgets in sides)
    gaps = [ours.scores[task] - theirs.scores[task] for task in tasks]
    span = paired_interval(gaps, clusters(a.runs[0], tasks), min(ours.draws, theirs.draws))
    low, high = limits(span)
    return {
        "by": by,
        "limit": limit,
        "a": _budget(ours, by),
        "b": _budget(theirs, by),
        "difference": fmean(gaps),
        "low": low,
        "high": high,
        "withheld": span.reason if isinstance(span, Withheld) else None,
    }


def _largest(budgets: Sequence[Budget], by: str, limit: float) -> Budget:
    within = [each for each in budgets if each.amount(by) <= limit * (1 + 1e-9)]
    return within[-1] if within else budgets[0]


def _budget(budget: Budget, by: str) -> dict[str, Any]:
    return {
        "samples": budget.samples,
        "repairs": budget.repairs,
        "strategy": budget.strategy,
        "amount": budget.amount(by),
        "rate": budget.rate,
    }
