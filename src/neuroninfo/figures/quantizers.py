"""Information, claim C3 and effects of ablation against the bits of the quantizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuroninfo.figures import canvas, wording
from neuroninfo.figures import labels as figures_labels
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.figures.wording import MARKERS

_KINDS: Final = {"uniform": "solid", "quantile": (0, (4, 2)), "threshold": "none"}
"""Line of each kind of quantizer; the threshold is one point."""
_PANEL: Final = 5.4


@dataclass(frozen=True)
class _Series:
    """One kind of quantizer: bits, and mean, low and high for each of them."""

    kind: str
    bits: NDArray[np.float64]
    values: NDArray[np.float64]
    """(3, bits)."""


@canvas.styled
def quantizers(
    neurons: xr.Dataset, claims: pd.DataFrame, effects: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """Four panels against bits: information, layers' difference, highest and lowest first.

    Parameters
    ----------
    neurons
        ``neurons.nc``.
    claims
        The condition's claims: C3 by quantizer.
    effects
        As `ranking.effects` gives it of a set with one measure under several quantizers.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    n_ablated, unit = int(effects["n_seeds"].min()), wording.unit(condition)
    drawn, axes = canvas.figure(
        4,
        title="How the quantizer changes the information and the effects of ablation",
        subtitle=f"{wording.of_networks(condition, neurons.sizes['seed'])}, ablation {n_ablated}",
        note=f"Solid: equal bins over a {unit}'s range; dashed: bins of equal mass; crosses: on or "
        "off. Dotted: information under shuffled classes (equal bins), which is the bias of the "
        "estimate. Cliff's delta: above 0 the later layer has more information. Effects: points of "
        "mean accuracy over the ablation curve against random orders. Bars: "
        "95 % intervals over seeds.",
        panel=_PANEL,
        headed=True,
        columns=2,
        shared=False,
    )
    colours = canvas.layer_colours(effects["scope"])
    measure = str(effects["measure"].iloc[0])
    panels = (
        (f"mutual information, mean over {unit}s (bit)", _information(neurons)),
        ("C3: Cliff's delta between layers", _differences(claims)),
        ("removing the highest first costs more by (points)", _effects(effects, "descending")),
        ("removing the lowest first costs less by (points)", _effects(effects, "ascending")),
    )
    for ax, (title, named) in zip(axes, panels, strict=True):
        series = list(named)
        for _, scope, one in series:
            mean, low, high = one.values
            columns = {"bits": one.bits, "mean": mean, "low": low, "high": high}
            labels = {"panel": title, "scope": scope, "kind": one.kind}
            canvas.record(drawn, pd.DataFrame({**labels, **columns}))
        ax.set_title(title, loc="left", weight="bold", fontsize=canvas.SMALL)
        scopes = list(dict.fromkeys(scope for _, scope, _ in series))
        markers = dict(zip(scopes, canvas.cycled(MARKERS, len(scopes)), strict=True))
        curves = [
            _draw(ax, text, colours.get(scope, COLOURS["random"]), markers[scope], one)
            for text, scope, one in series
        ]
        ax.set_xlabel(f"bits of the quantizer of {wording.short(measure)}")
        ax.set_xlim(0.7, 8.3)
        ax.margins(y=0.15)
        ax.set_ylim(*ax.get_ylim())
        if ax is not axes[0]:
            ax.axhline(0, color=COLOURS["reference"], linewidth=1, zorder=0)
        figures_labels.label_curves(ax, [curve for curve in curves if curve is not None])
    return drawn


_Named = tuple[str, str, _Series]
"""Text, scope, series."""


def _information(neurons: xr.Dataset) -> Iterator[_Named]:
    """Mean over the neurons of a layer; bars between seeds would not show."""
    names = ["mutual_information", "mutual_information_shuffled"]
    by_layer: dict[int, list[xr.Dataset]] = {}
    # Few quantizers at a time, so that the memory needed is small; one alone has other last digits.
    n_quantizers = neurons.sizes["quantizer"]
    for few in np.array_split(np.arange(n_quantizers), max(1, n_quantizers // 2)):
        part = neurons[names].isel(quantizer=slice(few[0], few[-1] + 1)).load()
        for layer in np.unique(part["layer"].values):
            members = np.flatnonzero(part["layer"].values == layer)
            means = part.isel(neuron=members).mean(("seed", "neuron"))
            by_layer.setdefault(layer, []).append(means)
    for layer, parts in by_layer.items():
        of_layer = xr.concat(parts, dim="quantizer")
        for name in names:
            means = of_layer[name].to_series()
            shuffled = name != "mutual_information"
            for one in _by_kind(means.to_frame("effect").assign(low=means, high=means)):
                if shuffled and one.kind != "uniform":
                    continue
                text = "" if shuffled else f"layer {layer}"
                kind = "shuffled" if shuffled else one.kind
                yield text, f"layer-{layer}", _Series(kind, one.bits, one.values)


def _differences(claims: pd.DataFrame) -> Iterator[_Named]:
    of_layers = claims[claims["claim"] == "C3"]
    for scope, rows in of_layers.groupby("scope"):
        text = str(scope).replace("layer-", "layers ", 1).replace(", layer-", " and ")
        for one in _by_kind(rows.set_index("quantizer")):
            yield text, "", one


def _effects(effects: pd.DataFrame, direction: str) -> Iterator[_Named]:
    of_direction = effects[effects["direction"] == direction]
    for scope, rows in of_direction.groupby("scope"):
        text = wording.of_scope(str(scope))
        percent = rows.set_index("quantizer")[["effect", "low", "high"]] * 100
        for one in _by_kind(percent):
            yield text, str(scope), one


def _by_kind(rows: pd.DataFrame) -> Iterator[_Series]:
    """Rows by quantizer -> one series per kind."""
    for kind in _KINDS:
        of_kind = sorted(
            (int(name.partition("-")[2] or 2), name)
            for name in rows.index
            if str(name).partition("-")[0] == kind
        )
        if of_kind:
            values = rows.loc[[name for _, name in of_kind], ["effect", "low", "high"]]
            bits = np.log2([bins for bins, _ in of_kind])
            yield _Series(kind, bits, values.to_numpy(dtype=np.float64).T)


def _draw(ax: Axes, text: str, colour: str, marker: str, one: _Series) -> Curve | None:
    """Draws a line with bars; returns the curve that labels keep clear of (None for points)."""
    mean, low, high = one.values
    if one.kind == "threshold":
        ax.plot(one.bits, mean, "x", color=colour, markersize=9, markeredgewidth=2.5, zorder=4)
        return None
    dashes = (0, (1, 2)) if one.kind == "shuffled" else _KINDS[one.kind]
    look: dict[str, Any] = {"color": colour, "linewidth": 1.8, "markersize": 5}
    ax.plot(
        one.bits, mean, linestyle=dashes, marker=None if one.kind == "shuffled" else marker, **look
    )
    ax.vlines(one.bits, low, high, color=colour, linewidth=1.5)
    return Curve(text if one.kind == "uniform" else "", colour, one.bits, mean, low, high)
