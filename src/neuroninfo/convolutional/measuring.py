"""Measures of the channels of convolutional networks, as ``neurons.nc``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from neuroninfo.files.seeds import joined
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.own_network.reading import PASSES, layers_of, neurons_dataset, of_outputs


def measure(
    activations: Iterable[xr.Dataset], network: xr.Dataset, settings: MeasureSettings
) -> xr.Dataset:
    """All measures of all channels, in the layout of ``neurons.nc``.

    What a channel puts out for an example is the mean over its positions. Measures of weights
    (``taylor``, ``incoming_weight_norm``, ``outgoing_weight_norm``) there are none.

    Parameters
    ----------
    activations
        One dataset per seed, in the layout of ``activations.nc``; its last epoch is measured.
    network
        ``network.nc`` of the same seeds.
    settings
        What is measured.

    Raises
    ------
    ValueError
        Outputs and networks are of different seeds.
    """
    names, widths = layers_of(network)
    parts = []
    for position, part in enumerate(activations):
        of_seed, of_network = part.isel(seed=0, epoch=-1), network.isel(seed=position)
        seed = int(of_seed["seed"])
        if seed != int(of_network["seed"]):
            raise ValueError(f"outputs are of seed {seed}, the network of {of_network['seed']}")
        activation = str(of_seed.attrs["activation_function"])
        values, labels = of_seed["activation"].values, of_seed["label"].values.astype(np.intp)
        measured = of_outputs(
            values,
            labels,
            int(of_seed.attrs["n_classes"]),
            [Quantizer.named(name) for name in settings.quantizers],
            np.full(values.shape[1], ACTIVATIONS[activation].threshold),
            settings.shuffles,
            seed,
            settings.study_seed,
        )
        attrs = {
            "n_examples": len(labels),
            "n_classes": int(of_seed.attrs["n_classes"]),
            "activation_function": activation,
            "epoch": int(of_seed["epoch"]),
            "shuffles": settings.shuffles,
            "summary": "mean",
            "channels": str(network.attrs["channels"]),
            "computed_by": PASSES,
        }
        measured["mean_output"] = of_network["mean_output"].values
        parts.append(
            neurons_dataset(
                measured,
                names,
                widths,
                activation == "relu",
                settings.quantizers,
                seed,
                attrs,
            )
        )
    return joined(parts)
