"""Train networks for bounds: gaps by size of the training set, and supersamples.

Every network of a stack has training examples of its own, so that means over networks are over
training sets too, as bounds on the expected gap need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neuroninfo.data.datasets import Examples
from neuroninfo.files.checkpoints import Checkpoint
from neuroninfo.files.storage import labelled
from neuroninfo.generalization import bounds
from neuroninfo.generalization.bounds import (
    LOSSES,
    SATURATED,
)
from neuroninfo.generalization.settings import GapSettings
from neuroninfo.generalization.subset_training import (
    check_enough,
    epochs_of,
    resumed,
    trained_on_subsets,
)
from neuroninfo.networks.forward import evaluated, losses
from neuroninfo.networks.stack import Stack
from neuroninfo.planes.estimators.names import all_named
from neuroninfo.planes.estimators.protocol import EstimationError, Estimator
from neuroninfo.streams import Stream, generator
from neuroninfo.training.layouts import prior_coordinate
from neuroninfo.training.loop import architecture_for
from neuroninfo.training.settings import Settings
from neuroninfo.training.sgld_information import PRIORS
from neuroninfo.training.splits import Split, split_tensors


def gaps(
    examples: Examples,
    settings: GapSettings,
    seeds: Sequence[int],
    device: torch.device,
    *,
    checkpoint: Checkpoint | None = None,
    report: Callable[[str], None] = lambda line: None,
    **options: Any,  # noqa: ANN401
) -> xr.Dataset:
    """Train on subsets of several sizes: gaps, and bounds from what layers and weights know.

    Parameters
    ----------
    examples
        With the splits ``train``, of which subsets are drawn for each seed, and ``test``.
    settings
        What is trained and estimated. Its label noise is that of the examples already.
    seeds
        Of initialisation and training set.
    device
        Where.
    checkpoint
        Holds the sizes that are done: the next attempt begins with the one that was not.
    report
        Takes a line after each size, and within one when there was none for long (`SILENCE`).
    **options
        Of `loop.train`.

    Returns
    -------
    Dataset
        In the layout of ``bounds.nc``.

    Raises
    ------
    ValueError
        There are fewer training examples than asked for.
    RuntimeError
        A loss is not finite.
    """
    training, study_seed = settings.training, settings.training.study_seed
    shape = architecture_for(examples, training)
    estimators = all_named(settings.estimators, study_seed)
    splits = split_tensors(examples, device)
    pool, test = splits["train"], splits["test"]
    check_enough(len(pool), settings.sizes[-1], examples.name)
    n_layers, sizes = len(shape.hidden), settings.sizes
    loss = np.empty((len(seeds), len(sizes), len(LOSSES), 2))
    information = np.empty((len(seeds), len(sizes), n_layers, len(estimators)))
    epochs = np.array([epochs_of(settings.steps, m, training.batch_size) for m in sizes])
    known = np.full(len(sizes), np.nan)
    of_example = np.full((len(seeds), len(sizes), len(PRIORS)), np.nan)
    begin, offer = resumed(
        checkpoint,
        {"loss": loss, "information": information, "known": known, "of-example": of_example},
    )
    for number, m in enumerate(sizes[begin:], begin):
        rows = np.stack(
            [
                generator(study_seed, Stream.SUBSET, examples.name, m, seed).permutation(len(pool))[
                    :m
                ]
                for seed in seeds
            ]
        )
        of_size = replace(training, epochs=int(epochs[number]))
        between = partial(offer, number)
        trained = trained_on_subsets(shape, seeds, pool, rows, of_size, between, report, options)
        if trained.information is not None:
            known[number] = trained.information[-1]
        if trained.example_information is not None:
            of_example[:, number] = trained.example_information[:, -1]
        for place in range(len(seeds)):
            network = trained.stack.of(slice(place, place + 1))
            own = Split(pool.inputs[rows[place]], pool.labels[rows[place]])
            for part, split in enumerate((own, test)):
                loss[place, number, :, part] = _loss(network, split, settings.highest)
            _check_finite(loss[place, number], seeds[place], m, of_size)
            information[place, number] = _layers(network, own, estimators, settings.measured)
        gap = loss[:, number, 0, 1] - loss[:, number, 0, 0]
        report(f"{m} examples, {of_size.epochs} epochs: mean gap of the error {gap.mean():.4f}")
    return _dataset(seeds, settings, estimators, loss, information, epochs, known, of_example)


def _dataset(
    seeds: Sequence[int],
    settings: GapSettings,
    estimators: Sequence[Estimator],
    loss: NDArray[np.float64],
    information: NDArray[np.float64],
    epochs: NDArray[np.int64],
    known: NDArray[np.float64],
    of_example: NDArray[np.float64],
) -> xr.Dataset:
    """Bounds of what was measured: ``loss`` is (seed, size, loss, train or test)."""
    sizes = np.array(settings.sizes)
    measured = np.minimum(sizes, settings.measured)
    highest = np.array([1.0, settings.highest])
    names: list[tuple[str, str, str]] = []
    values, saturated = [], []
    of_shape = (len(seeds), len(sizes), len(LOSSES))
    for layer in range(information.shape[2]):
        for number, estimator in enumerate(estimators):
            bits = np.maximum(information[:, :, layer, number], 0)
            shape = bounds.information_shape(bits, sizes)
            names.append(("B1", estimator.name, str(layer + 1)))
            values.append(np.stack([shape, shape], axis=-1))
            compression = bounds.input_compression(bits, sizes, settings.delta)
            names.append(("B2", estimator.name, str(layer + 1)))
            values.append(np.stack([compression, np.full_like(compression, np.nan)], axis=-1))
            saturated += 2 * [bits >= np.log2(measured) - SATURATED]
    if not np.isnan(known).any():
        sigma = [bounds.subgaussian(0, top) for top in highest]
        # Of all networks alike: what bounds the mean gap is the mean information of training sets.
        of_weights = [("B3", "", [bounds.weight_information(known, sizes, s) for s in sigma])]
        for prior, nats in zip(PRIORS, of_example.mean(axis=0).T, strict=True):
            of_sizes = [bounds.individual_samples(nats[:, np.newaxis], s) for s in sigma]
            of_weights.append(("B4", prior, of_sizes))
        for bound, prior, of_sizes in of_weights:
            names.append((bound, prior, ""))
            values.append(np.broadcast_to(np.stack(of_sizes, axis=-1), of_shape))
            saturated.append(np.zeros(of_shape[:2], dtype=bool))
    dims = ("seed", "train_size", "loss")
    labels = [
        " ".join(filter(None, (b, e, f"layer {layer}" if layer else ""))) for b, e, layer in names
    ]
    return xr.Dataset(
        {
            "train": (dims, loss[..., 0], labelled("mean loss on the training set", "1")),
            "test": (dims, loss[..., 1], labelled("mean loss on the test split", "1")),
            "gap": (
                dims,
                loss[..., 1] - loss[..., 0],
                labelled("generalization gap, test less training loss", "1"),
            ),
            "bound_value": (
                (*dims, "bound_name"),
                np.stack(values, axis=-1),
                labelled("bound on the gap; of B1 its shape only", "1"),
            ),
            "saturated": (
                ("seed", "train_size", "bound_name"),
                np.stack(saturated, axis=-1).astype(np.int8),
                labelled("1 where the estimated I(X;L) is log2 of the sample size", "1"),
            ),
            "mutual_information_input": (
                ("seed", "train_size", "layer", "estimator"),
                information,
                labelled("mutual information I(X;L) of input and layer, as estimated", "bit"),
            ),
            "measured": (
                "train_size",
                measured,
                labelled("training examples that I(X;L) is estimated on", "1"),
            ),
            "epochs": ("train_size", epochs, labelled("epochs trained", "1")),
            "weight_information": (
                "train_size",
                known,
                labelled(
                    "largest information that the weights can have about the training set (B5)",
                    "nat",
                ),
            ),
            "example_information": (
                ("seed", "train_size", "prior"),
                of_example,
                labelled(
                    "largest information that the weights can have about one training example "
                    "given the others, mean",
                    "nat",
                ),
            ),
            "highest": ("loss", highest, labelled("largest value of the loss", "1")),
        },
        coords={
            "seed": ("seed", list(seeds), {"long_name": "seed"}),
            "train_size": ("train_size", sizes, {"long_name": "examples of the training set"}),
            "loss": ("loss", list(LOSSES), {"long_name": "0-1 loss, or cross-entropy (nat), cut"}),
            "layer": (
                "layer",
                [str(n + 1) for n in range(information.shape[2])],
                {"long_name": "hidden layer"},
            ),
            "estimator": (
                "estimator",
                [estimator.name for estimator in estimators],
                {"long_name": "estimator and its settings"},
            ),
            "prior": prior_coordinate(),
            "bound_name": ("bound_name", labels, {"long_name": "bound, estimator and layer"}),
            "bound": ("bound_name", [n[0] for n in names], {"long_name": "bound"}),
            "of_estimator": (
                "bound_name",
                [n[1] for n in names],
                {"long_name": "estimator or comparison behind the bound"},
            ),
            "of_layer": ("bound_name", [n[2] for n in names], {"long_name": "layer behind it"}),
        },
    )


def _loss(network: Stack, split: Split, highest: float) -> NDArray[np.float64]:
    """Mean losses of one network by `LOSSES`."""
    sums = torch.zeros(2, dtype=torch.float64)
    for _, rows, results in evaluated(network, split.inputs, together=1):
        logits, labels = results[-1][0], split.labels[rows]
        sums[0] += (logits.argmax(-1) != labels).sum().cpu()
        each: Tensor = losses(logits, labels)
        sums[1] += each.clamp(max=highest).sum(dtype=torch.float64).cpu()
    return sums.numpy() / len(split)


def _layers(
    network: Stack, split: Split, estimators: Sequence[Estimator], measured: int
) -> NDArray[np.float64]:
    """I(X;L) in bits of each hidden layer by each estimator, on the first examples."""
    labels = split.labels[:measured].cpu().numpy()
    parts = [results[:-1] for _, _, results in evaluated(network, split.inputs[:measured], 1)]
    layers = [torch.cat(layer, dim=1)[0].cpu().numpy() for layer in zip(*parts, strict=True)]
    return np.array(
        [[_input(estimator, layer, labels) for estimator in estimators] for layer in layers]
    )


def _input(estimator: Estimator, outputs: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """I(X;L) in bits; NaN where the estimator has none."""
    try:
        return estimator(outputs, labels).input
    except (EstimationError, np.linalg.LinAlgError):
        return float("nan")


def _check_finite(loss: NDArray[np.float64], seed: int, m: int, settings: Settings) -> None:
    if not np.isfinite(loss).all():
        raise RuntimeError(
            f"{m} examples: the loss of seed {seed} is not finite; lower the learning rate (now "
            f"{settings.learning_rate})"
        )
