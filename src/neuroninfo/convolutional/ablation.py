"""Cumulative ablation of convolutional networks, by passes of the modules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.settings import AblationSettings
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
        One a seed.
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
    return {
        scope: xr.concat(
            [of_seed[scope] for of_seed in of_seeds],
            dim="seed",
            data_vars="minimal",
            coords="minimal",
            compat="equals",
            join="exact",
            combine_attrs="identical",
        )
        for scope in of_seeds[0]
    }
