"""Cumulative ablation: switch neurons off one after another and count what is still right.

An order is a sequence of neurons of the whole network; a scope (one hidden layer, or all of
them) is a choice of neurons.  After k removals the outputs of the first k neurons of the
order are zero in every forward pass, or constants such as their means.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from neuroninfo.ablation.curves import curves_of
from neuroninfo.ablation.layouts import curves_dataset
from neuroninfo.ablation.orders import orderings_from, orders, scopes
from neuroninfo.ablation.removals import Curves, Removals
from neuroninfo.ablation.settings import AblationSettings
from neuroninfo.networks.stack import Array, Stack
from neuroninfo.vocabulary import MEAN


def ablate(
    stack: Stack,
    neurons: xr.Dataset,
    inputs: Array,
    labels: Array,
    settings: AblationSettings,
    *,
    searched: Mapping[str, xr.Dataset] | None = None,
    means: np.ndarray | None = None,
    threads: int = 1,
) -> dict[str, xr.Dataset]:
    """Ablate all networks of a stack scope by scope, in the layout of ``ablation-<set>.nc``.

    Parameters
    ----------
    stack
        Networks.
    neurons
        Their measures, same seeds.
    inputs, labels
        (n, n_inputs) and (n), the test split.
    settings
        What to order by, and what ablated neurons put out.
    searched
        Scope -> group of ``orders-<set>.nc``: orders by joint and reference measures, which
        `neurons` does not have.
    means
        (seeds, neurons), mean output of each neuron on the training split; only orderings
        whose replacement is ``mean`` need it.
    threads
        As in `cumulative`.

    Raises
    ------
    ValueError
        The measures, orders or means are of other networks, or not there; an unknown scope.
    """
    seeds, n_neurons = stack.seeds, sum(stack.architecture.hidden)
    measured = (tuple(map(int, neurons["seed"].values)), neurons.sizes["neuron"])
    if measured != (seeds, n_neurons):
        raise ValueError(
            f"measures are of (seeds, neurons) {measured}, networks of {(seeds, n_neurons)}"
        )
    orderings = orderings_from(settings.orderings, settings.random, settings.replacements)
    balanced = np.array([ordering.replacement == MEAN for ordering in orderings], dtype=np.int64)
    if means is None:
        if balanced.any():
            raise ValueError(
                "replacements: mean needs the neurons' mean outputs (mean_output of network.nc)"
            )
        means = np.zeros((len(seeds), n_neurons))
    elif means.shape != (len(seeds), n_neurons):
        raise ValueError(
            f"means are (seeds, neurons) {means.shape}, networks {(len(seeds), n_neurons)}"
        )
    members = scopes(stack.architecture.hidden, settings.scopes)
    ordered: dict[str, list[np.ndarray]] = {scope: [] for scope in members}
    curves: dict[str, list[Curves]] = {scope: [] for scope in members}
    for position, seed in enumerate(seeds):
        constants = np.stack([np.zeros(n_neurons), means[position]]).astype(np.float32)
        removals = []
        for scope, of_scope in members.items():
            order = orders(
                neurons.isel(seed=position),
                orderings,
                of_scope,
                settings.study_seed,
                searched=_searched(searched, scope, seed),
            )
            ordered[scope].append(order)
            removals.append(Removals(of_scope[order], balanced, constants))
        network = stack.of(slice(position, position + 1))
        results = curves_of(network, inputs, labels, removals, settings.rows, threads)
        for scope, curve in zip(members, results, strict=True):
            curves[scope].append(curve)
    return {
        scope: curves_dataset(
            orderings,
            np.stack(ordered[scope]),
            {
                name: np.stack([getattr(curve, name) for curve in of_scope])
                for name in Curves._fields
            },
            labels,
            stack.architecture.n_classes,
        ).assign_coords(seed=("seed", list(seeds), {"long_name": "seed"}))
        for scope, of_scope in curves.items()
    }


def _searched(
    searched: Mapping[str, xr.Dataset] | None, scope: str, seed: int
) -> xr.Dataset | None:
    """Orders of a scope that were searched, at one seed."""
    if searched is None:
        return None
    if scope not in searched:
        raise ValueError(
            f"searched orders: none in {scope}; there are {', '.join(searched)}; search them again"
        )
    seeds = searched[scope]["seed"].values.tolist()
    if seed not in seeds:
        raise ValueError(f"searched orders: none of seed {seed}; there are {seeds}")
    return searched[scope].isel(seed=seeds.index(seed))
