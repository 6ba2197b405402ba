"""The order in which a task's budget is spent: which sample the next attempt is made at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from pytest_mcode.records import Attempt

__all__ = ["ORDERS", "Open", "Order", "OrderName", "depth_first"]

Open = Mapping[int, Sequence[Attempt]]
"""By number, the samples that may go on, with their attempts so far: none where it has not begun."""
Order = Callable[[Open], int]
"""Chooses one of them."""
OrderName = Literal["repair", "breadth", "best"]


def depth_first(samples: Open) -> int:
    """Finish a sample before the next one begins."""
    return min(samples)


def breadth_first(samples: Open) -> int:
    """Make all first attempts, then one repair of each, and so on.

    The parallel samples, each debugged in rounds, of S* (https://arxiv.org/abs/2502.14382).
    """
    return min(samples, key=lambda number: (len(samples[number]), number))


def best_first(samples: Open) -> int:
    """Make all first attempts, then repair the sample that passes most of the tests in the prompt."""
    return min(samples, key=lambda number: (*_standing(samples[number]), number))


def _standing(attempts: Sequence[Attempt]) -> tuple[bool, int, int]:
    passed = (attempts[-1].examples or "").count("+") if attempts else 0
    return bool(attempts), -passed, len(attempts)


ORDERS: Mapping[OrderName, Order] = {
    "repair": depth_first,
    "breadth": breadth_first,
    "best": best_first,
}
"""By ``--mcode-strategy``."""
