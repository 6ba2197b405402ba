"""pass@k from runs whose number of samples was fixed beforehand."""

from math import comb

__all__ = ["pass_at_k"]


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of `k` draws from `n` samples, of which `c` passed, passes.

    The unbiased estimator of Chen et al. 2021 (arXiv:2107.03374, section 2.1). `n` must have
    been fixed beforehand: where sampling stopped at the first pass, c/n is biased upwards.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs 1 <= k <= n and 0 <= c <= n, not n={n}, c={c}")
    return 1 - comb(n - c, k) / comb(n, k)
