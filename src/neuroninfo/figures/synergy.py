"""Redundancy and synergy: pairs of a layer as a matrix, and what is measured beside ablation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from neuroninfo.figures import canvas, wording
from neuroninfo.results.curves import layer_number
from neuroninfo.results.synergy import COUNTED, MEASURED, SHOWN
from neuroninfo.vocabulary import CONDITION

_MATRIX: Final = 5.0
"""Width and height of a matrix in inches."""
_CLIPPED: Final = 0.995
"""Quantile of the values of a layer at which the scale ends."""
_PANEL: Final = 5.6


@canvas.styled
def synergy(groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any]) -> Figure:
    """Each layer's neurons as a matrix: redundancy below the diagonal, synergy above.

    Parameters
    ----------
    groups
        ``synergy.nc`` of all seeds; drawn is the first one.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    layers = sorted(groups, key=layer_number)
    seed = int(groups[layers[0]]["seed"].values[0])
    drawn, axes = canvas.figure(
        len(layers),
        title="Redundancy (below the diagonal) and synergy (above) of all pairs of neurons",
        subtitle=f"{wording.of_condition(condition)}; seed {seed}",
        note="Parts of I(T1,T2;Y) of two neurons (on or off) and the class, by BROJA, in bits. "
        f"The scale of a layer ends at the {_CLIPPED} quantile; means are over all pairs. Neurons "
        "with much information in common are neighbours (average linkage, leaves in optimal "
        "order). Neurons that are never or always on have no information and are left out.",
        panel=_MATRIX,
        height=_MATRIX,
        headed=2,
        columns=min(len(layers), 2),
        shared=False,
        left=1.0,
    )
    for ax, layer in zip(axes, layers, strict=True):
        record = _matrix(drawn, ax, layer, groups[layer].isel(seed=0))
        canvas.record(drawn, record)
    return drawn


def _matrix(drawn: Figure, ax: Axes, layer: str, of_layer: xr.Dataset) -> pd.DataFrame:
    """One layer; what the figure says of each of its neurons."""
    n_neurons = of_layer.sizes["neuron"]
    first, second = of_layer["first"].values, of_layer["second"].values
    joint = of_layer["joint_information"].values.astype(np.float64)
    redundant = of_layer["redundancy"].sel(measure=SHOWN).values.astype(np.float64)
    information = of_layer["information"].values
    alone = information[first] + information[second]
    synergistic = np.maximum(joint - alone + redundant, 0.0)
    square = {
        name: squareform(values, checks=False)
        for name, values in (("redundancy", redundant), ("synergy", synergistic), ("joint", joint))
    }
    told = np.flatnonzero(information > 0)
    among = np.ix_(told, told)
    order = told[_seriation(square["redundancy"][among], square["joint"][among])]
    below, above = (square[name][np.ix_(order, order)] for name in ("redundancy", "synergy"))
    shown = np.tril(below, -1) + np.triu(above, 1)
    np.fill_diagonal(shown, np.nan)
    apart = np.triu_indices(len(order), 1)
    parts = np.concatenate([below[apart], above[apart]])
    most = float(np.quantile(parts, _CLIPPED)) if len(parts) else 0.0
    picture = ax.imshow(
        shown, cmap="cividis", vmin=0, vmax=max(most, 1e-6), interpolation="nearest"
    )
    words = f"{wording.of_scope(layer)}: {len(order)} of {wording.counted(n_neurons, 'neuron')}"
    means = [
        f"{name} {values.mean():.2g}"
        for name, values in (("redundancy", redundant), ("synergy", synergistic))
    ]
    ax.set_title(
        f"{words}\nmeans: {', '.join(means)} bit",
        loc="left",
        fontsize=canvas.SMALL,
        weight="bold",
    )
    ax.set_xlabel("neurons, by likeness")
    ax.set_xticks([])
    ax.set_yticks([])
    bar = drawn.colorbar(picture, cax=ax.inset_axes((-0.075, 0, 0.035, 1)))
    bar.ax.yaxis.set_ticks_position("left")
    position = np.full(n_neurons, -1)
    position[order] = np.arange(len(order))
    closest = np.argmax(square["redundancy"] - np.eye(n_neurons), axis=1)
    return pd.DataFrame(
        {
            "scope": layer,
            "position": position,
            "neuron": of_layer["neuron"].values,
            "information": information,
            "mean_redundancy": square["redundancy"].sum(axis=1) / max(n_neurons - 1, 1),
            "mean_synergy": square["synergy"].sum(axis=1) / max(n_neurons - 1, 1),
            "closest": of_layer["neuron"].values[closest],
            "redundancy_with_closest": square["redundancy"][np.arange(n_neurons), closest],
        }
    )


