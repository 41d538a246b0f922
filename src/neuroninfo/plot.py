"""Plots of the results of `neuroninfo.measure` and `neuroninfo.ablate`, on axes of your own.

Each function draws on `ax` and returns the axes. Without `ax` it makes a new figure of matplotlib's
pyplot, which a notebook shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from neuroninfo.figures import ablation as figures_ablation
from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS, Row
from neuroninfo.figures.information import violin
from neuroninfo.figures.wording import ARROWS, DIRECTIONS
from neuroninfo.results import ranking as results_ranking
from neuroninfo.results.curves import areas
from neuroninfo.vocabulary import NETWORK, RANDOM, ZERO


def information(
    neurons: xr.Dataset,
    *,
    measure: str = "mutual_information",
    quantizer: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A measure of every unit, layer by layer, as a violin with quartiles and one dot per unit.

    Parameters
    ----------
    neurons
        What `neuroninfo.measure` returned.
    measure
        One of its variables.
    quantizer
        Quantizer of the measure. Default: the first one, if the measure has any.
    ax
        Axes to draw on.

    Raises
    ------
    ValueError
        The measure is not among the variables.

    Examples
    --------
    >>> ax = neuroninfo.plot.information(studied.neurons)
    """
    values = _values(neurons, measure, quantizer)
    ax = _axes(ax)
    numbers = neurons["layer"].values
    layers = np.unique(numbers)
    for position, layer in enumerate(layers):
        of_layer = values[:, numbers == layer].ravel()
        violin(ax, position, of_layer[np.isfinite(of_layer)])
    names = [_name(neurons, int(layer)) for layer in layers]
    turned = max(map(len, names)) * len(names) > 60
    ax.set_xticks(range(len(layers)), names, rotation=90 if turned else 0)
    ax.set_xlabel("layer")
    units = str(neurons[measure].attrs.get("units", "1"))
    ax.set_ylabel(wording.of_measure(measure) + (f" ({units})" if units != "1" else ""))
    return ax


