"""Networks with hidden layers of width two, trained on a two-dimensional set (slide T3)."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Architecture, Stack, to_dataset
from neuroninfo.toys.settings import ToyNetworkSettings
from neuroninfo.training import loop
from neuroninfo.training.settings import Regularizer, Settings, log_spaced_epochs
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import SPLITS

WIDTH = 2


def train(toy: xr.Dataset, settings: ToyNetworkSettings) -> xr.Dataset:
    """Train from several initialisations on all points at once, in the layout of ``network.nc``.

    Restarts are the seeds of one stack; which of them is drawn, `logistic.best_restart` says.

    Parameters
    ----------
    toy
        ``logistic.nc``: its points are trained on.
    settings
        Of what shape, and how.

    Raises
    ------
    RuntimeError
        A loss is not finite.
    """
    kept = log_spaced_epochs(settings.epochs, settings.frames)
    stacks: list[xr.Dataset] = []

    def keep(epoch: int, stack: Stack) -> None:
        if epoch in kept:
            stacks.append(to_dataset(stack).copy(deep=True))  # training goes on in its arrays

    points = Split(
        torch.from_numpy(toy["input"].values.astype(np.float32)),
        torch.from_numpy(toy["label"].values.astype(np.int64)),
    )
    hidden = (WIDTH,) * settings.layers
    trained = loop.train(
        Architecture(toy.sizes["feature"], hidden, n_classes=2, activation=settings.activation),
        range(settings.restarts),
        dict.fromkeys(SPLITS, points),
        Settings(
            study_seed=settings.study_seed,
            dataset=f"toys/{toy.attrs['name']}",
            architecture="-".join(map(str, hidden)),
            activation=settings.activation,
            learning_rate=settings.learning_rate,
            batch_size=len(points.labels),
            epochs=settings.epochs,
            activation_epochs=(),
            regularizer=Regularizer(l2=settings.l2),
            train_loss="every_epoch",
        ),
        history_epochs=kept,
        together=settings.restarts,  # one product for all: 20 of them take little longer than one
        observe=keep,
    )
    coordinate = xr.DataArray(
        kept,
        dims="epoch",
        attrs={"long_name": "epochs trained; 0 is before training"},
        name="epoch",
    )
    dataset = xr.concat(stacks, dim=coordinate)
    train_split = SPLITS.index("train")
    dims = ("seed", "epoch")
    dataset["loss"] = (
        dims,
        trained.loss[:, kept, train_split],
        labelled("mean cross-entropy of the points", "nat"),
    )
    dataset["accuracy"] = (
        dims,
        trained.accuracy[:, kept, train_split],
        labelled("accuracy on the points", "1"),
    )
    return dataset.assign_attrs(l2=settings.l2)
