"""Networks of several conditions as marks, with the correlations above them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.vocabulary import CONDITION

GAP_NOTE: Final = (
    "Gap: accuracy on the train split, by the labels that were trained on, less the expected "
    "accuracy on new examples whose labels are as noisy."
)


@dataclass(frozen=True)
class Looks:
    """Colours of data sets, markers of architectures, dashes of activations and regularizers."""

    colours: Mapping[str, str]
    markers: Mapping[str, str]
    dashes: Mapping[tuple[str, str], LineStyleType]

    def of_marks(self) -> list[Line2D]:
        """For a legend of marks; of architectures if there are several."""
        grey = COLOURS["reference"]
        architectures = self.markers.items() if len(self.markers) > 1 else ()
        return [
            *(_mark(wording.of_dataset(name), "o", c) for name, c in self.colours.items()),
            *(_mark(wording.of_layers(name), marker, grey) for name, marker in architectures),
        ]

    def of_lines(self) -> list[Line2D]:
        """For a legend of lines; of activations and regularizers if there are several."""
        named = self.dashes.items() if len(self.dashes) > 1 else ()
        activations = len({activation for activation, _ in self.dashes}) > 1
        lines = []
        for (activation, regularizer), dashes in named:
            words = [wording.of_regularizer(activation)] * activations
            label = ", ".join([*words, wording.of_regularizer(regularizer)])
            grey = COLOURS["reference"]
            lines.append(Line2D([], [], linestyle=dashes, color=grey, label=label))
        return [*self.of_marks(), *lines]


def _mark(label: str, marker: str, colour: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, label=label)


def looks_of(networks: pd.DataFrame) -> Looks:
    """Looks of all conditions of a table, in its order."""
    datasets, architectures = (
        list(dict.fromkeys(networks[key])) for key in ("dataset", "architecture")
    )
    trained = list(
        networks[["activation", "regularizer"]].drop_duplicates().itertuples(index=False, name=None)
    )
    dashes: tuple[LineStyleType, ...] = ("solid", "dashed", "dotted", "dashdot")
    return Looks(
        dict(zip(datasets, canvas.cycled(canvas.LAYERS, len(datasets)), strict=True)),
        dict(zip(architectures, canvas.cycled(wording.MARKERS, len(architectures)), strict=True)),
        dict(zip(trained, canvas.cycled(dashes, len(trained)), strict=True)),
    )


def scatter(ax: Axes, networks: pd.DataFrame, x: str, y: str, looks: Looks) -> None:
    """Networks as small marks, the means of their conditions as large ones."""
    for names, own in networks.groupby(list(CONDITION), sort=False):
        condition = dict(zip(CONDITION, names, strict=True))
        colour = looks.colours[condition["dataset"]]
        marker = looks.markers[condition["architecture"]]
        ax.plot(own[x], own[y], marker, color=colour, markersize=3.5, alpha=0.45)
        there = own[own[[x, y]].notna().all(axis=1)]
        ax.plot(
            there[x].mean(),
            there[y].mean(),
            marker,
            color=colour,
            markersize=8,
            markeredgecolor="white",
            markeredgewidth=0.8,
        )


def legend_inside(ax: Axes, looks: Looks, columns: int = 2) -> None:
    """A legend in the upper part of a panel, which grows so that the legend covers no mark."""
    handles = looks.of_marks()
    line = 1.5 * canvas.SMALL / 72  # inches
    lines = math.ceil(len(handles) / columns) + 0.5
    height = ax.get_window_extent().height / ax.figure.dpi
    low, high = ax.get_ylim()
    ax.set_ylim(low, low + (high - low) / (1 - lines * line / height))
    ax.legend(
        handles=handles,
        loc="upper left",
        ncols=columns,
        frameon=False,
        fontsize=canvas.SMALL,
        borderaxespad=0,
        handlelength=1,
        handletextpad=0.3,
        columnspacing=0.8,
    )


def said(correlations: pd.DataFrame, x: str, y: str) -> list[str]:
    """All readings of a correlation, one per line."""
    own = correlations[(correlations["x"] == x) & (correlations["y"] == y)]
    return [f"{row['reading']}: {in_words(row)}" for _, row in own.iterrows()]


def in_words(row: pd.Series) -> str:
    """A row of `correlations.correlate`."""
    if not np.isfinite(row["correlation"]):
        return "none"
    if not np.isfinite(row["low"]):
        return f"{row['correlation']:+.2f}, p {_p(row['p_value'])}"
    ends = f"[{row['low']:+.2f}, {row['high']:+.2f}]"
    return f"{row['correlation']:+.2f} {ends}, {row['verdict']}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"
