"""Redundancy and synergy of the pairs of each layer at an epoch of the training."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from neuroninfo.files.storage import labelled
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.synergy.pairs import decompose, varies
from neuroninfo.synergy.settings import QUANTIZER, SHOWN

_WORDS: Final = {
    "pair_information": "I(T1,T2;Y)",
    "pair_redundancy": "redundant part of I(T1,T2;Y) by broja",
    "pair_synergy": "synergistic part of I(T1,T2;Y) by broja",
}
"""Means over pairs of neurons that vary."""


def of_epoch(activations: xr.Dataset) -> xr.Dataset:
    """Means over the pairs of each layer, in the layout of ``plane.nc``.

    Parameters
    ----------
    activations
        In the layout of ``activations.nc``, of one epoch.

    Returns
    -------
    Dataset
        ``pair_information``, ``pair_redundancy``, ``pair_synergy`` (seed, epoch, layer) in bit, NaN
        where no two neurons vary; layers are the hidden ones.
    """
    quantizer, labels = Quantizer.named(QUANTIZER), activations["label"].values.astype(np.intp)
    function = str(activations.attrs["activation_function"])
    members = activations["layer"].values
    layers = np.unique(members)
    means = np.full((len(_WORDS), activations.sizes["seed"], 1, len(layers)), np.nan)
    for seed in range(activations.sizes["seed"]):
        values = activations["activation"].isel(seed=seed, epoch=0).values
        for place, layer in enumerate(layers):
            on = quantizer.symbols(values[:, members == layer], function).astype(bool)
            varying = on[varies(on)]
            if len(varying) > 1:
                pairs = decompose(varying, labels)
                parts = (pairs.joint, pairs.redundant[SHOWN], pairs.synergistic(SHOWN))
                means[:, seed, 0, place] = [part.mean() for part in parts]
    dims = ("seed", "epoch", "layer")
    of = "mean over pairs of neurons that vary"
    return xr.Dataset(
        {
            name: (dims, of_name, labelled(f"{words}, {of}", "bit"))
            for (name, words), of_name in zip(_WORDS.items(), means, strict=True)
        },
        coords={"layer": [str(layer) for layer in layers]},
    )
