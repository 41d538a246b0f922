"""Simpson's paradox (slide T10): neurons by layer and pooled, and rank correlations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS, Row
from neuroninfo.results import statistics
from neuroninfo.results.curves import layer_number
from neuroninfo.results.simpson import RELIABILITY, WITHIN, costs, measured
from neuroninfo.vocabulary import NETWORK

MEASURE: Final = "mutual_information"
_POINTS: Final = 4000
"""Largest number of dots; more of them would cover each other and are thinned out evenly."""


@canvas.styled
def simpson(
    neurons: xr.Dataset, damage: xr.Dataset, table: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """Neurons of all seeds: information against the damage of each one alone, and the correlations.

    Parameters
    ----------
    neurons, damage
        ``neurons.nc`` and ``damage.nc``.
    table
        As `simpson.correlations` gives it.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    information = next(values for _, _, values in measured(neurons[[MEASURE]]))
    shown = table[table["measure"] == MEASURE]
    layers = neurons["layer"].values
    n_seeds, unit = neurons.sizes["seed"], wording.unit(condition)
    drawn, (left, right) = canvas.figure(
        2,
        title=f"Information and the damage of a {unit} alone, within layers and pooled",
        subtitle=wording.of_networks(condition, n_seeds),
        note=f"Left: each dot is a {unit} of one seed. The vertical axis is its rank, among the "
        f"{unit}s of its network, by the increase of the test loss when it alone is ablated. "
        "Lines: least squares in each layer (1, 2, ...) and pooled (p). Right: Spearman's "
        "correlation with that increase, mean over seeds with 95 % interval. The lowest row "
        "correlates it with the increase on the validation split, which shows how reliable it is. "
        + wording.SEEDS_SHARE,
        panel=5.6,
        headed=True,
        shared=False,
        left=1.5,
    )
    ranks = 100 * _ranks(costs(damage))
    _scatter(left, information, ranks, layers)
    known = np.unique(layers)
    of_layer = dict(zip(known, canvas.looks(len(known)), strict=True))
    rows = []
    for scope, row in shown.set_index("scope").iterrows():
        mean, low, high = row[["correlation", "low", "high"]].astype(float)
        if scope == NETWORK:
            rows.append(Row("pooled", COLOURS["random"], mean, low, high))
        elif str(scope).startswith("layer-"):
            number = layer_number(str(scope))
            colour, marker = of_layer[number]
            rows.append(Row(f"layer {number}", colour, mean, low, high, marker))
        elif scope == WITHIN:
            rows.append(Row("mean within\nlayers", COLOURS["reference"], mean, low, high))
    reliable = table[(table["measure"] == RELIABILITY) & (table["scope"] == NETWORK)]
    for _, row in reliable.iterrows():
        mean, low, high = row[["correlation", "low", "high"]].astype(float)
        rows.append(Row("damage on\nvalidation", COLOURS["reference"], mean, low, high, "D"))
    canvas.intervals(right, rows)
    right.set_xlim(-1, 1)
    right.set_xticks([-1, -0.5, 0, 0.5, 1])
    right.set_xlabel("rank correlation")
    dots = xr.Dataset(
        {
            MEASURE: (("seed", "neuron"), information),
            "rank_by_cost_percent": (("seed", "neuron"), ranks),
            "layer": ("neuron", layers),
        },
        coords={"seed": neurons["seed"].values},
    )
    canvas.record_dots(drawn, dots)
    return drawn


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(seed, neuron) -> rank within the seed from 0 to 1, equal ones in the middle."""
    return (np.apply_along_axis(statistics.ranks, 1, values) - 0.5) / values.shape[1]


def _scatter(
    ax: Axes, values: NDArray[np.float64], ranks: NDArray[np.float64], layers: NDArray[np.int64]
) -> None:
    known = np.unique(layers)
    step = max(1, values.size // _POINTS)
    ends: dict[str, tuple[float, float, str]] = {}
    for layer, (colour, marker) in zip(known, canvas.looks(len(known)), strict=True):
        x, y = values[:, layers == layer].ravel(), ranks[:, layers == layer].ravel()
        ax.plot(
            x[::step],
            y[::step],
            marker,
            color=colour,
            markersize=3,
            markeredgewidth=0,
            alpha=0.35,
            rasterized=True,
        )
        ends |= _trend(ax, x, y, colour, f"{layer}")
        # Names in a row above the panel: dots are everywhere in it.
        ax.text(
            (float(layer) - 1) / (len(known) + 1),
            1.02,
            f"layer {layer}",
            color=colour,
            weight="bold",
            transform=ax.transAxes,
        )
    ends |= _trend(ax, values.ravel(), ranks.ravel(), COLOURS["random"], "p")
    ax.text(
        len(known) / (len(known) + 1),
        1.02,
        "pooled",
        color=COLOURS["random"],
        weight="bold",
        transform=ax.transAxes,
    )
    ax.set_ylim(0, 100)
    labels.name_ends(ax, ends)
    ax.set_xlabel("mutual information with the class (bit)")
    ax.set_ylabel("rank by increase of\nthe loss alone (%)")


def _trend(
    ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], colour: str, text: str
) -> dict[str, tuple[float, float, str]]:
    """Line of least squares over the range of x, and where to name it; none if x is constant."""
    if np.ptp(x) == 0:
        return {}
    slope, level = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, level + slope * ends, color="white", linewidth=5, zorder=3)
    ax.plot(ends, level + slope * ends, color=colour, linewidth=2.6, zorder=3)
    return {text: (float(ends[1]), float(level + slope * ends[1]), colour)}
