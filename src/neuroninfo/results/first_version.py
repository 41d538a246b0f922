"""The numbers of the paper's first version beside ours (arXiv:1804.06679v1).

The paper trains networks with two sigmoid layers of 100 neurons on MNIST and gives no tables: its
numbers are read off its figures, to about `READ_OFF`.  They are of one network, so ours stand
beside them with the interval in which one more network would lie.  Where the paper does not say
whether neurons are ablated to zero or to their mean, there is a row for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.configuration.plans import FIRST_VERSION_MEASURES, FIRST_VERSION_QUANTIZER
from neuroninfo.files import tables
from neuroninfo.results import curves
from neuroninfo.results.curves import layer_number
from neuroninfo.results.statistics import (
    Interval,
    check_seeds,
    interval_columns,
    interval_row,
    mean_over_seeds,
)
from neuroninfo.vocabulary import CONDITION, MEAN, NETWORK, RANDOM, ZERO, condition_names

READ_OFF: Final = 0.02
"""How exactly an accuracy, or a number of bits, can be read off the paper's figures."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*CONDITION, "reading", "scope", "quantity", "measure", "direction"), str),
    "removed": int,
    "replacement": str,
    "stated": bool,
    "paper_low": float,
    "paper_high": float,
    **interval_columns(
        "mean", between={"predicted_low": float, "predicted_high": float}, after={"agrees": str}
    ),
}
"""Columns of the table.

``stated``: the paper says what ablated neurons put out, or nothing is ablated.  ``agrees`` is yes
if the paper's number, as exactly as it can be read, meets the interval in which one more network
would lie, no if it does not, and empty if there is no such interval.
"""
PAGE: Final = (
    *("regularizer", "reading", "removed", "quantity", "measure", "direction", "replacement"),
    *("stated", "paper_low", "paper_high", "mean", "predicted_low", "predicted_high", "agrees"),
    *("low", "high", "n_seeds", "note"),
)
"""Columns for people."""


@dataclass(frozen=True)
class Reading:
    """A number of the paper, read off a figure."""

    reading: str
    """Which figure, in words."""
    scope: str
    quantity: str
    measure: str
    low: float
    high: float
    """Ends of the range that the paper gives; equal for a single number."""
    direction: str = "none"
    removed: int = 0
    replacements: tuple[str, ...] = ("none",)
    """Possible replacements of ablated neurons; several if the paper does not say which."""


def _accuracies(
    reading: str,
    scope: str,
    direction: str,
    removed: int,
    replacements: tuple[str, ...],
    **values: float,
) -> list[Reading]:
    """Readings by measure off one figure; random orders have no direction."""
    return [
        Reading(
            reading=reading,
            scope=scope,
            quantity="accuracy",
            measure=measure,
            low=value,
            high=value,
            direction="none" if measure == RANDOM else direction,
            removed=removed,
            replacements=replacements,
        )
        for measure, value in values.items()
    ]


ACCURACIES: Final[Sequence[Reading]] = (
    Reading("no ablation", NETWORK, "accuracy", "none", 0.975, 0.975),
    *_accuracies(
        "whole network, lowest first",
        NETWORK,
        "ascending",
        78,
        (ZERO, MEAN),
        random=0.88,
        kl_selectivity=0.79,
        entropy=0.70,
        mutual_information=0.64,
    ),
    *_accuracies(
        "layer 1, to zero",
        "layer-1",
        "ascending",
        50,
        (ZERO,),
        mutual_information=0.78,
        random=0.68,
    ),
    *_accuracies(
        "layer 1, to the mean",
        "layer-1",
        "ascending",
        50,
        (MEAN,),
        mutual_information=0.89,
        random=0.86,
    ),
    *_accuracies(
        "layer 1, highest first",
        "layer-1",
        "descending",
        50,
        (ZERO, MEAN),
        mutual_information=0.74,
        kl_selectivity=0.76,
        random=0.86,
    ),
    # "All" are at least 0.93: of the measures and directions the source says no more.
    *(
        Reading("layer 2", "layer-2", "accuracy", measure, 0.93, 1.0, direction, 60, (ZERO, MEAN))
        for measure, directions in (
            (RANDOM, ("none",)),
            *((measure, ("ascending", "descending")) for measure in FIRST_VERSION_MEASURES),
        )
        for direction in directions
    ),
)
"""Accuracies on test after a number of removals."""
VIOLINS: Final[Sequence[Reading]] = tuple(
    Reading(f"violin of {scope.replace('-', ' ')}", scope, quantity, measure, value, value)
    for scope, measure, lowest, highest in (
        ("layer-1", "entropy", 0.31, 1.0),
        ("layer-2", "entropy", 0.62, 1.0),
        ("layer-1", "mutual_information", 0.03, 0.50),
        ("layer-2", "mutual_information", 0.36, 0.77),
        ("layer-1", "kl_selectivity", 0.09, 1.98),
        ("layer-2", "kl_selectivity", 0.75, 2.62),
    )
    for quantity, value in (("lowest", lowest), ("highest", highest))
)
"""Lowest and highest value of a measure in a layer, in bit: the ends of the paper's violins."""


