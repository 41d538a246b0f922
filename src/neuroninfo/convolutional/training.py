"""Training of convolutional networks: one after the other, by modules and optimizers of torch.

Random numbers are those of the study's streams: a seed's network begins with the same weights, and
drops the same channels, whatever block it is trained in; batches are shared by all seeds.  On a
CPU the numbers of a seed are bitwise the same in every block.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from neuroninfo.convolutional.architectures import LAYERS, build, to_dataset, unit_widths
from neuroninfo.data.datasets import Examples as Stored
from neuroninfo.files.checkpoints import Arrays, Checkpoint
from neuroninfo.files.storage import labelled
from neuroninfo.networks.forward import losses
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.own_network.evaluation import evaluating
from neuroninfo.own_network.examples import Examples
from neuroninfo.own_network.layers import find
from neuroninfo.own_network.reading import read, summarized, unit_coordinates
from neuroninfo.streams import Stream, generator
from neuroninfo.training.layouts import Trained, activations_dataset, history_dataset
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import SPLITS

_ROWS = 512
"""Examples of a block that are evaluated together; last bits depend on it."""
_OUTPUT = "mean over positions of the channel's output after the nonlinearity, before dropout"


class Learner:
    """A network being trained."""

    def __init__(
        self, seed: int, settings: Settings, n_inputs: int, n_classes: int, device: torch.device
    ) -> None:
        self.seed, self.settings, self.device = seed, settings, device
        regularizer = settings.regularizer
        with _drawn_by(settings.study_seed, Stream.INITIALIZATION, seed, device=device):
            network = build(
                settings.architecture,
                n_inputs,
                n_classes,
                settings.activation,
                batch_norm=regularizer.batch_norm_momentum,
                dropout=regularizer.dropout,
            )
        self.network: nn.Sequential = network.to(device)
        self.optimizer = _optimizer(self.network, settings)
        with evaluating(self.network):
            self.layers, _ = find(self.network, torch.zeros(2, n_inputs, device=device), LAYERS)

    def run_epoch(self, split: Split, epoch: int) -> None:
        """One pass over the training examples."""
        settings = self.settings
        keys = (settings.dataset, settings.architecture, epoch)
        random = generator(settings.study_seed, Stream.BATCH_ORDER, *keys)
        order = torch.from_numpy(random.permutation(len(split))).to(self.device)
        self.network.train()
        with _drawn_by(settings.study_seed, Stream.DROPOUT, self.seed, epoch, device=self.device):
            for rows in torch.split(order, settings.batch_size):
                self.optimizer.zero_grad()
                loss = nn.functional.cross_entropy(
                    self.network(split.inputs[rows]),
                    split.labels[rows],
                    label_smoothing=settings.regularizer.label_smoothing,
                )
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()

    def outputs(self, split: Split, *, units: bool = True) -> tuple[np.ndarray, Tensor]:
        """Spatial means of the units' outputs, (n, units) or (n, 0), and logits (n, classes)."""
        layers = self.layers if units else []
        edges = np.cumsum([0, *(layer.width for layer in layers)])
        values = np.empty((len(split), edges[-1]), dtype=np.float32)

        def keep(layer: int, rows: slice, given: Tensor) -> None:
            of_units = summarized(layers[layer], given, "mean").cpu().numpy()
            values[rows, edges[layer] : edges[layer + 1]] = of_units

        data = (split.inputs, split.labels)
        with evaluating(self.network):
            _, logits = read(
                self.network, layers, Examples("split", data, self.network, rows=_ROWS), keep
            )
        return values, logits

    def checkpoint(self, epoch: int) -> Arrays:
        """All that later epochs, from this one on, depend on."""
        return {name: tensor.cpu().numpy() for name, tensor in self._state().items()}

    def restore(self, saved: Arrays) -> None:
        """Continue from a state that `checkpoint` gave."""
        state = {name: torch.from_numpy(np.array(saved[name])) for name in saved}
        weights = {n.removeprefix("network/"): t for n, t in state.items() if "network/" in n}
        self.network.load_state_dict(weights)
        for number, parameter in enumerate(self._parameters()):
            start = f"optimizer/{number}/"
            self.optimizer.state[parameter] = {
                name.removeprefix(start): tensor if tensor.dim() == 0 else tensor.to(self.device)
                for name, tensor in state.items()
                if name.startswith(start)
            }

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def _state(self) -> dict[str, Tensor]:
        """Tensors of a checkpoint by name."""
        weights = {f"network/{name}": t for name, t in self.network.state_dict().items()}
        moments = {
            f"optimizer/{number}/{name}": tensor
            for number, parameter in enumerate(self._parameters())
            for name, tensor in self.optimizer.state[parameter].items()
            if tensor is not None
        }
        return weights | moments


