"""Sections of `coverage.py` on single runs, samples, clusters and flips."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import product

import numpy as np
from coverage_cells import MORE, POPULATIONS, Grid, Population
from numpy.typing import NDArray
from scipy import stats

from pytest_mcode.analysis.clusters import clustered_difference, clustered_rate, rate_interval
from pytest_mcode.analysis.differences import score_interval
from pytest_mcode.analysis.figure import Withheld
from pytest_mcode.analysis.intervals import wilson
from pytest_mcode.analysis.paired import compare
from pytest_mcode.analysis.passk import pass_at_k_interval
from pytest_mcode.analysis.power import detectable_difference
from pytest_mcode.analysis.significance import mcnemar
from pytest_mcode.analysis.variance import fixed_tasks_interval
from pytest_mcode.analysis.verdicts import equivalent, non_inferior

Rng = np.random.Generator
TASKS = (20, 164, 500)
SIZES = {
    "2 clusters": (40, 124),
    "5 clusters": (6, 14, 24, 40, 80),
    "12 clusters": (2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 60),
    "12 of SWE-bench Lite": (3, 4, 5, 6, 6, 6, 16, 17, 23, 23, 77, 114),
    "40 clusters": (*(1,) * 10, *(2, 3, 4, 5, 6) * 4, *(10, 12, 15, 20, 30) * 2),
}
ALIKE = (0.0, 0.1, 0.3)
"""Correlation of two tasks of a cluster."""
FLIPS = {
    "one way, 0 v. 5 %": (0.0, 0.05),
    "sparse, 1 v. 2 %": (0.01, 0.02),
    "5 v. 10 %": (0.05, 0.1),
    "frequent, 15 v. 20 %": (0.15, 0.2),
    "frequent, 25 % each way": (0.25, 0.25),
}
"""Chances that a task flips for A alone, for B alone."""


def _covers(low: float, high: float, truth: float) -> bool:
    return low - 1e-9 <= truth <= high + 1e-9


def rates(grid: Grid) -> None:
    for tasks in TASKS:
        spans = [wilson(solved, tasks) for solved in range(tasks + 1)]
        for rate in np.arange(0.02, 0.981, 0.02):
            chances = stats.binom.pmf(np.arange(tasks + 1), tasks, rate)
            covered = sum(p for p, span in zip(chances, spans, strict=True) if _covers(*span, rate))
            grid.exact("pass rate of a run", "coverage", f"N={tasks}, rate {rate:.2f}", 0.95, covered)


def _pass_at_k(population: Population, tasks: int, n: int, k: int, rng: Rng) -> list[bool]:
    passed = rng.binomial(n, population.draw(rng, tasks)).tolist()
    found = pass_at_k_interval([(n, c) for c in passed], k)
    return [_covers(found.low, found.high, population.rate(k))]


def samples(grid: Grid) -> None:
    for tasks in grid.some(TASKS):
        for name, population in grid.some(POPULATIONS.items()):
            for n, k in grid.some(((2, 1), (3, 1), (5, 1), (5, 2), (5, 5), (10, 1), (10, 3), (10, 10))):
                figure = "repeats, or pass@1 of n samples" if k == 1 else "pass@k"
                trial = partial(_pass_at_k, population, tasks, n, k)
                grid.simulate([(figure, "coverage", 0.95)], f"N={tasks}, {name}, n={n}, k={k}", trial)


def _these(chances: NDArray[np.float64], n: int, rng: Rng) -> list[bool]:
    found = fixed_tasks_interval([(n, c) for c in rng.binomial(n, chances).tolist()])
    return [_covers(found.low, found.high, float(chances.mean()))]


def these_tasks(grid: Grid) -> None:
    measure = ("pass rate on these very tasks", "coverage", 0.95)
    for tasks in grid.some(TASKS):
        for name, population in grid.some(POPULATIONS.items()):
            chances = population.draw(np.random.default_rng(tasks), tasks)
            for n in grid.some((1, 2, 3, 5)):
                grid.simulate([measure], f"N={tasks}, {name}, n={n}", partial(_these, chances, n))


def _members(sizes: Sequence[int]) -> list[int]:
    return [cluster for cluster, size in enumerate(sizes) for _ in range(size)]


def _clustered_flips(
    sizes: Sequence[int], shares: Sequence[float], alike: float, rng: Rng
) -> NDArray[np.float64]:
    """Return -1, 0 or 1 for each task; a cluster has its own chances of them, around `shares`."""
    if alike:
        spread = 1 / alike - 1
        chances = rng.dirichlet(np.maximum(np.array(shares) * spread, 1e-9), len(sizes))
    else:
        chances = np.broadcast_to(shares, (len(sizes), 3))
    gains = np.repeat(chances[:, 0], sizes)
    losses = np.repeat(chances[:, 1], sizes)
    drawn = rng.random(len(gains))
    return (drawn < gains).astype(float) - ((drawn >= gains) & (drawn < gains + losses))


def _clustered_rate(sizes: Sequence[int], rate: float, alike: float, rng: Rng) -> list[bool | None]:
    solved = _clustered_flips(sizes, (rate, 0, 1 - rate), alike, rng).tolist()
    found = clustered_rate(solved, _members(sizes))
    return [None if isinstance(found, Withheld) else _covers(found.low, found.high, rate)]


def _clustered_gap(sizes: Sequence[int], a: float, b: float, alike: float, rng: Rng) -> list[bool | None]:
    """Whether the interval covers, and whether A, worse by the margin, is called non-inferior."""
    gaps = _clustered_flips(sizes, (a, b, 1 - a - b), alike, rng).tolist()
    found = clustered_difference(gaps, _members(sizes))
    if isinstance(found, Withheld):
        return [None, None]
    wrong = non_inferior(found.low, found.high, b - a) == "yes"
    return [_covers(found.low, found.high, a - b), wrong]


def clusters(grid: Grid) -> None:
    rate_covers = ("pass rate over clusters", "coverage", 0.95)
    gap_covers = ("difference over clusters", "coverage", 0.95)
    gap_errs = ("non-inferior over clusters", "error", 0.025)
    for name, sizes in SIZES.items():
        for alike in grid.some(ALIKE):
            for rate in grid.some((0.05, 0.3, 0.7, 0.95)):
                cell = f"{name}, correlation {alike}, rate {rate}"
                grid.simulate([rate_covers], cell, partial(_clustered_rate, sizes, rate, alike))
            for kind, (a, b) in grid.some(FLIPS.items()):
                cell = f"{name}, correlation {alike}, flips {kind}"
                grid.simulate([gap_covers, gap_errs], cell, partial(_clustered_gap, sizes, a, b, alike))


@cache
def _tango(only_a: int, only_b: int, tasks: int) -> tuple[float, float]:
    return score_interval(only_a, only_b, tasks)


@cache
def _outcomes(tasks: int) -> NDArray[np.int64]:
    """Return every number of tasks that flip for A alone, for B alone, and for neither."""
    only_a, only_b = np.indices((tasks + 1, tasks + 1)).reshape(2, -1)
    inside = only_a + only_b <= tasks
    return np.stack([only_a, only_b, tasks - only_a - only_b], axis=1)[inside]


def _over_flips(tasks: int, flips: Sequence[float], *questions: Callable[[int, int], bool]) -> list[float]:
    """Return the chance that each question is answered yes, over all numbers of flips."""
    a, b = flips
    outcomes = _outcomes(tasks)
    chances = stats.multinomial.pmf(outcomes, tasks, [a, b, 1 - a - b])
    found = [0.0] * len(questions)
    for i in np.flatnonzero(chances > 1e-8):
        only_a, only_b, _ = outcomes[i].tolist()
        for index, question in enumerate(questions):
            if question(only_a, only_b):
                found[index] += float(chances[i])
    return found


def flips(grid: Grid) -> None:
    for tasks in grid.some(TASKS[: 2 if grid.quick else None]):

        def span(only_a: int, only_b: int, tasks: int = tasks) -> tuple[float, float]:
            return _tango(only_a, only_b, tasks)

        for kind, (a, b) in grid.some(FLIPS.items()):
            covered, wrong = _over_flips(
                tasks,
                (a, b),
                lambda x, y, truth=a - b: _covers(*span(x, y), truth),
                lambda x, y: mcnemar(x, y) < 0.05,
            )
            grid.exact("difference of two runs", "coverage", f"N={tasks}, flips {kind}", 0.95, covered)
            if a == b:
                grid.exact("exact McNemar test", "error", f"N={tasks}, flips {kind}", 0.05, wrong)
        for margin in grid.some((0.02, 0.05, 0.1)):
            for back in grid.some((0.0, 0.01, 0.03, 0.1, 0.2)):
                cell = f"N={tasks}, margin {margin}, flips {back} v. {back + margin:.2f}"
                errors = _over_flips(
                    tasks,
                    (back, back + margin),
                    lambda x, y, margin=margin: non_inferior(*span(x, y), margin) == "yes",
                    lambda x, y, margin=margin: equivalent(*span(x, y), margin) == "yes",
                )
                grid.exact("non-inferior", "error", cell, 0.025, errors[0])
                grid.exact("equivalent (TOST)", "error", cell, 0.025, errors[1])


def detectable(grid: Grid) -> None:
    for tasks in TASKS:
        for discordance in (0.0, 0.05, 0.2, 0.4):
            least = detectable_difference(tasks, discordance)
            if isinstance(least, Withheld):
                continue
            whole = max(discordance, least)
            ways = ((whole + least) / 2, max(0.0, (whole - least) / 2))
            found = _over_flips(tasks, ways, lambda x, y: mcnemar(x, y) < 0.05)[0]
            cell = f"N={tasks}, discordance {discordance}, difference {least:.3f}"
            grid.exact("smallest detectable difference of two runs", "power", cell, 0.8, found)


def _is_detected(tasks: int, discordance: float, rng: Rng) -> list[bool]:
    least = detectable_difference(tasks, discordance)
    whole = max(discordance, least)
    ways = [(whole + least) / 2, (whole - least) / 2, 1 - whole]
    only_a, only_b, neither = rng.multinomial(tasks, ways).tolist()
    a = [1.0] * only_a + [0.0] * (only_b + neither)
    b = [0.0] * only_a + [1.0] * only_b + [0.0] * neither
    return [compare(a, b).p_value < 0.05]


def detection(grid: Grid) -> None:
    """The same by simulation of what `mcode compare` does; at its floor every flip goes one way."""
    measure = ("smallest detectable difference of two runs, simulated", "power", 0.8)
    for tasks, discordance in product(grid.some((20, 38, 164, 500)), grid.some((0.0, 0.1, 0.2))):
        where = "at its floor" if discordance == 0 else f"discordance {discordance}"
        trial = partial(_is_detected, tasks, discordance)
        grid.simulate([measure], f"N={tasks}, {where}", trial, at_least=MORE)


def _selection_gap(population: Population, tasks: int, n: int, way: str, rng: Rng) -> list[bool]:
    """Whether the interval covers of the share of tasks that some sample solves, and not the chosen one."""
    passed = rng.binomial(n, population.draw(rng, tasks))
    right = rng.random(tasks) < passed / n if way == "first" else 2 * passed > n
    found = rate_interval(((passed > 0) & ~right).astype(float).tolist(), few_events=True)
    return [_covers(found.low, found.high, _gap_of(population, n, way))]


@cache
def _gap_of(population: Population, n: int, way: str) -> float:
    solved = np.arange(1, n + 1)
    missed = 1 - solved / n if way == "first" else (2 * solved <= n).astype(float)
    return float(missed @ [population.passes(n, int(c)) for c in solved])


def selection_gaps(grid: Grid) -> None:
    """Chosen is the first sample, or one of the passing ones where these are most."""
    measure = ("selection gap", "coverage", 0.95)
    for tasks, (name, population), n, way in product(
        grid.some(TASKS), grid.some(POPULATIONS.items()), grid.some((2, 5, 10)), ("first", "vote")
    ):
        cell = f"N={tasks}, {name}, n={n}, by {way}"
        grid.simulate([measure], cell, partial(_selection_gap, population, tasks, n, way))


SECTIONS = {
    "rates": rates,
    "samples": samples,
    "these-tasks": these_tasks,
    "clusters": clusters,
    "flips": flips,
    "detectable": detectable,
    "detection": detection,
    "selection-gaps": selection_gaps,
}
