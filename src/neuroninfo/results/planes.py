"""Results from the information planes: compression, and information against the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files import storage
from neuroninfo.files.seeds import slices
from neuroninfo.planes.layers import OUTPUT, SKIPPED
from neuroninfo.results.statistics import (
    Interval,
    correlation_within,
    interval_columns,
    interval_row,
    mean_over_seeds,
)
from neuroninfo.vocabulary import CONDITION, condition_names

KEY: Final = (*CONDITION, "estimator", "layer")
"""Columns that identify a row of the table of compression."""

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(KEY, str),
    "highest": float,
    "last": float,
    "largest_drop": float,
    **interval_columns("drop", after={"without": int, "trust": str, "verdict": str}),
}
"""Columns of the table of compression; information in bit."""

PAGE: Final = (
    *CONDITION,
    "estimator",
    "layer",
    "verdict",
    "trust",
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
    "reading": str,
    "correlation": float,
    "low": float,
    "high": float,
    "n_networks": int,
    "n_conditions": int,
}
"""Columns of the table of correlations with the generalization gap."""

DROP: Final = 0.1
"""Fall of I(X;T) in bit from which a layer is said to compress (chosen)."""


SATURATED: Final = 0.1
"""Distance in bit from the largest possible estimate below which it is saturated (chosen)."""

COUNTED: Final = 3.0
"""Distance in bit below log2 n from which H(T), counted on n of more inputs, is trusted (chosen).

Of n / 8 equally likely symbols the count is too low by 1 / (16 ln 2) = 0.09 bit (Miller 1955).
"""

ERROR: Final = 1.0
"""Error in bit on known information up to which an estimate of I(X;T) is trusted (chosen)."""

_REASONS: Final = 200_000
"""Texts in memory (chosen)."""

TRUSTED: Final = "yes"
"""Value of the column ``trust`` for a trusted estimate; other values say why it is not trusted."""


def opened(path: str | Path, condition: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Read ``plane.nc`` of all seeds; what no figure needs in memory stays in the file.

    These are the reasons, a text for each estimate, and the ends of intervals.  They are read when
    they are used.

    Parameters
    ----------
    path, condition
        As of `storage.opened`.
    """
    plane = storage.opened(path, "plane", condition=condition)
    for name, variable in plane.variables.items():
        if name != "reason" and not str(name).endswith(("_low", "_high")):
            variable.load()
    return plane


def _verdict(fall: Interval, trust: str = TRUSTED) -> str:
    """Whether a layer compresses: the interval of its fall lies on one side of `DROP`."""
    if np.isnan(fall.mean):
        return "no estimate"
    if trust != TRUSTED:
        return "not trusted"
    if np.isnan(fall.low):
        return "one seed"
    if fall.low > DROP:
        return "compresses"
    return "does not compress" if fall.high < DROP else "undecided"


def saturated(plane: xr.Dataset) -> xr.DataArray:
    """Whether an estimate of I(X;T) is within `_margin` of the largest value that is possible.

    (seed, epoch, layer, estimator).
    """
    margins = [_margin(plane, str(name)) for name in plane["estimator"].values]
    limits = plane["ceiling_input"] - xr.DataArray(margins, dims="estimator")
    return plane["mutual_information_input"] > limits


def trust(plane: xr.Dataset, estimator: str, layer: str) -> str:
    """`TRUSTED`, or why the falls of I(X;T) of a layer by an estimator are not to be trusted.

    Either the mean over seeds is saturated at its highest, so that it can only fall, or the error
    on known information of as many dimensions and examples (``bias_input``) is beyond `ERROR`.
    """
    own = plane.sel(estimator=estimator, layer=layer)
    values = own["mutual_information_input"]
    highest = float(values.mean("seed").max("epoch"))
    if highest > float(own["ceiling_input"]) - _margin(plane, estimator):
        return "saturated"
    error = float(own["bias_input"])
    return f"error {error:+.1f} bit" if abs(error) > ERROR else TRUSTED


def _margin(plane: xr.Dataset, estimator: str) -> float:
    """Distance in bit from the largest possible estimate below which it is saturated.

    None (-inf) for the information that a network itself has: by ``propagation``, and by ``exact``
    on all inputs that there are.  On a sample of the inputs, ``exact`` counts.
    """
    if estimator.startswith("propagation-"):
        return -np.inf
    if estimator == "exact":
        return COUNTED if plane.attrs.get("complete") == 0 else -np.inf
    return SATURATED


