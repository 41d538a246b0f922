"""Two neurons of a layer switched off together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroninfo.ablation.curves import cumulative
from neuroninfo.networks.stack import Stack


@dataclass(frozen=True)
class Removed:
    """Correct predictions of one network.

    Attributes
    ----------
    whole
        Without any removal.
    alone
        (neurons of the layer) without each of them.
    together
        (pairs) without both neurons.
    """

    whole: int
    alone: NDArray[np.int64]
    together: NDArray[np.int64]


def without_pairs(
    network: Stack,
    inputs: np.ndarray,
    labels: np.ndarray,
    layer: int,
    first: np.ndarray,
    second: np.ndarray,
    *,
    threads: int = 1,
) -> Removed:
    """Switch the neurons of a hidden layer off, each alone and in pairs.

    Parameters
    ----------
    network
        A stack of one.
    inputs, labels
        (n, n_inputs) and (n).
    layer
        Hidden layer, from 1.
    first, second
        (pairs) neurons of the layer, from 0.
    threads
        As of `curves.cumulative`.
    """
    widths = network.architecture.hidden
    start = sum(widths[: layer - 1])
    each = start + np.arange(widths[layer - 1])[:, None]
    alone, _, _ = cumulative(network, inputs, labels, each, threads=threads)
    together = np.empty(0, dtype=np.int64)
    if len(first):
        orders = start + np.stack([first, second], axis=1)
        correct, _, _ = cumulative(network, inputs, labels, orders, threads=threads)
        together = correct[:, 2].astype(np.int64)
    return Removed(int(alone[0, 0]), alone[:, 1].astype(np.int64), together)
