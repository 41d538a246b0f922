"""Training of stacks: many networks of one shape in one process, each as if it were alone.

All seeds see the same batches in the same order, so a batch is gathered once for all.
Forward and backward passes are written out, one `torch` call a step of the algebra;
parameters, gradients and the optimizer's moments of a seed are one row each.

On a CPU one seed is computed after the other within a gathered chunk of batches: its
products and its update are those of a stack of one, so its weights are bitwise the same
whatever stack it is in.  On CUDA all seeds are one batched product (`together`), since
small steps are bound by launches there; equality is then up to rounding.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from neuroninfo.data.datasets import SPLITS, Examples
from neuroninfo.files import storage
from neuroninfo.files.checkpoints import Arrays, Checkpoint
from neuroninfo.files.storage import labelled
from neuroninfo.generalization import bounds
from neuroninfo.generalization.bounds import PRIORS
from neuroninfo.networks.forward import NONLINEARITIES, evaluated, losses, quantize_
from neuroninfo.networks.stack import (
    BATCH_NORM_EPSILON,
    OUTPUT_RANGES,
    Architecture,
    Array,
    Normalization,
    Stack,
    hidden_widths,
    neuron_coordinates,
    to_dataset,
)
from neuroninfo.streams import Stream, generator
from neuroninfo.training.devices import busy

_BETA1, _BETA2, _ADAM_EPSILON = 0.9, 0.999, 1e-8  # torch's defaults
_ALIGNMENT: Final = 16  # floats in 64 bytes: where a parameter may start
_ROW_ALIGNMENT: Final = 64  # floats: so that every row has the same vector tail


class DeviceError(RuntimeError):
    """The device that was asked for is not there."""


class TrainingError(RuntimeError):
    """Training went wrong; nothing is written."""


@dataclass(frozen=True)
class Regularizer:
    """What keeps the weights small or the neurons independent; any combination."""

    l1: float = 0.0
    """lambda of the term lambda * sign(w) that is added to the gradient of weights and biases."""
    l2: float = 0.0
    """lambda of the term lambda * w that is added to the gradient of weights and biases."""
    dropout: float = 0.0
    """Probability that an output of a hidden neuron is dropped in a training step."""
    batch_norm_momentum: float | None = None
    """Weight of a batch in the tracked mean and variance; None: no batch norm."""
    label_smoothing: float = 0.0
    """Share of the target that is spread over all classes (Szegedy et al. 2016, section 7)."""
    noise: float = 0.0
    """Standard deviation of the Gaussian noise that is added to every output of a hidden neuron in
    a training step (Goldfeld et al. 2019), before dropout; loss and accuracy are without."""
    output_bits: int | None = None
    """Bits of the outputs of hidden neurons, in training and after; gradients pass as if outputs
    had not been rounded (straight-through, Bengio et al. 2013)."""
    early_stopping: int | None = None
    """Patience: epochs in a row without a lower validation loss after which a seed stops."""


@dataclass(frozen=True)
class Sgld:
    """Noisy gradient descent w <- w - eta clip(g) + sigma_t N(0, I) (Pensia, Jog, Loh 2018).

    Clipped is the gradient of the loss, mean over the batch, to a norm; terms of l1 and l2 do not
    depend on data and are added after.
    """

    clipping_norm: float = math.inf
    """Largest norm over all parameters; infinite: not clipped."""
    noise: float = 0.0
    """sigma_1, standard deviation of what is added to each parameter in the first step."""
    noise_decay: float = 0.0
    """sigma_t = sigma_1 / t^noise_decay in step t."""

    def deviation(self, step: float) -> float:
        """sigma_t of a step, from 1 on."""
        return self.noise / step**self.noise_decay


@dataclass(frozen=True)
class Settings:
    """How to train on the cross-entropy."""

    study_seed: int
    dataset: str
    architecture: str
    learning_rate: float
    batch_size: int
    epochs: int
    activation_epochs: tuple[int, ...]
    """Epochs after which the activations are kept; 0 is before training, and the number of epochs
    stands for the trained network, which early stopping may have taken from an earlier one."""
    regularizer: Regularizer
    optimizer: str = "adam"
    """``adam``, ``sgd`` or ``sgld``."""
    momentum: float = 0.0
    """Of sgd."""
    sgld: Sgld = Sgld()
    """Of sgld."""


@dataclass
class Split:
    """Inputs (n, n_inputs) float32 and labels (n) of one split, on the device."""

    inputs: Tensor
    labels: Tensor
    rows: Tensor | None = None
    """(S, m) rows that each network of a stack gets, in place of all of them."""

    def __len__(self) -> int:
        """Examples that a network gets."""
        return len(self.labels) if self.rows is None else self.rows.shape[1]


@dataclass
class Trained:
    """What training leaves behind."""

    stack: Stack
    final_epoch: np.ndarray
    """(S) epoch after which the weights of `stack` were: the last, or by early stopping that of
    the lowest validation loss before patience ran out."""
    loss: np.ndarray
    """(S, epochs + 1, 3) mean cross-entropy in nats, evaluation mode, by `SPLITS`."""
    accuracy: np.ndarray
    """(S, epochs + 1, 3)."""
    activations: np.ndarray
    """(S, kept epochs, validation examples, hidden neurons) float32."""
    outputs: np.ndarray
    """(S, kept epochs, validation examples, classes) float32, logits."""
    means: np.ndarray
    """(S, hidden neurons) float64, mean outputs of `stack` on the train split (all its rows)."""
    information: np.ndarray | None = None
    """(epochs + 1) nats; of sgld, as of `bounds.noisy_sgd_information`, summed over all steps."""
    example_information: np.ndarray | None = None
    """(S, epochs + 1, `bounds.PRIORS`) nats; of sgld, what the weights know of one training example
    given all others, at most: mean over examples, summed over all steps."""


def choose_device(requested: str, gpus: int) -> torch.device:
    """Resolve the configuration's ``device``.

    Parameters
    ----------
    requested
        ``auto``, ``cpu`` or ``cuda``. Under ``auto`` CUDA is used, and required, exactly
        when the job was given a GPU.
    gpus
        What the job was given (the resource ``gpu``).

    Raises
    ------
    DeviceError
        CUDA is required and torch sees none: a job never falls back in silence.
    """
    if requested == "cpu" or (requested == "auto" and gpus == 0):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        reason = f"device is {requested!r}" + (f" and the job has gpu={gpus}" if gpus else "")
        raise DeviceError(
            f"{reason}, but torch {torch.__version__} sees no CUDA device: check the node's "
            "driver and partition, or set `device: cpu` in the configuration"
        )
    return torch.device("cuda")


def checkpoint(
    folder: str | Path,
    made_by: Mapping[str, Any],
    data: str | Path,
    device: torch.device,
    minutes: float,
    unit: str = "epoch",
) -> Checkpoint:
    """Where a job that trains saves its state.

    Parameters
    ----------
    folder, made_by, minutes, unit
        As of `Checkpoint`. The data and what decides about last bits (torch's version, kind of
        device, threads) are added to `made_by`.
    data
        File of the data set.
    device
        What it is trained on.
    """
    arithmetic = {
        "torch": torch.__version__,
        "device": device.type,
        "threads": torch.get_num_threads(),
    }
    data = storage.check_seal(data)
    return Checkpoint(
        folder,
        made_by={**made_by, "data": data, "arithmetic": arithmetic},
        minutes=minutes,
        unit=unit,
    )


def train(
    architecture: Architecture,
    seeds: Sequence[int],
    splits: Mapping[str, Split],
    settings: Settings,
    *,
    initial: Stack | None = None,
    together: int | None = None,
    gathered_bytes: int = 32 * 2**20,
    history_epochs: Collection[int] | None = None,
    observe: Callable[[int, Stack], None] | None = None,
    checkpoint: Checkpoint | None = None,
    report: Callable[[str], None] | None = None,
) -> Trained:
    """Train one network a seed.

    With early stopping, all epochs are run and recorded; a seed's weights are those of the epoch,
    from the first on, with the lowest validation loss before ``early_stopping`` epochs in a row
    brought no lower one.

    Parameters
    ----------
    architecture
        Their shape.
    seeds
        Their seeds; what comes out for a seed does not depend on the others.
    splits
        By `SPLITS`; the validation split's activations are kept.
    settings
        How to train.
    initial
        Weights to begin with, same architecture and seeds; by default drawn by seed.
    together
        Networks computed in one batched product; by default 1 on a CPU, all on CUDA.
    gathered_bytes
        Of batches that are gathered at a time (one at least); results do not depend on it.
    history_epochs
        Epochs after which loss and accuracy are evaluated; NaN at others. By default all.
    observe
        Called before training with 0 and after each epoch with its number, and with the networks
        as they are then: training goes on in their arrays, so copy what is to be kept.
    checkpoint
        Training begins with what it holds, and saves there; the result is bitwise that of
        training without a break. `observe` is not called again for epochs before: add what it
        has gathered to the checkpoint.
    report
        Takes a line after each epoch: losses and times.

    Raises
    ------
    TrainingError
        A loss is not finite: the learning rate is too high for this condition. Or activations
        are to be kept after epochs that there are not, the architecture and the settings
        disagree about batch norm, `initial` is of other networks, or what sgld or early stopping
        needs is not there.
    neuroninfo.files.checkpoints.Interrupted
        SIGTERM came, and there is a checkpoint.
    """
    if architecture.batch_norm != (settings.regularizer.batch_norm_momentum is not None):
        raise TrainingError(
            f"the architecture says batch norm {architecture.batch_norm}, the regularizer's "
            f"momentum is {settings.regularizer.batch_norm_momentum}: make both say the same"
        )
    if architecture.output_bits != settings.regularizer.output_bits:
        raise TrainingError(
            f"the architecture has outputs of {architecture.output_bits} bits, the regularizer of "
            f"{settings.regularizer.output_bits}: make both say the same"
        )
    kept, n_kept = settings.activation_epochs, len(splits["validation"].labels)
    if len(set(kept)) < len(kept) or not set(kept) <= set(range(settings.epochs + 1)):
        raise TrainingError(
            f"activations are to be kept after epochs {list(kept)}: choose each once, from 0 to "
            f"{settings.epochs}, the number of epochs"
        )
    if settings.optimizer == "sgld" and architecture.batch_norm:
        raise TrainingError(
            "sgld with batch norm: its running statistics would know the data beyond what the "
            "noise hides; choose another optimizer or regularizer"
        )
    if history_epochs is not None and settings.regularizer.early_stopping is not None:
        raise TrainingError("early stopping needs the loss of all epochs: leave out history_epochs")
    expected = (architecture, tuple(seeds))
    if initial is not None and (initial.architecture, initial.seeds) != expected:
        raise TrainingError(
            f"the initial weights are of {initial.architecture} with seeds {list(initial.seeds)}, "
            f"what is to be trained is {architecture} with seeds {list(seeds)}"
        )
    device = splits["train"].inputs.device
    if together is None:
        together = 1 if device.type == "cpu" else len(seeds)
    learner = _Learner(architecture, seeds, device, settings, together, gathered_bytes)
    if initial is not None:
        learner.begin_with(initial)
    n_seeds, stack = len(seeds), learner.stack
    shape = (n_seeds, settings.epochs + 1, len(SPLITS))
    trained = Trained(
        stack,
        final_epoch=np.full(n_seeds, settings.epochs, dtype=np.int32),
        loss=np.full(shape, np.nan),
        accuracy=np.full(shape, np.nan),
        activations=np.empty(
            (n_seeds, len(kept), n_kept, sum(architecture.hidden)), dtype=np.float32
        ),
        outputs=np.empty((n_seeds, len(kept), n_kept, architecture.n_classes), dtype=np.float32),
        means=np.empty((n_seeds, sum(architecture.hidden))),
        information=noisy_information(architecture, settings, len(splits["train"])),
    )
    if learner.known is not None:
        trained.example_information = np.zeros((n_seeds, settings.epochs + 1, len(PRIORS)))
    stopping = None if settings.regularizer.early_stopping is None else _Stopping(learner)
    first = 0
    if checkpoint is not None:
        checkpoint.add("learner", lambda _: learner.checkpoint(), learner.restore)
        checkpoint.add("record", *_record(trained, settings))
        if stopping is not None:
            checkpoint.add("stopping", lambda _: stopping.checkpoint(), stopping.resume)
        first = checkpoint.resume() or 0
    begun = time.monotonic()

    def offer(epoch: int) -> None:
        if checkpoint is not None:
            checkpoint.offer(epoch)

    for epoch in range(first, settings.epochs + 1):
        if epoch > 0:
            learner.run_epoch(splits["train"], epoch, offer)
            if trained.example_information is not None and learner.known is not None:
                known = learner.known.cpu().numpy() / len(splits["train"])
                trained.example_information[:, epoch] = known
        seen = history_epochs is None or epoch in history_epochs
        for number, name in enumerate(SPLITS if seen else ()):
            loss, accuracy = _evaluate(stack, splits[name], together)
            trained.loss[:, epoch, number], trained.accuracy[:, epoch, number] = loss, accuracy
        if seen and not np.isfinite(trained.loss[:, epoch]).all():
            finite = np.isfinite(trained.loss[:, epoch]).all(axis=1)
            bad = [seed for seed, fine in zip(seeds, finite, strict=True) if not fine]
            raise TrainingError(
                f"epoch {epoch}: the loss of seeds {bad} is not finite; lower "
                f"training.learning_rate (now {settings.learning_rate})"
            )
        if observe is not None:
            observe(epoch, stack)
        if stopping is not None and epoch > 0:
            stopping.see(epoch, trained.loss[:, epoch, SPLITS.index("validation")])
        if epoch in kept and epoch < settings.epochs:
            _keep(stack, splits["validation"], trained, kept.index(epoch), together)
        if report is not None and seen:
            seconds = time.monotonic() - begun
            report(_progress(trained, epoch, seconds, epoch + 1 - first, busy(device)))
        offer(epoch + 1)
    if stopping is not None:
        trained.final_epoch[:] = stopping.restore()
    if settings.epochs in kept:
        _keep(stack, splits["validation"], trained, kept.index(settings.epochs), together)
    trained.means[:] = mean_outputs(stack, splits["train"].inputs, together)
    return trained


def noisy_information(
    architecture: Architecture, settings: Settings, n_train: int
) -> np.ndarray | None:
    """Bound on I(D; A(D)) in nats after each epoch, (epochs + 1), of sgld; None of others."""
    if settings.optimizer != "sgld":
        return None
    per_epoch = math.ceil(n_train / settings.batch_size)
    sizes = zip(architecture.widths[:-1], architecture.widths[1:], strict=True)
    noise = [settings.sgld.deviation(t) for t in range(1, settings.epochs * per_epoch + 1)]
    terms = bounds.noisy_sgd_information(
        settings.learning_rate,
        settings.sgld.clipping_norm,
        noise,
        sum((n_in + 1) * n_out for n_in, n_out in sizes),
    )
    return np.concatenate([[0.0], terms.reshape(-1, per_epoch).sum(axis=1).cumsum()])


def mean_outputs(stack: Stack, inputs: Tensor, together: int) -> np.ndarray:
    """Mean output of every hidden neuron in evaluation mode, (S, neurons) float64."""
    sums = np.zeros((len(stack.seeds), sum(stack.architecture.hidden)))
    for seeds, _, results in evaluated(stack, inputs, together):
        sums[seeds] += torch.cat(results[:-1], dim=-1).sum(1, dtype=torch.float64).cpu().numpy()
    return sums / len(inputs)


def network_dataset(trained: Trained) -> xr.Dataset:
    """Weights and mean outputs, in the layout of ``network.nc``."""
    dataset = to_dataset(trained.stack)
    dataset["mean_output"] = (
        ("seed", "neuron"),
        trained.means,
        labelled("mean output of the neuron on the train split, evaluation mode", "1"),
    )
    return dataset.assign_coords(neuron_coordinates(trained.stack.architecture.hidden))


def history_dataset(trained: Trained) -> xr.Dataset:
    """Loss and accuracy, in the layout of ``history.nc``."""
    dims = ("seed", "epoch", "split")
    history = xr.Dataset(
        {
            "loss": (dims, trained.loss, labelled("mean cross-entropy, evaluation mode", "nat")),
            "accuracy": (dims, trained.accuracy, labelled("accuracy, evaluation mode", "1")),
            "final_epoch": (
                "seed",
                trained.final_epoch,
                labelled("epoch whose weights are the trained network's", "1"),
            ),
        },
        coords={
            "seed": ("seed", list(trained.stack.seeds), {"long_name": "seed"}),
            "epoch": (
                "epoch",
                np.arange(trained.loss.shape[1]),
                {"long_name": "epochs trained; 0 is before training"},
            ),
            "split": ("split", list(SPLITS), {"long_name": "part of the data set"}),
        },
    )
    if trained.information is not None:
        words = "most that the weights can know of the training set (mutual information)"
        history["information"] = ("epoch", trained.information, labelled(words, "nat"))
    if trained.example_information is not None:
        words = "most that the weights can know of one training example given the others, mean"
        known = (("seed", "epoch", "prior"), trained.example_information, labelled(words, "nat"))
        history["example_information"] = known
        history = history.assign_coords(prior=prior_coordinate())
    return history


def prior_coordinate() -> tuple[str, list[str], dict[str, str]]:
    """Of `bounds.PRIORS`, for files."""
    return ("prior", list(PRIORS), {"long_name": "what stands for the example in the comparison"})


def log_spaced_epochs(epochs: int, most: int) -> list[int]:
    """Epoch 0 and others to the last, evenly in their logarithm.

    They are `most` at most (2 or more): the first ones are whole numbers too near to each other.
    """
    if most == 2:
        return [0, epochs]
    spaced = np.geomspace(1, epochs, most - 1).round().astype(int)
    return [0, *sorted({*spaced.tolist()})]


def architecture(examples: Examples, settings: Settings, activation: str) -> Architecture:
    """What is trained on a data set, from the names in a condition."""
    return Architecture(
        n_inputs=examples.inputs.shape[1],
        hidden=hidden_widths(settings.architecture),
        n_classes=examples.n_classes,
        activation=activation,
        batch_norm=settings.regularizer.batch_norm_momentum is not None,
        output_bits=settings.regularizer.output_bits,
    )


def activations_dataset(trained: Trained, settings: Settings, examples: Examples) -> xr.Dataset:
    """Validation activations, in the layout of ``activations.nc``."""
    validation = examples.split("validation")
    labels, index = examples.labels[validation], examples.index[validation]
    shared = activation_layout(
        trained.stack, trained.activations, trained.outputs, labels, settings.activation_epochs
    )
    return shared.assign_coords(
        split=("sample", ["validation"] * len(labels), {"long_name": "part of the data"}),
        index=("sample", index, {"long_name": "position of the example in the source"}),
    )


def stored(
    trained: Trained, settings: Settings, examples: Examples
) -> list[tuple[str, str, xr.Dataset]]:
    """Kind, title and contents of the files of a training."""
    return [
        ("network", "Weights of trained networks", network_dataset(trained)),
        ("history", "Loss and accuracy by epoch", history_dataset(trained)),
        (
            "activations",
            "Outputs of every neuron on validation data",
            activations_dataset(trained, settings, examples),
        ),
    ]


def outputs_dataset(stack: Stack, split: Split, epoch: int) -> xr.Dataset:
    """Outputs of networks as they are on a split, as ``activations.nc`` has them at one epoch."""
    shape = (len(stack.seeds), 1, len(split.labels))
    activations = np.empty((*shape, sum(stack.architecture.hidden)), dtype=np.float32)
    outputs = np.empty((*shape, stack.architecture.n_classes), dtype=np.float32)
    for seeds, rows, results in evaluated(stack, split.inputs, together=1):
        activations[seeds, 0, rows] = torch.cat(results[:-1], dim=-1).cpu().numpy()
        outputs[seeds, 0, rows] = results[-1].cpu().numpy()
    return activation_layout(stack, activations, outputs, split.labels.cpu().numpy(), [epoch])


def activation_layout(
    stack: Stack,
    activations: np.ndarray,
    outputs: np.ndarray,
    labels: np.ndarray,
    epochs: Sequence[int],
) -> xr.Dataset:
    """What all that has the layout of ``activations.nc`` shares."""
    return xr.Dataset(
        {
            "activation": (
                ("seed", "epoch", "sample", "neuron"),
                activations,
                labelled("output of the neuron after the nonlinearity, before dropout", "1"),
            ),
            "output": (
                ("seed", "epoch", "sample", "class"),
                outputs,
                labelled("logit of the class", "1"),
            ),
            "label": ("sample", labels.astype(np.int16), labelled("class", "1")),
        },
        coords={
            "seed": ("seed", list(stack.seeds), {"long_name": "seed"}),
            "epoch": ("epoch", list(epochs), {"long_name": "epochs trained"}),
            **neuron_coordinates(stack.architecture.hidden),
        },
        attrs={
            "activation_function": stack.architecture.activation,
            "n_classes": stack.architecture.n_classes,
        },
    )


def _evaluate(stack: Stack, split: Split, together: int) -> tuple[np.ndarray, np.ndarray]:
    loss = np.zeros(len(stack.seeds))
    correct = np.zeros(len(stack.seeds))
    own: Tensor | int = 1
    if split.rows is not None:  # (S, n), whether it is a network's own
        own = torch.zeros(len(loss), len(split.labels), device=split.inputs.device)
        own.scatter_(1, split.rows, 1.0)
    for seeds, rows, results in evaluated(stack, split.inputs, together):
        logits, labels = results[-1], split.labels[rows]
        weight = own if isinstance(own, int) else own[seeds, rows]
        each = losses(logits, labels) * weight
        loss[seeds] += each.sum(1, dtype=torch.float64).cpu().numpy()
        correct[seeds] += ((logits.argmax(-1) == labels) * weight).sum(1).cpu().numpy()
    return loss / len(split), correct / len(split)


def _keep(stack: Stack, split: Split, trained: Trained, epoch: int, together: int) -> None:
    for seeds, rows, results in evaluated(stack, split.inputs, together):
        trained.activations[seeds, epoch, rows] = torch.cat(results[:-1], dim=-1).cpu().numpy()
        trained.outputs[seeds, epoch, rows] = results[-1].cpu().numpy()


def _record(
    trained: Trained, settings: Settings
) -> tuple[Callable[[int], Arrays], Callable[[Arrays], None]]:
    """Save and restore what is recorded before an epoch, for a checkpoint."""

    def kept(epoch: int) -> dict[str, np.ndarray]:
        """Views of what there is; nothing is copied."""
        return {
            f"{name}-{after}": array[:, number]
            for number, after in enumerate(settings.activation_epochs)
            for name, array in (("activation", trained.activations), ("output", trained.outputs))
            if after < min(epoch, settings.epochs)  # those of the last epoch are kept at the end
        }

    def save(epoch: int) -> Arrays:
        past = slice(epoch)
        history = {"loss": trained.loss[:, past], "accuracy": trained.accuracy[:, past]}
        if trained.example_information is not None:
            history["example-information"] = trained.example_information[:, past]
        return history | kept(epoch)

    def restore(saved: Arrays) -> None:
        epoch = saved["loss"].shape[1]
        for name, array in save(epoch).items():
            array[:] = saved[name]

    return save, restore


def _progress(trained: Trained, epoch: int, seconds: float, done: int, percent: int | None) -> str:
    """A line on an epoch: mean losses, time, and what is left at the pace of those done here."""
    last = trained.loss.shape[1] - 1
    losses = ", ".join(
        f"{split} {loss:.4f}"
        for split, loss in zip(SPLITS, trained.loss[:, epoch].mean(axis=0), strict=True)
    )
    left = seconds / done * (last - epoch)
    gpu = "" if percent is None else f", GPU busy {percent} %"
    return (
        f"epoch {epoch} of {last}: mean loss {losses}; "
        f"{seconds:.1f} s, about {left:.0f} s left{gpu}"
    )


@dataclass
class _Layer:
    """Where the arrays of one layer lie in a row; empty slices without batch norm."""

    weight: slice
    bias: slice
    scale: slice
    shift: slice
    n_in: int
    n_out: int


class _Learner:
    """A stack being trained: parameters, gradients, moments, generators."""

    def __init__(
        self,
        architecture: Architecture,
        seeds: Sequence[int],
        device: torch.device,
        settings: Settings,
        together: int,
        gathered_bytes: int,
    ) -> None:
        self.architecture, self.settings, self.together = architecture, settings, together
        self.gathered_bytes = gathered_bytes
        self.regularizer = settings.regularizer
        self.activation = NONLINEARITIES[architecture.activation]
        self.device = device
        self.layers, self.decayed, length = _layout(architecture)
        self.parameters = torch.zeros(len(seeds), length, device=device)
        self.gradients = torch.zeros_like(self.parameters)
        self.moments = [torch.zeros_like(self.parameters) for _ in range(2)]
        self.steps = [torch.zeros((), device=device) for _ in seeds]
        self.stack = self._initialized(seeds)
        self.dropout, self.noise = (
            [
                [
                    generator(settings.study_seed, stream, seed, layer)
                    for layer in range(1, len(architecture.hidden) + 1)
                ]
                for seed in seeds
            ]
            for stream in (Stream.DROPOUT, Stream.NOISE)
        )
        self.disturbance = [
            [generator(settings.study_seed, Stream.SGLD, seed, n) for n in range(len(self.layers))]
            for seed in seeds
            if settings.optimizer == "sgld"
        ]
        self.known: Tensor | None = None  # as of `Trained.example_information`, sum over examples
        if settings.optimizer == "sgld":
            self.known = torch.zeros(len(seeds), len(PRIORS), dtype=torch.float64, device=device)
        self.seen = 0  # training examples in the epoch that is being run

    def checkpoint(self) -> Arrays:
        """All that later epochs depend on."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self._resumed().items()}
        arrays["steps"] = torch.stack(self.steps).cpu().numpy()
        arrays["seen"] = np.array(self.seen)
        for name, generators in self._generators().items():
            states = [[json.dumps(g.bit_generator.state) for g in row] for row in generators]
            arrays[name] = np.array(states, dtype=str)
        return arrays

    def restore(self, saved: Arrays) -> None:
        """Go on from what `checkpoint` gave."""
        for name, tensor in self._resumed().items():
            tensor.copy_(torch.from_numpy(saved[name]))
        for step, value in zip(self.steps, saved["steps"].tolist(), strict=True):
            step.fill_(value)
        self.seen = int(saved["seen"])
        for name, generators in self._generators().items():
            for row, states in zip(generators, saved[name].tolist(), strict=True):
                for random, state in zip(row, states, strict=True):
                    random.bit_generator.state = json.loads(state)

    def _resumed(self) -> dict[str, Tensor]:
        """Tensors of a checkpoint by name: all that a step reads and changes has to be here."""
        tensors = {"parameters": self.parameters}
        tensors |= {f"moment-{number}": moment for number, moment in enumerate(self.moments)}
        for number, tracked in enumerate(self.stack.normalizations):
            tensors |= {f"mean-{number}": tracked.mean, f"variance-{number}": tracked.variance}
        return tensors if self.known is None else tensors | {"known": self.known}

    def _generators(self) -> dict[str, list[list[np.random.Generator]]]:
        """Generators of a checkpoint by name: all that a step draws from has to be here."""
        return {"dropout": self.dropout, "noise": self.noise, "disturbance": self.disturbance}

    def begin_with(self, initial: Stack) -> None:
        """Copy the weights of other networks."""
        for mine, given in zip(self.state(), _state(initial), strict=True):
            mine.copy_(torch.as_tensor(given))

    def state(self) -> list[Tensor]:
        """What evaluation depends on, as views with the seeds first."""
        return _state(self.stack)

    def run_epoch(
        self, split: Split, epoch: int, between: Callable[[int], None] = lambda epoch: None
    ) -> None:
        """One pass over the training examples, from `seen` on.

        `between` is called with the epoch after each chunk, where all seeds have seen the same.
        """
        settings = self.settings
        order = generator(
            settings.study_seed,
            Stream.BATCH_ORDER,
            settings.dataset,
            settings.architecture,
            epoch,
        ).permutation(len(split))
        n_seeds, size = len(self.stack.seeds), settings.batch_size
        chunk = size * max(1, self.gathered_bytes // (4 * split.inputs.shape[1] * size))
        for start in range(self.seen, len(order), chunk):
            picked = torch.from_numpy(order[start : start + chunk]).to(self.device)
            if split.rows is None:
                inputs, targets = self._gathered(split, picked)
            for first in range(0, n_seeds, self.together):
                seeds = slice(first, min(first + self.together, n_seeds))
                if split.rows is not None:
                    inputs, targets = self._gathered(split, split.rows[seeds][:, picked])
                for row in range(0, len(picked), size):
                    self._step(
                        seeds,
                        inputs[..., row : row + size, :],
                        targets[..., row : row + size, :],
                    )
            self.seen = start + len(picked)
            between(epoch)
        self.seen = 0

    def _gathered(self, split: Split, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and targets of some examples."""
        smoothing, n_classes = self.regularizer.label_smoothing, self.architecture.n_classes
        targets = functional.one_hot(split.labels[rows], n_classes).float()
        if smoothing > 0:
            targets = (1 - smoothing) * targets + smoothing / n_classes
        return split.inputs[rows], targets

    def _step(self, seeds: slice, inputs: Tensor, targets: Tensor) -> None:
        """Gradient of the mean loss over the batch for a group of seeds, and the update.

        Inputs and targets are (n, width), the same for all, or (G, n, width).
        """
        rows, gradients = self.parameters[seeds], self.gradients[seeds]
        n_group, n = len(rows), inputs.shape[-2]
        last = len(self.layers) - 1
        values = [inputs.expand(n_group, n, -1)]
        remembered: list[Tensor] = []  # of each hidden layer, for the activation's derivative
        masks: list[Tensor | None] = []
        normalized: list[tuple[Tensor, Tensor]] = []
        for number, layer in enumerate(self.layers):
            weight = _matrix(rows, layer)
            bias = rows[:, layer.bias].unsqueeze(1)
            here = torch.baddbmm(bias, values[-1], weight.transpose(1, 2))
            if number == last:
                break
            if self.regularizer.batch_norm_momentum is not None:
                here, *memory = self._normalize(seeds, number, here)
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
            if self.regularizer.noise > 0:
                here = here + self._noise(seeds, number, n, layer.n_out)
            mask = self._dropout_mask(seeds, number, n, layer.n_out)
            masks.append(mask)
            values.append(here if mask is None else here * mask)
        gradient = torch.softmax(here, dim=-1)
        gradient -= targets
        gradient /= n
        shares = None if self.known is None else _Shares(n_group, n, self.device)
        for number in range(last, -1, -1):
            layer = self.layers[number]
            torch.bmm(gradient.transpose(1, 2), values[number], out=_matrix(gradients, layer))
            torch.sum(gradient, dim=1, out=gradients[:, layer.bias])
            if shares is not None:
                shares.add(gradient, values[number], gradients, layer)
            if number == 0:
                break
            gradient = torch.bmm(gradient, _matrix(rows, layer))
            mask = masks[number - 1]
            if mask is not None:
                gradient *= mask
            if self.architecture.output_bits is not None:  # outputs beyond the range are cut off
                _, highest = OUTPUT_RANGES[self.architecture.activation]
                gradient *= remembered[number - 1] <= highest
            gradient = self.activation.backpropagate(gradient, remembered[number - 1])
            if normalized:
                gradient = _normalize_backward(
                    gradient, *normalized[number - 1], rows, gradients, self.layers[number - 1]
                )
        if shares is not None:
            self._learn_of_examples(seeds, shares)
        self._update(seeds)

    def _learn_of_examples(self, seeds: slice, shares: _Shares) -> None:
        """Add what this step tells of each example of the batch, before its gradient is clipped.

        Given all other examples, the batch and the weights before, the step is Gaussian, and
        without the example its mean is elsewhere: their divergence bounds the information.
        """
        assert self.known is not None
        sgld = self.settings.sgld
        deviation = sgld.deviation(float(self.steps[seeds][0]) + 1)
        moved = shares.moved(self.gradients[seeds], sgld.clipping_norm).sum(dim=1)
        scaled = self.settings.learning_rate**2 / 2 * moved
        nothing = torch.zeros_like(moved)
        self.known[seeds] += torch.where(moved == 0, nothing, scaled / deviation**2)

    def _update(self, seeds: slice) -> None:
        """One step of the optimizer; l1 and l2 concern weights and biases only."""
        sgld = self.settings.sgld if self.settings.optimizer == "sgld" else None
        if sgld is not None and sgld.clipping_norm < math.inf:
            norms = torch.linalg.vector_norm(self.gradients[seeds], dim=1, keepdim=True)
            self.gradients[seeds] *= torch.clamp(sgld.clipping_norm / norms, max=1)
        if self.regularizer.l1 > 0:
            signs = torch.sign(self.parameters[seeds, : self.decayed])
            self.gradients[seeds, : self.decayed] += self.regularizer.l1 * signs
        steps = self.steps[seeds]
        torch._foreach_add_(steps, 1)
        for part, decay in (
            (slice(0, self.decayed), self.regularizer.l2),
            (slice(self.decayed, None), 0.0),
        ):
            if part.start == self.parameters.shape[1]:
                continue
            parameters, gradients, first, second = (
                tensor[seeds, part].unbind(0)
                for tensor in (self.parameters, self.gradients, *self.moments)
            )
            if self.settings.optimizer != "adam":
                momentum = 0.0 if sgld is not None else self.settings.momentum
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
                continue
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
        if sgld is not None and sgld.noise > 0:
            self._disturb(seeds, sgld.deviation(float(steps[0])))

    def _disturb(self, seeds: slice, deviation: float) -> None:
        """Add Gaussian noise to weights and biases."""
        rows = self.parameters[seeds]
        for row, generators in zip(rows, self.disturbance[seeds], strict=True):
            for layer, random in zip(self.layers, generators, strict=True):
                for part in (layer.weight, layer.bias):
                    drawn = random.standard_normal(part.stop - part.start, dtype=np.float32)
                    row[part] += deviation * torch.from_numpy(drawn).to(self.device)

    def _dropout_mask(self, seeds: slice, number: int, n: int, width: int) -> Tensor | None:
        """Factors 0 or 1 / (1 - p), (G, n, width), 16 random bits each."""
        dropped = round(self.regularizer.dropout * 2**16)
        if dropped == 0:
            return None
        bits = np.stack(
            [
                np.frombuffer(generators[number].bytes(2 * n * width), dtype=np.uint16)
                for generators in self.dropout[seeds]
            ]
        )
        kept = torch.from_numpy(bits >= dropped).to(self.device).view(-1, n, width)
        return kept * (2**16 / (2**16 - dropped))

    def _noise(self, seeds: slice, number: int, n: int, width: int) -> Tensor:
        """Gaussian noise of a hidden layer, (G, n, width)."""
        drawn = np.stack(
            [
                generators[number].standard_normal((n, width), dtype=np.float32)
                for generators in self.noise[seeds]
            ]
        )
        return torch.from_numpy(drawn).to(self.device) * self.regularizer.noise

    def _normalize(
        self, seeds: slice, number: int, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Batch norm in training mode, with its normalized values and factor; tracks them."""
        n = values.shape[1]
        mean = values.mean(1, keepdim=True)
        centred = values - mean
        variance = (centred * centred).mean(1, keepdim=True)
        factor = torch.rsqrt(variance + BATCH_NORM_EPSILON)
        centred *= factor
        tracked = self.stack.normalizations[number]
        momentum = self.regularizer.batch_norm_momentum or 0.0
        if n > 1:  # one example has no variance; torch refuses such a batch
            tracked.mean[seeds] += momentum * (mean.squeeze(1) - tracked.mean[seeds])
            unbiased = variance.squeeze(1) * (n / (n - 1))
            tracked.variance[seeds] += momentum * (unbiased - tracked.variance[seeds])
        scale, shift = tracked.scale[seeds].unsqueeze(1), tracked.shift[seeds].unsqueeze(1)
        return centred * scale + shift, centred, factor

    def _initialized(self, seeds: Sequence[int]) -> Stack:
        """torch.nn.Linear's default: weights and biases uniform in +-1/sqrt(n_in)."""
        for row, seed in zip(self.parameters, seeds, strict=True):
            random = generator(self.settings.study_seed, Stream.INITIALIZATION, seed)
            for layer in self.layers:
                bound = 1 / math.sqrt(layer.n_in)
                for part in (layer.weight, layer.bias):
                    drawn = random.uniform(-bound, bound, part.stop - part.start)
                    row[part] = torch.from_numpy(drawn.astype(np.float32))
        hidden = self.layers[:-1] if self.architecture.batch_norm else []
        for layer in hidden:
            self.parameters[:, layer.scale] = 1
        shape = (len(seeds), 1)
        return Stack(
            self.architecture,
            tuple(seeds),
            [_matrix(self.parameters, layer) for layer in self.layers],
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


class _Stopping:
    """Remembers each seed's weights of the lowest validation loss until patience runs out."""

    def __init__(self, learner: _Learner) -> None:
        self.learner = learner
        self.patience = learner.settings.regularizer.early_stopping or 0
        n_seeds = len(learner.stack.seeds)
        self.lowest = np.full(n_seeds, np.inf)
        self.best = np.zeros(n_seeds, dtype=np.int32)
        self.running = np.ones(n_seeds, dtype=bool)
        self.kept = [tensor.clone() for tensor in learner.state()]

    def see(self, epoch: int, loss: np.ndarray) -> None:
        """Take note of the validation losses (S) after an epoch."""
        better = self.running & (loss < self.lowest)
        self.lowest[better], self.best[better] = loss[better], epoch
        for position in np.flatnonzero(better):
            for kept, tensor in zip(self.kept, self.learner.state(), strict=True):
                kept[position] = tensor[position]
        self.running &= epoch - self.best < self.patience

    def checkpoint(self) -> Arrays:
        """What later epochs depend on."""
        kept = {f"kept-{number}": tensor.cpu().numpy() for number, tensor in enumerate(self.kept)}
        return kept | {"lowest": self.lowest, "best": self.best, "running": self.running}

    def resume(self, saved: Arrays) -> None:
        """Go on from what `checkpoint` gave."""
        for number, tensor in enumerate(self.kept):
            tensor.copy_(torch.from_numpy(saved[f"kept-{number}"]))
        for name, array in (("lowest", self.lowest), ("best", self.best)):
            array[:] = saved[name]
        self.running[:] = saved["running"]

    def restore(self) -> np.ndarray:
        """Put the remembered weights back; their epochs (S)."""
        for kept, tensor in zip(self.kept, self.learner.state(), strict=True):
            tensor.copy_(kept)
        return self.best


def _state(stack: Stack) -> list[Array]:
    norms = [[n.scale, n.shift, n.mean, n.variance] for n in stack.normalizations]
    return [*stack.weights, *stack.biases, *(array for norm in norms for array in norm)]


def _layout(architecture: Architecture) -> tuple[list[_Layer], int, int]:
    """Places in a row: first what l2 concerns, then batch norm's; all aligned alike."""
    end = 0

    def place(size: int) -> slice:
        nonlocal end
        start = -(-end // _ALIGNMENT) * _ALIGNMENT
        end = start + size
        return slice(start, end)

    def padded(position: int) -> int:
        return -(-position // _ROW_ALIGNMENT) * _ROW_ALIGNMENT

    sizes = list(zip(architecture.widths[:-1], architecture.widths[1:], strict=True))
    linear = [(place(n_in * n_out), place(n_out)) for n_in, n_out in sizes]
    decayed = end = padded(end)
    if architecture.batch_norm:
        norms = [(place(width), place(width)) for width in architecture.hidden]
    else:
        norms = [(slice(end, end), slice(end, end))] * len(architecture.hidden)
    norms.append((slice(end, end), slice(end, end)))
    layers = [
        _Layer(*places, *norm, *size)
        for places, norm, size in zip(linear, norms, sizes, strict=True)
    ]
    return layers, decayed, padded(end)


class _Shares:
    """Each example's share h of the gradient g of a batch (g is their sum), by norm and product.

    No share is ever written out: that of a layer is an outer product, of the gradient by the
    layer's sums and the layer's inputs.
    """

    def __init__(self, n_group: int, n: int, device: torch.device) -> None:
        self.squares = torch.zeros(n_group, n, dtype=torch.float64, device=device)
        """(G, n), h . h."""
        self.products = torch.zeros_like(self.squares)
        """(G, n), g . h."""

    def add(self, gradient: Tensor, inputs: Tensor, gradients: Tensor, layer: _Layer) -> None:
        """One layer; `gradients` are those of the batch."""
        bias = gradients[:, layer.bias].unsqueeze(1)
        along = torch.baddbmm(bias, inputs, _matrix(gradients, layer).transpose(1, 2))
        self.products += (along * gradient).sum(-1)
        self.squares += gradient.square().sum(-1) * (inputs.square().sum(-1) + 1)

    def moved(self, gradients: Tensor, clipping_norm: float) -> Tensor:
        """(G, n, `bounds.PRIORS`) squared distance of clipped g from what it is without one share.

        In its place stands the mean of the others of the batch, or nothing.
        """
        n = self.squares.shape[1]
        whole = gradients.double().square().sum(1, keepdim=True)
        clip = torch.clamp(clipping_norm / whole.sqrt(), max=1)
        found = []
        for scale in (n / (n - 1) if n > 1 else 0.0, 1.0):  # an example alone has no others
            rest = scale**2 * (whole - 2 * self.products + self.squares).clamp(min=0)
            kept = scale * torch.clamp(clipping_norm / rest.sqrt(), max=1)
            # clip g - kept (g - h), so that nothing cancels where clip and kept are the same
            along = clip - kept
            distance = along**2 * whole + 2 * along * kept * self.products + kept**2 * self.squares
            found.append(distance.clamp(min=0))
        return torch.stack(found, dim=-1)


def _matrix(rows: Tensor, layer: _Layer) -> Tensor:
    """The weights of one layer in some rows, (G, n_out, n_in), a view."""
    return rows[:, layer.weight].view(-1, layer.n_out, layer.n_in)


def _normalize_backward(
    gradient: Tensor,
    normalized: Tensor,
    factor: Tensor,
    rows: Tensor,
    gradients: Tensor,
    layer: _Layer,
) -> Tensor:
    """Gradient by the input of batch norm (Ioffe and Szegedy 2015, section 3)."""
    shift_gradient = gradient.sum(1, keepdim=True)
    scale_gradient = (gradient * normalized).sum(1, keepdim=True)
    gradients[:, layer.shift] = shift_gradient.squeeze(1)
    gradients[:, layer.scale] = scale_gradient.squeeze(1)
    n = gradient.shape[1]
    scale = rows[:, layer.scale].unsqueeze(1)
    return (gradient - shift_gradient / n - normalized * (scale_gradient / n)) * (scale * factor)


def settings_from(resolved: Mapping[str, Any]) -> Settings:
    """Settings from a rule's parameters (`study.Study.training_settings`)."""
    return Settings(
        study_seed=resolved["study_seed"],
        dataset=resolved["dataset"],
        architecture=resolved["architecture"],
        learning_rate=resolved["learning_rate"],
        batch_size=resolved["batch_size"],
        epochs=resolved["epochs"],
        activation_epochs=tuple(resolved["activation_epochs"]),
        regularizer=Regularizer(**resolved["regularizer"]),
        optimizer=resolved["optimizer"],
        momentum=resolved["momentum"] or 0.0,
        sgld=Sgld(**(resolved.get("sgld") or {})),
    )


def split_tensors(examples: Examples, device: torch.device) -> dict[str, Split]:
    """Inputs and labels of each split as tensors on a device."""
    return {
        name: Split(
            torch.tensor(examples.inputs[examples.split(name)], device=device),
            torch.tensor(examples.labels[examples.split(name)], device=device),
        )
        for name in SPLITS
    }
