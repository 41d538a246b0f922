"""How mutual information with the class is distributed over neurons, by layer (slide T10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.mlab import GaussianKDE
from numpy.typing import NDArray

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS, SMALL

_LAYER, _WIDEST = 2.15, 2.6
"""Least and greatest width of a layer in inches."""
_NAMES: Final = 1.2
"""Width of the space right of the layers for names of the lines, in inches."""
_HALF: Final = 0.36
"""Half width of a violin; layers are 1 apart."""
_LEAST: Final = 0.01
"""Smallest length of the axis in bit, so that information near zero looks like zero."""
_GOLDEN: Final = (np.sqrt(5) - 1) / 2
_FEWEST: Final = 5
"""With fewer distinct values a density has no meaning, and only dots are drawn."""


@canvas.styled
def information(
    neurons: xr.Dataset, condition: Mapping[str, Any], *, quantizer: str | None = None
) -> Figure:
    """Mutual information of every neuron by layer, seeds pooled.

    A violin with its quartiles, one dot a neuron and seed, the range of the label-shuffled
    baseline, and the largest class entropy where it is in view.

    Parameters
    ----------
    neurons
        ``neurons.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    quantizer
        By default the first.

    Raises
    ------
    ValueError
        Nothing was measured with that quantizer.
    """
    known = list(map(str, neurons["quantizer"].values))
    quantizer = quantizer or known[0]
    if quantizer not in known:
        raise ValueError(
            f"nothing was measured with quantizer {quantizer!r}: there are {', '.join(known)}; "
            "add it to the configuration's `quantizers` and measure again"
        )
    names = ["mutual_information", "mutual_information_shuffled", "state"]
    of_quantizer = neurons[names].sel(quantizer=quantizer).transpose("seed", ...).load()
    layers = np.unique(neurons["layer"].values)
    n_seeds = neurons.sizes["seed"]
    panel = max(canvas.PANEL, _NAMES + _LAYER * len(layers))
    drawn, (ax,) = canvas.figure(
        1,
        title="Mutual information with the class, by hidden layer",
        subtitle=wording.of_networks(condition, n_seeds),
        note=f"Each dot: a {wording.unit(condition)} of one seed. Outputs quantized "
        f"({wording.of_quantizer(quantizer)}), {int(neurons.attrs['n_examples']):,} examples. "
        "Bar: quartiles; circle: median.",
        panel=panel,
        below=4,
    )
    ticks = []
    for position, layer in enumerate(layers):
        members = of_quantizer.isel(neuron=np.flatnonzero(neurons["layer"].values == layer))
        violin(ax, position, members["mutual_information"].values.ravel())
        ticks.append(_tick(int(layer), members, condition))
    ax.set_xticks(range(len(layers)), ticks)
    ax.tick_params(axis="x", length=0)
    per_inch = max(len(layers) / (panel - _NAMES), 1 / _WIDEST)
    middle = (len(layers) - 1) / 2
    half = per_inch * (panel - _NAMES) / 2
    ax.set_xlim(middle - half, middle + half + per_inch * _NAMES)
    ax.set_ylabel("mutual information (bit)")
    shuffled = of_quantizer["mutual_information_shuffled"].values
    measured = of_quantizer["mutual_information"].values
    highest = max(float(measured.max()), float(shuffled.max()), _LEAST)
    ax.set_ylim(-0.03 * highest, 1.06 * highest)
    _references(ax, shuffled, int(neurons.attrs["n_classes"]))
    canvas.record_dots(drawn, of_quantizer[names[:2]])
    return drawn


def violin(ax: Axes, position: int, values: NDArray[np.float64]) -> None:
    """Violin, dots and quartiles of one layer around x = position."""
    width = np.ones_like(values)
    if len(np.unique(np.round(values, 12))) >= _FEWEST:
        level = np.linspace(values.min(), values.max(), 200)  # none beyond the data
        shape = GaussianKDE(values).evaluate(level)  # scipy.stats takes half a second to import
        width = np.interp(values, level, shape) / shape.max()
        half = _HALF * shape / shape.max()
        ax.fill_betweenx(
            level,
            position - half,
            position + half,
            color=COLOURS["violin"],
            alpha=0.35,
            linewidth=0,
        )
    # A low-discrepancy sequence in place of random numbers: no clumps, the same every time.
    jitter = (np.arange(len(values)) * _GOLDEN) % 1 - 0.5
    many = len(values) > 500
    faint = min(0.6, 0.35 * (2000 / len(values)) ** 0.5)
    ax.plot(
        position + 2 * 0.9 * _HALF * jitter * width,
        values,
        "o",
        color=COLOURS["neurons"],
        markersize=2.2 if many else 4,
        markeredgewidth=0,
        alpha=faint,
        rasterized=True,  # 1e4 dots are a slow PDF
    )
    low, median, high = np.percentile(values, (25, 50, 75))
    ax.plot([position] * 2, [low, high], color=COLOURS["random"], linewidth=5, zorder=3)
    ax.plot(position, median, "o", color="white", markeredgecolor="black", markersize=9, zorder=4)


def _tick(layer: int, members: xr.Dataset, condition: Mapping[str, Any]) -> str:
    """The text below a layer."""
    seeds, neurons = members["state"].transpose("seed", "neuron").shape
    lines = [
        f"layer {layer}",
        wording.counted(neurons, wording.unit(condition)),
        f"\N{MULTIPLICATION SIGN} {wording.counted(seeds, 'seed')}",
    ]
    if condition["activation"] == "relu":
        never_active = members["state"].attrs["flag_meanings"].split().index("never_active")
        share = float((members["state"].values == never_active).mean())
        rounded = "<1" if 0 < share < 0.01 else f"{100 * share:.0f}"
        lines.append(f"{rounded} % never active")
    return "\n".join(lines)


def _references(ax: Axes, shuffled: NDArray[np.float64], n_classes: int) -> None:
    """The label-shuffled baseline, and the largest information that an output can have."""
    mean = float(shuffled.mean())
    colour = COLOURS["descending"]
    ax.axhspan(*np.percentile(shuffled, (5, 95)), color=colour, alpha=0.25, linewidth=0)
    ax.axhline(mean, color=colour, linewidth=1.2, zorder=1)
    marks = [(mean, f"labels\nshuffled:\n{mean:.2g} bit", colour)]
    limit = float(np.log2(n_classes))
    if limit <= ax.get_ylim()[1]:
        ax.axhline(limit, color=COLOURS["reference"], linestyle="--", linewidth=1.2, zorder=1)
        marks.append((limit, f"H(Y)\nat most\n{limit:.2f} bit", COLOURS["reference"]))
    for level, text, text_colour in marks:
        above = level < np.mean(ax.get_ylim())
        ax.annotate(
            text,
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4 if above else -4),
            textcoords="offset points",
            ha="right",
            va="bottom" if above else "top",
            color=text_colour,
            weight="bold",
            fontsize=SMALL,
        )
