"""Ablation of convolutional networks by passes of the modules: one after another, and alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.removals import Removals
from neuroninfo.ablation.settings import AblationSettings
from neuroninfo.files.storage import labelled
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


def damage(
    networks: Sequence[nn.Module],
    network: xr.Dataset,
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> xr.Dataset:
    """What is left when each channel alone is switched off, in the layout of ``damage.nc``.

    Parameters
    ----------
    networks, network
        One module a seed, and ``network.nc``.
    splits
        Name -> flattened images (n, n_inputs) and labels (n).
    """
    n_units = network.sizes["neuron"]
    each = np.array([np.roll(np.arange(n_units), -unit) for unit in range(n_units)])
    shape = (len(networks), len(splits), n_units)
    correct, loss = np.empty(shape, dtype=np.int32), np.empty(shape)
    correct_before, loss_before = np.empty(shape[:2], dtype=np.int32), np.empty(shape[:2])
    for position, model in enumerate(networks):
        neurons = network.isel(seed=[position])
        removals = Removals(each, np.zeros(n_units, dtype=np.int64), constants_of(neurons))
        for number, (name, data) in enumerate(splits.items()):
            (curve,), _, _ = curves(
                model, neurons, name, data, [removals], [np.array([0, 1])], progress=False
            )
            place = (position, number)
            correct_before[place], correct[place] = curve.correct[0, 0], curve.correct[:, 1]
            loss_before[place], loss[place] = curve.loss[0, 0], curve.loss[:, 1]
    dims = ("seed", "split", "neuron")
    words = "after switching off this neuron alone"
    sizes = np.array([len(labels) for _, labels in splits.values()], dtype=np.int32)
    return xr.Dataset(
        {
            "correct": (dims, correct, labelled(f"correct predictions {words}", "1")),
            "loss": (dims, loss, labelled(f"mean cross-entropy {words}", "nat")),
            "correct_unablated": (
                dims[:2],
                correct_before,
                labelled("correct predictions of the whole network", "1"),
            ),
            "loss_unablated": (
                dims[:2],
                loss_before,
                labelled("mean cross-entropy of the whole network", "nat"),
            ),
            "n_examples": ("split", sizes, labelled("examples of the split", "1")),
        },
        coords={
            **{name: network[name].variable for name in ("seed", "neuron", "layer", "unit")},
            "split": ("split", list(splits), {"long_name": "part of the data set"}),
        },
    )
