"""The table of networks of few bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.results.curves import areas, mean_accuracy, ordered_by
from neuroninfo.results.ranking import EFFECTS
from neuroninfo.results.statistics import interval_columns, interval_row, mean_over_seeds
from neuroninfo.vocabulary import CONDITION, condition_names

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "quantity": str,
    "scope": str,
    "of": str,
    "bits": int,
    **interval_columns("mean"),
}
"""Columns of the summary."""


def summary(groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any]) -> pd.DataFrame:
    """Numbers by bits with intervals over seeds.

    Parameters
    ----------
    groups
        ``precision.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``quantity`` is accuracy (``of`` a part that is quantized), mutual_information
        (mean over the neurons of a layer, ``of`` a quantizer; none where there is no grid), or
        effect: of the order of a direction against random orders, as in `ranking`.
    """
    about = condition_names(condition)
    networks = groups["networks"]
    rows = []
    for number, bits in enumerate(networks["bits"].values.tolist()):
        here = networks.isel(bits=number).load()
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
            (by,) = ordered_by(group)
            g = mean_accuracy(areas(group), *by)
            for direction, (more, less) in EFFECTS.items():
                values.append(("effect", scope, direction, g[more] - g[less]))
        for quantity, scope, of, by_seed in values:
            interval = mean_over_seeds(by_seed)
            what = {"quantity": quantity, "scope": scope, "of": of, "bits": bits}
            rows.append(interval_row(about | what, "mean", interval, len(by_seed)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
