"""Accuracy, information and ablation of networks of few bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.figures.wording import MARKERS
from neuroninfo.vocabulary import NETWORK, OWN, UNQUANTIZED

_PANEL: Final = 5.4
_PARTS: Final = {
    "weights": ("weights", COLOURS["ascending"]),
    "activations": ("outputs", COLOURS["descending"]),
    "both": ("both", COLOURS["random"]),
}


@canvas.styled
def precision(table: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """Four panels against bits: accuracy, information, highest first, lowest first.

    Parameters
    ----------
    table
        As `low_bit.summary` gives it.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    n_seeds = int(table["n_seeds"].iloc[0])
    drawn, axes = canvas.figure(
        4,
        title="Networks of few bits, quantized after training",
        subtitle=wording.of_networks(condition, n_seeds),
        note="32 bits: as trained, in float32. Information and ablation: weights and outputs of "
        "hidden neurons both have the given number of bits. Information: mean over the neurons of "
        "a layer; solid: on or off, dashed: all values of the grid. Effects: points of mean "
        "accuracy over the ablation curve compared with random orders, for the order of mutual "
        "information in the network with those bits. Bars: 95 % intervals over seeds.",
        panel=_PANEL,
        headed=True,
        columns=2,
        shared=False,
    )
    bits = sorted(set(table["bits"]), reverse=True)
    colours = canvas.layer_colours(table["scope"]) | {NETWORK: COLOURS["random"]}
    panels = (
        ("accuracy on test data (%)", "accuracy", 100),
        ("mutual information (bit)", "mutual_information", 1),
        ("removing the highest first costs more by (points)", "descending", 100),
        ("removing the lowest first costs less by (points)", "ascending", 100),
    )
    for ax, (title, what, scale) in zip(axes, panels, strict=True):
        rows = table[(table["quantity"] == what) | (table["of"] == what)]
        curves = []
        groups = list(rows.groupby(["scope", "of"], sort=False))
        texts = [
            _PARTS.get(of, (wording.of_scope(scope), colours[scope])) for (scope, of), _ in groups
        ]
        kinds = list(dict.fromkeys(texts))
        markers = dict(zip(kinds, canvas.cycled(MARKERS, len(kinds)), strict=True))
        for ((_, of), own), (text, colour) in zip(groups, texts, strict=True):
            dashes = (0, (4, 2)) if of == OWN else "solid"
            look = {"color": colour, "linestyle": dashes, "marker": markers[text, colour]}
            curves += _draw(ax, "" if of == OWN else text, look, own, bits, scale)
        ax.set_title(title, loc="left", weight="bold", fontsize=canvas.SMALL)
        ax.set_xticks(range(len(bits)), [str(b) for b in bits])
        ax.set_xlabel(f"bits ({UNQUANTIZED}: as trained)")
        ax.set_xlim(-0.3, len(bits) - 0.7)
        ax.margins(y=0.15)
        ax.set_ylim(*ax.get_ylim())
        if what in ("ascending", "descending"):
            ax.axhline(0, color=COLOURS["reference"], linewidth=1, zorder=0)
        labels.label_curves(ax, curves)
    canvas.record(drawn, table)
    return drawn


def _draw(
    ax: Axes,
    text: str,
    look: Mapping[str, Any],
    rows: pd.DataFrame,
    bits: Sequence[int],
    scale: float,
) -> list[Curve]:
    rows = rows.sort_values("bits", ascending=False)
    x = rows["bits"].map(bits.index).to_numpy(dtype=np.float64)
    mean, low, high = (
        scale * rows[name].to_numpy(dtype=np.float64) for name in ("mean", "low", "high")
    )
    ax.plot(x, mean, **look, markersize=5, linewidth=1.8)
    ax.vlines(x, low, high, color=look["color"], linewidth=2)
    there = np.isfinite(low)
    return [
        Curve(text, look["color"], x, mean, np.where(there, low, mean), np.where(there, high, mean))
    ]
