"""Stacks: S multilayer perceptrons of one shape, one per seed, as arrays with a seed axis.

The arrays are torch tensors where a stack is trained and numpy's where it was read from a file:
jobs that do not train need not import torch.  What networks compute is in `forward`.

A block of a network is Linear, BatchNorm, activation, dropout; hidden layers are numbered
from 1, and a neuron's output is its value after the nonlinearity and before dropout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr

from neuroninfo.files.storage import labelled

if TYPE_CHECKING:
    import torch
from neuroninfo.networks.activations import ACTIVATIONS, OUTPUT_RANGES

Array = Any
"""A torch tensor or a numpy array."""

BATCH_NORM_EPSILON: Final = 1e-5  # torch's default

_MOST_NEURONS: Final = 2**15 - 1  # files number neurons in int16


def hidden_widths(name: str) -> tuple[int, ...]:
    """Widths of the hidden layers from a name such as ``100-100``.

    Raises
    ------
    ValueError
        The name is not positive numbers joined by hyphens.
    """
    if not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", name):
        raise ValueError(
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
    output_bits: int | None = None
    """Outputs of hidden layers are rounded to 2^bits values; None: float32."""

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation {self.activation!r}: known are {', '.join(ACTIVATIONS)}")
        if self.output_bits is not None and self.activation not in OUTPUT_RANGES:
            raise ValueError(
                f"activation {self.activation!r} has no range in which outputs of "
                f"{self.output_bits} bits could lie: choose {', '.join(OUTPUT_RANGES)}"
            )
        if sum(self.hidden) > _MOST_NEURONS:
            raise ValueError(
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

    scale: Array
    shift: Array
    mean: Array
    variance: Array
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
    weights: list[Array]
    biases: list[Array]
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
            factor = n.scale / _root(n.variance + BATCH_NORM_EPSILON)
            weights[layer] = weights[layer] * factor[..., None]
            biases[layer] = (biases[layer] - n.mean) * factor + n.shift
        architecture = replace(self.architecture, batch_norm=False)
        return Stack(architecture, self.seeds, weights, biases, [])

    def tensors(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Stack:
        """Return a copy as tensors; fresh ones are aligned alike: last bits can depend on it."""
        import torch

        def copied(array: Array) -> torch.Tensor:
            return torch.as_tensor(array).to(device=device, dtype=dtype, copy=True)

        return self._mapped(copied)

    def numpy(self) -> Stack:
        """Return the stack as numpy arrays, shared where it can be."""
        return self._mapped(_numpy)

    def _mapped(self, function: Callable[[Array], Array]) -> Stack:
        return Stack(
            self.architecture,
            self.seeds,
            [function(weight) for weight in self.weights],
            [function(bias) for bias in self.biases],
            [
                Normalization(*(function(a) for a in (n.scale, n.shift, n.mean, n.variance)))
                for n in self.normalizations
            ],
        )


def _root(array: Array) -> Array:
    """Square roots, rounded alike in numpy and torch: torch's of float32 are not on all CPUs."""
    if isinstance(array, np.ndarray):
        return np.sqrt(array)
    return array.double().sqrt().to(array.dtype)


def _numpy(array: Array) -> np.ndarray:
    return array if isinstance(array, np.ndarray) else array.cpu().numpy()


def to_dataset(stack: Stack) -> xr.Dataset:
    """All arrays of a stack, in the layout of ``network.nc``.

    Raises
    ------
    ValueError
        Outputs have few bits: what reads the file would compute with all.
    """
    if stack.architecture.output_bits is not None:
        raise ValueError("networks whose outputs have few bits are not stored")
    stack = stack.numpy()
    dataset = xr.Dataset(coords={"seed": ("seed", list(stack.seeds), {"long_name": "seed"})})
    names = stack.architecture.layer_names
    below = "neuron_0"
    for layer, name in enumerate(names):
        here = f"neuron_{name}"
        dataset[f"weight_{name}"] = (
            ("seed", here, below),
            stack.weights[layer],
            labelled(f"weights into layer {name}", "1"),
        )
        dataset[f"bias_{name}"] = (
            ("seed", here),
            stack.biases[layer],
            labelled(f"biases of layer {name}", "1"),
        )
        if stack.architecture.batch_norm and name != "output":
            for field in ("scale", "shift", "mean", "variance"):
                dataset[f"batch_norm_{field}_{name}"] = (
                    ("seed", here),
                    getattr(stack.normalizations[layer], field),
                    labelled(f"batch norm, {field}, layer {name}", "1"),
                )
        below = here
    dataset.attrs["activation"] = stack.architecture.activation
    return dataset


def from_dataset(dataset: xr.Dataset) -> Stack:
    """Inverse of `to_dataset`; numpy arrays."""
    hidden = sum(1 for name in dataset if re.fullmatch(r"weight_\d+", str(name)))
    names = [*map(str, range(1, hidden + 1)), "output"]
    weights = [dataset[f"weight_{name}"].values for name in names]
    biases = [dataset[f"bias_{name}"].values for name in names]
    batch_norm = "batch_norm_scale_1" in dataset
    normalizations = [
        Normalization(
            *(
                dataset[f"batch_norm_{field}_{name}"].values
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
