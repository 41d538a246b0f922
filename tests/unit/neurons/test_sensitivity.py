"""Norms and first-order importance against torch's gradient and plain loops."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Architecture, Normalization, Stack
from neuroninfo.neurons import sensitivity

CLASSES = 4


def network(
    hidden: tuple[int, ...], activation: str, *, batch_norm: bool = False, seed: int = 0
) -> Stack:
    rng = np.random.default_rng(seed)
    widths = (5, *hidden, CLASSES)

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(size=(1, *shape)).astype(np.float32)

    return Stack(
        Architecture(5, hidden, CLASSES, activation, batch_norm),
        (3,),
        [drawn(n_out, n_in) for n_in, n_out in itertools.pairwise(widths)],
        [drawn(n_out) for n_out in widths[1:]],
        [
            Normalization(drawn(n), drawn(n), drawn(n), drawn(n) ** 2 + 0.5)
            for n in hidden
            if batch_norm
        ],
    )


def by_torch(stack: Stack, inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Outputs, logits and mean |a dL/da| in float64, example by example."""
    function = getattr(nn.functional, stack.architecture.activation)
    stack = stack.folded()
    outputs, logits, importance = [], [], []
    for values, label in zip(torch.from_numpy(inputs).double(), labels, strict=True):
        hidden = []
        for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
            values = torch.from_numpy(weight[0]).double() @ values
            values = values + torch.from_numpy(bias[0]).double()
            if layer < len(stack.architecture.hidden):
                values = function(values)
                if not values.requires_grad:
                    values.requires_grad_()
                values.retain_grad()
                hidden.append(values)
        nn.functional.cross_entropy(values[None], torch.tensor([label])).backward()
        outputs.append(torch.cat(hidden).detach().numpy())
        logits.append(values.detach().numpy())
        importance.append(torch.cat([(a * a.grad).abs() for a in hidden]).detach().numpy())
    return np.stack(outputs), np.stack(logits), np.mean(importance, axis=0)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(deadline=None, max_examples=15)
@given(
    hidden=st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    n=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
def test_taylor_is_that_of_torch(
    activation: str, batch_norm: bool, hidden: tuple[int, ...], n: int, seed: int
) -> None:
    stack = network(hidden, activation, batch_norm=batch_norm, seed=seed)
    rng = np.random.default_rng(seed)
    inputs, labels = rng.normal(size=(n, 5)).astype(np.float32), rng.integers(0, CLASSES, n)
    outputs, logits, expected = by_torch(stack, inputs, labels)
    found = sensitivity.taylor(stack, outputs.astype(np.float32), logits.astype(np.float32), labels)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-5)


def test_rows_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stack, rng = network((6, 3), "silu"), np.random.default_rng(1)
    inputs, labels = rng.normal(size=(50, 5)).astype(np.float32), rng.integers(0, CLASSES, 50)
    outputs, logits, expected = by_torch(stack, inputs, labels)
    monkeypatch.setattr(sensitivity, "_ROWS", 7)
    np.testing.assert_allclose(
        sensitivity.taylor(stack, outputs, logits, labels), expected, rtol=1e-4
    )


def test_neurons_that_do_nothing_have_no_importance() -> None:
    stack = network((4, 3), "relu")
    stack.weights[1][0, :, 2] = 0  # nothing depends on neuron 2
    stack.biases[0][0, 1] = -1e3  # neuron 1 is never active
    rng = np.random.default_rng(2)
    inputs, labels = rng.normal(size=(30, 5)).astype(np.float32), rng.integers(0, CLASSES, 30)
    outputs, logits, _ = by_torch(stack, inputs, labels)
    found = sensitivity.taylor(stack, outputs, logits, labels)
    assert found[1] == found[2] == 0
    assert found[0] > 0
    assert sensitivity.weight_norms(stack)[1][2] == 0


@pytest.mark.parametrize("batch_norm", [False, True])
def test_weight_norms(batch_norm: bool) -> None:
    stack = network((4, 3), "tanh", batch_norm=batch_norm)
    incoming, outgoing = sensitivity.weight_norms(stack)
    first, second, last = (weight[0].astype(float) for weight in stack.folded().weights)
    for neuron in range(4):
        assert incoming[neuron] == pytest.approx(np.sqrt(sum(w**2 for w in first[neuron])))
        assert outgoing[neuron] == pytest.approx(np.sqrt(sum(row[neuron] ** 2 for row in second)))
    for neuron in range(3):
        assert incoming[4 + neuron] == pytest.approx(np.sqrt(sum(w**2 for w in second[neuron])))
        assert outgoing[4 + neuron] == pytest.approx(np.sqrt(sum(r[neuron] ** 2 for r in last)))


def test_outputs_of_another_network_are_refused() -> None:
    with pytest.raises(ValueError, match="5 neurons, the network has 7"):
        sensitivity.taylor(
            network((4, 3), "relu"), np.zeros((2, 5)), np.zeros((2, CLASSES)), np.zeros(2, int)
        )
