"""Symbols are what the definitions say, value by value."""

from fractions import Fraction

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.neurons.quantization import Quantizer, quantile_edges, uniform_edges

quick = settings(deadline=None, max_examples=80)

BINS = st.one_of(st.integers(2, 12), st.integers(2, 256))
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
TINY = float(np.float32(1e-45))
HUGE = float(np.finfo(np.float32).max)


@st.composite
def lattice(draw: st.DrawFn) -> np.ndarray:
    """Values among which many lie on an edge, and many are equal."""
    numbers = draw(hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(-60, 200)))
    return (numbers * 2.0 ** draw(st.integers(-8, 3))).astype(np.float32)


def wild() -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float32, st.integers(1, 40), elements=FINITE)


def symbols_of(name: str, values: np.ndarray, activation: str = "relu") -> list[int]:
    """Symbols of a single neuron."""
    return Quantizer.named(name).symbols(values[:, None], activation)[0].tolist()


def plain_uniform(values: np.ndarray, bins: int) -> list[int]:
    """Number of whole bin widths above the minimum, in rationals; the maximum in the last."""
    exact = [Fraction(float(value)) for value in values]
    low, high = min(exact), max(exact)
    return [min(int((value - low) * bins / (high - low)), bins - 1) for value in exact]


def plain_quantile(values: np.ndarray, bins: int) -> list[int]:
    """Inner edge k: smallest value with at least k/bins of all at or below it; duplicates merged.

    Nothing is above an edge at the maximum, so it is none.
    """
    observed = sorted(values.tolist())
    edges = set()
    for k in range(1, bins):
        for count, value in enumerate(observed, start=1):
            if count * bins >= k * len(observed):  # a later equal value gives the same edge
                edges.add(value)
                break
    edges.discard(observed[-1])
    return [sum(edge < value for edge in edges) for value in values.tolist()]


# --- names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("threshold", Quantizer("threshold", 2)),
        ("uniform-2", Quantizer("uniform", 2)),
        ("uniform-30", Quantizer("uniform", 30)),
        ("quantile-256", Quantizer("quantile", 256)),
    ],
)
def test_names(name: str, expected: Quantizer) -> None:
    assert Quantizer.named(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Threshold",
        "threshold-2",
        "uniform",
        "uniform-",
        "uniform-0",
        "uniform-1",
        "uniform-257",
        "uniform-1000",
        "uniform--4",
        "uniform-4.0",
        "quantile-04",
        "quantile-4\n",
        " quantile-4",
        "quantile_4",
        "quantile-1\N{ARABIC-INDIC DIGIT FOUR}",
        "quantile-" + "9" * 5000,
        "median-4",
    ],
)
def test_a_name_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"known are 'threshold'.*2 to 256") as caught:
        Quantizer.named(name)
    assert repr(name) in str(caught.value)


# --- threshold


def test_every_activation_has_its_threshold() -> None:
    thresholds = {name: activation.threshold for name, activation in ACTIVATIONS.items()}
    assert thresholds == {"relu": 0.0, "leaky_relu": 0.0, "tanh": 0.0, "silu": 0.0, "sigmoid": 0.5}


@pytest.mark.parametrize(
    ("activation", "values", "expected"),
    [
        ("relu", [0.0, -0.0, TINY, 0.4, HUGE], [0, 0, 1, 1, 1]),
        ("tanh", [-1.0, -TINY, -0.0, 0.0, TINY, 1.0], [0, 0, 0, 0, 1, 1]),
        ("leaky_relu", [-1.0, -TINY, -0.0, 0.0, TINY, 1.0], [0, 0, 0, 0, 1, 1]),
        ("silu", [-0.27, -TINY, -0.0, 0.0, TINY, 1.0], [0, 0, 0, 0, 1, 1]),
        (
            "sigmoid",
            [0.0, 0.4, 0.5, np.nextafter(np.float32(0.5), np.float32(1)), 1.0],
            [0] * 3 + [1] * 2,
        ),
    ],
)
def test_on_is_above_the_threshold(
    activation: str, values: list[float], expected: list[int]
) -> None:
    assert symbols_of("threshold", np.array(values, np.float32), activation) == expected


