"""Curves of the paper's first version with the paper's numbers on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neuroninfo.configuration.plans import FIRST_VERSION_MEASURES, FIRST_VERSION_QUANTIZER
from neuroninfo.figures import canvas, wording
from neuroninfo.figures import labels as figures_labels
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.results import curves as results_curves
from neuroninfo.results.first_version import READ_OFF, agreeing
from neuroninfo.results.statistics import mean_over_seeds
from neuroninfo.vocabulary import CONDITION, MEAN, NETWORK, RANDOM, ZERO

_PANEL: Final = 6.0
_HEIGHT: Final = 3.7
_APART: Final = 0.03
"""Distance between the numbers of two curves that are side by side, as a share of the axis."""
_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "mutual_information": (COLOURS["ascending"], "o"),
    "entropy": ("#009E73", "s"),
    "kl_selectivity": (COLOURS["descending"], "D"),
    RANDOM: (COLOURS[RANDOM], ""),
}
"""Measure -> colour and marker."""
_DASHES: Final = {"ascending": "solid", "descending": (0, (4, 2)), RANDOM: "solid"}
_SCOPES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    NETWORK: (
        (RANDOM, RANDOM),
        *((measure, "ascending") for measure in reversed(FIRST_VERSION_MEASURES)),
    ),
    "layer-1": (
        ("mutual_information", "ascending"),
        (RANDOM, RANDOM),
        ("mutual_information", "descending"),
        ("kl_selectivity", "descending"),
    ),
}
"""Scope -> measures and orderings that are drawn: those of the paper's figures."""


