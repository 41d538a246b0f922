"""Compiled counting of symbols by class: one pass over the examples for every neuron.

The counts are those of `quantization.Quantizer.symbols`, which are not kept: memory does not
grow with the number of examples.  Compiled functions are cached
on disk beside this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba
import numpy as np

_ROWS: Final = 64
"""Examples that are counted before moving on to the next neuron: they stay in the cache."""
_NEAR: Final = np.float32(2**-12)
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


def class_counts(
    values: np.ndarray,
    edges: np.ndarray,
    labelings: np.ndarray,
    n_classes: int,
    *,
    equal: bool,
) -> np.ndarray:
    """How often each symbol occurs with each class, for several labelings of the examples.

    Parameters
    ----------
    values
        (n, neurons) float32 outputs.
    edges
        (neurons, bins - 1) ascending, padded with infinity. The symbol of a value is the
        number of edges below it.
    labelings
        (labelings, n), classes from 0 to ``n_classes - 1``.
    equal
        Whether these are the edges of equal bins over each neuron's range. A value that lies
        on an edge is above it then, else not.

    Returns
    -------
    ndarray
        (labelings, neurons, bins, n_classes) int64.

    Raises
    ------
    ValueError
        A value is not finite, or a class is out of range.
    """
    if labelings.min() < 0 or labelings.max() >= n_classes:
        raise ValueError(
            f"labels from {labelings.min()} to {labelings.max()}: with {n_classes} classes they "
            f"go from 0 to {n_classes - 1}"
        )
    values = np.ascontiguousarray(values, dtype=np.float32)
    classes = np.ascontiguousarray(labelings, dtype=np.int64)
    n_neurons, bins = values.shape[1], edges.shape[1] + 1
    # Every edge that is not above a float32 value v is not above it in float32 either if it
    # is rounded up (equal bins) or down: so comparisons in float32 are exact.
    exact = edges.astype(np.float32)
    wrong = exact < edges if equal else exact > edges
    exact[wrong] = np.nextafter(exact[wrong], np.float32(np.inf if equal else -np.inf))
    if bins == 2:
        above = np.zeros((len(classes), n_classes, n_neurons), dtype=np.int32)
        poison = np.zeros(n_neurons, dtype=np.float32)
        _count_two(values, np.ascontiguousarray(exact[:, 0]), classes, equal, above, poison)
        _finite(poison)
        sizes = np.stack([np.bincount(labels, minlength=n_classes) for labels in classes])
        counts = np.empty((len(classes), n_neurons, 2, n_classes), dtype=np.int64)
        counts[:, :, 1] = above.transpose(0, 2, 1)
        counts[:, :, 0] = sizes[:, None] - counts[:, :, 1]
        return counts
    flat = np.zeros((len(classes), n_neurons, bins * n_classes), dtype=np.int32)
    low, high = ranges(values)
    if equal:
        # In bins per unit; 0 where the range is none or so small that this overflows.
        with np.errstate(divide="ignore", over="ignore"):
            slope = np.where(high > low, bins / (high - low).astype(np.float64), 0)
        slope = np.where(slope < np.finfo(np.float32).max, slope, 0).astype(np.float32)
        _count_equal(values, exact, low, slope, classes, n_classes, flat)
    else:
        _count_searched(values, exact, classes, n_classes, flat)
    return flat.reshape(len(classes), n_neurons, bins, n_classes).astype(np.int64)


def ranges(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest output of each neuron of values (n, neurons).

    Raises
    ------
    ValueError
        A value is not finite.
    """
    values = np.ascontiguousarray(values, dtype=np.float32)
    low, high = values[0].copy(), values[0].copy()
    poison = np.zeros(values.shape[1], dtype=np.float32)
    _ranges(values, low, high, poison)
    _finite(poison)
    return low, high


def _finite(poison: np.ndarray) -> None:
    bad = np.isnan(poison)
    if bad.any():
        raise ValueError(f"neuron {int(np.argmax(bad))} has an output that is not finite")


