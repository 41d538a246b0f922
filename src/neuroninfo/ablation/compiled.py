"""A network in the layouts of the compiled kernels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from neuroninfo.ablation import kernels
from neuroninfo.ablation.removals import Curves, Removals, nothing
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack, neuron_coordinates

SMALLEST = 1e-20
"""Weights of a smaller magnitude are zero to the kernels' float32; near ties have them exactly.

L2 with Adam leaves some percent of all weights so small that processors compute far slower with
them (subnormal numbers), and none of them is felt beside weights of the usual size.
"""


def _layers(
    network: Stack, inputs: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Pre-activations of the first layer in float64, of all layers, outputs of the hidden ones."""
    activate = ACTIVATIONS[network.architecture.activation].formula
    weight, bias = (arrays[0][0].astype(np.float64) for arrays in (network.weights, network.biases))
    # For small matrices BLAS now and then reports an invalid value where all of them are finite:
    # its vectors reach beyond the matrix into other memory.
    with np.errstate(invalid="ignore"):
        exact = inputs.astype(np.float64) @ weight.T + bias
        before, after = [exact.astype(np.float32)], []
        for weights, biases in zip(network.weights[1:], network.biases[1:], strict=True):
            after.append(activate(before[-1]))
            before.append(after[-1] @ weights[0].T + biases[0])
    return exact, before, after


class Compiled:
    """A network in the layouts of `kernels`, and which of its removals `kernels.shallow` serves."""

    def __init__(self, network: Stack, removals: Sequence[Removals]) -> None:
        architecture = network.architecture
        self.network, self.removals = network, removals
        self.activate = ACTIVATIONS[architecture.activation].formula
        weights = [weight[0].T for weight in network.weights[1:]]
        biases = [bias[0] for bias in network.biases]
        self.exact = (
            np.concatenate([weight.ravel() for weight in weights]).astype(np.float64),
            np.concatenate(biases[1:]).astype(np.float64),
            np.array([*architecture.hidden, architecture.n_classes]),
            kernels.KINDS[architecture.activation],
        )
        felt = [np.where(np.abs(weight) < SMALLEST, np.float32(0), weight) for weight in weights]
        self.last, self.padded = _last(felt, biases), _all_padded(felt, biases)
        coordinates = neuron_coordinates(architecture.hidden)
        self.layers = coordinates["layer"][1].astype(np.int64) - 1
        self.units = coordinates["unit"][1].astype(np.int64)
        n_layers = len(architecture.hidden)
        self.shallow = [
            self.layers[each.sequences].min(axis=1, initial=n_layers) >= n_layers - 2
            for each in removals
        ]

    def counted(self, inputs: np.ndarray, labels: np.ndarray) -> list[Curves]:
        """Counts and summed losses of some examples, for each of the removals."""
        first, before, after = _layers(self.network, inputs)
        exact = kernels.Exact(self.activate(first), *self.exact)
        examples: dict[bool, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        results = []
        for removals, of_last in zip(self.removals, self.shallow, strict=True):
            curves = nothing(removals)
            for shallow in np.unique(of_last).tolist():
                if shallow not in examples:
                    arranged = _side_by_side if shallow else _lined_up
                    examples[shallow] = arranged(before, after, labels)
                places = np.flatnonzero(of_last == shallow)
                orders, part = self._orders(removals, places), [v[places] for v in curves]
                if shallow:
                    kernels.shallow(*examples[shallow], self.last, orders, exact, Curves(*part))
                elif removals.sequences.shape[1] > 1:
                    kernels.deep(*examples[shallow], self.padded, orders, exact, Curves(*part))
                else:
                    part = self._each_alone(examples[shallow], orders, exact)
                for values, of_places in zip(curves, part, strict=True):
                    values[places] = of_places
            results.append(curves)
        return results

    def _orders(self, removals: Removals, places: np.ndarray) -> kernels.Orders:
        neurons = removals.sequences[places]
        return kernels.Orders(
            neurons,
            removals.constants[removals.replacements[places][:, None], neurons],
            self.layers[neurons],
            self.units[neurons],
            np.abs(removals.constants[:, -self.network.architecture.hidden[-1] :]).max(axis=0),
            alone=False,
        )

    def _each_alone(
        self,
        examples: tuple[np.ndarray, np.ndarray, np.ndarray],
        orders: kernels.Orders,
        exact: kernels.Exact,
    ) -> list[np.ndarray]:
        """Orders of one neuron each, which `kernels.deep` takes as the steps of a single one."""
        steps = orders._replace(
            **{
                name: np.ascontiguousarray(getattr(orders, name).T)
                for name in ("neurons", "constants", "layers", "units")
            },
            alone=True,
        )
        shape = (1, len(orders.neurons) + 1)
        curves = Curves(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape))
        kernels.deep(*examples, self.padded, steps, exact, curves)
        return [np.stack(np.broadcast_arrays(v[0, :1], v[0, 1:]), axis=1) for v in curves]


def _last(weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> kernels.Last:
    into_last = weights[-2] if len(weights) > 1 else np.zeros((0, len(biases[0])), np.float32)
    return kernels.Last(
        np.ascontiguousarray(into_last),
        _padded(weights[-1], kernels.CLASS_GROUP),
        _padded(biases[-1][None], kernels.CLASS_GROUP)[0],
    )


def _all_padded(weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> kernels.Padded:
    padded = [_padded(bias[None], kernels.LANES)[0] for bias in biases]
    widths = np.array([len(bias) for bias in padded])
    matrices = [np.zeros(shape, np.float32) for shape in itertools.pairwise(widths)]
    for matrix, weight in zip(matrices, weights, strict=True):
        matrix[: weight.shape[0], : weight.shape[1]] = weight
    return kernels.Padded(
        np.concatenate([matrix.ravel() for matrix in matrices]),
        np.cumsum([0, *(matrix.size for matrix in matrices[:-1])]),
        np.concatenate(padded),
        widths,
        np.cumsum([0, *widths[:-1]]),
    )


def _side_by_side(
    before: Sequence[np.ndarray], after: Sequence[np.ndarray], labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Examples for `kernels.shallow`: (n, width) -> (blocks, width, 16)."""

    def arranged(values: np.ndarray, filling: float) -> np.ndarray:
        n, width = values.shape
        blocks = -(-n // kernels.LANES)
        padded = np.full((blocks * kernels.LANES, width), filling, np.float32)
        padded[:n] = values
        by_block = padded.reshape(blocks, kernels.LANES, width)
        return np.ascontiguousarray(by_block.transpose(0, 2, 1))

    below = after[-2] if len(after) > 1 else np.zeros((len(labels), 0), np.float32)
    return arranged(below, 0), arranged(before[-2], 0), arranged(labels[:, None], -1)[:, 0]


def _lined_up(
    before: Sequence[np.ndarray], after: Sequence[np.ndarray], labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Examples for `kernels.deep`: (n, width) of each layer -> (n, sum of the padded widths)."""
    outputs, before_all = (
        np.concatenate([_padded(values, kernels.LANES) for values in layers], axis=1)
        for layers in ([*after, np.zeros_like(before[-1])], before)
    )
    return outputs, before_all, labels.astype(np.int64)


def _padded(values: np.ndarray, multiple: int) -> np.ndarray:
    """(n, width) -> (n, width rounded up to a multiple), zeros behind."""
    return np.pad(np.ascontiguousarray(values), ((0, 0), (0, -values.shape[1] % multiple)))
