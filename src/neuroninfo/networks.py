"""Stacks: S multilayer perceptrons of one shape, one a seed, as arrays with a seed axis.

A block of a network is Linear, BatchNorm, activation, dropout; hidden layers are numbered
from 1, and a neuron's output is its value after the nonlinearity and before dropout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from neuroninfo.storage import labelled

BATCH_NORM_EPSILON: Final = 1e-5  # torch's default
_EVALUATED_ROWS: Final = 1024
_MOST_NEURONS: Final = 2**15 - 1  # files number neurons in int16


class ArchitectureError(ValueError):
    """An architecture or activation that means nothing, or too many neurons."""


@dataclass(frozen=True)
class Activation:
    """A nonlinearity."""

    apply: Callable[[Tensor], Tensor]
    """In place."""
    backpropagate: Callable[[Tensor, Tensor], Tensor]
    """(gradient by output, output) -> gradient by input."""


ACTIVATIONS: Final[Mapping[str, Activation]] = {
    "relu": Activation(torch.relu_, lambda g, a: torch.ops.aten.threshold_backward(g, a, 0)),
    "tanh": Activation(torch.tanh_, torch.ops.aten.tanh_backward),
    "sigmoid": Activation(torch.sigmoid_, torch.ops.aten.sigmoid_backward),
}


def hidden_widths(name: str) -> tuple[int, ...]:
    """Widths of the hidden layers from a name such as ``100-100``.

    Raises
    ------
    ArchitectureError
        The name is not positive numbers joined by hyphens.
    """
    if not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", name):
        raise ArchitectureError(
            f"architecture {name!r}: give the hidden widths joined by hyphens, such as '100-100'"
        )
    return tuple(map(int, name.split("-")))


@dataclass(frozen=True)
class Architecture:
    """The shape that all networks of a stack have."""

    n_inputs: int
    hidden: tuple[int, ...]
    n_classes: int
    activation: str
    batch_norm: bool = False

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ArchitectureError(
                f"activation {self.activation!r}: known are {', '.join(ACTIVATIONS)}"
            )
        if sum(self.hidden) > _MOST_NEURONS:
            raise ArchitectureError(
                f"architecture {'-'.join(map(str, self.hidden))!r}: {sum(self.hidden)} hidden "
                f"neurons; files number at most {_MOST_NEURONS}, so make it narrower"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of units from the input to the output."""
        return (self.n_inputs, *self.hidden, self.n_classes)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """``1`` .. for the hidden layers, then ``output``."""
        return (*(str(layer) for layer in range(1, len(self.hidden) + 1)), "output")


@dataclass
class Normalization:
    """BatchNorm of one hidden layer: scale and shift learned, mean and variance tracked."""

    scale: Tensor
    shift: Tensor
    mean: Tensor
    variance: Tensor
    """Each (S, width)."""


@dataclass
class Stack:
    """S networks of one shape.

    Attributes
    ----------
    weights
        One (S, n_out, n_in) a layer, the output layer included.
    biases
        One (S, n_out) a layer.
    normalizations
        One a hidden layer if the architecture has batch norm, else empty.
    """

    architecture: Architecture
    seeds: tuple[int, ...]
    weights: list[Tensor]
    biases: list[Tensor]
    normalizations: list[Normalization]

    def of(self, seeds: slice) -> Stack:
        """Those networks, as views."""
        return Stack(
            self.architecture,
            self.seeds[seeds],
            [weight[seeds] for weight in self.weights],
            [bias[seeds] for bias in self.biases],
            [
                Normalization(n.scale[seeds], n.shift[seeds], n.mean[seeds], n.variance[seeds])
                for n in self.normalizations
            ],
        )

    def folded(self) -> Stack:
        """Return the same functions without batch norm: it goes into weights and biases."""
        if not self.normalizations:
            return self
        weights, biases = list(self.weights), list(self.biases)
        for layer, n in enumerate(self.normalizations):
            factor = n.scale / torch.sqrt(n.variance + BATCH_NORM_EPSILON)
            weights[layer] = weights[layer] * factor.unsqueeze(2)
            biases[layer] = (biases[layer] - n.mean) * factor + n.shift
        architecture = Architecture(
            self.architecture.n_inputs,
            self.architecture.hidden,
            self.architecture.n_classes,
            self.architecture.activation,
        )
        return Stack(architecture, self.seeds, weights, biases, [])

    def copy(self, device: torch.device | str) -> Stack:
        """Return a copy; fresh arrays are aligned alike, which last bits can depend on."""

        def copied(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, copy=True)

        return Stack(
            self.architecture,
            self.seeds,
            [copied(weight) for weight in self.weights],
            [copied(bias) for bias in self.biases],
            [
                Normalization(copied(n.scale), copied(n.shift), copied(n.mean), copied(n.variance))
                for n in self.normalizations
            ],
        )


