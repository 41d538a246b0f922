"""Intervals cover what they say, tests are those of scipy, effect sizes those of double loops."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from neuroninfo.results import statistics
from neuroninfo.results.statistics import mean_over_seeds

NORMAL = np.random.default_rng(3).normal(size=20)
SAMPLED = {
    "normal": (lambda random, size: random.normal(size=size), 0.0),
    "skewed": (lambda random, size: random.gamma(4, size=size), 4.0),
    "heavy-tailed": (lambda random, size: random.standard_t(3, size=size), 0.0),
    "counts": (lambda random, size: random.binomial(10_000, 5e-4, size=size) * 1.0, 5.0),
}


def test_the_interval_is_scipys_whatever_the_order() -> None:
    interval = mean_over_seeds(NORMAL)
    assert interval == mean_over_seeds(NORMAL[::-1])
    expected = scipy.stats.ttest_1samp(NORMAL, 0.0)
    assert (interval.low, interval.high) == pytest.approx(expected.confidence_interval(0.95))
    assert interval.p_value() == pytest.approx(expected.pvalue)
    assert interval.p_value(0.3) == pytest.approx(scipy.stats.ttest_1samp(NORMAL, 0.3).pvalue)
    assert (interval.mean, interval.n_seeds) == (pytest.approx(NORMAL.mean()), 20)


@pytest.mark.parametrize("n", [5, 10, 20])
@pytest.mark.parametrize("kind", SAMPLED)
def test_intervals_cover_the_truth(kind: str, n: int) -> None:
    """Close to 95 %, also of samples that are not normal; the percentile bootstrap is not."""
    sample, truth = SAMPLED[kind]
    random = np.random.default_rng(n)
    values = sample(random, (1000, n))
    covered = [(i := mean_over_seeds(v)).low <= truth <= i.high for v in values]
    assert 0.92 <= np.mean(covered) <= 0.98
    if n == 5:
        resampled = values[:, random.integers(n, size=(500, n))].mean(axis=2)
        low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
        assert np.mean((low <= truth) & (truth <= high)) < 0.88


@pytest.mark.parametrize("n", [5, 20])
def test_predictions_cover_one_more_seed(n: int) -> None:
    values = np.random.default_rng(n).normal(size=(2000, n + 1))
    covered = []
    for sample in values:
        low, high = mean_over_seeds(sample[:-1]).predicted()
        covered.append(low <= sample[-1] <= high)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_equivalence_is_two_one_sided_tests() -> None:
    interval = mean_over_seeds(NORMAL)
    for margin in (0.2, 0.4, 0.6, 0.8):
        below = scipy.stats.ttest_1samp(NORMAL, -margin, alternative="greater").pvalue
        above = scipy.stats.ttest_1samp(NORMAL, margin, alternative="less").pvalue
        assert interval.equivalent(margin) == (max(below, above) < 0.05)
    assert {interval.equivalent(margin) for margin in (0.2, 0.8)} == {False, True}


@pytest.mark.parametrize("n", [2, 10, 13])
def test_equal_values_have_a_degenerate_interval(n: int) -> None:
    interval = mean_over_seeds(np.full(n, 0.1))
    assert (interval.mean, interval.low, interval.high) == (0.1, 0.1, 0.1)
    assert interval.verdict(0.1) == "undecided"
    assert (interval.verdict(0.0), interval.verdict(0.2)) == ("holds", "fails")
    assert (interval.p_value(0.1), interval.p_value(0.2)) == (1.0, 0.0)


def test_one_seed_has_no_interval() -> None:
    interval = mean_over_seeds([0.5])
    assert (interval.mean, interval.note) == (0.5, "one seed: no interval")
    assert np.isnan([interval.low, interval.high, interval.p_value(), *interval.predicted()]).all()
    assert not interval.equivalent(1.0)
    assert interval.verdict(0.0) == "undecided"


def test_without_any_seed_there_is_a_note_and_no_number() -> None:
    interval = mean_over_seeds([], none="no seed has one")
    assert np.isnan([interval.mean, interval.low, interval.high]).all()
    assert interval.note == "no seed has one"


@pytest.mark.parametrize("values", [[1.0, np.nan], [np.inf, 1.0], [[1.0], [2.0]]])
def test_what_is_no_value_per_seed_is_refused(values: list) -> None:
    with pytest.raises(ValueError, match="one finite value per seed"):
        mean_over_seeds(values)


def test_a_band_is_the_interval_of_each_point() -> None:
    values = np.random.default_rng(3).normal(size=(20, 70))
    low, high = statistics.band(values)
    for point in (0, 63, 69):
        one = mean_over_seeds(values[:, point])
        assert (low[point], high[point]) == pytest.approx((one.low, one.high))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_procedure(p_values: list[float]) -> None:
    adjusted = statistics.holm(p_values)
    order = np.argsort(p_values, kind="stable")
    for level in (0.01, 0.05, 0.2):
        rejected = []
        for step, place in enumerate(order):
            if p_values[place] * (len(p_values) - step) > level:
                break
            rejected.append(place)
        assert set(np.flatnonzero(adjusted <= level)) == set(rejected)


def test_holm_leaves_out_what_was_not_tested() -> None:
    adjusted = statistics.holm([0.02, np.nan, 0.01])
    assert adjusted[[0, 2]].tolist() == [0.02, 0.02]
    assert np.isnan(adjusted[1])


def test_correlation_within_groups_ignores_what_differs_between_them() -> None:
    random = np.random.default_rng(0)
    groups = []
    for offset in (0.0, 10.0, 20.0):
        a = random.normal(size=30)
        groups.append((a + offset, -a + random.normal(size=30) + offset))
    pooled = np.concatenate([a for a, _ in groups]), np.concatenate([b for _, b in groups])
    assert statistics.rank_correlation(*pooled) > 0.5
    correlation, low, high = statistics.correlation_within(groups)
    assert low < correlation < high < 0
    nothing = statistics.correlation_within([(np.arange(3.0), np.arange(3.0))])
    assert np.isnan(nothing).all()


def test_a_row_has_the_columns_of_its_interval() -> None:
    interval = mean_over_seeds(NORMAL)
    row = statistics.interval_row({"what": "x"}, "effect", interval, 14, "", "two are missing")
    columns = statistics.interval_columns("effect")
    assert row.keys() == {"what", *columns}
    assert (row["effect"], row["low"], row["high"]) == (interval.mean, interval.low, interval.high)
    assert (row["n_seeds"], row["note"]) == (14, "two are missing")


SAMPLES = st.lists(st.integers(-3, 3) | st.floats(-2, 2), min_size=1, max_size=12)


@given(SAMPLES, SAMPLES)
def test_cliffs_delta_is_the_double_loop(a: list[float], b: list[float]) -> None:
    pairs = sum((x > y) - (x < y) for x, y in itertools.product(a, b))
    assert statistics.cliffs_delta(a, b) == pairs / (len(a) * len(b))
    assert statistics.cliffs_delta(b, a) == -statistics.cliffs_delta(a, b)


@pytest.mark.parametrize(("a", "b"), [([], [1.0]), ([1.0], []), ([np.nan], [1.0])])
def test_cliffs_delta_refuses(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="Cliff's delta needs values"):
        statistics.cliffs_delta(a, b)
