"""The talk's numbers of neurons against the tolerance of the counts (slides T13, T14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures import labels as figures_labels
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.results.counts import CHANGED, LOST, UNCHANGED

_PANEL: Final = 5.0
_HEIGHT: Final = 2.6
_X: Final[Mapping[str, str]] = {
    "delta": "tolerance (% of the accuracy above chance)",
    "share": "tolerance (% of the test examples)",
}
_QUANTITIES: Final[Mapping[str, tuple[str, str]]] = {
    "suffice": ("delta", "how many of the highest suffice"),
    "destroy": ("delta", "how many of the highest destroy"),
    "inactive": ("share", "how many of the lowest are inactive"),
    "redundant": ("delta", "how many are redundant"),
}
"""Count -> tolerance along x, and words."""
_CRITERIA: Final[Mapping[str, tuple[str, str]]] = {
    CHANGED: ("predictions changed", COLOURS["ascending"]),
    LOST: ("accuracy lost", COLOURS["descending"]),
}
_SINGLE: Final = COLOURS["ascending"]


@canvas.styled
def tolerances(table: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """One row of panels per count, and one panel per layer.

    Parameters
    ----------
    table
        As `results.tolerances.surface` gives it, of one condition; drawn is the first order.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    first = table.iloc[0]
    shown = table[
        (table["measure"] == first["measure"]) & (table["quantizer"] == first["quantizer"])
    ]
    scopes = list(dict.fromkeys(shown["scope"]))
    panels = [
        (scope, quantity) for quantity in dict.fromkeys(shown["quantity"]) for scope in scopes
    ]
    drawn, axes = canvas.figure(
        len(panels),
        title="The talk's numbers of neurons, and the tolerances at which one network gives them",
        subtitle=wording.of_networks(condition, int(first["n_seeds"])),
        note=_note(first),
        panel=_PANEL,
        headed=True,
        below=4,
        columns=len(scopes),
        shared=False,
        height=_HEIGHT,
    )
    for ax, (scope, quantity) in zip(axes, panels, strict=True):
        of_panel = shown[(shown["scope"] == scope) & (shown["quantity"] == quantity)]
        _draw(ax, of_panel, quantity)
        ax.set_title(
            f"{wording.of_scope(scope)}: {_QUANTITIES[quantity][1]}",
            loc="left",
            weight="bold",
            fontsize=canvas.SMALL,
        )
        for number, (words, colour) in enumerate(_agreement(of_panel, quantity)):
            canvas.write_below(ax, number, words, colour)
    canvas.label_left(axes, "neurons")
    canvas.record(drawn, shown)
    return drawn


def _draw(ax: Axes, of_panel: pd.DataFrame, quantity: str) -> None:
    """Curves by tolerance with the band of one more network, and the talk's number."""
    x_name, _ = _QUANTITIES[quantity]
    n_neurons = int(of_panel["n_neurons"].iloc[0])
    curves = []
    for text, colour, marker, rows in _series(of_panel, quantity):
        x = 100 * rows[x_name].to_numpy()
        mean, low, high = rows[["mean", "predicted_low", "predicted_high"]].to_numpy().T
        ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, mean, color=colour, linewidth=2)
        agrees = (rows["agrees"] == "yes").to_numpy()
        ax.plot(x[agrees], mean[agrees], marker, color=colour, markersize=8)
        there = np.isfinite(mean)
        curves.append(Curve(text, colour, *(v[there] for v in (x, mean, mean, mean))))
    ax.set_xlabel(_X[x_name])
    if x_name == "share":
        ax.set_xscale("log")
        ticks = [tick for tick in (0.1, 1, 10, 100) if curves[0].x[0] <= tick <= curves[0].x[-1]]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xlim(min(c.x[0] for c in curves), max(c.x[-1] for c in curves))
    said = of_panel[["talk_low", "talk_high"]].iloc[0].to_numpy(dtype=np.float64)
    highest = np.nanmax([*of_panel["predicted_high"], *of_panel["mean"], said[1]])
    ax.set_ylim(0, 1.15 * min(highest, n_neurons))
    if np.isfinite(said).all():
        curves += _talk(ax, said)
    figures_labels.label_curves(ax, curves)


