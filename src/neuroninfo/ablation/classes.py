"""Ablation by class: neurons in the order of their information about one class.

Accuracies are counted for the test examples of each class by themselves, so they are recalls; the
counts of all classes add up to those of `ablate.ablate`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.ablation.curves import curves_of
from neuroninfo.ablation.layouts import order_variable
from neuroninfo.ablation.orders import order_by, permutation, scopes
from neuroninfo.ablation.removals import Removals
from neuroninfo.ablation.settings import ClassSettings
from neuroninfo.files.seeds import joined
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.neurons.one_class import on_for, one_against_rest
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.streams import Stream
from neuroninfo.vocabulary import LAYERS, RANDOM

TOLD: Final = "one_against_rest"
"""Order of a class: by information about it, highest first."""
ON: Final = "one_against_rest_on"
"""The same, neurons first that are on more often for the class than for others."""
WHOLE: Final = "mutual_information"
"""Order of no class: by information about all of them, highest first."""
NO_CLASS: Final = -1
_QUANTIZER: Final = "threshold"


@dataclass(frozen=True)
class _Order:
    """What neurons are ordered by, highest first."""

    measure: str
    of_class: int = NO_CLASS
    repeat: int = -1


def ablate_classes(
    stack: Stack,
    activations: Iterable[xr.Dataset],
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: ClassSettings,
    *,
    threads: int = 1,
) -> dict[str, xr.Dataset]:
    """Ablate every hidden layer in the orders of each class, in the layout of ``classes.nc``.

    Parameters
    ----------
    stack
        Networks.
    activations
        One dataset per seed, in the layout of ``activations.nc``; its last epoch is measured.
    inputs, labels
        (n, n_inputs) and (n), the test split.
    settings
        Number of random orders.
    threads
        As of `curves.cumulative`.

    Returns
    -------
    dict
        ``layer-<l>`` -> its part of the file.

    Raises
    ------
    ValueError
        Outputs and networks are of different seeds.
    """
    parts: dict[str, list[xr.Dataset]] = {}
    for position, part in enumerate(activations):
        of_seed, network = part.isel(seed=0, epoch=-1), stack.of(slice(position, position + 1))
        if (seeds := (int(of_seed["seed"]),)) != network.seeds:
            raise ValueError(f"outputs are of seed {seeds}, the network of {network.seeds}")
        for scope, members in scopes(stack.architecture.hidden, (LAYERS,)).items():
            ablated = _layer(network, of_seed, members, inputs, labels, settings, threads)
            parts.setdefault(scope, []).append(ablated)
    return {name: joined(of_layer) for name, of_layer in parts.items()}


def _layer(
    network: Stack,
    activations: xr.Dataset,
    members: np.ndarray,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: ClassSettings,
    threads: int,
) -> xr.Dataset:
    """One layer of one seed."""
    n_classes, n_neurons = network.architecture.n_classes, sum(network.architecture.hidden)
    (seed,) = network.seeds
    counts = Quantizer.named(_QUANTIZER).class_counts(
        activations["activation"].values[:, members],
        activations["label"].values.astype(np.intp)[None],
        network.architecture.activation,
        n_classes,
    )[0]
    told, on = one_against_rest(counts), on_for(counts)
    of_class = range(n_classes)
    orders = [
        *(_Order(measure, y) for measure in (TOLD, ON) for y in of_class),
        _Order(WHOLE),
        *(_Order(RANDOM, repeat=repeat) for repeat in range(settings.random)),
    ]
    values = [
        *told.T,
        *np.where(on, told, -told).T,
        mutual_information(counts),
    ]
    ties = permutation(members, n_neurons, settings.study_seed, Stream.TIES, seed)
    order = np.stack(
        [
            *(order_by(value, "descending", ties) for value in values),
            *(
                permutation(
                    members, n_neurons, settings.study_seed, Stream.RANDOM_ORDERS, seed, repeat
                )
                for repeat in range(settings.random)
            ),
        ]
    )
    zeros = np.zeros((1, n_neurons), dtype=np.float32)
    removals = [
        Removals(sequences, np.zeros(len(sequences), dtype=np.int64), zeros)
        for sequences in (members[order], members[:, None])
    ]
    n_steps = len(members)
    correct = np.zeros((n_classes, len(orders), n_steps + 1), dtype=np.int32)
    alone = np.zeros((n_classes, n_steps), dtype=np.int32)
    loss, unablated = np.full((n_classes, n_steps), np.nan), np.full(n_classes, np.nan)
    for y in np.unique(labels):
        own = labels == y
        in_order, each = curves_of(
            network, inputs[own], labels[own], removals, settings.rows, threads
        )
        correct[y], alone[y] = in_order.correct, each.correct[:, 1]
        loss[y], unablated[y] = each.loss[:, 1], each.loss[0, 0]
    shares = counts[:, 1] / np.maximum(counts.sum(axis=1), 1)
    return xr.Dataset(
        _variables(
            order=order,
            correct=correct,
            alone=alone,
            loss=loss,
            unablated=unablated,
            told=told,
            on=on,
            shares=shares,
            whole=mutual_information(counts),
            sizes=np.bincount(labels, minlength=n_classes),
        ),
        coords={
            "seed": ("seed", [seed], {"long_name": "seed"}),
            "class": ("class", np.arange(n_classes), {"long_name": "class of the examples"}),
            "removed": (
                "removed",
                np.arange(n_steps + 1),
                {"long_name": "number of neurons ablated"},
            ),
            "step": ("step", np.arange(n_steps), {"long_name": "step of the ablation"}),
            "neuron": (
                "neuron",
                activations["unit"].values[members],
                {"long_name": "number of the neuron in its layer, from 0"},
            ),
            **{
                name: ("ordering", [getattr(o, name) for o in orders], {"long_name": words})
                for name, words in (
                    ("measure", "what the order is made by, highest first"),
                    ("of_class", "class to which the order belongs, else -1"),
                    ("repeat", "number of the random order, else -1"),
                )
            },
        },
        attrs={"n_classes": n_classes, "quantizer": _QUANTIZER},
    )


def _variables(**found: NDArray[Any]) -> dict[str, Any]:
    """Variables of one layer of one seed, by what was found."""
    of_neuron, alone = ("seed", "neuron", "class"), "this neuron alone ablated"
    return {
        "correct": (
            ("seed", "class", "ordering", "removed"),
            found["correct"][None],
            labelled("correct predictions of the test examples of the class", "1"),
        ),
        "order": order_variable(found["order"][None]),
        "correct_alone": (
            of_neuron,
            found["alone"].T[None],
            labelled(f"correct predictions of the test examples of the class, {alone}", "1"),
        ),
        "loss_alone": (
            of_neuron,
            found["loss"].T[None],
            labelled(f"mean cross-entropy on the test examples of the class, {alone}", "nat"),
        ),
        "loss_unablated": (
            ("seed", "class"),
            found["unablated"][None],
            labelled("mean cross-entropy on the test examples of the class", "nat"),
        ),
        "class_information": (
            of_neuron,
            found["told"][None],
            labelled("I(T;1{Y=y}), one class against all others, plug-in", "bit"),
        ),
        "on_share": (
            of_neuron,
            found["shares"][None],
            labelled("share of the measured examples of the class that switch the neuron on", "1"),
        ),
        "on_for": (
            of_neuron,
            found["on"].astype(np.int8)[None],
            labelled("1: on more often for the class than for all classes together", "1"),
        ),
        "information": (
            ("seed", "neuron"),
            found["whole"][None],
            labelled("mutual information I(T;Y) with the class, plug-in", "bit"),
        ),
        "n_test": (
            "class",
            found["sizes"].astype(np.int32),
            labelled("test examples of the class", "1"),
        ),
    }
