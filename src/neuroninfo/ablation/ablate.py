"""Cumulative ablation: switch neurons off one after another and count what is still right.

An order is a sequence of neurons of the whole network; a scope (one hidden layer, or all of
them) is a choice of neurons.  After k removals the outputs of the first k neurons of the
order are zero in every forward pass, or constants such as their means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from neuroninfo.ablation.curves import curves_of
from neuroninfo.ablation.orders import Ordering, orderings, orders, scopes
from neuroninfo.ablation.removals import Curves, Removals
from neuroninfo.ablation.settings import AblationSettings
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Array, Stack
from neuroninfo.vocabulary import MEAN


def ablate(
    stack: Stack,
    neurons: xr.Dataset,
    inputs: Array,
    labels: Array,
    settings: AblationSettings,
    *,
    found: Mapping[str, xr.Dataset] | None = None,
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
    found
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
    chosen = orderings(settings.orderings, settings.random, settings.replacements)
    balanced = np.array([ordering.replacement == MEAN for ordering in chosen], dtype=np.int64)
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
                chosen,
                of_scope,
                settings.study_seed,
                found=_group(found, scope, seed),
            )
            ordered[scope].append(order)
            removals.append(Removals(of_scope[order], balanced, constants))
        network = stack.of(slice(position, position + 1))
        results = curves_of(network, inputs, labels, removals, settings.rows, threads)
        for scope, curve in zip(members, results, strict=True):
            curves[scope].append(curve)
    test = {
        "n_test": len(labels),
        "n_classes": stack.architecture.n_classes,
        "chance_correct": int(np.bincount(np.asarray(labels)).max()),
    }
    return {
        scope: _scope_dataset(seeds, chosen, ordered[scope], curves[scope]).assign_attrs(test)
        for scope in members
    }


def _group(found: Mapping[str, xr.Dataset] | None, scope: str, seed: int) -> xr.Dataset | None:
    """Orders of a scope at one seed."""
    if found is None:
        return None
    if scope not in found:
        raise ValueError(
            f"orders found: none in {scope}; there are {', '.join(found)}; find them again"
        )
    seeds = found[scope]["seed"].values.tolist()
    if seed not in seeds:
        raise ValueError(f"orders found: none of seed {seed}; there are {seeds}")
    return found[scope].isel(seed=seeds.index(seed))


def _scope_dataset(
    seeds: Sequence[int],
    chosen: Sequence[Ordering],
    ordered: Sequence[np.ndarray],
    curves: Sequence[Curves],
) -> xr.Dataset:
    fields = {
        "measure": "what the order is made by",
        "quantizer": "quantizer of the measure",
        "direction": "ascending: lowest first",
        "repeat": "number of the random order, else -1",
        "replacement": "what ablated neurons put out: zero, or mean (each its own, on train)",
    }
    n_steps = ordered[0].shape[1]
    dims = ("seed", "ordering", "removed")
    return xr.Dataset(
        {
            "correct": (
                dims,
                np.stack([curve.correct for curve in curves]),
                labelled("correct predictions on test after the removals", "1"),
            ),
            "changed": (
                dims,
                np.stack([curve.changed for curve in curves]),
                labelled("test predictions that are not the unablated network's", "1"),
            ),
            "loss": (
                dims,
                np.stack([curve.loss for curve in curves]),
                labelled("mean cross-entropy on test after the removals", "nat"),
            ),
            "order": (
                ("seed", "ordering", "step"),
                np.stack(ordered).astype(np.int16),
                labelled("neuron removed in this step, numbered within the scope", "1"),
            ),
        },
        coords={
            "seed": ("seed", list(seeds), {"long_name": "seed"}),
            "removed": (
                "removed",
                np.arange(n_steps + 1),
                {"long_name": "number of neurons ablated"},
            ),
            "step": ("step", np.arange(n_steps), {"long_name": "step of the ablation"}),
            **{
                name: ("ordering", [getattr(o, name) for o in chosen], {"long_name": long_name})
                for name, long_name in fields.items()
            },
        },
    )