@_compiled
def _ranges(values: Any, low: Any, high: Any, poison: Any) -> None:
    for example in range(values.shape[0]):
        row = values[example]
        for j in range(row.shape[0]):
            low[j] = min(low[j], row[j])
            high[j] = max(high[j], row[j])
            poison[j] += row[j] * np.float32(0)


@_compiled
def _count_two(
    values: Any, edges: Any, labelings: Any, closed: Any, above: Any, poison: Any
) -> None:
    """Count values above their neuron's edge; poison turns NaN where one is not finite."""
    n_neurons = values.shape[1]
    for example in range(values.shape[0]):
        row = values[example]
        total = above[0, labelings[0, example]]
        if closed:
            for j in range(n_neurons):
                total[j] += row[j] >= edges[j]
                poison[j] += row[j] * np.float32(0)
        else:
            for j in range(n_neurons):
                total[j] += row[j] > edges[j]
                poison[j] += row[j] * np.float32(0)
        for s in range(1, labelings.shape[0]):  # the row is still in the cache
            total = above[s, labelings[s, example]]
            if closed:
                for j in range(n_neurons):
                    total[j] += row[j] >= edges[j]
            else:
                for j in range(n_neurons):
                    total[j] += row[j] > edges[j]


@_compiled
def _count_equal(
    values: Any, edges: Any, low: Any, slope: Any, labelings: Any, n_classes: Any, counts: Any
) -> None:
    """Count symbols of equal bins: computed, and searched for near an edge.

    The position in bins is off by less than 2^-12 for up to 256 bins, so a value that is not
    so near to an edge lies in the bin that was computed.
    """
    n, n_neurons = values.shape
    last = np.int32(edges.shape[1])
    doubt = np.int32(1 << 20)
    guesses = np.empty((_ROWS, n_neurons), np.int32)
    offsets = np.empty(_ROWS, np.int64)
    for first in range(0, n, _ROWS):
        size = min(_ROWS, n - first)
        for i in range(size):
            row, guess = values[first + i], guesses[i]
            for j in range(n_neurons):
                position = (row[j] - low[j]) * slope[j]
                symbol = np.int32(position)
                inside = position - np.float32(symbol)
                unsure = (
                    ((inside < _NEAR) & (symbol > 0))
                    | (inside > np.float32(1) - _NEAR)
                    | (symbol > last)
                    | (slope[j] == 0)
                )
                guess[j] = doubt if unsure else symbol
        for j in range(n_neurons):
            for i in range(size):
                guessed = guesses[i, j]
                if guessed == doubt:
                    offsets[i] = _searched(values[first + i, j], edges[j], True) * n_classes
                else:
                    offsets[i] = guessed * n_classes
            for s in range(labelings.shape[0]):
                table, labels = counts[s, j], labelings[s]
                for i in range(size):
                    table[offsets[i] + labels[first + i]] += 1


@_compiled
def _count_searched(values: Any, edges: Any, labelings: Any, n_classes: Any, counts: Any) -> None:
    """Count symbols of any edges by bisection."""
    n, n_neurons = values.shape
    offsets = np.empty(_ROWS, np.int64)
    for first in range(0, n, _ROWS):
        size = min(_ROWS, n - first)
        for j in range(n_neurons):
            for i in range(size):
                offsets[i] = _searched(values[first + i, j], edges[j], False) * n_classes
            for s in range(labelings.shape[0]):
                table, labels = counts[s, j], labelings[s]
                for i in range(size):
                    table[offsets[i] + labels[first + i]] += 1


@_compiled
def _searched(value: Any, edges: Any, closed: Any) -> int:
    """Count the edges below a value, and if closed those equal to it, by bisection."""
    low, high = 0, edges.shape[0]
    while low < high:
        middle = (low + high) // 2
        edge = edges[middle]
        if edge < value or (closed and edge == value):
            low = middle + 1
        else:
            high = middle
    return low
