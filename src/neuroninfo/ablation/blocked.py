"""Cumulative ablation on a GPU: one product per layer for many removals of an order.

After each removal the network is a copy of itself in which the neurons removed so far put out
their constants.  The copies after many removals are one batch.  Products are in float32; a
prediction whose two highest logits are so close that rounding could decide between them
(`kernels.TIE`) is computed again in float64, as in the compiled loops.  So the counts are those of
float64, and equal to those of the compiled loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from neuroninfo.ablation.kernels import TIE
from neuroninfo.ablation.removals import Curves, Removals, nothing
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack, neuron_coordinates

if TYPE_CHECKING:
    from torch import Tensor

FLOATS: Final = 2**26
"""Outputs of a layer that are in memory at a time (chosen)."""


def blocked(
    network: Stack,
    removals: Sequence[Removals],
    inputs: Tensor,
    labels: Tensor,
    floats: int = FLOATS,
) -> list[Curves]:
    """Counts and summed losses of some examples, for each of the removals.

    Parameters
    ----------
    network
        A stack of one without batch norm, as tensors in float32 on the device of the inputs.
    removals
        What is removed, and which constants take its place.
    inputs, labels
        (n, n_inputs) and (n).
    floats
        As `FLOATS`; results do not depend on it, but for the last bits of the loss.
    """
    import torch

    examples = _Examples(network, inputs, labels)
    results = []
    for run in removals:
        curves = nothing(run)
        for number, sequence in enumerate(run.sequences):
            constants = torch.from_numpy(run.constants[run.replacements[number]]).to(inputs.device)
            for values, of_order in zip(
                curves, examples.order(sequence, constants, floats), strict=True
            ):
                values[number] = of_order
        results.append(curves)
    return results


class _Examples:
    """Examples of a network, with the outputs of its hidden layers in both precisions."""

    def __init__(self, network: Stack, inputs: Tensor, labels: Tensor) -> None:
        import torch

        from neuroninfo.networks.forward import outputs

        hidden = network.architecture.hidden
        self.labels = labels
        self.network, self.exact = network, network.tensors(inputs.device, torch.float64)
        self.hidden, self.exact_hidden = (
            [layer[0] for layer in outputs(stack, given)[:-1]]
            for stack, given in ((network, inputs), (self.exact, inputs.double()))
        )
        self.layers = neuron_coordinates(hidden)["layer"][1] - 1
        self.edges = np.cumsum([0, *hidden])

    def order(self, sequence: np.ndarray, constants: Tensor, floats: int) -> list[np.ndarray]:
        """Correct and changed predictions and summed loss, (k + 1) each.

        Parameters
        ----------
        sequence
            (k) neurons of the whole network in the order of their removal.
        constants
            (neurons) what they put out once removed.
        floats
            As `blocked`.
        """
        import torch

        from neuroninfo.networks.forward import losses

        device, n_steps = self.labels.device, len(sequence) + 1
        first = int(self.layers[sequence].min(initial=len(self.hidden) - 1))
        widest = max(layer.shape[1] for layer in self.hidden[first:])
        pairs = max(1, floats // widest)  # of a step and an example
        together = max(1, pairs // len(self.labels))
        removed_in = torch.full((len(self.layers),), n_steps, device=device)
        removed_in[torch.from_numpy(sequence).to(device)] = torch.arange(1, n_steps, device=device)
        unablated: Tensor | None = None
        found = []
        for begin in range(0, n_steps, together):
            steps = torch.arange(begin, min(begin + together, n_steps), device=device)
            alive = removed_in > steps[:, None]
            logits, close = self._logits(first, alive, constants)
            predicted = logits.argmax(-1)
            for step, example in zip(*(torch.split(part, pairs) for part in close), strict=True):
                predicted[step, example] = self._exactly(first, alive[step], example, constants)
            unablated = predicted[0] if unablated is None else unablated
            found.append(
                torch.stack(
                    [
                        (predicted == self.labels).sum(-1).double(),
                        (predicted != unablated).sum(-1).double(),
                        losses(logits, self.labels).sum(-1, dtype=torch.float64),
                    ]
                )
            )
        correct, changed, loss = torch.cat(found, dim=1).cpu().numpy()
        return [correct.astype(np.int64), changed.astype(np.int64), loss]

    def _logits(
        self, first: int, alive: Tensor, constants: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Logits (steps, n, classes), and the steps and examples whose two highest are close."""
        from torch.nn import functional

        last = self._replaced(self.network, first, self.hidden[first], alive[:, None], constants)
        weight, bias = self.network.weights[-1][0], self.network.biases[-1][0]
        logits = functional.linear(last, weight, bias)
        summed = functional.linear(last.abs(), weight.abs(), bias.abs()).amax(-1)
        highest = logits.topk(2, dim=-1).values
        close = highest[..., 0] - highest[..., 1] <= TIE * summed
        step, example = close.nonzero(as_tuple=True)
        return logits, (step, example)

    def _exactly(self, first: int, alive: Tensor, example: Tensor, constants: Tensor) -> Tensor:
        """Predictions in float64, (p), of p examples with (p, neurons) that are not removed."""
        from torch.nn import functional

        values = self.exact_hidden[first][example]
        last = self._replaced(self.exact, first, values, alive, constants.double())
        weight, bias = self.exact.weights[-1][0], self.exact.biases[-1][0]
        return functional.linear(last, weight, bias).argmax(-1)

    def _replaced(
        self, network: Stack, first: int, values: Tensor, alive: Tensor, constants: Tensor
    ) -> Tensor:
        """Outputs of the last hidden layer, from those of layer `first` on."""
        import torch
        from torch.nn import functional

        activation = ACTIVATIONS[network.architecture.activation]
        for layer in range(first, len(self.hidden)):
            if layer > first:
                weight, bias = network.weights[layer][0], network.biases[layer][0]
                values = activation.apply(functional.linear(values, weight, bias))
            own = slice(self.edges[layer], self.edges[layer + 1])
            values = torch.where(alive[..., own], values, constants[own])
        return values
