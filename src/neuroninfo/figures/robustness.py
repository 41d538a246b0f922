"""Accuracy on corrupted inputs by strength, and the accuracy that is left against redundancy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.networks import Looks, in_words, looks_of
from neuroninfo.results.correlations import OVER
from neuroninfo.results.curves import layer_number
from neuroninfo.vocabulary import CONDITION, CORRUPTIONS, UNCORRUPTED

_PANEL: Final = 4.6
_BELOW_SUBTITLE: Final = 0.72
"""Inches from the top, where the legend begins: two lines above the titles of panels."""
_AXES: Final[Mapping[str, tuple[str, str]]] = {
    "noise": ("Gaussian noise", "standard deviation (inputs in [0, 1])"),
    "blur": ("blur", "standard deviation of the kernel (pixels)"),
    "shift": ("shift", "pixels"),
}
"""Corruption -> its words, and those of its strength."""


@canvas.styled
def robustness(table: pd.DataFrame, networks: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """One column per corruption: accuracies by strength above, redundancy of layers below.

    Parameters
    ----------
    table, networks, agreement
        As `results.robustness` gives them: `summary`, `networks` and `agreement`.
    """
    kinds = [kind for kind in CORRUPTIONS if (table["corruption"] == kind).any()]
    conditions = table[list(CONDITION)].drop_duplicates()
    looks = looks_of(table)
    layers = sorted(agreement["layer"].unique(), key=layer_number)
    note = (
        "Above: mean accuracy on the corrupted test inputs with 95 % intervals over seeds; of "
        f"shifts the mean over four directions. {wording.SEEDS_SHARE}"
    )
    if layers:
        note += (
            " Below: one mark for each network and layer, with the layer's number at the mean of "
            "the condition. Redundancy: redundant share of the information that two neurons of "
            "the layer have about the class (BROJA). Left: accuracy above chance as a share of "
            "that without corruption, mean over the strengths. Rank correlations over the means "
            "of conditions; the claim is that they are above 0."
        )
    drawn, axes = canvas.figure(
        len(kinds) * (1 + bool(layers)),
        title="Do networks with more redundant neurons keep more accuracy on corrupted inputs?"
        if layers
        else "Accuracy on corrupted inputs",
        subtitle=wording.counted(len(conditions), "condition"),
        note=note,
        panel=_PANEL,
        headed=max(3, 1 + len(layers)),
        columns=len(kinds),
        shared=False,
        left=1.0,
        height=3.1,
    )
    for ax, kind in zip(axes, kinds, strict=False):
        _curves(ax, table, kind, looks)
        ax.set_title(_AXES[kind][0], loc="left", weight="bold")
    handles = looks.of_lines()
    height = drawn.get_size_inches()[1]
    drawn.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1 - _BELOW_SUBTITLE / height),
        ncols=math.ceil(len(handles) / 2),
        frameon=False,
        fontsize=canvas.SMALL,
    )
    for ax, kind in zip(axes[len(kinds) :], kinds, strict=False):
        own = agreement[(agreement["x"] == "redundancy") & (agreement["y"] == kind)]
        own = own[own["reading"] == OVER].set_index("layer")
        _points(ax, networks, kind, looks)
        said = [
            f"{wording.of_scope(name)}: {in_words(own.loc[name])}"
            for name in layers
            if name in own.index
        ]
        ax.set_title("\n".join(said), loc="left", fontsize=canvas.SMALL)
        ax.set_xlabel("redundancy")
        ax.set_ylabel(f"share left under {kind}")
    canvas.record(drawn, table)
    return drawn


def _curves(
    ax: Axes,
    table: pd.DataFrame,
    kind: str,
    looks: Looks,
) -> None:
    """Accuracies of all conditions by strength, that without corruption first."""
    for names, own in table.groupby(list(CONDITION), sort=False):
        dataset, architecture, *trained = names
        colour, marker = looks.colours[dataset], looks.markers[architecture]
        dashes = looks.dashes[trained[0], trained[1]]
        shown = own[own["corruption"].isin([UNCORRUPTED, kind])].sort_values("strength")
        x = shown["strength"].to_numpy()
        mean, low, high = (100 * shown[name].to_numpy() for name in ("accuracy", "low", "high"))
        ax.plot(x, mean, marker, color=colour, linestyle=dashes, markersize=5, linewidth=1.4)
        ax.vlines(x, low, high, color=colour, linewidth=1.6)
    ax.set_ylim(0, 102)
    ax.set_xlabel(_AXES[kind][1])
    ax.set_ylabel("accuracy (%)")


def _points(
    ax: Axes,
    networks: pd.DataFrame,
    kind: str,
    looks: Looks,
) -> None:
    """Layers of networks, and their numbers at the means of their conditions."""
    there = networks[networks[["redundancy", kind]].notna().all(axis=1)]
    for (*names, layer), own in there.groupby([*CONDITION, "layer"], sort=False):
        colour, marker = looks.colours[names[0]], looks.markers[names[1]]
        ax.plot(own["redundancy"], own[kind], marker, color=colour, markersize=4, alpha=0.5)
        middle = (float(own["redundancy"].mean()), float(own[kind].mean()))
        ax.annotate(
            str(layer_number(layer)), middle, color=colour, weight="bold", ha="center", va="center"
        )
