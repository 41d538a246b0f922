"""Cumulative ablation: switch neurons off one after another and count correct predictions.

An order is a sequence of neurons of the whole network; a scope (one hidden layer, or all of
them) is a choice of neurons.  After k removals the outputs of the first k neurons of the
order are zero in every forward pass, or constants such as their means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from neuroninfo.ablation.curves import curves_of
from neuroninfo.ablation.layouts import curves_dataset
from neuroninfo.ablation.orders import Ordering, orderings_from, orders, scopes
from neuroninfo.ablation.removals import Curves, Removals
from neuroninfo.ablation.resampled import other_examples, resampled
from neuroninfo.ablation.settings import RESAMPLE, AblationSettings
from neuroninfo.networks.stack import Array, Stack
from neuroninfo.vocabulary import NETWORK, ZERO


def ablate(
    stack: Stack,
    neurons: xr.Dataset,
    inputs: Array,
    labels: Array,
    settings: AblationSettings,
    *,
    searched: Mapping[str, xr.Dataset] | None = None,
    constants: Mapping[str, np.ndarray] | None = None,
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
    constants
        Replacement -> (seeds, neurons) what each neuron puts out, for all replacements of the
        settings but ``zero`` and ``resample``.
    threads
        As in `cumulative`.

    Raises
    ------
    ValueError
        The measures, orders or constants are of other networks, or not there; an unknown scope.
    """
    seeds, n_neurons = stack.seeds, sum(stack.architecture.hidden)
    measured = (tuple(map(int, neurons["seed"].values)), neurons.sizes["neuron"])
    if measured != (seeds, n_neurons):
        raise ValueError(
            f"measures are of (seeds, neurons) {measured}, networks of {(seeds, n_neurons)}"
        )
    orderings = orderings_from(
        settings.orderings,
        settings.random,
        settings.replacements,
        settings.controls,
        settings.draws,
    )
    put_out = _put_out(settings.replacements, constants or {}, (len(seeds), n_neurons))
    members = scopes(stack.architecture.hidden, settings.scopes)
    # Within one layer a control would be a random order, or the order itself.
    controlled = len(stack.architecture.hidden) > 1
    in_scope = {
        scope: [o for o in orderings if o.control == "none" or (controlled and scope == NETWORK)]
        for scope in members
    }
    ordered: dict[str, list[np.ndarray]] = {scope: [] for scope in members}
    curves: dict[str, list[Curves]] = {scope: [] for scope in members}
    for position, seed in enumerate(seeds):
        network = stack.of(slice(position, position + 1))
        kinds = np.stack([of_seeds[position] for of_seeds in put_out.values()]).astype(np.float32)
        removals = []
        for scope, of_scope in members.items():
            order = orders(
                neurons.isel(seed=position),
                in_scope[scope],
                of_scope,
                settings.study_seed,
                searched=_searched(searched, scope, seed),
            )
            ordered[scope].append(order)
            rows = [
                list(put_out).index(o.replacement)
                for o in in_scope[scope]
                if o.replacement != RESAMPLE
            ]
            constant = np.array([o.replacement != RESAMPLE for o in in_scope[scope]])
            removals.append(
                Removals(of_scope[order[constant]], np.array(rows, dtype=np.int64), kinds)
            )
        results = curves_of(network, inputs, labels, removals, settings.rows, threads)
        for (scope, of_scope), curve in zip(members.items(), results, strict=True):
            sequences = of_scope[ordered[scope][-1]]
            curves[scope].append(
                _with_resampled(
                    curve, network, inputs, labels, in_scope[scope], sequences, settings
                )
            )
    return {
        scope: curves_dataset(
            in_scope[scope],
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


def _put_out(
    replacements: Sequence[str], constants: Mapping[str, np.ndarray], shape: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Replacement -> (seeds, neurons) what each neuron puts out, zero first."""
    put_out = {ZERO: np.zeros(shape)}
    for name in replacements:
        if name in (ZERO, RESAMPLE):
            continue
        if name not in constants:
            raise ValueError(f"replacements: no constants are given for {name!r}")
        if constants[name].shape != shape:
            raise ValueError(
                f"constants of {name!r} are (seeds, neurons) {constants[name].shape}, "
                f"networks {shape}"
            )
        put_out[name] = constants[name]
    return put_out


def _with_resampled(
    curve: Curves,
    network: Stack,
    inputs: Array,
    labels: Array,
    orderings: Sequence[Ordering],
    sequences: np.ndarray,
    settings: AblationSettings,
) -> Curves:
    """Curves of all orderings of a scope from those to constants; the others are computed."""
    drawn = np.array([o.replacement == RESAMPLE for o in orderings])
    if not drawn.any():
        return curve
    (seed,) = network.seeds
    others = [
        other_examples(len(labels), settings.study_seed, seed, o.repeat % settings.draws)
        for o in orderings
        if o.replacement == RESAMPLE
    ]
    found = resampled(network, inputs, labels, sequences[drawn], np.stack(others))
    every = []
    for constant, other in zip(curve, found, strict=True):
        both = np.empty((len(drawn), constant.shape[1]), dtype=constant.dtype)
        both[~drawn], both[drawn] = constant, other
        every.append(both)
    return Curves(*every)


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
