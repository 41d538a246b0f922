"""Information of binned outputs: what most information planes show.

The estimate is exact for the binned outputs, H(T_bin) and I(Y;T_bin), and says as much of the
bins as of the network: with bins fine enough every example is alone, and I(X;T) is log2 n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.planes.estimators import discrete
from neuroninfo.planes.estimators.protocol import Estimate, check

_FEW: Final = 64
"""Edges that are sooner compared with all values than looked up for each."""
_BLOCK: Final = 2**16
"""Values that stay near to the processor meanwhile."""


def _edges_below(values: NDArray[Any], edges: NDArray[Any]) -> NDArray[np.integer]:
    """How many of some ascending edges, of the values' type, lie below each value."""
    if len(edges) > _FEW:
        return np.searchsorted(edges, values, side="left")
    flat = np.ascontiguousarray(values).reshape(-1)
    counts = np.zeros(flat.shape, dtype=np.uint8)
    for first in range(0, len(flat), _BLOCK):
        here = slice(first, first + _BLOCK)
        for edge in edges:
            counts[here] += flat[here] > edge
    return counts.reshape(values.shape)


@dataclass(frozen=True)
class EdgeBins:
    """Fixed edges, as Shwartz-Ziv and Tishby's code (IDNNs) bins.

    A value gets the number of the last of ``linspace(low, high, edges)`` that is not above it;
    those from `high` on are one bin, and so are those below `low`, which that code takes for
    the last edge (``bins[-1]``): values outside merge.  Its edges are rounded to float32 and those
    here are not, so an output that is exactly a rounded edge may be one bin lower here.
    """

    edges: int = 30
    low: float = -1.0
    high: float = 1.0

    @property
    def name(self) -> str:
        """``edges-30``, with other ends ``edges-30-0-1``."""
        ends = "" if (self.low, self.high) == (-1.0, 1.0) else f"-{self.low:g}-{self.high:g}"
        return f"edges-{self.edges}{ends}"

    @property
    def estimates(self) -> str:
        """For people."""
        return (
            f"entropy of outputs binned at {self.edges} edges from {self.low:g} to {self.high:g} "
            "(all outside in one bin)"
        )

    def symbols(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """(n, d) number of each value's bin, ``digitize(outputs, edges) - 1``, -1 as the last.

        A value is not below an edge if it is above the number before the edge's, so that the
        numbers are those of `numpy.digitize` for every value.
        """
        check(outputs)
        values = outputs if outputs.dtype == np.float32 else outputs.astype(np.float64)
        edges = np.linspace(self.low, self.high, self.edges)
        before = edges.astype(values.dtype)
        before = np.where(before < edges, before, np.nextafter(before, -np.inf, dtype=before.dtype))
        bins = _edges_below(values, before).astype(np.int64) - 1
        bins[bins < 0] = self.edges - 1
        return bins

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        return discrete.information(self.symbols(outputs), labels)


@dataclass(frozen=True)
class WidthBins:
    """Bins of one width wherever the values lie, as Saxe et al. 2018 (ibsgd) bin."""

    width: float = 0.07

    @property
    def name(self) -> str:
        """``width-0.07``."""
        return f"width-{self.width:g}"

    @property
    def estimates(self) -> str:
        """For people."""
        return f"entropy of outputs in bins {self.width:g} wide"

    def symbols(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """(n, d) ``floor(outputs / width)``."""
        check(outputs)
        return np.floor(outputs / self.width).astype(np.int64)

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        return discrete.information(self.symbols(outputs), labels)


@dataclass(frozen=True)
class MassBins:
    """Bins of equal mass for each neuron, equal edges merged (adaptive binning)."""

    bins: int = 30

    @property
    def name(self) -> str:
        """``mass-30``."""
        return f"mass-{self.bins}"

    @property
    def estimates(self) -> str:
        """For people."""
        return f"entropy of outputs in {self.bins} bins of equal mass for each neuron"

    def symbols(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """(n, d) number of inner edges, observed quantiles, that are not above a value."""
        check(outputs)
        # Order statistics, by whole numbers: k n / bins may round to beyond the next value.
        positions = -(-len(outputs) * np.arange(1, self.bins) // self.bins) - 1
        columns = np.ascontiguousarray(outputs.T)
        edges = np.sort(columns, axis=1)[:, positions]
        symbols = np.empty(outputs.shape, dtype=np.int64)
        for number, (inner, column) in enumerate(zip(edges, columns, strict=True)):
            symbols[:, number] = _edges_below(column, np.unique(inner))
        return symbols

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        return discrete.information(self.symbols(outputs), labels)


@dataclass(frozen=True)
class Exact:
    """Outputs that are discrete by themselves, such as those of a quantized network.

    Lorenzen et al. 2022: where activations are quantized in the network, I(X;T) = H(T) is
    exact and needs no estimator.
    """

    @property
    def name(self) -> str:
        """``exact``."""
        return "exact"

    @property
    def estimates(self) -> str:
        """For people."""
        return "entropy of the outputs as they are (exact for a quantized network)"

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        check(outputs)
        values = outputs.astype(np.float64) + 0.0  # -0 is 0
        return discrete.information(discrete.hashed(values.view(np.uint64)), labels)
