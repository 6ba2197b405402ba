"""The cells of `coverage.py`: populations of tasks, and how a cell is filled."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

MEAN_COVERAGE, LEAST_COVERAGE, ERROR, POWER = 0.95, 0.92, 1.2, 0.05
"""Targets: mean and least coverage, error over nominal, deviation of a power from what is printed."""
ENOUGH, MORE, MOST = 1000, 5000, 40_000
"""Repetitions of a cell, of one near its limit, and of one where that decides."""
FINE = 100_000
"""Points of a grid over a population."""

Trial = Callable[[np.random.Generator], Sequence[bool | None]]
"""One simulated data set: of each figure whether it covers, or errs; None where it is withheld."""
Measure = tuple[str, str, float]
"""A figure, what is measured of it (`Cell.measure`), and its nominal value."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One population and design of the grid."""

    section: str
    figure: str
    measure: str
    """``coverage``, ``error``, ``power`` or ``assurance``: a power that is printed as "at least"."""
    cell: str
    nominal: float
    simulated: float | None
    """None where the figure is withheld."""
    repetitions: int | None
    """None where every outcome was enumerated."""


class Grid:
    """Cells as they are filled."""

    def __init__(self, *, quick: bool, most: int = MOST) -> None:
        self.quick = quick
        self.most = most
        self.section = ""
        self.cells: list[Cell] = []

    def some(self, values: Iterable[Any]) -> list[Any]:
        """Return all values, or of a quick grid the first and the last."""
        every = list(values)
        return [every[0], every[-1]] if self.quick else every

    def exact(self, figure: str, measure: str, cell: str, nominal: float, found: float) -> None:
        self._add(figure, measure, cell, nominal, found, None)

    def simulate(
        self, measures: Sequence[Measure], cell: str, trial: Trial, *, at_least: int = ENOUGH
    ) -> None:
        """Add the share of trials that hold, by measure; a cell has its own random numbers, so it repeats."""
        repetitions = 40 if self.quick else min(at_least, self.most)
        shares = self._shares(measures, cell, trial, repetitions)
        for more, slack in ((MORE, 0.9), (MOST, 1.1)):
            if (
                self.quick
                or more > self.most
                or more <= repetitions
                or not self._is_near(measures, shares, slack)
            ):
                break
            repetitions = more
            shares = self._shares(measures, cell, trial, repetitions)
        for (figure, measure, nominal), share in zip(measures, shares, strict=True):
            self._add(figure, measure, cell, nominal, share, repetitions)

    @staticmethod
    def _is_near(measures: Sequence[Measure], shares: Sequence[float | None], slack: float) -> bool:
        def is_near(measure: str, nominal: float, share: float | None) -> bool:
            if share is None:
                return False
            if measure == "assurance":
                return False
            if measure == "error":
                return share > slack * nominal
            return slack < 1 and share < LEAST_COVERAGE + 0.015

        return any(is_near(*each[1:], share) for each, share in zip(measures, shares, strict=True))

    @staticmethod
    def _shares(measures: Sequence[Measure], cell: str, trial: Trial, repetitions: int) -> list[float | None]:
        rng = np.random.default_rng([*map(ord, cell), repetitions])
        held = np.zeros(len(measures))
        for _ in range(repetitions):
            found = trial(rng)
            if None in found:
                return [None] * len(measures)
            held += np.array(found, dtype=float)
        return (held / repetitions).tolist()

    def _add(
        self,
        figure: str,
        measure: str,
        cell: str,
        nominal: float,
        found: float | None,
        repetitions: int | None,
    ) -> None:
        self.cells.append(
            Cell(
                section=self.section,
                figure=figure,
                measure=measure,
                cell=cell,
                nominal=nominal,
                simulated=None if found is None else float(found),
                repetitions=repetitions,
            )
        )


@dataclass(frozen=True)
class Population:
    """Chances of tasks to be solved: parts (weight, a, b) are Beta(a, b), or with b = 0 the chance a."""

    parts: tuple[tuple[float, float, float], ...]

    def draw(self, rng: np.random.Generator, tasks: int) -> NDArray[np.float64]:
        if len(self.parts) == 1:
            return self._part(rng, tasks, *self.parts[0][1:])
        sizes = rng.multinomial(tasks, [weight for weight, _, _ in self.parts])
        drawn = [self._part(rng, int(size), a, b) for size, (_, a, b) in zip(sizes, self.parts, strict=True)]
        return np.concatenate(drawn)

    @staticmethod
    def _part(rng: np.random.Generator, tasks: int, a: float, b: float) -> NDArray[np.float64]:
        return rng.beta(a, b, tasks) if b else np.full(tasks, a)

    def rate(self, k: float = 1) -> float:
        """Return the mean of 1 - (1 - p)^k."""
        missed = (
            weight * (np.exp(special.betaln(a, b + k) - special.betaln(a, b)) if b else (1 - a) ** k)
            for weight, a, b in self.parts
        )
        return 1 - float(sum(missed))

    def quantiles(self) -> NDArray[np.float64]:
        """Return chances on a fine grid, as many for each part, over which `mean` weighs."""
        return _quantiles(self.parts)

    def mean(self, values: NDArray[np.float64]) -> float:
        """Return the mean of a function of the chances, given its values at `quantiles`."""
        each = values.reshape(len(self.parts), FINE).mean(axis=1)
        return float(each @ [weight for weight, _, _ in self.parts])

    def passes(self, n: int, c: int) -> float:
        """Return the chance that c of n samples of a task pass."""
        return float(
            sum(
                weight * (stats.betabinom.pmf(c, n, a, b) if b else stats.binom.pmf(c, n, a))
                for weight, a, b in self.parts
            )
        )


@cache
def _quantiles(parts: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    levels = (np.arange(FINE) + 0.5) / FINE
    return np.concatenate([stats.beta.ppf(levels, a, b) if b else np.full(FINE, a) for _, a, b in parts])


POPULATIONS = {
    "Beta(0.6, 1.4)": Population(((1, 0.6, 1.4),)),
    "Beta(1.9, 0.1)": Population(((1, 1.9, 0.1),)),
    "95 % always, 5 % never": Population(((0.95, 1, 0), (0.05, 0, 0))),
    "95 % at 0.98, 5 % at 0.05": Population(((0.95, 0.98, 0), (0.05, 0.05, 0))),
    "all at 0.3": Population(((1, 0.3, 0),)),
    "all at 0.95": Population(((1, 0.95, 0),)),
}
