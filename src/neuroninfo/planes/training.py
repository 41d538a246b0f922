"""Train networks and estimate the plane of each epoch as it passes: nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from neuroninfo.planes.estimators.names import named
from neuroninfo.planes.estimators.protocol import Estimator
from neuroninfo.planes.estimators.sample_propagation import SamplePropagation
from neuroninfo.streams import Stream, generator
from neuroninfo.training import loop
from neuroninfo.training.layouts import activation_layout, outputs_dataset
from neuroninfo.training.settings import Settings, log_spaced_epochs
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import SPLITS


@dataclass(frozen=True)
class Planes:
    """What is estimated, and when."""

    estimators: tuple[Estimator, ...]
    """Each with a name of its own."""
    epochs: tuple[int, ...]
    """With a plane, ascending."""
    seldom: frozenset[str] = frozenset()
    """Names of costly estimators, which are asked at `seldom_epochs` only."""
    seldom_epochs: tuple[int, ...] = ()

    def skipped(self, epoch: int) -> frozenset[str]:
        """Names of estimators that are not asked at an epoch."""
        return frozenset() if epoch in self.seldom_epochs else self.seldom


def planes_from(resolved: Mapping[str, Any]) -> Planes:
    """From a rule's parameters (`study.Study.plane_settings`)."""
    last, study_seed = resolved["training"]["epochs"], resolved["training"]["study_seed"]
    epochs = log_spaced_epochs(last, resolved["epochs"])
    costly = list(resolved["costly"]["estimators"])
    places = np.linspace(0, len(epochs) - 1, resolved["costly"]["epochs"]).round().astype(int)
    return Planes(
        tuple(named(name, study_seed) for name in [*resolved["estimators"], *costly]),
        tuple(epochs),
        frozenset(costly),
        tuple(sorted({epochs[place] for place in places})),
    )


def measured(examples: Examples, splits: Mapping[str, Split]) -> Split:
    """Examples that planes are of: all inputs where there are no others, else validation."""
    if not examples.complete:
        return splits["validation"]
    return Split(
        torch.cat([splits[name].inputs for name in SPLITS]),
        torch.cat([splits[name].labels for name in SPLITS]),
    )


def train(
    architecture: Architecture,
    seeds: Sequence[int],
    splits: dict[str, Split],
    settings: Settings,
    wanted: Planes,
    *,
    on: Split | None = None,
    checkpoint: Checkpoint | None = None,
    **options: Any,  # noqa: ANN401
) -> xr.Dataset:
    """Train as `loop.train`, and estimate planes on the way.

    Parameters
    ----------
    architecture, seeds, splits, settings
        As of `loop.train`: the networks are those of the study, bit for bit. With early
        stopping all epochs have a plane; the study's network is that of an earlier one.
    wanted
        Estimators and epochs.
    on
        Examples that planes are of (`measured`); by default the validation split.
    checkpoint
        As of `loop.train`; the planes are part of it.
    **options
        Of `loop.train`.

    Returns
    -------
    Dataset
        As `layers.plane`, with ``loss`` and ``accuracy`` (seed, epoch, split) at those epochs, and
        ``bias_input`` and ``bias_label`` (layer, estimator): estimate less true value on
        `calibration.reference` of as many dimensions and examples.

    Raises
    ------
    RuntimeError
        As there.
    ValueError
        Two estimators of one name.
    """
    layers.names(wanted.estimators)
    seen = splits["validation"] if on is None else on
    parts: list[xr.Dataset] = []

    def observe(epoch: int, stack: Stack) -> None:
        if epoch not in wanted.epochs:
            return
        of_seeds = [  # one seed's outputs in memory at a time
            layers.of_epoch(
                outputs(stack.of(slice(row, row + 1)), seen, epoch, settings, wanted.estimators),
                wanted.estimators,
                wanted.skipped(epoch),
            )
            for row in range(len(stack.seeds))
        ]
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
    trained = loop.train(
        architecture, seeds, splits, settings, observe=observe, checkpoint=checkpoint, **options
    )
    plane = layers.joined(parts, wanted.estimators)
    reached = plane["epoch"].values
    for name, values, words, unit in (
        ("loss", trained.loss, "mean cross-entropy", "nat"),
        ("accuracy", trained.accuracy, "accuracy", "1"),
    ):
        plane[name] = (("seed", "epoch", "split"), values[:, reached], labelled(words, unit))
    split = ("split", list(SPLITS), {"long_name": "part of the data"})
    n, (_, *widths) = len(seen.labels), architecture.widths
    return plane.assign_coords(
        split=split, **calibration.biases(wanted.estimators, widths, n, architecture.n_classes)
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
