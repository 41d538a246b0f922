"""Train networks and estimate the plane of each epoch as it passes: nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
import xarray as xr

from neuroninfo import planes, training
from neuroninfo.datasets import SPLITS
from neuroninfo.estimators import Estimator
from neuroninfo.forward import evaluated
from neuroninfo.networks import Architecture, Stack, neuron_coordinates
from neuroninfo.storage import labelled
from neuroninfo.training import Settings, Split

_DIMS: Final = ("seed", "epoch")


def train(
    architecture: Architecture,
    seeds: Sequence[int],
    splits: dict[str, Split],
    settings: Settings,
    estimators: Sequence[Estimator],
    n_epochs: int,
) -> xr.Dataset:
    """Train as `training.train`, and estimate planes on the validation split on the way.

    Parameters
    ----------
    architecture, seeds, splits, settings
        As of `training.train`: the networks are those of the study, bit for bit.
    estimators
        Each with a name of its own.
    n_epochs
        About how many epochs have a plane (`training.log_spaced_epochs`).

    Returns
    -------
    Dataset
        As `planes.plane`, with ``loss`` and ``accuracy`` (seed, epoch, split) at those epochs.

    Raises
    ------
    neuroninfo.training.TrainingError
        As there.
    """
    epochs = training.log_spaced_epochs(settings.epochs, n_epochs)
    parts: list[xr.Dataset] = []

    def observe(epoch: int, stack: Stack) -> None:
        if epoch in epochs:
            parts.append(
                planes.of_epoch(_activations(stack, splits["validation"], epoch), estimators)
            )

    trained = training.train(architecture, seeds, splits, settings, observe=observe)
    plane = planes.joined(parts, estimators)
    reached = plane["epoch"].values
    for name, values, words, unit in (
        ("loss", trained.loss, "mean cross-entropy", "nat"),
        ("accuracy", trained.accuracy, "accuracy", "1"),
    ):
        plane[name] = ((*_DIMS, "split"), values[:, reached], labelled(words, unit))
    split = ("split", list(SPLITS), {"long_name": "part of the data"})
    return plane.assign_coords(split=split)


def _activations(stack: Stack, split: Split, epoch: int) -> xr.Dataset:
    """Outputs of all layers, in the layout of ``activations.nc`` at one epoch."""
    hidden = stack.architecture.hidden
    shape = (len(stack.seeds), 1, len(split.labels))
    activation = np.empty((*shape, sum(hidden)), dtype=np.float32)
    output = np.empty((*shape, stack.architecture.n_classes), dtype=np.float32)
    for seeds, rows, results in evaluated(stack, split.inputs, together=1):
        activation[seeds, 0, rows] = torch.cat(results[:-1], dim=-1).cpu().numpy()
        output[seeds, 0, rows] = results[-1].cpu().numpy()
    return xr.Dataset(
        {
            "activation": ((*_DIMS, "sample", "neuron"), activation),
            "output": ((*_DIMS, "sample", "class"), output),
            "label": ("sample", split.labels.cpu().numpy()),
        },
        coords={
            "seed": ("seed", list(stack.seeds), {"long_name": "seed"}),
            "epoch": ("epoch", [epoch], {"long_name": "epochs trained"}),
            **neuron_coordinates(hidden),
        },
    )
