"""Accuracy, information, claims and counts of several conditions, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures import labels as figures_labels
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.figures.wording import MARKERS
from neuroninfo.results.claims import TALK
from neuroninfo.results.curves import layer_number
from neuroninfo.vocabulary import CONDITION

_PANEL: Final = 3.6
"""Width of a panel in inches."""
_LEGEND: Final = 2
"""Lines of a legend above a panel whose dots are not joined."""
_COUNTS: Final[Mapping[str, str]] = {
    "suffice": COLOURS["ascending"],
    "destroy": COLOURS["descending"],
    "inactive": COLOURS["random"],
    "redundant": "#CC79A7",
    "never_active": "#009E73",
}
_C1: Final[Mapping[str, tuple[str, str]]] = {
    "C1": ("C1", COLOURS["random"]),
    "C1a": ("C1a", COLOURS["descending"]),
    "C1b": ("C1b", COLOURS["ascending"]),
}

_NOTE: Final = (
    f"Markers: means over seeds; bars: 95 % intervals. {wording.SEEDS_SHARE} "
    "C1a (whole network) and C2: effects in points of mean accuracy over the ablation curve "
    "against random orders; above 0 the talk's claim holds. Last panels: how many of the highest "
    "suffice, how many destroy when removed, how many of the lowest are inactive, how many are "
    "redundant (neither inactive nor needed to suffice), how many are never active; "
    "dashed lines and shaded bands: the talk's numbers, where it gives any."
)


@canvas.styled
def comparison(counts: pd.DataFrame, claims: pd.DataFrame, comparison: Mapping[str, Any]) -> Figure:
    """One panel per quantity, the conditions along x, with intervals over seeds.

    Parameters
    ----------
    counts, claims
        Tables of the conditions, in one (`tables.gather`, `claims.gather`).
    comparison
        As `study.Study.comparison_settings` gives it. Where conditions differ in a
        ``number``, it is the x axis (0 stands left of a logarithmic one) and lines join its
        values; other conditions have no order, so nothing joins them.

    Raises
    ------
    ValueError
        A condition is in neither table.
    """
    compared = [dict(zip(CONDITION, names, strict=True)) for names in comparison["conditions"]]
    x, names = _axis(comparison, [condition[comparison["varies"]] for condition in compared])
    counted = _of_conditions(counts[counts["marked"]], compared)
    judged = _of_conditions(claims[claims["family"] == "primary"], compared)
    first = compared[0]
    units = f"{wording.unit(first)}s"
    layers = canvas.layer_colours(counted["scope"])
    panels = [
        ("accuracy on test data (%)", [_series(counted, "quantity", "accuracy", scale=100)]),
        (
            "mean mutual information (bit)",
            _by_layer(counted, "quantity", "mutual_information", layers),
        ),
        (
            "whole network: effect (points)",
            [
                _series(judged, "claim", claim, text=text, colour=colour, scale=100)
                for claim, (text, colour) in _C1.items()
            ],
        ),
        *(
            (f"{claim} in each layer (points)", _by_layer(judged, "claim", claim, layers, 100))
            for claim in ("C2a", "C2b")
        ),
        *((f"{wording.of_scope(layer)}: {units}", _counts(counted, layer)) for layer in layers),
    ]
    columns = canvas.columns_of(len(panels))
    joined = comparison["number"] is not None
    drawn, axes = canvas.figure(
        len(panels),
        title=f"{_compared(comparison)}: accuracy, information, ablation",
        subtitle=f"{wording.in_common(first, comparison['varies'])}; "
        + wording.of_seeds(counted["n_seeds"])
        + (" per condition" if counted["n_seeds"].nunique() > 1 else ""),
        note=_NOTE,
        panel=_PANEL,
        headed=1 if joined else 1 + _LEGEND,
        below=_lines(names),
        between=1,
        columns=columns,
        shared=False,
    )
    for ax in axes[2:5]:
        ax.axhline(0, color=COLOURS["reference"], linewidth=1, zorder=0)
    levels: dict[Axes, list[Curve]] = {}
    for ax, layer in zip(axes[-len(layers) :], layers, strict=True):
        said = TALK.get((first["dataset"], first["architecture"], layer_number(layer)), {})
        levels[ax] = _talk(ax, x, said)
    for number, (ax, (title, series)) in enumerate(zip(axes, panels, strict=True)):
        for text, _, values in filter(None, series):
            rows = pd.DataFrame(compared).assign(panel=title, series=text)
            canvas.record(drawn, rows.assign(**dict(zip(_INTERVAL, values.T, strict=True))))
        _draw(
            ax,
            title,
            [one for one in series if one is not None],
            x,
            names if number + columns >= len(panels) else None,
            levels.get(ax, []),
            joined=joined,
        )
    return drawn


_INTERVAL: Final = ("mean", "low", "high")
_Series = tuple[str, str, np.ndarray]
"""Text, colour and (conditions, 3): mean, low, high, NaN where there is none."""


def _axis(comparison: Mapping[str, Any], labels: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Where conditions stand along x, and what is written there."""
    if comparison["number"] is None:
        places = np.arange(len(labels), dtype=np.float64)
        return places, [wording.of_regularizer(label) for label in labels]
    values = np.array(comparison["values"])
    decades = np.log10(values[values > 0])
    places = np.full(len(values), decades.min() - 1)  # of 0
    places[values > 0] = decades
    # The panel is as wide as if its conditions stood one apart.
    places = (places - places.min()) * (len(values) - 1) / np.ptp(places)
    return places, [wording.of_strength(value) for value in values]


