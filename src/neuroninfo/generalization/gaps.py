"""Train networks for bounds: gaps by size of the training set, and supersamples.

Every network of a stack has training examples of its own, so that means over networks are over
training sets too, as bounds on the expected gap need it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neuroninfo.data.datasets import Examples
from neuroninfo.files.checkpoints import Arrays, Checkpoint
from neuroninfo.files.storage import labelled
from neuroninfo.generalization import bounds
from neuroninfo.generalization.bounds import (
    LOSSES,
    PERMUTED,
    PLUG_IN,
    PRIORS,
    SATURATED,
    WEIGHTS,
    BoundError,
)
from neuroninfo.networks.forward import evaluated, losses
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.planes.estimators.names import named
from neuroninfo.planes.estimators.protocol import EstimationError, Estimator
from neuroninfo.streams import Stream, generator
from neuroninfo.training.loop import (
    Settings,
    Split,
    Trained,
    TrainingError,
    architecture,
    prior_coordinate,
    split_tensors,
    train,
)

SILENCE: Final = 30.0
"""Seconds after which a log says how far training is."""


@dataclass(frozen=True)
class Gaps:
    """What is trained and estimated."""

    sizes: tuple[int, ...]
    """Examples of a training set, ascending."""
    steps: int
    """Of the optimizer at least; epochs are whole."""
    highest: float
    """Cross-entropy in nats at which it is cut off."""
    delta: float
    """Of B2."""
    estimators: tuple[Estimator, ...]
    measured: int
    """Training examples at most on which I(X;L) is estimated."""


@dataclass(frozen=True)
class Supersample:
    """Pools of pairs of which each network is trained on one half."""

    sizes: tuple[int, ...]
    """Pairs of a pool, ascending."""
    steps: int
    """As of `Gaps`."""
    pools: int
    masks: int
    """Networks of a pool."""
    permutations: int
    """Of the selections, behind the baseline."""


def gaps_from(resolved: Mapping[str, Any]) -> Gaps:
    """From a rule's parameters (`study.Study.gap_settings`)."""
    study_seed = resolved["training"]["study_seed"]
    return Gaps(
        sizes=tuple(resolved["sizes"]),
        steps=resolved["steps"],
        highest=resolved["highest"],
        delta=resolved["delta"],
        estimators=tuple(named(name, study_seed) for name in resolved["estimators"]),
        measured=resolved["measured"],
    )


def supersample_from(resolved: Mapping[str, Any]) -> Supersample:
    """From a rule's parameters (`study.Study.supersample_settings`)."""
    keys = ("steps", "pools", "masks", "permutations")
    return Supersample(tuple(resolved["sizes"]), **{key: resolved[key] for key in keys})


def relabelled(examples: Examples, share: float, study_seed: int) -> Examples:
    """Draw the class of so large a share of examples anew, uniformly; in all splits alike.

    Bounds take training and test examples from one distribution: so that of test is noisy too.
    """
    if share == 0:
        return examples
    random = generator(study_seed, Stream.LABEL_NOISE, examples.name)
    drawn = random.random(len(examples.labels)) < share
    classes = random.integers(0, examples.n_classes, len(examples.labels))
    return replace(examples, labels=np.where(drawn, classes, examples.labels))


def of_classes(examples: Examples, classes: Sequence[int]) -> Examples:
    """Examples of some classes only, numbered from 0 in the order that is given.

    Raises
    ------
    BoundError
        A class that there is not.
    """
    if foreign := [c for c in classes if not 0 <= c < examples.n_classes]:
        raise BoundError(
            f"classes: {foreign[0]} is none of {examples.name}; they are 0 to "
            f"{examples.n_classes - 1}"
        )
    number = np.full(examples.n_classes, -1)
    number[list(classes)] = range(len(classes))
    kept = number[examples.labels] >= 0
    slices, end = {}, 0
    for name, rows in examples.slices.items():
        start, end = end, end + int(kept[rows].sum())
        slices[name] = slice(start, end)
    return replace(
        examples,
        n_classes=len(classes),
        inputs=np.ascontiguousarray(examples.inputs[kept]),
        labels=number[examples.labels[kept]],
        index=examples.index[kept],
        slices=slices,
        complete=False,
    )


