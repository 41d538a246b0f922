"""Information planes: I(Y;T) against I(X;T), a line a layer, dots coloured by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from neuroninfo.figures import style
from neuroninfo.figures.style import COLOURS
from neuroninfo.planes import DROP, OUTPUT

_PANEL: Final = 4.3
_HEIGHT: Final = 3.4
_SPAN: Final = 0.5
"""Least length of an axis in bit: what only trembles is not magnified."""
_EPOCHS: Final = colormaps["viridis"]


@style.styled
def planes_figure(
    plane: xr.Dataset, compression: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """One plane an estimator: mean over seeds dark, single seeds light.

    Parameters
    ----------
    plane
        ``plane.nc`` of all seeds.
    compression
        As `planes.compression` gives it.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    estimators = list(map(str, plane["estimator"].values))
    n_columns = min(3, len(estimators))
    layers = list(map(str, plane["layer"].values))
    n_seeds = plane.sizes["seed"]
    falls = compression[compression["drop"] > DROP]
    below = 2 + max(1, int(falls.groupby("estimator").size().max() if len(falls) else 0))
    seen = "; ".join(
        f"{name}: {estimates}"
        for name, estimates in zip(estimators, map(str, plane["estimates"].values), strict=True)
    )
    drawn, axes = style.figure(
        len(estimators),
        title="Information planes, by estimator",
        subtitle=f"{style.condition_words(condition)}; {style.counted(n_seeds, 'seed')}",
        note="I(X;T) of the input and I(Y;T) of the class with the outputs T of a layer, on "
        "validation data. Thin lines: single seeds; dots: mean over seeds, by epoch. Numbers: "
        "layer (o: output), at the last epoch. Below: layers whose I(X;T) falls after its maximum "
        f"by more than {DROP} bit, the mean drop and its 95 % bootstrap interval over seeds. "
        f"What is really estimated as I(X;T): {seen}.",
        panel=_PANEL,
        height=_HEIGHT,
        headed=True,
        below=below,
        columns=n_columns,
        shared=False,
    )
    epochs = plane["epoch"].values
    norm = LogNorm(1, max(2, int(epochs.max()) + 1))
    for ax, name in zip(axes, estimators, strict=True):
        own = plane.sel(estimator=name)
        for layer in layers:
            _line(ax, own.sel(layer=layer), layer, norm)
        ax.set_title(name, loc="left", weight="bold")
        ax.set_xlabel("I(X;T) (bit)")
        ax.set_ylabel("I(Y;T) (bit)")
        ax.margins(0.1)
        for low, high, limit in ((*ax.get_xlim(), ax.set_xlim), (*ax.get_ylim(), ax.set_ylim)):
            wider = max(0, _SPAN - (high - low)) / 2
            limit(low - wider, high + wider)
        rows = falls[falls["estimator"] == name]
        for number, row in enumerate(rows.to_dict("records")):
            style.write_below(
                ax,
                number,
                f"{_words(row['layer'])} falls {row['drop']:.2f} "
                f"[{row['low']:.2f}, {row['high']:.2f}]",
                COLOURS["text"],
            )
        if rows.empty:
            style.write_below(ax, 0, "no layer falls", COLOURS["text"])
    inside = axes[0].inset_axes((0.55, 0.12, 0.4, 0.045))
    bar = drawn.colorbar(ScalarMappable(norm, _EPOCHS), cax=inside, orientation="horizontal")
    last = int(epochs.max())
    bar.set_ticks([1, last + 1], labels=["0", f"{last}"])
    bar.ax.minorticks_off()
    bar.ax.set_title("epoch", fontsize=style.SMALL, pad=3)
    return drawn


def _line(ax: Axes, own: xr.Dataset, layer: str, norm: LogNorm) -> None:
    """One layer: all seeds, and the mean of those that have an estimate."""
    x = own["mutual_information_input"].transpose("seed", "epoch").values
    y = own["mutual_information_label"].transpose("seed", "epoch").values
    there = ~np.isnan(x)
    if not there.any():
        return
    for of_x, of_y in zip(x, y, strict=True):
        ax.plot(of_x, of_y, color=COLOURS["reference"], alpha=0.25, linewidth=0.7, zorder=1)
    some = there.any(axis=0)
    mean_x, mean_y = (np.nanmean(values[:, some], axis=0) for values in (x, y))
    colours = _EPOCHS(norm(own["epoch"].values[some] + 1))
    ax.plot(mean_x, mean_y, color=COLOURS["text"], linewidth=1, zorder=2)
    ax.scatter(mean_x, mean_y, c=colours, s=30, zorder=3, edgecolor="white", linewidth=0.4)
    ax.annotate(
        "o" if layer == OUTPUT else layer,
        (mean_x[-1], mean_y[-1]),
        (5, 3),
        textcoords="offset points",
        weight="bold",
        zorder=4,
    )


def _words(layer: str) -> str:
    return layer if layer == OUTPUT else f"layer {layer}"
