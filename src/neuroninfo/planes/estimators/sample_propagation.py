"""True information of networks with noise, by propagating samples (Goldfeld et al. 2019).

In a network that adds Gaussian noise Z to the outputs S of every hidden layer, T = S + Z has a
density, and I(X;T) is finite and the network's own.  The density is a mixture of Gaussians
around S of all inputs; given an input, around S of several draws of the noise below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.streams import Stream, generator

_ROWS: Final = 512


@dataclass(frozen=True)
class SamplePropagation:
    """h(T) - h(T|X) and h(T) - h(T|Y) of layers with noise of their own."""

    draws: int = 20
    """Of the noise in the layers below, for each input."""
    study_seed: int = 0

    @property
    def name(self) -> str:
        """``propagation-20``."""
        return f"propagation-{self.draws}"

    @property
    def estimates(self) -> str:
        """For people."""
        return "information of outputs with the network's own noise (true up to sampling)"

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """See `information`: outputs alone do not tell how they came about.

        Raises
        ------
        EstimationError
            Always.
        """
        raise EstimationError(
            "outputs without noise of the network's own; they have it in hidden layers where the "
            "regularizer has the key noise"
        )

    def information(
        self, centres: NDArray[Any], labels: NDArray[Any], deviation: float
    ) -> Estimate:
        """Estimate from the outputs before the layer's own noise.

        Parameters
        ----------
        centres
            (draws, n, d) for independent draws of the noise below, equal in the first layer.
        labels
            (n) classes, 0 and up.
        deviation
            Standard deviation of the layer's own noise.

        Raises
        ------
        EstimationError
            There is no estimate for these outputs.
        """
        draws, n, d = centres.shape
        check(centres.reshape(draws * n, d), np.tile(labels, draws))
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels)
        rng = generator(self.study_seed, Stream.ESTIMATOR, "propagation")
        noise = rng.standard_normal((draws, n, d), dtype=np.float32)
        # In units of the noise, centred: distances are expanded.
        values = centres[:, order] / deviation
        values = (values - values.mean(axis=(0, 1), dtype=np.float64)).astype(np.float32)
        of_all, of_class = _log_densities(values[0], noise[0], counts[counts > 0])
        if (centres == centres[0]).all():  # no noise below: given X, T is one Gaussian
            of_input = -np.einsum("ij,ij->i", noise[0], noise[0]) / 2
        else:
            of_input = _log_densities_given_input(values, noise)
        nats = of_input.mean() - of_all.mean(), (of_class - of_all).mean()
        return Estimate(*(float(value / np.log(2)) for value in nats))


def _log_densities(
    centres: NDArray[np.float32], noise: NDArray[np.float32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log densities of ``centres + noise`` in the mixtures around all centres and those of a class.

    Parameters
    ----------
    centres
        (n, d), class after class.
    noise
        (n, d).
    counts
        Centres of each class.

    Returns
    -------
    of_all, of_class
        (n) in nats, without the Gaussian's constant.
    """
    samples = centres + noise
    squares = np.einsum("ij,ij->i", centres, centres) / 2
    starts = np.cumsum(counts) - counts
    own = np.repeat(np.arange(len(counts)), counts)
    of_all, of_class = np.empty(len(centres)), np.empty(len(centres))
    for start in range(0, len(centres), _ROWS):
        rows = slice(start, start + _ROWS)
        exponent = samples[rows] @ centres.T
        exponent -= squares
        highest = exponent.max(axis=1, keepdims=True)
        exponent -= highest
        np.exp(exponent, out=exponent)
        sums = np.add.reduceat(exponent, starts, axis=1, dtype=np.float64)
        shift = highest[:, 0] - np.einsum("ij,ij->i", samples[rows], samples[rows]) / 2
        of_all[rows] = np.log(sums.sum(axis=1) / len(centres)) + shift
        # A sample may be so far from its own class that its density there is nothing in float32.
        within = np.maximum(sums[np.arange(len(sums)), own[rows]], np.finfo(np.float32).tiny)
        of_class[rows] = np.log(within / counts[own[rows]]) + shift
    return of_all, of_class


def _log_densities_given_input(
    values: NDArray[np.float32], noise: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Mean log density of an input's samples in the input's own mixture.

    Parameters
    ----------
    values, noise
        (draws, n, d): centres, and what makes samples of them.

    Returns
    -------
    ndarray
        (n) in nats, without the Gaussian's constant.
    """
    draws, n, _ = values.shape
    result = np.empty(n)
    size = max(1, _ROWS * 4096 // draws**2)
    for start in range(0, n, size):
        rows = slice(start, start + size)
        centres = values[:, rows].swapaxes(0, 1)
        samples = centres + noise[:, rows].swapaxes(0, 1)
        exponent = samples @ centres.swapaxes(1, 2)
        exponent -= np.einsum("ikd,ikd->ik", centres, centres)[:, None] / 2
        exponent -= np.einsum("ikd,ikd->ik", samples, samples)[:, :, None] / 2
        result[rows] = (logsumexp(exponent, axis=2) - np.log(draws)).mean(axis=1)
    return result
