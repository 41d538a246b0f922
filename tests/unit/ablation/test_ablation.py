"""Cumulative ablation against a masked forward pass from the input for every step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numba
import numpy as np
import pytest
import scipy.special
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.ablation import kernels
from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.blocked import blocked
from neuroninfo.ablation.compiled import Compiled
from neuroninfo.ablation.curves import cumulative
from neuroninfo.ablation.orders import Ordering, order_by, orderings_from, orders, scopes
from neuroninfo.ablation.removals import Curves, Removals
from neuroninfo.ablation.settings import AblationSettings, OrderBy
from neuroninfo.files import storage
from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS, Activation
from neuroninfo.networks.stack import (
    BATCH_NORM_EPSILON,
    Architecture,
    Normalization,
    Stack,
    neuron_coordinates,
)
from neuroninfo.streams import Stream, generator
from tests.unit.plain import ACTIVATED

STUDY = 5


# ------------------------------------------------------------------ the plain reference


@dataclass
class Curve:
    """Of one order: what the masked forward passes say after 0..k removals."""

    correct: np.ndarray
    changed: np.ndarray
    unsure: np.ndarray
    """Examples whose prediction rounding could turn."""
    loss: np.ndarray
    largest: float
    """Largest logit by magnitude: rounding of the loss grows with it."""


def masked_logits(
    network: Stack, inputs: np.ndarray, removed: np.ndarray, constants: np.ndarray | None = None
) -> np.ndarray:
    """Logits (..., n, classes) with neurons removed (..., neurons): at zero, or at constants.

    In the dtype of `inputs`.
    """
    layers = neuron_coordinates(network.architecture.hidden)["layer"][1]
    values, dtype = inputs, inputs.dtype
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weight[0].numpy().T.astype(dtype) + bias[0].numpy().astype(dtype)
        if layer == len(network.architecture.hidden):
            return values
        if network.normalizations:
            n = network.normalizations[layer]
            scale, shift, mean, variance = (
                array[0].numpy().astype(dtype) for array in (n.scale, n.shift, n.mean, n.variance)
            )
            deviation = np.sqrt(variance + dtype.type(BATCH_NORM_EPSILON))
            values = (values - mean) / deviation * scale + shift
        values = ACTIVATED[network.architecture.activation](values)
        here = layers == layer + 1
        put_out = dtype.type(0) if constants is None else constants[here].astype(dtype)
        values = np.where(removed[..., None, here], put_out, values)
    raise AssertionError


def removed_after_steps(network: Stack, sequence: np.ndarray) -> np.ndarray:
    """Neurons (steps, neurons) that a sequence has removed after 0, 1, ... of its steps."""
    removed = np.zeros((len(sequence) + 1, sum(network.architecture.hidden)), bool)
    for step, neuron in enumerate(sequence, start=1):
        removed[step:, neuron] = True
    return removed


def reference(
    network: Stack,
    inputs: np.ndarray,
    labels: np.ndarray,
    sequence: np.ndarray,
    constants: np.ndarray | None = None,
) -> Curve:
    removed = removed_after_steps(network, sequence)
    logits = masked_logits(network, inputs, removed, constants).astype(np.float64)
    magnitude = np.maximum(1, np.abs(logits).max((1, 2)))
    predicted, top = logits.argmax(-1), np.sort(logits, axis=-1)
    unsure = (top[..., -1] - top[..., -2] < 2e-5 * magnitude[:, None]).sum(1)
    shifted = logits - top[..., -1:]
    picked = np.take_along_axis(shifted, labels[None, :, None], axis=-1)[..., 0]
    loss = (np.log(np.exp(shifted).sum(-1)) - picked).mean(1)
    correct, changed = (predicted == labels).sum(1), (predicted != predicted[0]).sum(1)
    return Curve(correct, changed, unsure, loss, magnitude.max())


def check(
    network: Stack,
    inputs: np.ndarray,
    labels: np.ndarray,
    sequences: np.ndarray,
    *,
    exact: bool = False,
    decisive: bool = False,
) -> Curves:
    """Compare `cumulative` with the reference in both precisions.

    `exact`: all arithmetic is, so even ties must be counted alike. `decisive`: no example
    is so near a tie that rounding could decide, so counts must be equal.
    """
    curves = cumulative(network, torch.from_numpy(inputs), torch.from_numpy(labels), sequences)
    shape = (len(sequences), sequences.shape[1] + 1)
    assert {values.shape for values in curves} == {shape}
    assert [values.dtype for values in curves] == [np.int32, np.int32, np.float64]
    correct, changed, loss = curves
    for number, sequence in enumerate(sequences):
        for dtype in (np.float64, np.float32):
            plain = reference(network, inputs.astype(dtype), labels, sequence)
            if decisive:
                assert plain.unsure.max() == 0
            if exact or decisive:
                np.testing.assert_array_equal(correct[number], plain.correct)
                np.testing.assert_array_equal(changed[number], plain.changed)
            assert (np.abs(correct[number] - plain.correct) <= plain.unsure).all()
            doubtful = plain.unsure + plain.unsure[0]
            assert (np.abs(changed[number] - plain.changed) <= doubtful).all()
            np.testing.assert_allclose(
                loss[number], plain.loss, rtol=1e-5, atol=1e-5 + 1e-6 * (plain.largest - 1)
            )
    return curves


# ------------------------------------------------------------------ networks to ablate


def make_network(
    rng: np.random.Generator,
    hidden: tuple[int, ...],
    *,
    n_inputs: int = 4,
    n_classes: int = 3,
    activation: str = "relu",
    batch_norm: bool = False,
    on_a_grid: bool = False,
    seeds: tuple[int, ...] = (0,),
) -> Stack:
    """Normal weights, or multiples of 1/2 in [-2, 2], with which relu networks are exact.

    Up to 3 layers of 6 and a bias of 100 keep logits below 2^18 in steps of 2^-5: they fit
    the 24 bits of float32, in whatever order they are summed.
    """
    architecture = Architecture(n_inputs, hidden, n_classes, activation, batch_norm)

    def draw(*shape: int) -> torch.Tensor:
        drawn = rng.integers(-4, 5, shape) / 2 if on_a_grid else rng.normal(size=shape)
        return torch.from_numpy(drawn.astype(np.float32))

    g, sizes = len(seeds), list(zip(architecture.widths[:-1], architecture.widths[1:], strict=True))
    return Stack(
        architecture,
        seeds,
        [draw(g, n_out, n_in) for n_in, n_out in sizes],
        [draw(g, n_out) for _, n_out in sizes],
        [
            Normalization(draw(g, w), draw(g, w), draw(g, w), draw(g, w).square() + 0.5)
            for w in hidden
            if batch_norm
        ],
    )


def make_inputs(rng: np.random.Generator, n: int, n_inputs: int, *, on_a_grid: bool) -> np.ndarray:
    drawn = rng.integers(-4, 5, (n, n_inputs)) / 2 if on_a_grid else rng.normal(size=(n, n_inputs))
    return drawn.astype(np.float32)


@st.composite
def problems(draw: st.DrawFn) -> dict[str, object]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hidden = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)))
    n_inputs, n_classes = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    exact = draw(st.booleans())
    activation = "relu" if exact else draw(st.sampled_from(sorted(ACTIVATIONS)))
    batch_norm = not exact and draw(st.booleans())
    network = make_network(
        rng,
        hidden,
        n_inputs=n_inputs,
        n_classes=n_classes,
        activation=activation,
        batch_norm=batch_norm,
        on_a_grid=exact,
    )
    layer = draw(st.integers(0, len(hidden) - 1))
    shifts = network.normalizations[layer].shift if batch_norm else network.biases[layer]
    extreme = draw(st.sampled_from([None, -100.0, 100.0]))
    if extreme is not None:  # a layer all dead, or all always on, save perhaps one neuron
        shifts[0, draw(st.integers(0, 1)) :] = extreme
    if draw(st.booleans()):  # classes of equal logits: ties of the prediction
        network.weights[-1][0, 1] = network.weights[-1][0, 0]
        network.biases[-1][0, 1] = network.biases[-1][0, 0]
    n = draw(st.sampled_from([1, 2, 17]))
    sequences = np.stack([rng.permutation(sum(hidden)) for _ in range(draw(st.integers(1, 3)))])
    return {
        "network": network,
        "inputs": make_inputs(rng, n, n_inputs, on_a_grid=exact),
        "labels": rng.integers(0, n_classes, n),
        "sequences": sequences[:, : draw(st.sampled_from([sum(hidden), sum(hidden) // 2]))],
        "exact": exact,
    }


@given(problems())
@settings(max_examples=400, deadline=None, derandomize=True)
def test_against_masked_forward_passes(problem: dict[str, object]) -> None:
    """Any network, layers in any order within a sequence, also only some of the neurons."""
    check(**problem)


@pytest.mark.parametrize(
    ("activation", "hidden", "n_classes"),
    [  # every activation with every depth, and either with every number of classes
        (activation, hidden, (2, 10, 23)[(n + depth) % 3])
        for n, activation in enumerate(sorted(ACTIVATIONS))
        for depth, hidden in enumerate([(7,), (20, 33), (20, 33, 17), (5, 40, 3, 21)])
    ],
)
def test_counts_are_those_of_float64(
    activation: str, hidden: tuple[int, ...], n_classes: int
) -> None:
    """Also where float32 would decide by rounding: those predictions are settled in float64.

    Neurons of one order put out zero when removed, those of the other constants; however many
    examples are computed at a time, and whatever neurons of whatever layers are removed alone.
    """
    rng = np.random.default_rng(len(hidden) * n_classes)
    network = make_network(rng, hidden, n_classes=n_classes, activation=activation)
    # Rows of nearly equal weights: many logits nearer than float32 can tell.
    network.weights[-1][0] = network.weights[-1][0, :1] + 1e-6 * network.weights[-1][0]
    network.biases[-1][0] = 1e-6 * network.biases[-1][0]
    inputs = make_inputs(rng, 75, 4, on_a_grid=False)
    labels = rng.integers(0, n_classes, 75)
    constants = np.zeros((2, sum(hidden)), np.float32)
    constants[1] = rng.normal(size=sum(hidden))
    tensors = torch.from_numpy(inputs), torch.from_numpy(labels)
    differs = 0
    for members in scopes(hidden).values():
        permuted = np.stack([rng.permutation(members) for _ in range(2)])
        for sequences in (permuted, np.repeat(permuted[0], 2)[:, None][: len(members)]):
            put_out = constants[np.arange(len(sequences)) % 2]
            correct, changed, loss = cumulative(network, *tensors, sequences, constants=put_out)
            for number, (sequence, constant) in enumerate(zip(sequences, put_out, strict=True)):
                exact = reference(network, inputs.astype(np.float64), labels, sequence, constant)
                rounded = reference(network, inputs, labels, sequence, constant)
                counts = correct[number]
                np.testing.assert_array_equal(counts, exact.correct)
                np.testing.assert_array_equal(changed[number], exact.changed)
                differs += (rounded.correct != exact.correct).sum()
            for rows in (1, 7, 5000):
                counts, others, losses = cumulative(
                    network, *tensors, sequences, constants=put_out, rows=rows
                )
                np.testing.assert_array_equal(counts, correct)
                np.testing.assert_array_equal(others, changed)
                np.testing.assert_allclose(losses, loss, rtol=1e-5)
    assert differs > 0 or n_classes == 2  # float32 alone would not do


def test_an_activation_without_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more entry of `ACTIVATIONS` is enough; counts are those of float64 too."""
    softplus = Activation(
        formula=lambda z: np.logaddexp(z, 0),
        derivative=lambda z, a: scipy.special.expit(z),
        apply=lambda z: z.copy_(torch.logaddexp(z, torch.zeros_like(z))),
        backpropagate=lambda gradient, z: gradient * torch.sigmoid(z),
        module="Softplus",
        from_input=True,
    )
    monkeypatch.setitem(ACTIVATIONS, "softplus", softplus)
    monkeypatch.setitem(ACTIVATED, "softplus", softplus.formula)
    assert "softplus" not in kernels.KINDS
    rng, hidden, n_classes = np.random.default_rng(2), (9, 8, 7), 10
    network = make_network(rng, hidden, n_classes=n_classes, activation="softplus")
    network.weights[-1][0] = network.weights[-1][0, :1] + 1e-6 * network.weights[-1][0]
    network.biases[-1][0] = 1e-6 * network.biases[-1][0]
    inputs = make_inputs(rng, 75, 4, on_a_grid=False)
    labels = rng.integers(0, n_classes, 75).astype(np.int32)
    constants = np.stack([np.zeros(24), rng.normal(size=24)]).astype(np.float32)
    differs = 0
    for members in scopes(hidden).values():
        sequences = np.stack([rng.permutation(members) for _ in range(2)])
        curves = [
            cumulative(network, inputs, labels, sequences, constants=constants, **options)
            for options in ({}, {"rows": 20, "threads": 2})
        ]
        for number, (sequence, constant) in enumerate(zip(sequences, constants, strict=True)):
            exact = reference(network, inputs.astype(np.float64), labels, sequence, constant)
            differs += (
                reference(network, inputs, labels, sequence, constant).correct != exact.correct
            ).sum()
            for correct, changed, loss in curves:
                np.testing.assert_array_equal(correct[number], exact.correct)
                np.testing.assert_array_equal(changed[number], exact.changed)
                np.testing.assert_allclose(loss[number], exact.loss, rtol=1e-9)
    assert differs > 0  # float32 alone would not do


