"""Plain references that several tests share."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

ACTIVATED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": expit,
    "leaky_relu": lambda z: np.where(z > 0, z, z.dtype.type(0.01) * z),
    "silu": lambda z: z * expit(z),
}
"""Every activation by its definition, in the precision of its input."""


def class_counts(symbols: np.ndarray, labels: np.ndarray, bins: int, n_classes: int) -> np.ndarray:
    """How often each symbol of symbols (neurons, n) occurs with each class of labels (n)."""
    counts = np.empty((len(symbols), bins * n_classes), dtype=np.int64)
    for row, neuron in zip(counts, symbols, strict=True):
        row[:] = np.bincount(
            neuron.astype(np.intp) * n_classes + labels, minlength=bins * n_classes
        )
    return counts.reshape(len(symbols), bins, n_classes)
