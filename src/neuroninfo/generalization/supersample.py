"""Networks trained on random halves of pools of pairs (f-CMI)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
    PERMUTED,
    PLUG_IN,
    WEIGHTS,
)
from neuroninfo.generalization.settings import SupersampleSettings
from neuroninfo.generalization.subset_training import (
    check_enough,
    epochs_of,
    resumed,
    trained_on_subsets,
)
from neuroninfo.networks.forward import evaluated
from neuroninfo.networks.stack import Stack
from neuroninfo.streams import Stream, generator
from neuroninfo.training.loop import architecture_for
from neuroninfo.training.splits import Split, split_tensors


def supersample(
    examples: Examples,
    settings: SupersampleSettings,
    device: torch.device,
    *,
    checkpoint: Checkpoint | None = None,
    report: Callable[[str], None] = lambda line: None,
    **options: Any,  # noqa: ANN401
) -> xr.Dataset:
    """Train on random halves of pools of pairs, and estimate what predictions reveal of them (B6).

    Parameters
    ----------
    examples
        With the split ``train``, of which pools are drawn.
    settings
        What is trained. Its classes and label noise are those of the examples already.
    device, report, **options
        As of `gaps`; network k of each pool has seed k.
    checkpoint
        Holds the pools that are done: the next attempt begins with the one that was not.

    Returns
    -------
    Dataset
        In the layout of ``supersample.nc``; the loss is 0-1 loss.

    Raises
    ------
    ValueError
        There are fewer examples than a pool needs.
    """
    training = settings.training
    shape = architecture_for(examples, training)
    whole = split_tensors(examples, device)["train"]
    check_enough(len(whole), 2 * settings.sizes[-1], examples.name)
    grown = networks_grown(settings.masks)
    cells = (len(settings.sizes), settings.pools)
    error = np.empty((*cells, settings.masks, 2))
    value = np.empty((*cells, len(grown), 3))
    nats = np.empty_like(value)
    largest = settings.sizes[-1]
    outcome: dict[str, NDArray[Any]] = {
        "selected": np.full((*cells, settings.masks, largest), -1, dtype=np.int8),
        "predicted": np.full((*cells, settings.masks, 2 * largest), -1, dtype=np.int16),
        "label": np.full((*cells, 2 * largest), -1, dtype=np.int16),
    }
    begin, offer = resumed(checkpoint, {"error": error, "value": value, "nats": nats, **outcome})
    for part, (number, pool) in enumerate(np.ndindex(cells)):
        if part < begin:
            continue
        m = settings.sizes[number]
        of_size = replace(training, epochs=epochs_of(settings.steps, m, training.batch_size))
        random = generator(training.study_seed, Stream.SUPERSAMPLE, examples.name, m, pool)
        drawn = random.permutation(len(whole))[: 2 * m]
        selected = random.integers(0, 2, (settings.masks, m))
        # Pair i is examples 2i and 2i + 1 of the pool.
        rows = 2 * np.arange(m) + selected
        own = Split(whole.inputs[drawn], whole.labels[drawn])
        between, seeds = partial(offer, part), range(settings.masks)
        trained = trained_on_subsets(shape, seeds, own, rows, of_size, between, report, options)
        predicted = _predictions(trained.stack, own.inputs)
        labels = own.labels.cpu().numpy()
        wrong = predicted != labels
        outcome["selected"][number, pool, :, :m] = selected
        outcome["predicted"][number, pool, :, : 2 * m] = predicted
        outcome["label"][number, pool, : 2 * m] = labels
        for place, half in enumerate((rows, 2 * np.arange(m) + 1 - selected)):
            error[number, pool, :, place] = np.take_along_axis(wrong, half, 1).mean(axis=1)
        pairs = predicted.reshape(settings.masks, m, 2)
        for place, k in enumerate(grown):
            informations = _selections(
                selected[:k], pairs[:k], shape.n_classes, settings.permutations, random
            )
            value[number, pool, place] = [
                np.mean([bounds.functional_cmi(one) for one in several]) for several in informations
            ]
            nats[number, pool, place] = [np.mean(several) for several in informations]
        if pool == settings.pools - 1:
            gap = (error[number, ..., 1] - error[number, ..., 0]).mean()
            report(
                f"{m} pairs, {of_size.epochs} epochs: mean gap {gap:.4f}, "
                f"f-CMI bound {value[number, :, -1, 0].mean():.4f}"
            )
    return _supersample_dataset(settings, grown, error, value, nats).assign(_outcome(outcome))


def _outcome(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The half and the predictions of every network, so that bounds can be added later."""
    none = "; -1 beyond the pool"
    described = {
        "selected": (("mask", "pair"), f"which of the pair was trained on, 0 or 1{none}"),
        "predicted": (("mask", "example"), f"predicted class; pair i is examples 2i, 2i + 1{none}"),
        "label": (("example",), f"class of the example{none}"),
    }
    return {
        name: (("train_size", "pool", *dims), arrays[name], labelled(words, "1"))
        for name, (dims, words) in described.items()
    }