def falls(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the curve of each seed (seed, epoch) falls to the end from the others' maximum.

    The epoch is that at which the mean of all other seeds is highest: a curve that only fluctuates
    falls by 0 from there in the mean, and not from its own maximum.  A single seed has no others.
    """
    if len(curves) < 2:
        return curves.max(axis=1, initial=-np.inf) - curves[:, -1]
    at = (curves.sum(axis=0) - curves).argmax(axis=1)
    return np.asarray(curves[np.arange(len(curves)), at] - curves[:, -1])


def compression(plane: xr.Dataset, condition: Mapping[str, Any]) -> pd.DataFrame:
    """How far I(X;T) falls after its maximum over the epochs: the compression phase, if any.

    ``drop`` is the fall from the epoch at which the other seeds are highest (`falls`), and
    ``largest_drop`` that from each seed's own maximum, which lies above the end of a curve that
    only fluctuates, too.

    Parameters
    ----------
    plane
        ``plane.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row an estimator and layer. Seeds that lack an estimate at some epoch at
        which it was asked are left out and counted in ``without``. Layers that `trust` does not
        trust have no other verdict.
    """
    about = condition_names(condition)
    rows = []
    asked_of_all = _asked(plane).sortby("epoch")
    plane = plane[["mutual_information_input"]].sortby("epoch").sortby("seed")
    values = plane["mutual_information_input"]
    for estimator in map(str, plane["estimator"].values):
        for layer in map(str, plane["layer"].values):
            of_layer = {"estimator": estimator, "layer": layer}
            curves = values.sel(of_layer).transpose("seed", "epoch").values
            curves = curves[:, asked_of_all.sel(of_layer).transpose("epoch").values]
            there = curves[~np.isnan(curves).any(axis=1)]
            highest, last = there.max(axis=1), there[:, -1]
            none = "no seed has an estimate at all epochs"
            fall = mean_over_seeds(falls(there), none=none)
            trusted = trust(plane, estimator, layer)
            row = interval_row(about | of_layer, "drop", fall, len(curves))
            rows.append(
                row
                | {
                    "highest": float(highest.mean()) if len(there) else np.nan,
                    "last": float(last.mean()) if len(there) else np.nan,
                    "largest_drop": float((highest - last).mean()) if len(there) else np.nan,
                    "without": len(curves) - len(there),
                    "trust": trusted,
                    "verdict": _verdict(fall, trusted),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _asked(plane: xr.Dataset) -> xr.DataArray:
    """(epoch, layer, estimator): whether an estimate was asked for in all seeds."""
    parts = [
        (part["reason"] != SKIPPED).all("seed")
        for (part,) in slices(plane[["reason"]], most=_REASONS * 8)  # texts are counted as 8 bytes
    ]
    return xr.concat(parts, "part").all("part")


def last_hidden(plane: xr.Dataset) -> str:
    """Name of the last hidden layer."""
    return [layer for layer in map(str, plane["layer"].values) if layer != OUTPUT][-1]


def gaps(
    planes: Sequence[xr.Dataset],
    conditions: Sequence[Sequence[str]],
    noise: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Coordinates of the last hidden layer and generalization gaps, at the last epoch.

    Parameters
    ----------
    planes
        ``plane.nc`` of several conditions.
    conditions
        Data set, architecture, activation and regularizer of each.
    noise
        Of the training labels of each: as of `gap.generalization_gap`.

    Returns
    -------
    DataFrame
        One row a condition, seed and estimator: ``input`` and ``label``, I(X;T) and I(Y;T) in
        bits, and ``gap``, test less train cross-entropy in nats. It is NaN with label noise: the
        expected cross-entropy by labels as noisy as those of training does not follow from that
        by true labels.
    """
    tables = []
    for plane, names, of_labels in zip(planes, conditions, noise, strict=True):
        last = plane.isel(epoch=int(plane["epoch"].values.argmax()))
        gap = last["loss"].sel(split="test") - last["loss"].sel(split="train")
        if of_labels["label_noise"]:
            gap = xr.full_like(gap, np.nan)
        here = last.sel(layer=last_hidden(plane))
        n_seeds, n_estimators = plane.sizes["seed"], plane.sizes["estimator"]
        coordinates = {
            column: here[name].transpose("seed", "estimator").values.astype(np.float64).ravel()
            for column, name in (
                ("input", "mutual_information_input"),
                ("label", "mutual_information_label"),
            )
        }
        tables.append(
            pd.DataFrame(
                {
                    **dict(zip(CONDITION, names, strict=True)),
                    "estimator": np.tile(list(map(str, plane["estimator"].values)), n_seeds),
                    "seed": np.repeat(plane["seed"].values.astype(int), n_estimators),
                    **coordinates,
                    "gap": np.repeat(gap.values.astype(np.float64), n_estimators),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def gap_correlations(points: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of each coordinate with the gap, within and over conditions.

    Networks of one condition are no independent samples of conditions: so they are correlated
    within their condition and pooled (`statistics.correlation_within`), and apart from that the
    means of the conditions are correlated, one point per condition.

    Parameters
    ----------
    points
        As `gaps` gives them.

    Returns
    -------
    DataFrame
        `GAP_COLUMNS`, one row per data set, estimator, coordinate and ``reading`` (within
        conditions, over conditions), with a 95 % interval by Fisher's z; NaN where a reading has
        too few points or all are equal.
    """
    rows = []
    for (dataset, estimator), own in points.groupby(["dataset", "estimator"], sort=False):
        for coordinate in ("input", "label"):
            there = own[own[[coordinate, "gap"]].notna().all(axis=1)]
            conditions = [
                (of_condition[coordinate].to_numpy(), of_condition["gap"].to_numpy())
                for _, of_condition in there.groupby(list(CONDITION), sort=False)
            ]
            means = (
                np.array([coordinates.mean() for coordinates, _ in conditions]),
                np.array([gaps.mean() for _, gaps in conditions]),
            )
            readings = {"within conditions": conditions, "over conditions": [means]}
            for reading, groups in readings.items():
                correlation, low, high = correlation_within(groups)
                rows.append(
                    {
                        "dataset": dataset,
                        "estimator": estimator,
                        "coordinate": coordinate,
                        "reading": reading,
                        "correlation": correlation,
                        "low": low,
                        "high": high,
                        "n_networks": len(there),
                        "n_conditions": len(conditions),
                    }
                )
    return pd.DataFrame(rows, columns=list(GAP_COLUMNS))
