"""The table of networks of few bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
import numpy as np
import pandas as pd
import xarray as xr
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.ablation.orders import Ordering, orderings, orders, scopes
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack, neuron_coordinates
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.results.curves import mean_accuracy
from neuroninfo.results.statistics import bootstrap_mean
from neuroninfo.vocabulary import CONDITION, ZERO
from neuroninfo.results.ranking import EFFECTS
from neuroninfo.streams import Stream, generator
from neuroninfo.smaller.settings import LOW_BIT_ORDER

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "quantity": str,
    "scope": str,
    "of": str,
    "bits": int,
    "mean": float,
    "low": float,
    "high": float,
    "n_seeds": int,
    "note": str,
}
"""Of the summary."""

def summary(
    groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any], study_seed: int
) -> pd.DataFrame:
    """Numbers by bits with intervals over seeds.

    Parameters
    ----------
    groups
        ``precision.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``quantity`` is accuracy (``of`` a part that is quantized), mutual_information
        (mean over the neurons of a layer, ``of`` a quantizer; none where there is no grid), or
        effect: of the order of a direction against random orders, as in `ranking`.
    """
    about = {key: str(condition[key]) for key in CONDITION}
    networks = groups["networks"]
    rows = []
    for number, bits in enumerate(networks["bits"].values.tolist()):
        here = networks.isel(bits=number)
        values: list[tuple[str, str, str, np.ndarray]] = [
            ("accuracy", "network", part, here["accuracy"].sel(part=part).values)
            for part in map(str, networks["part"].values)
        ]
        for layer in np.unique(networks["layer"].values):
            members = np.flatnonzero(networks["layer"].values == layer)
            of_layer = here["mutual_information"].isel(neuron=members).mean("neuron", skipna=False)
            values += [
                ("mutual_information", f"layer-{layer}", quantizer, by_seed)
                for quantizer in map(str, networks["quantizer"].values)
                if np.isfinite(by_seed := of_layer.sel(quantizer=quantizer).values).all()
            ]
        curves = {name: g.isel(bits=number) for name, g in groups.items() if name != "networks"}
        for scope, group in curves.items():
            g = mean_accuracy(group, LOW_BIT_ORDER.measure, LOW_BIT_ORDER.quantizer)
            for direction, (more, less) in EFFECTS.items():
                values.append(("effect", scope, direction, g[more] - g[less]))
        for quantity, scope, of, by_seed in values:
            key = "/".join([*about.values(), "precision", quantity, scope, of, str(bits)])
            interval = bootstrap_mean(by_seed, generator(study_seed, Stream.BOOTSTRAP, key))
            rows.append(
                about
                | {
                    "quantity": quantity,
                    "scope": scope,
                    "of": of,
                    "bits": bits,
                    "mean": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "n_seeds": len(by_seed),
                    "note": interval.note,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))
