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
from neuroninfo.philox.numbers import HALVES, Numbers
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
    layers = len(network.architecture.hidden) + 1
    numbers = Numbers(
        settings.study_seed, Stream.DROPOUT, network.seeds, layers, torch.device("cpu")
    )
    first, *behind = [_Dropout(settings, numbers, layer) for layer in range(layers)]
    model = module(network, behind=behind)
    model.insert(0, first)
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
    decayed: list[Tensor] = []
    others: list[Tensor] = [
        p for m in model if isinstance(m, nn.BatchNorm1d) for p in m.parameters()
    ]
    for linear in (m for m in model if isinstance(m, nn.Linear)):
        for name, parameter in linear.named_parameters():
            decays = regularizer.decay_biases or name != "bias"
            (decayed if decays else others).append(parameter)
    decoupled = regularizer.decay == "decoupled"
    coupled = 0.0 if decoupled else regularizer.l2
    groups: list[dict[str, Any]] = [{"params": decayed, "weight_decay": coupled}]
    if others:
        groups.append({"params": others, "weight_decay": 0.0})
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
            if regularizer.batch_norm_momentum is not None and len(picked) == 1:
                continue  # one example has no variance
            optimizer.zero_grad()
            loss = functional.cross_entropy(
                model(split.inputs[picked]),
                split.labels[picked],
                label_smoothing=regularizer.label_smoothing,
            )
            if regularizer.l1 > 0:
                loss = loss + regularizer.l1 * torch.stack([p.abs().sum() for p in decayed]).sum()
            torch.autograd.backward(loss)
            if decoupled:
                with torch.no_grad():
                    torch._foreach_mul_(decayed, 1 - settings.learning_rate * regularizer.l2)
            optimizer.step()
    model.eval()


class _Dropout(nn.Module):
    """Dropout that draws from the study's stream, as training does; layer 0: of the inputs."""

    def __init__(self, settings: Settings, numbers: Numbers, layer: int) -> None:
        super().__init__()
        rate = settings.regularizer.dropout if layer else settings.regularizer.input_dropout
        self.dropped, self.numbers, self.layer = round(rate * HALVES), numbers, layer
        self.step = 0

    def forward(self, values: Tensor) -> Tensor:
        """Factors 0 or 1 / (1 - p), 16 random bits each."""
        if not self.training or self.dropped == 0:
            return values
        self.step += 1
        here, dropped = range(self.step, self.step + 1), np.array([self.dropped])
        kept = self.numbers.factors(slice(1), self.layer, here, values.numel(), dropped)
        return values * kept.view(values.shape).to(values.device)


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
