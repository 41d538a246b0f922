"""Networks whose weights and outputs lie on grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack
from neuroninfo.vocabulary import UNQUANTIZED

_SHARES: Final = np.arange(1, 51) / 50

_EXACT: Final = 2**24


@dataclass(frozen=True)
class Grid:
    """Values that are integers from `lowest` to `highest` times a step; zero is one of them.

    Attributes
    ----------
    step
        One for all values, or one per row of a matrix, of shape (rows, 1); float32, positive.
    lowest, highest
        At most and at least 0.
    """

    step: np.ndarray
    lowest: int
    highest: int

    def integers(self, values: np.ndarray) -> np.ndarray:
        """The nearest integers, as float32; values beyond the grid get its ends."""
        integers = values / self.step
        np.rint(integers, out=integers)
        return np.clip(integers, self.lowest, self.highest, out=integers)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """The nearest values on the grid, float32."""
        return self.integers(values) * self.step


def weight_grid(weight: np.ndarray, bits: int) -> Grid:
    """Fit the symmetric grid of a weight matrix, with one step per row.

    Parameters
    ----------
    weight
        (n_out, n_in) float32.
    bits
        2 to 16.

    Raises
    ------
    ValueError
        Another number of bits.
    """
    highest = 2 ** (_checked(bits) - 1) - 1
    widest = np.abs(weight).max(axis=1, keepdims=True)
    grids = [Grid(_step(share * widest / highest), -highest, highest) for share in _SHARES]
    errors = [np.square(grid.rounded(weight) - weight).sum(axis=1) for grid in grids]
    steps = np.stack([grid.step for grid in grids])
    best = np.argmin(errors, axis=0)
    return Grid(steps[best, np.arange(len(weight))], -highest, highest)


def output_grid(outputs: np.ndarray, bits: int) -> Grid:
    """Fit the grid of a layer's outputs, one step for all its neurons.

    Parameters
    ----------
    outputs
        (n, width) float32.
    bits
        2 to 16.

    Raises
    ------
    ValueError
        Another number of bits.
    """
    highest = 2 ** _checked(bits) - 1
    values = outputs[outputs != 0]  # zero is on every grid
    low, high = values.min(initial=0.0), values.max(initial=0.0)
    grids = []
    for share in _SHARES:
        step = _step(np.asarray(share * (high - low) / highest))
        below = int(np.clip(np.rint(-share * low / step), 0, highest))
        grids.append(Grid(step, -below, highest - below))
    errors = [np.square(grid.rounded(values) - values).sum(dtype=np.float64) for grid in grids]
    return grids[int(np.argmin(errors))]


def output_grids(network: Stack, bits: int, inputs: np.ndarray) -> list[Grid]:
    """Fit the grids of the hidden layers of one network, each on what the last ones give.

    Parameters
    ----------
    network
        A stack of one without batch norm.
    bits
        2 to 16.
    inputs
        (n, n_inputs) float32.

    Raises
    ------
    ValueError
        Another number of bits.
    """
    grids: list[Grid] = []
    activate = ACTIVATIONS[network.architecture.activation].formula
    values = inputs
    for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        values = activate(values @ weight[0].T + bias[0])
        grids.append(output_grid(values, bits))
        values = grids[-1].rounded(values)
    return grids


@dataclass(frozen=True)
class QuantizedNetwork:
    """One network, its weights and the outputs of its hidden neurons on grids.

    Attributes
    ----------
    activation
        Name of the nonlinearity.
    weights
        (n_in, n_out) a layer: integers, in a float type in which all sums of them are exact.
    scales, biases
        (n_out) float32 a layer: a neuron is given ``sum * scale + bias``.
    grids
        One a hidden layer.
    """

    activation: str
    weights: list[np.ndarray]
    scales: list[np.ndarray]
    biases: list[np.ndarray]
    grids: list[Grid]

    def sums(self, layer: int, integers: np.ndarray) -> np.ndarray:
        """What the neurons of a layer sum up, without step and bias, exactly.

        The first layer, whose inputs are on no grid, is summed in float64.
        """
        return integers.astype(self.weights[layer].dtype, copy=False) @ self.weights[layer]

    def preactivations(self, layer: int, sums: np.ndarray) -> np.ndarray:
        """Scaled sums with the bias, float32: from the last layer, the logits."""
        scaled = sums * self.scales[layer].astype(sums.dtype)
        scaled += self.biases[layer]
        return scaled.astype(np.float32, copy=False)

    def integers(self, layer: int, sums: np.ndarray) -> np.ndarray:
        """Outputs of the neurons of a hidden layer in steps of its grid, float32."""
        activate = ACTIVATIONS[self.activation].formula
        return self.grids[layer].integers(activate(self.preactivations(layer, sums)))

    def outputs(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Outputs of all layers.

        Parameters
        ----------
        inputs
            (n, n_inputs) float32.

        Returns
        -------
        list of ndarray
            (n, width) float32 a hidden layer, last the logits.
        """
        sums, results = self.sums(0, inputs), []
        for layer, grid in enumerate(self.grids):
            integers = self.integers(layer, sums)
            results.append(integers * grid.step)
            sums = self.sums(layer + 1, integers)
        return [*results, self.preactivations(len(self.grids), sums)]


