"""Cumulative ablation of a network of few bits, exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from neuroninfo.networks.stack import neuron_coordinates
from neuroninfo.smaller.quantized_network import QuantizedNetwork


def cumulative(
    network: QuantizedNetwork,
    inputs: np.ndarray,
    labels: np.ndarray,
    sequences: np.ndarray,
    *,
    rows: int = 2048,
) -> tuple[np.ndarray, np.ndarray]:
    """Correct predictions and loss of a quantized network after each removal, to zero.

    As `ablate.cumulative`, and exact: no sum is rounded, in whatever order neurons go.

    Parameters
    ----------
    network
        One network.
    inputs, labels
        (n, n_inputs) and (n).
    sequences
        (orders, k) neurons of the whole network in the order of their removal.
    rows
        Examples at a time; counts do not depend on it.

    Returns
    -------
    correct : ndarray
        (orders, k + 1) int32.
    loss : ndarray
        (orders, k + 1) float64, mean cross-entropy in nats.
    """
    shape = (sequences.shape[0], sequences.shape[1] + 1)
    correct, loss = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    for start in range(0, len(labels), rows):
        block = slice(start, start + rows)
        whole = _Ablated.of(network, inputs[block], labels[block])
        for number, sequence in enumerate(sequences):
            for step, (right, losses) in enumerate(whole.removing(sequence)):
                correct[number, step] += right
                loss[number, step] += losses
    return correct.astype(np.int32), loss / len(labels)


@dataclass
class _Ablated:
    """Some examples in a quantized network, some of whose neurons are ablated."""

    network: QuantizedNetwork
    integers: list[np.ndarray]
    """(n, width) a hidden layer."""
    sums: list[np.ndarray]
    """(n, width) a layer but the first, which nothing changes: ``sums[0]`` is empty."""
    labels: np.ndarray
    right: np.ndarray
    losses: np.ndarray

    @staticmethod
    def of(network: QuantizedNetwork, inputs: np.ndarray, labels: np.ndarray) -> _Ablated:
        integers: list[np.ndarray] = []
        sums = [network.sums(0, inputs)]
        for layer in range(len(network.grids)):
            integers.append(network.integers(layer, sums[layer]))
            sums.append(network.sums(layer + 1, integers[layer]))
        sums[0] = np.empty((len(labels), 0))
        n = len(labels)
        whole = _Ablated(network, integers, sums, labels, np.zeros(n, bool), np.zeros(n))
        whole.judge(np.arange(n))
        return whole

    def judge(self, rows: np.ndarray) -> None:
        """Predictions and losses of some examples."""
        logits, labels = self.network.preactivations(-1, self.sums[-1][rows]), self.labels[rows]
        self.right[rows] = logits.argmax(axis=1) == labels
        self.losses[rows] = -log_softmax(logits, axis=1)[np.arange(len(rows)), labels]

    def removing(self, sequence: np.ndarray) -> Iterator[tuple[int, float]]:
        """Correct predictions and summed losses, after 0, 1, .. removals; self stays."""
        network, last = self.network, len(self.integers)
        integers, sums = ([a.copy() for a in part] for part in (self.integers, self.sums))
        state = _Ablated(
            network, integers, sums, self.labels, self.right.copy(), self.losses.copy()
        )
        widths = [part.shape[1] for part in integers]
        coordinates = neuron_coordinates(widths)
        layers, units = coordinates["layer"][1] - 1, coordinates["unit"][1]
        alive = [np.ones(width, np.float32) for width in widths]
        yield int(state.right.sum()), float(state.losses.sum())
        for neuron in sequence:
            first, unit = int(layers[neuron]), int(units[neuron])
            alive[first][unit] = 0
            rows = np.flatnonzero(integers[first][:, unit])
            if len(rows):
                gone = integers[first][rows, unit].astype(sums[first + 1].dtype)
                integers[first][rows, unit] = 0
                sums[first + 1][rows] -= gone[:, None] * network.weights[first + 1][unit]
                for layer in range(first + 1, last):
                    changed = network.integers(layer, sums[layer][rows])
                    changed *= alive[layer]
                    integers[layer][rows] = changed
                    sums[layer + 1][rows] = network.sums(layer + 1, changed)
                state.judge(rows)
            yield int(state.right.sum()), float(state.losses.sum())
