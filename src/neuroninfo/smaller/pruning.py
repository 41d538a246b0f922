"""Smaller networks: the best neurons of each hidden layer are kept, the others are gone.

A pruned network is a dense one with fewer neurons. Bias balancing moves what the removed
neurons put out on average into the next layer's biases, which is the same as ablation to the
mean (Amjad, Liu and Geiger 2022). The comparison is magnitude pruning by
`torch.nn.utils.prune`: of neurons (`ln_structured`, the L2 norm of their incoming weights) and
of single weights over all layers (`global_unstructured`, `L1Unstructured`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from neuroninfo.ablation.ablate import LAYERS, Ordering, orders, scopes
from neuroninfo.data.datasets import SPLITS
from neuroninfo.files.storage import RANDOM, labelled
from neuroninfo.networks.forward import evaluated
from neuroninfo.networks.modules import module
from neuroninfo.networks.stack import Architecture, Normalization, Stack
from neuroninfo.results.claims import CONDITION, bootstrap_mean
from neuroninfo.streams import Stream, generator
from neuroninfo.training.loop import Settings, Split, settings_from, train

MAGNITUDE_NEURONS: Final = "magnitude_neurons"
MAGNITUDE_WEIGHTS: Final = "magnitude_weights"
COMPARISONS: Final = (MAGNITUDE_NEURONS, MAGNITUDE_WEIGHTS)
"""Methods of torch.nn.utils.prune."""
_ROWS: Final = 1024


UNPRUNED: Final = "unpruned"
"""In place of a criterion: the network as it was."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "criterion": str,
    "quantizer": str,
    "balancing": int,
    "fine_tuning": int,
    "kept": float,
    "parameters": int,
    "accuracy": float,
    "low": float,
    "high": float,
    "n_seeds": int,
    "note": str,
}
"""Of the summary."""


class PruningError(ValueError):
    """What is to be pruned does not fit together; the message names the key and the mend."""


