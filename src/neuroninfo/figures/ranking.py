"""All measures, ranked by how much their order matters, in each layer and over the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS, Row
from neuroninfo.figures.wording import ARROWS, DIRECTIONS
from neuroninfo.vocabulary import JOINT, REFERENCE, ZERO

_PANEL: Final = 3.6
_ROW: Final = 0.3
"""Height of a measure in inches."""
_LEGEND: Final = [
    (DIRECTIONS[direction], COLOURS[direction], ARROWS[direction])
    for direction in ("descending", "ascending")
]


@canvas.styled
def ranking(table: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """One panel per scope and one row per measure, best first; highest first and lowest first.

    Parameters
    ----------
    table
        As `ranking.effects` gives it, of one set or several; ablation to zero is drawn.
    condition
        Data set, architecture, activation and regularizer by name.

    Raises
    ------
    ValueError
        The table has no effects: the sets have no random orders.
    """
    shown = table[table["replacement"] == ZERO].copy()
    if shown.empty:
        raise ValueError("no effects against random orders: give the set `random` of 1 or more")
    shown["name"] = [
        _name(*pair) for pair in zip(shown["measure"], shown["quantizer"], strict=True)
    ]
    shown = shown.drop_duplicates(["scope", "name", "direction"])
    scopes = list(dict.fromkeys(shown["scope"]))
    # Best in the mean over layers (over the network if there is nothing else) first.
    layers = shown[shown["scope"] != "network"]
    order = (layers if len(layers) else shown).groupby("name")["effect"].mean().sort_values()
    missing = [name for name in dict.fromkeys(shown["name"]) if name not in order.index]
    names = [*order.index[::-1], *missing]
    n_seeds, units = sorted(set(shown["n_seeds"])), f"{wording.unit(condition)}s"
    drawn, axes = canvas.figure(
        len(scopes),
        title="Measures ranked by how much their order matters",
        subtitle=wording.of_networks(condition, n_seeds[-1]),
        note="Mean accuracy over the ablation curve against random orders, in percentage points, "
        f"with 95 % intervals. Orange: how much more it costs to remove the {units} with the "
        f"highest values first; blue: how much less it costs to remove the {units} with the lowest "
        "values first. Both lie on the right for a good measure. Measures are sorted by the mean "
        "over layers and directions. Hollow: the 95 % interval of the paired difference from "
        "mutual information contains 0. *: chosen by the accuracy on validation data; these are "
        "references and no bounds. "
        f"{wording.SEEDS_SHARE}",
        panel=_PANEL,
        headed=2,
        columns=canvas.columns_of(len(scopes)),
        left=3.3,
        height=_ROW * len(names) + 0.3,
    )
    for ax, scope in zip(axes, scopes, strict=True):
        of_scope = shown[shown["scope"] == scope].set_index(["name", "direction"])
        rows = []
        for name in names:
            for direction in ("descending", "ascending"):
                mean = low = high = np.nan
                told_apart = True
                if (name, direction) in of_scope.index:
                    row = of_scope.loc[(name, direction)]
                    mean, low, high = 100 * row[["effect", "low", "high"]].astype(float)
                    told_apart = not row["difference_low"] <= 0 <= row["difference_high"]
                colour, marker = COLOURS[direction], ARROWS[direction]
                rows.append(Row(name, colour, mean, low, high, marker, told_apart))
        canvas.intervals(ax, rows)
        legend = _LEGEND if ax is axes[0] else []
        canvas.head(ax, wording.of_scope(scope), legend, lines=1, size=canvas.LABEL)
        ax.set_xlabel("effect of the order (points)")
    canvas.record(drawn, shown.drop(columns="name"))
    return drawn


def _name(measure: str, quantizer: str) -> str:
    """A measure in few words."""
    words = wording.short(measure)
    if measure in REFERENCE:
        return f"{words} *"
    if measure in JOINT or quantizer in ("none", "threshold"):
        return words
    kind, _, bins = quantizer.partition("-")
    return f"{words}, {bins} {kind}"