def _compared(comparison: Mapping[str, Any]) -> str:
    """The quantity that varies in a comparison, in words."""
    if comparison["number"] is None:
        return f"{comparison['varies'].capitalize()}s compared"
    words = wording.of_regularizer(comparison["number"])
    return f"Strength of {words}"


def _of_conditions(frame: pd.DataFrame, conditions: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Rows of some conditions; the column ``number`` says which condition a row belongs to."""
    parts = []
    for number, condition in enumerate(conditions):
        rows = frame[(frame[list(CONDITION)] == pd.Series(condition)).all(axis=1)]
        if rows.empty:
            raise ValueError(
                f"{'/'.join(condition.values())}: not in the tables; give those of this condition"
            )
        parts.append(rows.assign(number=number))
    return pd.concat(parts)


def _series(
    frame: pd.DataFrame,
    column: str,
    name: str,
    scope: str = "",
    *,
    text: str = "",
    colour: str = COLOURS["neurons"],
    scale: float = 1,
) -> _Series | None:
    """One number per condition; None if no condition has it."""
    rows = frame[frame[column] == name]
    if scope:
        rows = rows[rows["scope"] == scope]
    rows = rows.drop_duplicates("number")  # of several orders the first: the talk's
    values = np.full((frame["number"].max() + 1, 3), np.nan)
    mean = "effect" if column == "claim" else "mean"
    values[rows["number"]] = rows[[mean, "low", "high"]]
    return None if np.isnan(values[:, 0]).all() else (text, colour, scale * values)


def _by_layer(
    frame: pd.DataFrame, column: str, name: str, layers: Mapping[str, str], scale: float = 1
) -> list[_Series | None]:
    return [
        _series(
            frame, column, name, layer, text=wording.of_scope(layer), colour=colour, scale=scale
        )
        for layer, colour in layers.items()
    ]


def _counts(counted: pd.DataFrame, layer: str) -> list[_Series | None]:
    return [
        _series(counted, "quantity", name, layer, text=name.replace("_", " "), colour=colour)
        for name, colour in _COUNTS.items()
    ]


def _draw(
    ax: Axes,
    title: str,
    series: Sequence[_Series],
    x: np.ndarray,
    names: Sequence[str] | None,
    levels: Sequence[Curve],
    *,
    joined: bool,
) -> None:
    """Dots with intervals.

    If x is a number, they are joined and have names at them, off the levels; else names are in a
    legend.  Only the lowest panels name the conditions.
    """
    markers = canvas.cycled(MARKERS, len(series))
    looks = [
        (text, colour, marker)
        for (text, colour, _), marker in zip(series, markers, strict=True)
        if text and not joined
    ]
    canvas.head(ax, title, looks, lines=0 if joined else _LEGEND, size=canvas.SMALL)
    curves = []
    for number, ((text, colour, values), marker) in enumerate(zip(series, markers, strict=True)):
        shifted = x + 0.08 * (number - (len(series) - 1) / 2)
        mean, low, high = values.T
        line = "-" if joined else ""
        ax.plot(shifted, mean, f"{marker}{line}", color=colour, linewidth=1, markersize=6)
        ax.vlines(shifted, low, high, color=colour, linewidth=2.2)
        there = ~np.isnan(mean)
        low, high = np.where(np.isnan(low), mean, low), np.where(np.isnan(high), mean, high)
        curves.append(Curve(text, colour, shifted[there], mean[there], low[there], high[there]))
    ax.set_xlim(x[0] - 0.4, x[-1] + 0.4)
    ax.margins(y=0.12)
    if names is None:
        ax.set_xticks(x, [""] * len(x))
    else:
        ax.set_xticks(x, names, rotation=40, ha="right")
    ax.tick_params(axis="x", pad=1)
    ax.set_ylim(*ax.get_ylim())
    if joined:
        figures_labels.label_curves(ax, [*curves, *levels])


def _talk(ax: Axes, x: np.ndarray, counts: Mapping[str, tuple[float, float]]) -> list[Curve]:
    """The talk's counts as levels (dashed in turn where several agree), its ranges as bands.

    Drawn before the limits of y are set, so that they lie within.
    """
    levels = []
    for name, (low, high) in counts.items():
        if low < high:
            ax.axhspan(low, high, color=_COUNTS[name], alpha=0.15, linewidth=0, zorder=0)
            continue
        same = [other for other, level in counts.items() if level == (low, high)]
        dashes = (6 * same.index(name), (6, max(3, 6 * (len(same) - 1))))
        ax.axhline(low, color=_COUNTS[name], linewidth=1.2, linestyle=dashes, zorder=0)
        ends, level = np.array([x[0] - 0.4, x[-1] + 0.4]), np.full(2, low)
        levels.append(Curve("", _COUNTS[name], ends, level, level, level, reference=True))
    return levels


def _lines(names: Sequence[str]) -> int:
    """Lines of text that slanted tick labels take."""
    longest = max(map(len, names))
    return 1 + round(0.36 * longest)
