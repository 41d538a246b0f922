"""All atoms of the information of two to five neurons about the class, by two measures.

T_1, .., T_n are binary (on or off), Y is the class; all information is plug-in, in bits, from exact
counts of the patterns.  What all sets of an antichain alpha say is

- ``min``: sum over y of p(y) times the smallest specific information D(T_A|Y=y || T_A) of its sets
  A (Williams and Beer, arXiv:1004.2515, 2010),
- ``sx``: the mean over (t, y) of log2 p(y|W) / p(y), where W is the event that T_A = t_A of one of
  its sets at least: shared exclusions (Makkeh, Gutknecht and Wibral, Physical Review E 103, 032149,
  2021, arXiv:2002.03356).  Atoms can be negative.

``sx`` is the difference of an informative part, the mean of log2 1 / p(W), and
a misinformative part, the mean of log2 p(y) / p(y,W).  The atoms of both are never negative; those
of the informative part add up to H(T_1, .., T_n), whatever the classes, and those of the
misinformative part to H(T_1, .., T_n|Y).

Moebius inversion (`lattice`) gives the atoms.  The degree of synergy of an atom is the size of the
smallest set of its antichain: so many neurons have to be read to get at it.  Representational
complexity is the mean degree, weighted by the atoms (Ehrlich, Schneider, Priesemann, Wibral and
Makkeh, "A measure of the complexity of neural representations based on partial information
decomposition", TMLR 2023, arXiv:2209.10438).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroninfo.neurons.measures import divergences
from neuroninfo.synergy.lattice import Antichain, lattice

_NOTHING: Final = 1e-12
"""Bit: information below it is rounding."""


def atoms(on: np.ndarray, labels: np.ndarray, measure: str) -> dict[Antichain, float]:
    """Atoms at each element of the lattice, in bit; their sum is I(T_1, .., T_n;Y).

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on, `lattice.MOST` neurons at most.
    labels
        (n) classes from 0.
    measure
        Of `REDUNDANCIES`.

    Raises
    ------
    ValueError
        There are more neurons.
    """
    antichains, said = _inverted(on, labels, REDUNDANCIES[measure])
    return dict(zip(antichains, said.tolist(), strict=True))


class Parts(NamedTuple):
    """What is said by ``sx`` is their difference, in bit."""

    informative: float
    misinformative: float


def atom_parts(on: np.ndarray, labels: np.ndarray) -> dict[Antichain, Parts]:
    """Informative and misinformative parts of the atoms by ``sx``, in bit, none of them negative.

    The informative parts add up to H(T_1, .., T_n), the others to H(T_1, .., T_n|Y) (Makkeh,
    Gutknecht and Wibral, Physical Review E 103, 032149, 2021).

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on, `lattice.MOST` neurons at most.
    labels
        (n) classes from 0.

    Raises
    ------
    ValueError
        There are more neurons.
    """
    antichains, said = _inverted(on, labels, _exclusions)
    return dict(zip(antichains, map(Parts._make, said.tolist()), strict=True))


def by_degree(counts: np.ndarray, measure: str) -> NDArray[np.float64]:
    """Sums of the atoms of each degree of synergy, 1 to the number of neurons, in bit.

    Parameters
    ----------
    counts
        As `pattern_counts` gives them.
    measure
        Of `REDUNDANCIES`.
    """
    inside, weights = _degrees(len(counts).bit_length() - 1)
    return np.asarray(weights @ REDUNDANCIES[measure](counts, inside))


def parts_by_degree(counts: np.ndarray) -> NDArray[np.float64]:
    """Sums of the `Parts` of the atoms of each degree of synergy, (2, degrees), in bit.

    Parameters
    ----------
    counts
        As `pattern_counts` gives them.
    """
    inside, weights = _degrees(len(counts).bit_length() - 1)
    return np.asarray(weights @ _exclusions(counts, inside)).T


def representational_complexity(of_degrees: np.ndarray) -> NDArray[np.float64]:
    """Mean degree of synergy; NaN where nothing is said.

    Parameters
    ----------
    of_degrees
        (.., degrees) in bit, as `by_degree` gives them.
    """
    information = of_degrees.sum(axis=-1)
    total = of_degrees @ np.arange(1, of_degrees.shape[-1] + 1)
    result = np.full(information.shape, np.nan)
    return np.divide(total, information, out=result, where=information > _NOTHING)


def pattern_counts(on: np.ndarray, labels: np.ndarray) -> NDArray[np.int64]:
    """(patterns, classes) examples; the bits of the number of a pattern say which neurons are on.

    Parameters
    ----------
    on
        (neurons, n) bool.
    labels
        (n) classes from 0.
    """
    n_classes = int(labels.max()) + 1
    pattern = (1 << np.arange(len(on))) @ on
    cells = np.bincount(pattern * n_classes + labels, minlength=2 ** len(on) * n_classes)
    return cells.reshape(-1, n_classes)


def _smallest_specific(counts: np.ndarray, inside: np.ndarray) -> NDArray[np.float64]:
    """I_min of elements of the lattice, in bit.

    Parameters
    ----------
    counts
        (patterns, classes).
    inside
        (elements, sets), up-sets.
    """
    patterns = np.arange(len(counts))
    of_sets = np.zeros((inside.shape[1], *counts.shape), dtype=np.int64)
    for members, of_set in enumerate(of_sets, start=1):
        np.add.at(of_set, patterns & members, counts)
    specific = divergences(of_sets)
    smallest = np.where(inside[:, :, None], specific, np.inf).min(axis=1)
    return np.asarray(smallest @ (counts.sum(axis=0) / counts.sum()))


def _shared_exclusions(counts: np.ndarray, inside: np.ndarray) -> NDArray[np.float64]:
    """I_sx of elements of the lattice, in bit; parameters as of `_smallest_specific`."""
    informative, misinformative = _exclusions(counts, inside).T
    return np.asarray(informative - misinformative)


def _exclusions(counts: np.ndarray, inside: np.ndarray) -> NDArray[np.float64]:
    """(elements, 2): both parts of I_sx, in bit; parameters as of `_smallest_specific`."""
    patterns = np.arange(len(counts))
    # The neurons in which two patterns agree: the event of a pattern has all patterns that agree
    # with it in one of the sets at least.
    same = (len(counts) - 1) ^ patterns[:, None] ^ patterns
    event = np.insert(inside, 0, False, axis=1)[:, same].astype(np.float64)
    in_event = event @ counts
    of_class, total = counts.sum(axis=0), counts.sum()
    joint = np.einsum("tc,etc->e", counts, _log2(in_event))
    alone = np.einsum("t,et->e", counts.sum(axis=1), _log2(in_event.sum(axis=2)))
    informative = np.log2(total) - alone / total
    misinformative = (of_class @ _log2(of_class) - joint) / total
    return np.stack([informative, misinformative], axis=1)


def _log2(counts: np.ndarray) -> NDArray[np.float64]:
    """Logarithms of counts; 0 for counts of 0."""
    return np.asarray(np.log2(np.maximum(counts, 1)))


REDUNDANCIES: Final[Mapping[str, Callable[[np.ndarray, np.ndarray], NDArray[np.float64]]]] = {
    "min": _smallest_specific,
    "sx": _shared_exclusions,
}
"""Measures of redundancy on the lattice."""


def _inverted(
    on: np.ndarray,
    labels: np.ndarray,
    redundancy: Callable[[np.ndarray, np.ndarray], NDArray[np.float64]],
) -> tuple[tuple[Antichain, ...], NDArray[np.float64]]:
    """Elements of the lattice, and of each what is said there and nowhere below it."""
    elements = lattice(len(on))
    redundancies = redundancy(pattern_counts(on, labels), elements.inside)
    return elements.antichains, np.asarray(elements.inversion @ redundancies)


@functools.cache
def _degrees(n_neurons: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Elements that the sums of `by_degree` need, and by what each enters, (degrees, elements)."""
    elements = lattice(n_neurons)
    degrees = np.arange(1, n_neurons + 1)
    chosen = (elements.degree == degrees[:, None]).astype(np.float64)
    weights = chosen @ elements.inversion
    needed = weights.any(axis=0)
    return elements.inside[needed], weights[:, needed]
