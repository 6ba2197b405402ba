"""Before a run: how many attempts to expect of it, and what it can show with a power of 80 %."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.matching import match
from pytest_mcode.analysis.passk import Counts, pass_at_k

__all__ = ["MatchPower", "attempts_of_a_task", "expected_attempts", "match_power"]

LEAST = 0.01
"""Of a mean rate that stands for what a task's samples leave open."""


def attempts_of_a_task(
    rate: float, repaired: float, samples: int, debug_iters: int, *, all_samples: bool
) -> float:
    """Return the attempts to expect of a task whose first attempts pass at `rate`, repairs at `repaired`.

    A sample goes on until it passes or `debug_iters` repairs are made; the next one starts where it failed,
    or in any case with `all_samples`. Samples are independent: sums of geometric series. Population: what
    might be drawn of this task.
    """
    failing = [(1 - rate) * (1 - repaired) ** number for number in range(debug_iters + 1)]
    of_a_sample = 1 + sum(failing[:-1])
    return of_a_sample * (samples if all_samples else sum(failing[-1] ** number for number in range(samples)))


def expected_attempts(
    rate: float, repaired: float, samples: int, debug_iters: int, *, all_samples: bool
) -> tuple[float, float]:
    """Return the least and the most attempts a task to expect, where the mean `rate` alone is known.

    `attempts_of_a_task` is convex in a task's rate, so by Jensen's inequality it is least where all tasks
    are alike, and most where each is passed always or never.
    """

    def of(each: float) -> float:
        return attempts_of_a_task(each, repaired, samples, debug_iters, all_samples=all_samples)

    return of(rate), rate * of(1.0) + (1 - rate) * of(0.0)


@dataclass(frozen=True, kw_only=True)
class MatchPower:
    """How surely samples of A show that it is not inferior to B, by simulation."""

    by_samples: tuple[float, ...]
    """Chance that non-inferiority is shown from at most k samples on; for k = 1, 2, …"""

    @property
    def shown_from(self) -> int | None:
        """The fewest samples at which that has a chance of 80 %; None where no number shown has."""
        return next((k for k, chance in enumerate(self.by_samples, 1) if chance >= 0.8), None)


def match_power(
    tasks: Sequence[Counts],
    rate: float,
    other: Sequence[float],
    samples: int,
    margin: float,
    *,
    simulations: int = 400,
    seed: int = 0,
) -> MatchPower:
    """Return how surely `samples` of each task show that pass@k of A is at least B less `margin`.

    `tasks` are what A's samples came to so far, (0, 0) where there are none, `rate` is their mean over tasks,
    `other` B's scores. Each simulation draws a task's chance from what its samples leave open,
    Beta(c + rate, n - c + 1 - rate), then samples, and asks `matching.match`, as ``mcode match`` does: so the
    power is averaged over what is not known, an assurance (O'Hagan, Stevens & Campbell 2005,
    doi:10.1002/pst.175). It tends to be too low, where tasks are more alike than that prior has it.
    Population: these tasks.
    """
    import numpy as np

    rng, shown = np.random.default_rng(seed), [0] * samples
    made, passed = np.array(tasks).T
    rate = min(max(rate, LEAST), 1 - LEAST)
    budgets = range(1, samples + 1)
    values = {k: np.array([pass_at_k(samples, c, k) for c in range(samples + 1)]) for k in budgets}
    for _ in range(simulations):
        chances = rng.beta(passed + rate, made - passed + 1 - rate)
        counts = rng.binomial(samples, chances)
        curve = {float(k): values[k][counts].tolist() for k in budgets}
        matched = match(curve, other, margin, {float(k): samples // k for k in budgets})
        found = None if isinstance(matched, Withheld) else matched.high
        for k in budgets:
            shown[k - 1] += found is not None and found <= k
    return MatchPower(by_samples=tuple(count / simulations for count in shown))
