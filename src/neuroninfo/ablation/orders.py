"""Orders in which neurons are removed, and the scopes that they are taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from neuroninfo.ablation.settings import RESAMPLE, OrderBy
from neuroninfo.networks.stack import neuron_coordinates
from neuroninfo.neurons.ties import DECIMALS
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import LAYER_RANK, LAYER_SEQUENCE, LAYERS, NETWORK, RANDOM, ZERO


@dataclass(frozen=True)
class Ordering:
    """The measure, quantizer and direction of an order.

    Attributes
    ----------
    measure
        Variable of ``neurons.nc``, a measure of ``orders-<set>.nc``, or ``random``.
    quantizer
        Of the measure; ``none`` where it has none.
    direction
        ``ascending`` (lowest first), ``descending``, or ``none``.
    repeat
        Number of a random or control order, or of a draw of other examples, else -1.
    replacement
        What ablated neurons put out: ``zero``, each its ``mean``, ``mode`` or ``optimal``
        constant, or ``resample``, its output on another example. It does not change the order.
    control
        ``layer-sequence``: the order's sequence of layers, with the neurons permuted within their
        layers, which keeps what the layers differ in and nothing else. ``layer-rank``: the order
        by the rank that a neuron has within its own layer, which keeps nothing of that. ``none``:
        the order itself.
    """

    measure: str
    quantizer: str = "none"
    direction: str = "none"
    repeat: int = -1
    replacement: str = "zero"
    control: str = "none"


def orderings_from(
    measures: Sequence[OrderBy],
    random: int,
    replacements: Sequence[str] = (ZERO,),
    controls: int = 0,
    draws: int = 1,
) -> list[Ordering]:
    """Orderings of a set, by replacement: each measure by direction, random ones, controls.

    Parameters
    ----------
    measures
        What is ordered by.
    random
        Number of random orders.
    replacements
        What ablated neurons put out, each in the same orders.
    controls
        Draws of the control ``layer-sequence`` of each order by a measure, beside which stands
        one of ``layer-rank``; 0: neither.
    draws
        Of other examples: with ``resample`` an order that is not drawn itself stands there once
        for each of them.
    """
    by_measure = [
        Ordering(by.measure, by.quantizer, direction)
        for by in measures
        for direction in by.directions
    ]
    by_chance = [Ordering(RANDOM, repeat=repeat) for repeat in range(random)]
    of_control = [
        control
        for ordering in by_measure
        if controls
        for control in (
            *(
                replace(ordering, control=LAYER_SEQUENCE, repeat=repeat)
                for repeat in range(controls)
            ),
            replace(ordering, control=LAYER_RANK),
        )
    ]
    return [
        replace(ordering, replacement=replacement, repeat=repeat)
        for replacement in replacements
        for ordering in (*by_measure, *by_chance, *of_control)
        for repeat in (
            range(draws) if replacement == RESAMPLE and ordering.repeat < 0 else (ordering.repeat,)
        )
    ]


def order_by(values: np.ndarray, direction: str, ties: np.ndarray) -> np.ndarray:
    """Positions of `values` in ascending or descending order, equal ones as in `ties`.

    Parameters
    ----------
    values
        (n) a measure.
    direction
        ``ascending`` or ``descending``.
    ties
        A permutation of 0..n-1.

    Raises
    ------
    ValueError
        A value is NaN: it has no place.
    """
    if np.isnan(values).any():
        raise ValueError(f"neurons {np.flatnonzero(np.isnan(values)).tolist()} have no value")
    signed = np.round(values, DECIMALS) * (1 if direction == "ascending" else -1)
    return ties[np.argsort(signed[ties], kind="stable")]


def permutation(
    scope: np.ndarray, n_neurons: int, study_seed: int, stream: Stream, seed: int, *keys: int
) -> np.ndarray:
    """Positions within a scope in the order of a permutation of all neurons of the network.

    Parameters
    ----------
    scope
        Numbers of the neurons in the scope, ascending.
    n_neurons
        Of the network.
    study_seed, stream, seed, keys
        Name of the random stream. That of ties breaks the ties of one seed in the same way
        everywhere.
    """
    everything = generator(study_seed, stream, seed, *keys).permutation(n_neurons)
    return np.searchsorted(scope, everything[np.isin(everything, scope)])


def orders(
    neurons: xr.Dataset,
    orderings: Sequence[Ordering],
    scope: np.ndarray,
    study_seed: int,
    *,
    searched: xr.Dataset | None = None,
) -> np.ndarray:
    """Orders of the neurons of a scope for one seed.

    Parameters
    ----------
    neurons
        ``neurons.nc`` at one seed.
    orderings
        What to order by.
    scope
        Numbers of the neurons in the scope, ascending.
    study_seed
        Of the random streams.
    searched
        The scope's group of ``orders-<set>.nc`` at the same seed: orders by measures that
        single neurons do not have (joint and reference orders).

    Returns
    -------
    ndarray
        (orderings, neurons of the scope), positions within the scope.

    Raises
    ------
    ValueError
        A measure was neither measured nor searched so, or not with that quantizer or in that
        direction, or has no value for a neuron.
    """
    seed, n_neurons = int(neurons["seed"]), neurons.sizes["neuron"]
    ties = permutation(scope, n_neurons, study_seed, Stream.TIES, seed)
    layers = neurons["layer"].values[scope]
    rows = []
    for ordering in orderings:
        if ordering.measure == RANDOM:
            stream, repeat = Stream.RANDOM_ORDERS, ordering.repeat
            rows.append(permutation(scope, n_neurons, study_seed, stream, seed, repeat))
            continue
        if ordering.measure in neurons:
            values = _values(ordering, neurons)[scope]
            order = order_by(values, ordering.direction, ties)
        else:
            order = _searched(ordering, searched, len(scope), neurons)
        if ordering.control == LAYER_SEQUENCE:
            stream, repeat = Stream.CONTROL_ORDERS, ordering.repeat
            shuffled = permutation(scope, n_neurons, study_seed, stream, seed, repeat)
            order = permuted_within_layers(order, layers, shuffled)
        elif ordering.control == LAYER_RANK:
            order = by_rank_within_layers(order, layers, ties)
        rows.append(order)
    return np.stack(rows)


def permuted_within_layers(
    order: np.ndarray, layers: np.ndarray, shuffled: np.ndarray
) -> np.ndarray:
    """An order with the same sequence of layers, and other neurons of each layer in its places.

    Parameters
    ----------
    order
        (n) neurons.
    layers
        (n) layer of each neuron.
    shuffled
        (n) a permutation of the neurons; those of a layer come in its order.
    """
    permuted = np.empty_like(order)
    for layer in np.unique(layers):
        permuted[layers[order] == layer] = shuffled[layers[shuffled] == layer]
    return permuted


def by_rank_within_layers(order: np.ndarray, layers: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Neurons by how far they are through their own layer in an order, from 0 to 1.

    Parameters
    ----------
    order, layers
        As of `permuted_within_layers`.
    ties
        A permutation of 0..n-1: neurons that are equally far come in its order.
    """
    progress = np.empty(len(order))
    for layer in np.unique(layers):
        members = order[layers[order] == layer]
        progress[members] = (np.arange(len(members)) + 0.5) / len(members)
    return order_by(progress, "ascending", ties)