def compare(
    networks: Sequence[tuple[xr.Dataset, Mapping[str, xr.Dataset], Mapping[str, Any]]],
) -> pd.DataFrame:
    """Every reading of the paper beside the same number of our networks.

    Parameters
    ----------
    networks
        Of each condition:

        - ``neurons.nc`` of all seeds;
        - scope -> group of ``ablation-<set>.nc``, same seeds, with the orders by the paper's
          measures and quantizer, both directions and both replacements; these and the neurons in
          memory or `storage.opened`;
        - data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`, in the order of `ACCURACIES` and `VIOLINS`. Random orders are averaged within a
        seed. With one seed there is no interval, and nothing agrees or disagrees.

    Raises
    ------
    ValueError
        Seeds differ, or an order is not there; the message names it.
    """
    rows = []
    for neurons, ablation, condition in networks:
        for scope, group in ablation.items():
            check_seeds(f"ablation, scope {scope!r},", group, neurons)
        for reading, replacement, by_seed in _measured(neurons, ablation):
            interval = mean_over_seeds(by_seed)
            predicted = np.array(interval.predicted())
            if reading.quantity == "accuracy":
                predicted = predicted.clip(0, 1)
            what = {
                **condition_names(condition),
                **{
                    key: getattr(reading, key)
                    for key in ("reading", "scope", "quantity", "measure", "direction", "removed")
                },
                "replacement": replacement,
                "stated": len(reading.replacements) == 1,
                "paper_low": reading.low,
                "paper_high": reading.high,
                "predicted_low": predicted[0],
                "predicted_high": predicted[1],
                "agrees": _agrees(reading, interval),
            }
            rows.append(interval_row(what, "mean", interval, len(by_seed)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read(path: str | Path) -> pd.DataFrame:
    """Read a table as written by `tables.write`."""
    return tables.read(path, COLUMNS)


def agreeing(table: pd.DataFrame) -> pd.DataFrame:
    """How many numbers agree, by regularizer and replacement.

    Returns
    -------
    DataFrame
        Columns regularizer, replacement (``none``: without ablation, and the violins), ``agree``
        and ``of``, the numbers that could.
    """
    judged = table[table["agrees"] != ""].assign(agree=table["agrees"] == "yes", of=1)
    return judged.groupby(["regularizer", "replacement"], sort=False, as_index=False)[
        ["agree", "of"]
    ].sum()


def _measured(
    neurons: xr.Dataset, ablation: Mapping[str, xr.Dataset]
) -> Iterator[tuple[Reading, str, NDArray[np.float64]]]:
    """Each reading and replacement with the number of every seed."""
    removed = {scope: {r.removed for r in ACCURACIES if r.scope == scope} for scope in ablation}
    read_off = {
        scope: curves.added_up(group, np.array(sorted(removed[scope]), dtype=np.int64))
        for scope, group in ablation.items()
    }
    for reading in ACCURACIES:
        for replacement in reading.replacements:
            yield reading, replacement, _accuracy(read_off[reading.scope], reading, replacement)
    for reading in VIOLINS:
        values = neurons[reading.measure].sel(quantizer=FIRST_VERSION_QUANTIZER)
        in_layer = neurons["layer"].values == layer_number(reading.scope)
        of_layer = values.isel(neuron=np.flatnonzero(in_layer))
        end = of_layer.min("neuron") if reading.quantity == "lowest" else of_layer.max("neuron")
        yield reading, "none", end.values


def _accuracy(group: xr.Dataset, reading: Reading, replacement: str) -> NDArray[np.float64]:
    """Accuracy of each seed after a number of removals in an order, of orders added up."""
    if not reading.removed:  # the same in every order
        correct = group["correct"].isel(ordering=0).sel(removed=0).values
        return np.asarray(correct / (int(group["repeats"][0]) * group.attrs["n_test"]))
    measure = FIRST_VERSION_MEASURES[0] if reading.measure == RANDOM else reading.measure
    order = RANDOM if reading.measure == RANDOM else reading.direction
    by_order = curves.curves(group, measure, FIRST_VERSION_QUANTIZER, replacement)
    if order not in by_order:
        raise ValueError(
            f"{reading.scope}: no neurons were ablated to {replacement} by {reading.measure} "
            f"({FIRST_VERSION_QUANTIZER}, {order}), which the paper's first version needs; add it "
            "to the configuration's `orderings` and run the ablation again"
        )
    return by_order[order][:, group["removed"].values.tolist().index(reading.removed)]


def _agrees(reading: Reading, interval: Interval) -> str:
    low, high = interval.predicted()
    if np.isnan(low):
        return ""
    return "yes" if low <= reading.high + READ_OFF and high >= reading.low - READ_OFF else "no"
