"""Small convolutional networks by name, as modules of torch, and their files.

``conv-16-32-64``: for each width a 3x3 convolution, pooling that halves the image, and the
activation.  ``resnet-16-32-64``: such a block of the first width, then for each further width a
residual block of two convolutions (He et al. 2016), the first of stride 2.  Both end in the mean
over positions and one linear layer.  Batch norm stands before each activation, dropout of whole
channels behind it, if the regularizer says so.

A unit is a channel behind an activation; modules called ``activation`` are the layers.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

import torch
import xarray as xr
from torch import Tensor, nn

from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import hidden_widths

LAYERS: Final = "*activation"
"""Names of the modules whose outputs are the units."""
_SETTINGS: Final = ("architecture", "activation", "n_inputs", "n_classes", "batch_norm")
"""Attributes of ``network.nc`` that say what its weights belong to."""


class Residual(nn.Module):
    """Activation of the sum of two convolutions and of what they take (He et al. 2016, fig. 2).

    What is taken is halved by a 1x1 convolution of stride 2.

    Parameters
    ----------
    n_in, n_out
        Channels.
    activation
        A name of `networks.activations.ACTIVATIONS`.
    batch_norm, dropout
        As of `build`.
    """

    def __init__(
        self, n_in: int, n_out: int, activation: str, batch_norm: float | None, dropout: float
    ) -> None:
        super().__init__()
        self.first = _convolution(n_in, n_out, activation, batch_norm, dropout, stride=2)
        self.second = nn.Sequential(_affine(n_out, n_out, 3, 1, batch_norm))
        self.shortcut = nn.Sequential(_affine(n_in, n_out, 1, 2, batch_norm))
        self.activation = _activation(activation)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits for images (n, channels, height, width)."""
        added = self.second(self.first(inputs)) + self.shortcut(inputs)
        given: Tensor = self.dropout(self.activation(added))
        return given


def image_shape(n_inputs: int) -> tuple[int, int, int]:
    """Channels, height and width of a flattened square image, grey or of three colours.

    Raises
    ------
    ValueError
        There is no such image.
    """
    for channels in (1, 3):
        side = math.isqrt(n_inputs // channels)
        if channels * side * side == n_inputs:
            return channels, side, side
    raise ValueError(f"{n_inputs} inputs are no square image, grey or of three colours")


def unit_widths(architecture: str) -> tuple[int, ...]:
    """Numbers of units of the layers, from a name such as ``conv-16-32``, ``resnet-16-32``."""
    family, _, widths = architecture.partition("-")
    channels = hidden_widths(widths)
    if family == "conv":
        return channels
    return (channels[0], *(width for width in channels[1:] for _ in range(2)))


def build(
    architecture: str,
    n_inputs: int,
    n_classes: int,
    activation: str,
    *,
    batch_norm: float | None = None,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Build a network, its weights drawn by torch's own rules from its global generator.

    Parameters
    ----------
    architecture
        Such as ``conv-16-32-64`` or ``resnet-16-32-64``: numbers of channels.
    n_inputs, n_classes
        It takes flattened images, channel first, and gives logits.
    activation
        A name of `networks.activations.ACTIVATIONS`.
    batch_norm
        Weight of a batch in the tracked mean and variance; None: no batch norm.
    dropout
        Probability that a channel is dropped in a training step.

    Raises
    ------
    ValueError
        The inputs are no images, or too small for this number of layers.
    """
    family, _, widths = architecture.partition("-")
    channels = hidden_widths(widths)
    shape = image_shape(n_inputs)
    if shape[1] < 2 ** len(channels):
        raise ValueError(
            f"architecture {architecture!r} halves the image {len(channels)} times, and images of "
            f"{shape[1]}x{shape[2]} can be halved {shape[1].bit_length() - 1} times: give fewer "
            "widths"
        )
    parts: list[tuple[str, nn.Module]] = [("image", nn.Unflatten(1, shape))]
    below = shape[0]
    for number, width in enumerate(channels):
        block: nn.Module
        if number > 0 and family == "resnet":
            block = Residual(below, width, activation, batch_norm, dropout)
        else:
            block = _convolution(below, width, activation, batch_norm, dropout, pooled=True)
        parts.append((f"block{number + 1}", block))
        below = width
    parts += [
        ("mean", nn.AdaptiveAvgPool2d(1)),
        ("flat", nn.Flatten()),
        ("output", nn.Linear(below, n_classes)),
    ]
    network = nn.Sequential(OrderedDict(parts))
    # The layout in memory in which a CPU convolves fastest.
    return network.to(memory_format=torch.channels_last)


def _affine(
    n_in: int, n_out: int, size: int, stride: int, batch_norm: float | None
) -> OrderedDict[str, nn.Module]:
    """A convolution that keeps the image but for the stride, and batch norm."""
    bias = batch_norm is None
    convolution = nn.Conv2d(n_in, n_out, size, stride=stride, padding=size // 2, bias=bias)
    if batch_norm is None:
        return OrderedDict(convolution=convolution)
    return OrderedDict(
        convolution=convolution, normalization=nn.BatchNorm2d(n_out, momentum=batch_norm)
    )


def _convolution(
    n_in: int,
    n_out: int,
    activation: str,
    batch_norm: float | None,
    dropout: float,
    *,
    stride: int = 1,
    pooled: bool = False,
) -> nn.Sequential:
    parts = _affine(n_in, n_out, 3, stride, batch_norm)
    if pooled:  # before the activation: fewer values to activate and to replace
        parts["pooling"] = nn.MaxPool2d(2)
    parts["activation"] = _activation(activation)
    parts["dropout"] = nn.Dropout2d(dropout)
    return nn.Sequential(parts)


def _activation(name: str) -> nn.Module:
    module: nn.Module = getattr(nn, ACTIVATIONS[name].module)()
    return module


def to_dataset(
    networks: list[nn.Sequential], seeds: list[int], settings: dict[str, object]
) -> xr.Dataset:
    """Weights of networks of one architecture, in the layout of ``network.nc``.

    Parameters
    ----------
    networks, seeds
        One network per seed.
    settings
        Arguments of `build` by name, ``dropout`` aside.
    """
    states = [network.state_dict() for network in networks]
    dataset = xr.Dataset(
        {
            name: (
                ("seed", *(f"{name}.{axis}" for axis in range(tensor.dim()))),
                torch.stack([state[name] for state in states]).cpu().numpy(),
                labelled(f"{name} of the module", "1"),
            )
            for name, tensor in states[0].items()
        },
        coords={"seed": ("seed", seeds, {"long_name": "seed"})},
    )
    given = settings | {"batch_norm": float("nan")} if settings["batch_norm"] is None else settings
    return dataset.assign_attrs(given)


def from_dataset(dataset: xr.Dataset) -> list[nn.Sequential]:
    """Inverse of `to_dataset`: the networks in evaluation mode, one per seed."""
    settings = {name: dataset.attrs[name] for name in _SETTINGS}
    momentum = float(settings.pop("batch_norm"))
    networks = []
    for position in range(dataset.sizes["seed"]):
        network = build(
            str(settings["architecture"]),
            int(settings["n_inputs"]),
            int(settings["n_classes"]),
            str(settings["activation"]),
            batch_norm=None if math.isnan(momentum) else momentum,
        )
        of_seed = dataset.isel(seed=position)
        state = {name: torch.tensor(of_seed[name].values) for name in network.state_dict()}
        network.load_state_dict(state)
        networks.append(network.eval())
    return networks