def _values(ordering: Ordering, neurons: xr.Dataset) -> np.ndarray:
    """The measure of an ordering, (neurons)."""
    measured = neurons[ordering.measure]
    if "quantizer" in measured.dims:
        if ordering.quantizer not in measured["quantizer"].values:
            raise ValueError(
                f"orderings.measures: {ordering.measure!r} was not measured with quantizer "
                f"{ordering.quantizer!r}; there are "
                + ", ".join(map(str, measured["quantizer"].values))
            )
        measured = measured.sel(quantizer=ordering.quantizer)
    return np.asarray(measured.values)


def _searched(
    ordering: Ordering, searched: xr.Dataset | None, n_neurons: int, neurons: xr.Dataset
) -> np.ndarray:
    """Order of one ordering from a group of ``orders-<set>.nc`` at one seed."""
    name = f"orderings.measures: {ordering.measure!r}"
    measured = ", ".join(sorted(map(str, neurons.data_vars)))
    if searched is None:
        raise ValueError(f"{name} was not measured (there are {measured}), and no orders are given")
    fields = ("measure", "quantizer", "direction")
    existing = list(zip(*(searched[field].values.tolist() for field in fields), strict=True))
    wanted = tuple(getattr(ordering, field) for field in fields)
    if wanted not in existing:
        raise ValueError(
            f"{name} was not measured (there are {measured}), and by it, {wanted[1]}, "
            f"{wanted[2]} no order was found; there are "
            + "; ".join(", ".join(words) for words in existing)
        )
    order: np.ndarray = searched["order"].values[existing.index(wanted)].astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(n_neurons)):
        raise ValueError(f"{name}: the order found is not one of {n_neurons} neurons")
    return order


def scopes(
    hidden: Sequence[int], within: Sequence[str] = (LAYERS, NETWORK)
) -> dict[str, np.ndarray]:
    """Names of the scopes and the neurons in each: every hidden layer, then the network.

    Raises
    ------
    ValueError
        `within` has another word than ``layers`` and ``network``.
    """
    if unknown := sorted({*within} - {LAYERS, NETWORK}):
        raise ValueError(f"scopes: {unknown[0]!r} is unknown; there are {LAYERS}, {NETWORK}")
    layers = neuron_coordinates(hidden)["layer"][1]
    members = {}
    if LAYERS in within:
        for layer in range(1, len(hidden) + 1):
            members[f"layer-{layer}"] = np.flatnonzero(layers == layer)
    if NETWORK in within:
        members[NETWORK] = np.arange(len(layers))
    return members
