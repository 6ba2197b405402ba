"""What a process has done, or is at, that pytest has not reported yet: for the lines that say how far."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import add, sub

__all__ = ["Ahead"]


@dataclass(frozen=True)
class Ahead:
    """Counts; those of several tasks, or processes, are added up."""

    in_flight: int = 0
    solved: int = 0
    unsolved: int = 0
    infra: int = 0
    attempts: int = 0
    """Of tasks that have landed."""
    tokens: int = 0
    """Of the answers of the model server, since the process began."""
    retries: int = 0
    """Requests that failed for a passing reason, since the process began."""

    def __add__(self, other: "Ahead") -> "Ahead":
        return self._with(add, other)

    def __sub__(self, other: "Ahead") -> "Ahead":
        return self._with(sub, other)

    def _with(self, combine: Callable[[int, int], int], other: "Ahead") -> "Ahead":
        return Ahead(*map(combine, vars(self).values(), vars(other).values()))
