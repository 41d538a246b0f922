"""Information of outputs with Gaussian noise added, by distances to nearest neighbours.

The noise is drawn once and added to the outputs, since without it their density, and I(X;T)
of a deterministic network, are not finite.  In more than seven dimensions the neighbours of 2,000
examples are looked for, among all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import digamma, gammaln

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.planes.estimators.remembered import once
from neuroninfo.streams import Stream, generator

_TREE: Final = 7
"""Dimensions up to which a tree is faster."""
_QUERIES: Final = 2000
"""Examples in more dimensions whose neighbours, among all examples, are looked for."""
_ROWS: Final = 256
_TRIFLE: Final = 1 + 1e-9
"""Factor of a radius, so that the neighbour that gave the radius lies within."""


@dataclass(frozen=True)
class KozachenkoLeonenko:
    """Differential entropies h(T + noise) - h(noise), and the like given the class.

    Kozachenko and Leonenko 1987, in the form of Kraskov et al. 2004, equation 20.
    """

    variance: float = 1e-3
    """Variance of the noise that is added to every output."""
    neighbours: int = 3
    study_seed: int = 0
    most: ClassVar[float] = math.inf
    """2 to the power of the highest I(X;T) that there can be."""

    @property
    def name(self) -> str:
        """``kozachenko-0.001``, with another number of neighbours ``kozachenko-0.001-5``."""
        return _name("kozachenko", self.variance, self.neighbours)

    @property
    def estimates(self) -> str:
        """For people."""
        return f"information of outputs plus noise of variance {self.variance:g}"

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        found = _neighbours(outputs, labels, self.variance, self.neighbours, self.study_seed)
        nats = found.of_input, found.entropy - found.entropy_within
        return Estimate(*(float(value / np.log(2)) for value in nats))


@dataclass(frozen=True)
class Kraskov:
    """I(Y; T + noise) by neighbours within a class; I(X; T + noise) as `KozachenkoLeonenko`.

    Kraskov et al. 2004 for a discrete variable: Ross 2014, equation 2.
    """

    variance: float = 1e-3
    """Variance of the noise that is added to every output."""
    neighbours: int = 3
    study_seed: int = 0
    most: ClassVar[float] = math.inf
    """2 to the power of the highest I(X;T) that there can be."""

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
        """The same as `Estimator`."""
        found = _neighbours(outputs, labels, self.variance, self.neighbours, self.study_seed)
        nats = found.of_input, found.information_within
        return Estimate(*(float(value / np.log(2)) for value in nats))


def _name(word: str, variance: float, neighbours: int) -> str:
    return f"{word}-{variance:g}" + (f"-{neighbours}" if neighbours != 3 else "")


class _Found(NamedTuple):
    """Entropies and informations of outputs with noise, in nats."""

    of_input: float
    """h(T) - h(noise)."""
    entropy: float
    """h(T)."""
    entropy_within: float
    """h(T given Y)."""
    information_within: float
    """I(Y;T) of Ross 2014."""


@once
def _neighbours(
    outputs: NDArray[Any], labels: NDArray[Any], variance: float, k: int, study_seed: int
) -> _Found:
    """All that neighbours say, for both estimators: distances are the same.

    Means are over all examples, or, where no tree finds neighbours, over `_QUERIES` of them.
    """
    check(outputs, labels)
    counts = np.bincount(labels)
    if counts[counts > 0].min() <= k:
        raise EstimationError(
            f"class {np.flatnonzero(counts == counts[counts > 0].min())[0]} has "
            f"{counts[counts > 0].min()} examples, and {k} neighbours are looked for"
        )
    noise = generator(study_seed, Stream.ESTIMATOR, "neighbours").normal(size=outputs.shape)
    order = np.argsort(labels, kind="stable")
    points = (outputs + np.sqrt(variance) * noise)[order]
    n, d = points.shape
    find = _by_tree if d <= _TREE else _by_products
    rows, whole, within, near = find(points, counts[counts > 0], k)
    of_class = digamma(counts[labels[order][rows]]).mean()
    log_ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
    entropy = digamma(n) - digamma(k) + log_ball + d * np.log(whole).mean()
    return _Found(
        of_input=entropy - d / 2 * np.log(2 * np.pi * np.e * variance),
        entropy=entropy,
        entropy_within=of_class - digamma(k) + log_ball + d * np.log(within).mean(),
        information_within=digamma(n) + digamma(k) - of_class - digamma(near).mean(),
    )


_Distances = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]
"""Rows; of each the distance to the k-th nearest other point, and to that of its own class, and
how many others are not farther than the latter."""


def _by_tree(points: NDArray[np.float64], counts: NDArray[np.int64], k: int) -> _Distances:
    """Distances of all points, which stand class after class, by a tree."""
    tree, ends = KDTree(points), np.cumsum(counts)
    within = [KDTree(own).query(own, [k + 1])[0][:, 0] for own in np.split(points, ends[:-1])]
    radius = np.concatenate(within)
    near = tree.query_ball_point(points, radius * _TRIFLE, return_length=True) - 1
    return np.arange(len(points)), tree.query(points, [k + 1])[0][:, 0], radius, near


def _by_products(points: NDArray[np.float64], counts: NDArray[np.int64], k: int) -> _Distances:
    """Distances of some points, evenly through the classes; matrix products find who is near.

    Distances to those that are near are computed from differences, so that none of their digits
    is lost.
    """
    n, ends = len(points), np.cumsum(counts)
    starts = ends - counts
    classes = np.repeat(np.arange(len(counts)), counts)
    points = points - points.mean(axis=0)
    squares = np.einsum("ij,ij->i", points, points)
    queries = np.linspace(0, n, min(n, _QUERIES), endpoint=False).astype(np.int64)
    whole, within, near = (np.empty(len(queries)) for _ in range(3))

    def exact(rows: NDArray[np.int64], nearest: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(points[rows] - points[nearest], axis=1))

    for first in range(0, len(queries), _ROWS):
        here = slice(first, first + _ROWS)
        rows = queries[here]
        # Squared distances but for the square of the row itself.
        distances = points[rows] @ (-2 * points.T)
        distances += squares
        distances[np.arange(len(rows)), rows] = np.inf
        whole[here] = exact(rows, np.argpartition(distances, k - 1, axis=1)[:, k - 1])
        radius = np.empty(len(rows))
        for label in np.unique(classes[rows]):
            own = classes[rows] == label
            span = distances[own, starts[label] : ends[label]]
            nearest = starts[label] + np.argpartition(span, k - 1, axis=1)[:, k - 1]
            radius[own] = exact(rows[own], nearest)
        within[here] = radius
        near[here] = (distances <= ((radius * _TRIFLE) ** 2 - squares[rows])[:, None]).sum(axis=1)
    return queries, whole, within, near.astype(np.int64)
