"""Where the parameters of a network lie: one row for each seed."""

from __future__ import annotations

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