def ablation(
    curves: xr.DataTree | xr.Dataset,
    *,
    scope: str = NETWORK,
    measure: str | None = None,
    quantizer: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Accuracy against the number of removed units, for lowest first, highest first and random.

    Parameters
    ----------
    curves
        What `neuroninfo.ablate` returned, or one of its groups.
    scope
        ``network``, or a layer, such as ``layer-1``.
    measure, quantizer
        Measure and quantizer by which units were ordered. Default: the first.
    ax
        Axes to draw on.

    Raises
    ------
    ValueError
        There is no such scope, or no units were ordered in this way.

    Examples
    --------
    >>> ax = neuroninfo.plot.ablation(studied.ablation, scope="layer-1")
    """
    group = _group(curves, scope)
    by = _ordered_by(group, measure, quantizer)
    ax = _axes(ax)
    drawn, _ = figures_ablation.draw(ax, group, by, first=True)
    ax.set_ylim(0, 1.1 * max(float(curve.high.max()) for curve in drawn))
    ax.set_xlabel("number of units removed")
    ax.set_ylabel("accuracy on test data (%)")
    ax.set_title(f"{wording.of_scope(scope)}, by {wording.short(by[0])}", loc="left")
    labels.label_curves(ax, drawn)
    return ax


def ranking(
    curves: xr.DataTree | xr.Dataset, *, scope: str = NETWORK, ax: Axes | None = None
) -> Axes:
    """How much the order by each measure matters, with the best measure first.

    The effect of an order is its mean accuracy over the curve compared with random orders, in
    percentage points: how much more removing the highest first costs, and how much less removing
    the lowest first costs.

    Parameters
    ----------
    curves, scope, ax
        As in `ablation`. Only orders with removed units set to zero are used.

    Raises
    ------
    ValueError
        There is no such scope, or there are no random orders.

    Examples
    --------
    >>> ax = neuroninfo.plot.ranking(studied.ablation)
    """
    group = _group(curves, scope)
    about = dict.fromkeys(("dataset", "architecture", "activation", "regularizer"), "")
    table = results_ranking.effects({"own": {scope: areas(group)}}, about)
    table = table[table["replacement"] == ZERO]
    if table.empty:
        raise ValueError("no effects against random orders: ablate with `random` of 1 or more")
    ax = _axes(ax)
    pairs = table.groupby(["measure", "quantizer"])["effect"].mean().sort_values().index[::-1]
    rows = []
    for measure, quantizer in pairs:
        here = table[(table["measure"] == measure) & (table["quantizer"] == quantizer)]
        for direction in ("descending", "ascending"):
            effect = here.loc[here["direction"] == direction, ["effect", "low", "high"]]
            mean, low, high = 100 * effect.to_numpy(float)[0] if len(effect) else [np.nan] * 3
            text = wording.short(str(measure))
            if quantizer not in ("none", "threshold"):
                text += f", {quantizer}"
            rows.append(Row(text, COLOURS[direction], mean, low, high, ARROWS[direction]))
    canvas.intervals(ax, rows)
    ax.set_xlabel("effect of the order (points)")
    legend = [
        (DIRECTIONS[each], COLOURS[each], ARROWS[each]) for each in ("descending", "ascending")
    ]
    canvas.head(ax, wording.of_scope(scope), legend, lines=1, size=canvas.LABEL)
    return ax


def relation(
    neurons: xr.Dataset, x: str, y: str, *, quantizer: str | None = None, ax: Axes | None = None
) -> Axes:
    """Two measures of every unit against each other, with six colours and markers for layers.

    Parameters
    ----------
    neurons
        What `neuroninfo.measure` returned.
    x, y
        Two of its variables. If there is a variable ``<name>_error``, it is drawn as a bar.
    quantizer, ax
        As in `information`.

    Raises
    ------
    ValueError
        One of them is not among the variables.

    Examples
    --------
    >>> ax = neuroninfo.plot.relation(neurons, "mutual_information", "shapley")
    """
    horizontal, vertical = (_values(neurons, name, quantizer)[0] for name in (x, y))
    bars = {
        which: None if f"{name}_error" not in neurons else neurons[f"{name}_error"].values[0]
        for which, name in (("xerr", x), ("yerr", y))
    }
    ax = _axes(ax)
    numbers = neurons["layer"].values
    layers = np.unique(numbers)
    for layer, (colour, marker) in zip(layers, canvas.looks(len(layers)), strict=True):
        here = numbers == layer
        of_layer: Any = {key: None if bar is None else bar[here] for key, bar in bars.items()}
        ax.errorbar(
            horizontal[here],
            vertical[here],
            fmt=marker,
            color=colour,
            label=_name(neurons, int(layer)),
            elinewidth=0.8,
            **of_layer,
        )
    ax.set_xlabel(wording.short(x))
    ax.set_ylabel(wording.short(y))
    if len(layers) <= 8:
        ax.legend(frameon=False, title="layer")
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    ax = pyplot.subplots(figsize=(7, 4.2), layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _values(neurons: xr.Dataset, measure: str, quantizer: str | None) -> np.ndarray:
    """(seeds, units) of a measure."""
    if measure not in neurons:
        known = ", ".join(sorted(map(str, neurons.data_vars)))
        raise ValueError(f"{measure!r} was not measured; there are {known}")
    values = neurons[measure]
    if "quantizer" in values.dims:
        known = ", ".join(map(str, neurons["quantizer"].values))
        quantizer = quantizer or str(neurons["quantizer"].values[0])
        if quantizer not in neurons["quantizer"].values:
            raise ValueError(f"not measured with quantizer {quantizer!r}; there are {known}")
        values = values.sel(quantizer=quantizer)
    return values.transpose("seed", "neuron").values.astype(float)


def _name(neurons: xr.Dataset, layer: int) -> str:
    """Name of a layer: that of its module, if the measures have it."""
    if "module" not in neurons.coords:
        return str(layer)
    return str(neurons["module"].values[neurons["layer"].values == layer][0])


def _group(curves: xr.DataTree | xr.Dataset, scope: str) -> xr.Dataset:
    if isinstance(curves, xr.Dataset):
        return curves
    if scope not in curves.children:
        raise ValueError(f"scope {scope!r} was not ablated; there are {', '.join(curves.children)}")
    return curves.children[scope].to_dataset()


def _ordered_by(group: xr.Dataset, measure: str | None, quantizer: str | None) -> tuple[str, str]:
    known = [
        (str(m), str(q))
        for m, q in zip(group["measure"].values, group["quantizer"].values, strict=True)
        if m != RANDOM
    ]
    for by in known:
        if measure in (None, by[0]) and quantizer in (None, by[1]):
            return by
    there = ", ".join(f"{m} ({q})" for m, q in dict.fromkeys(known)) or "random orders only"
    raise ValueError(f"no units were ordered by {measure} ({quantizer}); there are {there}")
