"""Information of outputs with Gaussian noise added, by distances to nearest neighbours.

The noise is drawn once and added to the outputs, since without it their density, and I(X;T)
of a deterministic network, are not finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import digamma, gammaln

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.streams import Stream, generator

_TREE: Final = 15  # dimensions up to which a tree is faster, as scikit-learn has it


@dataclass(frozen=True)
class KozachenkoLeonenko:
    """Differential entropies h(T + noise) - h(noise), and the like given the class.

    Kozachenko and Leonenko 1987, in the form of Kraskov et al. 2004, equation 20.
    """

    variance: float = 1e-3
    """Of the noise added to every output."""
    neighbours: int = 3
    study_seed: int = 0

    @property
    def name(self) -> str:
        """``kozachenko-0.001``, with another number of neighbours ``kozachenko-0.001-5``."""
        return _name("kozachenko", self.variance, self.neighbours)

    @property
    def estimates(self) -> str:
        """For people."""
        return f"information of outputs plus noise of variance {self.variance:g}"

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """As of `Estimator`."""
        noisy = _noisy(outputs, labels, self.variance, self.neighbours, self.study_seed)
        entropy = _entropy(noisy, self.neighbours)
        n_of, within = np.bincount(labels), 0.0
        for label in np.flatnonzero(n_of):
            within += n_of[label] * _entropy(noisy[labels == label], self.neighbours)
        of_input = entropy - _entropy_of_noise(noisy.shape[1], self.variance)
        return Estimate(float(of_input), float(entropy - within / len(labels)))


@dataclass(frozen=True)
class Kraskov:
    """I(Y; T + noise) by neighbours within a class; I(X; T + noise) as `KozachenkoLeonenko`.

    Kraskov et al. 2004 for a discrete variable: Ross 2014, equation 2.
    """

    variance: float = 1e-3
    """Of the noise added to every output."""
    neighbours: int = 3
    study_seed: int = 0

    @property
    def name(self) -> str:
        """``kraskov-0.001``, with another number of neighbours ``kraskov-0.001-5``."""
        return _name("kraskov", self.variance, self.neighbours)

    @property
    def estimates(self) -> str:
        """For people."""
        return (
            f"information of outputs plus noise of variance {self.variance:g} (of the input by "
            "Kozachenko and Leonenko)"
        )

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """As of `Estimator`."""
        noisy = _noisy(outputs, labels, self.variance, self.neighbours, self.study_seed)
        n, k = len(labels), self.neighbours
        radius = np.empty(n)
        for label in np.unique(labels):
            own = labels == label
            radius[own] = _distances(noisy[own], k)
        sizes = np.bincount(labels)[labels]
        of_label = digamma(n) + digamma(k) - digamma(sizes).mean()
        of_label -= digamma(_around(noisy, radius)).mean()
        of_input = _entropy(noisy, k) - _entropy_of_noise(noisy.shape[1], self.variance)
        return Estimate(float(of_input), float(of_label / np.log(2)))


def _name(word: str, variance: float, neighbours: int) -> str:
    return f"{word}-{variance:g}" + (f"-{neighbours}" if neighbours != 3 else "")


def _noisy(
    outputs: NDArray[Any], labels: NDArray[Any], variance: float, neighbours: int, study_seed: int
) -> NDArray[np.float64]:
    """Outputs with noise, if every class has more examples than neighbours are looked for."""
    check(outputs, labels)
    counts = np.bincount(labels)
    if counts[counts > 0].min() <= neighbours:
        raise EstimationError(
            f"class {np.flatnonzero(counts == counts[counts > 0].min())[0]} has "
            f"{counts[counts > 0].min()} examples, and {neighbours} neighbours are looked for"
        )
    noise = generator(study_seed, Stream.ESTIMATOR, "neighbours").normal(size=outputs.shape)
    return np.asarray(outputs + np.sqrt(variance) * noise)


def _entropy(points: NDArray[np.float64], neighbours: int) -> float:
    """Differential entropy in bits."""
    n, d = points.shape
    log_ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
    logs = np.log(_distances(points, neighbours)).mean()
    return float((digamma(n) - digamma(neighbours) + log_ball + d * logs) / np.log(2))


def _entropy_of_noise(dimensions: int, variance: float) -> float:
    """Differential entropy of the Gaussian noise in bits."""
    return float(dimensions / 2 * np.log2(2 * np.pi * np.e * variance))


def _distances(points: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """(n) Euclidean distance to the k-th nearest other point."""
    from sklearn.neighbors import NearestNeighbors  # every job with estimators imports this module

    distances, _ = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors()
    return np.asarray(distances[:, -1])


def _around(points: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n) other points that are not farther than a radius of each point."""
    # A trifle more, so that the neighbour that gave the radius is in it.
    radius = radius * (1 + 1e-9)
    if points.shape[1] <= _TREE:
        return np.asarray(KDTree(points).query_ball_point(points, radius, return_length=True)) - 1
    from sklearn.metrics import pairwise_distances_chunked

    blocks = pairwise_distances_chunked(points)
    counts, start = np.empty(len(points), dtype=np.int64), 0
    for block in blocks:
        stop = start + len(block)
        counts[start:stop] = (block <= radius[start:stop, None]).sum(axis=1) - 1
        start = stop
    return counts
