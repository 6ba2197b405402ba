"""What a budget costs: expected attempts, tokens, seconds or price when sampling stops at the first pass."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import comb
from typing import Any

from pytest_mcode.records import REFUSALS

__all__ = ["AXES", "Attempt", "Draw", "cost_until_pass", "mean_cost", "spent", "token_price"]

Attempt = Mapping[str, Any]
"""Its ``prompt_tokens``, ``completion_tokens``, ``generation_seconds``, ``execution_seconds``, if known."""

Draw = tuple[bool, float | None]
"""One sample: whether it passed, and what it cost on one axis, in any unit; None where that is unknown."""


def _sum(*names: str) -> Callable[[Attempt], float | None]:
    def of(attempt: Attempt) -> float | None:
        values = [attempt[name] for name in names if attempt.get(name) is not None]
        is_known = len(values) == len(names) or attempt.get("verdict") in REFUSALS
        return sum(values) if is_known else None

    return of


AXES: Mapping[str, Callable[[Attempt], float | None]] = {
    "attempts": lambda attempt: 1,
    "tokens": _sum("prompt_tokens", "completion_tokens"),
    "model_seconds": _sum("generation_seconds"),
    "seconds": _sum("generation_seconds", "execution_seconds"),
}
"""What an attempt costs, by the axis of a curve; None where that is unknown."""


def spent(attempts: Iterable[Attempt], axis: str) -> float | None:
    """Return what attempts cost together on one of `AXES`; None where one is unknown, which is not 0.

    A prompt that its server refused spends no tokens.
    """
    costs = [AXES[axis](attempt) for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def cost_until_pass(samples: Sequence[Draw], k: int) -> float | None:
    """Return what one task costs on average when at most `k` of its samples are drawn, up to the first pass.

    Exact over every order of the samples: a draw is made after i others where these all failed, so passing
    samples are reached as often as failing ones at first, and less often later; each is charged its own cost
    (failing ones tend to cost more). None where a sample that can be reached has no known cost.
    """
    n, failed = len(samples), sum(not passed for passed, _ in samples)
    if not 1 <= k <= n:
        raise ValueError(f"a budget of {k} samples needs 1 <= k <= {n}, the samples that there are")
    total = 0.0
    for passed, cost in samples:
        if cost is None:
            return None
        total += _reached(n, failed - (not passed), k) * cost
    return total


@lru_cache(maxsize=4096)
def _reached(n: int, others_failed: int, k: int) -> float:
    """Return the chance that one of n samples is drawn: at place i + 1, after i failures of the others."""
    return sum(comb(others_failed, i) / comb(n - 1, i) for i in range(k)) / n


def mean_cost(tasks: Iterable[Sequence[Draw]], k: int) -> float | None:
    """Return the mean over tasks of `cost_until_pass`; None where one is unknown, or there is no task."""
    costs = [cost_until_pass(samples, k) for samples in tasks]
    known = [cost for cost in costs if cost is not None]
    return sum(known) / len(known) if known and len(known) == len(costs) else None


def token_price(
    prompt_tokens: int | None, completion_tokens: int | None, per_million: tuple[float, float]
) -> float | None:
    """Return the price of tokens at `per_million` (prompt, completion); None where a count is unknown."""
    if prompt_tokens is None or completion_tokens is None:
        return None
    return (prompt_tokens * per_million[0] + completion_tokens * per_million[1]) / 1e6