def widths(hidden: Sequence[int], share: float) -> tuple[int, ...]:
    """Neurons that each hidden layer keeps: that share, rounded, and at least one.

    Raises
    ------
    PruningError
        The share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise PruningError(f"kept: {share} is no share of neurons; give numbers in (0, 1]")
    return tuple(max(1, round(share * width)) for width in hidden)


def best(
    neurons: xr.Dataset,
    ordering: Ordering,
    hidden: Sequence[int],
    kept: Sequence[int],
    study_seed: int,
    *,
    found: Mapping[str, xr.Dataset] | None = None,
) -> list[np.ndarray]:
    """The first neurons of each hidden layer in an order.

    Parameters
    ----------
    neurons
        ``neurons.nc`` at one seed.
    ordering
        Descending, or random.
    hidden, kept
        Widths of the layers before and after.
    study_seed
        Of the random streams.
    found
        Scope -> group of ``orders-<set>.nc`` at that seed, for measures that order neurons
        jointly.

    Returns
    -------
    list of ndarray
        (kept) ascending numbers within each layer.

    Raises
    ------
    neuroninfo.ablation.ablate.AblationError
        Neurons were not measured so.
    """
    chosen = []
    for (scope, members), n in zip(scopes(hidden, [LAYERS]).items(), kept, strict=True):
        of_scope = None if found is None else found[scope]
        order = orders(neurons, [ordering], members, study_seed, found=of_scope)
        chosen.append(np.sort(order[0, :n]))
    return chosen


def pruned(network: Stack, kept: Sequence[np.ndarray], means: np.ndarray | None = None) -> Stack:
    """The network without the other neurons, a dense one.

    Parameters
    ----------
    network
        A stack of one.
    kept
        (k) numbers of the neurons that stay, a hidden layer.
    means
        (neurons) mean outputs: those of removed neurons go into the next layer's biases.
        Default: removed neurons put out zero.

    Returns
    -------
    Stack
        Of one, numpy arrays; batch norm stays as it was for the neurons that stay.
    """
    network = network.numpy()
    hidden = network.architecture.hidden
    edges = np.cumsum([0, *hidden])
    everything = [np.arange(network.architecture.n_inputs), *kept]
    rows = [*kept, np.arange(network.architecture.n_classes)]
    weights, biases = [], []
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        if means is not None and layer > 0:
            gone = means[edges[layer - 1] : edges[layer]].astype(np.float64)
            gone[kept[layer - 1]] = 0
            bias = (bias + weight.astype(np.float64) @ gone).astype(np.float32)
        weights.append(weight[:, rows[layer]][:, :, everything[layer]])
        biases.append(bias[:, rows[layer]])
    return Stack(
        replace(network.architecture, hidden=tuple(len(neurons) for neurons in kept)),
        network.seeds,
        weights,
        biases,
        [
            Normalization(*(a[:, stay] for a in (n.scale, n.shift, n.mean, n.variance)))
            for n, stay in zip(network.normalizations, kept, strict=bool(network.normalizations))
        ],
    )


def n_weights(architecture: Architecture) -> int:
    """Weights of one network, without biases."""
    return sum(n_in * n_out for n_in, n_out in pairwise(architecture.widths))


def n_parameters(architecture: Architecture) -> int:
    """Weights, biases, and scales and shifts of batch norm of one network."""
    norms = 2 * sum(architecture.hidden) if architecture.batch_norm else 0
    return n_weights(architecture) + sum(architecture.widths[1:]) + norms


def as_module(network: Stack, settings: Settings) -> nn.Sequential:
    """One network of a stack as a module, ready to be trained: with its dropout and momentum.

    Parameters
    ----------
    network
        A stack of one.
    settings
        How it is trained; dropout draws from the same stream as in `loop.train`.
    """
    layers = range(1, len(network.architecture.hidden) + 1)
    model = module(
        network, behind=[_Dropout(settings, network.seeds[0], layer) for layer in layers]
    )
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            layer.momentum = settings.regularizer.batch_norm_momentum
    return model


def prune_by_magnitude(model: nn.Sequential, method: str, architecture: Architecture) -> None:
    """Mask a module as `torch.nn.utils.prune` does, down to the size of an architecture.

    Parameters
    ----------
    model
        Of `modules.module`; changed in place.
    method
        ``magnitude_neurons``: each hidden layer keeps as many neurons as the architecture has,
        the others lose their incoming weights but not their bias. ``magnitude_weights``: all
        layers together keep as many weights as the architecture has.
    architecture
        The dense network to be compared with.
    """
    linears = [layer for layer in model if isinstance(layer, nn.Linear)]
    if method == MAGNITUDE_NEURONS:
        for linear, kept in zip(linears, architecture.hidden, strict=False):  # not the last
            amount = linear.out_features - kept
            ln_structured: Callable[..., nn.Module] = prune.ln_structured  # has no types
            ln_structured(linear, "weight", amount=amount, n=2, dim=0)
        return
    total = sum(linear.weight.numel() for linear in linears)
    prune.global_unstructured(
        [(linear, "weight") for linear in linears],
        pruning_method=prune.L1Unstructured,
        amount=total - n_weights(architecture),
    )


def fine_tune(model: nn.Sequential, split: Split, settings: Settings) -> None:
    """Train a module, with the masks that it has, as `loop.train` trains a stack.

    The same batches, optimizer, strength of regularizers; Dropout has to be in the model.

    Parameters
    ----------
    model
        Changed in place; left in evaluation mode.
    split
        The training split.
    settings
        How to train; `epochs` of them.
    """
    regularizer = settings.regularizer
    norms = [p for m in model if isinstance(m, nn.BatchNorm1d) for p in m.parameters()]
    linear = [p for m in model if isinstance(m, nn.Linear) for p in m.parameters()]
    groups: list[dict[str, Any]] = [{"params": linear, "weight_decay": regularizer.l2}]
    if norms:
        groups.append({"params": norms, "weight_decay": 0.0})
    optimizer: torch.optim.Optimizer = (
        torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, fused=True)
        if settings.optimizer == "sgd"
        else torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)
    )
    model.train()
    for epoch in range(1, settings.epochs + 1):
        keys = (settings.dataset, settings.architecture, epoch)
        order = generator(settings.study_seed, Stream.BATCH_ORDER, *keys).permutation(
            len(split.labels)
        )
        for start in range(0, len(order), settings.batch_size):
            picked = torch.from_numpy(order[start : start + settings.batch_size])
            picked = picked.to(split.inputs.device)
            if norms and len(picked) == 1:
                continue  # one example has no variance
            optimizer.zero_grad()
            loss = functional.cross_entropy(
                model(split.inputs[picked]),
                split.labels[picked],
                label_smoothing=regularizer.label_smoothing,
            )
            if regularizer.l1 > 0:
                loss = loss + regularizer.l1 * torch.stack([p.abs().sum() for p in linear]).sum()
            torch.autograd.backward(loss)
            optimizer.step()
    model.eval()


def compare(
    networks: Stack,
    neurons: xr.Dataset,
    means: np.ndarray,
    splits: Mapping[str, Split],
    settings: Mapping[str, Any],
    *,
    found: Mapping[str, xr.Dataset] | None = None,
) -> xr.Dataset:
    """Prune all networks of a stack by all criteria to all sizes.

    A seed's numbers do not depend on the others'.

    Parameters
    ----------
    networks
        Trained ones.
    neurons
        Their measures, same seeds.
    means
        (seeds, neurons) mean outputs on the train split.
    splits
        By `SPLITS`.
    settings
        study_seed; kept, shares of neurons in (0, 1]; measures, mappings of measure (a
        variable of ``neurons.nc``, or ``random``) and quantizer; epochs of fine-tuning; and
        training, as the networks were trained (`loop.settings_from`).

    Returns
    -------
    Dataset
        In the layout of ``pruned.nc``: accuracy (seed, criterion, balancing, fine_tuning, kept) on
        test, NaN where a method of torch has no balancing; accuracy_unpruned (seed);
        parameters (criterion, kept), what a network with these neurons or weights has to store.

    Raises
    ------
    PruningError
        A share is not in (0, 1], or the measures are of other networks.
    """
    hidden = networks.architecture.hidden
    measured = (tuple(map(int, neurons["seed"].values)), neurons.sizes["neuron"])
    if measured != (networks.seeds, sum(hidden)):
        raise PruningError(
            f"measures are of (seeds, neurons) {measured}, networks of "
            f"{(networks.seeds, sum(hidden))}; measure these networks"
        )
    tuning = _fine_tuning(settings)
    kept = [widths(hidden, share) for share in settings["kept"]]
    chosen = [
        Ordering(RANDOM, repeat=0)
        if entry["measure"] == RANDOM
        else Ordering(entry["measure"], entry["quantizer"], "descending")
        for entry in settings["measures"]
    ]
    criteria = [(o.measure, o.quantizer) for o in chosen] + [(c, "none") for c in COMPARISONS]
    shape = (len(networks.seeds), len(criteria), 2, 2, len(kept))
    accuracy = np.full(shape, np.nan)
    unpruned = np.empty(len(networks.seeds))
    parameters = np.empty((len(criteria), len(kept)), dtype=np.int64)
    for i in range(len(networks.seeds)):
        network, values = networks.of(slice(i, i + 1)), neurons.isel(seed=i)
        of_seed = found and {scope: group.isel(seed=i) for scope, group in found.items()}
        unpruned[i] = _accuracy(network, splits["test"])
        for k, kept_widths in enumerate(kept):
            chosen_neurons = [
                best(values, o, hidden, kept_widths, settings["study_seed"], found=of_seed)
                for o in chosen
            ]
            smaller = [
                pruned(network, stay, balanced)
                for balanced in (None, means[i])
                for stay in chosen_neurons
            ]
            dense = _dense(smaller, splits, tuning).reshape(2, len(chosen), 2)
            accuracy[i, : len(chosen), :, :, k] = dense.transpose(1, 0, 2)
            for m, method in enumerate(COMPARISONS, start=len(chosen)):
                architecture = smaller[0].architecture
                accuracy[i, m, 0, :, k] = _masked(network, method, architecture, splits, tuning)
    for k, kept_widths in enumerate(kept):
        architecture = replace(networks.architecture, hidden=kept_widths)
        parameters[:, k] = n_parameters(architecture)
        # Single weights are gone, but no bias.
        others = n_parameters(networks.architecture) - n_weights(networks.architecture)
        parameters[-1, k] = n_weights(architecture) + others
    return xr.Dataset(
        {
            "accuracy": (
                ("seed", "criterion", "balancing", "fine_tuning", "kept"),
                accuracy,
                labelled(
                    "accuracy on test of the pruned network",
                    "1",
                    comment="NaN: torch.nn.utils.prune has no bias balancing",
                ),
            ),
            "accuracy_unpruned": (
                "seed",
                unpruned,
                labelled("accuracy on test of the network as it was", "1"),
            ),
            "parameters": (
                ("criterion", "kept"),
                parameters,
                labelled("weights and biases that the pruned network has", "1"),
            ),
        },
        coords={
            "seed": ("seed", list(networks.seeds), {"long_name": "seed"}),
            "criterion": (
                "criterion",
                [measure for measure, _ in criteria],
                {"long_name": "measure by which neurons are kept, or method of torch"},
            ),
            "quantizer": (
                "criterion",
                [quantizer for _, quantizer in criteria],
                {"long_name": "quantizer of the measure"},
            ),
            "balancing": (
                "balancing",
                [0, 1],
                {"long_name": "whether mean outputs of removed neurons went into biases"},
            ),
            "fine_tuning": ("fine_tuning", [0, 1], {"long_name": "whether it was trained again"}),
            "kept": ("kept", list(settings["kept"]), {"long_name": "share of neurons kept"}),
        },
        attrs={
            "epochs": settings["epochs"],
            "n_test": len(splits["test"].labels),
            "parameters_unpruned": n_parameters(networks.architecture),
        },
    )


def summary(pruned: xr.Dataset, condition: Mapping[str, Any], study_seed: int) -> pd.DataFrame:
    """Accuracy of pruned networks with intervals over seeds, one row a network.

    Parameters
    ----------
    pruned
        ``pruned.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        `COLUMNS`; what torch has not (balancing) has no row. The network as it was stands there as
        criterion `UNPRUNED`.
    """
    about = {key: str(condition[key]) for key in CONDITION}
    n_parameters_before = int(pruned.attrs["parameters_unpruned"])
    rows = [
        _row(
            about | {"criterion": UNPRUNED, "quantizer": "none"},
            {"balancing": 0, "fine_tuning": 0, "kept": 1.0, "parameters": n_parameters_before},
            pruned["accuracy_unpruned"].values,
            study_seed,
        )
    ]
    shape = pruned["accuracy"].transpose("criterion", "balancing", "fine_tuning", "kept", "seed")
    for criterion, balancing, fine_tuning, kept in np.ndindex(shape.shape[:-1]):
        by_seed = shape.values[criterion, balancing, fine_tuning, kept]
        if np.isnan(by_seed).all():
            continue
        what = {
            "criterion": str(pruned["criterion"].values[criterion]),
            "quantizer": str(pruned["quantizer"].values[criterion]),
        }
        size = {
            "balancing": balancing,
            "fine_tuning": fine_tuning,
            "kept": float(pruned["kept"].values[kept]),
            "parameters": int(pruned["parameters"].values[criterion, kept]),
        }
        rows.append(_row(about | what, size, by_seed, study_seed))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    what: Mapping[str, str], size: Mapping[str, float], by_seed: np.ndarray, study_seed: int
) -> dict[str, Any]:
    key = "/".join(map(str, [*what.values(), "pruned", *size.values()]))
    interval = bootstrap_mean(by_seed, generator(study_seed, Stream.BOOTSTRAP, key))
    return {
        **what,
        **size,
        "accuracy": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "n_seeds": len(by_seed),
        "note": interval.note,
    }


class _Dropout(nn.Module):
    """Dropout that draws from the study's stream, as training does."""

    def __init__(self, settings: Settings, seed: int, layer: int) -> None:
        super().__init__()
        self.random = generator(settings.study_seed, Stream.DROPOUT, seed, layer)
        self.dropped = round(settings.regularizer.dropout * 2**16)

    def forward(self, values: Tensor) -> Tensor:
        """Factors 0 or 1 / (1 - p), 16 random bits each."""
        if not self.training or self.dropped == 0:
            return values
        bits = np.frombuffer(self.random.bytes(2 * values.numel()), dtype=np.uint16)
        kept = torch.from_numpy(bits >= self.dropped).to(values.device).view(values.shape)
        return values * (kept * (2**16 / (2**16 - self.dropped)))


