"""Random numbers of training steps: masks of dropout, noise of outputs, noise of sgld's steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import torch
from torch import Tensor

from neuroninfo.philox.numbers import HALVES, Numbers
from neuroninfo.streams import Stream
from neuroninfo.training.groups import Group
from neuroninfo.training.parameters import Layer
from neuroninfo.training.settings import Settings

_BYTES_A_NUMBER: Final = 32
"""Peak memory of drawing on a GPU: four words of 64 bits per counter, and copies."""


@dataclass
class Drawn:
    """Random numbers of a step of a group; layers are numbered from 0, the inputs."""

    masks: list[Tensor | None]
    """(..., n, width) factors of dropout."""
    noise: list[Tensor | None]
    """(..., n, width) to be added to outputs."""
    disturbance: list[Tensor]
    """(G, weights and biases) standard normal, a layer of parameters each; none but of sgld."""
    deviation: Tensor | None
    """Standard deviation of the noise of a step of sgld, float64."""

    def tensors(self) -> list[Tensor]:
        """All of them, always in the same order."""
        found = [*self.masks, *self.noise, *self.disturbance, self.deviation]
        return [tensor for tensor in found if tensor is not None]

    def like(self) -> Drawn:
        """Tensors of the same shapes, for other numbers."""

        def empty(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else torch.empty_like(tensor)

        return Drawn(
            [empty(mask) for mask in self.masks],
            [empty(added) for added in self.noise],
            [torch.empty_like(numbers) for numbers in self.disturbance],
            empty(self.deviation),
        )


class Draws:
    """Draws for the networks of a stack.

    Parameters
    ----------
    seeds
        Of the networks.
    layers
        Of their parameters.
    settings
        Of each network, of the same study and with the same steps of sgld.
    device
        Where the numbers are needed.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        layers: Sequence[Layer],
        settings: Sequence[Settings],
        device: torch.device,
    ) -> None:
        self.layers, self.device = layers, device
        self.sgld = settings[0].sgld
        self.dropout, self.noise, self.disturbance = (
            Numbers(settings[0].study_seed, stream, seeds, len(layers), device)
            for stream in (Stream.DROPOUT, Stream.NOISE, Stream.SGLD)
        )
        of_all = [each.regularizer for each in settings]
        rates = np.array([(one.input_dropout, one.dropout) for one in of_all])
        self.dropped = np.round(rates * HALVES).astype(np.int64)
        """(S, 2) of `HALVES` values those that drop an input, an output of a hidden layer."""
        self.deviations = torch.tensor(
            [one.noise for one in of_all], dtype=torch.float32, device=device
        )
        self.noisy = np.array([one.noise > 0 for one in of_all])

    def ahead(
        self, group: Group, first: int, sizes: Sequence[int], most_bytes: int
    ) -> Iterator[Drawn]:
        """Draw for steps of a group one after the other, on batches of some sizes.

        On a CPU each step's numbers are drawn when it comes, so that they are in the cache;
        elsewhere those of as many steps as fit into memory, since drawing takes many launches.
        """
        networks = group.seeds
        if self.sgld is None and not (self.dropped[networks].any() or self.noisy[networks].any()):
            nothing: list[Tensor | None] = [None] * len(self.layers)
            yield from [Drawn(nothing, nothing, [], None)] * len(sizes)
            return
        for n, same in groupby(sizes):
            left = len(list(same))
            each = _BYTES_A_NUMBER * self._count(group, n)
            most = 1 if self.device.type == "cpu" else max(1, most_bytes // max(1, each))
            while left > 0:
                steps = range(first, first + min(left, most))
                yield from self._of_steps(group, steps, n)
                first, left = steps.stop, left - len(steps)

    def _count(self, group: Group, n: int) -> int:
        """How many numbers a step draws at most."""
        widths = sum(layer.n_in for layer in self.layers)
        weights = sum((layer.n_in + 1) * layer.n_out for layer in self.layers)
        return len(self.dropped[group.seeds]) * (n * widths + weights * (self.sgld is not None))

    def _of_steps(self, group: Group, steps: range, n: int) -> Iterator[Drawn]:
        widths = [layer.n_in for layer in self.layers]
        masks = [self._masks(group, layer, steps, n, width) for layer, width in enumerate(widths)]
        noise = [self._noise(group, layer, steps, n, width) for layer, width in enumerate(widths)]
        disturbance: list[Tensor] = []
        if self.sgld is not None and self.sgld.noise > 0:
            disturbance = [
                self.disturbance.gaussians(
                    group.seeds, number, steps, (layer.n_in + 1) * layer.n_out
                )
                for number, layer in enumerate(self.layers)
            ]
        for at, step in enumerate(steps):
            deviation = None
            if self.sgld is not None:
                sigma = self.sgld.deviation(step)
                deviation = torch.full((), sigma, dtype=torch.float64, device=self.device)
            yield Drawn(
                [_of_step(group, mask, at) for mask in masks],
                [_of_step(group, added, at) for added in noise],
                [numbers[:, at] for numbers in disturbance],
                deviation,
            )

    def _masks(self, group: Group, layer: int, steps: range, n: int, width: int) -> Tensor | None:
        """Factors 0 or 1 / (1 - p), (G, steps, n, width), of 16 random bits."""
        dropped = self.dropped[group.seeds, min(layer, 1)]
        if not dropped.any():
            return None
        kept = self.dropout.factors(group.seeds, layer, steps, n * width, dropped)
        return kept.view(*kept.shape[:2], n, width)

    def _noise(self, group: Group, layer: int, steps: range, n: int, width: int) -> Tensor | None:
        """Gaussian noise of a hidden layer, (G, steps, n, width)."""
        if layer == 0 or not self.noisy[group.seeds].any():
            return None
        drawn = self.noise.gaussians(group.seeds, layer, steps, n * width)
        drawn = drawn * self.deviations[group.seeds, None, None]
        return drawn.view(*drawn.shape[:2], n, width)


def _of_step(group: Group, drawn: Tensor | None, at: int) -> Tensor | None:
    """(G, steps, n, width) -> (..., n, width)."""
    if drawn is None:
        return None
    return drawn[:, at] if group.shape else drawn[0, at]