def train(
    settings: Settings,
    seeds: Sequence[int],
    splits: Mapping[str, Split],
    n_classes: int,
    *,
    checkpoint: Checkpoint | None = None,
    report: Callable[[str], None] | None = None,
) -> tuple[list[nn.Sequential], Trained]:
    """Train one network per seed.

    Parameters
    ----------
    settings
        How to train; `configuration.checks` says which regularizers and optimizers there are.
    seeds
        The result of one seed does not depend on the other seeds.
    splits
        By `SPLITS`; inputs are flattened images.
    n_classes
        Of the data.
    checkpoint, report
        As of `training.loop.train`.

    Returns
    -------
    list of Sequential, Trained
        The networks and the record of their training. Its stack holds their shape only, without
        weights.

    Raises
    ------
    RuntimeError
        A loss is not finite: the learning rate is too high for this condition.
    neuroninfo.files.checkpoints.Interrupted
        SIGTERM came, and there is a checkpoint.
    """
    train_split, measured = splits["train"], splits[settings.measured_split]
    n_inputs, device = train_split.inputs.shape[1], train_split.inputs.device
    learners = [Learner(seed, settings, n_inputs, n_classes, device) for seed in seeds]
    widths = unit_widths(settings.architecture)
    shape = (len(seeds), settings.epochs + 1, len(SPLITS))
    kept = settings.activation_epochs
    trained = Trained(
        Stack(
            Architecture(n_inputs, widths, n_classes, settings.activation), tuple(seeds), [], [], []
        ),
        final_epoch=np.full(len(seeds), settings.epochs, dtype=np.int32),
        loss=np.full(shape, np.nan),
        accuracy=np.full(shape, np.nan),
        activations=np.zeros((len(seeds), len(kept), len(measured), sum(widths)), np.float32),
        outputs=np.zeros((len(seeds), len(kept), len(measured), n_classes), np.float32),
        means=np.zeros((len(seeds), sum(widths))),
        failed=np.full(len(seeds), -1, dtype=np.int32),
    )
    first = 0
    if checkpoint is not None:
        for learner in learners:
            checkpoint.add(f"seed-{learner.seed}", learner.checkpoint, learner.restore)
        checkpoint.add("record", lambda _: _record(trained), lambda saved: _restore(trained, saved))
        first = checkpoint.resume() or 0
    begun = time.monotonic()
    for epoch in range(first, settings.epochs + 1):
        last = epoch == settings.epochs
        for position, learner in enumerate(learners):
            if epoch > 0:
                learner.run_epoch(train_split, epoch)
            for number, name in enumerate(SPLITS):
                if name == "train" and not (last or settings.train_loss == "every_epoch"):
                    continue
                of_units = name == settings.measured_split and epoch in kept
                needed = of_units or (name == "train" and last)
                values, logits = learner.outputs(splits[name], units=needed)
                labels = splits[name].labels
                here = (position, epoch, number)
                trained.loss[here] = float(losses(logits, labels).double().mean())
                trained.accuracy[here] = float((logits.argmax(-1) == labels).double().mean())
                if of_units:
                    trained.activations[position, kept.index(epoch)] = values
                    trained.outputs[position, kept.index(epoch)] = logits.cpu().numpy()
                if name == "train" and last:
                    trained.means[position] = values.mean(axis=0, dtype=np.float64)
            if not np.isfinite(trained.loss[position, epoch, 1:]).all():
                trained.failed[position] = epoch
                raise RuntimeError(trained.failure([settings.learning_rate] * len(seeds)))
        if report is not None:
            means = trained.loss[:, epoch].mean(axis=0)
            shown = ", ".join(
                f"{name} {loss:.4f}"
                for name, loss in zip(SPLITS, means, strict=True)
                if not np.isnan(loss)
            )
            report(f"epoch {epoch}: loss {shown}, {time.monotonic() - begun:.1f} s")
        if checkpoint is not None:
            checkpoint.offer(epoch + 1)
    return [learner.network.eval() for learner in learners], trained


def stored(
    networks: Sequence[nn.Sequential], trained: Trained, settings: Settings, examples: Stored
) -> list[tuple[str, str, xr.Dataset]]:
    """Kind, title and contents of the files of a training."""
    architecture = trained.stack.architecture
    network = to_dataset(
        list(networks),
        list(trained.stack.seeds),
        {
            "architecture": settings.architecture,
            "activation": settings.activation,
            "n_inputs": architecture.n_inputs,
            "n_classes": architecture.n_classes,
            "batch_norm": settings.regularizer.batch_norm_momentum,
            "channels": "first",
        },
    )
    with evaluating(networks[0]):
        inputs = torch.zeros(2, architecture.n_inputs, device=next(networks[0].parameters()).device)
        names = [layer.name for layer in find(networks[0], inputs, LAYERS)[0]]
    words = "mean output of the channel over positions and the train split, evaluation mode"
    network["mean_output"] = (("seed", "neuron"), trained.means, labelled(words, "1"))
    activations = activations_dataset(trained, settings, examples)
    activations["activation"].attrs["long_name"] = _OUTPUT
    return [
        (
            "network",
            "Weights of trained networks",
            network.assign_coords(unit_coordinates(names, architecture.hidden)),
        ),
        ("history", "Loss and accuracy by epoch", history_dataset(trained)),
        (
            "activations",
            f"Spatial means of every channel on {settings.measured_split} data",
            activations,
        ),
    ]


@contextlib.contextmanager
def _drawn_by(study_seed: int, stream: Stream, *keys: int, device: torch.device) -> Iterator[None]:
    """Torch's global generators follow a stream, and are put back."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(int(generator(study_seed, stream, *keys).integers(2**63)))
        yield


def _optimizer(network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Adam, AdamW (decoupled l2) or SGD; vectors are biases, scales and shifts."""
    regularizer = settings.regularizer
    parameters = list(network.parameters())
    of_vectors = regularizer.l2 if regularizer.decay_biases else 0.0
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": regularizer.l2},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": of_vectors},
    ]
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum or 0.0)
    kind = torch.optim.AdamW if regularizer.decay == "decoupled" else torch.optim.Adam
    return kind(groups, lr=settings.learning_rate)


def _record(trained: Trained) -> dict[str, np.ndarray]:
    names = ("loss", "accuracy", "activations", "outputs")
    return {name: getattr(trained, name) for name in names}


def _restore(trained: Trained, saved: Arrays) -> None:
    for name, array in _record(trained).items():
        array[:] = saved[name]
