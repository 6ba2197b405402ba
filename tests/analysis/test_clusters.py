import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.clusters import (
    MIN_CLUSTERS,
    clustered_difference,
    clustered_rate,
    cr2_variance,
    rate_interval,
    satterthwaite,
)
from pytest_mcode.analysis.differences import score_interval
from pytest_mcode.analysis.figure import Interval, Withheld
from pytest_mcode.analysis.intervals import wilson

SIZES = (3, 4, 5, 6, 6, 6, 16, 17, 23, 23, 77, 114)
"""SWE-bench Lite's repositories."""


def members(sizes: tuple[int, ...]) -> list[int]:
    return [cluster for cluster, size in enumerate(sizes) for _ in range(size)]


def by_matrices(values: list[float], clusters: list[int]) -> tuple[float, float]:
    """CR2 variance and Satterthwaite's degrees of freedom as Bell & McCaffrey define them, for y ~ 1."""
    y, names = np.array(values), np.array(clusters)
    n = len(y)
    design = np.ones((n, 1))
    residual_maker = np.eye(n) - design @ design.T / n
    residuals, variance, columns = residual_maker @ y, 0.0, []
    for name in np.unique(names):
        own = np.flatnonzero(names == name)
        values_, vectors = np.linalg.eigh(residual_maker[np.ix_(own, own)])
        root = vectors @ np.diag(values_**-0.5) @ vectors.T
        variance += float((design[own].T @ root @ residuals[own]).item() / n) ** 2
        columns.append(residual_maker[:, own] @ root @ design[own, 0] / n)
    product = np.array(columns) @ np.array(columns).T
    return variance, np.trace(product) ** 2 / np.sum(product**2)


@pytest.mark.parametrize("sizes", [SIZES, (2, 9), (5,) * 8, (1, 1, 1, 40)])
def test_variance_and_degrees_of_freedom_are_bell_and_mccaffreys(sizes: tuple[int, ...]) -> None:
    names = members(sizes)
    values = np.random.default_rng(0).integers(-1, 2, len(names)).astype(float).tolist()
    variance, freedom = by_matrices(values, names)
    assert cr2_variance(values, names) == pytest.approx(variance)
    assert satterthwaite(sizes) == pytest.approx(freedom)


def test_variance_over_equal_clusters_is_statsmodels() -> None:
    linear = pytest.importorskip("statsmodels.regression.linear_model")
    names = members((7,) * 9)
    values = np.random.default_rng(1).integers(0, 2, len(names)).astype(float)
    fitted = linear.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": names})
    assert cr2_variance(values.tolist(), names) == pytest.approx(float(fitted.bse[0]) ** 2)
    assert satterthwaite((7,) * 9) == pytest.approx(8)


def test_one_task_a_cluster_widens_only_by_students_t() -> None:
    solved = [1.0] * 90 + [0.0] * 110
    found = clustered_rate(solved, range(200))
    assert isinstance(found, Interval)
    low, high = wilson(90, 200)
    widening = stats.t.ppf(0.975, 199) / stats.norm.ppf(0.975)
    assert (found.high - found.low) / (high - low) == pytest.approx(widening, rel=0.01)
    flips = [1.0] * 20 + [-1.0] * 10 + [0.0] * 170
    found = clustered_difference(flips, range(200))
    assert isinstance(found, Interval)
    low, high = score_interval(20, 10, 200)
    assert (found.high - found.low) / (high - low) == pytest.approx(widening, rel=0.02)


def test_clusters_that_end_as_one_count_as_one_task_each() -> None:
    names = members((10,) * 40)
    found = clustered_rate([float(name % 2) for name in names], names)
    assert isinstance(found, Interval)
    low, high = wilson(20, 40)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)
    assert (found.method, found.population) == ("score, CR2 clusters, Wilson", "tasks of clusters like these")


@pytest.mark.parametrize(("clusters", "are"), [(1, "1 cluster"), (5, "5 clusters")])
def test_too_few_clusters_are_withheld(clusters: int, are: str) -> None:
    names = [i % clusters for i in range(60)]
    reason = f"{are} of tasks do not show how others vary: an interval over clusters needs at least 6"
    assert clustered_rate([1.0, 0.0] * 30, names) == Withheld(reason)
    assert clustered_difference([1.0, 0.0] * 30, names) == Withheld(reason)
    assert isinstance(clustered_rate([1.0, 0.0] * 30, [i % MIN_CLUSTERS for i in range(60)]), Interval)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_variance_is_not_certainty(value: float) -> None:
    found = clustered_rate([value] * sum(SIZES), members(SIZES))
    assert isinstance(found, Interval)
    low, high = wilson(round(value * 300), 300)
    assert found.high - found.low > 5 * (high - low)


def test_a_rate_is_judged_over_clusters_where_there_are() -> None:
    solved, names = [1.0] * 30 + [0.0] * 30, [i % 6 for i in range(60)]
    alone = rate_interval(solved)
    assert isinstance(alone, Interval)
    assert (alone.low, alone.high) == pytest.approx(wilson(30, 60))
    assert (alone.method, alone.population) == ("Wilson score", "tasks like these")
    assert rate_interval(solved, names) == clustered_rate(solved, names)
    assert isinstance(rate_interval(solved, [0] * 60), Withheld)
    shares = rate_interval([0.5, 0.75] * 30, draws=4)
    assert isinstance(shares, Interval)
    assert shares.method == "effective Wilson score"
