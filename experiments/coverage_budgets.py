"""Sections of `coverage.py` on budgets: gains within a run, equal cost, the budget that matches."""

from collections.abc import Sequence
from functools import cache, partial
from itertools import product

import numpy as np
from coverage_cells import POPULATIONS, Grid, Population
from coverage_pairs import NAMES
from coverage_runs import SIZES

from pytest_mcode.analysis.clusters import paired_interval
from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.matching import match
from pytest_mcode.analysis.passk import pass_at_k

Rng = np.random.Generator
BUDGETS = (1, 2, 5, 10)


def _gain_within(population: Population, tasks: int, n: int, k: int, rng: Rng) -> list[bool]:
    """Whether the interval of pass@k less pass@1 of the same samples covers."""
    passed = rng.binomial(n, population.draw(rng, tasks)).tolist()
    gains = [pass_at_k(n, c, k) - c / n for c in passed]
    found = paired_interval(gains, None, n // k)
    return [found.low - 1e-9 <= population.rate(k) - population.rate() <= found.high + 1e-9]


def gains(grid: Grid) -> None:
    measure = ("gain of k samples over one, within a run", "coverage", 0.95)
    designs = ((5, 2), (5, 5), (10, 2), (10, 5), (20, 3))
    for tasks, name, (n, k) in product(grid.some((20, 164)), grid.some(POPULATIONS), grid.some(designs)):
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
    for tasks, name, (ours, theirs) in product(grid.some((20, 164)), grid.some(NAMES), grid.some(designs)):
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
        grid.some((20, 164)), grid.some(NAMES[:2]), grid.some(designs), grid.some((1, 10))
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


SECTIONS = {
    "gains": gains,
    "unlike-budgets": unlike_budgets,
    "matching": matching,
    "matching-clusters": matching_clusters,
}
