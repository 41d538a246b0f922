"""Redundancy and synergy of layers in numbers, and whether ablation counts agree with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.seeds import slices
from neuroninfo.results import needed_pairs
from neuroninfo.results.statistics import (
    correlation_within,
    interval_columns,
    interval_row,
    mean_over_seeds,
)
from neuroninfo.synergy.settings import SHOWN
from neuroninfo.vocabulary import CONDITION, condition_names

KEY: Final = (*CONDITION, "scope", "epoch", "quantity", "measure")
"""Columns that identify a row of the table."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(KEY, str),
    **interval_columns(
        "mean", between={"shuffled": float, "n_neurons": int}, after={"without": int}
    ),
}
"""Columns of the table; ``measure`` is empty if there is only one, ``shuffled`` is NaN if it was
not measured."""
PAGE: Final = (*CONDITION, "scope", "quantity", "measure", "mean", "low", "high", "shuffled")
"""Columns for people."""
MEASURED: Final[Mapping[str, str]] = {
    "redundancy_share": "redundant share of what two neurons say",
    "shared": "share of what a neuron says that one other says too",
}
"""Quantities that are compared with ablation -> words."""
COUNTED: Final[Mapping[str, str]] = {
    "redundant": "neurons counted redundant",
    "inactive": "neurons counted inactive",
}
"""Counts of ablation for a layer -> words."""
POINT_COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*CONDITION, "scope", "measured", "counted"), str),
    **dict.fromkeys(("x", "x_low", "x_high", "y", "y_low", "y_high"), float),
}
"""Columns of the points of layers; y are shares of the neurons of the layer."""
AGREEMENT_COLUMNS: Final[Mapping[str, type]] = {
    "measured": str,
    "counted": str,
    "correlation": float,
    "low": float,
    "high": float,
    "n_layers": int,
    "n_conditions": int,
}
"""Columns of the rank correlations of these points."""
COMPLEXITY: Final = "representational_complexity"
"""Quantity, and variable of ``synergy.nc``."""
_PARTS: Final = ("informative", "misinformative")
"""The two parts of atoms by shared exclusions."""
_MEANS: Final = {
    "joint": ("mean_joint_information", ""),
    "redundancy": ("mean_redundancy", ""),
    "synergy": ("mean_synergy", ""),
    "redundancy_share": ("mean_redundancy", "mean_joint_information"),
    "synergy_share": ("mean_synergy", "mean_joint_information"),
    "next_joint": ("next_mean_joint_information", ""),
    "next_redundancy": ("next_mean_redundancy", ""),
    "next_synergy": ("next_mean_synergy", ""),
    "next_unique_first": ("next_mean_unique_first", ""),
    "next_unique_second": ("next_mean_unique_second", ""),
    "next_redundancy_share": ("next_mean_redundancy", "next_mean_joint_information"),
    "next_synergy_share": ("next_mean_synergy", "next_mean_joint_information"),
}
"""Quantity -> variable of ``synergy.nc``, and the one that it is divided by."""
_LAYER: Final = (
    "varying",
    "layer_information",
    "degree_of_redundancy",
    "degree_of_vulnerability",
    "patterns_once",
)


