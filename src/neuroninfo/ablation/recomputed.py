"""Cumulative ablation by recomputing layers in torch, where there are no compiled loops."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuroninfo.ablation.removals import Curves, Removals, nothing
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack, neuron_coordinates

if TYPE_CHECKING:
    from torch import Tensor


def recomputed(
    network: Stack,
    removals: Sequence[Removals],
    inputs: Tensor,
    labels: Tensor,
) -> list[Curves]:
    """Counts and summed losses; what follows the layer of a removed neuron is recomputed.

    In the precision and on the device of network and inputs.
    """
    import torch

    from neuroninfo.networks.forward import outputs

    edges = np.cumsum([0, *network.architecture.hidden])
    unablated = [layer[0] for layer in outputs(network, inputs)]
    results = []
    for run in removals:
        constants = torch.from_numpy(run.constants).to(inputs)
        curves = nothing(run)
        for number, sequence in enumerate(run.sequences):
            constant = constants[run.replacements[number]]
            given = [constant[None, a:b] for a, b in itertools.pairwise(edges)]
            curve = after_each_removal(network, unablated, labels, sequence, given)
            for values, of_order in zip(curves, curve, strict=True):
                values[number] = of_order
        results.append(curves)
    return results


def after_each_removal(
    network: Stack,
    unablated: Sequence[Tensor],
    labels: Tensor,
    sequence: np.ndarray,
    given: Sequence[Tensor],
) -> Curves:
    """Counts and summed losses of one order, (k + 1) each.

    Parameters
    ----------
    network
        A stack of one, as tensors.
    unablated
        (n, width) outputs of every layer, the last one's too.
    labels
        (n).
    sequence
        (k) neurons of the whole network in the order of their removal.
    given
        (1, width) or (n, width) of each hidden layer: what its neurons put out once removed.
    """
    import torch

    from neuroninfo.networks.forward import losses

    coordinates = neuron_coordinates(network.architecture.hidden)
    layers, units = coordinates["layer"][1] - 1, coordinates["unit"][1]
    predicted = unablated[-1].argmax(-1)
    values = [layer.clone() for layer in unablated]
    dead = [
        torch.zeros(layer.shape[1], dtype=torch.bool, device=layer.device)
        for layer in unablated[:-1]
    ]
    n_steps = len(sequence) + 1
    curve = Curves(np.zeros(n_steps, np.int64), np.zeros(n_steps, np.int64), np.zeros(n_steps))
    for step in range(n_steps):
        if step > 0:
            layer, unit = int(layers[sequence[step - 1]]), int(units[sequence[step - 1]])
            dead[layer][unit] = True
            values[layer][:, unit] = given[layer][:, unit]
            _recompute(network, values, dead, given, layer + 1)
        now = values[-1].argmax(-1)
        curve.correct[step] = int((now == labels).sum())
        curve.changed[step] = int((now != predicted).sum())
        curve.loss[step] = float(losses(values[-1], labels).sum(dtype=torch.float64))
    return curve


def in_float64(
    network: Stack, removals: Sequence[Removals]
) -> Callable[[np.ndarray, np.ndarray], list[Curves]]:
    """The same as `recomputed`, in float64 on the CPU, so that rounding decides no prediction.

    It takes any activation, and far longer than compiled loops.
    """
    import torch

    exact = network.tensors("cpu", torch.float64)

    def counted(inputs: np.ndarray, labels: np.ndarray) -> list[Curves]:
        return recomputed(
            exact,
            removals,
            torch.from_numpy(inputs).to(torch.float64),
            torch.from_numpy(labels).to(torch.int64),
        )

    return counted


def _recompute(
    network: Stack,
    values: list[Tensor],
    dead: list[Tensor],
    given: Sequence[Tensor],
    first: int,
) -> None:
    """Outputs of the layers from `first` on, in place."""
    import torch

    activation = ACTIVATIONS[network.architecture.activation]
    for layer in range(first, len(values)):
        weight, bias = network.weights[layer][0], network.biases[layer][0]
        torch.addmm(bias, values[layer - 1], weight.t(), out=values[layer])
        if layer < len(dead):
            activated = activation.apply(values[layer])
            torch.where(dead[layer], given[layer], activated, out=activated)
