"""Estimators on distributions with known information: estimate against truth, error and cost."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.planes.calibration import FAMILIES

_PANEL: Final = 3.6
_MARKERS: Final = dict(zip(FAMILIES, "os^D", strict=True))
_SIZES: Final = colormaps["Blues"]
_DIMENSIONS: Final = colormaps["viridis"]


@canvas.styled
def calibration(estimates: xr.Dataset, part: Literal["label", "input", "cost"]) -> Figure:
    """Estimates of one coordinate of the plane against known values, or what they cost.

    Parameters
    ----------
    estimates
        ``calibration.nc``.
    part
        ``label``: I(Y;T); ``input``: I(X;T + noise), of estimators that add noise; ``cost``: errors
        and times by number of examples.
    """
    return _cost(estimates) if part == "cost" else _known(estimates, part)


def _known(calibration: xr.Dataset, part: Literal["label", "input"]) -> Figure:
    """One panel per estimator: estimates of one coordinate of the plane against known values."""
    known = calibration[f"known_{part}"].transpose("estimator", "case")
    shown = [
        name
        for name in map(str, calibration["estimator"].values)
        if known.sel(estimator=name).notnull().any()
    ]
    n = int(calibration["examples"].max())
    estimate = calibration[f"estimate_{part}"].sel(examples=n).mean("repeat")
    dimensions = sorted(set(calibration["dimensions"].values.tolist()))
    colours = dict(zip(dimensions, _DIMENSIONS(np.linspace(0, 0.9, len(dimensions))), strict=True))
    what = "I(Y;T) of the class" if part == "label" else "I(X;T + noise) of the input"
    families = [name for name in FAMILIES if part == "label" or name in ("gaussian", "sparse")]
    drawn, axes = canvas.figure(
        len(shown),
        title=f"Estimators on known distributions: {what}",
        subtitle=f"{n:,} examples; estimates on the line are right",
        note="Mixtures of 2 to 1,024 equally likely classes (variables family, dimensions, "
        "classes, separation). Estimators that add noise estimate the information of outputs with "
        "noise. Except for nearest neighbours, no estimate from n examples exceeds log2 n.",
        panel=_PANEL,
        height=0.8 * _PANEL,
        headed=True,
        columns=canvas.columns_of(len(shown)),
        shared=False,
    )
    highest = float(known.max())
    for ax, name in zip(axes, shown, strict=True):
        own_known, own = known.sel(estimator=name), estimate.sel(estimator=name)
        limit = 11 if part == "label" else highest * 1.05
        ax.plot([0, limit], [0, limit], color=COLOURS["reference"], linewidth=1, zorder=0)
        for case in range(calibration.sizes["case"]):
            ax.plot(
                float(own_known[case]),
                float(own[case]),
                _MARKERS[str(calibration["family"].values[case])],
                color=colours[int(calibration["dimensions"].values[case])],
                markersize=6,
                alpha=0.8,
            )
        ax.set_title(
            wording.of_estimator(name, whose=False),
            loc="left",
            weight="bold",
            fontsize=canvas.SMALL,
        )
        ax.set_xlabel("known (bit)")
        ax.set_ylabel("estimate (bit)")
    for title, looks, x in (
        ("dimensions", [("o", colour, f"{d}") for d, colour in colours.items()], 0.8),
        ("distribution", [(_MARKERS[f], COLOURS["text"], f) for f in families], 1.0),
    ):
        handles = [
            Line2D([], [], marker=marker, linestyle="", color=colour, label=words)
            for marker, colour, words in looks
        ]
        legend = drawn.legend(
            handles=handles,
            title=title,
            frameon=False,
            ncols=2,
            loc="upper right",
            bbox_to_anchor=(x, 1),
            handletextpad=0.1,
            columnspacing=0.8,
            labelspacing=0.2,
            borderaxespad=0.2,
        )
        drawn.add_artist(legend)
    both = xr.Dataset({"known": known, "estimate": estimate}).merge(
        calibration[["family", "dimensions"]]
    )
    canvas.record(drawn, both.to_dataframe().reset_index())
    return drawn


def _cost(calibration: xr.Dataset) -> Figure:
    """Median error in few and in many dimensions, and time, by estimator and number of examples."""
    estimators = list(map(str, calibration["estimator"].values))
    sizes = sorted(calibration["examples"].values.tolist())
    few = calibration["dimensions"] <= 2
    error = abs(calibration["estimate_label"] - calibration["known_label"]).mean("repeat")
    panels = [
        ("error, 1 and 2 dimensions (bit)", error.sel(case=few).median("case")),
        ("error, more dimensions (bit)", error.sel(case=~few).median("case")),
        ("time (s)", calibration["seconds"].mean("repeat").median("case")),
    ]
    drawn, axes = canvas.figure(
        len(panels),
        title="What estimates of I(Y;T) cost, and how far they are off",
        subtitle="median over distributions; darker: more examples "
        f"({', '.join(f'{n:,}' for n in sizes)})",
        note="Absolute error against known values. No dot: the estimator needs more examples.",
        panel=_PANEL,
        height=0.32 * len(estimators) + 0.3,
        headed=True,
        columns=3,
        left=3.1,
    )
    for ax, (title, values) in zip(axes, panels, strict=True):
        for row, name in enumerate(estimators):
            for number, n in enumerate(sizes):
                ax.plot(
                    float(values.sel(estimator=name, examples=n)),
                    row,
                    "o",
                    color=_SIZES(0.35 + 0.6 * number / max(1, len(sizes) - 1)),
                    markersize=8,
                )
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_title(title, loc="left", weight="bold")
        ax.set_yticks(
            range(len(estimators)), [wording.of_estimator(e, whose=False) for e in estimators]
        )
        ax.set_ylim(len(estimators) - 0.5, -0.5)
        ax.grid(axis="y", color="#eeeeee")
        ax.set_axisbelow(True)
        canvas.record(drawn, values.to_dataframe("median").reset_index().assign(panel=title))
    return drawn
