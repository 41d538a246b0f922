"""Damage and greedy against forward passes with masks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.ablation import single
from neuroninfo.ablation.single import damage_order, greedy_order
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack
from tests.unit.neurons.test_sensitivity import CLASSES, network
from tests.unit.plain import ACTIVATED


def masked(
    stack: Stack, inputs: np.ndarray, labels: np.ndarray, removed: list[int]
) -> tuple[int, float]:
    """Correct predictions and mean loss in float64."""
    stack = stack.folded()
    values, first = inputs.astype(np.float64), 0
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        values = values @ weight[0].T.astype(np.float64) + bias[0]
        if layer < len(stack.architecture.hidden):
            values = ACTIVATED[stack.architecture.activation](values)
            width = stack.architecture.hidden[layer]
            values[:, [i - first for i in removed if first <= i < first + width]] = 0
            first += width
    values -= values.max(axis=1, keepdims=True)
    losses = np.log(np.exp(values).sum(axis=1)) - values[np.arange(len(labels)), labels]
    return int((values.argmax(axis=1) == labels).sum()), float(losses.mean())


def examples(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)).astype(np.float32), rng.integers(0, CLASSES, n)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_damage(activation: str, batch_norm: bool) -> None:
    stack = network((4, 3), activation, batch_norm=batch_norm)
    splits = {"validation": examples(33, 1), "test": examples(20, 2)}
    found = single.damage(stack, splits)
    assert found["n_examples"].values.tolist() == [33, 20]
    for name, data in splits.items():
        part = found.sel(split=name, seed=3)
        right, loss = masked(stack, *data, [])
        assert int(part["correct_unablated"]) == right
        assert float(part["loss_unablated"]) == pytest.approx(loss, rel=1e-4)
        for neuron in range(7):
            right, loss = masked(stack, *data, [neuron])
            assert int(part["correct"][neuron]) == right
            assert float(part["loss"][neuron]) == pytest.approx(loss, rel=1e-4)


def test_damage_order_looks_at_correct_then_loss_then_ties() -> None:
    correct, loss = np.array([9, 8, 9, 9, 8]), np.array([0.3, 0.5, 0.2, 0.3, 0.5])
    ties = np.array([3, 4, 0, 1, 2])
    assert damage_order(correct, loss, "ascending", ties).tolist() == [2, 3, 0, 4, 1]
    assert damage_order(correct, loss, "descending", ties).tolist() == [4, 1, 3, 0, 2]


@settings(deadline=None, max_examples=25)
@given(
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    hidden=st.sampled_from([(1,), (4,), (3, 2), (2, 3, 2)]),
    scope=st.integers(0, 3),
    direction=st.sampled_from(["ascending", "descending"]),
    seed=st.integers(0, 500),
    dead=st.booleans(),
)
def test_greedy(
    activation: str, hidden: tuple[int, ...], scope: int, direction: str, seed: int, dead: bool
) -> None:
    stack = network(hidden, activation, seed=seed)
    if dead:
        stack.biases[0][0, 0] = -200.0
    inputs, labels = examples(23, seed)
    edges = np.cumsum([0, *hidden])
    members = np.arange(edges[-1])
    if scope < len(hidden):
        members = members[edges[scope] : edges[scope + 1]]
    ties = np.random.default_rng(seed).permutation(len(members))
    order, values = greedy_order(stack, inputs, labels, members, direction, ties)
    assert sorted(order) == list(range(len(members)))
    removed: list[int] = []
    sign = -1 if direction == "ascending" else 1
    for step, chosen in enumerate(order):
        left = [i for i in range(len(members)) if members[i] not in removed]
        tried = {i: masked(stack, inputs, labels, [*removed, int(members[i])]) for i in left}
        right, loss = tried[int(chosen)]
        assert right == values[step]
        best = min(sign * found for found, _ in tried.values())
        assert sign * right == best
        # Losses of float32: as good as the best one, but for rounding.
        best_loss = min(-sign * other for found, other in tried.values() if sign * found == best)
        assert -sign * loss == pytest.approx(best_loss, rel=1e-4, abs=1e-5)
        removed.append(int(members[chosen]))


def test_silent_neurons_go_in_the_order_of_ties_between_those_that_matter() -> None:
    stack = network((6,), "relu", seed=3)
    stack.biases[0][0, [1, 2, 4]] = -200.0
    inputs, labels = examples(40, 3)
    ties = np.array([4, 0, 2, 5, 1, 3])
    order, values = greedy_order(stack, inputs, labels, np.arange(6), "descending", ties)
    silent = [int(i) for i in order if i in (1, 2, 4)]
    assert silent == [4, 2, 1]
    assert values[-1] == masked(stack, inputs, labels, list(range(6)))[0]
