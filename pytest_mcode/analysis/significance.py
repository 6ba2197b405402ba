"""Is there a difference at all? Exact tests on paired tasks, and their p-values adjusted for each other."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import comb, lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["exchange_test", "holm", "mcnemar", "permutation_test"]

RESAMPLES = 9999
MOST_STEPS = 20_000
"""Of the exact permutation distribution: beyond it, random swaps."""


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the two-sided p-value of the exact McNemar test, binomial on the tasks that flipped.

    McNemar 1947 (doi:10.1007/BF02295996). Population: tasks like these.
    """
    flipped = only_a + only_b
    tail = sum(comb(flipped, j) for j in range(min(only_a, only_b) + 1))
    return float(min(1, 2 * tail / 2**flipped))


def permutation_test(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the paired permutation test: labels swapped within tasks.

    Fisher 1935. Exact over every swap where the differences are multiples of one small step, as shares of
    repeats are; else from 9,999 random swaps. Population: these tasks, had only labels been dealt by chance.
    """
    moved = Counter(each for each in differences if each)
    steps = {each: Fraction(each).limit_denominator(1000) for each in moved}
    unit = lcm(*(step.denominator for step in steps.values()))
    sizes: Counter[int] = Counter()
    seen = 0
    for each, count in moved.items():
        sizes[abs(int(steps[each] * unit))] += count
        seen += int(steps[each] * unit) * count
    total = sum(size * count for size, count in sizes.items())
    if total > MOST_STEPS or any(abs(step - each) > 1e-9 for each, step in steps.items()):
        return _random_swaps(list(moved.elements()))
    swapped = _swapped(sizes)
    return float(min(1.0, 2 * swapped[: (total - abs(seen)) // 2 + 1].sum()))


def exchange_test(a: Sequence[float], b: Sequence[float], runs: tuple[int, int]) -> float | None:
    """Return the two-sided p-value of the exact test that deals a task's outcomes to A's and B's runs anew.

    For shares of unequal numbers of `runs`, whose difference does not merely change its sign when labels are
    swapped: given how many of a task's runs passed, A's share of them is hypergeometric (Fisher 1935). None
    where shares are not multiples of one run, as where some tasks have fewer. Population: these tasks.
    """
    import numpy as np

    ours, theirs = runs
    found, seen, passed_in_all = np.ones(1), 0, 0
    for share, other in zip(a, b, strict=True):
        passed, others = round(share * ours), round(other * theirs)
        if abs(passed - share * ours) > 1e-9 or abs(others - other * theirs) > 1e-9:
            return None
        seen, passed_in_all = seen + passed, passed_in_all + passed + others
        whole = comb(ours + theirs, passed + others)
        ways = [
            comb(ours, j) * comb(theirs, passed + others - j) / whole
            for j in range(min(ours, passed + others) + 1)
        ]
        found = np.convolve(found, ways)
    expected = passed_in_all * ours / (ours + theirs)
    distance = np.abs(np.arange(len(found)) - expected)
    return float(min(1.0, found[distance >= abs(seen - expected) - 1e-9].sum()))


def _swapped(sizes: Counter[int]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the distribution of the sum of those sizes whose label is swapped, by its value."""
    import numpy as np

    found = np.ones(1)
    for size, count in sizes.items():
        swaps = np.zeros(size * count + 1)
        swaps[::size] = [comb(count, j) / 2**count for j in range(count + 1)]
        found = np.convolve(found, swaps)
    return found


def _random_swaps(moved: Sequence[float]) -> float:
    import numpy as np
    from scipy import stats

    found = stats.permutation_test(
        (np.array(moved),),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for all that one table prints, in the order given (Holm 1979, jstor 4615733).

    Those below 0.05 are all true findings with a chance of 95 %, however the tests depend on each other.
    Population: that of the tests.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
