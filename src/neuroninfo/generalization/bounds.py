"""Bounds on the generalization gap: expected minus empirical loss of m examples (T5).

Information is in nats here, but for I(X;L) of a layer, which planes give in bits.  A bound that is
larger than any gap can be is *vacuous*: it is true but says nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

Floats = NDArray[np.float64]

LOSSES: Final = ("error", "cross-entropy")
"""0-1 loss, and cross-entropy in nats that is cut off at a highest value."""

SATURATED: Final = 0.1
"""An estimate of I(X;L) is saturated within this distance of log2 of the sample size, in bits."""

PLUG_IN, PERMUTED, WEIGHTS = "predictions", "permuted selections", "weights"
"""Variables whose information about U_i is estimated: for B6, its baseline, and B4."""


def subgaussian(low: float, high: float) -> float:
    """Sigma of a loss in [low, high], (high - low) / 2 (Hoeffding's lemma): 1/2 for 0-1 loss.

    Raises
    ------
    ValueError
        It is no interval of finite length.
    """
    if not 0 < high - low < np.inf:
        raise ValueError(f"the loss lies in [{low}, {high}]: clip it, so that its range is finite")
    return (high - low) / 2


def input_compression(information: ArrayLike, m: ArrayLike, delta: float) -> Floats:
    """B2, sqrt((2^I(X;L) + ln(2/delta)) / (2m)) (Shwartz-Ziv, Painsky, Tishby 2018).

    A heuristic: it counts 2^I typical cells of the layer as a finite class of hypotheses.  The
    talk's slide leaves out the square root.

    Parameters
    ----------
    information
        I(X;L) in bits.
    m
        Examples.
    delta
        The bound holds with probability 1 - delta.

    Raises
    ------
    ValueError
        Negative information or a delta outside (0, 1).
    """
    bits, m = _information(information), _examples(m)
    if not 0 < delta < 1:
        raise ValueError(f"delta is {delta}: give a probability between 0 and 1, such as 0.05")
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt((np.exp2(bits) + np.log(2 / delta)) / (2 * m)))


def input_compression_vacuous(information: ArrayLike, m: ArrayLike) -> NDArray[np.bool_]:
    """Whether B2 is vacuous: I(X;L) >= log2(2m), so that the bound is 1 or more."""
    return np.asarray(_information(information) >= np.log2(2 * _examples(m)))


def information_shape(information: ArrayLike, m: ArrayLike) -> Floats:
    """B1, sqrt(I(X;L)) ln(m) / sqrt(m), I in bits (Vera, Piantanida, Vega 2018, 1802.05355).

    Only its shape over m: we have not found the factor before it, so it is no number to compare a
    gap with.
    """
    bits, m = _information(information), _examples(m)
    return np.asarray(np.sqrt(bits) * np.log(m) / np.sqrt(m))


def weight_information(information: ArrayLike, m: ArrayLike, sigma: float) -> Floats:
    """B3, abs(E gap) <= sqrt(2 sigma^2 / m * I(D; A(D))) (Xu and Raginsky 2017).

    Parameters
    ----------
    information
        I(D; A(D)) of the training set and the weights, in nats, or more.
    m
        Independent examples of one distribution.
    sigma
        The loss is sigma-subgaussian under it for any weights (`subgaussian`).
    """
    nats, m = _information(information), _examples(m)
    return np.asarray(np.sqrt(2 * sigma**2 / m * nats))


def individual_samples(information: ArrayLike, sigma: float) -> Floats:
    """B4, abs(E gap) <= (1/m) sum_i sqrt(2 sigma^2 I(D_i; A(D))) (Bu, Zou, Veeravalli 2019).

    Never more than B3 of the same algorithm.

    Parameters
    ----------
    information
        (..., m) nats or more, of each example with the weights; examples are independent.  The mean
        over examples, (..., 1), gives as much or more (Jensen).
    sigma
        As of `weight_information`.
    """
    return np.asarray(np.sqrt(2 * sigma**2 * _information(information)).mean(axis=-1))


def selection_information(
    selected: NDArray[Any], predictions: NDArray[Any], n_symbols: int
) -> Floats:
    """I(U_i; predictions on pair i) by plug-in over networks, in nats.

    The estimate is too large by about (occupied symbols - 1) / (2k) nats with k networks (one
    bit of U): compare it with that of permuted selections.

    Parameters
    ----------
    selected
        (k, m), 0 or 1: which of each pair a network was trained on.
    predictions
        (k, m, 2) classes that it predicts for the two, below `n_symbols`; or (k, m) numbers for
        both together.
    n_symbols
        Values of one number in `predictions`.

    Returns
    -------
    ndarray
        (m), 0 to ln 2.

    Raises
    ------
    ValueError
        Shapes or values do not fit.
    """
    symbols = np.asarray(predictions, np.int64)
    halves = np.asarray(selected, np.int64)
    if symbols.ndim == 3:
        symbols = symbols[..., 0] * n_symbols + symbols[..., 1]
        n_symbols = n_symbols**2
    if symbols.shape != halves.shape or not halves.size:
        raise ValueError(
            f"selections are {halves.shape}, predictions {symbols.shape}: give (networks, pairs)"
        )
    if symbols.min() < 0 or symbols.max() >= n_symbols or not np.isin(halves, (0, 1)).all():
        raise ValueError(f"predictions have to be 0 to {n_symbols - 1}, selections 0 or 1")
    k, m = halves.shape
    cells = (np.arange(m) * n_symbols + symbols) * 2 + halves
    counts = np.bincount(cells.ravel(), minlength=m * n_symbols * 2).reshape(m, n_symbols, 2)
    joint = counts / k

    def entropy(shares: Floats) -> Floats:
        by_pair = shares.reshape(m, -1)
        of_pairs: Floats = entr(by_pair / by_pair.sum(axis=1, keepdims=True)).sum(axis=1)
        return of_pairs

    information = entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=2)) - entropy(joint)
    return np.asarray(np.clip(information, 0, np.log(2)))


def functional_cmi(information: ArrayLike) -> Floats:
    """B6, abs(E gap) <= (1/m) sum_i sqrt(2 I(U_i; predictions)) (Harutyunyan et al. 2021).

    f-CMI of one pool of m pairs; the bound is its mean over pools.  The loss lies in [0, 1] and
    depends on predictions only.

    Parameters
    ----------
    information
        (..., m) nats (`selection_information`).
    """
    return individual_samples(information, sigma=1.0)


def _information(information: ArrayLike) -> Floats:
    values = np.asarray(information, np.float64)
    if (values < 0).any():
        raise ValueError(
            f"information is {values.min()}: it is never negative, so set estimates below 0 to 0"
        )
    return values


def _examples(m: ArrayLike) -> Floats:
    values = np.asarray(m, np.float64)
    if (values < 1).any():
        raise ValueError(f"{values.min()} examples: give 1 or more")
    return values
