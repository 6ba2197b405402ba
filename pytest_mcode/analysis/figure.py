"""A figure as it may be printed: an interval with its method and population, or why there is none."""

from dataclasses import dataclass

__all__ = ["Interval", "Withheld", "limits"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Two limits, shares from 0 to 1 (of a difference from -1 to 1)."""

    low: float
    high: float
    method: str
    population: str
    """What the interval speaks about, such as ``tasks like these``."""


@dataclass(frozen=True)
class Withheld:
    """No method is known to hold here; `reason` is a sentence to print in the figure's place."""

    reason: str


def limits(found: Interval | Withheld) -> tuple[float | None, float | None]:
    """Return the two limits; of a withheld interval two times None."""
    return (None, None) if isinstance(found, Withheld) else (found.low, found.high)
