"""Accuracy on corrupted inputs by strength, and what is left of it against redundancy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.networks import in_words
from neuroninfo.results.correlations import OVER
from neuroninfo.results.curves import layer_number
from neuroninfo.vocabulary import CONDITION, CORRUPTIONS, UNCORRUPTED

_PANEL: Final = 4.6
_AXES: Final[Mapping[str, tuple[str, str]]] = {
    "noise": ("Gaussian noise", "standard deviation (inputs in [0, 1])"),
    "blur": ("blur", "standard deviation of the kernel (pixels)"),
    "shift": ("shift", "pixels"),
}
"""Corruption -> its words, and those of its strength."""


@canvas.styled
def robustness(table: pd.DataFrame, networks: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """A column a corruption: accuracies by strength above, redundancy of layers below.

    Parameters
    ----------
    table, networks, agreement
        As `results.robustness` gives them: `summary`, `networks` and `agreement`.
    """
    kinds = [kind for kind in CORRUPTIONS if (table["corruption"] == kind).any()]
    conditions = list(table[list(CONDITION)].drop_duplicates().itertuples(index=False, name=None))
    looks = dict(zip(conditions, canvas.looks(len(conditions)), strict=True))
    layers = sorted(agreement["layer"].unique(), key=layer_number)
    note = (
        "Above: mean accuracy on the corrupted test inputs with 95 % intervals over seeds; of "
        f"shifts the mean over four directions. {wording.SEEDS_SHARE}"
    )
    if layers:
        note += (
            " Below: one mark for each network and layer, with the layer's number at the mean of "
            "the condition. Redundancy: redundant part of what two neurons of the layer say of "
            "the class (BROJA), as a share. Left: accuracy above chance as a share of that without "
            "corruption, mean over the strengths. Rank correlations over the means of conditions; "
            "the claim is that they are above 0."
        )
    drawn, axes = canvas.figure(
        len(kinds) * (1 + bool(layers)),
        title="Do networks with more redundant neurons keep more accuracy on corrupted inputs?"
        if layers
        else "Accuracy on corrupted inputs",
        subtitle=wording.counted(len(conditions), "condition"),
        note=note,
        panel=_PANEL,
        headed=1 + len(layers),
        columns=len(kinds),
        shared=False,
        left=1.0,
        height=3.1,
    )
    for ax, kind in zip(axes, kinds, strict=False):
        _curves(ax, table, kind, looks)
        ax.set_title(_AXES[kind][0], loc="left", weight="bold")
    _legend(axes[0], looks)
    for ax, kind in zip(axes[len(kinds) :], kinds, strict=False):
        own = agreement[(agreement["x"] == "redundancy") & (agreement["y"] == kind)]
        own = own[own["reading"] == OVER].set_index("layer")
        _points(ax, networks, kind, looks)
        said = [f"{wording.of_scope(name)}: {in_words(own.loc[name])}" for name in layers]
        ax.set_title("\n".join(said), loc="left", fontsize=canvas.SMALL)
        ax.set_xlabel("redundancy")
        ax.set_ylabel(f"share left under {kind}")
    canvas.record(drawn, table)
    return drawn


def _curves(
    ax: Axes,
    table: pd.DataFrame,
    kind: str,
    looks: Mapping[tuple[str, ...], tuple[str, str]],
) -> None:
    """Accuracies of all conditions by strength, that without corruption first."""
    for names, own in table.groupby(list(CONDITION), sort=False):
        colour, marker = looks[names]
        shown = own[own["corruption"].isin([UNCORRUPTED, kind])].sort_values("strength")
        x = shown["strength"].to_numpy()
        mean, low, high = (100 * shown[name].to_numpy() for name in ("accuracy", "low", "high"))
        ax.plot(x, mean, f"{marker}-", color=colour, markersize=5, linewidth=1.6)
        ax.vlines(x, low, high, color=colour, linewidth=1.6)
    ax.set_ylim(0, 102)
    ax.set_xlabel(_AXES[kind][1])
    ax.set_ylabel("accuracy (%)")


def _points(
    ax: Axes,
    networks: pd.DataFrame,
    kind: str,
    looks: Mapping[tuple[str, ...], tuple[str, str]],
) -> None:
    """Layers of networks, and their numbers at the means of their conditions."""
    there = networks[networks[["redundancy", kind]].notna().all(axis=1)]
    for (*names, layer), own in there.groupby([*CONDITION, "layer"], sort=False):
        colour, marker = looks[tuple(names)]
        ax.plot(own["redundancy"], own[kind], marker, color=colour, markersize=4, alpha=0.5)
        middle = (float(own["redundancy"].mean()), float(own[kind].mean()))
        ax.annotate(
            str(layer_number(layer)), middle, color=colour, weight="bold", ha="center", va="center"
        )


def _legend(ax: Axes, looks: Mapping[tuple[str, ...], tuple[str, str]]) -> None:
    """Conditions, without what all of them share."""
    names = np.array(list(looks))
    differ = [column for column in range(len(CONDITION)) if len(set(names[:, column])) > 1]
    word = {
        "dataset": wording.of_dataset,
        "architecture": wording.of_layers,
        "activation": wording.of_regularizer,
        "regularizer": wording.of_regularizer,
    }
    for condition, (colour, marker) in looks.items():
        words = [word[CONDITION[column]](condition[column]) for column in differ]
        ax.plot([], [], f"{marker}-", color=colour, label=", ".join(words) or "all networks")
    ax.legend(frameon=False, fontsize=canvas.SMALL, loc="lower left")
