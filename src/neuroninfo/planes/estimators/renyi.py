"""Matrix-based Renyi information: entropies of the spectra of kernel matrices.

Sanchez Giraldo, Rao and Principe 2015; Wickstrom et al. 2019 use it for networks.  Here every
example is an input of its own (the kernel of X is the identity), as for all estimators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.planes.estimators.protocol import Estimate, check
from neuroninfo.streams import Stream, generator

_LOWEST: Final = -700.0
"""Exponents up to which a kernel is nothing; what underflows takes long."""


@dataclass(frozen=True)
class Renyi:
    """S(T) in place of I(X;T), and S(T) + S(Y) - S(T, Y), of at most `most` examples."""

    order: float = 1.01
    """alpha; not 1."""
    factor: float = 1.0
    """Factor of the kernel's width n^(-1/(4+d)) (Silverman) for standardized outputs."""
    most: int = 1000
    """Examples that are drawn, since the cost is cubic."""
    study_seed: int = 0

    @property
    def name(self) -> str:
        """``renyi-1.01``, with another factor ``renyi-1.01-2``."""
        return f"renyi-{self.order:g}" + (f"-{self.factor:g}" if self.factor != 1 else "")

    @property
    def estimates(self) -> str:
        """For people."""
        return f"matrix-based Renyi entropy of order {self.order:g} of {self.most} examples"

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`.

        A_ij = K_ij / n with a Gaussian kernel K, S = log2(sum_i lambda_i^alpha) / (1 - alpha); the
        label kernel is 1 within a class, so the joint matrix, n (A_T * A_Y) over its trace, is
        one block a class.
        """
        check(outputs, labels)
        if len(labels) > self.most:
            rng = generator(self.study_seed, Stream.ESTIMATOR, "renyi")
            drawn = rng.choice(len(labels), self.most, replace=False)
            outputs, labels = outputs[drawn], labels[drawn]
        n, d = outputs.shape
        values = outputs.astype(np.float64)
        deviation = values.std(axis=0)
        values = values[:, deviation > 0] / deviation[deviation > 0]
        width = self.factor * n ** (-1 / (4 + d))
        values = (values - values.mean(axis=0)) / width
        squares = np.einsum("ij,ij->i", values, values) / 2
        exponent = values @ values.T - squares - squares[:, None]
        np.fill_diagonal(exponent, 0)
        kernel = np.exp(np.clip(exponent, _LOWEST, 0)) / n
        members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        entropy = self._entropy(np.linalg.eigvalsh(kernel))
        joint = self._entropy(
            np.concatenate([np.linalg.eigvalsh(kernel[np.ix_(own, own)]) for own in members])
        )
        of_labels = self._entropy(np.array([len(own) / n for own in members]))
        return Estimate(entropy, entropy + of_labels - joint)

    def _entropy(self, eigenvalues: NDArray[np.float64]) -> float:
        powers = np.maximum(eigenvalues, 0) ** self.order
        return float(np.log2(powers.sum()) / (1 - self.order))
