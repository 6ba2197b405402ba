"""pass@k from runs whose number of samples was fixed beforehand."""

from math import comb

__all__ = ["draws_until_pass", "pass_at_k"]


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of `k` draws from `n` samples, of which `c` passed, passes.

    The unbiased estimator of Chen et al. 2021 (arXiv:2107.03374, section 2.1). `n` must have
    been fixed beforehand: where sampling stopped at the first pass, c/n is biased upwards.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs 1 <= k <= n and 0 <= c <= n, not n={n}, c={c}")
    return 1 - comb(n - c, k) / comb(n, k)


def draws_until_pass(n: int, c: int, k: int) -> float:
    """Return how many of `k` draws are made on average when drawing stops at the first pass.

    Draw j + 1 is made where the first j failed, which has the chance 1 - pass@j.
    """
    return sum(1.0 if j == 0 else 1 - pass_at_k(n, c, j) for j in range(k))
