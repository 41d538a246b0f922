"""Models that are layers in sequence, which compiled loops take."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.forward import evaluated
from neuroninfo.networks.modules import stack
from neuroninfo.networks.stack import Stack
from neuroninfo.own_network.evaluation import difference
from neuroninfo.own_network.examples import Examples


def in_sequence(module: nn.Module, examples: Examples, given: Tensor, seed: int) -> Stack | None:
    """The network that compiled loops take, if the model computes what its layers in turn do."""
    if given.dtype not in (torch.float32, torch.float64):
        return None
    try:
        network = stack(cast("nn.Sequential", module), seed=seed)
    except ValueError:
        return None
    inputs, _ = flat(examples)
    if inputs.shape[1] != network.architecture.n_inputs:
        return None
    ours = torch.cat([outputs[-1][0] for _, _, outputs in evaluated(network, inputs, 1)])
    return network if difference(ours, given.cpu()) <= 1 else None


def flat(examples: Examples) -> tuple[Tensor, Tensor]:
    """Flat float32 inputs and int64 classes of all examples."""
    batches = [(inputs.cpu().float().flatten(1), labels) for inputs, labels in examples]
    inputs, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return inputs, labels


def activation_names(module: nn.Module) -> list[str]:
    """Names of the activation modules of layers in sequence."""
    kinds = {activation.module for activation in ACTIVATIONS.values()}
    return [name for name, part in module.named_children() if type(part).__name__ in kinds]