def outputs(stack: Stack, inputs: Tensor) -> list[Tensor]:
    """Outputs of all layers in evaluation mode.

    Parameters
    ----------
    stack
        G networks without batch norm (see `Stack.folded`).
    inputs
        (n, n_inputs), the same for all networks.

    Returns
    -------
    list of Tensor
        (G, n, width) a hidden layer, after the nonlinearity; last the logits.
    """
    activation = ACTIVATIONS[stack.architecture.activation]
    results: list[Tensor] = []
    values = inputs.expand(len(stack.seeds), *inputs.shape)
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        values = torch.baddbmm(bias.unsqueeze(1), values, weight.transpose(1, 2))
        if layer < len(stack.architecture.hidden):
            values = activation.apply(values)
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
    for first in range(0, len(stack.seeds), together):
        seeds = slice(first, first + together)
        group = folded.of(seeds).copy(inputs.device)
        for row in range(0, inputs.shape[0], _EVALUATED_ROWS):
            rows = slice(row, row + _EVALUATED_ROWS)
            yield seeds, rows, outputs(group, inputs[rows])


def losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy in nats of each example, (..., n), from logits (..., n, C), labels (n)."""
    chosen = logits.gather(-1, labels.expand(logits.shape[:-1]).unsqueeze(-1)).squeeze(-1)
    return torch.logsumexp(logits, dim=-1) - chosen


def to_dataset(stack: Stack) -> xr.Dataset:
    """All arrays of a stack, in the layout of ``network.nc``."""
    dataset = xr.Dataset(coords={"seed": ("seed", list(stack.seeds), {"long_name": "seed"})})
    names = stack.architecture.layer_names
    below = "neuron_0"
    for layer, name in enumerate(names):
        here = f"neuron_{name}"
        dataset[f"weight_{name}"] = (
            ("seed", here, below),
            stack.weights[layer].cpu().numpy(),
            labelled(f"weights into layer {name}", "1"),
        )
        dataset[f"bias_{name}"] = (
            ("seed", here),
            stack.biases[layer].cpu().numpy(),
            labelled(f"biases of layer {name}", "1"),
        )
        if stack.architecture.batch_norm and name != "output":
            for field in ("scale", "shift", "mean", "variance"):
                dataset[f"batch_norm_{field}_{name}"] = (
                    ("seed", here),
                    getattr(stack.normalizations[layer], field).cpu().numpy(),
                    labelled(f"batch norm, {field}, layer {name}", "1"),
                )
        below = here
    dataset.attrs["activation"] = stack.architecture.activation
    return dataset


def from_dataset(dataset: xr.Dataset) -> Stack:
    """Inverse of `to_dataset`."""
    hidden = sum(1 for name in dataset if re.fullmatch(r"weight_\d+", str(name)))
    names = [*map(str, range(1, hidden + 1)), "output"]
    weights = [torch.from_numpy(dataset[f"weight_{name}"].values) for name in names]
    biases = [torch.from_numpy(dataset[f"bias_{name}"].values) for name in names]
    batch_norm = "batch_norm_scale_1" in dataset
    normalizations = [
        Normalization(
            *(
                torch.from_numpy(dataset[f"batch_norm_{field}_{name}"].values)
                for field in ("scale", "shift", "mean", "variance")
            )
        )
        for name in names[:-1]
        if batch_norm
    ]
    architecture = Architecture(
        n_inputs=weights[0].shape[2],
        hidden=tuple(weight.shape[1] for weight in weights[:-1]),
        n_classes=weights[-1].shape[1],
        activation=str(dataset.attrs["activation"]),
        batch_norm=batch_norm,
    )
    seeds = tuple(int(seed) for seed in dataset["seed"].values)
    return Stack(architecture, seeds, weights, biases, normalizations)


def neuron_coordinates(hidden: Sequence[int]) -> dict[str, tuple[str, np.ndarray, dict[str, str]]]:
    """Coordinates of the dimension ``neuron``, which runs over all hidden neurons."""
    layer = np.repeat(np.arange(1, len(hidden) + 1), hidden).astype(np.int16)
    unit = np.concatenate([np.arange(width) for width in hidden]).astype(np.int16)
    return {
        "neuron": (
            "neuron",
            np.arange(len(layer), dtype=np.int32),
            {"long_name": "hidden neuron, numbered from the first layer on"},
        ),
        "layer": ("neuron", layer, {"long_name": "hidden layer of the neuron, from 1"}),
        "unit": ("neuron", unit, {"long_name": "number of the neuron in its layer, from 0"}),
    }
