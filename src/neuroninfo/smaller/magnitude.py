"""Pruning by magnitude with torch.nn.utils.prune, the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from neuroninfo.networks.modules import module
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.streams import Stream, generator
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import MAGNITUDE_NEURONS

_ROWS: Final = 1024


def n_weights(architecture: Architecture) -> int:
    """Weights of one network, without biases."""
    return sum(n_in * n_out for n_in, n_out in pairwise(architecture.widths))


def as_module(network: Stack, settings: Settings) -> nn.Sequential:
    """One network of a stack as a module, ready to be trained: with its dropout and momentum.

    Parameters
    ----------
    network
        A stack of one.
    settings
        How it is trained; dropout draws from the same stream as in `loop.train`.
    """
    layers = range(1, len(network.architecture.hidden) + 1)
    model = module(
        network, behind=[_Dropout(settings, network.seeds[0], layer) for layer in layers]
    )
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            layer.momentum = settings.regularizer.batch_norm_momentum
    return model


def prune_by_magnitude(model: nn.Sequential, method: str, architecture: Architecture) -> None:
    """Mask a module as `torch.nn.utils.prune` does, down to the size of an architecture.

    Parameters
    ----------
    model
        Of `modules.module`; changed in place.
    method
        ``magnitude_neurons``: each hidden layer keeps as many neurons as the architecture has,
        the others lose their incoming weights but not their bias. ``magnitude_weights``: all
        layers together keep as many weights as the architecture has.
    architecture
        The dense network to be compared with.
    """
    linears = [layer for layer in model if isinstance(layer, nn.Linear)]
    if method == MAGNITUDE_NEURONS:
        for linear, kept in zip(linears, architecture.hidden, strict=False):  # not the last
            amount = linear.out_features - kept
            ln_structured: Callable[..., nn.Module] = prune.ln_structured  # has no types
            ln_structured(linear, "weight", amount=amount, n=2, dim=0)
        return
    total = sum(linear.weight.numel() for linear in linears)
    prune.global_unstructured(
        [(linear, "weight") for linear in linears],
        pruning_method=prune.L1Unstructured,
        amount=total - n_weights(architecture),
    )


def fine_tune(model: nn.Sequential, split: Split, settings: Settings) -> None:
    """Train a module, with the masks that it has, as `loop.train` trains a stack.

    The same batches, optimizer, strength of regularizers; Dropout has to be in the model.

    Parameters
    ----------
    model
        Changed in place; left in evaluation mode.
    split
        The training split.
    settings
        How to train; `epochs` of them.
    """
    regularizer = settings.regularizer
    norms = [p for m in model if isinstance(m, nn.BatchNorm1d) for p in m.parameters()]
    linear = [p for m in model if isinstance(m, nn.Linear) for p in m.parameters()]
    groups: list[dict[str, Any]] = [{"params": linear, "weight_decay": regularizer.l2}]
    if norms:
        groups.append({"params": norms, "weight_decay": 0.0})
    optimizer: torch.optim.Optimizer = (
        torch.optim.SGD(
            groups, lr=settings.learning_rate, momentum=settings.momentum or 0.0, fused=True
        )
        if settings.optimizer == "sgd"
        else torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)
    )
    model.train()
    for epoch in range(1, settings.epochs + 1):
        keys = (settings.dataset, settings.architecture, epoch)
        order = generator(settings.study_seed, Stream.BATCH_ORDER, *keys).permutation(
            len(split.labels)
        )
        for start in range(0, len(order), settings.batch_size):
            picked = torch.from_numpy(order[start : start + settings.batch_size])
            picked = picked.to(split.inputs.device)
            if norms and len(picked) == 1:
                continue  # one example has no variance
            optimizer.zero_grad()
            loss = functional.cross_entropy(
                model(split.inputs[picked]),
                split.labels[picked],
                label_smoothing=regularizer.label_smoothing,
            )
            if regularizer.l1 > 0:
                loss = loss + regularizer.l1 * torch.stack([p.abs().sum() for p in linear]).sum()
            torch.autograd.backward(loss)
            optimizer.step()
    model.eval()


class _Dropout(nn.Module):
    """Dropout that draws from the study's stream, as training does."""

    def __init__(self, settings: Settings, seed: int, layer: int) -> None:
        super().__init__()
        self.random = generator(settings.study_seed, Stream.DROPOUT, seed, layer)
        self.dropped = round(settings.regularizer.dropout * 2**16)

    def forward(self, values: Tensor) -> Tensor:
        """Factors 0 or 1 / (1 - p), 16 random bits each."""
        if not self.training or self.dropped == 0:
            return values
        bits = np.frombuffer(self.random.bytes(2 * values.numel()), dtype=np.uint16)
        kept = torch.from_numpy(bits >= self.dropped).to(values.device).view(values.shape)
        return values * (kept * (2**16 / (2**16 - self.dropped)))


def masked(
    network: Stack,
    method: str,
    architecture: Architecture,
    splits: Mapping[str, Split],
    tuning: Settings,
) -> list[float]:
    """Test accuracy of a network masked by torch, before and after fine-tuning."""
    model = as_module(network, tuning).to(splits["train"].inputs.device)
    prune_by_magnitude(model, method, architecture)
    before = _module_accuracy(model, splits["test"])
    fine_tune(model, splits["train"], tuning)
    return [before, _module_accuracy(model, splits["test"])]


@torch.no_grad()
def _module_accuracy(model: nn.Sequential, split: Split) -> float:
    right = 0
    for start in range(0, len(split.labels), _ROWS):
        rows = slice(start, start + _ROWS)
        right += int((model(split.inputs[rows]).argmax(-1) == split.labels[rows]).sum())
    return right / len(split.labels)
