"""Compiled counts against those of the plain symbols."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuroninfo.neurons.quantization import Quantizer, uniform_edges
from tests.unit.plain import class_counts

FLOATS = st.floats(-(2.0**40), 2.0**40, width=32)


@st.composite
def outputs(draw: st.DrawFn) -> np.ndarray:
    """Outputs (n, neurons): any floats, few different ones, or relu's."""
    shape = (draw(st.integers(1, 70)), draw(st.integers(1, 5)))
    few = st.sampled_from([0.0, -0.0, 1.0, 1.0000001, 3.0, -2.5])
    values = draw(hnp.arrays(np.float32, shape, elements=draw(st.sampled_from([FLOATS, few]))))
    return np.maximum(values, 0) if draw(st.booleans()) else values


@given(
    values=outputs(),
    name=st.sampled_from(["threshold", "uniform", "quantile"]),
    bins=st.integers(2, 256),
    n_classes=st.integers(1, 4),
    data=st.data(),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_counts_are_those_of_the_symbols(
    values: np.ndarray, name: str, bins: int, n_classes: int, data: st.DataObject
) -> None:
    quantizer = Quantizer.named(name if name == "threshold" else f"{name}-{bins}")
    labels = data.draw(
        hnp.arrays(np.int64, (3, len(values)), elements=st.integers(0, n_classes - 1))
    )
    counts = quantizer.class_counts(values, labels, "relu", n_classes)
    symbols = quantizer.symbols(values, "relu")
    for labeling, found in zip(labels, counts, strict=True):
        plain = class_counts(symbols, labeling, quantizer.bins, n_classes)
        np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("name", ["uniform-30", "uniform-256", "quantile-7", "threshold"])
def test_many_examples(name: str) -> None:
    """More than one block of them, and values on the edges of equal bins."""
    rng = np.random.default_rng(3)
    values = (rng.integers(0, 257, (1000, 9)) / 8).astype(np.float32)
    values[:, 4] = 0.1
    labels = rng.integers(0, 10, (2, 1000))
    quantizer = Quantizer.named(name)
    symbols = quantizer.symbols(values, "relu")
    for labeling, found in zip(
        labels, quantizer.class_counts(values, labels, "relu", 10), strict=True
    ):
        plain = class_counts(symbols, labeling, quantizer.bins, 10)
        np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("bins", [3, 30, 256])
def test_values_beside_the_edges_of_equal_bins(bins: int) -> None:
    """The last float32 below an edge and the first not below: arithmetic alone misplaces some."""
    rng = np.random.default_rng(bins)
    low, high = (rng.normal(size=40).astype(np.float32) for _ in range(2))
    low, high = np.minimum(low, high), np.maximum(low, high)
    edges = uniform_edges(low, high, bins).astype(np.float32)
    beside = [np.nextafter(edges, np.float32(side)) for side in (-np.inf, np.inf)]
    values = np.concatenate([low[:, None], high[:, None], edges, *beside], axis=1).T
    labels = rng.integers(0, 3, (1, len(values)))
    quantizer = Quantizer.named(f"uniform-{bins}")
    plain = class_counts(quantizer.symbols(values, "relu"), labels[0], bins, 3)
    np.testing.assert_array_equal(quantizer.class_counts(values, labels, "relu", 3)[0], plain)


@pytest.mark.parametrize("name", ["uniform-5", "quantile-5", "threshold"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(name: str, bad: float) -> None:
    values = np.ones((5, 4), np.float32)
    values[3, 2] = bad
    with pytest.raises(ValueError, match="neuron 2 has an output that is not finite"):
        Quantizer.named(name).class_counts(values, np.zeros((1, 5), np.int64), "relu", 2)
