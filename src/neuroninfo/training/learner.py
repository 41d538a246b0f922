"""A stack being trained: forward and backward passes written out, step by step of the algebra."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from neuroninfo.files.checkpoints import Arrays
from neuroninfo.networks.activations import ACTIVATIONS, OUTPUT_RANGES
from neuroninfo.networks.forward import affine, product, quantize_
from neuroninfo.networks.stack import (
    BATCH_NORM_EPSILON,
    Architecture,
    Normalization,
    Stack,
)
from neuroninfo.streams import Stream, generator
from neuroninfo.training import graphs
from neuroninfo.training.drawn import Drawn, Draws
from neuroninfo.training.graphs import Steps
from neuroninfo.training.groups import Group
from neuroninfo.training.optimizers import disturb
from neuroninfo.training.parameters import Layer, layout, matrix, state_of
from neuroninfo.training.settings import Settings, shared
from neuroninfo.training.sgld_information import PRIORS, Shares
from neuroninfo.training.splits import Split


class Learner:
    """A stack being trained: parameters, gradients, moments, counters."""

    def __init__(
        self,
        architecture: Architecture,
        seeds: Sequence[int],
        device: torch.device,
        settings: Settings | Sequence[Settings],
        together: int,
        gathered_bytes: int,
    ) -> None:
        each = [settings] * len(seeds) if isinstance(settings, Settings) else settings
        settings = shared(each)
        self.architecture, self.settings, self.together = architecture, settings, together
        self.each = each
        """Settings by network; `settings` stands for what they share."""
        self.gathered_bytes = gathered_bytes
        self.regularizer = settings.regularizer
        self.activation = ACTIVATIONS[architecture.activation]
        self.device = device
        self.layers, self.decayed, length = layout(
            architecture, decay_biases=self.regularizer.decay_biases
        )
        self.parameters = torch.zeros(len(seeds), length, device=device)
        self.gradients = torch.zeros_like(self.parameters)
        self.moments = [torch.zeros_like(self.parameters) for _ in range(2)]
        self.signs = torch.zeros_like(self.parameters) if self.regularizer.binary_weights else None
        """Rows with the binary weights, whose latent ones are parameters."""
        self.stack = self._initialized(seeds)
        self.groups = [
            self.group(first if together == 1 else slice(first, first + together))
            for first in range(0, len(seeds), together)
        ]
        self._binarize()
        self.space: dict[tuple[int, ...], tuple[list[Tensor], list[Tensor]]] = {}
        self.draws = Draws(seeds, self.layers, each, device)
        self.known: Tensor | None = None  # as of `Trained.example_information`, sum over examples
        if settings.optimizer == "sgld":
            self.known = torch.zeros(len(seeds), len(PRIORS), dtype=torch.float64, device=device)
        self.runner = Steps(self._step, settings.batch_size, graphs.recorder(device))
        self.seen = 0  # training examples in the epoch that is being run
        self.steps = 0  # that all networks have done

    def checkpoint(self) -> Arrays:
        """The state on which later epochs depend."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self._resumed().items()}
        arrays |= {"steps": np.array(self.steps), "seen": np.array(self.seen)}
        return arrays

    def restore(self, saved: Arrays) -> None:
        """Continue from a state that `checkpoint` gave."""
        for name, tensor in self._resumed().items():
            tensor.copy_(torch.from_numpy(saved[name]))
        self._binarize()
        self.steps, self.seen = int(saved["steps"]), int(saved["seen"])
        for group in self.groups:
            for optimizer in group.optimizers:
                optimizer.steps.fill_(self.steps)

    def _resumed(self) -> dict[str, Tensor]:
        """Tensors of a checkpoint by name: all that a step reads and changes has to be here."""
        tensors = {"parameters": self.parameters}
        tensors |= {f"moment-{number}": moment for number, moment in enumerate(self.moments)}
        for number, tracked in enumerate(self.stack.normalizations):
            tensors |= {f"mean-{number}": tracked.mean, f"variance-{number}": tracked.variance}
        return tensors if self.known is None else tensors | {"known": self.known}

    def group(self, place: int | slice) -> Group:
        """Networks for one product; of a position alone without a leading dimension."""
        return Group(
            self.parameters,
            self.gradients,
            self.moments,
            self.signs,
            self.layers,
            self.decayed,
            self.each,
            place,
        )

    def begin_with(self, initial: Stack) -> None:
        """Copy the weights of other networks; they are the latent ones of binary weights."""
        mine = replace(self.stack, weights=[matrix(self.parameters, one) for one in self.layers])
        for array, given in zip(state_of(mine), state_of(initial), strict=True):
            array.copy_(torch.as_tensor(given))
        self._binarize()

    def state(self) -> list[Tensor]:
        """What evaluation depends on, as views with the seeds first."""
        return state_of(self.stack)

    def _binarize(self) -> None:
        """Let binary weights follow parameters that were set."""
        for group in self.groups:
            group.binarize()

    def run_epoch(
        self, split: Split, epoch: int, between: Callable[[int], None] = lambda epoch: None
    ) -> None:
        """One pass over the training examples, from `seen` on.

        `between` is called with the epoch after each chunk, where all seeds have seen the same.
        """
        settings = self.settings
        shuffled = generator(
            settings.study_seed,
            Stream.BATCH_ORDER,
            settings.dataset,
            settings.architecture,
            epoch,
        ).permutation(len(split))
        order = torch.from_numpy(shuffled).to(self.device)
        size = settings.batch_size
        chunk = size * max(1, self.gathered_bytes // (4 * split.inputs.shape[1] * size))
        with _subnormals_are_zero():
            for start in range(self.seen, len(order), chunk):
                picked = order[start : start + chunk]
                if split.rows is None:
                    rows, inputs = picked, split.inputs[picked]
                for group in self.groups:
                    if split.rows is not None:
                        rows = split.rows[group.place][..., picked]
                        inputs = split.inputs[rows]
                    targets = self._targets(group, split.labels[rows])
                    batches = [torch.split(array, size, dim=-2) for array in (inputs, targets)]
                    sizes = [batch.shape[-2] for batch in batches[0]]
                    drawn = self.draws.ahead(group, self.steps + 1, sizes, self.gathered_bytes)
                    for batch in zip(*batches, drawn, strict=True):
                        self.runner.run(group, *batch)
                self.steps += len(sizes)
                self.seen = start + len(picked)
                between(epoch)
        self.seen = 0

    def _targets(self, group: Group, labels: Tensor) -> Tensor:
        """Targets of examples, (..., n, classes), each network's own where they differ."""
        n_classes = self.architecture.n_classes
        classes = torch.arange(n_classes, device=self.device)
        # Not torch's one_hot, which reads the labels to check them.
        targets = (labels.unsqueeze(-1) == classes).float()
        smoothing = [one.regularizer.label_smoothing for one in group.settings]
        if len({*smoothing}) > 1:
            taken = torch.tensor(smoothing, dtype=torch.float64)[:, None, None]
            kept, spread = (each.float().to(self.device) for each in (1 - taken, taken / n_classes))
            return kept * targets + spread
        if smoothing[0] > 0:
            targets = (1 - smoothing[0]) * targets + smoothing[0] / n_classes
        return targets

    def _space(self, shape: tuple[int, ...]) -> tuple[list[Tensor], list[Tensor]]:
        """Where steps of a shape (..., n) write outputs of layers and gradients by them."""
        if shape not in self.space:
            outputs, gradients = (
                [torch.empty(*shape, layer.n_out, device=self.device) for layer in self.layers]
                for _ in range(2)
            )
            self.space[shape] = outputs, gradients
        return self.space[shape]

    def _step(self, group: Group, inputs: Tensor, targets: Tensor, drawn: Drawn) -> None:
        """Gradient of the mean loss over the batch for a group of networks, and the update.

        Inputs and targets are (n, width), the same for all, or (G, n, width).
        """
        n = inputs.shape[-2]
        last = len(self.layers) - 1
        outputs, output_gradients = self._space((*group.shape, n))
        values = [inputs.expand(*group.shape, n, -1)]
        if drawn.masks[0] is not None:
            values[0] = values[0] * drawn.masks[0]
        remembered: list[Tensor] = []  # of each hidden layer, for the activation's derivative
        normalized: list[tuple[Tensor, Tensor]] = []
        for number in range(len(self.layers)):
            weight, bias = group.weights[number], group.biases[number]
            here = affine(values[-1], weight, bias, out=outputs[number])
            if number == last:
                break
            if self.regularizer.batch_norm_momentum is not None:
                here, *memory = self._normalize(group, number, here)
                normalized.append((memory[0], memory[1]))
            if self.activation.from_input:
                remembered.append(here)
                here = here.clone()
            here = self.activation.apply(here)
            if not self.activation.from_input:
                remembered.append(here)
            if self.architecture.output_bits is not None:
                here = quantize_(
                    here.clone(), self.architecture.activation, self.architecture.output_bits
                )
            noise, mask = drawn.noise[number + 1], drawn.masks[number + 1]
            if noise is not None:
                here = here + noise
            values.append(here if mask is None else here * mask)
        gradient = torch.softmax(here, dim=-1)
        gradient -= targets
        gradient /= n
        shares = None if self.known is None else Shares(*group.shape, n, device=self.device)
        for number in range(last, -1, -1):
            weights, biases = group.weight_gradients[number], group.bias_gradients[number]
            product(gradient.mT, values[number], out=weights)
            torch.sum(gradient, dim=-2, out=biases)
            if shares is not None:
                shares.add(gradient, values[number], weights, biases)
            if number == 0:
                break
            gradient = product(gradient, group.weights[number], out=output_gradients[number - 1])
            mask = drawn.masks[number]
            if mask is not None:
                gradient *= mask
            if self.architecture.output_bits is not None:  # outputs beyond the range are cut off
                _, highest = OUTPUT_RANGES[self.architecture.activation]
                gradient *= remembered[number - 1] <= highest
            gradient = self.activation.backpropagate(gradient, remembered[number - 1])
            if normalized:
                gradient = _normalize_backward(
                    gradient, *normalized[number - 1], group, self.layers[number - 1]
                )
        if shares is not None:
            self._learn_of_examples(group, shares, drawn)
        for optimizer in group.optimizers:
            optimizer.step()
        group.binarize()
        if drawn.disturbance and drawn.deviation is not None:
            rows = self.parameters[group.seeds]
            disturb(rows, self.layers, drawn.disturbance, drawn.deviation)

    def _learn_of_examples(self, group: Group, shares: Shares, drawn: Drawn) -> None:
        """Add the information of this step about each example, from its gradient before clipping.

        Given all other examples, the batch and the weights before, the step is Gaussian, and
        without the example its mean is elsewhere: their divergence bounds the information.
        """
        sgld = self.settings.sgld
        assert self.known is not None
        assert sgld is not None
        assert drawn.deviation is not None
        moved = shares.moved(group.gradients, sgld.clipping_norm).sum(dim=-2)
        scaled = self.settings.learning_rate**2 / 2 * moved
        nothing = torch.zeros_like(moved)
        self.known[group.place] += torch.where(moved == 0, nothing, scaled / drawn.deviation**2)

    def _normalize(
        self, group: Group, number: int, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Batch norm in training mode, with its normalized values and factor; tracks them."""
        n, place = values.shape[-2], group.place
        mean = values.mean(-2, keepdim=True)
        centred = values - mean
        variance = (centred * centred).mean(-2, keepdim=True)
        factor = torch.rsqrt(variance + BATCH_NORM_EPSILON)
        centred *= factor
        tracked = self.stack.normalizations[number]
        momentum = self.regularizer.batch_norm_momentum or 0.0
        if n > 1:  # one example has no variance; torch refuses such a batch
            tracked.mean[place] += momentum * (mean.squeeze(-2) - tracked.mean[place])
            unbiased = variance.squeeze(-2) * (n / (n - 1))
            tracked.variance[place] += momentum * (unbiased - tracked.variance[place])
        scale, shift = tracked.scale[place].unsqueeze(-2), tracked.shift[place].unsqueeze(-2)
        return centred * scale + shift, centred, factor

    def _initialized(self, seeds: Sequence[int]) -> Stack:
        """The networks before training, each drawn from its seed's stream."""
        for row, seed in zip(self.parameters, seeds, strict=True):
            random = generator(self.settings.study_seed, Stream.INITIALIZATION, seed)
            for layer in self.layers:
                _draw(row, layer, self.settings.initialization, random)
        hidden = self.layers[:-1] if self.architecture.batch_norm else []
        for layer in hidden:
            self.parameters[:, layer.scale] = 1
        shape = (len(seeds), 1)
        of_hidden = self.parameters if self.signs is None else self.signs
        return Stack(
            self.architecture,
            tuple(seeds),
            [
                *(matrix(of_hidden, layer) for layer in self.layers[:-1]),
                matrix(self.parameters, self.layers[-1]),
            ],
            [self.parameters[:, layer.bias] for layer in self.layers],
            [
                Normalization(
                    self.parameters[:, layer.scale],
                    self.parameters[:, layer.shift],
                    torch.zeros(shape[0], layer.n_out, device=self.device),
                    torch.ones(shape[0], layer.n_out, device=self.device),
                )
                for layer in hidden
            ],
        )


@contextmanager
def _subnormals_are_zero() -> Iterator[None]:
    """L2 with Adam leaves weights below 1e-38, whose arithmetic is slow and changes no output."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _draw(row: Tensor, layer: Layer, initialization: str, random: np.random.Generator) -> None:
    """Initial weights and biases of a layer, which are zeros before.

    ``default``: torch.nn.Linear's, uniform in +-1/sqrt(n_in).  ``he``, ``glorot``: normal weights
    of variance 2 / n_in (He et al. 2015, equation 10) and 2 / (n_in + n_out) (Glorot and Bengio
    2010, equation 12), biases 0.
    """
    for part in (layer.weight, layer.bias):
        size = part.stop - part.start
        if initialization == "default":
            bound = 1 / math.sqrt(layer.n_in)
            drawn = random.uniform(-bound, bound, size)
        elif part is layer.weight:
            fan = {"he": layer.n_in, "glorot": layer.n_in + layer.n_out}[initialization]
            drawn = random.normal(0.0, math.sqrt(2 / fan), size)
        else:
            continue
        row[part] = torch.from_numpy(drawn.astype(np.float32))


def _normalize_backward(
    gradient: Tensor,
    normalized: Tensor,
    factor: Tensor,
    group: Group,
    layer: Layer,
) -> Tensor:
    """Gradient by the input of batch norm (Ioffe and Szegedy 2015, section 3)."""
    shift_gradient = gradient.sum(-2, keepdim=True)
    scale_gradient = (gradient * normalized).sum(-2, keepdim=True)
    group.gradients[..., layer.shift] = shift_gradient.squeeze(-2)
    group.gradients[..., layer.scale] = scale_gradient.squeeze(-2)
    n = gradient.shape[-2]
    scale = group.parameters[..., layer.scale].unsqueeze(-2)
    return (gradient - shift_gradient / n - normalized * (scale_gradient / n)) * (scale * factor)
