"""Information of a layer's outputs, against other people's formulas written out here."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import digamma as psi
from scipy.special import logsumexp

from neuroninfo.planes.estimators import discrete, latent, neighbours
from neuroninfo.planes.estimators.binning import EdgeBins, Exact, MassBins, WidthBins
from neuroninfo.planes.estimators.kernel_density import KernelDensity
from neuroninfo.planes.estimators.latent import Latent
from neuroninfo.planes.estimators.neighbours import KozachenkoLeonenko, Kraskov
from neuroninfo.planes.estimators.neural import InfoNCE, Smile
from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, Estimator
from neuroninfo.planes.estimators.renyi import Renyi
from neuroninfo.planes.estimators.sample_propagation import SamplePropagation
from neuroninfo.planes.estimators.sliced import Sliced
from neuroninfo.results.planes import COUNTED
from neuroninfo.streams import Stream, generator

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


@pytest.mark.parametrize("columns", [1, 4, 9, 12, 14])  # 32 bits, 64 bits, hashed
@pytest.mark.parametrize("far", [0, -(2**60), 2**60])
def test_words_of_any_length(columns: int, far: int) -> None:
    rng = np.random.default_rng(columns)
    symbols = rng.integers(0, 30, (200, columns))
    symbols[50:] = symbols[rng.integers(0, 50, 150)]
    labels = rng.integers(0, 3, 200)
    expected = plain([tuple(row) for row in symbols.tolist()], labels.tolist())
    assert discrete.information(symbols + far, labels) == pytest.approx(expected, abs=1e-12)


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
    for number in (30, 100):  # compared with all edges, and looked up
        edges = np.linspace(-1, 1, number)
        expected = (np.digitize(values, edges) - 1) % number  # -1 is the last
        np.testing.assert_array_equal(EdgeBins(number).symbols(values), expected)


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
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(
    radius=st.floats(-3, 8).map(lambda power: 10**power),
    spread=st.floats(-4, 1).map(lambda power: 10**power),
    variance=st.floats(-4, 0).map(lambda power: 10**power),
    bound=st.sampled_from(["upper", "lower"]),
    seed=st.integers(0, 100),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_tight_clusters_far_apart(
    radius: float, spread: float, variance: float, bound: str, seed: int
) -> None:
    """Distances within a cluster count however far it is from the others."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 40)
    clusters = radius * rng.normal(size=(4, 5))[rng.integers(0, 4, 40)]
    outputs = clusters + spread * rng.normal(size=(40, 5))
    found = KernelDensity(variance, bound)(outputs, labels)
    expected = ibsgd_kde(outputs, labels, variance, bound)
    # The references lose digits themselves where they take the noise's entropy off.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-11)


def test_far_from_zero_distances_are_kept() -> None:
    outputs, labels = problem()
    near, far = (KernelDensity(0.1)(outputs.astype(float) + x, labels) for x in (0, 1024.0))
    np.testing.assert_allclose(far, near, rtol=1e-9)


def test_beyond_float64_there_is_no_estimate() -> None:
    outputs = np.array([[1e308], [1.5e308], [1.7e308]])
    with pytest.raises(EstimationError, match="float64"):
        KernelDensity(0.1)(outputs, np.array([0, 1, 1]))
    far = KernelDensity(0.1)(np.array([[0.0], [1e200], [-1e200]]), np.zeros(3, int))
    assert far == pytest.approx((math.log2(3), 0))


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


# ---------------------------------------------- by neighbours, spectra, critics, and samples


def kraskov_entropy(points: np.ndarray, k: int) -> float:
    """Kraskov et al. 2004, equation 20, pair by pair, in bits."""
    n, d = points.shape
    ball = math.pi ** (d / 2) / math.gamma(d / 2 + 1)
    distances = [sorted(math.dist(p, q) for q in points)[k] for p in points]
    nats = psi(n) - psi(k) + math.log(ball) + d * np.mean(np.log(distances))
    return nats / math.log(2)