def _series(of_panel: pd.DataFrame, quantity: str) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Text, colour, marker and rows of each curve of a panel."""
    if quantity == "inactive":
        for marker, (criterion, (words, colour)) in zip("os", _CRITERIA.items(), strict=True):
            rows = of_panel[of_panel["criterion"] == criterion]
            if len(rows):
                yield words, colour, marker, rows
        return
    if quantity != "redundant":
        yield "", _SINGLE, "o", of_panel
        return
    drawn = [(CHANGED, UNCHANGED)]
    if shares := sorted(of_panel.loc[of_panel["criterion"] == LOST, "share"].unique()):
        drawn.append((LOST, shares[len(shares) // 2]))
    looks = [("o", _CRITERIA[CHANGED][1]), ("s", _CRITERIA[LOST][1])]
    for (criterion, share), (marker, colour) in zip(drawn, looks, strict=False):
        rows = of_panel[(of_panel["criterion"] == criterion) & (of_panel["share"] == share)]
        words = f"inactive at {100 * share:g} % {_CRITERIA[criterion][0]}"
        yield words, colour, marker, rows


def _talk(ax: Axes, said: np.ndarray) -> list[Curve]:
    """The talk's number as a line, its range as a band."""
    low, high = said
    if low < high:
        ax.axhspan(low, high, color=COLOURS["reference"], alpha=0.2, linewidth=0, zorder=0)
    else:
        ax.axhline(low, color=COLOURS["reference"], linewidth=1.4, linestyle=(0, (5, 3)), zorder=1)
    text = f"talk: {low:g}" + (f" to {high:g}" if low < high else "")
    ends = np.array(ax.get_xlim())
    level = np.full(2, high)
    return [Curve(text, COLOURS["reference"], ends, level, level, level, reference=True)]


def _agreement(of_panel: pd.DataFrame, quantity: str) -> Iterator[tuple[str, str]]:
    """For each curve: its colour, and the tolerances at which the talk's number agrees."""
    if of_panel["talk_low"].isna().all():
        yield "the talk gives no number", COLOURS["reference"]
        return
    x_name, _ = _QUANTITIES[quantity]
    for text, colour, marker, rows in _series(of_panel, quantity):
        ranges = _ranges(100 * rows[x_name].to_numpy(), (rows["agrees"] == "yes").to_numpy())
        yield f"{wording.MARKERS[marker]} {ranges}" if text else ranges, colour


def _ranges(x: np.ndarray, agrees: np.ndarray) -> str:
    """Such as "12 to 20 %"; neighbours on the grid are one range."""
    runs = [
        [float(x[i]) for i in positions]
        for agree, positions in groupby(range(len(x)), key=lambda i: bool(agrees[i]))
        if agree
    ]
    texts = [f"{run[0]:g}" + (f" to {run[-1]:g}" if len(run) > 1 else "") for run in runs]
    return f"agrees at {', '.join(texts)} %" if texts else "agrees at none of these tolerances"


def _note(first: pd.Series) -> str:
    how = wording.of_quantizer(first["quantizer"])
    order = f"{wording.of_measure(first['measure'])}" + (f" ({how})" if how else "")
    return (
        f"Neurons are ablated to zero within a layer in the order of {order}. Lines: means "
        "over seeds; bands: the interval in which one more network would lie (95 %). Dots: "
        "tolerances at which the talk's number, within 10 %, lies in this interval. Suffice: at "
        "most the tolerance is lost without all others; destroy: at most the tolerance is left; "
        "inactive: removing them changes at most this share of predictions, or costs at most this "
        "much accuracy; redundant: neither inactive (at the named tolerance) nor among those that "
        "suffice."
    )
