"""Few bits: grids against plain rounding, ablation against masked passes in integers."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.ablation.curves import cumulative
from neuroninfo.figures import precision as figures_precision
from neuroninfo.files import storage, tables
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Architecture, Normalization, Stack
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.results import low_bit as results_low_bit
from neuroninfo.results.curves import areas, mean_accuracy
from neuroninfo.smaller import low_bit, low_bit_ablation
from neuroninfo.smaller.quantized_network import (
    Grid,
    QuantizedNetwork,
    output_grid,
    quantized,
    weight_grid,
)
from neuroninfo.smaller.settings import LowBitSettings
from neuroninfo.streams import Stream, generator
from tests.unit import plain
from tests.unit.blocks import gathered
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

SETTINGS = LowBitSettings(study_seed=3, bits=(32, 4, 2), random=2, shuffles=3, rows=50)


def make_network(
    rng: np.random.Generator,
    hidden: tuple[int, ...],
    activation: str = "relu",
    *,
    seeds: tuple[int, ...] = (4,),
    batch_norm: bool = False,
) -> Stack:
    architecture = Architecture(5, hidden, 3, activation, batch_norm)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=(len(seeds), *shape)).astype(np.float32)

    sizes = zip(architecture.widths[:-1], architecture.widths[1:], strict=True)
    return Stack(
        architecture,
        seeds,
        [normal(n_out, n_in) for n_in, n_out in sizes],
        [normal(n_out) for n_out in architecture.widths[1:]],
        [
            Normalization(normal(n), normal(n), normal(n), normal(n) ** 2 + 0.1)
            for n in hidden
            if batch_norm
        ],
    )


def make_examples(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(n, 5)).astype(np.float32), rng.integers(0, 3, n)


# ------------------------------------------------------------------ grids


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(2, 8), st.booleans())
def test_rounding_twice_is_rounding_once(seed: int, width: int, bits: int, signed: bool) -> None:
    values = np.random.default_rng(seed).normal(size=(20, width)).astype(np.float32)
    for grid, there in (
        (output_grid(values if signed else np.abs(values), bits), values),
        (weight_grid(values, bits), values),
    ):
        rounded = grid.rounded(there)
        assert rounded.dtype == np.float32
        assert grid.rounded(rounded).tobytes() == rounded.tobytes()
        assert len(np.unique(grid.integers(there))) <= 2**bits
        assert (grid.integers(np.zeros_like(there)) == 0).all()


def test_values_go_to_the_nearest_point_of_the_grid() -> None:
    grid = Grid(np.float32(0.5), -2, 5)
    points = np.arange(-2, 6) * 0.5
    values = np.linspace(-3, 4, 1001).astype(np.float32)
    nearest = points[np.abs(values[:, None] - points).argmin(axis=1)]
    between = np.isclose(values % 0.5, 0.25)  # as near to one as to the other
    np.testing.assert_array_equal(grid.rounded(values)[~between], nearest[~between])


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_steps_have_the_least_error_of_all_shares(bits: int) -> None:
    weight = np.random.default_rng(0).standard_t(3, size=(4, 300)).astype(np.float32)
    grid = weight_grid(weight, bits)
    highest = 2 ** (bits - 1) - 1
    assert (grid.lowest, grid.highest) == (-highest, highest)
    for row, step in zip(weight, grid.step[:, 0], strict=True):
        errors = []
        for share in np.arange(1, 51) / 50:
            candidate = share * np.abs(row).max() / highest
            integers = np.clip(np.round(row / candidate), -highest, highest)
            errors.append((((integers * candidate) - row) ** 2).sum())
        ours = ((np.clip(np.round(row / step), -highest, highest) * step - row) ** 2).sum()
        assert ours == pytest.approx(min(errors), rel=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "ends"), [(0, 6, (0, 3)), (-1, 1, (-2, 1)), (-6, 0, (-3, 0))]
)
def test_grids_of_outputs_span_their_range(low: int, high: int, ends: tuple[int, int]) -> None:
    outputs = np.linspace(low, high, 4, dtype=np.float32)[:, None]
    grid = output_grid(outputs, 2)
    assert (grid.lowest, grid.highest) == ends
    if low == 0 or high == 0:
        np.testing.assert_allclose(grid.rounded(outputs), outputs)


def test_a_layer_that_is_off_and_a_neuron_without_weights() -> None:
    zeros = np.zeros((3, 2), np.float32)
    assert (output_grid(zeros, 4).rounded(zeros) == 0).all()
    weight = np.array([[0, 0], [1, -3]], np.float32)
    rounded = weight_grid(weight, 8).rounded(weight)
    assert (rounded[0] == 0).all()
    np.testing.assert_allclose(rounded[1], weight[1], atol=0.02)


@pytest.mark.parametrize("bits", [1, 17, 0, 64])
def test_bits_that_mean_nothing(bits: int) -> None:
    with pytest.raises(ValueError, match=f"bits: {bits}; give 2 to 16, or 32"):
        weight_grid(np.ones((1, 1), np.float32), bits)
    with pytest.raises(ValueError, match=f"bits: {bits}"):
        output_grid(np.ones((1, 1), np.float32), bits)


# ------------------------------------------------------------------ networks


def plain_outputs(network: Stack, inputs: np.ndarray) -> list[np.ndarray]:
    """In float64, batch norm where it stands."""
    values, results = inputs.astype(np.float64), []
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weight[0].T.astype(np.float64) + bias[0]
        if layer < len(network.architecture.hidden):
            if network.normalizations:
                n = network.normalizations[layer]
                values = (values - n.mean[0]) / np.sqrt(n.variance[0] + 1e-5) * n.scale[0]
                values = values + n.shift[0]
            values = plain.ACTIVATED[network.architecture.activation](values)
        results.append(values)
    return results


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_sixteen_bits_are_nearly_the_network(activation: str, batch_norm: bool) -> None:
    rng = np.random.default_rng(1)
    network = make_network(rng, (7, 4, 6), activation, batch_norm=batch_norm)
    inputs, _ = make_examples(rng, 200)
    few = quantized(network, 16, inputs)
    for ours, theirs in zip(few.outputs(inputs), plain_outputs(network, inputs), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, atol=2e-3 * np.abs(theirs).max())


def test_fewer_bits_are_further_from_it() -> None:
    rng = np.random.default_rng(1)
    network = make_network(rng, (20, 20))
    inputs, _ = make_examples(rng, 500)
    exact = plain_outputs(network, inputs)[-1]
    errors = [
        np.square(quantized(network, bits, inputs).outputs(inputs)[-1] - exact).mean()
        for bits in (16, 8, 4, 2)
    ]
    assert errors == sorted(errors)


def masked(
    few: QuantizedNetwork, inputs: np.ndarray, removed: np.ndarray, widths: tuple[int, ...]
) -> np.ndarray:
    """Logits with neurons off: sums in Python's integers from the input on."""
    edges = np.cumsum([0, *widths])
    integers = few.integers(0, few.sums(0, inputs)).astype(np.int64)
    for layer in range(1, len(widths) + 1):
        here = removed[(removed >= edges[layer - 1]) & (removed < edges[layer])] - edges[layer - 1]
        integers[:, here] = 0
        sums = (integers @ few.weights[layer].astype(np.int64)).astype(few.weights[layer].dtype)
        if layer == len(widths):
            return few.preactivations(layer, sums)
        integers = few.integers(layer, sums).astype(np.int64)
    raise AssertionError


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from([2, 4, 8]),
    st.integers(1, 40),
    st.sampled_from([1, 7, 2048]),
)
def test_ablation_is_exactly_that_of_masked_passes(
    seed: int, hidden: tuple[int, ...], activation: str, bits: int, n: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    network = make_network(rng, hidden, activation)
    inputs, labels = make_examples(rng, n)
    few = quantized(network, bits, inputs)
    sequences = np.stack([rng.permutation(sum(hidden)) for _ in range(2)])
    correct, loss = low_bit_ablation.cumulative(few, inputs, labels, sequences, rows=rows)
    assert correct.dtype == np.int32
    for number, sequence in enumerate(sequences):
        for k in range(len(sequence) + 1):
            logits = masked(few, inputs, sequence[:k], hidden)
            assert correct[number, k] == (logits.argmax(axis=1) == labels).sum()
            logits = logits.astype(np.float64)
            log_sum = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1))
            expected = log_sum + logits.max(axis=1) - logits[np.arange(n), labels]
            np.testing.assert_allclose(loss[number, k], expected.mean(), rtol=1e-5, atol=1e-6)


