"""Steps of Adam, SGD and noisy gradient descent (SGLD) on the rows of a stack's parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from neuroninfo.philox.numbers import Numbers
from neuroninfo.streams import Stream
from neuroninfo.training.parameters import Layer
from neuroninfo.training.settings import Settings

Rows = tuple[Tensor, ...]

_BETA1, _BETA2, _ADAM_EPSILON = 0.9, 0.999, 1e-8  # torch's defaults


class Optimizer:
    """Changes parameters by their gradients, one row for each network.

    Parameters
    ----------
    parameters, gradients
        (S, length), changed in place.
    decayed
        l1 and l2 concern the columns before this one only.
    layers
        Where the weights and biases of each layer lie in a row.
    seeds
        Of the networks; the noise of sgld is drawn by seed.
    settings
        How to train.
    """

    def __init__(
        self,
        parameters: Tensor,
        gradients: Tensor,
        decayed: int,
        layers: Sequence[Layer],
        seeds: Sequence[int],
        settings: Settings,
    ) -> None:
        self.parameters, self.gradients = parameters, gradients
        self.decayed, self.layers, self.settings = decayed, layers, settings
        self.moments = [torch.zeros_like(parameters) for _ in range(2)]
        arrays = (parameters, gradients, *self.moments)
        self.parts = [  # rows of each array, of what l1 and l2 concern and of the rest
            ([array[:, part].unbind(0) for array in arrays], is_decayed)
            for part, is_decayed in ((slice(decayed), True), (slice(decayed, None), False))
            if parameters[:, part].numel() > 0
        ]
        self.steps = [torch.zeros((), device=parameters.device) for _ in seeds]
        self.disturbance = Numbers(
            settings.study_seed, Stream.SGLD, seeds, len(layers), parameters.device
        )

    def step(self, seeds: slice, number: int) -> None:
        """A step of a group of networks, counted from 1 on; their gradients are changed."""
        settings = self.settings
        sgld = settings.sgld
        momentum = 0.0 if sgld is not None else settings.momentum or 0.0
        if sgld is not None and sgld.clipping_norm < math.inf:
            norms = torch.linalg.vector_norm(self.gradients[seeds], dim=1, keepdim=True)
            self.gradients[seeds] *= torch.clamp(sgld.clipping_norm / norms, max=1)
        if settings.regularizer.l1 > 0:
            signs = torch.sign(self.parameters[seeds, : self.decayed])
            self.gradients[seeds, : self.decayed] += settings.regularizer.l1 * signs
        coupled = settings.regularizer.l2
        if settings.regularizer.decay == "decoupled":
            self.parameters[seeds, : self.decayed] *= 1 - settings.learning_rate * coupled
            coupled = 0.0
        torch._foreach_add_(self.steps[seeds], 1)
        for arrays, is_decayed in self.parts:
            rows, decay = [array[seeds] for array in arrays], coupled if is_decayed else 0.0
            if settings.optimizer == "adam":
                self._adam(rows, self.steps[seeds], decay)
            else:
                self._sgd(rows, decay, momentum)
        if sgld is not None and sgld.noise > 0:
            self._disturb(seeds, number, sgld.deviation(number))

    def _adam(self, rows: list[Rows], steps: list[Tensor], decay: float) -> None:
        parameters, gradients, first, second = rows
        torch._fused_adam_(
            parameters,
            gradients,
            first,
            second,
            [],
            steps,
            lr=self.settings.learning_rate,
            beta1=_BETA1,
            beta2=_BETA2,
            weight_decay=decay,
            eps=_ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _sgd(self, rows: list[Rows], decay: float, momentum: float) -> None:
        parameters, gradients, first, _ = rows
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

    def _disturb(self, seeds: slice, number: int, deviation: float) -> None:
        """Add Gaussian noise to weights and biases."""
        rows, here = self.parameters[seeds], range(number, number + 1)
        for position, layer in enumerate(self.layers):
            parts = [layer.weight, layer.bias]
            sizes = [part.stop - part.start for part in parts]
            drawn = self.disturbance.gaussians(seeds, position, here, sum(sizes))[:, 0]
            for part, noise in zip(parts, torch.split(drawn, sizes, dim=-1), strict=True):
                rows[:, part] += deviation * noise
