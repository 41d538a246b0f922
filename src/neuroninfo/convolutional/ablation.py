"""Ablation of convolutional networks by passes of the modules: one after another, and alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.removals import Removals
from neuroninfo.ablation.settings import AblationSettings
from neuroninfo.ablation.single import left
from neuroninfo.files.seeds import joined
from neuroninfo.own_network.curves import constants_of, curves
from neuroninfo.own_network.ordered import ablated


def ablate(
    networks: Sequence[nn.Module],
    neurons: xr.Dataset,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: AblationSettings,
) -> dict[str, xr.Dataset]:
    """Ablate the channels of networks scope by scope, in the layout of ``ablation-<set>.nc``.

    Parameters
    ----------
    networks
        One per seed.
    neurons
        Their measures, same seeds, with their mean outputs.
    inputs, labels
        Flattened images (n, n_inputs) and (n), of the test split.
    settings
        What to order by, and what ablated channels put out.
    """
    of_seeds = [
        ablated(
            model,
            neurons.isel(seed=[position]),
            (inputs, labels),
            settings.orderings,
            random=settings.random,
            controls=settings.controls,
            replacements=settings.replacements,
            within=settings.scopes,
            steps=neurons.sizes["neuron"],
            study_seed=settings.study_seed,
            progress=False,
        )
        for position, model in enumerate(networks)
    ]
    return {scope: joined([of_seed[scope] for of_seed in of_seeds]) for scope in of_seeds[0]}


def damage(
    networks: Sequence[nn.Module],
    network: xr.Dataset,
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> xr.Dataset:
    """What is left when each channel alone is switched off, in the layout of ``damage.nc``.

    Parameters
    ----------
    networks, network
        One module per seed, and ``network.nc``.
    splits
        Name -> flattened images (n, n_inputs) and labels (n).
    """
    n_units = network.sizes["neuron"]
    each = np.array([np.roll(np.arange(n_units), -unit) for unit in range(n_units)])
    shape = (len(networks), len(splits), n_units + 1)
    correct, loss = np.empty(shape, dtype=np.int32), np.empty(shape)
    for position, model in enumerate(networks):
        neurons = network.isel(seed=[position])
        removals = Removals(each, np.zeros(n_units, dtype=np.int64), constants_of(neurons))
        for number, (name, data) in enumerate(splits.items()):
            (curve,), _, _ = curves(
                model, neurons, name, data, [removals], [np.array([0, 1])], progress=False
            )
            for array, values in ((correct, curve.correct), (loss, curve.loss)):
                array[position, number] = [values[0, 0], *values[:, 1]]
    coords = {name: network[name].variable for name in ("seed", "neuron", "layer", "unit")}
    return left(correct, loss, splits, coords)
