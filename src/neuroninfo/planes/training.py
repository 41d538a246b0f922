"""Train networks and estimate the plane of each epoch as it passes: nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from neuroninfo.data.datasets import Examples
from neuroninfo.files.checkpoints import Arrays, Checkpoint, packed, unpacked
from neuroninfo.files.storage import labelled
from neuroninfo.networks import forward
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.planes import calibration, layers
from neuroninfo.planes.estimators.names import all_named
from neuroninfo.planes.estimators.protocol import Estimator
from neuroninfo.planes.estimators.sample_propagation import SamplePropagation
from neuroninfo.planes.settings import PlaneSettings
from neuroninfo.streams import Stream, generator
from neuroninfo.synergy import epochs
from neuroninfo.training import loop
from neuroninfo.training.layouts import activation_layout, outputs_dataset
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import SPLITS


def measured(examples: Examples, splits: Mapping[str, Split], most: int | None = None) -> Split:
    """Examples that planes are of: all inputs where there are no others, else validation.

    Parameters
    ----------
    examples, splits
        The data set, and its splits.
    most
        Only this number of them, from the first; None: all.
    """
    names = SPLITS if examples.complete else ("validation",)
    return Split(
        torch.cat([splits[name].inputs for name in names])[:most],
        torch.cat([splits[name].labels for name in names])[:most],
    )


def train(
    architecture: Architecture,
    seeds: Sequence[int],
    splits: dict[str, Split],
    settings: PlaneSettings,
    *,
    on: Split | None = None,
    checkpoint: Checkpoint | None = None,
    **options: Any,  # noqa: ANN401
) -> xr.Dataset:
    """Train as `loop.train`, and estimate planes on the way.

    Parameters
    ----------
    architecture, seeds, splits
        As of `loop.train`: the networks are those of the study, bit for bit. With early
        stopping all epochs have a plane; the study's network is that of an earlier one.
    settings
        Estimators and epochs, and how to train.
    on
        Examples that planes are of (`measured`); by default the validation split.
    checkpoint
        As of `loop.train`; the planes are part of it.
    **options
        Of `loop.train`.

    Returns
    -------
    Dataset
        As `layers.plane`, with ``loss`` and ``accuracy`` (seed, epoch, split) at those epochs, with
        redundancy and synergy of pairs if they are asked for (`epochs.of_epoch`; NaN of the
        output layer), and ``bias_input`` and ``bias_label`` (layer, estimator): estimate less
        true value on `calibration.reference` of as many dimensions and examples.

    Raises
    ------
    RuntimeError
        As there.
    ValueError
        Two estimators of one name.
    """
    estimators = all_named(settings.all_estimators, settings.training.study_seed)
    seldom = layers.names(estimators)[len(settings.estimators) :]
    measured_on = splits["validation"] if on is None else on
    parts: list[xr.Dataset] = []

    def observe(epoch: int, stack: Stack) -> None:
        if epoch not in settings.plane_epochs:
            return
        skipped = () if epoch in settings.costly_epochs else seldom
        of_seeds = []
        for row in range(len(stack.seeds)):  # one seed's outputs in memory at a time
            of_seed = outputs(
                stack.of(slice(row, row + 1)), measured_on, epoch, settings.training, estimators
            )
            plane = layers.of_epoch(of_seed, estimators, skipped)
            if settings.synergy:
                plane = plane.merge(epochs.of_epoch(of_seed), join="left", compat="no_conflicts")
            of_seeds.append(plane)
        parts.append(xr.concat(of_seeds, "seed", data_vars="minimal"))

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
    if settings.training.regularizer.early_stopping is None:  # which needs all losses
        options.setdefault("history_epochs", settings.plane_epochs)
    trained = loop.train(
        architecture,
        seeds,
        splits,
        settings.training,
        observe=observe,
        checkpoint=checkpoint,
        **options,
    )
    plane = layers.joined(parts, estimators)
    reached = plane["epoch"].values
    for name, values, words, unit in (
        ("loss", trained.loss, "mean cross-entropy", "nat"),
        ("accuracy", trained.accuracy, "accuracy", "1"),
    ):
        plane[name] = (("seed", "epoch", "split"), values[:, reached], labelled(words, unit))
    split = ("split", list(SPLITS), {"long_name": "part of the data"})
    n, (_, *widths) = len(measured_on.labels), architecture.widths
    return plane.assign_coords(
        split=split, **calibration.biases(estimators, widths, n, architecture.n_classes)
    )


def outputs(
    stack: Stack, split: Split, epoch: int, settings: Settings, estimators: Sequence[Estimator]
) -> xr.Dataset:
    """Outputs of one network as `layers.of_epoch` takes them, with noise if it trains with noise.

    Parameters
    ----------
    stack
        Of one seed.
    split, epoch, settings
        What it gets, when, and how it is trained.
    estimators
        `SamplePropagation` says how often the noise is drawn; else it is drawn once.
    """
    deviation = settings.regularizer.noise
    if deviation == 0:
        return outputs_dataset(stack, split, epoch)
    (seed,) = stack.seeds
    generators = [
        generator(settings.study_seed, Stream.MEASURED_NOISE, seed, layer, epoch)
        for layer in range(1, len(stack.architecture.hidden) + 1)
    ]
    before: list[Tensor] = []

    def disturb(layer: int, values: Tensor) -> Tensor:
        before.append(values)
        noise = generators[layer - 1].standard_normal(values.shape, dtype=np.float32)
        return values + deviation * torch.from_numpy(noise).to(values.device)

    network = stack.folded().tensors(split.inputs.device)
    *hidden, logits = forward.outputs(network, split.inputs, disturb)
    draws = max([e.draws for e in estimators if isinstance(e, SamplePropagation)], default=1)
    for _ in range(draws - 1):
        forward.outputs(network, split.inputs, disturb)
    centres = [
        torch.cat(before[first : first + len(hidden)], dim=-1).cpu().numpy()
        for first in range(0, len(before), len(hidden))
    ]
    dataset = activation_layout(
        stack,
        torch.cat(hidden, dim=-1).cpu().numpy()[:, None],
        logits.cpu().numpy()[:, None],
        split.labels.cpu().numpy(),
        [epoch],
    )
    dataset["centre"] = (
        ("draw", "seed", "epoch", "sample", "neuron"),
        np.stack(centres)[:, :, None],
        labelled("output of the neuron before the noise of its own layer", "1"),
    )
    return dataset.assign_attrs(noise=deviation)
