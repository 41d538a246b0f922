"""Torch modules and the library's networks, one made from the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
import torch
from torch import nn

from neuroninfo.networks.activations import ACTIVATIONS, LEAK
from neuroninfo.networks.stack import BATCH_NORM_EPSILON, Architecture, Normalization, Stack

_NAMES: Final[Mapping[type[nn.Module], str]] = {
    getattr(nn, activation.module): name for name, activation in ACTIVATIONS.items()
}
_KNOWN: Final = ", ".join(kind.__name__ for kind in _NAMES)


def stack(model: nn.Sequential, *, seed: int = 0) -> Stack:
    """Convert a module to a stack of one network, the same function in evaluation mode.

    Parameters
    ----------
    model
        Blocks of Linear, BatchNorm1d (or none), activation, Dropout (or none), then a Linear
        whose outputs are the logits; a Flatten may come first. One activation throughout:
        ReLU, Tanh, Sigmoid, LeakyReLU with slope 0.01, or SiLU. It is left as it is.
    seed
        What the network is called in files, and the key of its random streams.

    Returns
    -------
    Stack
        float32, on the CPU. BatchNorm is folded into the weights (by its running statistics),
        Dropout does nothing in evaluation, a Linear without bias gets zeros.

    Raises
    ------
    ValueError
        Anything else; the message names the module, its index and the remedy.
    """
    if not isinstance(model, nn.Sequential):
        raise ValueError(
            f"a {type(model).__name__} is no nn.Sequential: put its layers into one, in the order "
            "in which they are computed"
        )
    linears: list[_Linear] = []
    activations: dict[str, int] = {}
    for index, layer in enumerate(model):
        if isinstance(layer, nn.Dropout):
            continue
        last = linears[-1] if linears else None
        if isinstance(layer, nn.Flatten):
            if last is not None or (layer.start_dim, layer.end_dim) != (1, -1):
                _refuse(index, layer, "only a Flatten() of all but the batch, before all layers")
        elif type(layer) is nn.Linear:
            if last is not None and not last.activated:
                _refuse(index, layer, "follows a Linear without an activation; merge the two")
            if last is not None and last.bias.shape[0] != layer.in_features:
                _refuse(
                    index,
                    layer,
                    f"takes {layer.in_features} inputs, but the layer before has "
                    f"{last.bias.shape[0]} outputs; make them equal",
                )
            linears.append(_Linear.of(layer))
        elif isinstance(layer, nn.BatchNorm1d):
            if last is None or last.activated or last.normalized:
                _refuse(index, layer, "put it between a Linear and its activation, once")
            last.normalize(index, layer)
        elif type(layer) in _NAMES:
            if last is None or last.activated:
                _refuse(index, layer, "put exactly one activation behind each hidden Linear")
            if getattr(layer, "negative_slope", LEAK) != LEAK:
                _refuse(index, layer, f"only the slope {LEAK} is known; train with LeakyReLU()")
            activations.setdefault(_NAMES[type(layer)], index)
            if len(activations) > 1:
                first = model[next(iter(activations.values()))]
                _refuse(index, layer, f"others are {type(first).__name__}; use one throughout")
            last.activated = True
        elif isinstance(layer, nn.Softmax | nn.LogSoftmax):
            _refuse(index, layer, "the last Linear's outputs have to be logits; remove it")
        elif isinstance(layer, nn.Sequential):
            _refuse(index, layer, "write its modules into the outer Sequential")
        else:
            _refuse(
                index,
                layer,
                f"known are Flatten, Linear, BatchNorm1d, Dropout and the activations {_KNOWN}",
            )
    if len(linears) < 2 or linears[-1].activated or linears[-1].normalized:
        raise ValueError(
            f"the model ends in module {len(model) - 1}: it needs at least one hidden layer "
            "(Linear and activation) and has to end in a Linear whose outputs are the logits"
        )
    architecture = Architecture(
        n_inputs=linears[0].weight.shape[1],
        hidden=tuple(len(linear.bias) for linear in linears[:-1]),
        n_classes=len(linears[-1].bias),
        activation=next(iter(activations)),
    )
    return Stack(
        architecture,
        (seed,),
        [linear.weight[None].astype(np.float32) for linear in linears],
        [linear.bias[None].astype(np.float32) for linear in linears],
        [],
    )


def module(network: Stack, *, behind: Sequence[nn.Module] = ()) -> nn.Sequential:
    """One network of a stack as a module, in evaluation mode; the inverse of `stack`.

    Parameters
    ----------
    network
        A stack of one. Its arrays are copied.
    behind
        Modules to insert after the activations, one per hidden layer, such as Dropout.
    """
    network = network.of(slice(0, 1)).tensors("cpu")
    hidden = len(network.architecture.hidden)
    layers: list[nn.Module] = []
    with torch.no_grad():
        for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            linear = nn.Linear(weight.shape[2], weight.shape[1])
            linear.weight.copy_(weight[0])
            linear.bias.copy_(bias[0])
            layers.append(linear)
            if number == hidden:
                break
            if network.normalizations:
                layers.append(_batch_norm(network.normalizations[number]))
            layers.append(getattr(nn, ACTIVATIONS[network.architecture.activation].module)())
            layers += behind[number : number + 1]
    return nn.Sequential(*layers).eval()


@dataclass
class _Linear:
    """One layer while a module is read, in float64."""

    weight: np.ndarray
    bias: np.ndarray
    activated: bool = False
    normalized: bool = False

    @staticmethod
    def of(layer: nn.Linear) -> _Linear:
        bias = np.zeros(layer.out_features) if layer.bias is None else _array(layer.bias)
        return _Linear(_array(layer.weight), bias)

    def normalize(self, index: int, layer: nn.BatchNorm1d) -> None:
        """Fold batch norm in, by its running statistics."""
        if layer.running_mean is None or layer.running_var is None:
            _refuse(index, layer, "it keeps no statistics; train with track_running_stats=True")
        if layer.num_features != len(self.bias):
            _refuse(index, layer, f"the layer before has {len(self.bias)} outputs; make them equal")
        factor = 1 / np.sqrt(_array(layer.running_var) + layer.eps)
        shift = np.zeros_like(factor)
        if layer.affine:
            factor, shift = factor * _array(layer.weight), _array(layer.bias)
        self.weight = self.weight * factor[:, None]
        self.bias = (self.bias - _array(layer.running_mean)) * factor + shift
        self.normalized = True


def _refuse(index: int, layer: nn.Module, mend: str) -> NoReturn:
    shown = type(layer).__name__ if "\n" in str(layer) else layer  # one with modules of its own
    raise ValueError(f"module {index}, {shown}: {mend}")


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def _batch_norm(normalization: Normalization) -> nn.BatchNorm1d:
    layer = nn.BatchNorm1d(normalization.mean.shape[1], eps=BATCH_NORM_EPSILON)
    for parameter, values in (
        (layer.weight, normalization.scale),
        (layer.bias, normalization.shift),
        (layer.running_mean, normalization.mean),
        (layer.running_var, normalization.variance),
    ):
        assert parameter is not None
        parameter.copy_(values[0])
    return layer