def test_wide_layers_are_summed_in_float64() -> None:
    """Where sums of integers could pass 2^24, float32 would round them."""
    few = quantized(
        make_network(np.random.default_rng(0), (4000, 2)),
        8,
        make_examples(np.random.default_rng(1), 9)[0],
    )
    assert [weight.dtype.name for weight in few.weights] == ["float64", "float64", "float32"]


# ------------------------------------------------------------------ the study


@pytest.fixture(scope="module")
def studied() -> dict[str, object]:
    rng = np.random.default_rng(2)
    networks = make_network(rng, (6, 5), seeds=(4, 7))
    validation, test = make_examples(rng, 300), make_examples(rng, 200)
    return {
        "networks": networks,
        "validation": validation,
        "test": test,
        "groups": low_bit.by_bits(networks, validation, test, SETTINGS),
    }


def test_layout_of_the_file(studied: dict[str, object], tmp_path: Path) -> None:
    groups = studied["groups"]
    assert list(groups) == ["networks", "layer-1", "layer-2", "network"]
    assert groups["networks"]["accuracy"].dims == ("seed", "bits", "part")
    assert groups["networks"]["mutual_information"].sizes == {
        "seed": 2,
        "bits": 3,
        "quantizer": 2,
        "neuron": 11,
    }
    assert groups["network"]["correct"].sizes == {
        "seed": 2,
        "bits": 3,
        "ordering": 4,
        "removed": 12,
    }
    blocks = {
        seed: {name: group.sel(seed=[seed]) for name, group in groups.items()} for seed in (4, 7)
    }
    path = gathered(blocks, "precision", asdict(SETTINGS), tmp_path)
    together = storage.read_groups(path, "precision")
    for name, group in groups.items():
        for variable in group.data_vars:
            np.testing.assert_array_equal(together[name][variable], group[variable])


