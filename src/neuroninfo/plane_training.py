"""Train networks and estimate the plane of each epoch as it passes: nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from neuroninfo import planes, training
from neuroninfo.checkpoints import Arrays, Checkpoint, packed, unpacked
from neuroninfo.datasets import SPLITS
from neuroninfo.estimators import Estimator
from neuroninfo.networks import Architecture, Stack
from neuroninfo.storage import labelled
from neuroninfo.training import Settings, Split


def train(
    architecture: Architecture,
    seeds: Sequence[int],
    splits: dict[str, Split],
    settings: Settings,
    estimators: Sequence[Estimator],
    n_epochs: int,
    *,
    checkpoint: Checkpoint | None = None,
    **options: Any,  # noqa: ANN401
) -> xr.Dataset:
    """Train as `training.train`, and estimate planes on the validation split on the way.

    Parameters
    ----------
    architecture, seeds, splits, settings
        As of `training.train`: the networks are those of the study, bit for bit. With early
        stopping all epochs have a plane; the study's network is that of an earlier one.
    estimators
        Each with a name of its own.
    n_epochs
        Epochs with a plane at most (`training.log_spaced_epochs`).
    checkpoint
        As of `training.train`; the planes are part of it.
    **options
        Of `training.train`.

    Returns
    -------
    Dataset
        As `planes.plane`, with ``loss`` and ``accuracy`` (seed, epoch, split) at those epochs.

    Raises
    ------
    neuroninfo.training.TrainingError
        As there.
    neuroninfo.planes.PlaneError
        Two estimators of one name.
    """
    planes.names(estimators)
    epochs = training.log_spaced_epochs(settings.epochs, n_epochs)
    parts: list[xr.Dataset] = []

    def observe(epoch: int, stack: Stack) -> None:
        if epoch in epochs:
            parts.append(
                planes.of_epoch(
                    training.outputs_dataset(stack, splits["validation"], epoch), estimators
                )
            )

    def save(_: int) -> Arrays:
        return {
            f"{number}-{name}": array
            for number, part in enumerate(parts)
            for name, array in packed(part).items()
        }

    def restore(saved: Arrays) -> None:
        by_number: dict[int, dict[str, np.ndarray]] = {}
        for key, array in saved.items():
            number, _, name = key.partition("-")
            by_number.setdefault(int(number), {})[name] = array
        parts[:] = [unpacked(by_number[number]) for number in sorted(by_number)]

    if checkpoint is not None:
        checkpoint.add("planes", save, restore)
    trained = training.train(
        architecture, seeds, splits, settings, observe=observe, checkpoint=checkpoint, **options
    )
    plane = planes.joined(parts, estimators)
    reached = plane["epoch"].values
    for name, values, words, unit in (
        ("loss", trained.loss, "mean cross-entropy", "nat"),
        ("accuracy", trained.accuracy, "accuracy", "1"),
    ):
        plane[name] = (("seed", "epoch", "split"), values[:, reached], labelled(words, unit))
    split = ("split", list(SPLITS), {"long_name": "part of the data"})
    return plane.assign_coords(split=split)
