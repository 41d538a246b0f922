"""Outputs of the networks of a stack in torch: layers, losses, evaluation block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor

from neuroninfo.networks.activations import ACTIVATIONS, OUTPUT_RANGES
from neuroninfo.networks.stack import Stack

_ROWS_OF_A_CPU: Final = 1024
"""Examples of a block that stay in the cache; last bits depend on it."""
_ROWS: Final = 8192
"""Examples of a block elsewhere, where few launches count."""


def quantize_(values: Tensor, activation: str, bits: int) -> Tensor:
    """Round outputs, in place, to the nearest of 2^bits values evenly in `OUTPUT_RANGES`."""
    low, high = OUTPUT_RANGES[activation]
    step = (high - low) / (2**bits - 1)
    return values.clamp_(low, high).sub_(low).div_(step).round_().mul_(step).add_(low)


def affine(values: Tensor, weight: Tensor, bias: Tensor, out: Tensor | None = None) -> Tensor:
    """Products of a layer, (..., n, n_out), of matrices or of stacks of them."""
    if weight.dim() == 2:
        return torch.addmm(bias, values, weight.mT, out=out)
    return torch.baddbmm(bias.unsqueeze(-2), values, weight.mT, out=out)


def product(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """The product of two matrices, or of two stacks of matrices."""
    return (torch.mm if left.dim() == 2 else torch.bmm)(left, right, out=out)


def outputs(
    stack: Stack, inputs: Tensor, disturb: Callable[[int, Tensor], Tensor] | None = None
) -> list[Tensor]:
    """Outputs of all layers in evaluation mode.

    Parameters
    ----------
    stack
        G networks without batch norm (see `Stack.folded`).
    inputs
        (n, n_inputs), the same for all networks.
    disturb
        Called with the number of a hidden layer, from 1, and its outputs: gives what the next
        layer gets in their place.

    Returns
    -------
    list of Tensor
        (G, n, width) a hidden layer, after the nonlinearity; last the logits.
    """
    architecture = stack.architecture
    activation = ACTIVATIONS[architecture.activation]
    results: list[Tensor] = []
    values = inputs.expand(len(stack.seeds), *inputs.shape)
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        values = affine(values, weight, bias)
        if layer < len(architecture.hidden):
            values = activation.apply(values)
            if architecture.output_bits is not None:
                values = quantize_(values, architecture.activation, architecture.output_bits)
            if disturb is not None:
                values = disturb(layer + 1, values)
        results.append(values)
    return results


def evaluated(
    stack: Stack, inputs: Tensor, together: int
) -> Iterator[tuple[slice, slice, list[Tensor]]]:
    """Outputs of all layers, block by block of networks and of examples.

    Parameters
    ----------
    stack
        Networks; batch norm is folded.
    inputs
        (n, n_inputs).
    together
        Networks computed in one product: 1 makes a network's numbers independent of the
        others to the last bit.

    Yields
    ------
    seeds, rows, list of Tensor
        Which networks, which examples, and as `outputs`.
    """
    folded = stack.folded()
    block = _ROWS_OF_A_CPU if inputs.device.type == "cpu" else _ROWS
    for first in range(0, len(stack.seeds), together):
        seeds = slice(first, first + together)
        group = folded.of(seeds).tensors(inputs.device)
        for row in range(0, inputs.shape[0], block):
            rows = slice(row, row + block)
            yield seeds, rows, outputs(group, inputs[rows])


def losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy in nats of each example, (..., n), from logits (..., n, C), labels (n)."""
    of_label = logits.gather(-1, labels.expand(logits.shape[:-1]).unsqueeze(-1)).squeeze(-1)
    return torch.logsumexp(logits, dim=-1) - of_label