def quantized(network: Stack, bits: int, inputs: np.ndarray) -> QuantizedNetwork:
    """Quantize the weights and outputs of one network.

    Parameters
    ----------
    network
        A stack of one.
    bits
        2 to 16, of weights and of outputs.
    inputs
        (n, n_inputs) float32, validation: the ranges of outputs are taken from them.

    Raises
    ------
    ValueError
        Another number of bits.
    """
    network = network.folded().numpy()
    on_grids = [weight_grid(weight[0], bits) for weight in network.weights]
    integers = [
        grid.integers(weight[0]).T for grid, weight in zip(on_grids, network.weights, strict=True)
    ]
    scales = [grid.step[:, 0] for grid in on_grids]
    grids = output_grids(with_rounded_weights(network, bits), bits, inputs)
    # The first layer's inputs are on no grid: float64.
    weights = [np.ascontiguousarray(integers[0], np.float64)]
    for below, above in zip(grids, integers[1:], strict=True):
        largest = max(-below.lowest, below.highest) * np.abs(above).sum(axis=0).max()
        weights.append(np.ascontiguousarray(above, np.float32 if largest < _EXACT else np.float64))
    scales[1:] = [scale * grid.step for scale, grid in zip(scales[1:], grids, strict=True)]
    biases = [bias[0] for bias in network.biases]
    return QuantizedNetwork(network.architecture.activation, weights, scales, biases, grids)


def with_rounded_weights(network: Stack, bits: int) -> Stack:
    """The network with its weights on their grids; biases as they are."""
    weights = [weight_grid(weight[0], bits).rounded(weight[0])[None] for weight in network.weights]
    return Stack(network.architecture, network.seeds, weights, network.biases, [])


def outputs_of(network: Stack, grids: Sequence[Grid], inputs: np.ndarray) -> list[np.ndarray]:
    """Outputs of all layers in float32, those of hidden layers on their grids if there are any."""
    activate = ACTIVATIONS[network.architecture.activation].formula
    values, results = inputs, []
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weight[0].T + bias[0]
        if layer < len(network.architecture.hidden):
            values = activate(values)
            values = grids[layer].rounded(values) if grids else values
        results.append(values)
    return results


def _step(values: np.ndarray) -> np.ndarray:
    """Steps in float32; 1 where there is nothing to span."""
    steps = values.astype(np.float32)
    return np.where(steps > 0, steps, np.float32(1))


def _checked(bits: int) -> int:
    if not 2 <= bits <= 16:
        raise ValueError(f"bits: {bits}; give 2 to 16, or {UNQUANTIZED} for as trained")
    return bits
