"""Sections of `coverage.py` on two configurations with repeats or samples: differences, tests, matching."""

from collections.abc import Sequence
from functools import partial
from itertools import product
from statistics import fmean

import numpy as np
from coverage_cells import MOST, POPULATIONS, Grid, Population
from coverage_runs import TASKS

from pytest_mcode.analysis.differences import difference_interval
from pytest_mcode.analysis.paired import compare
from pytest_mcode.analysis.passk import pass_at_k_difference, pass_at_k_test
from pytest_mcode.analysis.power import detectable
from pytest_mcode.analysis.significance import holm, mcnemar
from pytest_mcode.analysis.verdicts import non_inferior

Rng = np.random.Generator
Design = tuple[Population, float, float, int, tuple[int, int]]
"""Population of B's chances, the part that A loses, on which share of tasks; tasks; repeats of both."""
NAMES = ("Beta(0.6, 1.4)", "Beta(1.9, 0.1)", "95 % at 0.98, 5 % at 0.05", "all at 0.95")
REPEATS = ((2, 2), (3, 3), (1, 3), (3, 5))
LOSSES = ((0.05, 0.0), (0.05, 1.0), (0.1, 0.2))
"""Mean loss, and the share of tasks on which it falls; 0: on as few as can be, which are lost for good."""


def _shares(design: Design, rng: Rng) -> tuple[list[float], list[float]]:
    population, lost, share, tasks, (ours, theirs) = design
    b = population.draw(rng, tasks)
    a = np.where(rng.random(tasks) < share, b * (1 - lost), b)
    return (rng.binomial(ours, a) / ours).tolist(), (rng.binomial(theirs, b) / theirs).tolist()


def _gaps(design: Design, rng: Rng) -> list[float]:
    return [ours - theirs for ours, theirs in zip(*_shares(design, rng), strict=True)]


def _gap(design: Design, rng: Rng) -> list[bool]:
    """Whether the interval covers, and whether A, worse by the margin, is called non-inferior."""
    population, lost, share, _, sides = design
    truth = -lost * share * population.rate()
    low, high = difference_interval(_gaps(design, rng), min(sides))
    return [low <= truth <= high, non_inferior(low, high, -truth) == "yes"]


def _is_found(design: Design, rng: Rng) -> list[bool]:
    return [compare(*_shares(design, rng)).p_value < 0.05]


def repeats(grid: Grid) -> None:
    test_errs = ("permutation test of repeats", "error", 0.05)
    covers = ("difference of repeats", "coverage", 0.95)
    errs = ("non-inferior, of repeats", "error", 0.025)
    for tasks, name, sides in product(grid.some((20, 38, 164)), grid.some(NAMES), grid.some(REPEATS)):
        population, where = POPULATIONS[name], f"N={tasks}, {name}, {sides[0]} v. {sides[1]} repeats"
        if tasks != 164:
            grid.simulate([test_errs], where, partial(_is_found, (population, 0.0, 0.0, tasks, sides)))
        for loss, on in grid.some(LOSSES):
            share = on or loss / population.rate()
            lost = loss / share / population.rate()
            if lost > 1 + 1e-9:
                continue
            cell = f"{where}, A loses {loss} on {share:.2f} of tasks"
            design = (population, min(1.0, lost), share, tasks, sides)
            grid.simulate([covers, errs], cell, partial(_gap, design))


def sparse_losses(grid: Grid) -> None:
    """Three repeats of each side on few tasks, of which A loses as few as make up the margin, for good."""
    errs = ("non-inferior, of 3 v. 3 repeats on few tasks, sparse losses", "error", 0.025)
    for tasks, name, loss in product(
        grid.some((20, 26, 32, 38)), grid.some((*NAMES, "all at 0.3")), grid.some((0.05, 0.1))
    ):
        population = POPULATIONS[name]
        share = loss / population.rate()
        design = (population, 1.0, share, tasks, (3, 3))
        cell = f"N={tasks}, {name}, A loses {loss} on {share:.2f} of tasks"
        grid.simulate([errs], cell, lambda rng, design=design: _gap(design, rng)[1:], at_least=MOST)


