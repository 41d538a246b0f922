"""Removals of neurons, and their effect on the predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Curves(NamedTuple):
    """The effect of an ablation on the predictions, after each removal."""

    correct: np.ndarray
    """(orders, k + 1) int32, correct predictions."""
    changed: np.ndarray
    """(orders, k + 1) int32, predictions that are not those of the unablated network."""
    loss: np.ndarray
    """(orders, k + 1) float64, mean cross-entropy in nats."""


@dataclass(frozen=True)
class Removals:
    """Sequences of neurons of one length to be ablated, each from the whole network on."""

    sequences: np.ndarray
    """(orders, k) int64."""
    replacements: np.ndarray
    """(orders) int64, row of the constants that removed neurons get."""
    constants: np.ndarray
    """(kinds, neurons) float32."""


def nothing(removals: Removals) -> Curves:
    """Counts and summed losses of no example."""
    shape = (len(removals.sequences), removals.sequences.shape[1] + 1)
    return Curves(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape))
