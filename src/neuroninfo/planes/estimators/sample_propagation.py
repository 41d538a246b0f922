"""True information of networks with noise, by propagating samples (Goldfeld et al. 2019).

In a network that adds Gaussian noise Z to the outputs S of every hidden layer, T = S + Z has a
density, and I(X;T) is finite and the network's own.  Given an input, the density is the mean of
Gaussians around S over the noise below, of which there are some draws; without conditions, it is
the mean of these over all inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.streams import Stream, generator

_PAIRS: Final = 50_000_000
"""Pairs of a sample and a Gaussian of the mixture: as many samples are drawn as these allow."""
_BLOCK: Final = 2**20
"""Pairs in memory at a time."""
_LOWEST: Final = -700.0
"""Exponents up to which a Gaussian is nothing."""


class Bounds(NamedTuple):
    """Two ends between which an estimate lies."""

    low: Estimate
    high: Estimate

    @property
    def middle(self) -> Estimate:
        """Half way, which is off by half of their distance at most."""
        return Estimate(*((low + high) / 2 for low, high in zip(*self, strict=True)))


@dataclass(frozen=True)
class SamplePropagation:
    """I(X;T) and I(Y;T) of layers with noise of their own, between two bounds."""

    draws: int = 20
    """Draws of the noise in the layers below, for each input."""
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

    def information(self, centres: NDArray[Any], labels: NDArray[Any], deviation: float) -> Bounds:
        """Bounds from the outputs before the layer's own noise.

        A sample is a centre S of an input with noise added; log p(t given x) - log p(t), averaged
        over samples, is I(X;T).  Both densities are means over draws:

        - with the sample's own centre among them, this is the information of the channel that has
          the drawn centres only.  Information is convex in the channel (Cover and Thomas 2006,
          theorem 2.7.4), so its mean over draws is I(X;T) or more;
        - without it, densities are those of a decoder that knows nothing of the sample, which
          gives I(X;T) or less (Barber and Agakov 2003).

        The same holds for the class.  Without noise below, both are the same.  What is left is the
        error of a mean over samples.

        Parameters
        ----------
        centres
            (draws, n, d) for independent draws of the noise below, equal in the first layer.
        labels
            (n) classes, 0 and up.
        deviation
            Standard deviation of the layer's own noise.

        Returns
        -------
        Bounds
            In bits; the lower ones are 0 at least.

        Raises
        ------
        EstimationError
            There is no estimate for these outputs.
        """
        draws, n, d = centres.shape
        check(centres.reshape(draws * n, d), np.tile(labels, draws))
        if (centres == centres[0]).all():  # no noise below: given X, T is one Gaussian
            centres = centres[:1]
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels)
        # In units of the noise, and centred: distances are expanded.
        values = centres[:, order].astype(np.float64) / deviation
        values -= values.mean(axis=(0, 1))
        rng = generator(self.study_seed, Stream.ESTIMATOR, "propagation")
        n_samples = int(np.clip(_PAIRS // (len(values) * n), min(n, 256), len(values) * n))
        drawn = np.linspace(0, len(values) * n, n_samples, endpoint=False).astype(np.int64)
        inputs, own = drawn // len(values), drawn % len(values)  # class after class
        samples = values[own, inputs] + rng.standard_normal((n_samples, d))
        bits = _information(values, counts[counts > 0], samples, inputs, own) / np.log(2)
        low, high = (Estimate(float(x), float(y)) for x, y in bits)
        return Bounds(Estimate(max(0.0, low.input), max(0.0, low.label)), high)


def _information(
    centres: NDArray[np.float64],
    counts: NDArray[np.int64],
    samples: NDArray[np.float64],
    inputs: NDArray[np.int64],
    own: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Mean log density ratios without and with each sample's own centre.

    Parameters
    ----------
    centres
        (draws, n, d), inputs class after class, in units of the noise.
    counts
        Inputs of each class.
    samples
        (samples, d): centres with noise.
    inputs, own
        Input and draw of the centre of each sample.

    Returns
    -------
    ndarray
        (2, 2) in nats: without and with the own centre, of input and class.
    """
    draws, n, d = centres.shape
    starts = np.cumsum(counts) - counts
    classes = np.repeat(np.arange(len(counts)), counts)[inputs]
    flat = centres.reshape(draws * n, d)
    # One product gives -abs(t - s)^2 / 2, never above 0: nothing overflows, and where all others
    # underflow they are nothing beside the input's own, which are kept as logarithms.
    of_flat = np.column_stack([flat, -(flat**2).sum(axis=1) / 2, np.ones(len(flat))]).T
    of_samples = np.column_stack([samples, np.ones(len(samples)), -(samples**2).sum(axis=1) / 2])
    total = np.zeros((2, 2))
    size = max(1, _BLOCK // len(flat))
    for first in range(0, len(samples), size):
        rows = slice(first, first + size)
        line = np.arange(len(samples[rows]))
        exponent = (of_samples[rows] @ of_flat).reshape(len(line), draws, n)
        of_input = exponent[line, :, inputs[rows]]  # (rows, draws)
        exponent[line, :, inputs[rows]] = -np.inf  # what is left are other inputs
        np.maximum(exponent, _LOWEST, out=exponent)  # what underflows takes long
        np.exp(exponent, out=exponent)
        exponent -= np.exp(_LOWEST)
        sums = np.add.reduceat(exponent.sum(axis=1), starts, axis=1) / draws
        with np.errstate(divide="ignore"):
            others, of_class = np.log(sums.sum(axis=1)), np.log(sums[line, classes[rows]])
        with_own = logsumexp(of_input, axis=1) - np.log(draws)
        without = with_own
        if draws > 1:
            of_input[line, own[rows]] = -np.inf
            without = logsumexp(of_input, axis=1) - np.log(draws - 1)
        for number, given in enumerate((without, with_own)):
            of_all = np.logaddexp(others, given) - np.log(n)
            of_label = np.logaddexp(of_class, given) - np.log(counts[classes[rows]])
            total[number] += (given - of_all).sum(), (of_label - of_all).sum()
    return total / len(samples)