def ross(points: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Ross 2014, equation 2, pair by pair, in bits."""
    terms = []
    for point, label in zip(points, labels, strict=True):
        own = sorted(math.dist(point, q) for q in points[labels == label])
        near = sum(math.dist(point, q) <= own[k] for q in points) - 1
        terms.append(psi(len(points)) - psi((labels == label).sum()) + psi(k) - psi(near))
    return float(np.mean(terms)) / math.log(2)


def sample(n: int, d: int, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(d)
    labels = np.arange(n) % n_classes
    return (rng.normal(size=(n, d)) + labels[:, None]).astype(np.float32), labels


@pytest.mark.parametrize("d", [1, 3, 16])  # 16: without a tree
def test_neighbours_are_counted_as_in_the_papers(d: int) -> None:
    outputs, labels = sample(60, d)
    variance, k = 0.2, 3
    noise = generator(7, Stream.ESTIMATOR, "neighbours").normal(size=outputs.shape)
    noisy = outputs + math.sqrt(variance) * noise
    entropy = kraskov_entropy(noisy, k)
    of_noise = d / 2 * math.log2(2 * math.pi * math.e * variance)
    within = np.mean([kraskov_entropy(noisy[labels == y], k) for y in range(3)])
    kozachenko = KozachenkoLeonenko(variance, k, study_seed=7)(outputs, labels)
    assert kozachenko == pytest.approx((entropy - of_noise, entropy - within))
    kraskov = Kraskov(variance, k, study_seed=7)(outputs, labels)
    assert kraskov == pytest.approx((entropy - of_noise, ross(noisy, labels, k)))


def test_products_find_the_neighbours_that_a_tree_finds() -> None:
    rng = np.random.default_rng(1)
    counts = np.array([30, 4, 66])
    points = rng.normal(size=(100, 6)) + 1e3  # far from 0
    for found, expected in zip(
        neighbours._by_products(points, counts, 3),
        neighbours._by_tree(points, counts, 3),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_neighbours_of_some_stand_for_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, labels = sample(1200, 12)
    whole = Kraskov(0.2, study_seed=1)(outputs, labels)
    monkeypatch.setattr(neighbours, "_QUERIES", 400)
    some = Kraskov(0.2, study_seed=2)(outputs, labels)
    assert some == pytest.approx(whole, abs=0.25)


@pytest.mark.parametrize("estimator", [KozachenkoLeonenko(), Kraskov()])
def test_too_few_of_a_class_for_neighbours(estimator: Estimator) -> None:
    outputs, labels = sample(30, 2)
    labels[labels == 1] = 0
    labels[:3] = 1
    with pytest.raises(EstimationError, match="class 1 has 3 examples, and 3 neighbours"):
        estimator(outputs, labels)


def test_spectra_are_those_of_the_joint_matrix() -> None:
    """Sanchez Giraldo et al. 2015: A of T and of (T, Y), all eigenvalues of the whole matrix."""
    outputs, labels = sample(40, 4)
    values = outputs / outputs.astype(np.float64).std(axis=0)
    n, width = len(values), 1.5 * len(values) ** (-1 / 8)
    kernel = np.exp([[-(math.dist(a, b) ** 2) / (2 * width**2) for b in values] for a in values])
    same = (labels[:, None] == labels[None]).astype(float)

    def entropy(gram: np.ndarray) -> float:
        eigenvalues = np.linalg.eigvalsh(gram / np.trace(gram)).clip(0)
        return float(np.log2((eigenvalues**1.3).sum()) / (1 - 1.3))

    expected = entropy(kernel), entropy(kernel) + entropy(same) - entropy(kernel * same)
    assert Renyi(1.3, factor=1.5)(outputs, labels) == pytest.approx(expected)
    # Where no two outputs are alike, every input is told apart.
    apart = np.arange(40.0)[:, None] * 1e3
    assert Renyi(1.01, factor=1e-3)(apart, labels).input == pytest.approx(math.log2(40))
    assert Renyi()(np.ones((40, 2)), labels) == pytest.approx((0, 0), abs=1e-9)
    assert n == 40


def test_many_examples_are_drawn_from_once() -> None:
    outputs, labels = sample(300, 2)
    few = Renyi(most=50, study_seed=1)
    assert few(outputs, labels) == few(outputs, labels)
    assert few(outputs, labels).input <= math.log2(50)
    assert few(outputs, labels) != Renyi(most=50, study_seed=2)(outputs, labels)


KNOWN_NOISE = 0.25


@pytest.fixture(scope="module")
def gaussian() -> tuple[np.ndarray, np.ndarray, float, float]:
    """Two classes in two dimensions, I(X; T + noise) and I(Y; T + noise) by integration."""
    rng = np.random.default_rng(0)
    labels = np.arange(4000) % 2
    outputs = rng.normal(size=(4000, 2))
    outputs[:, 0] += 2 * labels
    scale = math.sqrt(1 + KNOWN_NOISE)
    x = np.linspace(-8, 10, 20001)
    parts = [
        np.exp(-((x - m) ** 2) / (2 * scale**2)) / (scale * math.sqrt(2 * math.pi)) for m in (0, 2)
    ]
    whole = (parts[0] + parts[1]) / 2

    def h(density: np.ndarray) -> float:
        return float(-(density * np.log2(density)).sum() * (x[1] - x[0]))

    label = h(whole) - h(parts[0])
    of_input = label + 2 * 0.5 * math.log2((1 + KNOWN_NOISE) / KNOWN_NOISE)
    return outputs, labels, of_input, label


def test_known_information(gaussian: tuple[np.ndarray, np.ndarray, float, float]) -> None:
    outputs, labels, of_input, of_label = gaussian
    for estimator in (KozachenkoLeonenko(KNOWN_NOISE), Kraskov(KNOWN_NOISE)):
        assert estimator(outputs, labels) == pytest.approx((of_input, of_label), abs=0.06)
    propagation = SamplePropagation(2).information(
        np.stack([outputs, outputs]), labels, math.sqrt(KNOWN_NOISE)
    )
    assert propagation.low == propagation.high  # no noise below
    assert propagation.middle == pytest.approx((of_input, of_label), abs=0.05)
    bound = InfoNCE(KNOWN_NOISE)(outputs, labels)
    assert bound == pytest.approx((of_input, of_label), abs=0.4)
    assert bound.input < of_input + 0.05
    assert bound == InfoNCE(KNOWN_NOISE)(outputs, labels)


def test_smile_is_not_capped_at_log2_of_the_batch() -> None:
    """Of a Gaussian in d dimensions with noise v, I(X; T + noise) = d/2 log2(1 + 1/v)."""
    outputs = np.random.default_rng(1).normal(size=(2048, 3))
    labels, variance = np.arange(2048) % 2, 0.02
    true = 3 / 2 * math.log2(1 + 1 / variance)  # 8.5 bit
    few = {"variance": variance, "batch": 16}
    assert InfoNCE(**few)(outputs, labels).input < 4 < true
    found = Smile(**few)(outputs, labels)
    assert 4.5 < found.input < true + 1
    assert found == Smile(**few)(outputs, labels)
    assert found.label == pytest.approx(0, abs=0.05)


def test_smile_of_scores_by_hand() -> None:
    """Song and Ermon 2020: mean of pairs less log mean exp of the clipped others, in nats."""
    scores = torch.tensor([[3.0, -9.0, 1.0], [0.5, 2.0, 8.0], [0.0, -1.0, 4.0]])
    others = np.clip([-9.0, 1.0, 0.5, 8.0, 0.0, -1.0], -5, 5)
    smile = Smile()
    expected = 3.0 - math.log(np.exp(others).mean())
    assert smile._nats(float(smile._lacking(scores))) == pytest.approx(expected)
    told = [-math.log(1 + math.exp(-x)) for x in (3.0, 2.0, 4.0)]
    apart = [math.log(1 + math.exp(x)) for x in (-9.0, 1.0, 0.5, 8.0, 0.0, -1.0)]
    assert float(smile._loss(scores)) == pytest.approx(np.mean(apart) - np.mean(told))


def test_sliced_information_of_a_gaussian() -> None:
    """By integration over the angle of a slice, in two dimensions."""
    rng = np.random.default_rng(4)
    deviations, variance = np.array([2.0, 0.3]), 0.05
    outputs, labels = rng.normal(size=(3000, 2)) * deviations, np.arange(3000) % 2
    outputs[:, 0] += np.where(labels == 1, 2.0, -2.0)  # centres that only the first axis tells

    def of_angle(angle: float) -> tuple[float, float]:
        w = np.array([math.cos(angle), math.sin(angle)])
        scale = math.sqrt(float((w**2 * deviations**2).sum()) + variance)
        x = np.linspace(-15, 15, 3001)
        parts = [scipy.stats.norm.pdf(x, side * 2.0 * w[0], scale) for side in (-1, 1)]
        whole = (parts[0] + parts[1]) / 2
        h = [-float(np.trapezoid(scipy.special.xlogy(p, p), x)) for p in (whole, parts[0])]
        of_noise = math.log(2 * math.pi * math.e * variance) / 2
        return (h[0] - of_noise) / math.log(2), (h[0] - h[1]) / math.log(2)

    known = np.mean([of_angle(angle) for angle in np.pi * (np.arange(90) + 0.5) / 90], axis=0)
    estimator = Sliced(variance, slices=200)
    found = estimator(outputs, labels)
    # The slices differ: a standard error of about 0.05 bit.
    assert found == pytest.approx(tuple(known), abs=0.15)
    # Of just these slices there is no such error.
    own = np.mean([of_angle(math.atan2(*w[::-1])) for w in estimator.directions(2)], axis=0)
    assert found == pytest.approx(tuple(own), abs=0.03)


def test_neighbours_in_pairs_of_variables() -> None:
    """Kraskov et al. 2004, equation 8, pair by pair; and the closed form of a Gaussian."""
    rng = np.random.default_rng(2)
    one = rng.normal(size=(50, 2))
    other = one[:, :1] + rng.normal(size=(50, 1))

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a - b).max())

    terms = []
    for i in range(50):
        others = [j for j in range(50) if j != i]
        both = sorted(max(apart(one[i], one[j]), apart(other[i], other[j])) for j in others)
        near = [sum(apart(v[i], v[j]) < both[2] for j in others) for v in (one, other)]
        terms.append(psi(3) + psi(50) - psi(near[0] + 1) - psi(near[1] + 1))
    assert latent.information(one, other, 3) == pytest.approx(np.mean(terms) / math.log(2))
    many = rng.normal(size=(4000, 1))
    noisy = many + 0.5 * rng.normal(size=(4000, 1))
    assert latent.information(many, noisy, 3) == pytest.approx(math.log2(5) / 2, abs=0.05)


def test_learned_numbers_of_a_wide_layer() -> None:
    """Two numbers behind 60 neurons: log2(1 + 1/v), of which neighbours of the layer miss more."""
    rng = np.random.default_rng(6)
    hidden = rng.normal(size=(3000, 2))
    wide = hidden @ np.linalg.qr(rng.normal(size=(60, 2)))[0].T
    labels, variance = (hidden[:, 0] > 0).astype(int), 0.1
    true = math.log2(1 + 1 / variance)
    x = np.linspace(-6, 6, 4001)  # of the first number plus noise
    density = scipy.stats.norm.pdf(x, scale=math.sqrt(1 + variance))
    positive = scipy.stats.norm.cdf(x / math.sqrt(variance * (1 + variance)))
    unknown = -(scipy.special.xlogy(positive, positive) * 2 / math.log(2))  # both classes alike
    of_label = 1 - float(np.trapezoid(density * unknown, x))
    found = Latent(variance, latents=2)(wide, labels)
    layer = KozachenkoLeonenko(variance)(wide, labels)
    assert 0.6 * true < found.input < true + 0.1
    assert true - found.input < abs(true - layer.input)
    assert 0.75 * of_label < found.label < of_label + 0.05
    assert found == Latent(variance, latents=2)(wide, labels)


def test_few_examples_for_learned_numbers() -> None:
    with pytest.raises(EstimationError, match="300 examples: one half needs a batch of 256"):
        Latent()(*sample(300, 2))


def test_slices_are_of_length_one_and_stay() -> None:
    directions = Sliced(slices=7).directions(5)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    np.testing.assert_array_equal(directions, Sliced(0.2, slices=7).directions(5))
    assert (directions != Sliced(slices=7, study_seed=1).directions(5)).all()


def test_one_dimension_has_one_slice() -> None:
    outputs, labels = sample(200, 1)
    whole = Kraskov(0.2)(outputs, labels)
    up = Sliced(0.2, slices=1)
    signed = Kraskov(0.2)(outputs.astype(float) * up.directions(1)[0, 0], labels)
    assert up(outputs, labels) == signed
    assert signed == pytest.approx(whole, abs=0.1)


def linear_network(depth: int, draws: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, float]:
    """Centres of the last of some linear layers with noise, labels, and I(X;T) in bits.

    T given x is Gaussian around A x, so the density is known: a mean over 40,000 samples.
    """
    rng = np.random.default_rng(seed)
    n, d = 200, 3
    inputs = rng.normal(size=(n, d))
    labels = (inputs[:, 0] > 0).astype(int)
    values, covariance, whole = np.repeat(inputs[None], draws, axis=0), np.zeros((d, d)), np.eye(d)
    for _ in range(depth):
        weight = rng.normal(size=(d, d)) * 0.6
        centres = values @ weight.T
        values = centres + DEVIATION * rng.normal(size=centres.shape)
        covariance = weight @ covariance @ weight.T + DEVIATION**2 * np.eye(d)
        whole = weight @ whole
    unit = np.linalg.inv(np.linalg.cholesky(covariance))  # where T given x has variance 1
    means = inputs @ (unit @ whole).T
    samples = means + rng.normal(size=(200, n, d))
    squares = ((samples[:, :, None] - means) ** 2).sum(axis=-1) / 2
    of_input = -np.diagonal(squares, axis1=1, axis2=2)
    known = (of_input - logsumexp(-squares, axis=2)).mean() + math.log(n)
    return centres, labels, float(known / math.log(2))


DEVIATION = 0.3


@pytest.mark.parametrize("depth", [2, 3])
def test_propagation_in_linear_networks(depth: int) -> None:
    """The known value lies between bounds that meet as draws are added."""
    widths = []
    for draws in (4, 16, 64):
        centres, labels, known = linear_network(depth, draws)
        low, high = SamplePropagation(draws).information(centres, labels, DEVIATION)
        sampling = 0.05  # of a mean over draws x 200 samples
        assert low.input - sampling < known < high.input + sampling
        assert low.label - 1e-3 < high.label
        widths.append(high.input - low.input)
    assert (high.input + low.input) / 2 == pytest.approx(known, abs=0.05)
    assert widths[0] > 2 * widths[1] > 4 * widths[2] > 0


def test_propagation_says_at_most_log_n() -> None:
    """Inputs far apart, each with noise below: log2 n by both bounds, however few the draws."""
    rng = np.random.default_rng(3)
    centres = 100.0 * np.arange(64)[:, None] + rng.normal(size=(3, 64, 1))
    bounds = SamplePropagation(3).information(centres, np.arange(64) % 2, 0.1)
    assert bounds.low == pytest.approx((6, 1))
    assert bounds.high == pytest.approx((6, 1))


def test_propagation_pair_by_pair() -> None:
    rng = np.random.default_rng(5)
    draws, n, d, deviation = 3, 17, 2, 0.4
    centres, labels = rng.normal(size=(draws, n, d)), np.arange(n) % 3
    order = np.argsort(labels, kind="stable")
    drawn = [(k, i) for i in order for k in range(draws)]  # class after class
    noise = generator(0, Stream.ESTIMATOR, "propagation").standard_normal((draws * n, d))
    results = []
    for with_own in (False, True):
        terms = []
        for (k, i), z in zip(drawn, noise, strict=True):
            point = centres[k, i] + deviation * z
            density = np.exp(-((point - centres) ** 2).sum(axis=-1) / (2 * deviation**2))
            given = density.mean(axis=0)  # of each input
            if not with_own:
                given[i] = np.delete(density[:, i], k).mean()
            of_class = given[labels == labels[i]].mean()
            terms.append(np.log2([given[i] / given.mean(), of_class / given.mean()]))
        results.append(np.mean(terms, axis=0))
    found = SamplePropagation(draws).information(centres, labels, deviation)
    np.testing.assert_allclose(found, [np.maximum(results[0], 0), results[1]], rtol=1e-9)


def test_outputs_without_noise_are_refused() -> None:
    with pytest.raises(EstimationError, match="without noise of the network's own"):
        SamplePropagation()(*sample(20, 2))


def test_dead_neurons_do_not_blind_a_critic() -> None:
    outputs, labels = sample(2000, 2)
    dead = np.concatenate([outputs, np.zeros((2000, 30), dtype=np.float32)], axis=1)
    found = InfoNCE(0.1)(dead, labels)
    assert found.input > 2
    assert found.label > 0.5


def test_few_examples_for_a_critic() -> None:
    with pytest.raises(EstimationError, match="60 examples: both halves need two batches of 256"):
        InfoNCE()(*sample(60, 2))


@pytest.mark.parametrize(
    "estimator",
    [
        Renyi(),
        Renyi(2.0),
        KozachenkoLeonenko(),
        Kraskov(),
        Sliced(slices=3),
        Latent(batch=8, steps=3),
        InfoNCE(batch=8, steps=3),
        Smile(batch=8, steps=3),
    ],
    ids=lambda e: e.name,
)
def test_what_others_are_given(estimator: Estimator) -> None:
    outputs, labels = sample(64, 3)
    assert np.isfinite(estimator(outputs, labels)).all()
    assert estimator(outputs, labels) == estimator(outputs.copy(), labels.copy())
    with pytest.raises(EstimationError, match="not finite"):
        estimator(np.where(outputs > 2, np.nan, outputs), labels)
    with pytest.raises(EstimationError, match="64 rows of outputs and 63 labels"):
        estimator(outputs, labels[1:])
    assert estimator.estimates


@pytest.mark.parametrize("concentration", [0.1, 1.0, 100.0])
def test_a_count_of_few_outputs_is_hardly_too_low(concentration: float) -> None:
    """Of d neurons of 1 bit with 2^d <= n / 8, whatever the probabilities (Paninski 2003)."""
    n, d = 1024, 7
    assert d == np.log2(n) - COUNTED
    random = np.random.default_rng(0)
    errors = []
    for _ in range(30):
        p = random.dirichlet(np.full(2**d, concentration))
        drawn = random.choice(2**d, n, p=p)
        outputs = 2.0 * (drawn[:, None] >> np.arange(d) & 1) - 1
        known = -(p * np.log2(np.maximum(p, 1e-300))).sum()
        errors.append(Exact()(outputs, np.zeros(n, dtype=int)).input - known)
    deviation = 4 * np.std(errors) / np.sqrt(len(errors))
    assert -np.log2(1 + 2**-COUNTED) < np.mean(errors) + deviation
    assert np.mean(errors) < deviation