def _fine_tuning(settings: Mapping[str, Any]) -> Settings:
    """As the networks were trained, for a few epochs and without stopping early."""
    trained = settings_from(settings["training"])
    return replace(
        trained,
        epochs=settings["epochs"],
        activation_epochs=(),
        regularizer=replace(trained.regularizer, early_stopping=None),
    )


def _dense(smaller: Sequence[Stack], splits: Mapping[str, Split], tuning: Settings) -> np.ndarray:
    """Test accuracies (networks, 2) of small networks of one shape, before and after tuning."""
    initial = _joined(smaller)
    trained = train(
        initial.architecture,
        initial.seeds,
        splits,
        tuning,
        initial=initial,
        together=len(smaller),  # all of one seed: other seeds change nothing
    )
    return trained.accuracy[:, [0, -1], SPLITS.index("test")]


def _masked(
    network: Stack,
    method: str,
    architecture: Architecture,
    splits: Mapping[str, Split],
    tuning: Settings,
) -> list[float]:
    """Test accuracy of a network masked by torch, before and after fine-tuning."""
    model = as_module(network, tuning).to(splits["train"].inputs.device)
    prune_by_magnitude(model, method, architecture)
    before = _module_accuracy(model, splits["test"])
    fine_tune(model, splits["train"], tuning)
    return [before, _module_accuracy(model, splits["test"])]


