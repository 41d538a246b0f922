"""Sliced information: the mean over random one-dimensional projections of a layer.

Goldfeld and Greenewald 2021 ("Sliced mutual information: a scalable measure of statistical
dependence").  It is 0 only where mutual information is, is never above it, and takes no more
examples in a thousand dimensions than in one; but layers of other widths have other slices, so it
compares epochs of a layer rather than layers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuroninfo.planes.estimators.neighbours import Kraskov
from neuroninfo.planes.estimators.protocol import Estimate, check
from neuroninfo.streams import Stream, generator


@dataclass(frozen=True)
class Sliced:
    """Means over directions w of I(X; w.(T + noise)) and I(Y; w.(T + noise)), each by `Kraskov`.

    Goldfeld and Greenewald 2021, definition 1, for a layer: T alone is projected, on directions
    evenly over the sphere.  The class has one dimension, and X, which determines T, enters whole.
    A projection of the noise is noise of the same variance.
    """

    variance: float = 1e-3
    """Variance of the noise that is added to every output."""
    slices: int = 32
    study_seed: int = 0
    most: ClassVar[float] = math.inf
    """2 to the power of the highest I(X;T) that there can be."""

    @property
    def name(self) -> str:
        """``sliced-0.001``."""
        return f"sliced-{self.variance:g}"

    @property
    def estimates(self) -> str:
        """For people."""
        return (
            f"mean information of {self.slices} random projections of outputs plus noise of "
            f"variance {self.variance:g}"
        )

    def directions(self, dimensions: int) -> NDArray[np.float64]:
        """(slices, dimensions) of length 1, the same at every epoch."""
        rng = generator(self.study_seed, Stream.ESTIMATOR, "sliced")
        drawn = rng.normal(size=(self.slices, dimensions))
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        check(outputs, labels)
        of_slice = Kraskov(self.variance, study_seed=self.study_seed)
        projected = outputs.astype(np.float64) @ self.directions(outputs.shape[1]).T
        found = [of_slice(column[:, None], labels) for column in projected.T]
        return Estimate(*map(float, np.mean(found, axis=0)))
