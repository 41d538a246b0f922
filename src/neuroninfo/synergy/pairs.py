"""Redundant, unique and synergistic information of all pairs of neurons about the class.

T1 and T2 are binary (on or off), Y is the class; all information is plug-in, in bits, from exact
joint counts.  A measure of the redundant part R gives the others:

    I(T1;Y) = R + U1,   I(T2;Y) = R + U2,   I(T1,T2;Y) = R + U1 + U2 + S.

- ``min``: sum over y of p(y) times the smaller specific information D(T_i|Y=y || T_i) (Williams and
  Beer, arXiv:1004.2515, 2010),
- ``mmi``: the smaller of I(T1;Y) and I(T2;Y) (Barrett, Physical Review E 91, 2015),
- ``broja``: I(T1;Y) + I(T2;Y) less the union information (`broja`).

S - R = I(T1,T2;Y) - I(T1;Y) - I(T2;Y), the interaction information (minus the co-information), is
the same for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.neurons.joint_counts import both_on
from neuroninfo.neurons.measures import divergences, mutual_information
from neuroninfo.synergy.broja import union_information

MEASURES: Final = ("min", "mmi", "broja")
"""Measures of the redundant part."""
_PAIRS: Final = 8192
"""That are counted at once."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of neurons.

    Attributes
    ----------
    first, second
        (pairs) neurons.
    information
        (neurons) I(T;Y) in bit.
    joint
        (pairs) I(T1,T2;Y) in bit.
    redundant
        Of each of `MEASURES` the redundant part, (pairs) in bit.
    gap
        (pairs) by how much the redundant part of ``broja`` is too small at most, in bit.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    information: NDArray[np.float64]
    joint: NDArray[np.float64]
    redundant: Mapping[str, NDArray[np.float64]]
    gap: NDArray[np.float64]

    @property
    def interaction(self) -> NDArray[np.float64]:
        """Synergy less redundancy, (pairs) in bit; negative where redundancy prevails."""
        return self.joint - self.information[self.first] - self.information[self.second]

    def synergistic(self, measure: str) -> NDArray[np.float64]:
        """The synergistic part, (pairs) in bit."""
        return np.maximum(self.interaction + self.redundant[measure], 0.0)

    def unique(self, measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Unique information of the first and of the second neuron, (pairs) in bit each."""
        alone = self.information[self.first], self.information[self.second]
        of_first, of_second = (np.maximum(own - self.redundant[measure], 0.0) for own in alone)
        return of_first, of_second


def varies(on: np.ndarray) -> NDArray[np.bool_]:
    """Whether some examples switch a neuron on, not all, (neurons) of (neurons, n)."""
    return np.asarray(on.any(axis=1) & ~on.all(axis=1))


def decompose(
    on: np.ndarray, labels: np.ndarray, *, among: tuple[np.ndarray, np.ndarray] | None = None
) -> Pairs:
    """Take the information of pairs of neurons apart.

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on.
    labels
        (n) classes.
    among
        First and second neurons of the pairs; all pairs, unless given.

    Raises
    ------
    ValueError
        There are more examples than `joint_counts.both_on` counts.
    """
    classes = list(both_on(on, labels))
    sizes = np.array([of_class.size for of_class in classes], dtype=np.int64)
    alone = np.stack([of_class.counts.diagonal() for of_class in classes]).astype(np.int64)
    first, second = np.triu_indices(len(on), k=1) if among is None else among
    # (neurons, off or on, classes)
    singles = np.stack([sizes[:, None] - alone, alone]).transpose(2, 0, 1)
    information, specific = mutual_information(singles), divergences(singles)
    shares = sizes / sizes.sum()
    joint, smallest = np.empty(len(first)), np.empty(len(first))
    for start in range(0, len(first), _PAIRS):
        part = slice(start, start + _PAIRS)
        i, j = first[part], second[part]
        both = np.stack([of_class.counts[i, j] for of_class in classes]).astype(np.int64)
        cells = (both, alone[:, i] - both, alone[:, j] - both)
        neither = sizes[:, None] - sum(cells)
        joint[part] = mutual_information(np.stack([neither, *cells]).transpose(2, 0, 1))
        smallest[part] = np.minimum(specific[i], specific[j]) @ shares
    lower = np.minimum(information[first], information[second])
    upper = np.maximum(information[first], information[second])
    union = union_information(alone[:, first], alone[:, second], sizes)
    # The union is the larger of the two at least, and no more than the joint information.
    union_bits = np.clip(union.information, upper, np.maximum(joint, upper))
    broja = np.clip(lower + upper - union_bits, 0.0, lower)
    redundant = {"min": np.minimum(smallest, lower), "mmi": lower, "broja": broja}
    return Pairs(first, second, information, joint, redundant, union.gap)
