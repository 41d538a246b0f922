"""Curves of a network whose units are removed in the order of measures, scope by scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.layouts import curves_dataset
from neuroninfo.ablation.orders import orderings_from, orders, scopes
from neuroninfo.ablation.removals import Removals
from neuroninfo.ablation.settings import OrderBy
from neuroninfo.own_network import removal
from neuroninfo.own_network.curves import by_loops, constants_of, curves
from neuroninfo.own_network.reading import LOOPS, PASSES, layers_of
from neuroninfo.vocabulary import LAYERS, MEAN, NETWORK, ZERO

STEPS: Final = 50
"""Numbers of removed units that passes compute in a scope, if nothing else is asked for."""


def ablated(
    model: nn.Module,
    neurons: xr.Dataset,
    test: Any,  # noqa: ANN401
    by: Sequence[OrderBy],
    *,
    random: int,
    controls: int,
    replacements: Sequence[str] = (ZERO,),
    within: Sequence[str] = (LAYERS, NETWORK),
    steps: int | None = None,
    study_seed: int | None = None,
    memory: int = removal.MEMORY,
    progress: bool = True,
) -> dict[str, xr.Dataset]:
    """Remove units of a network in given orders, and count the predictions that stay correct.

    Parameters
    ----------
    model, neurons, test, random, controls, replacements, within, steps, memory, progress
        As of `study.ablate`.
    by
        What units are ordered by.
    study_seed
        Of the random streams, in which the network's seed is a key; by default that seed.

    Returns
    -------
    dict
        Scope -> its curves, in the layout of ``ablation-<set>.nc``.

    Raises
    ------
    ValueError
        The measures are of another network, an order cannot be made, or the data do not fit.
    """
    seed = int(neurons["seed"][0])
    names, widths = layers_of(neurons)
    planned = orderings_from(by, random, tuple(replacements), controls)
    if not planned:
        raise ValueError("orderings: nothing to ablate; give a measure, or random of 1 or more")
    members = scopes(widths, tuple(within))
    # Within one layer a control would be a random order, or the order itself.
    in_scope = {
        scope: [o for o in planned if o.control == "none" or (scope == NETWORK and len(widths) > 1)]
        for scope in members
    }
    of_seed = neurons.isel(seed=0)
    stream = seed if study_seed is None else study_seed
    ordered = {
        scope: orders(of_seed, in_scope[scope], units, stream) for scope, units in members.items()
    }
    constants = constants_of(neurons)
    removals = [
        Removals(
            units[ordered[scope]],
            np.array([o.replacement == MEAN for o in in_scope[scope]], dtype=np.int64),
            constants,
        )
        for scope, units in members.items()
    ]
    loops = by_loops(neurons)
    most = steps or (max(map(len, members.values())) if loops else STEPS)
    grids = [
        np.unique(np.round(np.linspace(0, len(units), min(most, len(units)) + 1)).astype(int))
        for units in members.values()
    ]
    found, labels, n_classes = curves(
        model, neurons, "test", test, removals, grids, memory=memory, progress=progress
    )
    groups = {}
    for scope, curve, grid in zip(members, found, grids, strict=True):
        layer = [int(scope.removeprefix("layer-")) - 1] if scope != NETWORK else range(len(names))
        shape = (1, len(in_scope[scope]), len(members[scope]) + 1)
        whole = {field: np.zeros(shape, values.dtype) for field, values in curve._asdict().items()}
        for field, values in curve._asdict().items():
            whole[field][0][:, grid] = values
        groups[scope] = (
            curves_dataset(in_scope[scope], ordered[scope][None], whole, labels, n_classes)
            .isel(removed=grid)
            .assign_coords(seed=("seed", [seed], {"long_name": "seed"}))
            .assign_attrs(
                computed_by=LOOPS if loops else PASSES,
                modules=", ".join(names[number] for number in layer),
            )
        )
    return groups