@pytest.mark.parametrize("hidden", [(20, 33), (20, 33, 17)])
def test_counts_are_those_of_float64_where_outputs_grow(hidden: tuple[int, ...]) -> None:
    """Pairs of neurons cancel: removing one makes what follows, and its rounding, 1e4 larger."""
    rng = np.random.default_rng(4)
    network = make_network(rng, hidden, n_classes=10)
    network.weights[0][0, 1::2], network.biases[0][0, 1::2] = (
        network.weights[0][0, ::2],
        network.biases[0][0, ::2],
    )
    pairs = 1e4 * network.weights[1][0, :, ::2]
    network.weights[1][0, :, ::2], network.weights[1][0, :, 1::2] = pairs, -pairs
    network.weights[-1][0] = network.weights[-1][0, :1] + 1e-6 * network.weights[-1][0]
    inputs = make_inputs(rng, 200, 4, on_a_grid=False)
    labels = rng.integers(0, 10, 200)
    for members in scopes(hidden).values():
        sequences = np.stack([rng.permutation(members) for _ in range(3)])
        correct, _, _ = cumulative(
            network, torch.from_numpy(inputs), torch.from_numpy(labels), sequences
        )
        for counts, sequence in zip(correct, sequences, strict=True):
            exact = reference(network, inputs.astype(np.float64), labels, sequence).correct
            np.testing.assert_array_equal(counts, exact)


