"""Simpson's paradox in numbers (slide T10): correlations of a measure within layers and pooled.

For every measure the rank correlation (Spearman) with the increase of the loss on test when a
neuron alone is ablated: within each hidden layer, and over all neurons of the network together.
The paradox is there if the correlation is of one sign within the layers and of the other, or none,
when layers are pooled.  How well the increase on the validation split is correlated with that on
the test split is its reliability: no measure can be expected to be correlated with it much better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.seeds import slices
from neuroninfo.results.statistics import (
    interval_columns,
    interval_row,
    mean_over_seeds,
    rank_correlation,
)
from neuroninfo.vocabulary import CONDITION, NETWORK, condition_names

WITHIN: Final = "within layers"
"""In place of a scope: the mean of the layers' correlations."""

REVERSAL: Final = "pooled - within"
"""In place of a scope: the pooled correlation minus that mean."""

MEASURES: Final = (
    "mutual_information",
    "entropy",
    "kl_selectivity",
    "class_selectivity",
    "active_fraction",
    "mean_activation",
    "incoming_weight_norm",
    "outgoing_weight_norm",
    "taylor",
)
"""Those of single neurons; with a quantizer the first one that was measured."""

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "measure": str,
    "quantizer": str,
    "scope": str,
    **interval_columns("correlation", after={"without": int}),
}
"""Columns of the table."""


RELIABILITY: Final = "damage on validation"
"""In place of a measure: the increase of the loss on the validation split."""


def costs(damage: xr.Dataset, split: str = "test") -> NDArray[np.float64]:
    """Increase of the loss in nat when each neuron alone is ablated, (seed, neuron).

    Parameters
    ----------
    damage
        ``damage.nc``.
    split
        Whose loss.
    """
    of_split = damage.sel(split=split)
    increase = of_split["loss"] - of_split["loss_unablated"]
    return np.asarray(increase.transpose("seed", "neuron").values)


def measured(neurons: xr.Dataset) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Name, quantizer and (seed, neuron) values of each of the `MEASURES` that the file has."""
    for measure in MEASURES:
        if measure not in neurons:
            continue
        values, quantizer = neurons[measure], "none"
        if "quantizer" in values.dims:
            quantizer = str(values["quantizer"].values[0])
            values = values.isel(quantizer=0)
        yield measure, quantizer, values.transpose("seed", "neuron").values


def correlations(
    neurons: xr.Dataset, damage: xr.Dataset, condition: Mapping[str, Any]
) -> pd.DataFrame:
    """Rank correlations with intervals over seeds, one row per measure and scope.

    Parameters
    ----------
    neurons, damage
        ``neurons.nc`` and ``damage.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`. Scopes are the layers, `WITHIN`, the network (pooled) and `REVERSAL`. A seed
        in which the measure or the damage is the same in all neurons of a scope has no
        correlation there: ``without`` counts them and the mean is over the others.

    Raises
    ------
    ValueError
        Seeds or neurons differ.
    """
    for name in ("seed", "layer"):
        if not np.array_equal(neurons[name].values, damage[name].values):
            raise ValueError(f"measures and damage differ in {name}: make both from one network")
    about = condition_names(condition)
    found: dict[tuple[str, str], dict[str, list[NDArray[np.float64]]]] = {}
    names = [name for name in MEASURES if name in neurons]
    for part, alone in slices(neurons[names], damage[["loss", "loss_unablated"]]):
        lost = costs(alone)
        reliability = (RELIABILITY, "none", costs(alone, "validation"))
        for measure, quantizer, values in (*measured(part), reliability):
            scopes = found.setdefault((measure, quantizer), {})
            for scope, by_seed in _by_scope(values, lost, neurons["layer"].values).items():
                scopes.setdefault(scope, []).append(by_seed)
    rows = []
    for (measure, quantizer), scopes in found.items():
        for scope, parts in scopes.items():
            by_seed = np.concatenate(parts)
            there = by_seed[~np.isnan(by_seed)]
            what = {**about, "measure": measure, "quantizer": quantizer, "scope": scope}
            interval = mean_over_seeds(there)
            without = len(by_seed) - len(there)
            note = ""
            if without:
                note = f"in {without} seeds measure or damage is the same in all neurons"
            row = interval_row(what, "correlation", interval, len(by_seed), note)
            rows.append(row | {"without": without})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _by_scope(
    values: NDArray[np.float64], lost: NDArray[np.float64], layers: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Scope -> correlation by seed of (seed, neuron) values."""
    scopes = {
        f"layer-{layer}": _by_seed(values[:, layers == layer], lost[:, layers == layer])
        for layer in np.unique(layers)
    }
    within = np.mean(list(scopes.values()), axis=0)
    pooled = _by_seed(values, lost)
    return scopes | {WITHIN: within, NETWORK: pooled, REVERSAL: pooled - within}


def _by_seed(values: NDArray[np.float64], lost: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([rank_correlation(a, b) for a, b in zip(values, lost, strict=True)])
