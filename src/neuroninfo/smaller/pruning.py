"""Smaller networks: the best neurons of each hidden layer are kept, the others are gone.

A pruned network is a dense one with fewer neurons. Bias balancing moves what the removed
neurons put out on average into the next layer's biases, which is the same as ablation to the
mean (Amjad, Liu and Geiger 2022). The comparison is magnitude pruning by
`torch.nn.utils.prune`: of neurons (`ln_structured`, the L2 norm of their incoming weights) and
of single weights over all layers (`global_unstructured`, `L1Unstructured`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import numpy as np
import xarray as xr

from neuroninfo.ablation.orders import Ordering, orders, scopes
from neuroninfo.files.storage import labelled
from neuroninfo.networks.forward import evaluated
from neuroninfo.networks.stack import Architecture, Normalization, Stack
from neuroninfo.smaller.magnitude import masked, n_weights
from neuroninfo.smaller.settings import PruningSettings
from neuroninfo.training.loop import train
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import LAYERS, MAGNITUDE, RANDOM, SPLITS


def widths(hidden: Sequence[int], share: float) -> tuple[int, ...]:
    """Neurons that each hidden layer keeps: that share, rounded, and at least one.

    Raises
    ------
    ValueError
        The share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"kept: {share} is no share of neurons; give numbers in (0, 1]")
    return tuple(max(1, round(share * width)) for width in hidden)


def best(
    neurons: xr.Dataset,
    ordering: Ordering,
    hidden: Sequence[int],
    kept: Sequence[int],
    study_seed: int,
    *,
    searched: Mapping[str, xr.Dataset] | None = None,
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
    searched
        Scope -> group of ``orders-<set>.nc`` at that seed, for measures that order neurons
        jointly.

    Returns
    -------
    list of ndarray
        (kept) ascending numbers within each layer.

    Raises
    ------
    ValueError
        Neurons were not measured so.
    """
    kept_neurons = []
    for (scope, members), n in zip(scopes(hidden, [LAYERS]).items(), kept, strict=True):
        of_scope = None if searched is None else searched[scope]
        order = orders(neurons, [ordering], members, study_seed, searched=of_scope)
        kept_neurons.append(np.sort(order[0, :n]))
    return kept_neurons


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


def n_parameters(architecture: Architecture) -> int:
    """Weights, biases, and scales and shifts of batch norm of one network."""
    norms = 2 * sum(architecture.hidden) if architecture.batch_norm else 0
    return n_weights(architecture) + sum(architecture.widths[1:]) + norms


def compare(
    networks: Stack,
    neurons: xr.Dataset,
    means: np.ndarray,
    splits: Mapping[str, Split],
    settings: PruningSettings,
    *,
    searched: Mapping[str, xr.Dataset] | None = None,
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
        What is kept, and how it is fine-tuned.

    Returns
    -------
    Dataset
        In the layout of ``pruned.nc``: accuracy (seed, criterion, balancing, fine_tuning, kept) on
        test, NaN where a method of torch has no balancing; accuracy_unpruned (seed);
        parameters (criterion, kept), what a network with these neurons or weights has to store.

    Raises
    ------
    ValueError
        A share is not in (0, 1], or the measures are of other networks.
    """
    hidden = networks.architecture.hidden
    measured = (tuple(map(int, neurons["seed"].values)), neurons.sizes["neuron"])
    if measured != (networks.seeds, sum(hidden)):
        raise ValueError(
            f"measures are of (seeds, neurons) {measured}, networks of "
            f"{(networks.seeds, sum(hidden))}; measure these networks"
        )
    tuning = settings.fine_tuning
    kept = [widths(hidden, share) for share in settings.kept]
    orderings = [
        Ordering(RANDOM, repeat=0)
        if by.measure == RANDOM
        else Ordering(by.measure, by.quantizer, "descending")
        for by in settings.measures
    ]
    criteria = [(o.measure, o.quantizer) for o in orderings] + [(c, "none") for c in MAGNITUDE]
    shape = (len(networks.seeds), len(criteria), 2, 2, len(kept))
    accuracy = np.full(shape, np.nan)
    unpruned = np.empty(len(networks.seeds))
    parameters = np.empty((len(criteria), len(kept)), dtype=np.int64)
    for i in range(len(networks.seeds)):
        network, values = networks.of(slice(i, i + 1)), neurons.isel(seed=i)
        of_seed = searched and {scope: group.isel(seed=i) for scope, group in searched.items()}
        unpruned[i] = _accuracy(network, splits["test"])
        for k, kept_widths in enumerate(kept):
            kept_neurons = [
                best(values, o, hidden, kept_widths, settings.study_seed, searched=of_seed)
                for o in orderings
            ]
            smaller = [
                pruned(network, stay, balanced)
                for balanced in (None, means[i])
                for stay in kept_neurons
            ]
            dense = _dense(smaller, splits, tuning).reshape(2, len(orderings), 2)
            accuracy[i, : len(orderings), :, :, k] = dense.transpose(1, 0, 2)
            for m, method in enumerate(MAGNITUDE, start=len(orderings)):
                architecture = smaller[0].architecture
                accuracy[i, m, 0, :, k] = masked(network, method, architecture, splits, tuning)
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
            "kept": ("kept", list(settings.kept), {"long_name": "share of neurons kept"}),
        },
        attrs={
            "epochs": settings.epochs,
            "n_test": len(splits["test"].labels),
            "parameters_unpruned": n_parameters(networks.architecture),
        },
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
        history_epochs=(0, tuning.epochs),
    )
    return trained.accuracy[:, [0, -1], SPLITS.index("test")]


def _accuracy(network: Stack, split: Split) -> float:
    """Accuracy of a stack of one network."""
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
