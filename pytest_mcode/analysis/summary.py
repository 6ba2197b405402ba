"""One run in figures: rates with their intervals, what infra leaves open, failures, costs."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from pytest_mcode.analysis.clusters import rate_interval
from pytest_mcode.analysis.costs import HELPER, Price
from pytest_mcode.analysis.figure import Interval, Withheld, limits
from pytest_mcode.analysis.intervals import bounds
from pytest_mcode.analysis.passk import pass_at_k, pass_at_k_interval, stopped_early
from pytest_mcode.records import REFUSALS

__all__ = ["left_out", "overridden", "pass_at", "refusal", "summarise"]

RUN_FIELDS = (
    "run_id",
    "config_key",
    "benchmark",
    "dataset",
    "split",
    "dataset_fingerprint",
    "model",
    "model_digest",
    "backend",
    "samples",
    "all_samples",
    "debug_iters",
    "timeout",
    "retrieval",
    "tasks_total",
    "started_at",
    "finished_at",
    "status",
    "prompt_hash",
    "settings",
    "tags",
    "note",
)
TOTALS = (
    "attempts",
    "prompt_tokens",
    "completion_tokens",
    "seconds",
    "generation_seconds",
    "execution_seconds",
)
REPEATS = ("repeats", "repeat_tokens", "helper_prompt_tokens", "helper_completion_tokens")
"""Sums that are None where no outcome has them."""
Group = Mapping[str, Any]
"""Outcomes of one run that are alike; ``tasks`` counts them. See `store.queries.outcome_groups`.

Where tasks come in clusters each is a group of its own, with its ``cluster``."""


def summarise(
    run: Mapping[str, Any],
    test: str | None,
    groups: Sequence[Group],
    *,
    planned: int | None,
    pass_at_ks: Sequence[int] = (),
    price: Price | None = None,
) -> dict[str, Any]:
    """Return the figures of one run and test function, JSON types; rates are shares from 0 to 1.

    A figure that cannot be had is None, token counts among them that the server did not always tell.
    ``seconds`` adds up the tasks' own wall-clock seconds,
    also of tasks that ran side by side. Costs per task count judged tasks.
    """
    judged = [group for group in groups if group["status"] != "infra"]
    n_judged, n_infra = _tasks(judged), _tasks(groups) - _tasks(judged)
    solved = _tasks(group for group in judged if group["status"] == "solved")
    first = _tasks(group for group in judged if group["first_attempt_passed"])
    span = _interval(judged, solved, lambda group: group["status"] == "solved")
    low, high = limits(span)
    first_low, first_high = limits(_interval(judged, first, lambda group: group["first_attempt_passed"]))
    least, most = bounds(solved, n_judged, n_infra) or (None, None)
    refused = refusal(run, judged, pass_at_ks)
    too_large = left_out(judged, pass_at_ks)
    return {
        **{name: run[name] for name in RUN_FIELDS},
        "test": test,
        "overridden": overridden(run, test),
        "tasks_planned": planned,
        "tasks_judged": n_judged,
        "solved": solved,
        "solved_in_process": _sum(
            (group for group in judged if group["status"] == "solved"), "passed_in_process"
        ),
        "solved_flagged": _sum((group for group in judged if group["status"] == "solved"), "passed_flagged"),
        "infra": n_infra,
        "pass_rate": _ratio(solved, n_judged),
        "pass_rate_low": low,
        "pass_rate_high": high,
        "interval_method": span.method if isinstance(span, Interval) else None,
        "interval_withheld": span.reason if isinstance(span, Withheld) and judged else None,
        "pass_rate_if_infra_failed": least,
        "pass_rate_if_infra_solved": most,
        "first_attempt_solved": first,
        "first_attempt_rate": _ratio(first, n_judged),
        "first_attempt_rate_low": first_low,
        "first_attempt_rate_high": first_high,
        "pass_at": [] if refused else pass_at(judged, [k for k in pass_at_ks if k not in too_large]),
        "pass_at_refused": refused,
        "pass_at_left_out": [{"k": k, "reason": reason} for k, reason in too_large.items()],
        "samples_per_task": _ratio(_sum(judged, "samples_started"), n_judged),
        "distinct_solutions_per_task": _ratio(_sum(judged, "distinct_solutions"), n_judged),
        **{name: _sum_or_none(groups, name) for name in REPEATS},
        "verdicts": _verdicts(judged),
        **_false_positives(judged),
        **_costs(groups, judged, solved),
        **_prices(groups, judged, solved, price),
    }


def _interval(judged: Sequence[Group], passed: int, is_passed: Callable[[Group], Any]) -> Interval | Withheld:
    """Return the interval of a share of judged tasks: over clusters where groups, one a task, have them."""
    clusters = _clusters(judged)
    if clusters is None:
        return rate_interval([1] * passed + [0] * (_tasks(judged) - passed))
    return rate_interval([float(bool(is_passed(group))) for group in judged], clusters)


def _clusters(judged: Sequence[Group]) -> list[str] | None:
    """Return each task's cluster; None where tasks have none."""
    if not judged or any(group.get("cluster") is None for group in judged):
        return None
    return [group["cluster"] for group in judged for _ in range(group["tasks"])]