def summary(groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any]) -> pd.DataFrame:
    """Numbers of each layer with intervals over seeds.

    Parameters
    ----------
    groups
        ``synergy.nc`` of all seeds, in memory or `storage.opened_groups`; read slice by slice.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``quantity``: means over pairs of neurons that vary, of I(T1,T2;Y) (joint) and
        its redundant and synergistic parts in bit, and of these as shares of it; the same of pairs
        of a neuron of this layer and one of the next (``next_``), with what only either says;
        numbers of the layer as in ``synergy.nc``; representational complexity and the sums of atoms
        of each degree of synergy (``information_of_degree_<d>``) of sets of neurons, with their
        informative and misinformative parts, unless the file is too old to have them; and at the
        last epoch shared (`shared`) and what removing pairs costs (`needed_pairs.quantities`).
    """
    about = condition_names(condition)
    rows = []
    for scope, group in groups.items():
        for number, epoch in enumerate(group["epoch"].values.tolist()):
            for quantity, measure, by_seed, shuffled in _at_epoch(group, number):
                there = by_seed[np.isfinite(by_seed)]
                interval = mean_over_seeds(there, none="no seed has such a number")
                key = (*about.values(), scope, str(epoch), quantity, measure)
                row = interval_row(dict(zip(KEY, key, strict=True)), "mean", interval, len(by_seed))
                baseline = shuffled[np.isfinite(shuffled)]
                rows.append(
                    row
                    | {
                        "shuffled": baseline.mean() if len(baseline) else np.nan,
                        "n_neurons": group.sizes["neuron"],
                        "without": len(by_seed) - len(there),
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


_Quantity = tuple[str, str, NDArray[np.float64], NDArray[np.float64]]


def _at_epoch(group: xr.Dataset, number: int) -> Iterator[_Quantity]:
    """The same as `_quantities` for all seeds of a layer, which are read slice by slice."""
    last = number == group.sizes["epoch"] - 1
    names = [name for name, data in group.data_vars.items() if last or "epoch" in data.dims]
    parts = [_quantities(part, last=last) for (part,) in slices(group[names].isel(epoch=number))]
    for same in zip(*parts, strict=True):
        quantity, measure, _, _ = same[0]
        values, shuffled = (np.concatenate([part[i] for part in same]) for i in (2, 3))
        yield quantity, measure, values, shuffled


def _quantities(here: xr.Dataset, *, last: bool) -> list[_Quantity]:
    """Name, measure, values by seed, and those under shuffled classes, of one layer and epoch."""
    none = np.full(here.sizes["seed"], np.nan)
    found = []
    for quantity, (name, over) in _MEANS.items():
        if name not in here:  # the last layer has no next one
            continue
        measured = "measure" in here[name].dims
        for measure in map(str, here["measure"].values) if measured else [""]:
            values, shuffled = (
                (here[variable].sel(measure=measure) if measured else here[variable]).values
                for variable in (name, f"{name}_shuffled")
            )
            if over:
                found.append((quantity, measure, _ratio(values, here[over].values), none))
            else:
                found.append((quantity, measure, values, shuffled))
    for name in _LAYER:
        baseline = here.get(f"{name}_shuffled")
        shuffled = none if baseline is None else baseline.values
        found.append((name, "", here[name].values.astype(np.float64), shuffled))
    for measure in map(str, here["redundancy_measure"].values):
        of_sets = here.sel(redundancy_measure=measure)
        values, shuffled = (of_sets[name].values for name in (COMPLEXITY, f"{COMPLEXITY}_shuffled"))
        found.append((COMPLEXITY, measure, values, shuffled))
        found += _of_degrees(of_sets, "information", measure)
    for part in _PARTS:
        if f"{part}_by_degree" in here:  # files that were made before there were parts have none
            found += _of_degrees(here, part, "sx")
    if last:
        of_measure = {str(m): here["redundancy"].sel(measure=m) for m in here["measure"].values}
        found += [
            ("shared", measure, shared(here, redundant.values), none)
            for measure, redundant in of_measure.items()
        ]
        found += [
            (quantity, measure, values, none)
            for (quantity, measure), values in needed_pairs.quantities(here).items()
        ]
    return found


def _of_degrees(of_sets: xr.Dataset, of: str, measure: str) -> list[_Quantity]:
    """Sums of the atoms of each degree of synergy, or of a part of them, as `_quantities`."""
    values, shuffled = (of_sets[f"{of}_by_degree{ending}"] for ending in ("", "_shuffled"))
    return [
        (
            f"{of}_of_degree_{degree}",
            measure,
            values.sel(degree=degree).values,
            shuffled.sel(degree=degree).values,
        )
        for degree in of_sets["degree"].values.tolist()
    ]


def shared(layer: xr.Dataset, redundant: np.ndarray) -> NDArray[np.float64]:
    """Share of the information of a neuron that one other neuron of the layer has too, by seed.

    The largest redundant part of each neuron, over all others, summed over neurons, over the sum of
    their I(T;Y); NaN where they say nothing.

    Parameters
    ----------
    layer
        Of ``synergy.nc``: neurons and pairs.
    redundant
        (seeds, pairs) in bit.
    """
    n_seeds, n_neurons = layer.sizes["seed"], layer.sizes["neuron"]
    largest = np.zeros((n_seeds, n_neurons))
    for end in ("first", "second"):
        neurons = layer[end].values
        for of_seed, values in zip(largest, redundant, strict=True):
            np.maximum.at(of_seed, neurons, values)
    return _ratio(largest.sum(axis=1), layer["information"].sum("neuron").values)


def shares(layer: xr.Dataset) -> NDArray[np.float64]:
    """Redundant share of the information of two neurons, by `SHOWN`, last epoch, (seeds).

    The mean redundant part over that of I(T1,T2;Y), over pairs of neurons that vary; NaN where
    they say nothing.
    """
    last = layer.isel(epoch=-1)
    redundant = last["mean_redundancy"].sel(measure=SHOWN).values
    return _ratio(redundant, last["mean_joint_information"].values)


def _ratio(values: np.ndarray, over: np.ndarray) -> NDArray[np.float64]:
    """Quotients, NaN where there is nothing to divide by."""
    result = np.full(values.shape, np.nan)
    return np.divide(values, over, out=result, where=over > 0)


def at_last(measured: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last epoch of each condition, of a table as `summary` gives it."""
    of_conditions = measured.groupby(list(CONDITION))["epoch"]
    last = of_conditions.transform(lambda epochs: epochs.astype(int).max())
    return measured[measured["epoch"].astype(int) == last]


def points(measured: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Measured redundancy of each layer beside the counts of ablation.

    Parameters
    ----------
    measured
        As `summary` gives it, of several conditions; read is the last epoch.
    readings
        As `counts.summary` gives it, of the same conditions; read are the marked tolerances and
        the order by mutual information.

    Returns
    -------
    DataFrame
        `POINT_COLUMNS`, one row a layer, quantity of `MEASURED` and of `COUNTED`.
    """
    counted = readings[readings["marked"] & (readings["measure"] == "mutual_information")]
    counted = counted.drop_duplicates([*CONDITION, "scope", "quantity"])
    last = at_last(measured)
    shown = last[last["measure"] == SHOWN]
    rows = []
    for name in MEASURED:
        for count in COUNTED:
            both = shown[shown["quantity"] == name].merge(
                counted[counted["quantity"] == count],
                on=[*CONDITION, "scope"],
                suffixes=("", "_counted"),
            )
            width = both["n_neurons"]
            rows.append(
                both[[*CONDITION, "scope"]].assign(
                    measured=name,
                    counted=count,
                    x=both["mean"],
                    x_low=both["low"],
                    x_high=both["high"],
                    y=both["mean_counted"] / width,
                    y_low=both["low_counted"] / width,
                    y_high=both["high_counted"] / width,
                )
            )
    return pd.concat(rows, ignore_index=True)[list(POINT_COLUMNS)]


def agreement(of_layers: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation over layers between measured redundancy and counts of ablation.

    Parameters
    ----------
    of_layers
        As `points` gives it.

    Returns
    -------
    DataFrame
        `AGREEMENT_COLUMNS`, with a 95 % interval by Fisher's z, as if layers were independent; NaN
        where there are three layers or fewer, or all are equal.
    """
    rows = []
    for (measured, counted), own in of_layers.groupby(["measured", "counted"], sort=False):
        there = own[own["x"].notna() & own["y"].notna()]
        correlation, low, high = correlation_within(
            [(there["x"].to_numpy(), there["y"].to_numpy())]
        )
        rows.append(
            {
                "measured": measured,
                "counted": counted,
                "correlation": correlation,
                "low": low,
                "high": high,
                "n_layers": len(there),
                "n_conditions": len(there[list(CONDITION)].drop_duplicates()),
            }
        )
    return pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))
