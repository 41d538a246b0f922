"""All parts of what three to five neurons say of the class: the redundancy lattice by I_min.

Williams and Beer, arXiv:1004.2515, 2010: an element of the lattice is an antichain of sets of
neurons, and what all its sets say is I_min; Moebius inversion along the order of the
lattice gives what is said at that element and nowhere below.  In bits, plug-in, from
exact counts of the patterns.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.neurons.measures import divergences

MOST: Final = 5
"""Neurons: six would have 7,828,352 parts."""

Antichain = tuple[tuple[int, ...], ...]
"""Sets of neurons, none of which contains another; ``((0,), (1, 2))``."""


def parts(on: np.ndarray, labels: np.ndarray) -> dict[Antichain, float]:
    """What is said at each element of the lattice, in bit; their sum is I(T_1, .., T_n;Y).

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on, `MOST` neurons at most.
    labels
        (n) classes from 0.

    Raises
    ------
    ValueError
        There are more neurons.
    """
    n_neurons = len(on)
    if n_neurons > MOST:
        raise ValueError(f"{n_neurons} neurons: give {MOST} at most")
    n_classes = int(labels.max()) + 1
    shares = np.bincount(labels, minlength=n_classes) / len(labels)
    specific = np.stack(
        [_specific(on, labels, members, n_classes) for members in range(1, 2**n_neurons)]
    )
    above = _up_sets(n_neurons)
    redundant = np.array([specific[inside].min(axis=0) @ shares for inside in above])
    # From the bottom: what is below an element has a larger up-set.
    order = np.argsort(-above.sum(axis=1), kind="stable")
    above, redundant = above[order], redundant[order]
    atoms = np.zeros(len(above))
    for k, inside in enumerate(above):
        below = above[:k, inside].all(axis=1)
        atoms[k] = redundant[k] - atoms[:k][below].sum()
    return {_minimal(inside): float(atom) for inside, atom in zip(above, atoms, strict=True)}


def _specific(
    on: np.ndarray, labels: np.ndarray, members: int, n_classes: int
) -> NDArray[np.float64]:
    """What a set of neurons, given by the bits of a number, says of each class."""
    pattern = np.zeros(len(labels), dtype=np.int64)
    for neuron, bits in enumerate(on):
        if members >> neuron & 1:
            pattern = 2 * pattern + bits
    counts = np.bincount(pattern * n_classes + labels, minlength=2 ** len(on) * n_classes)
    return np.asarray(divergences(counts.reshape(1, -1, n_classes))[0])


def _up_sets(n_neurons: int) -> NDArray[np.bool_]:
    """(elements, sets) whether a set, less 1 by its number, contains one of the antichain's."""
    sets = range(1, 2**n_neurons)
    principal = [sum(1 << (b - 1) for b in sets if a & b == a) for a in sets]
    found = set(principal)
    for one in principal:
        found |= {one | other for other in found}
    bits = np.array(sorted(found), dtype=np.int64)
    return (bits[:, None] >> np.arange(len(sets)) & 1).astype(bool)


def _minimal(inside: NDArray[np.bool_]) -> Antichain:
    """The antichain of an up-set."""
    sets = (np.flatnonzero(inside) + 1).tolist()
    minimal = [b for b in sets if not any(a != b and a & b == a for a in sets)]
    named = [tuple(i for i in range(MOST) if b >> i & 1) for b in minimal]
    return tuple(sorted(named, key=lambda members: (len(members), members)))