@pytest.mark.parametrize("hidden", [(20,), (9, 20), (6, 9, 20)])
def test_counts_are_those_of_float64_where_constants_cancel(hidden: tuple[int, ...]) -> None:
    """Of two neurons of equal weights, 1e4 larger than the logits: their rounding stays."""
    rng = np.random.default_rng(6)
    network = make_network(rng, hidden, n_classes=10)
    network.weights[-1][0] = network.weights[-1][0, :1] + 1e-3 * network.weights[-1][0]
    network.weights[-1][0, :, 1::2] = network.weights[-1][0, :, ::2]
    network.biases[-1][0] *= 1e-3
    constants = np.zeros(sum(hidden), np.float32)
    constants[-20::2] = 1e4 * rng.normal(size=10)
    constants[-19::2] = -constants[-20::2]
    inputs = make_inputs(rng, 200, 4, on_a_grid=False)
    labels = rng.integers(0, 10, 200)
    for members in scopes(hidden).values():
        sequences = np.stack([rng.permutation(members) for _ in range(3)])
        correct, _, _ = cumulative(
            network,
            torch.from_numpy(inputs),
            torch.from_numpy(labels),
            sequences,
            constants=constants,
        )
        for counts, sequence in zip(correct, sequences, strict=True):
            plain = reference(network, inputs.astype(np.float64), labels, sequence, constants)
            np.testing.assert_array_equal(counts, plain.correct)


