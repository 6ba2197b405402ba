"""Sections of `coverage.py` on two configurations with repeats or samples: differences, tests, matching."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np
from coverage_cells import POPULATIONS, Grid, Population
from numpy.typing import NDArray
from scipy import stats

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.matching import match
from pytest_mcode.analysis.passk import pass_at_k, pass_at_k_difference
from pytest_mcode.analysis.power import smallest_detectable
from pytest_mcode.analysis.significance import holm, mcnemar, permutation_test
from pytest_mcode.analysis.verdicts import non_inferior

Rng = np.random.Generator
Chances = NDArray[np.float64]
TASKS = (20, 38, 164)
REPEATS = ((2, 2), (3, 3), (1, 3), (5, 5), (3, 5))
BUDGETS = (1, 2, 3, 5, 10)


def _chances(
    population: Population, lost: float, share: float, tasks: int, rng: Rng
) -> tuple[Chances, Chances]:
    """Return chances of A and B: on a `share` of tasks A loses the part `lost` of B's."""
    b = population.draw(rng, tasks)
    return np.where(rng.random(tasks) < share, b * (1 - lost), b), b


def _shares(chances: Chances, repeats: int, rng: Rng) -> list[float]:
    found: list[float] = (rng.binomial(repeats, chances) / repeats).tolist()
    return found


Design = tuple[Population, float, float, int, tuple[int, int]]
"""Population of B, part lost, on which share of tasks; tasks; repeats of A and of B."""


def _scores(design: Design, rng: Rng) -> tuple[list[float], list[float], float]:
    population, lost, share, tasks, (ours, theirs) = design
    a, b = _chances(population, lost, share, tasks, rng)
    return _shares(a, ours, rng), _shares(b, theirs, rng), -lost * share * population.rate()


def _span(a: Sequence[float], b: Sequence[float], sides: tuple[int, int]) -> tuple[float, float]:
    return difference_interval([x - y for x, y in zip(a, b, strict=True)], min(sides))


def _gap_covers(design: Design, rng: Rng) -> bool:
    a, b, truth = _scores(design, rng)
    low, high = _span(a, b, design[-1])
    return low <= truth <= high


def _wrong_yes(design: Design, rng: Rng) -> bool:
    a, b, truth = _scores(design, rng)
    return non_inferior(*_span(a, b, design[-1]), -truth) == "yes"


def _wrong_find(design: Design, rng: Rng) -> bool:
    a, b, _ = _scores(design, rng)
    return permutation_test([x - y for x, y in zip(a, b, strict=True)]) < 0.05


def repeats(grid: Grid) -> None:
    for tasks, (name, population), sides in product(
        grid.some(TASKS), grid.some(POPULATIONS.items()), grid.some(REPEATS)
    ):
        where = f"N={tasks}, {name}, {sides[0]} v. {sides[1]} repeats"
        null = (population, 0.0, 0.0, tasks, sides)
        grid.simulate("permutation test of repeats", "error", where, 0.05, partial(_wrong_find, null))
        for margin, share in grid.some(((0.05, 0.0), (0.05, 1.0), (0.1, 0.2))):
            # A share of 0 means: every lost task is lost for good.
            lost = 1.0 if not share else margin / share / population.rate()
            if lost > 1:
                continue
            share = share or margin / population.rate()
            cell = f"{where}, A loses {margin} on {share:.2f} of tasks"
            design = (population, lost, share, tasks, sides)
            grid.simulate("difference of repeats", "coverage", cell, 0.95, partial(_gap_covers, design))
            grid.simulate("non-inferior, of repeats", "error", cell, 0.025, partial(_wrong_yes, design))


def _find(design: Design, rng: Rng) -> bool:
    return _wrong_find(design, rng)


def detectable_repeats(grid: Grid) -> None:
    """Power at a true difference that is the one printed for data that have it (found by iteration)."""
    for tasks, (name, population), n in product(
        grid.some(TASKS), grid.some(list(POPULATIONS.items())), grid.some((2, 3, 5))
    ):
        rng, gap, printed = np.random.default_rng(tasks * n), 0.2 * population.rate(), 0.0
        for _ in range(6):
            lost = min(1.0, gap / population.rate())
            design = (population, lost, 1.0, tasks, (n, n))
            pilots = [_scores(design, rng) for _ in range(60)]
            printed = float(
                np.mean(
                    [smallest_detectable([x - y for x, y in zip(a, b, strict=True)]) for a, b, _ in pilots]
                )
            )
            gap = printed
        if gap >= population.rate():
            continue
        design = (population, gap / population.rate(), 1.0, tasks, (n, n))
        cell = f"N={tasks}, {name}, {n} v. {n} repeats, difference {printed:.3f}"
        grid.simulate("smallest detectable difference of repeats", "power", cell, 0.8, partial(_find, design))