def test_an_activation_without_threshold_is_named() -> None:
    values = np.zeros((3, 2), np.float32)
    with pytest.raises(ValueError, match=r"'softmax' has no threshold; known are relu"):
        Quantizer.named("threshold").symbols(values, "softmax")


# --- uniform


def test_uniform_by_hand() -> None:
    values = np.array([0, 0.99, 1, 1.5, 2, 3, 3.99, 4], np.float32)
    assert symbols_of("uniform-4", values) == [0, 0, 1, 1, 2, 3, 3, 3]
    assert uniform_edges(np.array([0.0]), np.array([4.0]), 4).tolist() == [[1, 2, 3]]


@quick
@given(lattice().filter(lambda values: values.min() < values.max()), BINS)
@example(np.arange(15, dtype=np.float32), 50)  # linspace puts the edge 7 above 7
@example(np.arange(1, 23, dtype=np.float32), 75)
def test_uniform_is_the_plain_loop(values: np.ndarray, bins: int) -> None:
    assert symbols_of(f"uniform-{bins}", values) == plain_uniform(values, bins)


@quick
@given(wild().filter(lambda values: values.min() < values.max()), BINS)
@example(np.array([-HUGE, 0, HUGE], np.float32), 2)
@example(np.array([0, TINY], np.float32), 256)
@example(np.array([1, np.nextafter(np.float32(1), np.float32(2))], np.float32), 256)
def test_uniform_spans_the_range_of_any_values(values: np.ndarray, bins: int) -> None:
    symbols = np.array(symbols_of(f"uniform-{bins}", values))
    assert set(symbols[values == values.min()]) == {0}
    assert set(symbols[values == values.max()]) == {bins - 1}
    assert (np.diff(symbols[np.argsort(values)]) >= 0).all()
    # The edges are rounded once: only a value within that of an edge may be on its other side.
    room = 2.0**-50 * float(np.abs(values.astype(np.float64)).max())
    for value, symbol, plain in zip(
        values.tolist(), symbols, plain_uniform(values, bins), strict=True
    ):
        if symbol != plain:
            assert abs(symbol - plain) == 1
            edges = uniform_edges(values.min(keepdims=True), values.max(keepdims=True), bins)
            assert np.abs(edges - value).min() <= room


# --- quantile


def test_quantile_by_hand() -> None:
    values = np.array([5, 1, 2, 4, 3, 6, 8, 7], np.float32)
    assert symbols_of("quantile-4", values) == [2, 0, 0, 1, 1, 2, 3, 3]
    assert quantile_edges(values, 4).tolist() == [2, 4, 6]
    # Mostly zero: three of the edges are zero, one is left, and then the one at 3.
    values = np.array([0] * 7 + [3, 4, 9], np.float32)
    assert quantile_edges(values, 5).tolist() == [0, 3]
    assert symbols_of("quantile-5", values) == [0] * 7 + [1, 2, 2]
    # Mostly at the maximum: no edge there, above which nothing is.
    values = np.array([1, 2] + [6] * 8, np.float32)
    assert symbols_of("quantile-5", values) == [0, 0] + [1] * 8


@quick
@given(st.one_of(lattice(), wild()), BINS)
@example(np.arange(100, dtype=np.float32), 100)  # 0.07 * 100 is more than 7
@example(np.arange(25, dtype=np.float32), 100)
def test_quantile_is_the_plain_loop(values: np.ndarray, bins: int) -> None:
    assert symbols_of(f"quantile-{bins}", values) == plain_quantile(values, bins)