def detectable_repeats(grid: Grid) -> None:
    """Power at the difference that is printed, on average, for data that have it: found by iteration."""
    measure = ("smallest detectable difference of repeats", "power", 0.8)
    for tasks, name, n in product(grid.some((20, 38, 164)), grid.some(NAMES), grid.some((2, 3, 5))):
        population, rng = POPULATIONS[name], np.random.default_rng(tasks * n)
        whole, pilots = population.rate(), 40
        printed = 0.2 * whole
        for _ in range(6):
            design = (population, min(1.0, printed / whole), 1.0, tasks, (n, n))
            found = [detectable(_gaps(design, rng)) for _ in range(pilots)]
            known = [each for each in found if isinstance(each, float)]
            if len(known) < pilots / 2:
                break
            printed = fmean(known)
        cell = f"N={tasks}, {name}, {n} v. {n} repeats"
        if len(known) < pilots / 2:
            grid.simulate([measure], f"{cell}, most do not differ", lambda rng: [None])
        elif printed < whole:
            design = (population, printed / whole, 1.0, tasks, (n, n))
            grid.simulate([measure], f"{cell}, difference {printed:.3f}", partial(_is_found, design))


def _pass_at_k_gap(
    population: Population, lost: float, tasks: int, n: tuple[int, int], k: int, rng: Rng
) -> list[bool]:
    b = population.draw(rng, tasks)
    ours, theirs = (rng.binomial(size, p).tolist() for size, p in zip(n, (b * (1 - lost), b), strict=True))
    _, found = pass_at_k_difference([(n[0], c) for c in ours], [(n[1], c) for c in theirs], k)
    return [found.low <= _rate_without(population, lost, k) - population.rate(k) <= found.high]


def _pass_at_k_is_found(
    population: Population, tasks: int, n: tuple[int, int], k: int, rng: Rng
) -> list[bool]:
    chances = population.draw(rng, tasks)
    ours, theirs = (rng.binomial(size, chances).tolist() for size in n)
    return [pass_at_k_test([(n[0], c) for c in ours], [(n[1], c) for c in theirs], k, deals=999) < 0.05]


def _rate_without(population: Population, lost: float, k: int) -> float:
    return population.mean(1 - (1 - (1 - lost) * population.quantiles()) ** k)


def pass_at_k_gaps(grid: Grid) -> None:
    measure = ("difference of pass@k", "coverage", 0.95)
    draws = (((5, 5), 1), ((5, 5), 5), ((10, 5), 2), ((10, 10), 3))
    for tasks, name, (n, k), lost in product(
        grid.some(TASKS), grid.some(NAMES), grid.some(draws), grid.some((0.0, 0.3))
    ):
        cell = f"N={tasks}, {name}, n={n[0]} v. {n[1]}, k={k}, A at {1 - lost:g} of B's chances"
        grid.simulate([measure], cell, partial(_pass_at_k_gap, POPULATIONS[name], lost, tasks, n, k))


def pass_at_k_tests(grid: Grid) -> None:
    test_errs = ("test of pass@k", "error", 0.05)
    draws = (((5, 5), 1), ((5, 5), 5), ((10, 5), 2), ((10, 10), 3))
    for tasks, name, (n, k) in product(grid.some(TASKS), grid.some(NAMES), grid.some(draws)):
        cell = f"N={tasks}, {name}, n={n[0]} v. {n[1]}, k={k}"
        grid.simulate([test_errs], cell, partial(_pass_at_k_is_found, POPULATIONS[name], tasks, n, k))


def _any_found(tests: int, rng: Rng) -> list[bool]:
    flips: Sequence[Sequence[int]] = rng.multinomial(164, [0.1, 0.1, 0.8], size=tests).tolist()
    return [min(holm([mcnemar(a, b) for a, b, _ in flips])) < 0.05]


def tables(grid: Grid) -> None:
    measure = ("Holm's adjusted p in a table", "error", 0.05)
    for tests in grid.some((2, 5, 20)):
        grid.simulate([measure], f"{tests} comparisons of equals", partial(_any_found, tests))


SECTIONS = {
    "repeats": repeats,
    "sparse-losses": sparse_losses,
    "detectable-repeats": detectable_repeats,
    "pass-at-k-differences": pass_at_k_gaps,
    "pass-at-k-tests": pass_at_k_tests,
    "tables": tables,
}