def test_all_bits_are_the_ablation_of_the_trained_network(studied: dict[str, object]) -> None:
    groups, (inputs, labels) = studied["groups"], studied["test"]
    whole = groups["network"].sel(bits=32)
    for i in range(2):
        correct, _, loss = cumulative(
            studied["networks"].of(slice(i, i + 1)),
            inputs,
            labels,
            whole["order"].values[i].astype(np.int64),
        )
        np.testing.assert_array_equal(whole["correct"].values[i], correct)
        np.testing.assert_array_equal(whole["loss"].values[i], loss)
    accuracy = groups["networks"]["accuracy"].sel(bits=32)
    unablated = whole["correct"].isel(removed=0, ordering=0) / 200
    for part in low_bit.PARTS:
        np.testing.assert_array_equal(accuracy.sel(part=part), unablated)


def test_accuracy_of_both_is_where_the_curves_begin(studied: dict[str, object]) -> None:
    groups = studied["groups"]
    both = groups["networks"]["accuracy"].sel(part="both")
    for scope in ("layer-1", "layer-2", "network"):
        start = groups[scope]["correct"].isel(removed=0) / 200
        np.testing.assert_array_equal(start, both.broadcast_like(start))
        curves = areas(groups[scope].sel(bits=4))
        assert set(mean_accuracy(curves, "mutual_information", "threshold")) == {
            "ascending",
            "descending",
            "random",
        }


