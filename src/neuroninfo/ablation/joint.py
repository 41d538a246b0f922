"""Orders that consider neurons jointly, and so distinguish redundancy from relevance: CMIM, JMI.

Both select neurons one after another.  The first has the largest I(T;Y); then

- CMIM (Fleuret, JMLR 5, 2004) takes the largest min over selected j of I(T_i;Y|T_j),
- JMI (Yang and Moody, NIPS 1999) the largest sum over selected j of I(T_i,T_j;Y).

T is one bit (the threshold quantizer); all information is plug-in, in bits, so every score
stands beside the one that the same selection has under shuffled classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from neuroninfo.neurons.joint_counts import both_on
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.neurons.ties import DECIMALS

MEASURES: Final = ("cmim", "jmi")
MOST_JOINT: Final = 8
"""Largest number of neurons whose joint information is given; plug-in estimates fail beyond."""


@dataclass(frozen=True)
class Selection:
    """Neurons in the order in which they were selected.

    Attributes
    ----------
    order
        (n) neurons.
    score
        (n) what each was selected for, in bit.
    shuffled
        (n) mean over shuffles of the score that it has under shuffled classes.
    joint_information
        (`MOST_JOINT`) exact I(T_1, .., T_k; Y) of the first k, in bit; of all, where there are
        fewer.
    """

    order: np.ndarray
    score: np.ndarray
    shuffled: np.ndarray
    joint_information: np.ndarray


class Pairs:
    """I(T_i;Y) and I(T_i,T_j;Y) of all neurons and pairs.

    Parameters
    ----------
    on
        (neurons, n) bool, whether the neuron is on.
    labels
        (n) classes.

    Raises
    ------
    ValueError
        There are more examples than float32 counts.
    """

    def __init__(self, on: np.ndarray, labels: np.ndarray) -> None:
        n_neurons, n = on.shape
        counts = np.arange(n + 1, dtype=np.float64)
        log_sum = counts * np.log2(np.maximum(counts, 1))  # c log c
        both_total = np.zeros((n_neurons, n_neurons), dtype=np.int32)
        one_total = np.zeros(n_neurons, dtype=np.int32)
        of_pairs = np.zeros((n_neurons, n_neurons))
        of_neurons = np.zeros(n_neurons)
        of_classes = 0.0
        for both in both_on(on, labels):
            one, size = np.ascontiguousarray(both.counts.diagonal()), both.size
            of_pairs += _cells(log_sum, both.counts, one, size)
            of_neurons += log_sum[one] + log_sum[size - one]
            of_classes += float(log_sum[size])
            both_total += both.counts
            one_total += one
        # n I = n H(T) + n H(Y) - n H(T,Y), and n H = n log n - sum of c log c.
        total = log_sum[n] - of_classes
        pairs = total + of_pairs - _cells(log_sum, both_total, one_total, n)
        single = total + of_neurons - (log_sum[one_total] + log_sum[n - one_total])
        self.joint = np.maximum(pairs / n, 0)
        self.single = np.maximum(single / n, 0)


def _cells(log_sum: np.ndarray, both: np.ndarray, one: np.ndarray, size: int) -> np.ndarray:
    """Sum of c log c over the four cells of each pair."""
    first, second = one[:, None], one[None, :]
    return (
        log_sum[both]
        + log_sum[first - both]
        + log_sum[second - both]
        + log_sum[size - first - second + both]
    )


class _Scores:
    """Scores of all neurons, given those that were selected."""

    def __init__(self, measure: str, pairs: Pairs) -> None:
        self.measure, self.pairs = measure, pairs
        self.values = pairs.single.copy()
        self.first = True

    def select(self, neuron: int) -> None:
        """Take note that this one was selected."""
        joint = self.pairs.joint[:, neuron]
        if self.measure == "cmim":
            given = np.maximum(joint - self.pairs.single[neuron], 0)
            self.values = given if self.first else np.minimum(self.values, given)
        else:
            self.values = joint.copy() if self.first else self.values + joint
        self.first = False


def select(
    measure: str,
    on: np.ndarray,
    labels: np.ndarray,
    ties: np.ndarray,
    shuffled: Sequence[np.ndarray],
) -> Selection:
    """Select all neurons one after another.

    Parameters
    ----------
    measure
        ``cmim`` or ``jmi``.
    on
        (neurons, n) bool.
    labels
        (n) classes.
    ties
        A permutation of the neurons: which of equal ones (to `ties.DECIMALS`) comes first.
    shuffled
        (n) each, permutations of the labels.

    Raises
    ------
    ValueError
        As `Pairs`, or there is no such measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"joint measure {measure!r}: known are {', '.join(MEASURES)}")
    scores = _Scores(measure, Pairs(on, labels))
    others = [_Scores(measure, Pairs(on, permuted)) for permuted in shuffled]
    n_neurons = len(on)
    order = np.empty(n_neurons, dtype=np.int64)
    score, baseline = np.empty(n_neurons), np.empty(n_neurons)
    left = np.ones(n_neurons, dtype=bool)
    for step in range(n_neurons):
        rounded = np.where(left, np.round(scores.values, DECIMALS), -np.inf)[ties]
        best = int(ties[np.argmax(rounded)])
        order[step], score[step] = best, scores.values[best]
        baseline[step] = np.mean([other.values[best] for other in others])
        left[best] = False
        for each in (scores, *others):
            each.select(best)
    return Selection(order, score, baseline, joint_information(on[order[:MOST_JOINT]], labels))


def joint_information(on: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Exact I(T_1, .., T_k; Y) of the first k = 1 .. `MOST_JOINT` rows of `on`, in bit."""
    information = np.empty(MOST_JOINT)
    symbols = np.zeros(len(labels), dtype=np.int64)
    n_classes = int(labels.max()) + 1
    for k in range(MOST_JOINT):
        if k < len(on):
            symbols = 2 * symbols + on[k]
            cells = np.bincount(symbols * n_classes + labels, minlength=2 ** (k + 1) * n_classes)
            counts = cells.reshape(1, -1, n_classes)
        information[k] = mutual_information(counts)[0]
    return information
