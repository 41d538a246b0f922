"""Bounds on the information of outputs with Gaussian noise added, by pairwise distances.

Kolchinsky and Tracey 2017 ("Estimating mixture entropy with pairwise distances") bound the
entropy of a mixture of Gaussians from both sides; Saxe et al. 2018 use them with a Gaussian of
variance v around each output, noise that the estimator adds and the network has not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.planes.estimators.remembered import once

_ROWS: Final = 128
_EXPANDED: Final = 2.5e6
"""Exponents up to which rounding of expanded distances, about 1e-16 times them, is nothing."""
_LOWEST: Final = -175.0
"""Exponent beside which 1, that of an output itself, is all: what underflows takes long."""


@dataclass(frozen=True)
class KernelDensity:
    """One of the two bounds on I(X; T + noise).

    I(Y; T + noise) is H(T + noise) - H(T + noise given Y) with the same bound on both terms: the
    difference is no bound.
    """

    variance: float = 1e-3
    """Variance of the noise that is added to every output."""
    bound: Literal["upper", "lower"] = "upper"

    @property
    def name(self) -> str:
        """``kde-upper-0.001``."""
        return f"kde-{self.bound}-{self.variance:g}"

    @property
    def estimates(self) -> str:
        """For people."""
        return f"{self.bound} bound on the information of outputs plus noise of variance " + (
            f"{self.variance:g}"
        )

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`.

        I(X;T) = -mean_i log2 mean_j exp(-abs(t_i - t_j)^2 / (s v)), s = 2 (upper) or 8 (lower).
        Needs `_ROWS` x n distances at a time; each pair is computed once, in float64.
        """
        check(outputs, labels)
        sums = _kernel_sums(outputs, labels, self.variance)
        of_all, of_class = sums[self.bound]
        counts = np.bincount(labels)
        entropy = -float(np.log2(of_all / len(labels)).mean())
        within = -float(np.log2(of_class / np.repeat(counts, counts)).mean())
        return Estimate(entropy, entropy - within)


_Sums = tuple[NDArray[np.float64], NDArray[np.float64]]


@once
def _kernel_sums(
    outputs: NDArray[Any], labels: NDArray[Any], variance: float
) -> dict[Literal["upper", "lower"], _Sums]:
    """For each row sum_j exp(-abs(t_i - t_j)^2 / (s v)) over all rows and those of its class.

    Both bounds at once: the kernel of the upper one is the fourth power of the other's.

    Returns
    -------
    dict
        Bound -> (n) over all and (n) over the class, rows class after class.
    """
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    # Centred, so that distances lose as little as possible when they are expanded.
    with np.errstate(over="ignore", invalid="ignore"):
        t = outputs[order].astype(np.float64)
        t = (t - t.mean(axis=0)) / np.sqrt(8 * variance)
        squares = np.einsum("ij,ij->i", t, t)
    if not np.isfinite(t).all():
        raise EstimationError("outputs are so far apart that float64 has no number for it")
    # Nothing is lost by a product of [t, -t^2, 1] where t^2 is small enough.
    expanded = bool(squares.max() < _EXPANDED)
    ones = np.ones(len(t))
    left, right = np.column_stack([2 * t, ones, -squares]), np.column_stack([t, -squares, ones]).T
    n, ends = len(t), np.cumsum(counts)
    starts = ends - counts
    first, last = np.repeat(starts, counts), np.repeat(ends, counts)
    sums: dict[Literal["upper", "lower"], _Sums] = {
        "upper": (np.zeros(n), np.zeros(n)),
        "lower": (np.zeros(n), np.zeros(n)),
    }
    for start in range(0, n, _ROWS):
        stop = min(start + _ROWS, n)
        if expanded:  # each pair of blocks once
            kernel = left[start:stop] @ right[:, start:]
        else:
            kernel = -cdist(t[start:stop], t[start:], "sqeuclidean")
        np.clip(kernel, _LOWEST, 0, out=kernel)
        np.fill_diagonal(kernel[:, : stop - start], 0)
        np.exp(kernel, out=kernel)
        # Rows and columns of one class lie together: sums over spans.
        bounds = np.unique([start, stop, *starts[(start < starts) & (starts < stop)]])
        for of_all, of_class in (sums["lower"], sums["upper"]):
            of_all[start:stop] += kernel.sum(axis=1)
            of_all[stop:] += kernel[:, stop - start :].sum(axis=0)
            for low, high in itertools.pairwise(bounds):
                begin, end = max(int(first[low]), start), int(last[low])
                span = kernel[low - start : high - start, begin - start : end - start]
                of_class[low:high] += span.sum(axis=1)
                if end > stop:
                    of_class[stop:end] += span[:, stop - begin :].sum(axis=0)
            np.square(np.square(kernel, out=kernel), out=kernel)
    return sums
