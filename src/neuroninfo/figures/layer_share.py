"""Simpson's paradox in numbers (slide T10): the share of the layers in an effect, and the rest.

Beside the distributions of mutual information by layer stand the effects of orders over the whole
network, each split into the share of the layers and the effect within layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS, Row
from neuroninfo.figures.information import violin
from neuroninfo.results.claims import SHARE, WHOLE, WITHIN
from neuroninfo.vocabulary import NETWORK, ZERO

_PARTS: Final[Mapping[str, tuple[str, str, str]]] = {
    WHOLE: ("effect", COLOURS["random"], "o"),
    SHARE: ("layer share", COLOURS["descending"], "s"),
    WITHIN: ("within layers", COLOURS["ascending"], "^"),
}
"""Reading -> words, colour, marker."""
_WORDS: Final = {
    "C1": "C1: highest first\nless lowest first",
    "C1a": "C1a: highest first\nless random",
    "C1b": "C1b: random\nless lowest first",
}
_MOST: Final = 5
"""Largest number of further measures that are shown."""


@canvas.styled
def layer_share(neurons: xr.Dataset, claims: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """Mutual information by layer, and effects over the whole network in their two parts.

    Parameters
    ----------
    neurons
        ``neurons.nc`` of all seeds.
    claims
        As `claims.claims` gives it, of the same condition.
    condition
        Data set, architecture, activation and regularizer by name.

    Raises
    ------
    ValueError
        The whole network was ablated without control orders.
    """
    split = claims[
        (claims["scope"] == NETWORK)
        & (claims["replacement"] == ZERO)
        & claims["reading"].isin(list(_PARTS))
        & claims["effect"].notna()
    ]
    if not (split["reading"] == SHARE).any():
        raise ValueError(
            "the whole network was not ablated in control orders: set `controls` of the first set "
            "of `orderings` to 2 or more"
        )
    primary = split[split["family"] == "primary"].iloc[0]
    measure, quantizer = primary["measure"], primary["quantizer"]
    n_seeds, unit = neurons.sizes["seed"], wording.unit(condition)
    drawn, (left, right) = canvas.figure(
        2,
        title="The share of the layers in an effect, and the rest within layers",
        subtitle=wording.of_networks(condition, n_seeds),
        note=f"Left: mutual information of every {unit} with the class, by hidden layer (dots: "
        f"{unit}s of all seeds; bar: quartiles). Right: difference of the mean accuracy over the "
        "ablation curve between two orders, in points, with 95 % interval. The layer share is the "
        f"effect of an order with the same sequence of layers and the {unit}s permuted within "
        f"layers. {wording.SEEDS_SHARE}",
        panel=5.8,
        headed=2,
        shared=False,
        left=2.0,
        height=4.4,
    )
    information = neurons["mutual_information"].sel(quantizer=quantizer).load()
    _distributions(left, information)
    rows = []
    for claim, words in _WORDS.items():
        rows += _rows(split, claim, measure, quantizer, words)
    others = split[split["claim"] == "C1"][["measure", "quantizer"]].drop_duplicates()
    others = others[(others["measure"] != measure)].head(_MOST)
    for other in others.itertuples():
        words = f"C1 by {wording.short(other.measure)}"
        rows += _rows(split, "C1", other.measure, other.quantizer, words)
    canvas.intervals(right, rows)
    legend = list(_PARTS.values())
    canvas.head(right, "effect = layer share + within layers", legend, lines=1, size=canvas.SMALL)
    right.set_xlabel("difference of mean accuracy (points)")
    columns = ["seed", "layer", "mutual_information"]
    canvas.record_dots(drawn, information.to_dataset(), columns, panel="distributions")
    canvas.record(drawn, split.assign(panel="effects"))
    return drawn


def _rows(split: pd.DataFrame, claim: str, measure: str, quantizer: str, words: str) -> list[Row]:
    """An effect and its two parts, on one line."""
    of_claim = split[
        (split["claim"] == claim)
        & (split["measure"] == measure)
        & (split["quantizer"] == quantizer)
    ].set_index("reading")
    rows = []
    for reading, (_, colour, marker) in _PARTS.items():
        if reading in of_claim.index:
            effect, low, high = 100 * of_claim.loc[reading, ["effect", "low", "high"]].astype(float)
            rows.append(Row(words, colour, effect, low, high, marker))
    return rows


def _distributions(ax: Axes, information: xr.DataArray) -> None:
    """A violin of the measured information for each layer."""
    layers = np.unique(information["layer"].values)
    for position, layer in enumerate(layers):
        members = information.isel(neuron=np.flatnonzero(information["layer"].values == layer))
        violin(ax, position, members.values.ravel())
    ax.set_xticks(range(len(layers)), [f"layer {layer}" for layer in layers])
    ax.set_xlim(-0.7, len(layers) - 0.3)
    ax.set_ylim(0, 1.06 * max(float(information.max()), 1e-3))
    ax.set_ylabel("mutual information (bit)")
