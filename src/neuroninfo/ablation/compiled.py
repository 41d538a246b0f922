"""A network in the layouts of the compiled kernels."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuroninfo.ablation import kernels
from neuroninfo.ablation.removals import Curves, Removals, nothing
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack, neuron_coordinates


def _layers(
    network: Stack, inputs: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Pre-activations of the first layer in float64, of all layers, outputs of the hidden ones."""
    activate = ACTIVATIONS[network.architecture.activation].formula
    weight, bias = (arrays[0][0].astype(np.float64) for arrays in (network.weights, network.biases))
    exact = inputs.astype(np.float64) @ weight.T + bias
    before, after = [exact.astype(np.float32)], []
    for weights, biases in zip(network.weights[1:], network.biases[1:], strict=True):
        after.append(activate(before[-1]))
        before.append(after[-1] @ weights[0].T + biases[0])
    return exact, before, after


class Compiled:
    """A network in the layouts of `kernels`, and the removals of which kernel serves which."""

    def __init__(self, network: Stack, removals: Sequence[Removals]) -> None:
        architecture = network.architecture
        self.network = network
        self.activation, self.hidden = architecture.activation, architecture.hidden
        self.n_classes = architecture.n_classes
        self.removals = removals
        self.weights = [weight[0] for weight in network.weights]
        self.biases = [bias[0] for bias in network.biases]
        self.exact = (
            np.concatenate([weight.T.ravel() for weight in self.weights[1:]]).astype(np.float64),
            np.concatenate(self.biases[1:]).astype(np.float64),
            np.array([*self.hidden, self.n_classes], dtype=np.int64),
        )
        coordinates = neuron_coordinates(self.hidden)
        self.layers = coordinates["layer"][1].astype(np.int64) - 1
        self.units = coordinates["unit"][1].astype(np.int64)
        # Of each removals, which orders are of the last two hidden layers only.
        self.shallow = [
            self.layers[r.sequences].min(axis=1, initial=len(self.hidden)) >= len(self.hidden) - 2
            for r in removals
        ]
        self.layouts = {
            shallow: self._shallow_layout() if shallow else self._deep_layout()
            for shallow in sorted({bool(last) for each in self.shallow for last in each})
        }

    def counted(self, inputs: np.ndarray, labels: np.ndarray) -> list[Curves]:
        """Counts and summed losses of some examples, for each of the removals."""
        exact, before, after = _layers(self.network, inputs)
        first = ACTIVATIONS[self.activation].formula(exact)
        examples = {
            shallow: self._side_by_side(before, after, labels)
            if shallow
            else self._lined_up(before, after, labels)
            for shallow in self.layouts
        }
        results = []
        for removals, of_last_two in zip(self.removals, self.shallow, strict=True):
            curves = nothing(removals)
            for shallow, layout in self.layouts.items():
                orders = np.flatnonzero(of_last_two == shallow)
                parts = [values[orders] for values in curves]
                *arrays, classes = examples[shallow]
                kernel: Callable[..., None] = kernels.shallow if shallow else kernels.deep
                kernel(
                    *arrays,
                    *layout,
                    self.n_classes,
                    classes,
                    removals.sequences[orders],
                    removals.replacements[orders],
                    removals.constants,
                    kernels.KINDS[self.activation],
                    (first, *self.exact),
                    *parts,
                )
                for values, part in zip(curves, parts, strict=True):
                    values[orders] = part
            results.append(curves)
        return results

    def _side_by_side(
        self, before: Sequence[np.ndarray], after: Sequence[np.ndarray], labels: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        none = np.zeros((len(labels), 0), np.float32)
        return (
            _side_by_side(after[-2] if len(after) > 1 else none, 0),
            _side_by_side(before[-2], 0),
            _side_by_side(labels[:, None].astype(np.int32), -1)[:, 0],
        )

    def _lined_up(
        self, before: Sequence[np.ndarray], after: Sequence[np.ndarray], labels: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        none = np.zeros((len(labels), self.n_classes), np.float32)
        return _lined_up([*after, none]), _lined_up(before), labels.astype(np.int64)

    def _shallow_layout(self) -> tuple[Any, ...]:
        last = len(self.hidden) - 1
        first_neuron = np.cumsum([0, *self.hidden])
        first_below = int(first_neuron[last - 1]) if last > 0 else 0
        weights = self.weights[last].T if last > 0 else np.zeros((0, self.hidden[0]), np.float32)
        output = _padded(self.weights[-1].T, kernels.CLASS_GROUP)
        bias = _padded(self.biases[-1][None], kernels.CLASS_GROUP)[0]
        return np.ascontiguousarray(-weights), output, bias, first_below, int(first_neuron[last])

    def _deep_layout(self) -> tuple[Any, ...]:
        biases = [_padded(bias[None], kernels.LANES)[0] for bias in self.biases]
        real = [_padded(np.ones((1, len(bias)), np.float32), kernels.LANES) for bias in self.biases]
        widths = np.array([len(bias) for bias in biases])
        matrices = [np.zeros((n, m), np.float32) for n, m in itertools.pairwise(widths)]
        for matrix, weight in zip(matrices, self.weights[1:], strict=True):
            matrix[: weight.shape[1], : weight.shape[0]] = weight.T
        return (
            np.concatenate([matrix.ravel() for matrix in matrices]),
            np.cumsum([0, *(matrix.size for matrix in matrices[:-1])]),
            np.concatenate(biases),
            widths,
            np.cumsum([0, *widths[:-1]]),
            self.layers,
            self.units,
            np.concatenate(real, axis=1)[0],
        )


def _padded(values: np.ndarray, multiple: int) -> np.ndarray:
    """(n, width) -> (n, width rounded up to a multiple), zeros behind."""
    return np.pad(np.ascontiguousarray(values), ((0, 0), (0, -values.shape[1] % multiple)))


def _lined_up(layers: Sequence[np.ndarray]) -> np.ndarray:
    """(n, width) of each layer -> (n, sum of the padded widths)."""
    return np.concatenate([_padded(layer, kernels.LANES) for layer in layers], axis=1)


def _side_by_side(values: np.ndarray, filling: float) -> np.ndarray:
    """(n, width) -> (blocks, width, 16): sixteen examples beside each other."""
    n, width = values.shape
    blocks = -(-n // kernels.LANES)
    padded = np.full((blocks * kernels.LANES, width), filling, values.dtype)
    padded[:n] = values
    return np.ascontiguousarray(padded.reshape(blocks, kernels.LANES, width).transpose(0, 2, 1))
