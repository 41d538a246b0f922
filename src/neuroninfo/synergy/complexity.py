"""Decomposition of sets of neurons by the number of neurons that their information needs.

A layer has too many neurons for one lattice.  Sets of few of them are decomposed (`atoms`), as
Ehrlich et al., arXiv:2209.10438, 2023, do with wide layers, and numbers are means over sets.  They
belong to that size of sets: the degree of synergy cannot exceed it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.synergy.atoms import (
    REDUNDANCIES,
    by_degree,
    parts_by_degree,
    pattern_counts,
    representational_complexity,
)

MEASURES: Final = tuple(REDUNDANCIES)


@dataclass(frozen=True)
class Decomposed:
    """Means over sets of neurons, NaN where there are no sets.

    Attributes
    ----------
    by_degree
        (measures, degrees) sums of the atoms of each degree of synergy in bit, of `MEASURES`.
    complexity
        (measures) representational complexity, over sets that say something.
    informative, misinformative
        (degrees) sums of these parts of the atoms by ``sx`` in bit (`atoms.Parts`).
    """

    by_degree: NDArray[np.float64]
    complexity: NDArray[np.float64]
    informative: NDArray[np.float64]
    misinformative: NDArray[np.float64]


def sample_sets(
    neurons: np.ndarray, size: int, most: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """All sets of neurons of that size, or `most` different ones, (sets, size).

    Parameters
    ----------
    neurons
        (neurons) that sets are made of.
    size
        Of a set.
    most
        Sets that are given.
    random
        By which they are chosen.
    """
    if math.comb(len(neurons), size) <= most:
        chosen = set(combinations(range(len(neurons)), size))
    else:
        chosen = set()
        while len(chosen) < most:
            drawn = random.choice(len(neurons), size, replace=False)
            chosen.add(tuple(sorted(drawn.tolist())))
    places = np.array(sorted(chosen), dtype=np.intp).reshape(-1, size)
    return np.asarray(neurons[places])


def decompose_sets(on: np.ndarray, labels: np.ndarray, sets: np.ndarray) -> Decomposed:
    """Take the information of sets of neurons apart.

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on.
    labels
        (n) classes from 0.
    sets
        (sets, size) neurons.
    """
    counts = [pattern_counts(on[members], labels) for members in sets]
    n_sets, size = sets.shape
    smallest = np.array([by_degree(of_set, "min") for of_set in counts]).reshape(n_sets, size)
    parts = np.array([parts_by_degree(of_set) for of_set in counts]).reshape(n_sets, 2, size)
    informative, misinformative = parts.swapaxes(0, 1)
    of_measures = {"min": smallest, "sx": informative - misinformative}
    found = [of_measures[measure] for measure in MEASURES]
    return Decomposed(
        np.array([_means(of_measure) for of_measure in found]),
        np.array([_means(representational_complexity(of_measure)) for of_measure in found]),
        _means(informative),
        _means(misinformative),
    )


def _means(of_sets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over sets with a number; NaN if there are none."""
    there = of_sets[~np.isnan(of_sets).any(axis=tuple(range(1, of_sets.ndim)))]
    return there.mean(axis=0) if len(there) else np.full(of_sets.shape[1:], np.nan)
