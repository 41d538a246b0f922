"""Information of single neurons about one class against all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroninfo.neurons.measures import mutual_information


def one_against_rest(counts: np.ndarray) -> NDArray[np.float64]:
    """I(T; 1{Y = y}) in bits of every neuron and class, plug-in.

    Never more than I(T;Y), since whether it is class y follows from the class.

    Parameters
    ----------
    counts
        (neurons, bins, classes) how often each symbol occurs with each class.

    Returns
    -------
    ndarray
        (neurons, classes); 0 for a class that does not occur.
    """
    total = counts.sum(axis=2)
    return np.stack(
        [
            mutual_information(np.stack([total - counts[..., y], counts[..., y]], axis=2))
            for y in range(counts.shape[2])
        ],
        axis=1,
    )


def on_for(counts: np.ndarray) -> NDArray[np.bool_]:
    """Whether a neuron is on more often for the class than for all classes together.

    Information does not tell a neuron that is on for a class from one that is off for it.

    Parameters
    ----------
    counts
        (neurons, 2, classes): off, on.

    Returns
    -------
    ndarray
        (neurons, classes).
    """
    on, of_class = counts[:, 1], counts.sum(axis=1)
    # Products of integers: shares that are equal are not told apart by rounding.
    return np.asarray(
        on * of_class.sum(axis=1, keepdims=True) > on.sum(axis=1, keepdims=True) * of_class
    )
