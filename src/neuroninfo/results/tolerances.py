"""Tolerances at which one network would give the talk's numbers of neurons.

The talk reads single curves by eye and names no tolerance (slides T13 and T14).  So each of its
numbers is compared with the interval in which the number of one more network would lie, at all
tolerances that neurons were counted at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.files import tables
from neuroninfo.results.claims import ROUNDED, TALK
from neuroninfo.results.counts import NONE, TOLERANCES
from neuroninfo.results.statistics import interval_columns, interval_row, mean_over_seeds
from neuroninfo.vocabulary import CONDITION, condition_names

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*CONDITION, "scope", "measure", "quantizer", "quantity"), str),
    "delta": float,
    "criterion": str,
    "share": float,
    "n_neurons": int,
    "talk_low": float,
    "talk_high": float,
    **interval_columns(
        "mean",
        between={"predicted_low": float, "predicted_high": float},
        after={"without": int, "agrees": str},
    ),
}
"""Columns of the table.

``delta`` and ``share`` are NaN and ``criterion`` is empty if a count does not depend on them.  The
talk's number is NaN if the talk gives none.  ``agrees`` is yes or no, or empty if there is nothing
to compare.
"""


def surface(counted: xr.Dataset, condition: Mapping[str, Any]) -> pd.DataFrame:
    """Counts for which the talk gives numbers, at every tolerance, beside these numbers.

    Parameters
    ----------
    counted
        ``reading.nc``, as `counts.count_neurons` gives it.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`, by layer, order, count and tolerance; a count that the talk gives of one layer
        stands there for all of its layers. A number agrees if it, taken as rounded
        (`claims.ROUNDED`) if it is a single one, meets the interval in which one more network
        would lie. ``without`` is the number of seeds that have no such number; with any of them
        nothing is compared.

    Raises
    ------
    ValueError
        The talk gives no numbers of these networks.
    """
    about = condition_names(condition)
    talk = {
        layer: numbers
        for (dataset, architecture, layer), numbers in TALK.items()
        if (dataset, architecture) == (about["dataset"], about["architecture"])
    }
    if not talk:
        raise ValueError(f"{'/'.join(about.values())}: the talk gives no numbers of neurons")
    quantities = list(dict.fromkeys(name for numbers in talk.values() for name in numbers))
    rows = []
    for layer, numbers in talk.items():
        for order in range(counted.sizes["order"]):
            here = counted.sel(layer=layer).isel(order=order)
            of_order = about | {"scope": f"layer-{layer}"}
            of_order |= {key: str(here[key].item()) for key in ("measure", "quantizer")}
            for name in quantities:
                said = numbers.get(name, (np.nan, np.nan))
                others = [dim for dim in here[name].dims if dim != "seed"]
                for place in np.ndindex(*(here.sizes[dim] for dim in others)):
                    cell = here[name].isel(dict(zip(others, place, strict=True)))
                    at = {
                        key: cell[key].item() if key in cell.coords else empty
                        for key, empty in zip(TOLERANCES, (np.nan, "", np.nan), strict=True)
                    }
                    width = {"n_neurons": int(here["width"])}
                    rows.append(of_order | {"quantity": name} | at | width | _row(cell, said))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(cell: xr.DataArray, said: tuple[float, float]) -> dict[str, Any]:
    """The counts of one cell, (seed), beside the talk's number."""
    there = cell.values[cell.values != NONE]
    without = cell.size - there.size
    interval = mean_over_seeds(there, none="no seed has such a number")
    low, high = interval.predicted()
    rounded = ROUNDED if said[0] == said[1] else 0.0
    agrees = ""
    if not without and np.isfinite([low, said[0]]).all():
        meets = low <= (1 + rounded) * said[1] and high >= (1 - rounded) * said[0]
        agrees = "yes" if meets else "no"
    what = {
        "talk_low": said[0],
        "talk_high": said[1],
        "predicted_low": low,
        "predicted_high": high,
        "without": without,
        "agrees": agrees,
    }
    return interval_row(what, "mean", interval, cell.size)


def read(path: str | Path) -> pd.DataFrame:
    """Read a table as written by `tables.write`."""
    return tables.read(path, COLUMNS)
