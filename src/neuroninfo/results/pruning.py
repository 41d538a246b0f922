"""The table of pruned networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.results.statistics import interval_columns, interval_row, mean_over_seeds
from neuroninfo.vocabulary import CONDITION, condition_names

UNPRUNED: Final = "unpruned"
"""In place of a criterion: the network as it was."""

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "criterion": str,
    "quantizer": str,
    "balancing": int,
    "fine_tuning": int,
    "kept": float,
    "parameters": int,
    **interval_columns("accuracy"),
}
"""Columns of the summary."""


def summary(pruned: xr.Dataset, condition: Mapping[str, Any]) -> pd.DataFrame:
    """Accuracy of pruned networks with intervals over seeds, one row per network.

    Parameters
    ----------
    pruned
        ``pruned.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`; what torch has not (balancing) has no row. The network as it was stands there as
        criterion `UNPRUNED`.
    """
    about = condition_names(condition)
    n_parameters_before = int(pruned.attrs["parameters_unpruned"])
    rows = [
        _row(
            about | {"criterion": UNPRUNED, "quantizer": "none"},
            {"balancing": 0, "fine_tuning": 0, "kept": 1.0, "parameters": n_parameters_before},
            pruned["accuracy_unpruned"].values,
        )
    ]
    shape = pruned["accuracy"].transpose("criterion", "balancing", "fine_tuning", "kept", "seed")
    for criterion, balancing, fine_tuning, kept in np.ndindex(shape.shape[:-1]):
        by_seed = shape.values[criterion, balancing, fine_tuning, kept]
        if np.isnan(by_seed).all():
            continue
        what = {
            "criterion": str(pruned["criterion"].values[criterion]),
            "quantizer": str(pruned["quantizer"].values[criterion]),
        }
        size = {
            "balancing": balancing,
            "fine_tuning": fine_tuning,
            "kept": float(pruned["kept"].values[kept]),
            "parameters": int(pruned["parameters"].values[criterion, kept]),
        }
        rows.append(_row(about | what, size, by_seed))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(what: Mapping[str, str], size: Mapping[str, float], by_seed: np.ndarray) -> dict[str, Any]:
    interval = mean_over_seeds(by_seed)
    return interval_row({**what, **size}, "accuracy", interval, len(by_seed))
