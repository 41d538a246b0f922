"""Accuracy and size of pruned networks, by the measure that decides which neurons are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.results.pruning import UNPRUNED
from neuroninfo.vocabulary import MAGNITUDE, RANDOM

_PANEL: Final = 5.6
_HEIGHT: Final = 3.3
_DASHES: Final = dict(zip(MAGNITUDE, ((0, (5, 2)), (0, (1, 1.5))), strict=True))


@canvas.styled
def pruning(table: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """Four panels: with and without bias balancing, with and without fine-tuning.

    Parameters
    ----------
    table
        As `pruning.summary` gives it.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    pruned = table[table["criterion"] != UNPRUNED]
    before = table[table["criterion"] == UNPRUNED].iloc[0]
    n_seeds = int(before["n_seeds"])
    drawn, axes = canvas.figure(
        4,
        title="Pruning: the best neurons of each layer are kept",
        subtitle=wording.of_networks(condition, n_seeds),
        note="Accuracy on test against the share of neurons that each hidden layer keeps, and the "
        "weights and biases that are left. Bars: 95 % intervals over seeds. "
        "Balanced: mean outputs of removed neurons are added to the biases of the next layer. "
        "Magnitude: torch.nn.utils.prune keeps neurons by the norm of their incoming weights, or "
        "as many single weights over all layers as the smaller network has; it is not balanced.",
        panel=_PANEL,
        headed=True,
        columns=2,
        below=3,
        height=_HEIGHT,
    )
    criteria = list(dict.fromkeys(zip(pruned["criterion"], pruned["quantizer"], strict=True)))
    measures = [pair for pair in criteria if pair[0] not in (*MAGNITUDE, RANDOM)]
    looks: dict[tuple[str, str], dict[str, Any]] = {
        pair: {"color": colour, "marker": marker}
        for pair, (colour, marker) in zip(measures, canvas.looks(len(measures)), strict=True)
    }
    for pair in criteria:
        if pair[0] == RANDOM:
            looks[pair] = {"color": COLOURS["random"], "marker": "o"}
        elif pair[0] in MAGNITUDE:
            looks[pair] = {"color": COLOURS["reference"], "linestyle": _DASHES[pair[0]]}
    for number, ax in enumerate(axes):
        balancing, fine_tuning = number % 2, number // 2
        trained = pruned[pruned["fine_tuning"] == fine_tuning]
        own = trained[(trained["balancing"] == balancing) | trained["criterion"].isin(MAGNITUDE)]
        _draw(ax, own, looks)
        ax.axhline(100 * before["accuracy"], color=COLOURS["reference"], linewidth=1, zorder=0)
        words = (("zero", "balanced")[balancing], ("", ", fine-tuned")[fine_tuning])
        ax.set_title("".join(words), loc="left", weight="bold")
        ax.set_xlabel("share of neurons kept, weights and biases left")
        if number % 2 == 0:
            ax.set_ylabel("accuracy on test data (%)")
    sizes = pruned[pruned["criterion"] == measures[0][0]].drop_duplicates("kept")
    ticks = [
        f"{100 * kept:g} %\n{parameters / 1000:.3g}k"
        for kept, parameters in zip(sizes["kept"], sizes["parameters"], strict=True)
    ]
    for ax in axes:
        ax.set_xticks(np.arange(len(ticks)), ticks)
    axes[0].set_ylim(0, 102)
    axes[2].legend(  # has the room
        frameon=False,
        loc="lower right",
        ncols=2,
        fontsize=canvas.SMALL,
        title="neurons are kept by",
    )
    canvas.record(drawn, table)
    return drawn


def _draw(ax: Axes, rows: pd.DataFrame, looks: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    places = {kept: place for place, kept in enumerate(sorted(set(rows["kept"])))}
    for number, (pair, look) in enumerate(looks.items()):
        own = rows[(rows["criterion"] == pair[0]) & (rows["quantizer"] == pair[1])]
        x = own["kept"].map(places) + 0.05 * (number - (len(looks) - 1) / 2)
        mean, low, high = (100 * own[name] for name in ("accuracy", "low", "high"))
        text = wording.short(pair[0])
        ax.plot(x, mean, **look, markersize=5, linewidth=1.6, label=text)
        ax.vlines(x, low, high, color=look["color"], linewidth=1.4)
