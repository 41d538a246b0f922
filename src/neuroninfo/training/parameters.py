"""Where the parameters of a network lie: one row for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from neuroninfo.networks.stack import (
    Architecture,
    Array,
    Stack,
)

_ALIGNMENT: Final = 16  # floats in 64 bytes: where a parameter may start

_ROW_ALIGNMENT: Final = 64  # floats: so that every row has the same vector tail


@dataclass
class Layer:
    """Where the arrays of one layer lie in a row; empty slices without batch norm."""

    weight: slice
    bias: slice
    scale: slice
    shift: slice
    n_in: int
    n_out: int


def state_of(stack: Stack) -> list[Array]:
    """All arrays of a stack that evaluation depends on, seeds first."""
    norms = [[n.scale, n.shift, n.mean, n.variance] for n in stack.normalizations]
    return [*stack.weights, *stack.biases, *(array for norm in norms for array in norm)]


def layout(
    architecture: Architecture, *, decay_biases: bool = True
) -> tuple[list[Layer], int, int]:
    """Places in a row: first what l1 and l2 concern, then the rest; all aligned alike.

    Parameters
    ----------
    architecture
        Of one network.
    decay_biases
        Whether l1 and l2 concern biases; batch norm's parameters they never do.

    Returns
    -------
    layers, decayed, length
        Places by layer; where what l1 and l2 concern ends; where the row ends.
    """
    end = 0

    def place(size: int) -> slice:
        nonlocal end
        start = -(-end // _ALIGNMENT) * _ALIGNMENT
        end = start + size
        return slice(start, end)

    def padded(position: int) -> int:
        return -(-position // _ROW_ALIGNMENT) * _ROW_ALIGNMENT

    sizes = list(zip(architecture.widths[:-1], architecture.widths[1:], strict=True))
    if decay_biases:
        linear = [(place(n_in * n_out), place(n_out)) for n_in, n_out in sizes]
        decayed = end = padded(end)
    else:
        weights = [place(n_in * n_out) for n_in, n_out in sizes]
        decayed = end = padded(end)
        linear = [(weight, place(n_out)) for weight, (_, n_out) in zip(weights, sizes, strict=True)]
    if architecture.batch_norm:
        norms = [(place(width), place(width)) for width in architecture.hidden]
    else:
        norms = [(slice(end, end), slice(end, end))] * len(architecture.hidden)
    norms.append((slice(end, end), slice(end, end)))
    layers = [
        Layer(*places, *norm, *size)
        for places, norm, size in zip(linear, norms, sizes, strict=True)
    ]
    return layers, decayed, padded(end)


def matrix(rows: Tensor, layer: Layer) -> Tensor:
    """The weights of one layer in some rows, (..., n_out, n_in), a view."""
    return rows[..., layer.weight].view(*rows.shape[:-1], layer.n_out, layer.n_in)


class Group:
    """Networks whose products are one call: views of their parameters and gradients.

    Several have the leading dimension G in all arrays; one network may have none, and its products
    are then of matrices, which take less time than those of a stack of one and have its bits.

    Parameters
    ----------
    parameters, gradients
        Rows of all networks.
    layers
        Places in a row.
    place
        A network's position, for arrays without a leading dimension, or positions of several.
    """

    def __init__(
        self, parameters: Tensor, gradients: Tensor, layers: Sequence[Layer], place: int | slice
    ) -> None:
        self.place = place
        self.seeds = place if isinstance(place, slice) else slice(place, place + 1)
        """Positions, for lists by seed."""
        self.parameters, self.gradients = parameters[place], gradients[place]
        """(..., length)."""
        self.shape = self.parameters.shape[:-1]
        """The leading dimension, if there is one."""
        (self.weights, self.biases), (self.weight_gradients, self.bias_gradients) = (
            (
                [matrix(rows, layer) for layer in layers],
                [rows[..., layer.bias] for layer in layers],
            )
            for rows in (self.parameters, self.gradients)
        )
        """By layer, (..., n_out, n_in) and (..., n_out)."""
