"""What the information planes say: compression, and information against the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy.stats
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.planes.layers import OUTPUT, SKIPPED
from neuroninfo.results.statistics import (
    Interval,
    interval_columns,
    interval_row,
    mean_over_seeds,
)
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import CONDITION, condition_names

KEY: Final = (*CONDITION, "estimator", "layer")
"""What tells rows of the table of compression apart."""

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(KEY, str),
    "highest": float,
    "last": float,
    **interval_columns("drop", after={"without": int, "verdict": str}),
}
"""Of the table of compression; information in bit."""

PAGE: Final = (
    *CONDITION,
    "estimator",
    "layer",
    "verdict",
    "drop",
    "low",
    "high",
    "highest",
    "last",
)
"""Columns for people, the verdict in sight."""

GAP_COLUMNS: Final[Mapping[str, type]] = {
    "dataset": str,
    "estimator": str,
    "coordinate": str,
    "correlation": float,
    "low": float,
    "high": float,
    "n_networks": int,
    "n_conditions": int,
}
"""Of the table of correlations with the generalization gap."""

DROP: Final = 0.1
"""Fall of I(X;T) in bit from which a layer is said to compress (chosen)."""


def _verdict(fall: Interval) -> str:
    """Whether a layer compresses: the interval of its fall lies on one side of `DROP`."""
    if np.isnan(fall.mean):
        return "no estimate"
    if np.isnan(fall.low):
        return "one seed"
    if fall.low > DROP:
        return "compresses"
    return "does not compress" if fall.high < DROP else "undecided"


def compression(plane: xr.Dataset, condition: Mapping[str, Any], study_seed: int) -> pd.DataFrame:
    """How far I(X;T) falls after its maximum over the epochs: the compression phase, if any.

    The maximum of a curve that only trembles lies above its end too: read small drops beside
    how much the curve moves from epoch to epoch.

    Parameters
    ----------
    plane
        ``plane.nc`` of all seeds.
    condition, study_seed
        As of `counts.summary`.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row an estimator and layer. Seeds that lack an estimate at some epoch at
        which it was asked are left out and counted in ``without``.
    """
    about = condition_names(condition)
    rows = []
    plane = plane.sortby("epoch").sortby("seed")
    values, reasons = plane["mutual_information_input"], plane["reason"]
    for estimator in map(str, plane["estimator"].values):
        for layer in map(str, plane["layer"].values):
            of_layer = {"estimator": estimator, "layer": layer}
            curves = values.sel(of_layer).transpose("seed", "epoch").values
            asked = (reasons.sel(of_layer) != SKIPPED).transpose("seed", "epoch").values
            curves = curves[:, asked.all(axis=0)]
            there = curves[~np.isnan(curves).any(axis=1)]
            highest, last = there.max(axis=1), there[:, -1]
            fall = mean_over_seeds(
                highest - last,
                study_seed,
                *(*about.values(), "compression", estimator, layer),
                none="no seed has an estimate at all epochs",
            )
            row = interval_row(about | of_layer, "drop", fall, len(curves))
            rows.append(
                row
                | {
                    "highest": float(highest.mean()) if len(there) else np.nan,
                    "last": float(last.mean()) if len(there) else np.nan,
                    "without": len(curves) - len(there),
                    "verdict": _verdict(fall),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def gaps(planes: Sequence[xr.Dataset], conditions: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Coordinates of the last hidden layer and generalization gaps, at the last epoch.

    Parameters
    ----------
    planes
        ``plane.nc`` of several conditions.
    conditions
        Data set, architecture, activation and regularizer of each.

    Returns
    -------
    DataFrame
        One row a condition, seed and estimator: ``input`` and ``label``, I(X;T) and I(Y;T) in
        bits, and ``gap``, test less train cross-entropy in nats.
    """
    rows = []
    for plane, names in zip(planes, conditions, strict=True):
        last = plane.isel(epoch=int(plane["epoch"].values.argmax()))
        gap = last["loss"].sel(split="test") - last["loss"].sel(split="train")
        hidden = [layer for layer in map(str, plane["layer"].values) if layer != OUTPUT]
        here = last.sel(layer=hidden[-1])
        for seed in plane["seed"].values:
            for estimator in map(str, plane["estimator"].values):
                point = here.sel(seed=seed, estimator=estimator)
                rows.append(
                    dict(zip(CONDITION, names, strict=True))
                    | {
                        "estimator": estimator,
                        "seed": int(seed),
                        "input": float(point["mutual_information_input"]),
                        "label": float(point["mutual_information_label"]),
                        "gap": float(gap.sel(seed=seed)),
                    }
                )
    return pd.DataFrame(rows)


def gap_correlations(points: pd.DataFrame, study_seed: int) -> pd.DataFrame:
    """Spearman's correlation of each coordinate with the gap, over conditions and seeds.

    Parameters
    ----------
    points
        As `gaps` gives them.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        `GAP_COLUMNS`, one row per data set, estimator and coordinate, with a 95 % percentile
        bootstrap interval over networks; NaN where all coordinates are equal or fewer than 3
        networks have one.
    """
    rows = []
    for (dataset, estimator), own in points.groupby(["dataset", "estimator"], sort=False):
        for coordinate in ("input", "label"):
            there = own[~own[coordinate].isna()]
            pairs = there[[coordinate, "gap"]].to_numpy()
            key = f"{dataset}/gap/{estimator}/{coordinate}"
            rng = generator(study_seed, Stream.BOOTSTRAP, key)
            correlation = _spearman(pairs, rng)
            rows.append(
                {
                    "dataset": dataset,
                    "estimator": estimator,
                    "coordinate": coordinate,
                    "correlation": correlation.mean,
                    "low": correlation.low,
                    "high": correlation.high,
                    "n_networks": len(there),
                    "n_conditions": len(there.drop_duplicates(list(CONDITION))),
                }
            )
    return pd.DataFrame(rows, columns=list(GAP_COLUMNS))


def _spearman(
    pairs: NDArray[np.float64], rng: np.random.Generator, resamples: int = 2000
) -> Interval:
    def correlation(sample: NDArray[np.float64]) -> float:
        ranks = np.apply_along_axis(scipy.stats.rankdata, 0, sample)
        centred = ranks - ranks.mean(axis=0)
        scale = np.sqrt((centred**2).sum(axis=0).prod())
        return float((centred[:, 0] * centred[:, 1]).sum() / scale) if scale > 0 else float("nan")

    if len(pairs) < 3 or np.isnan(of_all := correlation(pairs)):
        return Interval(np.nan, np.nan, np.nan)
    drawn = [
        correlation(pairs[rng.integers(len(pairs), size=len(pairs))]) for _ in range(resamples)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(of_all, float(low), float(high))
