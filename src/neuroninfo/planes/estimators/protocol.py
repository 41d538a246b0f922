"""Estimates of I(X;T), of input X and layer T, and I(Y;T), of class Y and layer T, in bits.

T is the vector of a layer's outputs.  In a deterministic network with continuous outputs the
true I(X;T) is infinite, or log2 of the number of examples: every estimator here replaces T by
something else (bins, outputs with noise), and its ``estimates`` says by what.  Estimators are
compared as such; see `neuroninfo.planes.layers`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class EstimationError(ValueError):
    """There is no estimate for these outputs; the message says why."""


class Estimate(NamedTuple):
    """Two informations in bits."""

    input: float
    """I(X;T)."""
    label: float
    """I(Y;T)."""


class Estimator(Protocol):
    """The interface of all estimators."""

    @property
    def name(self) -> str:
        """Identifies estimator and settings, such as ``width-0.07``."""

    @property
    def estimates(self) -> str:
        """For people, which quantity is really estimated."""

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """Estimate from the outputs of one layer.

        Parameters
        ----------
        outputs
            (n, d) of all examples, finite; each example is one equally likely input.
        labels
            (n) classes, 0 and up.

        Raises
        ------
        EstimationError
            There is no estimate for these outputs.
        """


def check(outputs: NDArray[Any], labels: NDArray[Any] | None = None) -> None:
    """See that there is something to estimate from.

    Raises
    ------
    EstimationError
        Outputs are not (examples, neurons), not finite, or labels are of others.
    """
    if outputs.ndim != 2 or 0 in outputs.shape:
        raise EstimationError(f"outputs are {outputs.shape}, not (examples, neurons)")
    if labels is not None and len(labels) != len(outputs):
        raise EstimationError(f"{len(outputs)} rows of outputs and {len(labels)} labels")
    if not np.isfinite(outputs).all():
        raise EstimationError("some outputs are not finite")
