"""What a budget costs: expected attempts, tokens, seconds or price when sampling stops at the first pass."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Any

from pytest_mcode.records import REFUSALS

__all__ = [
    "AXES",
    "HELPER",
    "Attempt",
    "Axis",
    "Draw",
    "Price",
    "cost_until_pass",
    "mean_cost",
    "reached",
    "spent",
]

Attempt = Mapping[str, Any]
"""Its ``prompt_tokens``, ``completion_tokens``, ``generation_seconds``, ``execution_seconds``, if known."""

Draw = tuple[bool, float | None]
"""One sample: whether it passed, and what it cost on one axis, in any unit; None where that is unknown."""


def _is_known(name: str, value: float | None) -> bool:
    """Whether a cost was told; no answer takes a model no time, so 0 seconds were not measured: a replay."""
    return value is not None and (value > 0 or name != "generation_seconds")


def _sum(*names: str) -> Callable[[Attempt], float | None]:
    def of(attempt: Attempt) -> float | None:
        total: float = 0
        is_known = True
        for name in names:
            value = attempt.get(name)
            if value is not None and _is_known(name, value):
                total += value
            else:
                is_known = False
        return total if is_known or attempt.get("verdict") in REFUSALS else None

    return of


_own_tokens = _sum("prompt_tokens", "completion_tokens")


def _tokens(attempt: Attempt) -> float | None:
    """Count a helper model's too, where it helped."""
    own = _own_tokens(attempt)
    return None if own is None else own + sum(attempt.get(name) or 0 for name in HELPER)


HELPER = ("helper_prompt_tokens", "helper_completion_tokens")
Axis = Callable[[Attempt], float | None]
"""What an attempt costs; None where that is unknown."""

AXES: Mapping[str, Axis] = {
    "attempts": lambda attempt: 1,
    "tokens": _tokens,
    "model_seconds": _sum("generation_seconds"),
    "seconds": _sum("generation_seconds", "execution_seconds"),
}
"""What an attempt costs, by the axis of a curve. A price is another axis: see `Price.axes`."""


def spent(attempts: Iterable[Attempt], axis: Axis) -> float | None:
    """Return what attempts cost together on an axis; None where one is unknown, which is not 0.

    A prompt that its server refused spends no tokens.
    """
    costs = [axis(attempt) for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def cost_until_pass(samples: Sequence[Draw], k: int) -> float | None:
    """Return what one task costs on average when at most `k` of its samples are drawn, up to the first pass.

    The samples are drawn without replacement, as for pass@k (Chen et al. 2021, arXiv:2107.03374), and it is
    exact over every order of them. A draw is made after i others where these all failed, so passing samples
    are reached as often as failing ones at first, and less often later; each is charged its own cost (failing
    ones tend to cost more). None where a sample that can be reached has no known cost. Population: the
    samples of this task.
    """
    n, failed = len(samples), sum(not passed for passed, _ in samples)
    if not 1 <= k <= n:
        raise ValueError(f"a budget of {k} samples needs 1 <= k <= {n}, the samples that there are")
    total = 0.0
    for passed, cost in samples:
        if cost is None:
            return None
        total += reached(n, failed - (not passed), k) * cost
    return total


@lru_cache(maxsize=4096)
def reached(n: int, others_failed: int, k: int) -> float:
    """Return the chance that one of n samples is drawn within k: at place i + 1, after i others that failed.

    Population: every order of the samples of one task.
    """
    return sum(comb(others_failed, i) / comb(n - 1, i) for i in range(k)) / n


def mean_cost(tasks: Iterable[Sequence[Draw]], k: int) -> float | None:
    """Return the mean over tasks of `cost_until_pass`; None where one is unknown, or there is no task."""
    costs = [cost_until_pass(samples, k) for samples in tasks]
    known = [cost for cost in costs if cost is not None]
    return sum(known) / len(known) if known and len(known) == len(costs) else None


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs, in one currency whatever it is: its tokens, the hours of its machine, or both."""

    per_million: tuple[float, float] | None = None
    """Of prompt and of completion tokens."""
    per_hour: float | None = None
    """Of the machine that answers."""
    machine_share: float = 1.0
    """Hours of the machine by hour of requests: less than 1 where several were answered side by side."""

    def of(
        self, prompt_tokens: float | None, completion_tokens: float | None, model_seconds: float | None
    ) -> float | None:
        """Return the price of so many tokens, and seconds that requests took; None where one is unknown."""
        total = 0.0
        if self.per_million is not None:
            if prompt_tokens is None or completion_tokens is None:
                return None
            total += (prompt_tokens * self.per_million[0] + completion_tokens * self.per_million[1]) / 1e6
        if self.per_hour is not None:
            if not model_seconds:
                return None  # Not measured.
            total += model_seconds * self.machine_share / 3600 * self.per_hour
        return total

    @property
    def axes(self) -> Mapping[str, Axis]:
        """`AXES`, and the price."""
        return {**AXES, "price": self._of_attempt}

    def _of_attempt(self, attempt: Attempt) -> float | None:
        if any(attempt.get(name) for name in HELPER):
            return None  # Another model's tokens, at another price.
        prompt, completion = (_sum(name)(attempt) for name in ("prompt_tokens", "completion_tokens"))
        return self.of(prompt, completion, attempt.get("generation_seconds"))