def gaps(
    examples: Examples,
    settings: Settings,
    activation: str,
    seeds: Sequence[int],
    wanted: Gaps,
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
    settings, activation
        How networks are trained, but for the number of epochs (`Gaps.steps`).
    seeds
        Of initialisation and training set.
    wanted
        What is trained and estimated.
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
    BoundError
        There are fewer training examples than asked for.
    neuroninfo.training.loop.TrainingError
        A loss is not finite.
    """
    shape = architecture(examples, settings, activation)
    splits = split_tensors(examples, device)
    pool, test = splits["train"], splits["test"]
    _enough(len(pool), wanted.sizes[-1], examples.name)
    n_layers, sizes = len(shape.hidden), wanted.sizes
    loss = np.empty((len(seeds), len(sizes), len(LOSSES), 2))
    information = np.empty((len(seeds), len(sizes), n_layers, len(wanted.estimators)))
    epochs = np.array([_epochs(wanted.steps, m, settings.batch_size) for m in sizes])
    known = np.full(len(sizes), np.nan)
    of_example = np.full((len(seeds), len(sizes), len(PRIORS)), np.nan)
    begin, offer = _resumed(
        checkpoint,
        {"loss": loss, "information": information, "known": known, "of-example": of_example},
    )
    for number, m in enumerate(sizes[begin:], begin):
        rows = np.stack(
            [
                generator(settings.study_seed, Stream.SUBSET, examples.name, m, seed).permutation(
                    len(pool)
                )[:m]
                for seed in seeds
            ]
        )
        chosen = replace(settings, epochs=int(epochs[number]))
        between = partial(offer, number)
        trained = _trained(shape, seeds, pool, rows, chosen, between, report, options)
        if trained.information is not None:
            known[number] = trained.information[-1]
        if trained.example_information is not None:
            of_example[:, number] = trained.example_information[:, -1]
        for place in range(len(seeds)):
            network = trained.stack.of(slice(place, place + 1))
            own = Split(pool.inputs[rows[place]], pool.labels[rows[place]])
            for part, split in enumerate((own, test)):
                loss[place, number, :, part] = _loss(network, split, wanted.highest)
            _check_finite(loss[place, number], seeds[place], m, chosen)
            information[place, number] = _layers(network, own, wanted)
        gap = loss[:, number, 0, 1] - loss[:, number, 0, 0]
        report(f"{m} examples, {chosen.epochs} epochs: mean gap of the error {gap.mean():.4f}")
    return _dataset(seeds, wanted, loss, information, epochs, known, of_example)


def _dataset(
    seeds: Sequence[int],
    wanted: Gaps,
    loss: NDArray[np.float64],
    information: NDArray[np.float64],
    epochs: NDArray[np.int64],
    known: NDArray[np.float64],
    of_example: NDArray[np.float64],
) -> xr.Dataset:
    """Bounds of what was measured: ``loss`` is (seed, size, loss, train or test)."""
    sizes = np.array(wanted.sizes)
    measured = np.minimum(sizes, wanted.measured)
    highest = np.array([1.0, wanted.highest])
    names: list[tuple[str, str, str]] = []
    values, saturated = [], []
    of_shape = (len(seeds), len(sizes), len(LOSSES))
    for layer in range(information.shape[2]):
        for number, estimator in enumerate(wanted.estimators):
            bits = np.maximum(information[:, :, layer, number], 0)
            shape = bounds.information_shape(bits, sizes)
            names.append(("B1", estimator.name, str(layer + 1)))
            values.append(np.stack([shape, shape], axis=-1))
            compression = bounds.input_compression(bits, sizes, wanted.delta)
            names.append(("B2", estimator.name, str(layer + 1)))
            values.append(np.stack([compression, np.full_like(compression, np.nan)], axis=-1))
            saturated += 2 * [bits >= np.log2(measured) - SATURATED]
    if not np.isnan(known).any():
        sigma = [bounds.subgaussian(0, top) for top in highest]
        # Of all networks alike: what bounds the mean gap is the mean information of training sets.
        of_weights = [("B3", "", [bounds.weight_information(known, sizes, s) for s in sigma])]
        for prior, nats in zip(PRIORS, of_example.mean(axis=0).T, strict=True):
            found = [bounds.individual_samples(nats[:, np.newaxis], s) for s in sigma]
            of_weights.append(("B4", prior, found))
        for bound, prior, found in of_weights:
            names.append((bound, prior, ""))
            values.append(np.broadcast_to(np.stack(found, axis=-1), of_shape))
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
                labelled("1 where the estimated I(X;L) is log2 of the examples it is from", "1"),
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
                labelled("most that the weights can know of the training set (B5)", "nat"),
            ),
            "example_information": (
                ("seed", "train_size", "prior"),
                of_example,
                labelled(
                    "most that the weights can know of one training example given the others, mean",
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
                [e.name for e in wanted.estimators],
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


def supersample(
    examples: Examples,
    settings: Settings,
    activation: str,
    wanted: Supersample,
    device: torch.device,
    *,
    checkpoint: Checkpoint | None = None,
    report: Callable[[str], None] = lambda line: None,
    **options: Any,  # noqa: ANN401
) -> xr.Dataset:
    """Train on random halves of pools of pairs: do predictions tell the half? (B6).

    Parameters
    ----------
    examples
        With the split ``train``, of which pools are drawn.
    settings, activation, device, report, **options
        As of `gaps`; network k of each pool has seed k.
    wanted
        Pools and masks.
    checkpoint
        Holds the pools that are done: the next attempt begins with the one that was not.

    Returns
    -------
    Dataset
        In the layout of ``supersample.nc``; the loss is 0-1 loss.

    Raises
    ------
    BoundError
        There are fewer examples than a pool needs.
    """
    shape = architecture(examples, settings, activation)
    whole = split_tensors(examples, device)["train"]
    _enough(len(whole), 2 * wanted.sizes[-1], examples.name)
    grown = networks_grown(wanted.masks)
    cells = (len(wanted.sizes), wanted.pools)
    error = np.empty((*cells, wanted.masks, 2))
    value = np.empty((*cells, len(grown), 3))
    nats = np.empty_like(value)
    begin, offer = _resumed(checkpoint, {"error": error, "value": value, "nats": nats})
    for part, (number, pool) in enumerate(np.ndindex(cells)):
        if part < begin:
            continue
        m = wanted.sizes[number]
        chosen = replace(settings, epochs=_epochs(wanted.steps, m, settings.batch_size))
        random = generator(settings.study_seed, Stream.SUPERSAMPLE, examples.name, m, pool)
        drawn = random.permutation(len(whole))[: 2 * m]
        selected = random.integers(0, 2, (wanted.masks, m))
        # Pair i is examples 2i and 2i + 1 of the pool.
        rows = 2 * np.arange(m) + selected
        own = Split(whole.inputs[drawn], whole.labels[drawn])
        between, seeds = partial(offer, part), range(wanted.masks)
        trained = _trained(shape, seeds, own, rows, chosen, between, report, options)
        found = _predictions(trained.stack, own.inputs)
        wrong = found != own.labels.cpu().numpy()
        for place, half in enumerate((rows, 2 * np.arange(m) + 1 - selected)):
            error[number, pool, :, place] = np.take_along_axis(wrong, half, 1).mean(axis=1)
        pairs = found.reshape(wanted.masks, m, 2)
        for place, k in enumerate(grown):
            informations = _selections(
                selected[:k], pairs[:k], shape.n_classes, wanted.permutations, random
            )
            value[number, pool, place] = [
                np.mean([bounds.functional_cmi(one) for one in several]) for several in informations
            ]
            nats[number, pool, place] = [np.mean(several) for several in informations]
        if pool == wanted.pools - 1:
            gap = (error[number, ..., 1] - error[number, ..., 0]).mean()
            report(
                f"{m} pairs, {chosen.epochs} epochs: mean gap {gap:.4f}, "
                f"f-CMI bound {value[number, :, -1, 0].mean():.4f}"
            )
    return _supersample_dataset(wanted, grown, error, value, nats)


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
    wanted: Supersample,
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
                list(wanted.sizes),
                {"long_name": "pairs of a pool, examples of a training set"},
            ),
            "pool": ("pool", np.arange(wanted.pools), {"long_name": "pool of pairs"}),
            "mask": ("mask", np.arange(wanted.masks), {"long_name": "network and its selection"}),
            "networks": ("networks", list(grown), {"long_name": "networks of the estimate"}),
            "known_by": (
                "known_by",
                [PLUG_IN, PERMUTED, WEIGHTS],
                {"long_name": "what the selection is compared with"},
            ),
        },
    )


def _resumed(
    checkpoint: Checkpoint | None, arrays: dict[str, NDArray[Any]]
) -> tuple[int, Callable[[int], None]]:
    """Fill the arrays from a checkpoint.

    Returns how many parts are in them, and what offers to save those before a part.
    """
    if checkpoint is None:
        return 0, lambda part: None

    def restore(saved: Arrays) -> None:
        for name, array in arrays.items():
            array[...] = saved[name]

    checkpoint.add("parts", lambda part: arrays, restore)
    return checkpoint.resume() or 0, checkpoint.offer


def _trained(
    shape: Architecture,
    seeds: Sequence[int],
    pool: Split,
    rows: NDArray[np.int64],
    settings: Settings,
    between: Callable[[], None],
    report: Callable[[str], None],
    options: Mapping[str, Any],
) -> Trained:
    """Networks, each on its own rows, none evaluated; `between` is called after each epoch."""
    own = Split(pool.inputs, pool.labels, torch.from_numpy(rows).to(pool.inputs.device))
    one = Split(pool.inputs[:1], pool.labels[:1])
    splits = {"train": own, "validation": one, "test": one}
    begun = told = time.monotonic()

    def observe(epoch: int, stack: Stack) -> None:
        nonlocal told
        between()
        now = time.monotonic()
        if epoch > 0 and now - told >= SILENCE:
            told = now
            left = (now - begun) / epoch * (settings.epochs - epoch)
            report(
                f"... {rows.shape[1]} of each, epoch {epoch} of {settings.epochs}: "
                f"{now - begun:.0f} s, about {left:.0f} s left"
            )

    return train(shape, seeds, splits, settings, history_epochs=(), observe=observe, **options)


def _loss(network: Stack, split: Split, highest: float) -> NDArray[np.float64]:
    """Mean losses of one network by `LOSSES`."""
    sums = torch.zeros(2, dtype=torch.float64)
    for _, rows, results in evaluated(network, split.inputs, together=1):
        logits, labels = results[-1][0], split.labels[rows]
        sums[0] += (logits.argmax(-1) != labels).sum().cpu()
        each: Tensor = losses(logits, labels)
        sums[1] += each.clamp(max=highest).sum(dtype=torch.float64).cpu()
    return sums.numpy() / len(split)


def _layers(network: Stack, split: Split, wanted: Gaps) -> NDArray[np.float64]:
    """I(X;L) in bits of each hidden layer by each estimator."""
    labels = split.labels[: wanted.measured].cpu().numpy()
    parts = [
        results[:-1] for _, _, results in evaluated(network, split.inputs[: wanted.measured], 1)
    ]
    layers = [torch.cat(layer, dim=1)[0].cpu().numpy() for layer in zip(*parts, strict=True)]
    return np.array(
        [[_input(estimator, layer, labels) for estimator in wanted.estimators] for layer in layers]
    )


def _input(estimator: Estimator, outputs: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """I(X;L) in bits; NaN where the estimator has none."""
    try:
        return estimator(outputs, labels).input
    except (EstimationError, np.linalg.LinAlgError):
        return float("nan")


def _predictions(stack: Stack, inputs: Tensor) -> NDArray[np.int64]:
    """(S, n) classes."""
    found = np.empty((len(stack.seeds), len(inputs)), dtype=np.int64)
    for seeds, rows, results in evaluated(stack, inputs, together=1):
        found[seeds, rows] = results[-1].argmax(-1).cpu().numpy()
    return found


def _epochs(steps: int, m: int, batch_size: int) -> int:
    """Whole epochs that are so many steps at least."""
    return math.ceil(steps / math.ceil(m / batch_size))


def _enough(found: int, needed: int, name: str) -> None:
    if found < needed:
        raise BoundError(
            f"{name}: {needed} training examples are needed and there are {found}; ask for smaller "
            "`sizes`"
        )


def _check_finite(loss: NDArray[np.float64], seed: int, m: int, settings: Settings) -> None:
    if not np.isfinite(loss).all():
        raise TrainingError(
            f"{m} examples: the loss of seed {seed} is not finite; lower the learning rate (now "
            f"{settings.learning_rate})"
        )