def test_information_is_that_of_the_symbols(studied: dict[str, object]) -> None:
    inputs, labels = studied["validation"]
    known = studied["groups"]["networks"].sel(bits=2)
    for i, seed in enumerate((4, 7)):
        random = generator(SETTINGS.study_seed, Stream.LABEL_SHUFFLE, seed)
        shuffled = [random.permutation(labels) for _ in range(SETTINGS.shuffles)]
        few = quantized(studied["networks"].of(slice(i, i + 1)), 2, inputs)
        own = [
            np.unique(neuron, return_inverse=True)[1]
            for hidden in few.outputs(inputs)[:-1]
            for neuron in hidden.T
        ]
        on = [neuron > 0 for hidden in few.outputs(inputs)[:-1] for neuron in hidden.T]
        for quantizer, symbols in (("own", own), ("threshold", on)):
            expected = [
                mutual_information(plain.class_counts(np.stack(symbols), classes, 4, 3))
                for classes in (labels, *shuffled)
            ]
            ours = known.sel(quantizer=quantizer).isel(seed=i)
            np.testing.assert_allclose(ours["mutual_information"], expected[0], atol=1e-12)
            np.testing.assert_allclose(
                ours["mutual_information_shuffled"], np.mean(expected[1:], axis=0), atol=1e-12
            )
    unquantized = studied["groups"]["networks"]["mutual_information"].sel(bits=32)
    assert unquantized.sel(quantizer="own").isnull().all()
    assert unquantized.sel(quantizer="threshold").notnull().all()


def test_orders_are_by_the_information_of_the_quantized_network(
    studied: dict[str, object],
) -> None:
    groups = studied["groups"]
    for bits in SETTINGS.bits:
        known = groups["networks"].sel(bits=bits, quantizer="threshold")
        information = known["mutual_information"].values
        order = groups["network"]["order"].sel(bits=bits).values
        for i in range(2):
            assert (np.diff(information[i][order[i, 0]]) >= -1e-12).all()
            assert (np.diff(information[i][order[i, 1]]) <= 1e-12).all()
    random = groups["network"]["order"].isel(ordering=slice(2, None))
    assert (random == random.isel(bits=0)).all()  # the same for all bits


# ------------------------------------------------------------------ the summary


def test_summary_and_figure(studied: dict[str, object], tmp_path: Path) -> None:
    groups = studied["groups"]
    condition = {
        "dataset": "mnist",
        "architecture": "6-5",
        "activation": "relu",
        "regularizer": "l2",
    }
    table = results_low_bit.summary(groups, condition)
    by = table.set_index(["quantity", "scope", "of", "bits"])
    assert by.index.is_unique
    assert (table["n_seeds"] == 2).all()
    # Accuracy of three parts, effects of two directions in three scopes, at three numbers of
    # bits; information of two layers: on or off at all of them, own symbols where there is a grid.
    assert len(table) == 3 * 3 + 2 * 3 * 3 + 2 * (3 + 2)
    networks = groups["networks"]
    for part in low_bit.PARTS:
        expected = float(networks["accuracy"].sel(bits=2, part=part).mean())
        assert by.loc[("accuracy", "network", part, 2), "mean"] == pytest.approx(expected)
    second = networks["mutual_information"].sel(bits=4, quantizer="own").isel(neuron=slice(6, 11))
    expected = float(second.mean())
    assert by.loc[("mutual_information", "layer-2", "own", 4), "mean"] == pytest.approx(expected)
    area = groups["layer-1"]["correct"].sel(bits=2).mean("removed") / 200  # (seed, ordering)
    random = area[:, 2:].mean("ordering")
    for direction, effect in (
        ("ascending", area[:, 0] - random),
        ("descending", random - area[:, 1]),
    ):
        ours = by.loc[("effect", "layer-1", direction, 2), "mean"]
        assert ours == pytest.approx(float(effect.mean()), abs=1e-12)

    tables.write(table, tmp_path / "precision.csv")
    drawn = figures_precision.precision(
        tables.read(tmp_path / "precision.csv", results_low_bit.COLUMNS), condition
    )
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    accuracy = drawn.axes[0].lines[low_bit.PARTS.index("both")]
    expected = 100 * networks["accuracy"].sel(part="both").mean("seed")
    np.testing.assert_allclose(accuracy.get_ydata(), expected)
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == ["32", "4", "2"]
