"""Results of training, and the layouts of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr

from neuroninfo.data.datasets import Examples
from neuroninfo.files.storage import labelled
from neuroninfo.networks.forward import evaluated
from neuroninfo.networks.stack import (
    Stack,
    neuron_coordinates,
    to_dataset,
)
from neuroninfo.training.settings import Settings
from neuroninfo.training.sgld_information import PRIORS
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import SPLITS


@dataclass
class Trained:
    """Results of training."""

    stack: Stack
    final_epoch: np.ndarray
    """(S) epoch after which the weights of `stack` were: the last, or by early stopping that of
    the lowest validation loss before patience ran out."""
    loss: np.ndarray
    """(S, epochs + 1, 3) mean cross-entropy in nats, evaluation mode, by `SPLITS`."""
    accuracy: np.ndarray
    """(S, epochs + 1, 3)."""
    activations: np.ndarray
    """(S, kept epochs, examples, hidden neurons) float32, of `Settings.measured_split`."""
    outputs: np.ndarray
    """(S, kept epochs, examples, classes) float32, logits of the same."""
    means: np.ndarray
    """(S, hidden neurons) float64, mean outputs of `stack` on the train split (all its rows)."""
    failed: np.ndarray
    """(S) epoch after which a loss was first not finite; -1: all losses are finite."""
    information: np.ndarray | None = None
    """(epochs + 1) nats; of sgld, as of `bounds.noisy_sgd_information`, summed over all steps."""
    example_information: np.ndarray | None = None
    """(S, epochs + 1, `bounds.PRIORS`) nats; of sgld, what the weights know of one training example
    given all others, at most: mean over examples, summed over all steps."""

    def of(self, place: slice) -> Trained:
        """Some of its networks, as views."""
        known = self.example_information
        return replace(
            self,
            stack=self.stack.of(place),
            final_epoch=self.final_epoch[place],
            loss=self.loss[place],
            accuracy=self.accuracy[place],
            activations=self.activations[place],
            outputs=self.outputs[place],
            means=self.means[place],
            failed=self.failed[place],
            example_information=None if known is None else known[place],
        )

    def failure(self, learning_rates: Sequence[float]) -> str | None:
        """What to say about networks whose loss is not finite; None: there are none.

        Parameters
        ----------
        learning_rates
            Of each network.
        """
        bad = np.flatnonzero(self.failed >= 0).tolist()
        if not bad:
            return None
        rates = sorted({learning_rates[network] for network in bad})
        return (
            f"epoch {self.failed[bad].min()}: the loss of seeds "
            f"{[self.stack.seeds[network] for network in bad]} is not finite; lower "
            f"training.learning_rate (now {', '.join(map(str, rates))})"
        )


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
        words = "largest information that the weights can have about the training set"
        history["information"] = ("epoch", trained.information, labelled(words, "nat"))
    if trained.example_information is not None:
        words = "largest information about one training example given the others, mean"
        known = (("seed", "epoch", "prior"), trained.example_information, labelled(words, "nat"))
        history["example_information"] = known
        history = history.assign_coords(prior=prior_coordinate())
    return history


def prior_coordinate() -> tuple[str, list[str], dict[str, str]]:
    """The coordinate of `bounds.PRIORS` in files."""
    return ("prior", list(PRIORS), {"long_name": "what stands for the example in the comparison"})


def activations_dataset(trained: Trained, settings: Settings, examples: Examples) -> xr.Dataset:
    """Activations of the split that is measured, in the layout of ``activations.nc``."""
    measured = examples.split(settings.measured_split)
    labels, index = examples.labels[measured], examples.index[measured]
    shared = activation_layout(
        trained.stack, trained.activations, trained.outputs, labels, settings.activation_epochs
    )
    return shared.assign_attrs(measured_split=settings.measured_split).assign_coords(
        split=(
            "sample",
            [settings.measured_split] * len(labels),
            {"long_name": "part of the data"},
        ),
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
            f"Outputs of every neuron on {settings.measured_split} data",
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
    """Coordinates and variables that all files in the layout of ``activations.nc`` share."""
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