def overridden(run: Mapping[str, Any], test: str | None) -> dict[str, str]:
    """Return what took the place of our fixtures in a run's test function, by their names."""
    return dict(run["environment"].get("overridden", {}).get(test, {}))


def refusal(run: Mapping[str, Any], judged: Sequence[Group], ks: Sequence[int]) -> str | None:
    """Say why pass@k cannot be computed for any of `ks`, or None where it can.

    Read from the data as well as from the options: a solver of one's own may stop as it likes.
    """
    if run["samples"] > 1 and not run["all_samples"]:
        return "sampling stopped at the first pass, where c/n is biased: run with --all-samples"
    if not ks:
        return None
    counts = [(group["samples"], group["samples_passed"]) for group in judged for _ in range(group["tasks"])]
    if seen := stopped_early(counts):
        return (
            f"{seen}: sampling went by the outcome, where c/n is biased; make as many samples of every task"
        )
    too_large = left_out(judged, ks)
    return next(iter(too_large.values())) if len(too_large) == len(ks) else None


def left_out(judged: Sequence[Group], ks: Sequence[int]) -> dict[int, str]:
    """Say of each of `ks` that is larger than the samples of a task why it has no pass@k."""
    fewest = min((group["fewest_samples"] for group in judged), default=0)
    return {k: f"k={k} needs at least as many samples a task, there are {fewest}" for k in ks if k > fewest}


def pass_at(judged: Sequence[Group], ks: Sequence[int]) -> list[dict[str, Any]]:
    """Return pass@k over first attempts, and after repair (whole samples as draws), for each k.

    The groups must be told apart by their numbers of samples and passes.
    """
    return [
        {
            "k": k,
            **_estimate(judged, k, "first_passed", ""),
            **_estimate(judged, k, "samples_passed", "_after_repair"),
        }
        for k in ks
    ]


def _estimate(judged: Sequence[Group], k: int, passes: str, suffix: str) -> dict[str, Any]:
    counts = [(group["samples"], group[passes]) for group in judged for _ in range(group["tasks"])]
    rate = fmean(pass_at_k(n, c, k) for n, c in counts)
    low, high = limits(pass_at_k_interval(counts, k, clusters=_clusters(judged)))
    return {f"rate{suffix}": rate, f"low{suffix}": low, f"high{suffix}": high}


def _verdicts(judged: Sequence[Group]) -> dict[str, int]:
    """Count the last verdicts of unsolved tasks, most frequent first."""
    counts: Counter[str] = Counter()
    for group in judged:
        if group["status"] == "unsolved":
            counts[group["verdict"] or "not judged"] += group["tasks"]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _false_positives(judged: Sequence[Group]) -> dict[str, Any]:
    seen, wrong = _sum(judged, "public_passed"), _sum(judged, "false_positives")
    return {"public_passed": seen, "false_positives": wrong, "false_positive_rate": _ratio(wrong, seen)}


def _costs(groups: Sequence[Group], judged: Sequence[Group], solved: int) -> dict[str, Any]:
    """Total over every outcome; a share of prompt and completion tokens per judged and per solved task."""
    tasks, seconds = _tasks(judged), _sum(judged, "seconds")
    prompt, completion = _known_sum(judged, "prompt_tokens"), _known_sum(judged, "completion_tokens")
    tokens = None if prompt is None or completion is None else prompt + completion
    return {
        **{name: _known_sum(groups, name) for name in TOTALS},
        "tokens_per_judged": None if tokens is None else _ratio(tokens, tasks),
        "tokens_per_solved": None if tokens is None else _ratio(tokens, solved),
        "seconds_per_judged": _ratio(seconds, tasks),
        "seconds_per_solved": _ratio(seconds, solved),
    }


def _prices(
    groups: Sequence[Group], judged: Sequence[Group], solved: int, price: Price | None
) -> dict[str, Any]:
    """Price what `_costs` counts, and keep at what price."""

    def of(some: Sequence[Group]) -> float | None:
        if price is None or any(_sum(some, name) for name in HELPER):
            return None  # A helper model's tokens have a price of their own.
        prompt, completion = (_known_sum(some, name) for name in ("prompt_tokens", "completion_tokens"))
        return price.of(prompt, completion, _sum(some, "generation_seconds"))

    whole, of_judged = of(groups), of(judged)
    return {
        "prices": None if price is None else asdict(price),
        "price": whole,
        "price_per_judged": None if of_judged is None else _ratio(of_judged, _tasks(judged)),
        "price_per_solved": None if of_judged is None else _ratio(of_judged, solved),
    }


def _tasks(groups: Iterable[Group]) -> int:
    return sum(group["tasks"] for group in groups)


def _sum(groups: Iterable[Group], name: str) -> Any:
    return sum(group[name] or 0 for group in groups)


def _sum_or_none(groups: Iterable[Group], name: str) -> Any:
    values = [group[name] for group in groups if group.get(name) is not None]
    return sum(values) if values else None


def _known_sum(groups: Iterable[Group], name: str) -> Any:
    """Return the sum, or None where outcomes that a server answered lack the value: unknown is not 0."""
    values = [group[name] for group in groups if _was_answered(group) or group[name] is not None]
    return None if None in values else sum(values)


def _was_answered(group: Group) -> bool:
    return bool(group["attempts"]) and group["verdict"] not in REFUSALS


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
