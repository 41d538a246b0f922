"""Training of stacks: many networks of one shape in one process, each as if it were alone.

All seeds see the same batches in the same order, so a batch is gathered once for all.
Forward and backward passes are written out, one `torch` call a step of the algebra;
parameters, gradients and the optimizer's moments of a seed are one row each.

On a CPU one seed is computed after the other within a gathered chunk of batches, in products
of its own matrices, so its weights are bitwise the same whatever stack it is in.  On CUDA all
seeds are one batched product (`together`), since small steps are bound by launches there;
equality is then up to rounding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroninfo.data.datasets import Examples
from neuroninfo.files import storage
from neuroninfo.files.checkpoints import Arrays, Checkpoint
from neuroninfo.networks.forward import evaluated, losses
from neuroninfo.networks.stack import Architecture, Stack, hidden_widths
from neuroninfo.training.devices import busy
from neuroninfo.training.early_stopping import EarlyStopping
from neuroninfo.training.layouts import Trained
from neuroninfo.training.learner import Learner
from neuroninfo.training.settings import Settings, shared
from neuroninfo.training.sgld_information import PRIORS, noisy_information
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import SPLITS


def open_checkpoint(
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


def architecture_for(examples: Examples, settings: Settings) -> Architecture:
    """What is trained on a data set, from the names in a condition."""
    return Architecture(
        n_inputs=examples.inputs.shape[1],
        hidden=hidden_widths(settings.architecture),
        n_classes=examples.n_classes,
        activation=settings.activation,
        batch_norm=settings.regularizer.batch_norm_momentum is not None,
        output_bits=settings.regularizer.output_bits,
    )


def train(
    architecture: Architecture,
    seeds: Sequence[int],
    splits: Mapping[str, Split],
    settings: Settings | Sequence[Settings],
    *,
    initial: Stack | None = None,
    together: int | None = None,
    gathered_bytes: int = 32 * 2**20,
    history_epochs: Collection[int] | None = None,
    observe: Callable[[int, Stack], None] | None = None,
    checkpoint: Checkpoint | None = None,
    report: Callable[[str], None] | None = None,
    despite_failures: bool = False,
) -> Trained:
    """Train one network per seed.

    With early stopping, all epochs are run and recorded; a seed's weights are those of the epoch,
    from the first on, with the lowest validation loss before ``early_stopping`` epochs in a row
    brought no lower one.

    Parameters
    ----------
    architecture
        Their shape.
    seeds
        Their seeds. The result of one seed does not depend on the other seeds.
    splits
        By `SPLITS`.
    settings
        How to train: all, or each of the networks, which may differ in what `settings.shared`
        says. On a CPU a network's numbers do not depend on the settings of the others.
    initial
        Weights to begin with, same architecture and seeds; by default drawn by seed.
    together
        Networks computed in one batched product; by default 1 on a CPU, all on CUDA.
    gathered_bytes
        Of batches that are gathered at a time (one at least); results do not depend on it.
    history_epochs
        Epochs after which loss and accuracy are evaluated; NaN at others. By default all, and on
        the train split as `Settings.train_loss` says.
    observe
        Called before training with 0 and after each epoch with its number, and with the networks
        as they are then. Training goes on in the same arrays, so copy what you want to keep.
    checkpoint
        Training begins with what it holds, and saves there; the result is bitwise that of
        training without a break. `observe` is not called again for epochs before: add what it
        has gathered to the checkpoint.
    report
        Takes a line after each epoch: losses and times.
    despite_failures
        A loss that is not finite is noted in `Trained.failed`, and an error only if no network
        is left. The others are as they would be without the failed ones, whose numbers mean
        nothing.

    Raises
    ------
    RuntimeError
        A loss is not finite: the learning rate is too high for this condition. Or activations
        are to be kept after epochs that there are not, the architecture and the settings
        disagree about batch norm, `initial` is of other networks, or what sgld or early stopping
        needs is not there.
    ValueError
        Settings of networks differ in more than they may.
    neuroninfo.files.checkpoints.Interrupted
        SIGTERM came, and there is a checkpoint.
    """
    each = [settings] * len(seeds) if isinstance(settings, Settings) else list(settings)
    settings = shared(each)
    if architecture.batch_norm != (settings.regularizer.batch_norm_momentum is not None):
        raise RuntimeError(
            f"the architecture says batch norm {architecture.batch_norm}, the regularizer's "
            f"momentum is {settings.regularizer.batch_norm_momentum}: make both say the same"
        )
    if architecture.output_bits != settings.regularizer.output_bits:
        raise RuntimeError(
            f"the architecture has outputs of {architecture.output_bits} bits, the regularizer of "
            f"{settings.regularizer.output_bits}: make both say the same"
        )
    measured = splits[settings.measured_split]
    kept, n_kept = settings.activation_epochs, len(measured.labels)
    if len(set(kept)) < len(kept) or not set(kept) <= set(range(settings.epochs + 1)):
        raise RuntimeError(
            f"activations are to be kept after epochs {list(kept)}: choose each once, from 0 to "
            f"{settings.epochs}, the number of epochs"
        )
    if settings.optimizer == "sgld" and architecture.batch_norm:
        raise RuntimeError(
            "sgld with batch norm: its running statistics would know the data beyond what the "
            "noise hides; choose another optimizer or regularizer"
        )
    if history_epochs is not None and settings.regularizer.early_stopping is not None:
        raise RuntimeError("early stopping needs the loss of all epochs: leave out history_epochs")
    expected = (architecture, tuple(seeds))
    if initial is not None and (initial.architecture, initial.seeds) != expected:
        raise RuntimeError(
            f"the initial weights are of {initial.architecture} with seeds {list(initial.seeds)}, "
            f"what is to be trained is {architecture} with seeds {list(seeds)}"
        )
    device = splits["train"].inputs.device
    if together is None:
        together = 1 if device.type == "cpu" else len(seeds)
    learner = Learner(architecture, seeds, device, each, together, gathered_bytes)
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
        failed=np.full(n_seeds, -1, dtype=np.int32),
        information=noisy_information(architecture, settings, len(splits["train"])),
    )
    if learner.known is not None:
        trained.example_information = np.zeros((n_seeds, settings.epochs + 1, len(PRIORS)))
    stopping = None if settings.regularizer.early_stopping is None else EarlyStopping(learner)
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
        with_train = settings.train_loss == "every_epoch" or epoch == settings.epochs
        evaluated_now = [name for name in SPLITS if seen and (name != "train" or with_train)]
        if evaluated_now:
            sums = [evaluation(stack, splits[name], together) for name in evaluated_now]
            found = torch.stack(sums).cpu().numpy()  # one copy
            here = (slice(None), epoch, [SPLITS.index(name) for name in evaluated_now])
            trained.loss[here], trained.accuracy[here] = found[:, 0].T, found[:, 1].T
            finite = np.isfinite(trained.loss[here]).all(axis=1)
            trained.failed[~finite & (trained.failed < 0)] = epoch
            failure = trained.failure([own.learning_rate for own in each])
            if failure is not None and not (despite_failures and (trained.failed < 0).any()):
                raise RuntimeError(failure)
        if observe is not None:
            observe(epoch, stack)
        if stopping is not None and epoch > 0:
            stopping.see(epoch, trained.loss[:, epoch, SPLITS.index("validation")])
        if epoch in kept and epoch < settings.epochs:
            _keep(stack, measured, trained, kept.index(epoch), together)
        if report is not None and seen:
            seconds = time.monotonic() - begun
            report(_progress(trained, epoch, seconds, epoch + 1 - first, busy(device)))
        offer(epoch + 1)
    if stopping is not None:
        trained.final_epoch[:] = stopping.restore()
        of_kept = (np.arange(n_seeds), trained.final_epoch, SPLITS.index("train"))
        found = evaluation(stack, splits["train"], together).cpu().numpy()
        trained.loss[of_kept], trained.accuracy[of_kept] = found
    if settings.epochs in kept:
        _keep(stack, measured, trained, kept.index(settings.epochs), together)
    trained.means[:] = mean_outputs(stack, splits["train"].inputs, together)
    return trained


def mean_outputs(stack: Stack, inputs: Tensor, together: int) -> np.ndarray:
    """Mean output of every hidden neuron in evaluation mode, (S, neurons) float64."""
    shape = (len(stack.seeds), sum(stack.architecture.hidden))
    sums = torch.zeros(shape, dtype=torch.float64, device=inputs.device)
    for seeds, _, results in evaluated(stack, inputs, together):
        sums[seeds] += torch.cat(results[:-1], dim=-1).sum(1, dtype=torch.float64)
    return sums.cpu().numpy() / len(inputs)


def evaluation(stack: Stack, split: Split, together: int) -> Tensor:
    """Mean loss and accuracy on a split, (2, S) float64, on its device: nothing is waited for."""
    device, shape = split.inputs.device, (2, len(stack.seeds))
    loss, correct = sums = torch.zeros(shape, dtype=torch.float64, device=device)
    own: Tensor | int = 1
    if split.rows is not None:  # (S, n), whether it is a network's own
        own = torch.zeros(shape[1], len(split.labels), device=device)
        own.scatter_(1, split.rows, 1.0)
    for seeds, rows, results in evaluated(stack, split.inputs, together):
        logits, labels = results[-1], split.labels[rows]
        weight = own if isinstance(own, int) else own[seeds, rows]
        each = losses(logits, labels) * weight
        loss[seeds] += each.sum(1, dtype=torch.float64)
        correct[seeds] += ((logits.argmax(-1) == labels) * weight).sum(1)
    return sums / len(split)


def _keep(stack: Stack, split: Split, trained: Trained, epoch: int, together: int) -> None:
    for seeds, rows, results in evaluated(stack, split.inputs, together):
        trained.activations[seeds, epoch, rows] = torch.cat(results[:-1], dim=-1).cpu().numpy()
        trained.outputs[seeds, epoch, rows] = results[-1].cpu().numpy()


def _record(
    trained: Trained, settings: Settings
) -> tuple[Callable[[int], Arrays], Callable[[Arrays], None]]:
    """Save and restore the records of the epochs before this one, for a checkpoint."""

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
        history = {
            "loss": trained.loss[:, past],
            "accuracy": trained.accuracy[:, past],
            "failed": trained.failed,
        }
        if trained.example_information is not None:
            history["example-information"] = trained.example_information[:, past]
        return history | kept(epoch)

    def restore(saved: Arrays) -> None:
        epoch = saved["loss"].shape[1]
        for name, array in save(epoch).items():
            array[:] = saved[name]

    return save, restore


def _progress(trained: Trained, epoch: int, seconds: float, done: int, percent: int | None) -> str:
    """One line per epoch: mean losses, time, and the remaining time at the pace so far."""
    last, going = trained.loss.shape[1] - 1, trained.failed < 0
    losses = ", ".join(
        f"{split} {loss:.4f}"
        for split, loss in zip(SPLITS, trained.loss[going, epoch].mean(axis=0), strict=True)
        if not np.isnan(loss)
    )
    left = seconds / done * (last - epoch)
    gpu = "" if percent is None else f", GPU busy {percent} %"
    return (
        f"epoch {epoch} of {last}: mean loss {losses}; "
        f"{seconds:.1f} s, about {left:.0f} s left{gpu}"
    )
