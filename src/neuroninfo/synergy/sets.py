"""What sets of neurons share, with each other and of the class: growing prefixes of an order.

Of neurons T_1, .., T_k that are on or off, with H their joint entropy and H_i that of T_i given all
others (Rosas, Mediano, Gastpar and Jensen, Physical Review E 100, 2019):

- total correlation: sum of H(T_i) less H,
- dual total correlation: H less sum of H_i,
- O-information: the first less the second; positive where redundancy prevails,

and the redundancy-synergy index I(T_1, .., T_k;Y) - sum of I(T_i;Y) (Chechik et al., NIPS 2001),
negative where redundancy prevails.  All is plug-in, in bits: that ends where most examples have a
pattern of their own, and `Prefix.once` says how many do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuroninfo.neurons.measures import mutual_information


@dataclass(frozen=True)
class Prefix:
    """The first neurons of an order; information in bit."""

    total_correlation: float
    dual_total_correlation: float
    redundancy_synergy_index: float
    once: float
    """Share of examples whose pattern no other example has."""

    @property
    def o_information(self) -> float:
        """Total less dual total correlation."""
        return self.total_correlation - self.dual_total_correlation


def prefix(on: np.ndarray, labels: np.ndarray) -> Prefix:
    """What a set of neurons shares.

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on.
    labels
        (n) classes from 0.
    """
    n_classes = int(labels.max()) + 1
    counts = _counts(on, labels, n_classes)
    joint = _entropy(counts.sum(axis=1))
    alone = [_counts(on[i : i + 1], labels, n_classes) for i in range(len(on))]
    single = sum(_entropy(cells.sum(axis=1)) for cells in alone)
    given_others = sum(
        joint - _entropy(_counts(np.delete(on, i, axis=0), labels, n_classes).sum(axis=1))
        for i in range(len(on))
    )
    told = sum(float(mutual_information(cells[None])[0]) for cells in alone)
    return Prefix(
        single - joint,
        joint - given_others,
        float(mutual_information(counts[None])[0]) - told,
        float((counts.sum(axis=1) == 1).sum() / len(labels)),
    )


def _counts(on: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """(patterns, classes) examples."""
    packed = np.packbits(on.T, axis=1) if len(on) else np.zeros((len(labels), 1), np.uint8)
    patterns, of_example = np.unique(packed, axis=0, return_inverse=True)
    cells = of_example.ravel() * n_classes + labels
    return np.bincount(cells, minlength=len(patterns) * n_classes).reshape(-1, n_classes)


def _entropy(counts: np.ndarray) -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