@given(problems(), st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_an_order_does_not_depend_on_those_beside_it(
    problem: dict[str, object], data: st.DataObject
) -> None:
    """What one order has changed is restored for the next: bit by bit, in any mixture."""
    network = problem["network"]
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    n_neurons = sum(network.architecture.hidden)
    n_orders, k = data.draw(st.integers(2, 6)), data.draw(st.integers(0, n_neurons))
    sequences = np.stack([rng.permutation(n_neurons)[:k] for _ in range(n_orders)])
    constants = rng.integers(-1, 2, (n_orders, n_neurons)) * rng.random((n_orders, 1))
    examples = torch.from_numpy(problem["inputs"]), torch.from_numpy(problem["labels"])
    curves = cumulative(network, *examples, sequences, constants=constants)
    for number, sequence in enumerate(sequences):
        alone = cumulative(network, *examples, sequence[None], constants=constants[number])
        for one, several in zip(alone, curves, strict=True):
            np.testing.assert_array_equal(one[0], several[number])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("hidden", [(30, 150, 130), (60, 20, 30, 10)])
def test_many_removals_of_neurons_that_are_mostly_off(
    activation: str, hidden: tuple[int, ...]
) -> None:
    """More than are computed together, in all layers mixed: what is skipped changes nothing.

    In the wide network so many neurons are off that it is not the removals which change
    something that fill what is computed together, but those which might.
    """
    rng = np.random.default_rng(7)
    network = make_network(rng, hidden, n_classes=10, activation=activation)
    for layer, width in enumerate(hidden):
        network.weights[layer + 1] /= width**0.5
        network.biases[layer] -= 1.5
    inputs, labels = make_inputs(rng, 20, 4, on_a_grid=False), rng.integers(0, 10, 20)
    constants = np.zeros((2, sum(hidden)), np.float32)
    constants[1, ::2] = 0.1 * rng.normal(size=len(constants[1, ::2]))
    for members in scopes(hidden).values():
        sequences = np.stack([rng.permutation(members) for _ in range(2)])
        sequences[1, :20] = np.sort(sequences[1])[:20]
        sequences[1, 20:] = np.setdiff1d(members, sequences[1, :20])[::-1]
        correct, changed, loss = cumulative(
            network,
            torch.from_numpy(inputs),
            torch.from_numpy(labels),
            sequences,
            constants=constants,
        )
        for number, (sequence, constant) in enumerate(zip(sequences, constants, strict=True)):
            plain = reference(network, inputs.astype(np.float64), labels, sequence, constant)
            np.testing.assert_array_equal(correct[number], plain.correct)
            np.testing.assert_array_equal(changed[number], plain.changed)
            np.testing.assert_allclose(loss[number], plain.loss, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("hidden", [(20, 33), (20, 33, 17)])
def test_weights_too_small_to_be_felt(hidden: tuple[int, ...]) -> None:
    """As L2 leaves them, some of them subnormal: zero to the kernels, and no count is another."""
    rng = np.random.default_rng(9)
    network = make_network(rng, hidden, n_classes=10)
    for weight in network.weights[1:]:
        tiny = torch.from_numpy(10.0 ** rng.uniform(-44, -21, weight.shape)).float()
        weight[:] = torch.where(torch.from_numpy(rng.random(weight.shape) < 0.5), tiny, weight)
    # Classes that only such weights tell from each other: they are settled with all weights.
    network.weights[-1][0, 1] = network.weights[-1][0, 0]
    network.weights[-1][0, 1, ::3] += 1e-22
    network.biases[-1][0, 1] = network.biases[-1][0, 0]
    inputs, labels = make_inputs(rng, 75, 4, on_a_grid=False), rng.integers(0, 10, 75)
    compiled = Compiled(network.numpy(), [])
    for array in (*compiled.last, compiled.padded.weights):
        assert not ((array != 0) & (np.abs(array) < 1e-20)).any()
    tensors = torch.from_numpy(inputs), torch.from_numpy(labels)
    for members in scopes(hidden).values():
        sequences = np.stack([rng.permutation(members) for _ in range(2)])
        correct, changed, _ = cumulative(network, *tensors, sequences)
        for number, sequence in enumerate(sequences):
            plain = reference(network, inputs.astype(np.float64), labels, sequence)
            np.testing.assert_array_equal(correct[number], plain.correct)
            np.testing.assert_array_equal(changed[number], plain.changed)


def test_an_order_that_repeats_is_ablated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another constant it is another."""
    ablated: list[Removals] = []

    class Recording(Compiled):
        def __init__(self, network: Stack, removals: Sequence[Removals]) -> None:
            ablated.extend(removals)
            super().__init__(network, removals)

    monkeypatch.setattr("neuroninfo.ablation.curves.Compiled", Recording)
    rng = np.random.default_rng(10)
    network = make_network(rng, (6, 5, 4), n_classes=5)
    inputs, labels = make_inputs(rng, 50, 4, on_a_grid=False), rng.integers(0, 5, 50)
    tensors = torch.from_numpy(inputs), torch.from_numpy(labels)
    a, b = rng.permutation(15), rng.permutation(15)
    zero, mean = np.zeros(15), rng.normal(size=15)
    sequences, constants = np.stack([b, a, a, b, a, b]), [zero, zero, mean, zero, zero, mean]
    several = cumulative(network, *tensors, sequences, constants=np.stack(constants))
    assert len(ablated[0].sequences) == 4
    for number, (sequence, constant) in enumerate(zip(sequences, constants, strict=True)):
        alone = cumulative(network, *tensors, sequence[None], constants=constant)
        for one, values in zip(alone, several, strict=True):
            np.testing.assert_array_equal(one[0], values[number])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("hidden", [(9, 8), (5, 9, 8)])
def test_far_from_zero(activation: str, hidden: tuple[int, ...]) -> None:
    """Pre-activations from 1e-6 to 1e6 of both signs, where an exponential would overflow."""
    rng = np.random.default_rng(5)
    network = make_network(rng, hidden, activation=activation)
    for layer, width in enumerate(hidden):
        sizes = torch.from_numpy(10.0 ** rng.integers(-6, 7, width)).float()
        network.weights[layer][0] *= sizes[:, None]
        network.biases[layer][0] *= sizes
        network.weights[layer + 1][0] /= sizes
    inputs, labels = make_inputs(rng, 50, 4, on_a_grid=False), rng.integers(0, 3, 50)
    sequences = np.stack([rng.permutation(sum(hidden)) for _ in range(3)])
    correct, changed, loss = cumulative(
        network, torch.from_numpy(inputs), torch.from_numpy(labels), sequences
    )
    for number, sequence in enumerate(sequences):
        plain = reference(network, inputs.astype(np.float64), labels, sequence)
        np.testing.assert_array_equal(correct[number], plain.correct)
        np.testing.assert_array_equal(changed[number], plain.changed)
        np.testing.assert_allclose(
            loss[number], plain.loss, rtol=1e-5, atol=1e-5 * max(1, plain.largest)
        )


@pytest.mark.parametrize("hidden", [(2, 2), (2, 2, 2)])
def test_silu_is_zero_far_below_it(hidden: tuple[int, ...]) -> None:
    """Also where float32's largest exponential is smaller than the number it divides."""
    rng = np.random.default_rng(5)
    network = make_network(rng, hidden, activation="silu")
    network.biases[-2][0, 0] = -3e38
    inputs, labels = make_inputs(rng, 20, 4, on_a_grid=False), rng.integers(0, 3, 20)
    check(network, inputs, labels, np.array([[0, 1]]))


@pytest.mark.parametrize("shape", [(4,), (1, 5), (3, 5), (2, 4), ()])
def test_constants_of_another_shape(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    network = make_network(rng, (3, 2))
    examples = torch.zeros((2, 4)), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"give \(neurons\) or \(orders, neurons\), 5 neurons"):
        cumulative(network, *examples, np.array([[0], [1]]), constants=np.ones(shape))


def removals(
    network: Stack, sequences: np.ndarray, constants: np.ndarray | None = None
) -> Removals:
    if constants is None:
        constants = np.zeros(sum(network.architecture.hidden))
    of_all = np.zeros(len(sequences), np.int64)
    return Removals(sequences, of_all, constants[None].astype(np.float32))


@given(problems(), st.sampled_from([1, 300, 10**6]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_way_on_cuda_has_the_counts_of_the_compiled_loops(
    problem: dict[str, object], floats: int
) -> None:
    network, sequences = problem["network"].folded(), problem["sequences"]
    inputs, labels = (torch.from_numpy(problem[name]) for name in ("inputs", "labels"))
    correct, changed, loss = cumulative(network, inputs, labels, sequences)
    (counted, others, sums), (shorter, _, _) = blocked(
        network.tensors("cpu"),
        [removals(network, sequences), removals(network, sequences[:1, :1])],
        inputs,
        labels.long(),
        floats,
    )
    np.testing.assert_array_equal(counted, correct)
    np.testing.assert_array_equal(others, changed)
    np.testing.assert_array_equal(shorter, counted[:1, : shorter.shape[1]])
    np.testing.assert_allclose(sums / len(labels), loss, rtol=1e-5, atol=3e-5)


def test_on_cuda_close_logits_are_settled_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, hidden = np.random.default_rng(2), (9, 8, 7)
    network = make_network(rng, hidden, n_classes=10)
    network.weights[-1][0] = network.weights[-1][0, :1] + 1e-6 * network.weights[-1][0]
    network.biases[-1][0] = 1e-6 * network.biases[-1][0]
    inputs = torch.from_numpy(make_inputs(rng, 75, 4, on_a_grid=False))
    labels = torch.from_numpy(rng.integers(0, 10, 75))
    constants = rng.normal(size=24).astype(np.float32)
    sequences = np.stack([rng.permutation(24) for _ in range(4)])

    def counted() -> np.ndarray:
        run = [removals(network, sequences, constants)]
        return blocked(network.tensors("cpu"), run, inputs, labels)[0].correct

    expected = cumulative(network, inputs, labels, sequences, constants=constants).correct
    np.testing.assert_array_equal(counted(), expected)
    monkeypatch.setattr("neuroninfo.ablation.blocked.TIE", -1.0)
    assert (counted() != expected).any()  # float32 alone would not do


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_has_the_counts_of_the_cpu() -> None:
    rng, hidden = np.random.default_rng(4), (40, 60, 30)
    network = make_network(rng, hidden, n_classes=10)
    inputs, labels = make_inputs(rng, 3000, 4, on_a_grid=False), rng.integers(0, 10, 3000)
    sequences = np.stack([rng.permutation(130) for _ in range(5)])
    on_cpu = cumulative(network, inputs, labels, sequences)
    given = torch.from_numpy(inputs).cuda(), torch.from_numpy(labels).cuda()
    on_gpu = cumulative(network, *given, sequences)
    np.testing.assert_array_equal(on_gpu.correct, on_cpu.correct)
    np.testing.assert_array_equal(on_gpu.changed, on_cpu.changed)
    np.testing.assert_allclose(on_gpu.loss, on_cpu.loss, rtol=1e-5)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("hidden", [(7,), (20, 33), (9, 6, 17)])
def test_ablation_to_constants_is_bias_balancing(activation: str, hidden: tuple[int, ...]) -> None:
    """A removed neuron's constant may as well stand in the next layer's biases."""
    rng = np.random.default_rng(sum(hidden))
    network = make_network(rng, hidden, n_classes=5, activation=activation)
    inputs = torch.from_numpy(make_inputs(rng, 40, 4, on_a_grid=False))
    labels = torch.from_numpy(rng.integers(0, 5, 40))
    constants = rng.normal(size=sum(hidden)).astype(np.float32)
    constants[::3] = 0
    coordinates = neuron_coordinates(hidden)
    layers, units = coordinates["layer"][1], coordinates["unit"][1]
    for members in scopes(hidden).values():
        sequences = np.stack([rng.permutation(members) for _ in range(2)])
        correct, changed, loss = cumulative(network, inputs, labels, sequences, constants=constants)
        [(counted, others, sums)] = blocked(
            network.tensors("cpu"), [removals(network, sequences, constants)], inputs, labels
        )
        np.testing.assert_array_equal(correct, counted)
        np.testing.assert_array_equal(changed, others)
        np.testing.assert_allclose(loss, sums / 40, rtol=1e-5, atol=1e-5)
        for order, counts, losses in zip(sequences, correct, loss, strict=True):
            balanced = network.tensors("cpu")
            for k, neuron in enumerate(order[: len(order) // 2], start=1):
                layer = layers[neuron]
                moved = balanced.weights[layer][0, :, units[neuron]] * float(constants[neuron])
                balanced.biases[layer][0] += moved
                plain = reference(
                    balanced, inputs.numpy().astype(np.float64), labels.numpy(), order[:k]
                )
                assert counts[k] == plain.correct[k]
                np.testing.assert_allclose(losses[k], plain.loss[k], rtol=1e-5, atol=1e-5)


def test_kernels_refuse_memory_that_lies_otherwise() -> None:
    """They address it as it lies: rows of a transposed array would be read for columns."""

    @numba.njit
    def copy(block: np.ndarray, out: np.ndarray) -> None:
        kernels.store(out, 0, kernels.load(block, 16))

    block, out = np.arange(512, dtype=np.float32).reshape(16, 32), np.zeros(16, np.float32)
    copy(block, out)
    assert out.tolist() == block[0, 16:].tolist()
    with pytest.raises(TypeError, match="layout 'F': make it contiguous"):
        copy(block.T, out)


@pytest.mark.parametrize(
    ("name", "exact", "points"),
    [
        ("exp", np.exp, np.linspace(-87, 88, 4000)),
        ("log", np.log, np.geomspace(1, 1e6, 4000)),
    ],
)
def test_functions_of_vectors(
    name: str, exact: Callable[[np.ndarray], np.ndarray], points: np.ndarray
) -> None:
    """Within two units in the last place of float32, or of 1 where the result is smaller."""
    function = getattr(kernels, name)

    @numba.njit
    def fill(values: np.ndarray, out: np.ndarray) -> None:
        for i in range(0, len(values), 16):
            kernels.store(out, i, function(kernels.load(values, i)))

    values = points.astype(np.float32)
    out = np.empty_like(values)
    fill(values, out)
    np.testing.assert_allclose(out, exact(values.astype(np.float64)), rtol=2.4e-7, atol=0)


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(2)
    network = make_network(rng, (12, 9, 6), n_classes=10)
    inputs = torch.from_numpy(make_inputs(rng, 5000, 4, on_a_grid=False))
    labels = torch.from_numpy(rng.integers(0, 10, 5000))
    for members in scopes((12, 9, 6)).values():
        sequences = np.stack([rng.permutation(members)])
        one, two = (cumulative(network, inputs, labels, sequences, threads=n) for n in (1, 2))
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_more_examples_than_a_block(activation: str) -> None:
    rng = np.random.default_rng(1)
    network = make_network(rng, (12, 6), n_classes=10, activation=activation, batch_norm=True)
    inputs = make_inputs(rng, 2500, 4, on_a_grid=False)
    labels = masked_logits(network, inputs, np.zeros(18, bool)).argmax(1)
    labels[::5] = 3
    correct, _, _ = check(network, inputs, labels, np.stack([rng.permutation(18)]))
    assert 2000 <= correct[0, 0] < 2500


@pytest.mark.parametrize("batch_norm", [False, True])
def test_equal_counts(batch_norm: bool) -> None:
    """Where no prediction is near a tie, counts are equal, not just near."""
    rng = np.random.default_rng(3)
    for activation in ACTIVATIONS:
        network = make_network(rng, (6, 5), activation=activation, batch_norm=batch_norm)
        inputs = make_inputs(rng, 60, 4, on_a_grid=False)
        sequences = np.stack([rng.permutation(11) for _ in range(3)])
        removed = np.concatenate([removed_after_steps(network, each) for each in sequences])
        top = np.sort(masked_logits(network, inputs.astype(np.float64), removed), -1)
        magnitude = np.maximum(1, np.abs(top).max((1, 2)))
        clear = ((top[..., -1] - top[..., -2]) / magnitude[:, None]).min(0) > 1e-4
        assert clear.sum() > 30
        check(network, inputs[clear], rng.integers(0, 3, clear.sum()), sequences, decisive=True)


@pytest.mark.parametrize("bias", [-1000.0, 1000.0])
@pytest.mark.parametrize("hidden", [(1,), (4,), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("n", [1, 9])
def test_all_dead_and_all_always_on(hidden: tuple[int, ...], bias: float, n: int) -> None:
    rng = np.random.default_rng(2)
    network = make_network(rng, hidden, on_a_grid=True)
    network.biases[0][:] = bias
    inputs = make_inputs(rng, n, 4, on_a_grid=True)
    sequences = np.stack([np.arange(sum(hidden)), np.arange(sum(hidden))[::-1]])
    correct, changed, loss = check(network, inputs, rng.integers(0, 3, n), sequences, exact=True)
    if bias < 0:  # the first layer says nothing, so removing it changes nothing
        assert (correct[0, : hidden[0] + 1] == correct[0, 0]).all()
        assert not changed[0, : hidden[0] + 1].any()
        np.testing.assert_allclose(loss[0, : hidden[0] + 1], loss[0, 0], rtol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_ends_of_a_curve(activation: str, batch_norm: bool) -> None:
    """Nothing removed is the plain network, everything removed the output's biases."""
    rng = np.random.default_rng(4)
    network = make_network(rng, (5, 4), activation=activation, batch_norm=batch_norm)
    inputs, labels = make_inputs(rng, 40, 4, on_a_grid=False), rng.integers(0, 3, 40)
    sequences = np.stack([rng.permutation(9), np.arange(9)])
    correct, _, loss = check(network, inputs, labels, sequences)
    accuracy = (masked_logits(network, inputs, np.zeros(9, bool)).argmax(1) == labels).sum()
    assert (correct[:, 0] == accuracy).all()
    bias = network.biases[-1][0].double()
    assert (correct[:, -1] == (labels == int(bias.argmax())).sum()).all()
    expected = float((torch.logsumexp(bias, 0) - bias[torch.from_numpy(labels)]).mean())
    np.testing.assert_allclose(loss[:, -1], expected, rtol=1e-6)
    last_layer = np.array([[8, 5, 7, 6]])  # without it nothing passes, whatever else is there
    correct, _, loss = check(network, inputs, labels, last_layer)
    np.testing.assert_allclose(loss[:, -1], expected, rtol=1e-6)


def test_the_network_is_left_as_it_was() -> None:
    rng = np.random.default_rng(6)
    network = make_network(rng, (5, 4), batch_norm=True)
    arrays = [
        *network.weights,
        *network.biases,
        *(getattr(n, f) for n in network.normalizations for f in vars(n)),
    ]
    before = [array.clone() for array in arrays]
    inputs, labels = make_inputs(rng, 7, 4, on_a_grid=False), rng.integers(0, 3, 7)
    kept = inputs.copy()
    sequences = np.stack([rng.permutation(9)])
    first = cumulative(network, torch.from_numpy(inputs), torch.from_numpy(labels), sequences)
    again = cumulative(network, torch.from_numpy(inputs), torch.from_numpy(labels), sequences)
    np.testing.assert_array_equal(inputs, kept)
    for array, was in zip(arrays, before, strict=True):
        assert torch.equal(array, was)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)


# ------------------------------------------------------------------ orders


def sorted_plainly(values: list[float], direction: str, ties: list[int]) -> list[int]:
    place = {neuron: position for position, neuron in enumerate(ties)}
    sign = 1 if direction == "ascending" else -1
    return sorted(range(len(values)), key=lambda i: (sign * round(values[i], 12), place[i]))


LEVELS = [0.0, -0.0, 0.25, 0.25 + 1e-14, 0.25 - 1e-14, 0.25 + 1e-11, 0.75, -0.5, 3.0]


@given(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=30), st.randoms())
@settings(deadline=None, derandomize=True)
def test_order_by_is_a_plain_sort(values: list[float], random: object) -> None:
    ties = list(range(len(values)))
    random.shuffle(ties)
    for direction in ("ascending", "descending"):
        order = order_by(np.array(values), direction, np.array(ties))
        assert order.tolist() == sorted_plainly(values, direction, ties)


def test_ties() -> None:
    ties = np.array([3, 1, 0, 2])
    nearly = np.array([0.1 + 0.2, 0.3, 0.3 - 1e-14, 0.3 + 1e-14])
    assert len(set(nearly)) == 4
    zeros = np.array([0.0, -0.0, -1e-13, 0.0])
    for values in (nearly, zeros, np.zeros(4, dtype=np.int16)):
        for direction in ("ascending", "descending"):  # the same among equals, not reversed
            assert order_by(values, direction, ties).tolist() == ties.tolist()
    apart = np.array([0.3, 0.3 + 2e-12, 0.3 - 2e-12, 0.3])
    assert order_by(apart, "ascending", ties).tolist() == [2, 3, 0, 1]
    assert order_by(apart, "descending", ties).tolist() == [1, 3, 0, 2]


def test_no_value_has_no_place() -> None:
    with pytest.raises(ValueError, match=r"neurons \[0, 2\] have no value"):
        order_by(np.array([np.nan, 1, np.nan]), "ascending", np.arange(3))


def measured(seeds: tuple[int, ...], hidden: tuple[int, ...]) -> xr.Dataset:
    """Measures with many ties; a seed's do not depend on the others."""
    n, quantizers = sum(hidden), ["threshold", "uniform-8"]
    information = np.stack(
        [np.random.default_rng(seed).integers(0, 4, (2, n)) / 10 for seed in seeds]
    )
    return xr.Dataset(
        {
            "mutual_information": (
                ("seed", "quantizer", "neuron"),
                information,
                labelled("mutual information", "bit"),
            ),
            "class_selectivity": (
                ("seed", "neuron"),
                information[:, 0] * information[:, 1],
                labelled("class selectivity", "1"),
            ),
        },
        coords={
            "seed": ("seed", list(seeds), {"long_name": "seed"}),
            "quantizer": ("quantizer", quantizers, {"long_name": "quantizer"}),
            **neuron_coordinates(hidden),
        },
    )


HIDDEN = (6, 4, 5)
MEASURES = (
    OrderBy("mutual_information", "uniform-8", ("ascending", "descending")),
    OrderBy("class_selectivity", "none", ("descending",)),
)
GREEDY = OrderBy("greedy", "none", ("ascending",))
SET = AblationSettings(STUDY, MEASURES, 2, 0, ("zero",), ("layers", "network"), 2048)
ORDERINGS = orderings_from(MEASURES, 2)


def test_orderings() -> None:
    assert [
        Ordering("mutual_information", "uniform-8", "ascending", -1),
        Ordering("mutual_information", "uniform-8", "descending", -1),
        Ordering("class_selectivity", "none", "descending", -1),
        Ordering("random", "none", "none", 0),
        Ordering("random", "none", "none", 1),
    ] == ORDERINGS
    assert orderings_from([], 0, ["zero"]) == []
    both = orderings_from(MEASURES, 2, ["mean", "zero"])
    assert both[5:] == ORDERINGS
    assert [replace(ordering, replacement="zero") for ordering in both[:5]] == ORDERINGS
    assert {ordering.replacement for ordering in both[:5]} == {"mean"}


def test_scopes() -> None:
    members_of = scopes((2, 1, 3))
    assert list(members_of) == ["layer-1", "layer-2", "layer-3", "network"]
    assert [members.tolist() for members in members_of.values()] == [
        [0, 1],
        [2],
        [3, 4, 5],
        [0, 1, 2, 3, 4, 5],
    ]


def test_some_scopes() -> None:
    assert list(scopes((2, 1), ["layers"])) == ["layer-1", "layer-2"]
    assert list(scopes((2, 1), ["network"])) == ["network"]
    assert list(scopes((2, 1), ["network", "layers"])) == ["layer-1", "layer-2", "network"]
    with pytest.raises(ValueError, match=r"scopes: 'layer-1' is unknown; there are layers, net"):
        scopes((2, 1), ["layers", "layer-1"])


@pytest.mark.parametrize("scope", scopes(HIDDEN))
def test_orders_of_a_scope(scope: str) -> None:
    members, neurons = scopes(HIDDEN)[scope], measured((3, 7), HIDDEN)
    for position, seed in enumerate((3, 7)):
        rows = orders(neurons.isel(seed=position), ORDERINGS, members, STUDY)
        assert rows.shape == (5, len(members))
        assert (np.sort(rows, axis=1) == np.arange(len(members))).all()

        def stream(*keys: int, seed: int = seed) -> list[int]:
            """A permutation of the whole network, as positions among the scope's neurons."""
            everything = generator(STUDY, keys[0], seed, *keys[1:]).permutation(sum(HIDDEN))
            return [list(members).index(neuron) for neuron in everything if neuron in members]

        ties = stream(Stream.TIES)
        for row, variable, selected in (
            (0, "mutual_information", {"quantizer": "uniform-8"}),
            (1, "mutual_information", {"quantizer": "uniform-8"}),
            (2, "class_selectivity", {}),
        ):
            values = neurons[variable].sel(seed=seed, **selected).values[members].tolist()
            direction = ORDERINGS[row].direction
            assert rows[row].tolist() == sorted_plainly(values, direction, ties)
        assert rows[3].tolist() == stream(Stream.RANDOM_ORDERS, 0)
        assert rows[4].tolist() == stream(Stream.RANDOM_ORDERS, 1)


def test_random_orders_depend_on_study_seed_and_repeat_only() -> None:
    everything = np.arange(sum(HIDDEN))
    repeats = [Ordering("random", repeat=repeat) for repeat in range(3)]

    def random_orders(study: int, seed: int, wanted: list[Ordering]) -> np.ndarray:
        return orders(measured((seed,), HIDDEN).isel(seed=0), wanted, everything, study)

    base = random_orders(STUDY, 3, repeats)
    other = measured((3,), HIDDEN).map(np.zeros_like, keep_attrs=True).isel(seed=0)
    np.testing.assert_array_equal(orders(other, repeats, everything, STUDY), base)
    np.testing.assert_array_equal(random_orders(STUDY, 3, repeats[::-1]), base[::-1])
    np.testing.assert_array_equal(random_orders(STUDY, 3, ORDERINGS)[3:], base[:2])
    different = [
        tuple(row)
        for study, seed in ((STUDY, 3), (STUDY, 4), (STUDY + 1, 3))
        for row in random_orders(study, seed, repeats)
    ]
    assert len(set(different)) == 9


@pytest.mark.parametrize(
    ("ordering", "message"),
    [
        (
            Ordering("kl_selectivity", "threshold", "ascending"),
            r"orderings.measures: 'kl_selectivity' was not measured \(there are "
            r"class_selectivity, mutual_information\), and no orders are given$",
        ),
        (
            Ordering("mutual_information", "uniform-9", "ascending"),
            r"'mutual_information' was not measured with quantizer 'uniform-9'; there are "
            r"threshold, uniform-8$",
        ),
        (Ordering("mutual_information", "none", "ascending"), r"with quantizer 'none'"),
    ],
)
def test_measures_that_there_are_not(ordering: Ordering, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        orders(measured((0,), (3,)).isel(seed=0), [ordering], np.arange(3), STUDY)


SEARCHED = [
    ("cmim", "threshold", "ascending"),
    ("cmim", "threshold", "descending"),
    ("greedy", "none", "ascending"),
]


def searched_orders(seeds: tuple[int, ...], hidden: tuple[int, ...]) -> dict[str, xr.Dataset]:
    """As ``orders-<set>.nc``."""
    rng = np.random.default_rng(3)
    return {
        scope: xr.Dataset(
            {
                "order": (
                    ("seed", "ordering", "step"),
                    rng.permuted(
                        np.tile(np.arange(len(of)), (len(seeds), len(SEARCHED), 1)), axis=-1
                    ).astype(np.int16),
                )
            },
            coords={
                "seed": list(seeds),
                **{
                    name: ("ordering", [words[i] for words in SEARCHED])
                    for i, name in enumerate(("measure", "quantizer", "direction"))
                },
            },
        )
        for scope, of in scopes(hidden).items()
    }


def test_orders_that_were_searched() -> None:
    """Taken as they are, beside those made from measures, for zero and mean alike."""
    groups, neurons = searched_orders((3, 7), HIDDEN), measured((3, 7), HIDDEN)
    wanted = [
        Ordering("greedy", "none", "ascending"),
        *ORDERINGS,
        Ordering("cmim", "threshold", "descending"),
        Ordering("greedy", "none", "ascending", replacement="mean"),
    ]
    for scope, members in scopes(HIDDEN).items():
        for position in range(2):
            group = groups[scope].isel(seed=position)
            single = neurons.isel(seed=position)
            rows = orders(single, wanted, members, STUDY, searched=group)
            np.testing.assert_array_equal(rows[[0, -1]], group["order"].values[[2, 2]])
            np.testing.assert_array_equal(rows[-2], group["order"].values[1])
            np.testing.assert_array_equal(rows[1:-2], orders(single, ORDERINGS, members, STUDY))


@pytest.mark.parametrize(
    ("ordering", "message"),
    [
        (
            Ordering("greedy", "none", "descending"),
            r"'greedy' was not measured .*by it, none, descending no order was found; there are "
            r"cmim, threshold, ascending; cmim, threshold, descending; greedy, none, ascending$",
        ),
        (Ordering("jmi", "threshold", "ascending"), r"'jmi' was not measured"),
        (Ordering("cmim", "none", "ascending"), r"by it, none, ascending no order was found"),
    ],
)
def test_orders_that_were_not_searched(ordering: Ordering, message: str) -> None:
    group = searched_orders((0,), (3,))["layer-1"].isel(seed=0)
    with pytest.raises(ValueError, match=message):
        orders(measured((0,), (3,)).isel(seed=0), [ordering], np.arange(3), STUDY, searched=group)


@pytest.mark.parametrize("wrong", [[0, 1, 1], [1, 2, 3], [0, 1]])
def test_an_order_of_other_neurons(wrong: list[int]) -> None:
    group = searched_orders((0,), (3,))["layer-1"].isel(seed=0, step=slice(len(wrong)))
    group["order"][2] = wrong
    wanted = [Ordering("greedy", "none", "ascending")]
    with pytest.raises(ValueError, match=r"'greedy': the order found is not one of 3 neurons"):
        orders(measured((0,), (3,)).isel(seed=0), wanted, np.arange(3), STUDY, searched=group)


# ------------------------------------------------------------------ whole stacks


SEEDS = (3, 7, 8)


@pytest.fixture(scope="module")
def stack() -> Stack:
    return make_network(np.random.default_rng(8), HIDDEN, seeds=SEEDS, batch_norm=True)


@pytest.fixture(scope="module")
def examples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    return make_inputs(rng, 30, 4, on_a_grid=False), rng.permutation(
        np.repeat([0, 1, 2], [6, 14, 10])
    )


@pytest.fixture(scope="module")
def ablated(stack: Stack, examples: tuple[np.ndarray, np.ndarray]) -> dict[str, xr.Dataset]:
    return ablate_seeds(stack, examples)


def ablate_seeds(stack: Stack, split: tuple[np.ndarray, np.ndarray]) -> dict[str, xr.Dataset]:
    inputs, labels = map(torch.from_numpy, split)
    return ablate(stack, measured(stack.seeds, HIDDEN), inputs, labels, SET)


def test_layout(ablated: dict[str, xr.Dataset], tmp_path: Path) -> None:
    path = tmp_path / "ablation.nc"
    storage.write(ablated, path, kind="ablation", title="Curves", condition={}, configuration={})
    assert storage.groups(path, "ablation") == ["layer-1", "layer-2", "layer-3", "network"]
    for scope, n in zip(ablated, (6, 4, 5, 15), strict=True):
        group = storage.read(path, "ablation", group=scope)
        assert dict(group.sizes) == {"seed": 3, "ordering": 5, "removed": n + 1, "step": n}
        assert group["correct"].dims == group["loss"].dims == ("seed", "ordering", "removed")
        assert group["order"].dims == ("seed", "ordering", "step")
        assert [group[v].dtype for v in ("correct", "loss", "order")] == [
            np.dtype(np.int32),
            np.dtype(np.float64),
            np.dtype(np.int16),
        ]
        assert group["loss"].attrs["units"] == "nat"
        assert group["seed"].values.tolist() == list(SEEDS)
        assert group["removed"].values.tolist() == list(range(n + 1))
        assert group["step"].values.tolist() == list(range(n))
        for name in ("measure", "quantizer", "direction", "repeat", "replacement"):
            assert group[name].dims == ("ordering",)
            assert group[name].values.tolist() == [getattr(o, name) for o in ORDERINGS]
        counts = {name: group.attrs[name] for name in ("n_test", "n_classes", "chance_correct")}
        assert counts == {"n_test": 30, "n_classes": 3, "chance_correct": 14}


def test_every_curve(
    stack: Stack, examples: tuple[np.ndarray, np.ndarray], ablated: dict[str, xr.Dataset]
) -> None:
    """In every scope, each stored curve is that of the stored order of that network."""
    inputs, labels = examples
    starts = {"layer-1": 0, "layer-2": 6, "layer-3": 10, "network": 0}
    for scope, group in ablated.items():
        for position in range(len(SEEDS)):
            network = stack.of(slice(position, position + 1))
            for number in range(len(ORDERINGS)):
                curve = group.isel(seed=position, ordering=number)
                sequence = starts[scope] + curve["order"].values.astype(int)
                plain = reference(network, inputs.astype(np.float64), labels, sequence)
                assert (np.abs(curve["correct"] - plain.correct) <= plain.unsure).all()
                np.testing.assert_allclose(curve["loss"], plain.loss, rtol=1e-5, atol=1e-5)
    assert len(np.unique(ablated["network"]["correct"])) > 5


def test_a_seed_is_the_same_in_any_block(
    stack: Stack, examples: tuple[np.ndarray, np.ndarray], ablated: dict[str, xr.Dataset]
) -> None:
    alone = ablate_seeds(stack.of(slice(1, 2)), examples)
    for scope, group in alone.items():
        assert group.identical(ablated[scope].sel(seed=[7]))


def test_zero_and_mean_in_one_call(
    stack: Stack, examples: tuple[np.ndarray, np.ndarray], ablated: dict[str, xr.Dataset]
) -> None:
    """The same orders, searched ones too; each curve is that of its replacement."""
    inputs, labels = examples
    rng = np.random.default_rng(11)
    means = rng.normal(size=(len(SEEDS), sum(HIDDEN)))
    both = replace(SET, orderings=(*MEASURES, GREEDY), replacements=("zero", "mean"))
    searched = searched_orders(SEEDS[::-1], HIDDEN)  # seeds are found by their number
    curves = ablate(
        stack,
        measured(SEEDS, HIDDEN),
        torch.from_numpy(inputs),
        torch.from_numpy(labels),
        both,
        searched=searched,
        constants={"mean": means},
    )
    starts = {"layer-1": 0, "layer-2": 6, "layer-3": 10, "network": 0}
    changed = 0
    for scope, group in curves.items():
        assert group["replacement"].values.tolist() == ["zero"] * 6 + ["mean"] * 6
        order = group["order"].values
        np.testing.assert_array_equal(order[:, :6], order[:, 6:])
        np.testing.assert_array_equal(order[::-1, 3], searched[scope]["order"].values[:, 2])
        before = ablated[scope]  # the others, as if nothing stood beside them
        others = group.isel(ordering=[0, 1, 2, 4, 5])
        np.testing.assert_array_equal(others["order"], before["order"])
        np.testing.assert_array_equal(others["correct"], before["correct"])
        for position, mean in enumerate(means.astype(np.float32)):
            network = stack.of(slice(position, position + 1))
            for number in range(6, 12):
                curve = group.isel(seed=position, ordering=number)
                sequence = starts[scope] + curve["order"].values.astype(int)
                plain = reference(network, inputs.astype(np.float64), labels, sequence, mean)
                np.testing.assert_array_equal(curve["correct"], plain.correct)
                np.testing.assert_allclose(curve["loss"], plain.loss, rtol=1e-5, atol=1e-5)
        zero, mean = (group["correct"].isel(ordering=slice(i, i + 6)) for i in (0, 6))
        changed += int((zero.values != mean.values).sum())
    assert changed > 100


def test_some_scopes_of_a_stack(
    stack: Stack, examples: tuple[np.ndarray, np.ndarray], ablated: dict[str, xr.Dataset]
) -> None:
    inputs, labels = map(torch.from_numpy, examples)
    neurons = measured(SEEDS, HIDDEN)
    for within in (("layers",), ("network",)):
        some = replace(SET, scopes=within, rows=7)
        curves = ablate(stack, neurons, inputs, labels, some)
        assert list(curves) == list(scopes(HIDDEN, within))
        for scope, group in curves.items():
            np.testing.assert_array_equal(group["correct"], ablated[scope]["correct"])


def test_what_is_needed_and_not_there(
    stack: Stack, examples: tuple[np.ndarray, np.ndarray]
) -> None:
    inputs, labels = map(torch.from_numpy, examples)
    neurons, searched = measured(SEEDS, HIDDEN), searched_orders(SEEDS, HIDDEN)
    mean = replace(SET, replacements=("mean",))
    with pytest.raises(ValueError, match=r"no constants are given for 'mean'"):
        ablate(stack, neurons, inputs, labels, mean)
    with pytest.raises(ValueError, match=r"of 'mean' are \(seeds, neurons\) \(1, 15\).*\(3, 15\)"):
        ablate(stack, neurons, inputs, labels, mean, constants={"mean": np.zeros((1, 15))})
    greedy = replace(SET, orderings=(GREEDY,))
    with pytest.raises(ValueError, match=r"'greedy' was not measured .*no orders are given"):
        ablate(stack, neurons, inputs, labels, greedy)
    of_layers = {scope: group for scope, group in searched.items() if scope != "network"}
    message = r"searched orders: none in network; there are layer-1, layer-2, layer-3"
    with pytest.raises(ValueError, match=message):
        ablate(stack, neurons, inputs, labels, greedy, searched=of_layers)
    of_two = {scope: group.isel(seed=[0, 2]) for scope, group in searched.items()}
    with pytest.raises(ValueError, match=r"searched orders: none of seed 7; there are \[3, 8\]"):
        ablate(stack, neurons, inputs, labels, greedy, searched=of_two)


def test_measures_of_other_networks(stack: Stack, examples: tuple[np.ndarray, np.ndarray]) -> None:
    inputs, labels = map(torch.from_numpy, examples)
    for neurons in (
        measured((3, 8, 7), HIDDEN),
        measured(SEEDS[:2], HIDDEN),
        measured(SEEDS, (9,)),
    ):
        with pytest.raises(ValueError, match=r"measures are of .* networks of .*, 15"):
            ablate(stack, neurons, inputs, labels, SET)


def test_a_neuron_without_a_value(stack: Stack, examples: tuple[np.ndarray, np.ndarray]) -> None:
    inputs, labels = map(torch.from_numpy, examples)
    neurons = measured(SEEDS, HIDDEN)
    neurons["class_selectivity"][1, 7] = np.nan
    with pytest.raises(ValueError, match=r"neurons \[1\] have no value"):  # of layer 2
        ablate(stack, neurons, inputs, labels, SET)