@torch.no_grad()
def _module_accuracy(model: nn.Sequential, split: Split) -> float:
    right = 0
    for start in range(0, len(split.labels), _ROWS):
        rows = slice(start, start + _ROWS)
        right += int((model(split.inputs[rows]).argmax(-1) == split.labels[rows]).sum())
    return right / len(split.labels)


def _accuracy(network: Stack, split: Split) -> float:
    """Of a stack of one."""
    right = sum(
        int((results[-1][0].argmax(-1) == split.labels[rows]).sum())
        for _, rows, results in evaluated(network.tensors("cpu"), split.inputs, together=1)
    )
    return right / len(split.labels)


def _joined(networks: Sequence[Stack]) -> Stack:
    """Networks of one shape in one stack."""

    def join(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(list(arrays))

    return Stack(
        networks[0].architecture,
        tuple(seed for network in networks for seed in network.seeds),
        [join(arrays) for arrays in zip(*(n.weights for n in networks), strict=True)],
        [join(arrays) for arrays in zip(*(n.biases for n in networks), strict=True)],
        [
            Normalization(
                *(
                    join([getattr(norm, field.name) for norm in norms])
                    for field in fields(Normalization)
                )
            )
            for norms in zip(*(n.normalizations for n in networks), strict=True)
        ],
    )
