"""Reference orders: by the accuracy that switching a neuron off costs, measured by doing it.

They are no bounds: what removals cost together is not the sum of what they cost alone, and a
greedy choice is not the best one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from neuroninfo.ablation.curves import cumulative
from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Architecture, Stack, neuron_coordinates


def damage(
    stack: Stack,
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    rows: int = 2048,
    threads: int = 1,
) -> xr.Dataset:
    """What is left when each neuron alone is switched off, in the layout of ``damage.nc``.

    Parameters
    ----------
    stack
        Networks.
    splits
        Name -> inputs (n, n_inputs) and labels (n).
    rows, threads
        As of `ablate.cumulative`.
    """
    n_neurons = sum(stack.architecture.hidden)
    shape = (len(stack.seeds), len(splits), n_neurons + 1)
    correct, loss = np.empty(shape, dtype=np.int32), np.empty(shape)
    each = np.arange(n_neurons)[:, None]
    for position in range(len(stack.seeds)):
        network = stack.of(slice(position, position + 1))
        for number, (inputs, labels) in enumerate(splits.values()):
            right, _, losses = cumulative(network, inputs, labels, each, rows=rows, threads=threads)
            for array, values in ((correct, right), (loss, losses)):
                array[position, number] = [values[0, 0], *values[:, 1]]
    coords = {
        "seed": ("seed", list(stack.seeds), {"long_name": "seed"}),
        **neuron_coordinates(stack.architecture.hidden),
    }
    return left(correct, loss, splits, coords)


def left(
    correct: np.ndarray,
    loss: np.ndarray,
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
    coords: Mapping[str, Any],
) -> xr.Dataset:
    """The layout of ``damage.nc``.

    Parameters
    ----------
    correct, loss
        (seed, split, 1 + neurons): of the whole network, then without each neuron.
    splits
        Name -> inputs and labels.
    coords
        Of the dimensions seed and neuron.
    """
    dims, whole = ("seed", "split", "neuron"), ("seed", "split")
    alone = "after switching off this neuron alone"
    return xr.Dataset(
        {
            "correct": (dims, correct[..., 1:], labelled(f"correct predictions {alone}", "1")),
            "loss": (dims, loss[..., 1:], labelled(f"mean cross-entropy {alone}", "nat")),
            "correct_unablated": (
                whole,
                correct[..., 0],
                labelled("correct predictions of the whole network", "1"),
            ),
            "loss_unablated": (
                whole,
                loss[..., 0],
                labelled("mean cross-entropy of the whole network", "nat"),
            ),
            "n_examples": (
                "split",
                np.array([len(labels) for _, labels in splits.values()], dtype=np.int32),
                labelled("examples of the split", "1"),
            ),
        },
        coords={
            "split": ("split", list(splits), {"long_name": "part of the data set"}),
            **coords,
        },
    )


def damage_order(
    correct: np.ndarray, loss: np.ndarray, direction: str, ties: np.ndarray
) -> np.ndarray:
    """Neurons by what switching them off alone leaves.

    Parameters
    ----------
    correct, loss
        (n) after each removal.
    direction
        ``ascending``: that which costs the least comes first (most correct, then least loss,
        then first in `ties`); ``descending``: that which costs the most.
    ties
        A permutation of 0..n-1.
    """
    sign = -1 if direction == "ascending" else 1
    return ties[np.lexsort((-sign * loss[ties], sign * correct[ties]))]


def greedy_order(
    network: Stack,
    inputs: np.ndarray,
    labels: np.ndarray,
    members: np.ndarray,
    direction: str,
    ties: np.ndarray,
    *,
    rows: int = 2048,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Remove, in each step, the neuron whose removal now costs the least, or the most.

    Parameters
    ----------
    network
        A stack of one.
    inputs, labels
        (n, n_inputs) and (n) that removals are judged on.
    members
        Neurons of the whole network to be ordered, ascending.
    direction, ties
        As of `damage_order`; ties are positions within `members`.
    rows, threads
        As of `ablate.cumulative`.

    Returns
    -------
    order, correct : ndarray
        (members) positions within `members`, and correct predictions after each removal.
    """
    network = network.folded().numpy()
    layers = neuron_coordinates(network.architecture.hidden)["layer"][1]
    first = int(layers[members[0]]) - 1
    searched = _Searched(network, inputs, labels, first)
    numbers = members - int(np.searchsorted(layers, first + 1))  # within what is searched
    # A neuron that is off for all examples costs exactly nothing: it need not be tried.
    off = searched.off(numbers)
    left = np.ones(len(members), dtype=bool)
    order, values = np.empty(len(members), dtype=np.int64), np.empty(len(members), dtype=np.int64)
    for step in range(len(members)):
        tried = np.flatnonzero(left & ~off)
        right, losses = searched.without(numbers[tried], rows=rows, threads=threads)
        correct = np.full(len(members), right[0])
        loss = np.full(len(members), losses[0])
        correct[tried], loss[tried] = right[1:], losses[1:]
        ranked = damage_order(correct, loss, direction, ties)
        best = ranked[left[ranked]][0]
        order[step], values[step] = best, correct[best]
        left[best] = False
        searched.remove(int(numbers[best]))
    return order, values