@quick
@given(BINS, st.integers(1, 5), st.integers(0, 99))
@example(100, 1, 0)
@example(100, 3, 0)
def test_different_values_fill_quantile_bins_equally(bins: int, each: int, seed: int) -> None:
    values = np.random.default_rng(seed).permutation(bins * each).astype(np.float32)
    counts = np.bincount(symbols_of(f"quantile-{bins}", values), minlength=bins)
    assert counts.tolist() == [each] * bins


@quick
@given(st.one_of(lattice(), wild()), BINS)
def test_no_quantile_bin_is_empty(values: np.ndarray, bins: int) -> None:
    symbols = symbols_of(f"quantile-{bins}", values)
    assert sorted(set(symbols)) == list(range(len(quantile_edges(values, bins)) + 1))
    for value in values:  # equal values, equal symbols
        assert len({s for s, v in zip(symbols, values, strict=True) if v == value}) == 1


@quick
@given(st.data(), BINS)
def test_quantile_symbols_depend_on_ranks_only(data: st.DataObject, bins: int) -> None:
    n_values = data.draw(st.integers(1, 12))
    before, after = (
        np.array(
            sorted(data.draw(st.lists(FINITE, min_size=n_values, max_size=n_values, unique=True))),
            np.float32,
        )
        for _ in range(2)
    )
    ranks = data.draw(
        hnp.arrays(np.intp, st.integers(1, 40), elements=st.integers(0, n_values - 1))
    )
    name = f"quantile-{bins}"
    assert symbols_of(name, before[ranks]) == symbols_of(name, after[ranks])


# --- all of them


@pytest.mark.parametrize(
    "name", ["threshold", "uniform-2", "uniform-256", "quantile-2", "quantile-256"]
)
@pytest.mark.parametrize("value", [0.0, -0.0, TINY, 0.1, -HUGE, HUGE])
def test_a_constant_neuron_has_one_symbol(name: str, value: float) -> None:
    assert len(set(symbols_of(name, np.full(7, value, np.float32)))) == 1
    assert len(set(symbols_of(name, np.full(1, value, np.float32)))) == 1


@pytest.mark.parametrize("name", ["threshold", "uniform-5", "quantile-5"])
def test_both_zeros_are_one_value(name: str) -> None:
    zeros = symbols_of(name, np.array([0.0, -0.0, 1.0, -0.0, 0.0], np.float32))
    assert zeros == symbols_of(name, np.array([0.0, 0.0, 1.0, 0.0, 0.0], np.float32))
    assert zeros[0] != zeros[2]


@quick
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 20), st.integers(1, 4)), elements=FINITE),
    st.one_of(
        st.just("threshold"),
        st.builds("{}-{}".format, st.sampled_from(["uniform", "quantile"]), BINS),
    ),
    st.sampled_from(sorted(ACTIVATIONS)),
)
def test_each_neuron_is_quantized_by_itself(values: np.ndarray, name: str, activation: str) -> None:
    quantizer, before = Quantizer.named(name), values.copy()
    symbols = quantizer.symbols(values, activation)
    assert symbols.shape == values.shape[::-1]
    assert symbols.dtype == np.uint8
    assert symbols.max() < quantizer.bins
    for neuron, row in enumerate(symbols):
        assert row.tolist() == symbols_of(name, values[:, neuron], activation)
    assert values.tobytes() == before.tobytes()


@pytest.mark.parametrize("name", ["threshold", "uniform-4", "quantile-4"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_neuron_that_is_not_finite_is_named(name: str, value: float) -> None:
    values = np.zeros((5, 4), np.float32)
    values[3, 2] = value
    with pytest.raises(ValueError, match=r"neuron 2 has an output that is not finite"):
        Quantizer.named(name).symbols(values, "relu")


def test_all_256_symbols_fit() -> None:
    values = np.arange(256, dtype=np.float32)
    for kind in ("uniform", "quantile"):
        assert symbols_of(f"{kind}-256", values) == list(range(256))
