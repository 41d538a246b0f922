"""Measures against plain loops, closed forms and what must hold for any neuron."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import fsum, log, log2
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import scipy.stats
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from neuroninfo.files import storage
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.neurons import measures
from neuroninfo.neurons.measures import (
    STATES,
    class_selectivity,
    kl_selectivity,
    mutual_information,
    mutual_information_miller_madow,
)
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.streams import Stream, generator
from tests.unit.plain import class_counts

quick = settings(deadline=None, max_examples=80)

BINS, CLASSES = 5, 4
ROUNDING = 1e-12


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Symbols and classes of examples; not all need occur, and they may depend on each other."""
    cells = st.integers(0, BINS * CLASSES - 1)
    frequent = draw(st.lists(cells, min_size=1, max_size=6))
    joint = draw(
        hnp.arrays(np.intp, st.integers(1, 60), elements=st.sampled_from(frequent) | cells)
    )
    return (joint // CLASSES).astype(np.uint8), joint % CLASSES


def counted(symbols: Sequence[int] | np.ndarray, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Counts of a single neuron."""
    symbols, labels = np.asarray(symbols), np.asarray(labels)
    bins = max(BINS, int(symbols.max()) + 1)
    return class_counts(symbols[None], labels, bins, max(CLASSES, int(labels.max()) + 1))


def information(symbols: np.ndarray, labels: np.ndarray) -> float:
    return float(mutual_information(counted(symbols, labels))[0])


def divergence(symbols: np.ndarray, labels: np.ndarray) -> float:
    return float(kl_selectivity(counted(symbols, labels))[0])


def plain_entropy(values: Sequence[object]) -> float:
    n = len(values)
    return fsum(-count / n * log2(count / n) for count in Counter(values).values())


def plain_information(symbols: Sequence[int], labels: Sequence[int]) -> float:
    """I(T;Y) = H(T) + H(Y) - H(T,Y)."""
    joint = list(zip(symbols, labels, strict=True))
    return plain_entropy(symbols) + plain_entropy(labels) - plain_entropy(joint)


def plain_divergences(symbols: Sequence[int], labels: Sequence[int]) -> dict[int, float]:
    """D(P_{T|Y=y} || P_T) of the classes that occur."""
    n, overall = len(symbols), Counter(symbols)
    divergences = {}
    for y in set(labels):
        within = [t for t, label in zip(symbols, labels, strict=True) if label == y]
        divergences[y] = fsum(
            count / len(within) * log2((count / len(within)) / (overall[t] / n))
            for t, count in Counter(within).items()
        )
    return divergences


def plain_selectivity(values: Sequence[float], labels: Sequence[int]) -> float:
    by_class: dict[int, list[float]] = {}
    for value, label in zip(values, labels, strict=True):
        by_class.setdefault(label, []).append(value)
    means = sorted(fsum(of_class) / len(of_class) for of_class in by_class.values())
    if means[-1] == 0 or len(means) == 1:
        return 0.0
    rest = fsum(means[:-1]) / (len(means) - 1)
    return (means[-1] - rest) / (means[-1] + rest)


# --- counts


@quick
@given(st.lists(samples(), min_size=1, max_size=3))
def test_counts_are_the_plain_loop(drawn: list[tuple[np.ndarray, np.ndarray]]) -> None:
    n = min(len(labels) for _, labels in drawn)
    symbols, labels = np.stack([symbols[:n] for symbols, _ in drawn]), drawn[0][1][:n]
    counts = class_counts(symbols, labels, BINS, CLASSES)
    assert counts.shape == (len(drawn), BINS, CLASSES)
    assert counts.dtype == np.int64
    for row, neuron in zip(counts, symbols, strict=True):
        plain = Counter(zip(neuron.tolist(), labels.tolist(), strict=True))
        assert {cell: c for cell, c in np.ndenumerate(row) if c} == plain


def test_many_symbols_and_classes_do_not_overflow() -> None:
    symbols, labels = np.array([[255, 255, 0]], np.uint8), np.array([9, 9, 3], np.int16)
    counts = class_counts(symbols, labels, 256, 10)
    assert counts[0, 255, 9] == 2
    assert counts[0, 0, 3] == 1
    assert counts.sum() == 3


@pytest.mark.parametrize("labels", [[0, 1, 3], [-1, 0, 1]])
def test_a_class_out_of_range_is_not_counted_elsewhere(labels: list[int]) -> None:
    with pytest.raises(ValueError, match=r"with 3 classes they go from 0 to 2"):
        Quantizer.named("threshold").class_counts(
            np.zeros((3, 2), np.float32), np.array([labels]), "relu", 3
        )


# --- information measures: other implementations


@quick
@given(samples())
def test_information_is_that_of_scikit_learn_and_scipy(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    symbols, labels = drawn
    counts = counted(symbols, labels)
    assert information(symbols, labels) == pytest.approx(
        mutual_info_score(labels, symbols) / log(2), abs=1e-10
    )
    assert measures.entropy(counts)[0] == pytest.approx(
        scipy.stats.entropy(np.bincount(symbols), base=2), abs=ROUNDING
    )


@quick
@given(samples())
def test_information_is_the_plain_loop(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    symbols, labels = (part.tolist() for part in drawn)
    counts = counted(*drawn)
    divergences = plain_divergences(symbols, labels)
    assert measures.entropy(counts)[0] == pytest.approx(plain_entropy(symbols), abs=ROUNDING)
    assert information(*drawn) == pytest.approx(plain_information(symbols, labels), abs=ROUNDING)
    assert information(*drawn) == pytest.approx(
        fsum(labels.count(y) / len(labels) * d for y, d in divergences.items()), abs=ROUNDING
    )
    assert divergence(*drawn) == pytest.approx(max(divergences.values()), abs=ROUNDING)


@quick
@given(samples())
def test_miller_madow_corrects_each_entropy(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    symbols, labels = (part.tolist() for part in drawn)

    def corrected(values: list[object]) -> float:
        return plain_entropy(values) + (len(set(values)) - 1) / (2 * len(values) * log(2))

    joint = list(zip(symbols, labels, strict=True))
    assert mutual_information_miller_madow(counted(*drawn))[0] == pytest.approx(
        corrected(symbols) + corrected(labels) - corrected(joint), abs=ROUNDING
    )


def test_miller_madow_by_hand() -> None:
    # I = 0; 2 symbols, 2 classes, 4 cells: (1 + 1 - 3) / (2 * 4 ln 2).
    counts = counted([0, 1, 0, 1], [0, 0, 1, 1])
    assert mutual_information_miller_madow(counts)[0] == pytest.approx(-0.18033688, abs=1e-8)
    # I = 1; 2 symbols, 2 classes, 2 cells: (1 + 1 - 1) / (2 * 2 ln 2).
    counts = counted([0, 1], [0, 1])
    assert mutual_information_miller_madow(counts)[0] == pytest.approx(1.36067376, abs=1e-8)


# --- information measures: closed forms


@pytest.mark.parametrize("each", [1, 7, 1000])
@pytest.mark.parametrize("y", [0, 4, 9])
def test_a_detector_of_one_of_ten_classes(y: int, each: int) -> None:
    labels = np.repeat(np.arange(10), each)
    symbols = (labels == y).astype(np.uint8)
    entropy = float(measures.entropy(counted(symbols, labels))[0])
    assert entropy == pytest.approx(log2(10) - 0.9 * log2(9), abs=ROUNDING)
    assert entropy == pytest.approx(0.4690, abs=5e-5)
    assert information(symbols, labels) == pytest.approx(entropy, abs=ROUNDING)
    assert divergence(symbols, labels) == pytest.approx(log2(10), abs=ROUNDING)


@pytest.mark.parametrize(
    ("of_symbols", "of_classes"), [((1, 1), (1, 1)), ((3, 1, 7), (2, 5)), ((9, 991), (1, 49, 3))]
)
def test_an_independent_neuron_knows_nothing(
    of_symbols: tuple[int, ...], of_classes: tuple[int, ...]
) -> None:
    counts = np.outer(of_symbols, of_classes)[None]
    assert mutual_information(counts).tolist() == [0.0]
    assert kl_selectivity(counts).tolist() == [0.0]
    shares = np.array(of_symbols) / sum(of_symbols)
    assert measures.entropy(counts)[0] == pytest.approx(-(shares * np.log2(shares)).sum())


@pytest.mark.parametrize("wrong", [0, 1, 110, 250, 499])
def test_a_binary_symmetric_channel(wrong: int) -> None:
    counts = np.array([[[500 - wrong, wrong], [wrong, 500 - wrong]]])
    share = wrong / 500
    noise = -sum(p * log2(p) for p in (share, 1 - share) if p > 0)
    assert measures.entropy(counts)[0] == 1.0
    assert mutual_information(counts)[0] == pytest.approx(1 - noise, abs=ROUNDING)
    assert kl_selectivity(counts)[0] == pytest.approx(1 - noise, abs=ROUNDING)


@quick
@given(samples(), st.integers(0, BINS - 1))
def test_a_constant_neuron_has_exactly_nothing(
    drawn: tuple[np.ndarray, np.ndarray], symbol: int
) -> None:
    """Dead or always on: 0, not -0 and not rounding, which would order such neurons."""
    _, labels = drawn
    counts = counted(np.full(len(labels), symbol), labels)
    for measure in (
        measures.entropy,
        mutual_information,
        kl_selectivity,
        mutual_information_miller_madow,
    ):
        value = measure(counts)[0]
        assert value == 0.0
        assert not np.signbit(value)


@pytest.mark.parametrize("symbol", [0, 3])
@pytest.mark.parametrize("label", [0, 2])
def test_one_example_says_nothing(symbol: int, label: int) -> None:
    counts = counted([symbol], [label])
    assert measures.entropy(counts).tolist() == [0.0]
    assert mutual_information(counts).tolist() == [0.0]
    assert mutual_information_miller_madow(counts).tolist() == [0.0]
    assert kl_selectivity(counts).tolist() == [0.0]
    values = np.ones((1, 1), np.float32)
    assert class_selectivity(values, np.array([label]), CLASSES).tolist() == [0.0]


# --- information measures: what must hold


@quick
@given(samples())
def test_bounds(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    symbols, labels = drawn
    entropy = float(measures.entropy(counted(symbols, labels))[0])
    mutual = information(symbols, labels)
    assert 0 <= mutual <= min(entropy, plain_entropy(labels.tolist())) + ROUNDING
    assert mutual <= divergence(symbols, labels) + ROUNDING
    assert entropy <= log2(len(set(symbols.tolist()))) + ROUNDING
    one_bit = counted(symbols > 1, labels)
    assert 0 <= measures.entropy(one_bit)[0] <= 1
    rarest = min(Counter(labels.tolist()).values()) / len(labels)
    assert divergence(symbols, labels) <= -log2(rarest) + ROUNDING


@quick
@given(samples(), st.integers(0, 999))
def test_order_of_examples_is_nothing(drawn: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(drawn[1]))
    there, here = counted(*drawn), counted(*(part[order] for part in drawn))
    for measure in (measures.entropy, mutual_information, kl_selectivity):
        assert measure(there).tolist() == measure(here).tolist()


@quick
@given(samples(), st.permutations(range(BINS)), st.permutations(range(CLASSES)))
def test_names_of_symbols_and_classes_are_nothing(
    drawn: tuple[np.ndarray, np.ndarray], symbol_names: list[int], class_names: list[int]
) -> None:
    symbols, labels = drawn
    there = counted(symbols, labels)
    here = counted(np.array(symbol_names)[symbols], np.array(class_names)[labels])
    for measure in (
        measures.entropy,
        mutual_information,
        mutual_information_miller_madow,
        kl_selectivity,
    ):
        assert measure(here)[0] == pytest.approx(measure(there)[0], abs=ROUNDING)


@quick
@given(samples(), st.integers(0, BINS - 1), st.integers(0, BINS - 1))
def test_merged_symbols_know_no_more(
    drawn: tuple[np.ndarray, np.ndarray], one: int, other: int
) -> None:
    symbols, labels = drawn
    merged = np.where(symbols == one, other, symbols)
    assert information(merged, labels) <= information(symbols, labels) + ROUNDING
    assert divergence(merged, labels) <= divergence(symbols, labels) + ROUNDING


@quick
@given(samples(), st.integers(1, 5))
def test_classes_and_symbols_that_do_not_occur_change_nothing(
    drawn: tuple[np.ndarray, np.ndarray], more: int
) -> None:
    symbols, labels = drawn
    there = counted(symbols, labels)
    here = class_counts(symbols[None], labels + more, BINS + more, CLASSES + more)
    for measure in (
        measures.entropy,
        mutual_information,
        mutual_information_miller_madow,
        kl_selectivity,
    ):
        assert measure(here)[0] == pytest.approx(measure(there)[0], abs=ROUNDING)


# --- class selectivity

OUTPUTS = st.floats(0, 1000, width=32)


@st.composite
def outputs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (n, neurons) that are not negative, and classes."""
    n = draw(st.integers(1, 30))
    values = draw(
        hnp.arrays(np.float32, (n, draw(st.integers(1, 3))), elements=OUTPUTS | st.just(0.0))
    )
    return values, draw(hnp.arrays(np.intp, n, elements=st.integers(0, CLASSES - 1)))


@quick
@given(outputs())
def test_class_selectivity_is_the_plain_loop(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    values, labels = drawn
    selectivity = class_selectivity(values, labels, CLASSES)
    assert selectivity.shape == values.shape[1:]
    assert (selectivity >= 0).all()
    assert (selectivity <= 1).all()
    for neuron, value in enumerate(selectivity):
        plain = plain_selectivity(values[:, neuron].tolist(), labels.tolist())
        assert value == pytest.approx(plain, abs=ROUNDING)


@quick
@given(st.floats(0, width=32, allow_infinity=False), st.integers(1, 12))
@example(float(np.float32(0.1)), 7)
def test_equal_means_are_never_below_zero(value: float, n_classes: int) -> None:
    values = np.full((n_classes, 1), value, np.float32)
    selectivity = class_selectivity(values, np.arange(n_classes), n_classes)
    assert 0 <= selectivity[0] <= ROUNDING


def test_means_that_are_nearly_equal_are_never_below_zero() -> None:
    """The mean of the other classes is found by a subtraction, which rounds; means are float64."""
    values = np.broadcast_to(np.random.default_rng(0).random(500), (7, 500))
    selectivity = class_selectivity(values, np.arange(7), 7)
    assert selectivity.min() == 0
    assert selectivity.max() <= ROUNDING


def test_class_selectivity_by_hand() -> None:
    labels = np.array([0, 0, 1, 2])
    values = np.array(
        [
            # dead, one class only, means 2 1 3, the same for all, as small as can be
            [0, 0, 1, 4, 0],
            [0, 0, 3, 4, 0],
            [0, 5, 1, 4, 1e-45],
            [0, 0, 3, 4, 0],
        ],
        np.float32,
    )
    selectivity = class_selectivity(values, labels, 3)
    assert selectivity.tolist() == [0, 1, pytest.approx((3 - 1.5) / (3 + 1.5)), 0, 1]
    # A class without examples is none of the others.
    assert class_selectivity(values, labels, 5).tolist() == selectivity.tolist()
    assert class_selectivity(values, labels + 2, 5).tolist() == selectivity.tolist()


@pytest.mark.parametrize("bad", [-1e-45, -1.0, np.nan])
def test_class_selectivity_names_the_neuron_it_is_not_defined_for(bad: float) -> None:
    values = np.ones((4, 3), np.float32)
    values[2, 1] = bad
    with pytest.raises(ValueError, match=r"neuron 1: .* not negative"):
        class_selectivity(values, np.zeros(4, int), 2)


def test_negative_zero_is_not_negative() -> None:
    values = np.array([[-0.0], [2.0]], np.float32)
    assert class_selectivity(values, np.array([0, 1]), 2).tolist() == [1.0]


# --- states


@pytest.mark.parametrize(
    ("n_on", "relu", "other"),
    [
        (0, "never_active", "typical"),
        (1, "rarely_active", "typical"),
        (99, "rarely_active", "typical"),
        (100, "typical", "typical"),  # 1 % is not under 1 %
        (9_999, "typical", "typical"),
        (10_000, "always_on", "always_on"),
    ],
)
def test_states(n_on: int, relu: str, other: str) -> None:
    values = np.zeros((10_000, 1), np.float32)
    values[:n_on] = 1
    share = (values > 0).mean(axis=0)
    for activation, expected in (("relu", relu), ("tanh", other), ("sigmoid", other)):
        state = measures.states(share, activation)
        assert state.dtype == np.int8
        assert [STATES[i] for i in state] == [expected]


def test_states_have_the_numbers_of_the_layout() -> None:
    assert STATES == ("typical", "never_active", "rarely_active", "always_on")
    assert measures.states(np.array([1.0, 0.0, 0.5, 0.001, 0.01]), "relu").tolist() == [
        3,
        1,
        0,
        2,
        0,
    ]


def test_always_on_is_told_apart_from_never_active() -> None:
    """At one bit both have no information."""
    values = np.array([[0, 1], [0, 2], [0, 3]], np.float32)
    symbols = Quantizer.named("threshold").symbols(values, "relu")
    counts = class_counts(symbols, np.array([0, 1, 1]), 2, 2)
    assert measures.entropy(counts).tolist() == [0, 0]
    assert measures.states(symbols.mean(axis=1), "relu").tolist() == [1, 3]


# --- all measures of a block

QUANTIZERS = ("threshold", "uniform-5", "quantile-4")
STUDY = 11
SHUFFLES = 3
N_EXAMPLES, N_CLASSES = 120, 4
LABELS = np.random.default_rng(5).integers(0, N_CLASSES, N_EXAMPLES)


def block(seed: int, activation: str = "relu") -> xr.Dataset:
    """Activations of one seed, as the training stores them: layers of 3 and 2, two epochs."""
    rng = np.random.default_rng([seed, 77])
    inputs = rng.normal(size=(1, 2, N_EXAMPLES, 5)) + 0.7 * (LABELS[:, None] == np.arange(5))
    inputs[..., 0] = -1  # never active under relu
    inputs[..., 4] = np.abs(inputs[..., 4]) + 0.1  # always on
    function = {
        "relu": lambda z: np.maximum(z, 0),
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }[activation]
    name = {"long_name": "name"}
    return xr.Dataset(
        {
            "activation": (
                ("seed", "epoch", "sample", "neuron"),
                function(inputs).astype(np.float32),
                storage.labelled("output", "1"),
            ),
            "output": (
                ("seed", "epoch", "sample", "class"),
                rng.normal(size=(1, 2, N_EXAMPLES, N_CLASSES)).astype(np.float32),
                storage.labelled("logit", "1"),
            ),
            "label": ("sample", LABELS.astype(np.int16), storage.labelled("class", "1")),
        },
        coords={
            "seed": ("seed", [seed], name),
            "epoch": ("epoch", [2, 9], name),
            "split": ("sample", ["validation"] * N_EXAMPLES, name),
            "index": ("sample", np.arange(N_EXAMPLES) + 50, name),
            "neuron": ("neuron", np.arange(5, dtype=np.int32), name),
            "layer": ("neuron", np.array([1, 1, 1, 2, 2], np.int16), name),
            "unit": ("neuron", np.array([0, 1, 2, 0, 1], np.int16), name),
        },
        attrs={"activation_function": activation, "n_classes": N_CLASSES},
    )


def stack(*seeds: int, activation: str = "relu") -> Stack:
    """Networks that the outputs of `block` could be of."""
    shapes = [(3, 6), (2, 3), (N_CLASSES, 2)]

    def drawn(*shape: int) -> np.ndarray:
        return np.stack([np.random.default_rng([s, *shape]).normal(size=shape) for s in seeds])

    return Stack(
        Architecture(6, (3, 2), N_CLASSES, activation),
        seeds,
        [drawn(*shape) for shape in shapes],
        [drawn(shape[0]) for shape in shapes],
        [],
    )


def measured(
    *seeds: int,
    activation: str = "relu",
    quantizers: Sequence[str] = QUANTIZERS,
    shuffles: int = SHUFFLES,
    study_seed: int = STUDY,
) -> xr.Dataset:
    parts: Iterator[xr.Dataset] = (block(seed, activation) for seed in seeds)
    return measures.measure(
        parts,
        stack(*seeds, activation=activation),
        MeasureSettings(study_seed, tuple(quantizers), shuffles),
    )


def test_layout() -> None:
    dataset = measured(3, 1, 8)
    by_quantizer = {
        "entropy": "bit",
        "mutual_information": "bit",
        "mutual_information_shuffled": "bit",
        "mutual_information_miller_madow": "bit",
        "kl_selectivity": "bit",
        "effective_bins": "1",
    }
    by_neuron = ("class_selectivity", "active_fraction", "mean_activation", "state")
    of_weights = {"incoming_weight_norm": "1", "outgoing_weight_norm": "1", "taylor": "nat"}
    assert set(dataset.data_vars) == {*by_quantizer, *by_neuron, *of_weights}
    for name, units in of_weights.items():
        assert dataset[name].dims == ("seed", "neuron")
        assert dataset[name].attrs["units"] == units
    for name, units in by_quantizer.items():
        assert dataset[name].dims == ("seed", "quantizer", "neuron")
        assert dataset[name].attrs["units"] == units
    for name in by_neuron:
        assert dataset[name].dims == ("seed", "neuron")
        assert dataset[name].attrs["units"] == "1"
    types = {name: str(dataset[name].dtype) for name in dataset.data_vars}
    assert types.pop("effective_bins") == "int16"
    assert types.pop("state") == "int8"
    assert set(types.values()) == {"float64"}
    assert all(variable.attrs["long_name"] for variable in dataset.variables.values())
    assert dataset["state"].attrs["flag_values"].tolist() == [0, 1, 2, 3]
    assert dataset["state"].attrs["flag_meanings"].split() == list(STATES)
    assert set(dataset.coords) == {"seed", "quantizer", "neuron", "layer", "unit"}
    assert dataset["seed"].values.tolist() == [3, 1, 8]
    assert dataset["quantizer"].values.tolist() == list(QUANTIZERS)
    assert dataset["neuron"].values.tolist() == [0, 1, 2, 3, 4]
    for name, numbers in {"layer": [1, 1, 1, 2, 2], "unit": [0, 1, 2, 0, 1]}.items():
        assert dataset[name].dims == ("neuron",)
        assert dataset[name].values.tolist() == numbers
    assert dataset.attrs == {
        "n_examples": N_EXAMPLES,
        "n_classes": N_CLASSES,
        "activation_function": "relu",
        "epoch": 9,
        "shuffles": SHUFFLES,
    }


def test_the_last_epoch_is_measured_by_plain_loops() -> None:
    dataset = measured(3)
    values = block(3)["activation"].values[0, -1]
    labels = LABELS.tolist()
    for neuron in range(5):
        here = dataset.isel(seed=0, neuron=neuron)
        column = values[:, neuron].tolist()
        assert here["active_fraction"] == sum(value > 0 for value in column) / N_EXAMPLES
        assert here["mean_activation"] == pytest.approx(fsum(column) / N_EXAMPLES)
        assert here["class_selectivity"] == pytest.approx(plain_selectivity(column, labels))
        for name in QUANTIZERS:
            there = here.sel(quantizer=name)
            symbols = Quantizer.named(name).symbols(values, "relu")[neuron].tolist()
            plain = plain_information(symbols, labels)
            occupied = len(set(zip(symbols, labels, strict=True)))
            cells = len(set(symbols)) + len(set(labels)) - 1 - occupied
            assert there["effective_bins"] == len(set(symbols))
            assert there["entropy"] == pytest.approx(plain_entropy(symbols), abs=ROUNDING)
            assert there["mutual_information"] == pytest.approx(plain, abs=ROUNDING)
            assert there["mutual_information_miller_madow"] == pytest.approx(
                plain + cells / (2 * N_EXAMPLES * log(2)), abs=ROUNDING
            )
            assert there["kl_selectivity"] == pytest.approx(
                max(plain_divergences(symbols, labels).values()), abs=ROUNDING
            )
    states = [STATES[i] for i in dataset["state"].values[0]]
    assert states == ["never_active", "typical", "typical", "typical", "always_on"]


@pytest.mark.parametrize("study_seed", [0, STUDY])
def test_labels_are_shuffled_by_the_stream_of_the_seed(study_seed: int) -> None:
    dataset = measured(3, 4, study_seed=study_seed)
    for seed in (3, 4):
        values = block(seed)["activation"].values[0, -1]
        random = generator(study_seed, Stream.LABEL_SHUFFLE, seed)
        shuffled = [random.permutation(LABELS).tolist() for _ in range(SHUFFLES)]
        for name in QUANTIZERS:
            symbols = Quantizer.named(name).symbols(values, "relu").tolist()
            expected = [
                fsum(plain_information(neuron, labels) for labels in shuffled) / SHUFFLES
                for neuron in symbols
            ]
            np.testing.assert_allclose(
                dataset["mutual_information_shuffled"].sel(seed=seed, quantizer=name),
                expected,
                rtol=0,
                atol=ROUNDING,
            )


def test_the_baseline_is_about_the_plug_in_bias() -> None:
    dataset = measured(*range(6), quantizers=["quantile-4"], shuffles=40)
    typical = dataset.sel(neuron=4)  # all four symbols occur, equally often
    bias = (4 - 1) * (N_CLASSES - 1) / (2 * N_EXAMPLES * log(2))
    assert typical["mutual_information_shuffled"].mean() == pytest.approx(bias, rel=0.1)


def test_a_seed_does_not_depend_on_the_others_of_its_block() -> None:
    together = measured(3, 1, 8)
    for position, seed in enumerate((3, 1, 8)):
        xr.testing.assert_identical(
            together.isel(seed=slice(position, position + 1)), measured(seed)
        )
    shuffled = together["mutual_information_shuffled"].sel(quantizer="threshold")
    assert len({tuple(row) for row in shuffled.values}) == 3


def test_a_quantizer_does_not_depend_on_the_others() -> None:
    alone = measured(3, quantizers=["quantile-4"])
    xr.testing.assert_identical(measured(3).sel(quantizer=["quantile-4"]), alone)


def test_what_is_measured_is_stored(tmp_path: Path) -> None:
    dataset, condition = measured(0, 1), {"seeds": [0, 1]}
    storage.write(
        dataset,
        tmp_path / "neurons.nc",
        kind="neurons",
        title="Neurons",
        condition=condition,
        configuration={},
    )
    stored = storage.read(tmp_path / "neurons.nc", "neurons")
    assert json.loads(stored.attrs["condition"]) == condition
    for name in dataset.variables:
        assert stored[name].dims == dataset[name].dims
        assert stored[name].values.tolist() == dataset[name].values.tolist()


def test_tanh_has_no_class_selectivity() -> None:
    assert "class_selectivity" not in measured(0, activation="tanh")
    tanh, relu = measured(0, activation="tanh"), measured(0)
    assert set(relu.data_vars) - set(tanh.data_vars) == {"class_selectivity"}
    # The neuron that is never on is of a state only where off is zero.
    assert tanh["active_fraction"].values[0, 0] == 0
    assert tanh["state"].values[0].tolist() == [0, 0, 0, 0, 3]


def test_sigmoid_is_on_above_one_half() -> None:
    sigmoid, relu = (measured(0, activation=name) for name in ("sigmoid", "relu"))
    assert "class_selectivity" in sigmoid
    # One half is at an input of 0, where relu has its threshold.
    xr.testing.assert_equal(sigmoid["active_fraction"], relu["active_fraction"])
    for name in ("entropy", "mutual_information", "mutual_information_shuffled"):
        xr.testing.assert_equal(
            *(dataset[name].sel(quantizer="threshold") for dataset in (sigmoid, relu))
        )
    assert sigmoid["state"].values[0].tolist() == [0, 0, 0, 0, 3]


def test_an_output_that_is_not_finite_is_refused() -> None:
    activations = block(0)
    activations["activation"][0, -1, 7, 3] = np.nan
    with pytest.raises(ValueError, match="neuron 3"):
        measures.measure([activations], stack(0), MeasureSettings(0, ("threshold",), 1))


def test_a_quantizer_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'median-3'"):
        measured(0, quantizers=["threshold", "median-3"])


def test_seeds_of_unlike_networks_are_not_joined() -> None:
    def measure_with(other: xr.Dataset) -> xr.Dataset:
        settings = MeasureSettings(0, ("threshold",), 1)
        return measures.measure([block(0), other], stack(0, 1), settings)

    assert measure_with(block(1)).sizes["seed"] == 2
    with pytest.raises(ValueError, match="attrs"):
        measure_with(block(1).assign_attrs(n_classes=N_CLASSES + 1))
    with pytest.raises(ValueError, match="layer"):
        measure_with(block(1).assign_coords(layer=block(1)["layer"] * 0 + 1))
    with pytest.raises(ValueError, match="neuron"):
        measure_with(block(1).isel(neuron=slice(4)))
    with pytest.raises(ValueError, match="seed"):
        measure_with(block(2))
