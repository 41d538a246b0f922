"""Information of symbols, by counting code words: exact for the symbols that are given.

Rows of symbols become one integer each (as digits, or a random 64-bit hash where that does
not fit: two of n different rows then collide with a chance of about n^2 / 2^65).  The integer
and the class are sorted once; runs are counts.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError

_MOST: Final = 2**62


def information(symbols: NDArray[np.integer], labels: NDArray[np.integer]) -> Estimate:
    """H(T), which is I(X;T) as T is a function of X, and I(Y;T) = H(T) + H(Y) - H(Y,T).

    Parameters
    ----------
    symbols
        (n, d) integers, or (n) code words.
    labels
        (n) classes, 0 and up.

    Raises
    ------
    EstimationError
        There are no examples, or labels are of others.
    """
    if len(symbols) == 0 or len(symbols) != len(labels):
        raise EstimationError(f"{len(symbols)} rows of outputs and {len(labels)} labels")
    n_classes = int(labels.max()) + 1
    words, n = code_words(symbols, n_classes), np.uint64(n_classes)
    joint = words * n + labels.astype(np.uint64)
    if (highest := int(words.max())) < 2**64 // n_classes - 1:
        short = (highest + 1) * n_classes < 2**32  # sorts in half the time
        joint = np.sort(joint.astype(np.uint32) if short else joint)
        h_joint, h_words = _entropy(joint), _entropy(joint // joint.dtype.type(n_classes))
    else:  # hashes wrap around when multiplied: their order is another one
        h_joint, h_words = _entropy(np.sort(joint)), _entropy(np.sort(words))
    h_labels = _entropy_of_counts(np.bincount(labels))
    return Estimate(h_words, max(0.0, h_words + h_labels - h_joint))


def code_words(symbols: NDArray[np.integer], n_classes: int = 1) -> NDArray[np.uint64]:
    """(n) integers, equal where all symbols of the rows are; times `n_classes` they fit 64 bits.

    Parameters
    ----------
    symbols
        (n, d), or (n) words that are taken as they are.
    n_classes
        That each word is to be multiplied with.
    """
    if symbols.ndim == 1:
        return symbols.astype(np.uint64)
    # One radix for all columns: extremes of columns take as long as all the rest.
    lowest, radix = symbols.min(), int(symbols.max()) - int(symbols.min()) + 1
    if radix ** symbols.shape[1] * n_classes < _MOST:
        places = np.array([radix**place for place in range(symbols.shape[1])], dtype=np.int64)
        shifted = (symbols - lowest).astype(np.int64, copy=False)
        return (shifted @ places).astype(np.uint64)
    # A random combination: two rows that differ, in small numbers, are equal by a chance of about
    # 2^-64 times the largest power of two that divides all differences.
    multipliers = _multipliers(symbols.shape[1]).view(np.int64)
    return _mixed((symbols.astype(np.int64, copy=False) @ multipliers).view(np.uint64))


def hashed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(n) random hashes of rows of 64-bit words, the same in every run.

    Sums of words times random odd numbers, mixed before and after (Steele et al. 2014,
    "Fast splittable pseudorandom number generators", the finalizer of SplitMix64), so that
    neither equal high bits nor small differences cancel.
    """
    total = np.zeros(len(bits), dtype=np.uint64)
    for column, multiplier in enumerate(_multipliers(bits.shape[1])):
        total += _mixed(bits[:, column] + multiplier) * multiplier
    return _mixed(total)


@functools.lru_cache(maxsize=16)
def _multipliers(count: int) -> NDArray[np.uint64]:
    """Random odd numbers."""
    return 2 * np.random.default_rng(0).integers(0, 2**63, count, dtype=np.uint64) + np.uint64(1)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _entropy(ordered: NDArray[np.unsignedinteger]) -> float:
    """Plug-in entropy in bits of sorted words."""
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return _entropy_of_counts(np.diff(starts, append=len(ordered)))


def _entropy_of_counts(counts: NDArray[np.integer]) -> float:
    n = int(counts.sum())
    return max(0.0, float(np.log2(n) - _terms(n)[counts].sum() / n))


@functools.lru_cache(maxsize=4)
def _terms(n: int) -> NDArray[np.float64]:
    """Values of k log2 k for k = 0..n."""
    k = np.arange(n + 1, dtype=np.float64)
    return k * np.log2(np.maximum(k, 1))
