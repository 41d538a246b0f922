"""How often two neurons are on together, class by class: exact integers, by matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

_MOST_EXAMPLES: Final = 2**24
"""Up to which float32 counts exactly."""


@dataclass(frozen=True)
class BothOn:
    """How often two neurons are on together in the examples of one class.

    Attributes
    ----------
    counts
        (neurons, neurons) int32, examples of the class that switch on both; on the diagonal
        those that switch on the neuron.
    size
        Examples of the class.
    """

    counts: np.ndarray
    size: int


def both_on(on: np.ndarray, labels: np.ndarray) -> Iterator[BothOn]:
    """Count how often two neurons are on together, for every class that occurs, ascending.

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on.
    labels
        (n) classes.

    Raises
    ------
    ValueError
        There are more examples than float32 counts.
    """
    if on.shape[1] >= _MOST_EXAMPLES:
        raise ValueError(f"{on.shape[1]} examples: give fewer than {_MOST_EXAMPLES}")
    for label in np.unique(labels):
        of_class = on[:, labels == label].astype(np.float32)
        yield BothOn((of_class @ of_class.T).astype(np.int32), of_class.shape[1])
