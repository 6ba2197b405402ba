import numpy as np
import pytest
from scipy import stats

from pytest_mcode.analysis.intervals import bounds, effective_size, mean_interval, score_limits, wilson


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(
    ("solved", "judged"), [(0, 1), (1, 1), (0, 164), (164, 164), (98, 164), (60, 300), (1, 974)]
)
def test_wilson_is_scipys(solved: int, judged: int, confidence: float) -> None:
    theirs = stats.binomtest(solved, judged).proportion_ci(confidence, method="wilson")
    assert wilson(solved, judged, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_holds_its_published_half_width() -> None:
    low, high = wilson(98, 164)
    assert (high - low) / 2 == pytest.approx(0.074, abs=0.001)


@pytest.mark.parametrize(("solved", "judged"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_proportion_is_refused(solved: int, judged: int) -> None:
    with pytest.raises(ValueError, match="is not a proportion"):
        wilson(solved, judged)


def test_bounds_span_every_fate_of_infra_tasks() -> None:
    assert bounds(100, 160, 4) == (100 / 164, 104 / 164)
    assert bounds(3, 6, 0) == (0.5, 0.5)
    assert bounds(0, 0, 0) is None


def test_one_draw_a_task_gives_wilson() -> None:
    assert mean_interval([1.0] * 98 + [0.0] * 66, 1) == pytest.approx(wilson(98, 164))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_extremes_are_as_sure_as_one_draw_a_task(value: float) -> None:
    assert mean_interval([value] * 30, 20) == pytest.approx(wilson(round(30 * value), 30))


@pytest.mark.parametrize("events", [0.5, 1, 2, 3.7])
def test_few_events_have_poissons_limit(events: float) -> None:
    """The smallest rate at which so many events are not rare: by SciPy's gamma distribution, at 5 %."""
    low, high = score_limits(events / 40, 40, few_events=True)
    plain = score_limits(events / 40, 40)
    assert low == pytest.approx(min(plain[0], stats.gamma.ppf(0.05, events) / 40))
    assert high == plain[1]
    mirrored = score_limits(1 - events / 40, 40, few_events=True)
    assert mirrored == pytest.approx((1 - high, 1 - low))


def test_effective_size_is_the_ratio_of_variances() -> None:
    rng = np.random.default_rng(0)
    shares = rng.binomial(5, rng.beta(0.6, 1.4, 2000)) / 5
    mean, spread = shares.mean(), shares.var() * 2000
    size = effective_size(spread, 2000 * mean * (1 - mean), 2000, 5)
    assert size == pytest.approx(mean * (1 - mean) / (shares.var() / 2000), rel=0.01)
    assert effective_size(0.0, 0.0, 30, 20) == 30
    assert effective_size(0.0, 7.5, 30, 2) == 60
    assert effective_size(3.0, 8.0, 30, 9) == 60


@pytest.mark.parametrize("alike", [True, False])
def test_mean_interval_covers_the_truth(alike: bool) -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        chances = np.full(100, 0.3) if alike else rng.beta(0.6, 1.4, 100)
        low, high = mean_interval((rng.binomial(5, chances) / 5).tolist(), 5)
        hits += low <= 0.3 <= high
    assert 0.93 < hits / 1000 < 0.99
