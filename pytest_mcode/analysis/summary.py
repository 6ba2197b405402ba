"""One run in figures: rates with their intervals, what infra leaves open, failures, costs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_mcode.analysis.intervals import bounds, mean_interval, wilson
from pytest_mcode.analysis.passk import pass_at_k

__all__ = ["overridden", "pass_at", "refusal", "summarise"]

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
)
TOTALS = (
    "attempts",
    "prompt_tokens",
    "completion_tokens",
    "seconds",
    "generation_seconds",
    "execution_seconds",
)
Group = Mapping[str, Any]
"""Outcomes of one run that are alike; ``tasks`` counts them. See `store.queries.outcome_groups`."""


def summarise(
    run: Mapping[str, Any],
    test: str | None,
    groups: Sequence[Group],
    *,
    planned: int | None,
    pass_at_ks: Sequence[int] = (),
) -> dict[str, Any]:
    """Return the figures of one run and test function, JSON types; rates are shares from 0 to 1.

    A figure that cannot be had is None. ``seconds`` adds up the tasks' own wall-clock seconds,
    also of tasks that ran side by side. Costs per task count judged tasks.
    """
    judged = [group for group in groups if group["status"] != "infra"]
    n_judged, n_infra = _tasks(judged), _tasks(groups) - _tasks(judged)
    solved = _tasks(group for group in judged if group["status"] == "solved")
    first = _tasks(group for group in judged if group["first_attempt_passed"])
    low, high = wilson(solved, n_judged) if n_judged else (None, None)
    first_low, first_high = wilson(first, n_judged) if n_judged else (None, None)
    least, most = bounds(solved, n_judged, n_infra) or (None, None)
    return {
        **{name: run[name] for name in RUN_FIELDS},
        "test": test,
        "overridden": overridden(run, test),
        "tasks_planned": planned,
        "tasks_judged": n_judged,
        "solved": solved,
        "infra": n_infra,
        "pass_rate": _ratio(solved, n_judged),
        "pass_rate_low": low,
        "pass_rate_high": high,
        "pass_rate_if_infra_failed": least,
        "pass_rate_if_infra_solved": most,
        "first_attempt_solved": first,
        "first_attempt_rate": _ratio(first, n_judged),
        "first_attempt_rate_low": first_low,
        "first_attempt_rate_high": first_high,
        "pass_at": pass_at(judged, pass_at_ks) if refusal(run, judged, pass_at_ks) is None else [],
        "pass_at_refused": refusal(run, judged, pass_at_ks),
        "samples_per_task": _ratio(_sum(judged, "samples_started"), n_judged),
        "distinct_solutions_per_task": _ratio(_sum(judged, "distinct_solutions"), n_judged),
        "verdicts": _verdicts(judged),
        **_false_positives(judged),
        **_costs(groups, judged, solved),
    }


def overridden(run: Mapping[str, Any], test: str | None) -> dict[str, str]:
    """Return what took the place of our fixtures in a run's test function, by their names."""
    return dict(run["environment"].get("overridden", {}).get(test, {}))


def refusal(run: Mapping[str, Any], judged: Sequence[Group], ks: Sequence[int]) -> str | None:
    """Say why pass@k cannot be computed for `ks`, or None where it can."""
    if run["samples"] > 1 and not run["all_samples"]:
        return "sampling stopped at the first pass, where c/n is biased: run with --all-samples"
    fewest = min((group["fewest_samples"] for group in judged), default=0)
    too_large = [k for k in ks if k > fewest]
    return (
        f"k={too_large[0]} needs at least as many samples a task, there are {fewest}" if too_large else None
    )


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
    values = [
        pass_at_k(group["samples"], group[passes], k) for group in judged for _ in range(group["tasks"])
    ]
    low, high = mean_interval(values, min(group["samples"] for group in judged))
    return {f"rate{suffix}": sum(values) / len(values), f"low{suffix}": low, f"high{suffix}": high}


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
    tokens = _sum(judged, "prompt_tokens") + _sum(judged, "completion_tokens")
    known = any(group["completion_tokens"] is not None for group in judged)
    return {
        **{name: _sum(groups, name) for name in TOTALS},
        "tokens_per_judged": _ratio(tokens, tasks) if known else None,
        "tokens_per_solved": _ratio(tokens, solved) if known else None,
        "seconds_per_judged": _ratio(seconds, tasks),
        "seconds_per_solved": _ratio(seconds, solved),
    }


def _tasks(groups: Iterable[Group]) -> int:
    return sum(group["tasks"] for group in groups)


def _sum(groups: Iterable[Group], name: str) -> Any:
    return sum(group[name] or 0 for group in groups)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
