"""Degrees of redundancy and of vulnerability of a layer.

Gutknecht, Makkeh and Wibral, "Shannon invariants", arXiv:2504.15779, 2025: of sources
X_1, .., X_n and a target Y, whatever measure of redundancy one prefers,

- degree of redundancy: sum over i of I(X_i;Y) / I(X;Y), over how many single sources a bit of the
  joint information is found in on average,
- degree of vulnerability: sum over i of I(X_i;Y | X without i) / I(X;Y), on the loss of how many
  single sources it is lost.

Information is plug-in, in bits, from exact counts of the patterns of a layer.  That has a limit: a
pattern that occurs once tells its class, whatever the network does.  `Invariants.once` says how
many do; with all of them I(X;Y) is H(Y), the degree of redundancy is too small and that of
vulnerability is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.neurons.measures import mutual_information

_HASH_SEED: Final = 20250421
"""Seed of the numbers by which patterns are found; results do not depend on it."""


@dataclass(frozen=True)
class Invariants:
    """Degrees of a layer; NaN where it has no information about the class.

    Attributes
    ----------
    information
        I(X;Y) in bit of all neurons together.
    redundancy, vulnerability
        Degrees.
    once
        Share of examples whose pattern no other example has.
    """

    information: float
    redundancy: float
    vulnerability: float
    once: float


def invariants(on: np.ndarray, labels: np.ndarray) -> Invariants:
    """Degrees of redundancy and of vulnerability of neurons that are on or off.

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on.
    labels
        (n) classes from 0.
    """
    n_classes = int(labels.max()) + 1
    _, example, of_example = np.unique(
        np.packbits(on.T, axis=1), axis=0, return_index=True, return_inverse=True
    )
    cells = np.bincount(of_example.ravel() * n_classes + labels, minlength=len(example) * n_classes)
    counts = cells.reshape(len(example), n_classes)
    sizes = counts.sum(axis=0)
    alone = np.stack([np.bincount(labels[bits], minlength=n_classes) for bits in on])
    singles = mutual_information(np.stack([sizes - alone, alone], axis=1))
    information = float(mutual_information(counts[None])[0])
    once = float((counts.sum(axis=1) == 1).sum() / len(labels))
    if information == 0:
        return Invariants(information, np.nan, np.nan, once)
    given_others = sum(_lost_by_merging(counts, *both) for both in _apart_by_one(on.T[example]))
    return Invariants(
        information,
        float(singles.sum() / information),
        float(given_others / (len(labels) * information)),
        once,
    )


def _lost_by_merging(
    counts: NDArray[np.int64], one: NDArray[np.intp], other: NDArray[np.intp]
) -> float:
    """N I(X_i;Y | X without i): what the classes of patterns that differ in i only tell apart."""
    first, second = counts[one], counts[other]
    merged = first + second
    return float(_n_entropy(merged).sum() - _n_entropy(first).sum() - _n_entropy(second).sum())


def _n_entropy(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """N H of each row of counts, in bit."""
    total = counts.sum(axis=1)
    logs = counts * np.log2(np.maximum(counts, 1))
    return np.asarray(total * np.log2(total) - logs.sum(axis=1))


def _apart_by_one(
    patterns: NDArray[np.bool_],
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each neuron, the pairs of patterns (distinct rows) that differ in this neuron only.

    A pattern has a number, the exclusive or of its neurons' random ones; without one neuron it is
    looked up. What is found is compared, so that chance decides nothing.
    """
    random = np.random.default_rng(_HASH_SEED)
    while True:
        of_neuron = np.asarray(random.integers(0, 2**64, patterns.shape[1], dtype=np.uint64))
        numbers = np.bitwise_xor.reduce(np.where(patterns, of_neuron, np.uint64(0)), axis=1)
        if len(np.unique(numbers)) == len(numbers):
            break
    order = np.argsort(numbers)
    ascending = numbers[order]
    found = []
    for neuron, own in enumerate(of_neuron):
        with_it = np.flatnonzero(patterns[:, neuron])
        wanted = numbers[with_it] ^ own
        place = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
        there = ascending[place] == wanted
        one, other = with_it[there], order[place[there]]
        same = (patterns[one] != patterns[other]).sum(axis=1) == 1
        found.append((one[same], other[same]))
    return found