class _Searched:
    """The layers from a hidden layer on, from which removed neurons are cut out.

    Its own first layer is the identity on those inputs, so nothing before them is computed again.
    """

    def __init__(self, network: Stack, inputs: np.ndarray, labels: np.ndarray, first: int) -> None:
        self.architecture, self.seeds, self.labels = network.architecture, network.seeds, labels
        activate, values = ACTIVATIONS[network.architecture.activation].formula, inputs
        for layer in range(first + 1):
            values = values if layer == 0 else activate(values)
            values = values @ network.weights[layer][0].T + network.biases[layer][0]
        self.inputs = values
        self.silent: np.ndarray = np.asarray(~activate(values).any(axis=0))
        self.weights = [weight[0] for weight in network.weights[first + 1 :]]
        self.biases = [bias[0] for bias in network.biases[first + 1 :]]
        self.kept = [np.arange(width) for width in network.architecture.hidden[first:]]
        self.edges = np.cumsum([0, *(len(units) for units in self.kept)])

    def off(self, numbers: np.ndarray) -> np.ndarray:
        """Whether each neuron puts out zero for all examples whatever is removed.

        Only of the first layer is that known: a removal can switch on what follows.
        """
        n_first = len(self.silent)
        return self.silent[np.minimum(numbers, n_first - 1)] & (numbers < n_first)

    def without(
        self, numbers: np.ndarray, *, rows: int, threads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Correct predictions and loss now, then without each of these neurons, (1 + numbers)."""
        network = self._network()
        layers = np.searchsorted(self.edges, numbers, side="right") - 1
        starts = np.cumsum([0, *network.architecture.hidden])
        places = [
            starts[layer] + np.searchsorted(self.kept[layer], number - self.edges[layer])
            for layer, number in zip(layers, numbers, strict=True)
        ]
        # Without any, an order that removes nothing.
        sequences = np.array(places, dtype=np.int64)[:, None] if places else np.zeros((1, 0), int)
        correct, _, loss = cumulative(
            network, self._inputs(), self.labels, sequences, rows=rows, threads=threads
        )
        return (
            np.concatenate([correct[0, :1], correct[:, 1:].ravel()]),
            np.concatenate([loss[0, :1], loss[:, 1:].ravel()]),
        )

    def remove(self, number: int) -> None:
        """Cut a neuron out."""
        layer = int(np.searchsorted(self.edges, number, side="right")) - 1
        unit = number - self.edges[layer]
        self.kept[layer] = self.kept[layer][self.kept[layer] != unit]

    def _inputs(self) -> np.ndarray:
        if not len(self.kept[0]):
            return np.zeros((len(self.labels), 1), dtype=np.float32)
        return np.ascontiguousarray(self.inputs[:, self.kept[0]])

    def _network(self) -> Stack:
        """What is left; a layer without neurons keeps one that does nothing."""
        widths = [max(1, len(units)) for units in self.kept]
        weights = [np.eye(widths[0], dtype=np.float32)]
        biases = [np.zeros(widths[0], dtype=np.float32)]
        outer = [*self.kept[1:], np.arange(self.architecture.n_classes)]
        for weight, bias, into, out in zip(
            self.weights, self.biases, self.kept, outer, strict=True
        ):
            weights_left = np.zeros((max(1, len(out)), max(1, len(into))), dtype=np.float32)
            weights_left[: len(out), : len(into)] = weight[np.ix_(out, into)]
            shift = np.zeros(max(1, len(out)), dtype=np.float32)
            shift[: len(out)] = bias[out]
            weights.append(weights_left)
            biases.append(shift)
        architecture = Architecture(
            widths[0], tuple(widths), self.architecture.n_classes, self.architecture.activation
        )
        return Stack(
            architecture, self.seeds, [w[None] for w in weights], [b[None] for b in biases], []
        )
