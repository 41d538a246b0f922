"""Continuous outputs of neurons -> symbols: threshold, uniform and quantile bins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.neurons import counting


@dataclass(frozen=True)
class Quantizer:
    """How the output of a neuron becomes a symbol.

    Attributes
    ----------
    kind
        ``threshold``: 1 if above the activation's threshold, else 0. ``uniform``: equal bins
        over the neuron's range on the measured examples, the last closed on the right.
        ``quantile``: inner edges at the neuron's quantiles, equal ones merged.
    bins
        Number of symbols at most.
    """

    kind: str
    bins: int

    @staticmethod
    def named(name: str) -> Quantizer:
        """Quantizer of a name: ``threshold``, ``uniform-<bins>``, ``quantile-<bins>``.

        Raises
        ------
        ValueError
            The name is none of these.
        """
        if name == "threshold":
            return Quantizer("threshold", 2)
        match = re.fullmatch(r"(uniform|quantile)-([1-9][0-9]{0,2})", name)
        if match is None or not 2 <= int(match[2]) <= 256:
            raise ValueError(
                f"quantizer {name!r}: known are 'threshold', 'uniform-<bins>' and "
                "'quantile-<bins>' with 2 to 256 bins"
            )
        return Quantizer(match[1], int(match[2]))

    def symbols(self, values: np.ndarray, activation: str) -> np.ndarray:
        """Quantize the outputs of neurons, each by itself.

        Parameters
        ----------
        values
            (n, neurons) float32.
        activation
            Name of the nonlinearity, which gives the threshold.

        Returns
        -------
        ndarray
            (neurons, n) uint8, symbols from 0 to ``bins - 1``. A constant neuron has one.

        Raises
        ------
        ValueError
            A value is not finite, or the activation has no threshold.
        """
        if not np.isfinite(values).all():
            neuron = int(np.argmin(np.isfinite(values).all(axis=0)))
            raise ValueError(f"neuron {neuron} has an output that is not finite")
        edges = self.edges(values, activation)
        side: Literal["left", "right"] = "right" if self.kind == "uniform" else "left"
        symbols = np.empty(values.T.shape, dtype=np.uint8)
        for row, column, neuron_edges in zip(symbols, values.T, edges, strict=True):
            row[:] = np.searchsorted(neuron_edges, column, side=side)
        return symbols

    def edges(self, values: np.ndarray, activation: str) -> np.ndarray:
        """Inner edges of the bins of each neuron.

        Parameters
        ----------
        values, activation
            As in `symbols`.

        Returns
        -------
        ndarray
            (neurons, bins - 1) float64, ascending, padded with infinity where bins were merged.

        Raises
        ------
        ValueError
            The activation has no threshold.
        """
        n_neurons = values.shape[1]
        if self.kind == "threshold":
            if activation not in ACTIVATIONS:
                raise ValueError(
                    f"activation {activation!r} has no threshold; known are "
                    + ", ".join(ACTIVATIONS)
                )
            return np.full((n_neurons, 1), ACTIVATIONS[activation].threshold)
        if self.kind == "uniform":
            return uniform_edges(*counting.ranges(values), self.bins)
        edges = np.full((n_neurons, self.bins - 1), np.inf)
        for row, column in zip(edges, np.ascontiguousarray(values.T), strict=True):
            merged = quantile_edges(column, self.bins)
            row[: len(merged)] = merged
        return edges

    def class_counts(
        self, values: np.ndarray, labelings: np.ndarray, activation: str, n_classes: int
    ) -> np.ndarray:
        """How often each symbol occurs with each class, (labelings, neurons, bins, classes).

        The counts of `symbols`, which are not kept; `labelings` is (labelings, n).

        Raises
        ------
        ValueError
            A value is not finite, or a class is out of range.
        """
        edges = self.edges(values, activation)
        equal = self.kind == "uniform"
        return counting.class_counts(values, edges, labelings, n_classes, equal=equal)


def uniform_edges(low: np.ndarray, high: np.ndarray, bins: int) -> np.ndarray:
    """Inner edges of equal bins from low to high (neurons); symbol = number of edges <= value.

    Unlike `numpy.linspace`, whose step is rounded first, this rounds once, so a float32 value
    that lies on an edge is not put below it.
    """
    inner = np.arange(1, bins)
    lowest, highest = (side[:, None].astype(np.float64) for side in (low, high))
    return (lowest * (bins - inner) + highest * inner) / bins


def quantile_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Inner edges at the k/bins quantiles, merged; symbol = number of edges < value.

    Edges are observed values (the smallest with at least that share below or at it), so
    a float32 value is never compared with one interpolated between two.
    """
    # Ranks in integers: `numpy.quantile` rounds share * n, and is off by one where that is whole.
    ranks = -(-np.arange(1, bins) * len(values) // bins)
    ascending = np.sort(values)
    unique = np.unique(ascending[ranks - 1])
    return unique[unique < ascending[-1]]
