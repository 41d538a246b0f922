"""Norms of the weights of neurons, and the gradient of the loss by their outputs.

By numpy alone, so that jobs that measure start without torch.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
import xarray as xr
from scipy.special import softmax

from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack

_ROWS: Final = 2048


def weight_norms(network: Stack) -> tuple[np.ndarray, np.ndarray]:
    """Euclidean norms of the weights into and out of every hidden neuron.

    Parameters
    ----------
    network
        A stack of one, arrays of numpy; batch norm is folded into the weights. Biases do not count.

    Returns
    -------
    incoming, outgoing : ndarray
        (neurons) float64 each.
    """
    weights = [weight[0].astype(np.float64) for weight in network.folded().weights]
    incoming = [np.linalg.norm(weight, axis=1) for weight in weights[:-1]]
    outgoing = [np.linalg.norm(weight, axis=0) for weight in weights[1:]]
    return np.concatenate(incoming), np.concatenate(outgoing)


def taylor(
    network: Stack, activations: np.ndarray, logits: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """First-order estimate of what removing a neuron does to the loss.

    The mean over examples of ``|a dL/da|``, with a the neuron's output and L the cross-entropy
    of the example: Molchanov et al., ICLR 2017, equation 8, for units of a layer.

    Parameters
    ----------
    network
        A stack of one, arrays of numpy.
    activations
        (n, neurons) outputs of all hidden neurons.
    logits
        (n, classes).
    labels
        (n).

    Returns
    -------
    ndarray
        (neurons) float64, in nats.

    Raises
    ------
    ValueError
        The outputs are of a network with other layers.
    """
    hidden = network.architecture.hidden
    if activations.shape[1] != sum(hidden):
        raise ValueError(
            f"outputs are of {activations.shape[1]} neurons, the network has {sum(hidden)}"
        )
    total = np.zeros(sum(hidden))
    for row in range(0, len(labels), _ROWS):
        rows = slice(row, row + _ROWS)
        total += _summed(network.folded(), activations[rows], logits[rows], labels[rows])
    return total / len(labels)


def _summed(
    network: Stack, activations: np.ndarray, logits: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Sum over some examples of |a dL/da|, by backpropagation."""
    derivative = ACTIVATIONS[network.architecture.activation].derivative
    weights = [weight[0] for weight in network.weights]
    edges = np.cumsum([0, *network.architecture.hidden])
    outputs = [activations[:, a:b] for a, b in itertools.pairwise(edges)]
    gradient = softmax(logits, axis=1)  # by the logits
    gradient[np.arange(len(labels)), labels] -= 1
    sums = np.zeros(edges[-1])
    for layer in range(len(outputs) - 1, -1, -1):
        gradient = gradient @ weights[layer + 1]  # by the layer's outputs
        products = np.abs(outputs[layer] * gradient)
        sums[edges[layer] : edges[layer + 1]] = products.sum(axis=0, dtype=np.float64)
        if layer > 0:
            before = outputs[layer - 1] @ weights[layer].T + network.biases[layer][0]
            gradient = gradient * derivative(before, outputs[layer])
    return sums


def measures(network: Stack, activations: xr.Dataset) -> dict[str, xr.Variable]:
    """Variables of ``neurons.nc`` that depend on the weights, for one seed.

    Parameters
    ----------
    network
        A stack of one.
    activations
        ``activations.nc`` at one seed and epoch.
    """
    incoming, outgoing = weight_norms(network)
    importance = taylor(
        network,
        activations["activation"].values,
        activations["output"].values,
        activations["label"].values.astype(np.intp),
    )
    described = {
        "incoming_weight_norm": (incoming, "Euclidean norm of the weights into the neuron", "1"),
        "outgoing_weight_norm": (outgoing, "Euclidean norm of the weights out of it", "1"),
        "taylor": (importance, "mean of |output x gradient of the loss by it|", "nat"),
    }
    return {
        name: xr.Variable(("seed", "neuron"), values[None], labelled(words, unit))
        for name, (values, words, unit) in described.items()
    }
