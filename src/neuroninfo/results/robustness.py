"""Accuracy on corrupted inputs, and whether networks with more redundant layers keep more of it.

With A(s) the test accuracy at strength s, A(0) that without corruption and c the share of the
largest class, what is left under a corruption is the mean over its strengths of
(A(s) - c) / (A(0) - c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.results import correlations
from neuroninfo.results.correlations import correlate
from neuroninfo.results.statistics import interval_columns, interval_row, mean_over_seeds
from neuroninfo.results.synergy import shares
from neuroninfo.vocabulary import CONDITION, CORRUPTIONS, UNCORRUPTED, condition_names

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*CONDITION, "corruption"), str),
    "strength": float,
    **interval_columns("accuracy", between={"chance": float}),
}
"""Columns of the table of accuracies."""
NETWORK_COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "seed": int,
    "layer": str,
    **dict.fromkeys(("redundancy", *CORRUPTIONS), float),
}
"""Columns of the table of networks, one row per layer; NaN if a corruption was not tried."""
AGREEMENT_COLUMNS: Final[Mapping[str, type]] = {"layer": str, **correlations.COLUMNS}
"""Columns of the correlations of redundancy with the share of accuracy that is left."""


def summary(accuracies: xr.Dataset, condition: Mapping[str, Any]) -> pd.DataFrame:
    """Mean accuracies of a condition with intervals over seeds.

    Parameters
    ----------
    accuracies
        ``robustness.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row per corruption and strength; the first is without corruption.
    """
    rows = []
    for corruption, strength, by_seed in zip(
        accuracies["corruption"].values,
        accuracies["strength"].values,
        accuracies["accuracy"].transpose("case", "seed").values,
        strict=True,
    ):
        what = condition_names(condition) | {
            "corruption": str(corruption),
            "strength": float(strength),
        }
        row = interval_row(what, "accuracy", mean_over_seeds(by_seed), len(by_seed))
        rows.append(row | {"chance": float(accuracies.attrs["chance"])})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def left(accuracies: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Corruption -> (seeds) share of the accuracy above chance that is left.

    NaN where a network is no better than chance without corruption.
    """
    of_case = accuracies["accuracy"].transpose("case", "seed").values
    kinds = accuracies["corruption"].values
    chance = float(accuracies.attrs["chance"])
    whole = of_case[kinds == UNCORRUPTED][0] - chance
    whole = np.where(whole > 0, whole, np.nan)
    return {
        str(kind): (of_case[kinds == kind].mean(axis=0) - chance) / whole
        for kind in dict.fromkeys(kinds)
        if kind != UNCORRUPTED
    }


def networks(
    accuracies: xr.Dataset, condition: Mapping[str, Any], synergy: Mapping[str, xr.Dataset]
) -> pd.DataFrame:
    """One row per network and layer of a condition.

    Parameters
    ----------
    accuracies, condition
        As of `summary`.
    synergy
        ``synergy.nc`` of these seeds or of some of them; empty: not measured.

    Returns
    -------
    DataFrame
        `NETWORK_COLUMNS`; a network without measured redundancy has one row, of no layer.
    """
    seeds = accuracies["seed"].values
    layers = {
        name: pd.Series(shares(layer), layer["seed"].values).reindex(seeds).to_numpy()
        for name, layer in synergy.items()
    } or {"": np.full(len(seeds), np.nan)}
    kept = dict.fromkeys(CORRUPTIONS, np.full(len(seeds), np.nan)) | left(accuracies)
    tables = [
        pd.DataFrame(
            {
                **condition_names(condition),
                "seed": seeds,
                "layer": name,
                "redundancy": redundancy,
                **kept,
            }
        )
        for name, redundancy in layers.items()
    ]
    return pd.concat(tables, ignore_index=True)[list(NETWORK_COLUMNS)]


def agreement(points: pd.DataFrame, study_seed: int) -> pd.DataFrame:
    """Correlation of the redundancy of a layer with what is left under each corruption.

    Parameters
    ----------
    points
        As `networks` gives them, of all conditions.
    study_seed
        Of the study.

    Returns
    -------
    DataFrame
        `AGREEMENT_COLUMNS`; claimed is that more redundant networks keep more. Empty where
        redundancy was not measured.
    """
    measured = points[points["redundancy"].notna()]
    tables = [
        correlate(own, "redundancy", kind, 1, study_seed).assign(layer=layer)
        for layer, own in measured.groupby("layer")
        for kind in CORRUPTIONS
        if own[kind].notna().any()
    ]
    if not tables:
        return pd.DataFrame(columns=list(AGREEMENT_COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(AGREEMENT_COLUMNS)]
