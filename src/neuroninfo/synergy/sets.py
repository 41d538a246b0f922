"""Information within growing sets of neurons, and of these sets about the class.

Of neurons T_1, .., T_k that are on or off, with H their joint entropy and H_i that of T_i given all
others (Rosas, Mediano, Gastpar and Jensen, Physical Review E 100, 2019):

- total correlation: sum of H(T_i) less H,
- dual total correlation: H less sum of H_i,
- O-information: the first less the second; positive where redundancy prevails,

and the redundancy-synergy index I(T_1, .., T_k;Y) - sum of I(T_i;Y) (Chechik et al., NIPS 2001),
negative where redundancy prevails.  `prefix` counts patterns (plug-in, in bits).  That ends where k
neurons have more patterns than there are examples, at k = log2 n: `most_counted`.

For more neurons `gaussian_copula` takes the outputs themselves, as if their dependence was that of
normal variables: each output is replaced by the normal quantile of its rank (Ince et al., Human
Brain Mapping 38(3), 2017), and the entropies are those of the correlations, less their bias for n
examples (Miller's digamma terms, equation 2.9 there).  It sees no dependence beyond correlations of
ranks; outputs that are equal, such as zeros of ReLU, share their mean rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, psi

from neuroninfo.neurons.measures import mutual_information

_SINGULAR: Final = 1e-9
"""Smallest eigenvalue of correlations, below which some neurons are a sum of others."""


@dataclass(frozen=True)
class Shared:
    """Information that neurons share with each other, in bit."""

    total_correlation: float
    dual_total_correlation: float

    @property
    def o_information(self) -> float:
        """Total less dual total correlation."""
        return self.total_correlation - self.dual_total_correlation


@dataclass(frozen=True)
class Prefix(Shared):
    """The first neurons of an order, with their information about the class in bit."""

    redundancy_synergy_index: float
    once: float
    """Share of examples whose pattern no other example has."""


def most_counted(n_examples: int) -> int:
    """Number of neurons up to which patterns are counted: log2 n, rounded down."""
    return n_examples.bit_length() - 1


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


def gaussian_copula(values: np.ndarray) -> Shared:
    """Information that neurons share if their dependence is that of normal variables.

    Parameters
    ----------
    values
        (neurons, n) outputs, none of them constant, of more examples than neurons.

    Returns
    -------
    Shared
        Infinite and NaN if neurons are copies of others; estimates can be slightly negative.
    """
    n_neurons, n = values.shape
    correlations = np.corrcoef(np.stack([_normal(row) for row in values])).reshape(n_neurons, -1)
    eigenvalues, vectors = np.linalg.eigh(correlations)
    if eigenvalues[0] < _SINGULAR:
        return Shared(np.inf, np.nan)
    log_determinant = np.log(eigenvalues).sum()
    # The inverse has the precision of each neuron given all others on its diagonal.
    log_precisions = np.log((vectors**2 / eigenvalues).sum(axis=1)).sum()
    of_prefixes = psi((n - np.arange(1, n_neurons + 1)) / 2).sum()
    of_one, of_last = n_neurons * psi((n - 1) / 2), n_neurons * psi((n - n_neurons) / 2)
    total = -log_determinant - (of_one - of_prefixes)
    dual = log_determinant + log_precisions - (of_prefixes - of_last)
    return Shared(float(total / (2 * np.log(2))), float(dual / (2 * np.log(2))))


def _normal(values: np.ndarray) -> NDArray[np.float64]:
    """Normal quantiles of the ranks; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(ndtri(mean_rank[place] / (len(values) + 1)))


def _counts(on: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """(patterns, classes) examples."""
    packed = np.packbits(on.T, axis=1) if len(on) else np.zeros((len(labels), 1), np.uint8)
    patterns, of_example = np.unique(packed, axis=0, return_inverse=True)
    cells = of_example.ravel() * n_classes + labels
    return np.bincount(cells, minlength=len(patterns) * n_classes).reshape(-1, n_classes)


def _entropy(counts: np.ndarray) -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
