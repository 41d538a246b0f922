"""Plain references that several tests share."""

import numpy as np


def class_counts(symbols: np.ndarray, labels: np.ndarray, bins: int, n_classes: int) -> np.ndarray:
    """How often each symbol of symbols (neurons, n) occurs with each class of labels (n)."""
    counts = np.empty((len(symbols), bins * n_classes), dtype=np.int64)
    for row, neuron in zip(counts, symbols, strict=True):
        row[:] = np.bincount(
            neuron.astype(np.intp) * n_classes + labels, minlength=bins * n_classes
        )
    return counts.reshape(len(symbols), bins, n_classes)
