"""The cells of `coverage.py`: populations of tasks, and how a cell is filled."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

MEAN_COVERAGE, LEAST_COVERAGE, ERROR, POWER = 0.95, 0.92, 1.2, 0.05
"""Targets: mean and least coverage, error over nominal, deviation of a power from what is printed."""
ENOUGH, NEAR_COVERAGE, NEAR_ERROR = 1000, 6000, 40_000
"""Repetitions of a cell, and of one whose share is near its limit."""

Trial = Callable[[np.random.Generator], bool | None]
"""Whether one simulated data set's interval covers, or its test errs; None where the figure is withheld."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One population and design of the grid."""

    figure: str
    measure: str
    """``coverage``, ``error`` or ``power``."""
    cell: str
    nominal: float
    simulated: float | None
    """None where the figure is withheld."""
    repetitions: int | None
    """None where every outcome was enumerated."""


class Grid:
    """Cells as they are filled."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.cells: list[Cell] = []

    def some(self, values: Iterable[Any]) -> list[Any]:
        """Return all values, or of a quick grid the first and the last."""
        every = list(values)
        return [every[0], every[-1]] if self.quick else every

    def exact(self, figure: str, measure: str, cell: str, nominal: float, found: float) -> None:
        self._add(figure, measure, cell, nominal, found, None)

    def simulate(self, figure: str, measure: str, cell: str, nominal: float, trial: Trial) -> None:
        """Add the share of trials that hold; a cell has random numbers of its own, so it repeats."""
        repetitions = 40 if self.quick else ENOUGH
        share = self._share(cell, trial, repetitions)
        if share is not None and not self.quick:
            if measure == "error" and share > 0.8 * nominal:
                share = self._share(cell, trial, repetitions := NEAR_ERROR)
            elif measure != "error" and share < LEAST_COVERAGE + 0.015:
                share = self._share(cell, trial, repetitions := NEAR_COVERAGE)
        self._add(figure, measure, cell, nominal, share, repetitions)

    def _share(self, cell: str, trial: Trial, repetitions: int) -> float | None:
        rng = np.random.default_rng([*map(ord, cell), repetitions])
        found = []
        for _ in range(repetitions):
            holds = trial(rng)
            if holds is None:
                return None
            found.append(holds)
        return fmean(found)

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


POPULATIONS = {
    "Beta(0.6, 1.4)": Population(((1, 0.6, 1.4),)),
    "Beta(1.9, 0.1)": Population(((1, 1.9, 0.1),)),
    "95 % always, 5 % never": Population(((0.95, 1, 0), (0.05, 0, 0))),
    "95 % at 0.98, 5 % at 0.05": Population(((0.95, 0.98, 0), (0.05, 0.05, 0))),
    "all at 0.3": Population(((1, 0.3, 0),)),
    "all at 0.95": Population(((1, 0.95, 0),)),
}