@canvas.styled
def first_version(
    ablation: Mapping[str, xr.Dataset], table: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """Whole network and layer 1, ablated to zero and to the mean, one panel each.

    Parameters
    ----------
    ablation
        Scope -> group of ``ablation-<set>.nc``, as `results.first_version.compare` needs it.
    table
        What that gives: the paper's numbers, of this condition or of several.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    names = pd.Series({key: condition[key] for key in CONDITION})
    own = table[(table[list(CONDITION)] == names).all(axis=1)]
    n_seeds = ablation[NETWORK].sizes["seed"]
    panels = [(scope, replacement) for scope in _SCOPES for replacement in (ZERO, MEAN)]
    drawn, axes = canvas.figure(
        len(panels),
        title="The paper's first version: its numbers on our curves",
        subtitle=wording.of_networks(condition, n_seeds),
        note=_note(own, n_seeds),
        panel=_PANEL,
        headed=True,
        columns=2,
        height=_HEIGHT,
    )
    for ax, (scope, replacement) in zip(axes, panels, strict=True):
        words = f"{wording.of_scope(scope)}, ablated to {_words(replacement)}"
        if scope == NETWORK:
            words += ", lowest first"
        ax.set_title(words, loc="left", weight="bold")
        curves = _draw(drawn, ax, ablation[scope], scope, replacement)
        of_panel = own[(own["scope"] == scope) & (own["replacement"] == replacement)]
        places = _readings(ax, of_panel, scope)
        ax.set_xlabel("number of neurons ablated")
        ax.set_ylim(0, 112)
        ax.set_yticks(range(0, 101, 20))
        figures_labels.label_curves(ax, [*curves, *places])
    canvas.label_left(axes, "accuracy on test data (%)")
    canvas.record(drawn, own.assign(row="reading"))
    return drawn


def _draw(drawn: Figure, ax: Axes, group: xr.Dataset, scope: str, replacement: str) -> list[Curve]:
    """Means over seeds; the intervals in which one more network would lie are recorded as well."""
    removed = group["removed"].values.astype(np.float64)
    curves = []
    for measure, ordering in _SCOPES[scope]:
        by = FIRST_VERSION_MEASURES[0] if measure == RANDOM else measure
        of_group = results_curves.curves(group, by, FIRST_VERSION_QUANTIZER, replacement)
        percent = 100 * of_group[ordering]
        mean, (low, high) = percent.mean(axis=0), _predicted(percent)
        colour, marker = _LOOKS[measure]
        ax.plot(
            removed,
            mean,
            color=colour,
            linewidth=1.6,
            linestyle=_DASHES[ordering],
            marker=marker,
            markersize=5,
            markevery=0.1,
        )
        curves.append(Curve(_text(measure, ordering, scope), colour, removed, mean, mean, mean))
        table = pd.DataFrame({"removed": group["removed"].values, "mean": mean})
        what = {
            "row": "curve",
            "scope": scope,
            "quantity": "accuracy_percent",
            "measure": measure,
            "direction": "none" if measure == RANDOM else ordering,
            "replacement": replacement,
        }
        predicted = {"predicted_low": low, "predicted_high": high, "n_seeds": len(percent)}
        canvas.record(drawn, table.assign(**what, **predicted))
    ax.set_xlim(removed[0], removed[-1])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 2.5, 5, 10]))
    return curves


def _predicted(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the interval in which one more seed would lie at each point."""
    ends = np.array([mean_over_seeds(of_point).predicted() for of_point in values.T])
    return ends[:, 0], ends[:, 1]


def _readings(ax: Axes, readings: pd.DataFrame, scope: str) -> list[Curve]:
    """The paper's numbers, each with the interval in which one more of our networks would lie.

    They stand side by side around the number of neurons that are removed.

    Returns
    -------
    list of Curve
        Where they are, for labels to keep clear of.
    """
    step = _APART * float(np.ptp(ax.get_xlim()))
    places = []
    for _, row in readings.iterrows():
        direction = RANDOM if row["measure"] == RANDOM else row["direction"]
        number = _SCOPES[scope].index((row["measure"], direction))
        x = float(row["removed"]) + step * (number - (len(_SCOPES[scope]) - 1) / 2)
        y, low, high = 100 * row[["paper_low", "predicted_low", "predicted_high"]].astype(float)
        colour, _ = _LOOKS[row["measure"]]
        if np.isfinite(low):
            low, high = max(low, 0), min(high, 100)
            ax.plot([x, x], [low, high], color=colour, linewidth=6, alpha=0.45, zorder=5)
        highest_first = direction == "descending"
        ax.plot(
            x,
            y,
            "X" if highest_first else "*",
            markersize=11 if highest_first else 15,
            color=colour,
            markerfacecolor=colour if row["stated"] else "white",
            markeredgecolor="white" if row["stated"] else colour,
            markeredgewidth=1.2,
            zorder=6,
        )
        ends = np.array([x - step / 2, x + step / 2])
        middle, lowest, highest = (
            np.full(2, value) for value in (y, np.nanmin([low, y - 4]), np.nanmax([high, y + 4]))
        )
        places.append(Curve("", colour, ends, middle, lowest, highest, reference=True))
    return places


def _text(measure: str, ordering: str, scope: str) -> str:
    """A curve's label; over the whole network, all orders but the random ones are lowest first."""
    words = [wording.short(measure) if measure != RANDOM else RANDOM]
    if scope != NETWORK and measure != RANDOM:
        words.append(wording.DIRECTIONS[ordering])
    return ", ".join(words)


def _words(replacement: str) -> str:
    return "zero" if replacement == ZERO else "the mean"


def _note(own: pd.DataFrame, n_seeds: int) -> str:
    unstated = own[~own["stated"]]
    said = [
        f"{row['agree']} agree with ablation to {_words(row['replacement'])}"
        for _, row in agreeing(unstated).iterrows()
    ]
    bars = ""
    if n_seeds > 1:
        bars = (
            " Bars: the interval in which one more network would lie (95 %). For "
            f"{agreeing(unstated)['of'].max()} numbers, those of layer 2 among them, the paper "
            f"does not say what ablated neurons put out: {', '.join(said)}."
        )
    return (
        f"Lines: means over {wording.counted(n_seeds, 'seed')}. Stars, and crosses for highest "
        f"first: numbers read off the paper's figures (within {100 * READ_OFF:g} points), in the "
        "colour of their curve, side by side at 78 and at 50 neurons; hollow ones stand in both "
        f"panels of a row, because the paper does not say to which they belong.{bars}"
    )
