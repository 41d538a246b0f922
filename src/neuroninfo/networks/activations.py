"""Everything about an activation function, in one place: to add one, add an entry here.

What is computed in numpy (ablation, sensitivity, networks of few bits) and in torch (training)
takes its formulas from here.  Ablation has compiled loops for those in `ablation.kernels.KINDS`
and recomputes the layers of networks with any other in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

LEAK: Final = 0.01
"""Slope of leaky relu below zero, torch's default."""


@dataclass(frozen=True)
class Activation:
    """An activation function, and the properties of it that the library needs."""

    formula: Callable[[np.ndarray], np.ndarray]
    """The function for numpy arrays of either precision."""
    derivative: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """(input, output) -> derivative by the input, numpy arrays."""
    apply: Callable[[Tensor], Tensor]
    """The same for a tensor, in place."""
    backpropagate: Callable[[Tensor, Tensor], Tensor]
    """(gradient by output, output) -> gradient by input, tensors."""
    module: str
    """Name of its class in ``torch.nn``."""
    threshold: float = 0.0
    """A neuron counts as on above this output."""
    non_negative: bool = False
    """Whether no output is negative, as class selectivity needs."""
    from_input: bool = False
    """Whether `backpropagate` needs the input, because the output alone is not enough."""
    bounded: bool = False
    """Whether outputs lie in a bounded range, so that a scatter plot can show all of it."""
    output_range: tuple[float, float] | None = None
    """Lowest and highest output of a neuron whose outputs have few bits; None: there is no range
    to round in."""


def _rectified_gradient(gradient: Tensor, output: Tensor) -> Tensor:
    import torch

    return torch.ops.aten.threshold_backward(gradient, output, 0)


def _tanh_gradient(gradient: Tensor, output: Tensor) -> Tensor:
    import torch

    return torch.ops.aten.tanh_backward(gradient, output)


def _sigmoid_gradient(gradient: Tensor, output: Tensor) -> Tensor:
    import torch

    return torch.ops.aten.sigmoid_backward(gradient, output)


def _leaky(values: Tensor) -> Tensor:
    from torch.nn import functional

    return functional.leaky_relu_(values, LEAK)


def _leaky_gradient(gradient: Tensor, output: Tensor) -> Tensor:
    import torch

    return torch.ops.aten.leaky_relu_backward(gradient, output, LEAK, True)


def _silu(values: Tensor) -> Tensor:
    from torch.nn import functional

    return functional.silu(values, inplace=True)


def _silu_gradient(gradient: Tensor, values: Tensor) -> Tensor:
    import torch

    return torch.ops.aten.silu_backward(gradient, values)


def _logistic(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


ACTIVATIONS: Final[Mapping[str, Activation]] = {
    "relu": Activation(
        formula=lambda z: np.maximum(z, 0),
        derivative=lambda z, a: (a > 0).astype(a.dtype),
        apply=lambda z: z.relu_(),
        backpropagate=_rectified_gradient,
        module="ReLU",
        non_negative=True,
        output_range=(0.0, 6.0),  # chosen: ReLU6 (Krizhevsky 2010)
    ),
    "tanh": Activation(
        formula=np.tanh,
        derivative=lambda z, a: 1 - a * a,
        apply=lambda z: z.tanh_(),
        backpropagate=_tanh_gradient,
        module="Tanh",
        bounded=True,
        output_range=(-1.0, 1.0),
    ),
    "sigmoid": Activation(
        formula=_logistic,
        derivative=lambda z, a: a * (1 - a),
        apply=lambda z: z.sigmoid_(),
        backpropagate=_sigmoid_gradient,
        module="Sigmoid",
        threshold=0.5,
        non_negative=True,
        bounded=True,
        output_range=(0.0, 1.0),
    ),
    "leaky_relu": Activation(
        formula=lambda z: np.maximum(z, LEAK * z),
        derivative=lambda z, a: np.where(a > 0, a.dtype.type(1), a.dtype.type(LEAK)),
        apply=_leaky,
        backpropagate=_leaky_gradient,
        module="LeakyReLU",
    ),
    "silu": Activation(
        # exp overflows float32 below -88, where the output is -5e-37.
        formula=lambda z: np.maximum(z, -88) / (1 + np.exp(-np.maximum(z, -88))),
        derivative=lambda z, a: _logistic(z) + a * (1 - _logistic(z)),
        apply=_silu,
        backpropagate=_silu_gradient,
        module="SiLU",
        from_input=True,
    ),
}
"""Name -> activation."""
OUTPUT_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    name: activation.output_range
    for name, activation in ACTIVATIONS.items()
    if activation.output_range is not None
}
"""Name -> range, of those whose outputs can be rounded to few bits."""
NON_NEGATIVE: Final = frozenset(
    name for name, activation in ACTIVATIONS.items() if activation.non_negative
)
"""Names of those for which class selectivity is defined."""
BOUNDED: Final = tuple(name for name, activation in ACTIVATIONS.items() if activation.bounded)
"""Names of those that networks of width two are drawn with."""