def networks_grown(masks: int) -> list[int]:
    """Numbers of networks of a pool at which f-CMI is estimated: doubling, to all of them."""
    return [masks // 2**i for i in range(int(math.log2(masks)), -1, -1) if masks // 2**i > 1]


def _selections(
    selected: NDArray[np.int64],
    pairs: NDArray[np.int64],
    n_classes: int,
    permutations: int,
    random: np.random.Generator,
) -> list[list[NDArray[np.float64]]]:
    """Informations of each pair: by plug-in, under permuted selections, and with the weights.

    All weights of a pool differ, so that their plug-in information is the entropy of U_i.
    """
    k, m = selected.shape
    numbers = np.broadcast_to(np.arange(k)[:, None], (k, m))
    return [
        [bounds.selection_information(selected, pairs, n_classes)],
        [
            bounds.selection_information(selected[random.permutation(k)], pairs, n_classes)
            for _ in range(permutations)
        ],
        [bounds.selection_information(selected, numbers, k)],
    ]


def _supersample_dataset(
    settings: SupersampleSettings,
    grown: Sequence[int],
    error: NDArray[np.float64],
    value: NDArray[np.float64],
    nats: NDArray[np.float64],
) -> xr.Dataset:
    dims = ("train_size", "pool", "mask")
    estimated = ("train_size", "pool", "networks", "known_by")
    return xr.Dataset(
        {
            "train": (dims, error[..., 0], labelled("error on the selected half", "1")),
            "test": (dims, error[..., 1], labelled("error on the other half", "1")),
            "gap": (
                dims,
                error[..., 1] - error[..., 0],
                labelled("generalization gap, error on the other less on the selected half", "1"),
            ),
            "bound_value": (
                estimated,
                value,
                labelled("mean over pairs of sqrt(2 I(U_i; .)), bound on the gap", "1"),
            ),
            "information": (
                estimated,
                nats,
                labelled("mutual information I(U_i; .) by plug-in, mean over pairs", "nat"),
            ),
        },
        coords={
            "train_size": (
                "train_size",
                list(settings.sizes),
                {"long_name": "pairs of a pool, examples of a training set"},
            ),
            "pool": ("pool", np.arange(settings.pools), {"long_name": "pool of pairs"}),
            "mask": ("mask", np.arange(settings.masks), {"long_name": "network and its selection"}),
            "networks": ("networks", list(grown), {"long_name": "networks of the estimate"}),
            "known_by": (
                "known_by",
                [PLUG_IN, PERMUTED, WEIGHTS],
                {"long_name": "what the selection is compared with"},
            ),
        },
    )


def _predictions(stack: Stack, inputs: Tensor) -> NDArray[np.int64]:
    """(S, n) classes."""
    predicted = np.empty((len(stack.seeds), len(inputs)), dtype=np.int64)
    for seeds, rows, results in evaluated(stack, inputs, together=1):
        predicted[seeds, rows] = results[-1].argmax(-1).cpu().numpy()
    return predicted
