"""Information of a layer's outputs, against other people's formulas written out here."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuroninfo.estimators import Estimate, EstimationError, Estimator, discrete
from neuroninfo.estimators.binning import EdgeBins, Exact, MassBins, WidthBins
from neuroninfo.estimators.kernel_density import KernelDensity

ALL: list[Estimator] = [
    EdgeBins(),
    WidthBins(),
    MassBins(),
    Exact(),
    KernelDensity(0.1, "upper"),
    KernelDensity(0.1, "lower"),
]
COUNTING = ALL[:4]


# ------------------------------------------------------------------ the plain references


def plain(rows: list[tuple[int, ...]], labels: list[int]) -> tuple[float, float]:
    """H(T) and H(T) - H(T|Y) from dictionaries."""

    def entropy(values: list[object]) -> float:
        shares = np.array(list(Counter(values).values())) / len(values)
        return float(-(shares * np.log2(shares)).sum())

    conditional = sum(
        labels.count(y)
        / len(labels)
        * entropy([row for row, label in zip(rows, labels, strict=True) if label == y])
        for y in set(labels)
    )
    return entropy(rows), entropy(rows) - conditional


def idnns(outputs: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """As information_process.py of ravidziv/IDNNs does it: 30 edges, `bins[digitize - 1]`."""
    bins = np.linspace(-1, 1, 30)
    digitized = bins[np.digitize(np.squeeze(outputs.reshape(1, -1)), bins) - 1].reshape(
        len(outputs), -1
    )
    rows = [tuple(row) for row in digitized.tolist()]
    return plain(rows, labels.tolist())


def ibsgd_bins(outputs: np.ndarray, labels: np.ndarray, width: float) -> tuple[float, float]:
    """As simplebinmi.py of artemyk/ibsgd: `floor(layerdata / binsize)`, unique rows of bytes."""
    rows = [row.tobytes() for row in np.floor(outputs / width).astype("int")]
    return plain(rows, labels.tolist())


def ibsgd_kde(
    outputs: np.ndarray, labels: np.ndarray, variance: float, bound: str
) -> tuple[float, float]:
    """As kde.py of artemyk/ibsgd, in float64: entropies of mixtures, noise entropy taken off."""

    def entropy_kl(x: np.ndarray, v: float) -> float:
        n, d = x.shape
        distances = ((x[:, None] - x[None]) ** 2).sum(axis=2) / (2 * v)
        densities = np.log(np.exp(-distances).sum(axis=1)) - np.log(n)
        return float(-(densities - d / 2 * np.log(2 * np.pi * v)).mean() + d / 2)

    def entropy(x: np.ndarray) -> float:
        if bound == "upper":
            return entropy_kl(x, variance)
        return entropy_kl(x, 4 * variance) + np.log(0.25) * x.shape[1] / 2

    noise = outputs.shape[1] / 2 * (np.log(2 * np.pi * variance) + 1)
    whole = entropy(outputs)
    within = sum((labels == y).mean() * entropy(outputs[labels == y]) for y in np.unique(labels))
    return (whole - noise) / np.log(2), (whole - within) / np.log(2)


def problem(
    n: int = 300, d: int = 4, n_classes: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    outputs = np.tanh(rng.normal(size=(n, d)) + labels[:, None])
    outputs[: n // 3] = outputs[n // 3 : 2 * (n // 3)]  # rows that are the same
    return outputs.astype(np.float32), labels


# ------------------------------------------------------------------ counting


@given(st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_counting_code_words(data: st.DataObject) -> None:
    n, d = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 5))
    most = data.draw(st.sampled_from([1, 3, 2**40]))  # the last is hashed
    symbols = data.draw(hnp.arrays(np.int64, (n, d), elements=st.integers(-most, most)))
    labels = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    found = discrete.information(symbols, labels)
    expected = plain([tuple(row) for row in symbols.tolist()], labels.tolist())
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_hashes_tell_rows_apart() -> None:
    rows = np.array(list(product(range(6), repeat=6)), dtype=np.uint64)
    assert len(np.unique(discrete.hashed(rows))) == len(rows)
    shifted = rows << np.uint64(52)  # as the bits of floats differ
    assert len(np.unique(discrete.hashed(shifted))) == len(rows)
    np.testing.assert_array_equal(discrete.hashed(rows[::-1])[::-1], discrete.hashed(rows))


# ------------------------------------------------------------------ binning


@given(
    hnp.arrays(
        np.float64,
        (20, 2),
        elements=st.one_of(
            st.floats(-3, 3),
            st.sampled_from([*np.linspace(-1, 1, 30), -1e300, 1e300, -0.0]),
            st.sampled_from(np.linspace(-1, 1, 30)).flatmap(
                lambda edge: st.sampled_from([np.nextafter(edge, -9), np.nextafter(edge, 9)])
            ),
        ),
    ),
    st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_value_is_in_the_bin_of_digitize(values: np.ndarray, dtype: type) -> None:
    with np.errstate(over="ignore"):
        values = np.clip(values, -3e38, 3e38).astype(dtype)
    edges = np.linspace(-1, 1, 30)
    expected = (np.digitize(values, edges) - 1) % 30  # -1 is the last
    np.testing.assert_array_equal(EdgeBins().symbols(values), expected)


def test_edge_bins_are_those_of_idnns() -> None:
    for seed in range(3):
        outputs, labels = problem(seed=seed, d=2 + 5 * seed)
        np.testing.assert_allclose(EdgeBins()(outputs, labels), idnns(outputs, labels), atol=1e-12)


@pytest.mark.parametrize("width", [0.07, 0.5])
def test_width_bins_are_those_of_ibsgd(width: float) -> None:
    outputs, labels = problem()
    found = WidthBins(width)(outputs, labels)
    np.testing.assert_allclose(found, ibsgd_bins(outputs, labels, width), atol=1e-12)


def test_mass_bins_have_equal_mass() -> None:
    outputs = np.random.default_rng(0).normal(size=(1200, 2)) ** 3
    for column in MassBins(30).symbols(outputs).T:
        assert np.bincount(column).tolist() == [40] * 30
    half_dead = np.maximum(outputs, np.quantile(outputs, 0.6, axis=0))
    assert [len(np.unique(column)) for column in MassBins(4).symbols(half_dead).T] == [3, 3]
    monotone = np.exp(outputs)  # ranks are all that counts
    np.testing.assert_array_equal(MassBins().symbols(monotone), MassBins().symbols(outputs))


def test_discrete_outputs_are_exact() -> None:
    rng = np.random.default_rng(1)
    symbols, labels = rng.integers(0, 4, (200, 3)), rng.integers(0, 2, 200)
    outputs = np.array([-1.0, -0.0, 0.5, 1.0], np.float32)[symbols]
    expected = plain([tuple(row) for row in symbols.tolist()], labels.tolist())
    np.testing.assert_allclose(Exact()(outputs, labels), expected, atol=1e-12)
    outputs[::2][outputs[::2] == 0] = 0.0  # the same number
    np.testing.assert_allclose(Exact()(outputs, labels), expected, atol=1e-12)


@given(st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_processing_loses_information(data: st.DataObject) -> None:
    """T -> f(T): what is exact obeys the data processing inequality."""
    n = data.draw(st.integers(1, 40))
    outputs = data.draw(hnp.arrays(np.int64, (n, 2), elements=st.integers(0, 3)))
    labels = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2)))
    coarser = data.draw(hnp.arrays(np.int64, 4, elements=st.integers(0, 3)))[outputs]
    before = Exact()(outputs.astype(float), labels)
    after = Exact()(coarser.astype(float), labels)
    assert after.input <= before.input + 1e-12
    assert after.label <= before.label + 1e-12


# ------------------------------------------------------------------ kernel density


@pytest.mark.parametrize("bound", ["upper", "lower"])
@pytest.mark.parametrize("variance", [1e-3, 0.1])
def test_kernel_density_is_that_of_ibsgd(bound: str, variance: float) -> None:
    for n, d, n_classes in ((50, 3, 2), (700, 12, 10), (1100, 2, 3)):  # more than a block
        outputs, labels = problem(n, d, n_classes)
        found = KernelDensity(variance, bound)(outputs, labels)
        expected = ibsgd_kde(outputs.astype(np.float64), labels, variance, bound)
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_far_from_zero_distances_are_kept() -> None:
    outputs, labels = problem()
    near, far = (KernelDensity(0.1)(outputs + shift, labels) for shift in (0, 1000.0))
    np.testing.assert_allclose(far, near, rtol=1e-3)


def test_points_far_apart_are_told_apart() -> None:
    """Of n of them every one: log2 n, by both bounds."""
    outputs, labels = np.arange(64.0)[:, None] * 100, np.arange(64) % 2
    for bound in ("upper", "lower"):
        assert KernelDensity(0.1, bound)(outputs, labels) == pytest.approx((6, 1))


def test_the_bounds_hold_for_a_gaussian() -> None:
    """T standard normal, noise v: I = d/2 log2(1 + 1/v); with many samples both bounds close in."""
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(size=(4000, 2)), np.zeros(4000, int)
    true = np.log2(1 + 1 / 0.1)
    upper, lower = (KernelDensity(0.1, b)(outputs, labels).input for b in ("upper", "lower"))
    assert lower < true < upper


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: e.name)
def test_order_of_examples_and_neurons_does_not_matter(estimator: Estimator) -> None:
    outputs, labels = problem()
    rng = np.random.default_rng(3)
    rows, columns = rng.permutation(len(outputs)), rng.permutation(outputs.shape[1])
    found, again = estimator(outputs, labels), estimator(outputs[rows][:, columns], labels[rows])
    np.testing.assert_allclose(again, found, rtol=1e-5, atol=1e-12)
    assert 0 <= found.label <= found.input + 1e-6
    assert found.label <= np.log2(3) + 1e-6


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: e.name)
def test_nothing_to_tell(estimator: Estimator) -> None:
    labels = np.array([0, 1, 1, 0])
    np.testing.assert_allclose(estimator(np.full((4, 3), 0.3), labels), (0, 0), atol=1e-6)
    np.testing.assert_allclose(estimator(np.zeros((1, 2)), np.array([1])), (0, 0), atol=1e-6)
    one_class = estimator(np.array([[0.0], [0.9], [0.9]]), np.array([2, 2, 2]))
    assert one_class.label == pytest.approx(0, abs=1e-6)
    assert one_class.input > 0
    assert isinstance(one_class, Estimate)


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: e.name)
def test_what_has_no_estimate_says_why(estimator: Estimator) -> None:
    with pytest.raises(EstimationError, match="not finite"):
        estimator(np.array([[np.nan, 1.0]]), np.array([0]))
    with pytest.raises(EstimationError, match="labels"):
        estimator(np.zeros((2, 1)), np.array([0]))
    with pytest.raises(EstimationError):
        estimator(np.zeros((0, 2)), np.zeros(0, int))
    assert estimator.name
    assert estimator.estimates


def test_names_tell_settings_apart() -> None:
    names = [e.name for e in (*ALL, EdgeBins(low=0), EdgeBins(10), WidthBins(0.5), MassBins(4))]
    assert names == [
        "edges-30",
        "width-0.07",
        "mass-30",
        "exact",
        "kde-upper-0.1",
        "kde-lower-0.1",
        "edges-30-0-1",
        "edges-10",
        "width-0.5",
        "mass-4",
    ]
