"""Tighter bounds from supersamples in numbers: value, chance, interval over pools, verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.generalization.bounds import PERMUTED, PLUG_IN
from neuroninfo.generalization.tighter import BOUNDS, GIVEN_POOL, Supersample, baseline
from neuroninfo.results.statistics import mean_over_seeds

GAP: Final = "gap"
FUNCTIONAL: Final = "f-CMI"
COLUMNS: Final = (
    *("condition", "train_size", "bound", "value", "low", "high", "chance", "gap", "ratio"),
    *("train", "verdict"),
)
"""Columns of the table, which has one row per condition, training size and bound."""


def summary(files: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Every bound of every condition and training size, f-CMI before the tighter ones.

    Parameters
    ----------
    files
        ``supersample.nc`` of each condition.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``low`` and ``high``: 95 % interval by the jackknife over pools (NaN with one).
        ``chance``: the bound from halves that are other networks', NaN where the information is
        not given the pool. ``ratio``: bound over gap, NaN where the gap is not above 0.
        ``verdict``: ``vacuous`` (1 or more), ``below the gap``, ``mostly chance`` (chance is half
        of the bound or more), else ``bounds the gap``.
    """
    rows = []
    for file in files:
        name = json.loads(file.attrs["condition"])["name"]
        for size in map(int, file["train_size"].values):
            sample = Supersample.read(file, size)
            train, test = sample.losses
            about = {"condition": name, "train_size": size, "train": train, "gap": test - train}
            rows += [about | _row(about, *_functional(file, size), FUNCTIONAL)]
            for bound, value in BOUNDS.items():
                chance = baseline(sample, bound) if bound in GIVEN_POOL else np.nan
                found = (value(sample), _half(value, sample), chance)
                rows.append(about | _row(about, *found, bound))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    about: dict[str, Any], value: float, half: float, chance: float, bound: str
) -> dict[str, Any]:
    """One row of the table: a bound with its interval and its verdict."""
    gap = about["gap"]
    verdict = "bounds the gap"
    if value >= 1:
        verdict = "vacuous"
    elif value < gap:
        verdict = "below the gap"
    elif chance >= value / 2 > 0:
        verdict = "mostly chance"
    return {
        "bound": bound,
        "value": value,
        "low": value - half,
        "high": value + half,
        "chance": chance,
        "ratio": value / gap if gap > 0 else np.nan,
        "verdict": verdict,
    }


def _functional(file: xr.Dataset, size: int) -> tuple[float, float, float]:
    """F-CMI: its mean over pools, half of the interval, and the same by chance."""
    own = file["bound_value"].sel(train_size=size).isel(networks=-1)
    by_pool = own.sel(known_by=PLUG_IN).values
    interval = mean_over_seeds(by_pool)
    chance = float(own.sel(known_by=PERMUTED).mean())
    return interval.mean, (interval.high - interval.low) / 2, chance


def _half(bound: Callable[[Supersample], float], sample: Supersample) -> float:
    """Half of the jackknife interval over pools; NaN with one pool."""
    n_pools = len(sample.wrong)
    if n_pools < 2:
        return float("nan")
    whole = bound(sample)
    left_out = np.array([bound(sample.without(pool)) for pool in range(n_pools)])
    interval = mean_over_seeds(n_pools * whole - (n_pools - 1) * left_out)
    return (interval.high - interval.low) / 2