def _seriation(redundancy: NDArray[np.float64], joint: NDArray[np.float64]) -> NDArray[np.intp]:
    """An order in which neurons stand beside those that say most of the same."""
    if len(redundancy) < 3:
        return np.arange(len(redundancy))
    share = np.divide(redundancy, joint, out=np.zeros_like(joint), where=joint > 0)
    distances = squareform(np.maximum(1 - share, 0) * (1 - np.eye(len(share))), checks=False)
    return leaves_list(linkage(distances, method="average", optimal_ordering=True))


@canvas.styled
def synergy_ablation(of_layers: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """What is measured of each layer against what ablation counts, over conditions.

    Parameters
    ----------
    of_layers, correlations
        As `results.synergy.points` and `results.synergy.agreement` give them.
    """
    conditions = of_layers[list(CONDITION)].drop_duplicates()
    drawn, axes = canvas.figure(
        len(MEASURED) * len(COUNTED),
        title="Neurons that ablation counts as redundant or inactive, against measured redundancy",
        subtitle=f"one mark per layer; {wording.counted(len(conditions), 'condition')}",
        note="Horizontal: the redundant part of I(T1,T2;Y) by BROJA, as means over pairs of "
        "neurons that are not constant, as a share of I(T1,T2;Y); and the largest one of each "
        "neuron, as a share of its information. Vertical: counts at the tolerances of the claims, "
        "as a share of the neurons of the layer. Bars: 95 % intervals over seeds. Numbers: "
        "layers. Above: Spearman's correlation over layers with a 95 % interval that treats "
        "layers as independent.",
        panel=_PANEL,
        headed=True,
        columns=len(COUNTED),
        shared=False,
        height=3.6,
    )
    looks = canvas.looks(len(conditions))
    panels = [(name, count) for name in MEASURED for count in COUNTED]
    for ax, (name, count) in zip(axes, panels, strict=True):
        own = of_layers[(of_layers["measured"] == name) & (of_layers["counted"] == count)]
        for (names, layers), (colour, marker) in zip(
            own.groupby(list(CONDITION), sort=False), looks, strict=True
        ):
            label = _words(dict(zip(CONDITION, names, strict=True)))
            _points(ax, layers, colour, marker, label)
        ax.set_xlabel(MEASURED[name])
        ax.set_ylabel(f"share of {COUNTED[count]}")
        ax.set_ylim(-0.03, 1.03)
        ax.margins(x=0.1)
        found = correlations[
            (correlations["measured"] == name) & (correlations["counted"] == count)
        ].iloc[0]
        ax.set_title(_said(found), loc="left", weight="bold", fontsize=canvas.SMALL)
    axes[0].legend(title="condition", frameon=False, fontsize=canvas.SMALL, handletextpad=0.1)
    canvas.record(drawn, of_layers)
    return drawn


def _points(ax: Axes, layers: pd.DataFrame, colour: str, marker: str, label: str) -> None:
    """The layers of one condition, with their numbers."""
    x, y = layers["x"].to_numpy(), layers["y"].to_numpy()
    ax.hlines(y, layers["x_low"], layers["x_high"], color=colour, linewidth=1.6)
    ax.vlines(x, layers["y_low"], layers["y_high"], color=colour, linewidth=1.6)
    ax.plot(x, y, marker, color=colour, label=label, linestyle="none", markersize=7)
    for across, up, scope in zip(x, y, layers["scope"], strict=True):
        if np.isfinite([across, up]).all():
            text = str(layer_number(scope))
            ax.annotate(text, (across, up), (5, 4), textcoords="offset points", color=colour)


def _words(condition: Mapping[str, str]) -> str:
    """A condition in a legend."""
    return ", ".join(
        [
            f"{wording.of_dataset(condition['dataset'])} {condition['architecture']}",
            wording.of_regularizer(condition["activation"]),
            wording.of_regularizer(condition["regularizer"]),
        ]
    )


def _said(found: pd.Series) -> str:
    layers = wording.counted(int(found["n_layers"]), "layer")
    if not np.isfinite(found["correlation"]):
        return f"{layers}: no correlation"
    ends = f"{found['low']:.2f} to {found['high']:.2f}"
    return f"{layers}: correlation {found['correlation']:.2f} ({ends})"
