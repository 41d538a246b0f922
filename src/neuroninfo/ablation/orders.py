"""Orders in which neurons are removed, and the scopes that they are taken from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from neuroninfo.ablation.settings import OrderBy
from neuroninfo.networks.stack import neuron_coordinates
from neuroninfo.neurons.measures import DECIMALS
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import LAYERS, NETWORK, RANDOM, ZERO


@dataclass(frozen=True)
class Ordering:
    """What an order is made by.

    Attributes
    ----------
    measure
        Variable of ``neurons.nc``, a measure of ``orders-<set>.nc``, or ``random``.
    quantizer
        Of the measure; ``none`` where it has none.
    direction
        ``ascending`` (lowest first), ``descending``, or ``none``.
    repeat
        Number of a random order, else -1.
    replacement
        What ablated neurons put out: ``zero``, or ``mean``, each its own. It does not
        change the order.
    """

    measure: str
    quantizer: str = "none"
    direction: str = "none"
    repeat: int = -1
    replacement: str = "zero"


def orderings_from(
    measures: Sequence[OrderBy], random: int, replacements: Sequence[str] = (ZERO,)
) -> list[Ordering]:
    """Orderings of a set, by replacement: each measure by direction, then the random ones.

    Parameters
    ----------
    measures
        What is ordered by.
    random
        Number of random orders.
    replacements
        What ablated neurons put out, ``zero``, ``mean``, or both, each in the same orders.
    """
    by_measure = [
        Ordering(by.measure, by.quantizer, direction)
        for by in measures
        for direction in by.directions
    ]
    by_chance = [Ordering(RANDOM, repeat=repeat) for repeat in range(random)]
    return [
        dataclasses.replace(ordering, replacement=replacement)
        for replacement in replacements
        for ordering in by_measure + by_chance
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
        Of the random stream: that of ties breaks those of a seed alike wherever they occur.
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
    rows = []
    for ordering in orderings:
        if ordering.measure == RANDOM:
            stream, repeat = Stream.RANDOM_ORDERS, ordering.repeat
            rows.append(permutation(scope, n_neurons, study_seed, stream, seed, repeat))
            continue
        if ordering.measure not in neurons:
            rows.append(_searched(ordering, searched, len(scope), neurons))
            continue
        measured = neurons[ordering.measure]
        if "quantizer" in measured.dims:
            if ordering.quantizer not in measured["quantizer"].values:
                raise ValueError(
                    f"orderings.measures: {ordering.measure!r} was not measured with quantizer "
                    f"{ordering.quantizer!r}; there are "
                    + ", ".join(map(str, measured["quantizer"].values))
                )
            measured = measured.sel(quantizer=ordering.quantizer)
        rows.append(order_by(measured.values[scope], ordering.direction, ties))
    return np.stack(rows)


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
        raise ValueError(f"scopes: {unknown[0]!r} is none; there are {LAYERS}, {NETWORK}")
    layers = neuron_coordinates(hidden)["layer"][1]
    members = {}
    if LAYERS in within:
        for layer in range(1, len(hidden) + 1):
            members[f"layer-{layer}"] = np.flatnonzero(layers == layer)
    if NETWORK in within:
        members[NETWORK] = np.arange(len(layers))
    return members
