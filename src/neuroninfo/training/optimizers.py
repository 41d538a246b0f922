"""Steps of Adam, SGD and noisy gradient descent (SGLD) on the rows of a stack's parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from neuroninfo.training.parameters import Layer
from neuroninfo.training.settings import Settings

_BETA1, _BETA2, _ADAM_EPSILON = 0.9, 0.999, 1e-8  # torch's defaults


class Optimizer:
    """Changes parameters of networks by their gradients: of neighbours with the same settings.

    A fused step takes one flat tensor where it can: a list of rows is bound by the calls.

    Parameters
    ----------
    parameters, gradients, moments
        (G, length), one row for each network; changed in place.
    decayed
        l1 and l2 concern the columns before this one only.
    settings
        How to train.
    """

    def __init__(
        self,
        parameters: Tensor,
        gradients: Tensor,
        moments: Sequence[Tensor],
        decayed: int,
        settings: Settings,
    ) -> None:
        self.parameters, self.gradients = parameters, gradients
        self.decayed, self.settings = decayed, settings
        self.steps = torch.zeros((), device=parameters.device)
        """That were done, where the fused step needs it."""
        decoupled = settings.regularizer.decay == "decoupled"
        coupled = 0.0 if decoupled else settings.regularizer.l2
        self.shrinking = 1 - settings.learning_rate * settings.regularizer.l2 if decoupled else None
        length = parameters.shape[1]
        ends = [0, length] if coupled == 0 or decayed == length else [0, decayed, length]
        self.parts = [  # parameters with the same decay
            (
                [_flat(array[:, start:end]) for array in (parameters, gradients, *moments)],
                coupled if start == 0 else 0.0,
            )
            for start, end in pairwise(ends)
        ]

    def step(self) -> None:
        """One step; the gradients are changed."""
        settings, sgld = self.settings, self.settings.sgld
        parameters, gradients = self.parameters, self.gradients
        if sgld is not None and sgld.clipping_norm < math.inf:
            norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
            gradients *= torch.clamp(sgld.clipping_norm / norms, max=1)
        if settings.regularizer.l1 > 0:
            signs = torch.sign(parameters[:, : self.decayed])
            gradients[:, : self.decayed] += settings.regularizer.l1 * signs
        if self.shrinking is not None:
            parameters[:, : self.decayed] *= self.shrinking
        self.steps += 1
        for arrays, decay in self.parts:
            if settings.optimizer == "adam":
                self._adam(arrays, decay)
            else:
                self._sgd(arrays, decay, 0.0 if sgld is not None else settings.momentum or 0.0)

    def _adam(self, arrays: list[list[Tensor]], decay: float) -> None:
        parameters, gradients, first, second = arrays
        torch._fused_adam_(
            parameters,
            gradients,
            first,
            second,
            [],
            [self.steps] * len(parameters),
            lr=self.settings.learning_rate,
            beta1=_BETA1,
            beta2=_BETA2,
            weight_decay=decay,
            eps=_ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _sgd(self, arrays: list[list[Tensor]], decay: float, momentum: float) -> None:
        parameters, gradients, first, _ = arrays
        torch._fused_sgd_(
            parameters,
            gradients,
            first if momentum > 0 else [],  # torch refuses buffers without momentum
            lr=self.settings.learning_rate,
            momentum=momentum,
            weight_decay=decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,  # the buffers begin with zeros, which is the same
        )


def disturb(
    parameters: Tensor, layers: Sequence[Layer], drawn: Sequence[Tensor], deviation: Tensor
) -> None:
    """Add Gaussian noise to weights and biases (G, length): `drawn` of a layer each."""
    for layer, of_layer in zip(layers, drawn, strict=True):
        parts = [layer.weight, layer.bias]
        sizes = [part.stop - part.start for part in parts]
        for part, noise in zip(parts, torch.split(of_layer, sizes, dim=-1), strict=True):
            parameters[:, part] += deviation * noise


def _flat(rows: Tensor) -> list[Tensor]:
    """One tensor of all rows, if they follow each other in memory, or one of each."""
    return [rows.view(-1)] if rows.is_contiguous() else list(rows.unbind(0))
