"""Functions that networks of width two compute."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import expit

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack, from_dataset
from neuroninfo.toys.sets import Floats


def best_restart(network: xr.Dataset) -> int:
    """Position along ``seed`` of the lowest training loss at the end; of equal ones the first."""
    return int(network["loss"].isel(epoch=-1).values.argmin())


def snapshot(network: xr.Dataset, epoch: int, restart: int) -> Stack:
    """One network of a ``network.nc`` of a toy: positions along ``epoch`` and ``seed``."""
    return from_dataset(network.isel(epoch=epoch, seed=slice(restart, restart + 1)))


def follow(network: Stack, values: Floats, start: int = 0) -> list[Floats]:
    """Outputs of all layers behind a given layer, for a network of two classes.

    Parameters
    ----------
    network
        A stack of one.
    values
        (n, width) outputs of layer `start`; layer 0 is the input.

    Returns
    -------
    list of ndarray
        Outputs (n, width) of each later hidden layer; last the probability (n) of class 1.
    """
    squash = ACTIVATIONS[network.architecture.activation].formula
    results = []
    for layer in range(start, len(network.architecture.hidden)):
        values = squash(values @ network.weights[layer][0].T + network.biases[layer][0])
        results.append(values)
    *weight, bias = lines(network, len(network.architecture.hidden))[0]
    return [*results, expit(values @ np.array(weight) + bias)]


def lines(network: Stack, layer: int) -> Floats:
    """(neurons, width + 1): weights and bias of each neuron that takes the outputs of a layer.

    Their zeros are boundaries: of each neuron of the next hidden layer or, after the last one,
    of the classes (the difference of the two logits: softmax of two is the sigmoid of it).
    """
    rows = np.column_stack([network.weights[layer][0], network.biases[layer][0]])
    if layer == len(network.architecture.hidden):
        rows = rows[1:] - rows[:1]
    return rows.astype(np.float64)