def _pass_at_k_gap(
    population: Population, lost: float, tasks: int, n: tuple[int, int], k: int, rng: Rng
) -> bool:
    b = population.draw(rng, tasks)
    a = b * (1 - lost)
    counts = [
        [(size, c) for c in rng.binomial(size, chances).tolist()]
        for size, chances in zip(n, (a, b), strict=True)
    ]
    _, found = pass_at_k_difference(*counts, k)
    return found.low <= _lost_rate(population, lost, k) - population.rate(k) <= found.high


def _lost_rate(population: Population, lost: float, k: float) -> float:
    """Return the mean of 1 - (1 - (1 - lost) p)^k over the population, on a fine grid of its quantiles."""
    total = 0.0
    levels = (np.arange(20_000) + 0.5) / 20_000
    for weight, a, b in population.parts:
        p = stats.beta.ppf(levels, a, b) if b else np.array([a])
        total += weight * float(np.mean(1 - (1 - (1 - lost) * p) ** k))
    return total


def pass_at_k_gaps(grid: Grid) -> None:
    for tasks, (name, population), (n, k) in product(
        grid.some((20, 164, 500)),
        grid.some(POPULATIONS.items()),
        grid.some((((5, 5), 1), ((5, 5), 5), ((10, 10), 3), ((10, 5), 2), ((10, 10), 10))),
    ):
        for lost in grid.some((0.0, 0.3)):
            cell = f"N={tasks}, {name}, n={n[0]} v. {n[1]}, k={k}, A at {1 - lost:g} of B's chance"
            trial = partial(_pass_at_k_gap, population, lost, tasks, n, k)
            grid.simulate("difference of pass@k", "coverage", cell, 0.95, trial)


def _match(
    population: Population, reach: float, margin: float, tasks: int, rng: Rng
) -> tuple[float | None, float | None, float | None]:
    """Return the true k*, low and high, where B at one try is as good as A at `reach` tries."""
    chances = population.draw(rng, tasks)
    passed = rng.binomial(10, chances).tolist()
    other = (rng.random(tasks) < 1 - (1 - chances) ** reach).astype(float).tolist()
    curve = {k: [pass_at_k(10, c, k) for c in passed] for k in BUDGETS}
    found = match(curve, other, margin, dict.fromkeys(BUDGETS, 1))
    wanted = population.rate(reach) - margin
    truth = next((k for k in BUDGETS if population.rate(k) >= wanted - 1e-12), None)
    return truth, found.low, found.high


def _match_covers(population: Population, reach: float, margin: float, tasks: int, rng: Rng) -> bool:
    truth, low, high = _match(population, reach, margin, tasks, rng)
    if truth is None:
        return high is None
    return low is not None and low <= truth and (high is None or truth <= high)


def _match_too_low(population: Population, reach: float, margin: float, tasks: int, rng: Rng) -> bool:
    truth, _, high = _match(population, reach, margin, tasks, rng)
    return high is not None and (truth is None or high < truth)


def matching(grid: Grid) -> None:
    names = ("Beta(0.6, 1.4)", "Beta(1.9, 0.1)", "all at 0.3")
    for tasks, name, margin, reach in product(
        grid.some((20, 164, 500)), grid.some(names), grid.some((0.0, 0.05)), grid.some((1.0, 3.0, 4.0, 30.0))
    ):
        population = POPULATIONS[name]
        cell = f"N={tasks}, {name}, margin {margin}, B as A at {reach:g} samples"
        covers = partial(_match_covers, population, reach, margin, tasks)
        wrong = partial(_match_too_low, population, reach, margin, tasks)
        grid.simulate("budget that matches (k*)", "coverage", cell, 0.95, covers)
        grid.simulate("budget from which on non-inferior", "error", cell, 0.025, wrong)


def _any_found(tests: int, rng: Rng) -> bool:
    flips: Sequence[Sequence[int]] = rng.multinomial(164, [0.1, 0.1, 0.8], size=tests).tolist()
    return min(holm([mcnemar(a, b) for a, b, _ in flips])) < 0.05


def tables(grid: Grid) -> None:
    for tests in grid.some((2, 5, 20)):
        cell = f"{tests} comparisons of equals"
        grid.simulate("Holm's adjusted p in a table", "error", cell, 0.05, partial(_any_found, tests))


SECTIONS = {
    "repeats": repeats,
    "detectable-repeats": detectable_repeats,
    "pass-at-k-differences": pass_at_k_gaps,
    "matching": matching,
    "tables": tables,
}
