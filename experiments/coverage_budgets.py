"""Sections of `coverage.py` on budgets: gains within a run, equal cost, the budget that matches."""

from collections.abc import Sequence
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
from coverage_cells import POPULATIONS, Grid, Population
from coverage_pairs import NAMES
from coverage_runs import SIZES, TASKS
from numpy.typing import NDArray

from pytest_mcode.analysis.clusters import paired_interval
from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.matching import match
from pytest_mcode.analysis.passk import pass_at_k
from pytest_mcode.analysis.planning import match_power
from pytest_mcode.results.budgets import Budget, History

Rng = np.random.Generator
BUDGETS = (1, 2, 5, 10)
REPAIRS = 3
SOME = 200
"""Repetitions of a cell each of which simulates a plan."""


def _gain_within(population: Population, tasks: int, n: int, k: int, rng: Rng) -> list[bool]:
    """Whether the interval of pass@k less pass@1 of the same samples covers."""
    passed = rng.binomial(n, population.draw(rng, tasks)).tolist()
    gains = [pass_at_k(n, c, k) - c / n for c in passed]
    found = paired_interval(gains, None, n // k)
    return [found.low - 1e-9 <= population.rate(k) - population.rate() <= found.high + 1e-9]


def gains(grid: Grid) -> None:
    measure = ("gain of k samples over one, within a run", "coverage", 0.95)
    designs = ((5, 2), (5, 5), (10, 2), (10, 5), (20, 3))
    for tasks, name, (n, k) in product(grid.some(TASKS), grid.some(POPULATIONS), grid.some(designs)):
        cell = f"N={tasks}, {name}, n={n}, k={k} v. 1"
        grid.simulate([measure], cell, partial(_gain_within, POPULATIONS[name], tasks, n, k))


def _unlike(
    population: Population, tasks: int, ours: tuple[int, int], theirs: tuple[int, int], rng: Rng
) -> list[bool]:
    """Whether the interval covers of A within k samples less B within fewer, as at equal cost."""
    chances = population.draw(rng, tasks)
    scores = [[pass_at_k(n, c, k) for c in rng.binomial(n, chances).tolist()] for n, k in (ours, theirs)]
    gaps = [a - b for a, b in zip(*scores, strict=True)]
    found = paired_interval(gaps, None, min(n // k for n, k in (ours, theirs)))
    truth = population.rate(ours[1]) - population.rate(theirs[1])
    return [found.low - 1e-9 <= truth <= found.high + 1e-9]


def unlike_budgets(grid: Grid) -> None:
    measure = ("difference at equal cost", "coverage", 0.95)
    designs = (((10, 3), (1, 1)), ((10, 5), (10, 2)), ((5, 5), (10, 1)), ((10, 2), (5, 1)))
    for tasks, name, (ours, theirs) in product(grid.some(TASKS), grid.some(NAMES), grid.some(designs)):
        cell = f"N={tasks}, {name}, A n={ours[0]} k={ours[1]}, B n={theirs[0]} k={theirs[1]}"
        grid.simulate([measure], cell, partial(_unlike, POPULATIONS[name], tasks, ours, theirs))


@cache
def _estimates(k: int) -> list[float]:
    return [pass_at_k(10, c, k) for c in range(11)]


def _match(
    population: Population, reach: float, margin: float, tasks: int, tries: int, rng: Rng
) -> list[bool]:
    """Whether k* lies in its set, and whether too small a budget is called enough.

    A has 10 samples; B, tried `tries` times, is as good at one try as A at `reach`: so the truth stands on
    the margin where `reach` is a budget, just above it where it is a little more.
    """
    chances = population.draw(rng, tasks)
    passed = rng.binomial(10, chances).tolist()
    other = (rng.binomial(tries, 1 - (1 - chances) ** reach) / tries).tolist()
    draws = {k: min(tries, 10 // k) for k in BUDGETS}
    found = match({k: [_estimates(k)[c] for c in passed] for k in BUDGETS}, other, margin, draws)
    wanted = population.rate(reach) - margin
    truth = next((k for k in BUDGETS if population.rate(k) >= wanted - 1e-12), None)
    too_low = found.high is not None and (truth is None or found.high < truth)
    too_high = truth is not None and (found.low is None or found.low > truth)
    return [not too_low and not too_high, too_low]


def matching(grid: Grid) -> None:
    covers = ("budget that matches (k*)", "coverage", 0.95)
    errs = ("budget from which on non-inferior", "error", 0.025)
    designs = (*product((0.0,), (1.0, 2.02, 5.0, 10.5)), *product((0.05,), (2.0, 30.0)))
    for tasks, name, (margin, reach), tries in product(
        grid.some(TASKS), grid.some(NAMES[:2]), grid.some(designs), grid.some((1, 10))
    ):
        cell = f"N={tasks}, {name}, margin {margin}, B as A at {reach:g} samples, tried {tries} times"
        grid.simulate([covers, errs], cell, partial(_match, POPULATIONS[name], reach, margin, tasks, tries))


def _match_clusters(
    sizes: Sequence[int], alike: float, reach: float, margin: float, rng: Rng
) -> list[bool | None]:
    """As `_match`, where a cluster's tasks have chances around its own, and B was tried once."""
    own = (
        rng.beta(0.6 * (1 / alike - 1), 1.4 * (1 / alike - 1), len(sizes))
        if alike
        else np.full(len(sizes), 0.3)
    )
    means = np.repeat(np.clip(own, 1e-6, 1 - 1e-6), sizes)
    chances = rng.beta(2 * means, 2 * (1 - means))
    passed = rng.binomial(10, chances).tolist()
    other = rng.binomial(1, 1 - (1 - chances) ** reach).astype(float).tolist()
    members = [cluster for cluster, size in enumerate(sizes) for _ in range(size)]
    curve = {k: [_estimates(k)[c] for c in passed] for k in BUDGETS}
    found = match(curve, other, margin, clusters=members)
    if isinstance(found, Withheld):
        return [None, None]
    # At reach samples B is as good as A: with a margin the smallest budget that is as good is below.
    truth = _truth_of_clusters(alike, reach, margin)
    too_low = found.high is not None and (truth is None or found.high < truth)
    too_high = truth is not None and (found.low is None or found.low > truth)
    return [not too_low and not too_high, too_low]


@cache
def _truth_of_clusters(alike: float, reach: float, margin: float) -> float | None:
    rng = np.random.default_rng(0)
    count = 400_000
    own = rng.beta(0.6 * (1 / alike - 1), 1.4 * (1 / alike - 1), count) if alike else np.full(count, 0.3)
    own = np.clip(own, 1e-6, 1 - 1e-6)
    chances = rng.beta(2 * own, 2 * (1 - own))
    wanted = float(np.mean(1 - (1 - chances) ** reach)) - margin
    return next((k for k in BUDGETS if float(np.mean(1 - (1 - chances) ** k)) >= wanted), None)


def matching_clusters(grid: Grid) -> None:
    covers = ("budget that matches (k*), over clusters", "coverage", 0.95)
    errs = ("budget from which on non-inferior, over clusters", "error", 0.025)
    designs = ((2.02, 0.0), (5.1, 0.0), (10.5, 0.0), (4.0, 0.05))
    for name, alike, (reach, margin) in product(
        ("5 clusters", "12 of SWE-bench Lite", "40 clusters"), grid.some((0.0, 0.1, 0.3)), grid.some(designs)
    ):
        cell = f"{name}, correlation {alike}, margin {margin}, B as A at {reach:g} samples"
        grid.simulate([covers, errs], cell, partial(_match_clusters, SIZES[name], alike, reach, margin))


def _chain(run: dict[str, Any], tasks: Sequence[Sequence[int | None]]) -> list[Budget]:
    """Return a run's budgets, given of each sample of each task the attempt that passes, None for none."""
    made = {
        str(number): [
            [
                {"iteration": n, "verdict": "passed" if n == last else "assertion"}
                for n in range((run["debug_iters"] if last is None else last) + 1)
            ]
            for last in samples
        ]
        for number, samples in enumerate(tasks)
    }
    return History(run=run, axes={}, tasks=made, solved={}).chain((2, 3, 5, 10))


def _match_repairs(
    population: Population, samples: int, reach: float, margin: float, tasks: int, rng: Rng
) -> list[bool]:
    """As `_match`, of samples with up to three repairs, each half as likely to pass as a first attempt.

    B is as good as A with `reach` repairs, beyond three: with as many samples of three repairs.
    """
    first = population.draw(rng, tasks)[:, None]
    passing = rng.random((tasks, samples, 1 + REPAIRS)) < np.hstack([first, *[first / 2] * REPAIRS])[:, None]
    ends = np.where(passing.any(axis=2), passing.argmax(axis=2), -1)
    run = {"samples": samples, "debug_iters": REPAIRS, "all_samples": True, "settings": {}, "overridden": {}}
    budgets = _chain(run, [[None if end < 0 else end for end in each] for each in ends.tolist()])
    other = (rng.random(tasks) < _solved(first[:, 0], reach)).astype(float).tolist()
    curve = {k: list(each.scores.values()) for k, each in enumerate(budgets)}
    found = match(curve, other, margin, dict.fromkeys(curve, 1))
    truth = _first_as_good(population, reach, margin, tuple((each.samples, each.repairs) for each in budgets))
    too_low = found.high is not None and (truth is None or found.high < truth)
    too_high = truth is not None and (found.low is None or found.low > truth)
    return [not too_low and not too_high, too_low]


def _solved(first: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    repairs, samples = min(reach, REPAIRS), max(1.0, reach - REPAIRS + 1)
    return 1 - ((1 - first) * (1 - first / 2) ** repairs) ** samples


@cache
def _first_as_good(
    population: Population, reach: float, margin: float, budgets: tuple[tuple[int, int], ...]
) -> int | None:
    chances = population.quantiles()
    wanted = population.mean(_solved(chances, reach)) - margin
    rates = (
        population.mean(_solved(chances, repairs if samples == 1 else REPAIRS + samples - 1))
        for samples, repairs in budgets
    )
    return next((k for k, rate in enumerate(rates) if rate >= wanted - 1e-9), None)


def matching_repairs(grid: Grid) -> None:
    covers = ("budget that matches (k*), of repair chains", "coverage", 0.95)
    errs = ("budget from which on non-inferior, of repair chains", "error", 0.025)
    designs = (*product((0.0,), (0.0, 1.02, 3.0, 4.05, 9.0)), *product((0.05,), (2.0, 30.0)))
    for tasks, name, (margin, reach), samples in product(
        grid.some((20, 164)), grid.some(NAMES[:2]), grid.some(designs), grid.some((1, 5))
    ):
        cell = f"N={tasks}, {name}, {samples} of 3 repairs, margin {margin}, B as A at {reach:g}"
        trial = partial(_match_repairs, POPULATIONS[name], samples, reach, margin, tasks)
        grid.simulate([covers, errs], cell, trial)


def _match_is_shown(population: Population, reach: float, tasks: int, made: int, rng: Rng) -> list[bool]:
    """Whether a run shows the match from as many samples on as its plan said, where one says how many."""
    while True:
        chances = population.draw(rng, tasks)
        known = [(made, c) for c in rng.binomial(made, chances).tolist()]
        other = (rng.random(tasks) < 1 - (1 - chances) ** reach).astype(float).tolist()
        rate = sum(c for _, c in known) / made / tasks
        seed = int(rng.integers(2**32))
        planned = match_power(known, rate, other, 10, 0.05, simulations=100, seed=seed).shown_from
        if planned is not None:
            break
    counts = rng.binomial(10, chances).tolist()
    curve = {float(k): [_estimates(k)[c] for c in counts] for k in range(1, 11)}
    found = match(curve, other, 0.05, {k: int(10 // k) for k in curve})
    return [found.high is not None and found.high <= planned]


def matching_power(grid: Grid) -> None:
    measure = ("samples from which on a match is shown (plan)", "assurance", 0.8)
    names = grid.some((*NAMES[:2], "all at 0.3"))
    for tasks, name, made, reach in product(grid.some((60, 164)), names, grid.some((1, 5)), (1.0, 2.0)):
        cell = f"N={tasks}, {name}, known by {made} samples, B as A at {reach:g} samples"
        trial = partial(_match_is_shown, POPULATIONS[name], reach, tasks, made)
        grid.simulate([measure], cell, trial, at_least=SOME)


SECTIONS = {
    "gains": gains,
    "unlike-budgets": unlike_budgets,
    "matching": matching,
    "matching-repairs": matching_repairs,
    "matching-power": matching_power,
    "matching-clusters": matching_clusters,
}
