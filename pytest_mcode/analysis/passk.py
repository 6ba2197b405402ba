"""pass@k from runs whose number of samples was fixed beforehand, its interval, and whether it was fixed."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from math import comb, fsum

from pytest_mcode.analysis.clusters import paired_interval, rate_interval
from pytest_mcode.analysis.figure import Interval, Withheld

__all__ = [
    "Counts",
    "pass_at_k",
    "pass_at_k_difference",
    "pass_at_k_interval",
    "pass_at_k_test",
    "stopped_early",
]

Counts = tuple[int, int]
"""Of one task: its samples, and how many of them passed."""
SIGNIFICANT = 0.05
DEALS = 9999
"""Of samples to two sides, at random."""


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of `k` draws from `n` samples, of which `c` passed, passes.

    The unbiased estimator of Chen et al. 2021 (arXiv:2107.03374, section 2.1). `n` must have
    been fixed beforehand: where sampling stopped at the first pass, c/n is biased upwards. Population: all
    samples that might be drawn of this task.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs 1 <= k <= n and 0 <= c <= n, not n={n}, c={c}")
    return 1 - comb(n - c, k) / comb(n, k)


def pass_at_k_interval(
    tasks: Sequence[Counts],
    k: int,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
) -> Interval | Withheld:
    """Return the interval of the mean pass@k; population: tasks like these, or tasks of such `clusters`.

    One pass@k spends k samples, so ⌊n/k⌋ draws are what a task's samples are worth: see `mean_interval`
    (after Franco et al. 2019). Several samples rarely miss a task, so limits near 1 rest on few events.
    """
    values = [pass_at_k(n, c, k) for n, c in tasks]
    fewest = min((n for n, _ in tasks), default=k)
    return rate_interval(values, clusters, fewest // k, confidence, few_events=fewest > 1)


def pass_at_k_difference(
    a: Sequence[Counts],
    b: Sequence[Counts],
    k: int,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
) -> tuple[float, Interval | Withheld]:
    """Return pass@k of A minus that of B on the same tasks, and its interval, paired by task.

    The interval is `paired_interval` with the ⌊n/k⌋ draws of the side with fewer; population: tasks like
    these, or tasks of such `clusters`.
    """
    differences = [
        pass_at_k(n, c, k) - pass_at_k(other_n, other_c, k)
        for (n, c), (other_n, other_c) in zip(a, b, strict=True)
    ]
    fewest = min(n for n, _ in (*a, *b))
    span = paired_interval(differences, clusters, fewest // k, confidence)
    return fsum(differences) / len(differences), span


def pass_at_k_test(a: Sequence[Counts], b: Sequence[Counts], k: int, deals: int = DEALS) -> float:
    """Return the two-sided p-value of the exact test that deals a task's samples to A and B anew.

    Where both pass with one chance, which of a task's samples are A's is chance (Fisher 1935), and the
    difference of pass@k has the mean 0, also for unlike n. From random deals: fewer of them lose power, the
    error stays (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585, for the 1 that is added). Population: these
    tasks.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    dealt, alike = np.zeros(deals), Counter[tuple[int, int, int]]()
    seen = 0.0
    for (n, c), (other_n, other_c) in zip(a, b, strict=True):
        seen += pass_at_k(n, c, k) - pass_at_k(other_n, other_c, k)
        alike[n, other_n, c + other_c] += 1
    for (n, other_n, passed), tasks in alike.items():
        ours = range(max(0, passed - other_n), min(n, passed) + 1)
        ways = [comb(n, j) * comb(other_n, passed - j) / comb(n + other_n, passed) for j in ours]
        gaps = [pass_at_k(n, j, k) - pass_at_k(other_n, passed - j, k) for j in ours]
        dealt += rng.multinomial(tasks, ways, deals) @ np.array(gaps)
    return float(1 + np.sum(np.abs(dealt) >= abs(seen) - 1e-9)) / (1 + deals)


def stopped_early(tasks: Iterable[Counts]) -> str | None:
    """Say how the numbers of samples betray that sampling went by the outcome; None where they do not.

    Where they are equal, they were fixed. Where they differ, a task short of the largest number must not
    have passed more readily than the full ones: if every short task passed, or by Fisher's exact test
    (one-sided, 5 %) more of them did, sampling stopped at a pass, and c/n is biased upwards.
    """
    found = Counter((n, c > 0) for n, c in tasks if n)
    most = max((n for n, _ in found), default=0)
    short = {passed: sum(found[n, passed] for n, _ in found if n < most) for passed in (True, False)}
    full = {passed: found[most, passed] for passed in (True, False)}
    if not short[True]:
        return None
    if short[False] and _tail(short, full) >= SIGNIFICANT:
        return None
    mean = {passed: _mean_samples(found, passed) for passed in (True, False)}
    others = f"{mean[False]:.1f} to the others" if mean[False] else f"up to {most} to them"
    return f"tasks that passed were given {mean[True]:.1f} samples on average, {others}"


def _tail(short: dict[bool, int], full: dict[bool, int]) -> float:
    """Return the chance that as many short tasks pass, or more, had passes nothing to do with shortness."""
    shorts, passed = short[True] + short[False], short[True] + full[True]
    tasks = shorts + full[True] + full[False]
    ways = sum(
        comb(passed, j) * comb(tasks - passed, shorts - j)
        for j in range(short[True], min(shorts, passed) + 1)
        if shorts - j <= tasks - passed
    )
    return ways / comb(tasks, shorts)


def _mean_samples(found: Counter[tuple[int, bool]], passed: bool) -> float | None:
    tasks = sum(count for (_, each), count in found.items() if each is passed)
    samples = sum(n * count for (n, each), count in found.items() if each is passed)
    return samples / tasks if tasks else None
