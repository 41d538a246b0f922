"""The redundancy lattice of up to five sources, and Moebius inversion along its order.

Williams and Beer, arXiv:1004.2515, 2010: an element is an antichain of sets of sources, here
neurons.  It is held as its up-set, all sets that contain one of its own; an element is below
another if its up-set is the larger one.  Moebius inversion gives what is said at an element and
nowhere below it, its atom, of any measure of redundancy.

The lattice is distributive, and there the inversion is known (Stanley, Enumerative Combinatorics 1,
section 3.9): the atom of an up-set U is the sum of (-1)^|S| times the redundancy of U with S, over
all sets S of maximal members of the complement of U.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

MOST: Final = 5
"""Sources: six would have 7,828,352 elements."""

Antichain = tuple[tuple[int, ...], ...]
"""Sets of sources, none of which contains another; ``((0,), (1, 2))``."""


@dataclass(frozen=True)
class Lattice:
    """Elements of the lattice.

    Attributes
    ----------
    inside
        (elements, sets) bool, the up-sets; a set of sources is column c if the bits of c + 1 are
        its members.
    antichains
        The same as antichains.
    inversion
        (elements, elements): atoms from redundancies.
    degree
        (elements) size of the smallest set of the antichain, the degree of synergy (Ehrlich et al.,
        arXiv:2209.10438, 2023).
    """

    inside: NDArray[np.bool_]
    antichains: tuple[Antichain, ...]
    inversion: csr_array
    degree: NDArray[np.intp]


@functools.cache
def lattice(n_sources: int) -> Lattice:
    """Return the lattice of that many sources, `MOST` at most.

    Raises
    ------
    ValueError
        There are more sources.
    """
    if n_sources > MOST:
        raise ValueError(f"{n_sources} neurons: give {MOST} at most")
    sets = np.arange(1, 2**n_sources)
    contains = sets & sets[:, None] == sets[:, None]  # column contains row
    proper = (contains & ~np.eye(len(sets), dtype=bool)).astype(np.intp)
    inside = _up_sets(contains)
    minimal = inside & (inside @ proper == 0)
    maximal = ~inside & (~inside @ proper.T == 0)
    size = (sets[:, None] >> np.arange(n_sources) & 1).sum(axis=1)
    return Lattice(
        inside,
        tuple(_named(sets[row], n_sources) for row in minimal),
        _inversion(inside, maximal),
        np.where(minimal, size, n_sources).min(axis=1),
    )


def _up_sets(contains: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All of them: the unions of the up-sets of single sets."""
    bits = 1 << np.arange(len(contains), dtype=np.int64)
    principal = [int(bits[row].sum()) for row in contains]
    found = set(principal)
    for one in principal:
        found |= {one | other for other in found}
    numbers = np.array(sorted(found), dtype=np.int64)
    return numbers[:, None] & bits != 0


def _inversion(inside: NDArray[np.bool_], maximal: NDArray[np.bool_]) -> csr_array:
    """From up-sets, in the order of their numbers, and the maximal members of their complements."""
    bits = 1 << np.arange(inside.shape[1], dtype=np.int64)
    numbers = inside @ bits
    columns, signs = [], []
    for number, members in zip(numbers, maximal, strict=True):
        joined, sign = np.array([number]), np.array([1])
        for bit in bits[members]:
            joined, sign = np.concatenate([joined, joined | bit]), np.concatenate([sign, -sign])
        columns.append(np.searchsorted(numbers, joined))
        signs.append(sign)
    starts = np.cumsum([0, *map(len, columns)])
    return csr_array(
        (np.concatenate(signs), np.concatenate(columns), starts), shape=(len(inside), len(inside))
    )


def _named(members: NDArray[np.intp], n_sources: int) -> Antichain:
    """Sets, given by the bits of numbers, as an antichain."""
    named = [tuple(i for i in range(n_sources) if number >> i & 1) for number in members.tolist()]
    return tuple(sorted(named, key=lambda sources: (len(sources), sources)))
