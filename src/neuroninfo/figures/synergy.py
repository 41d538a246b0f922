"""Redundancy and synergy: pairs of a layer as a matrix, sets, and the comparison with ablation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from neuroninfo.figures import canvas, wording
from neuroninfo.results.curves import layer_number
from neuroninfo.results.statistics import band
from neuroninfo.results.synergy import COMPLEXITY, COUNTED, MEASURED, at_last
from neuroninfo.synergy.settings import SHOWN
from neuroninfo.vocabulary import CONDITION, condition_names

_MATRIX: Final = 5.0
"""Width and height of a matrix in inches."""
_CLIPPED: Final = 0.995
"""Quantile of the values of a layer at which the scale ends."""
_PANEL: Final = 5.6
_NEEDED: Final[Mapping[str, str]] = {
    "needed_redundancy_share": "redundant share",
    "needed_synergy_share": "synergistic share",
}
"""Quantity of `results.synergy` -> words."""
_TRAINED: Final[Mapping[str, str]] = {
    "pair_redundancy": "redundant share",
    "pair_synergy": "synergistic share",
}
"""Variable of ``plane.nc`` -> words."""
_ESTIMATED: Final[Mapping[str, tuple[str, str, str]]] = {
    "counts": ("o", "-", "counts of patterns (on or off)"),
    "gaussian_copula": ("", "--", "Gaussian copula of outputs"),
}
"""Estimator of ``synergy.nc`` -> marker, line and words."""
_REDUNDANCIES: Final[Mapping[str, str]] = {
    "sx": "redundancy by shared exclusions",
    "min": "redundancy by I_min",
}
"""Measure of redundancy of ``synergy.nc`` -> words."""


@canvas.styled
def synergy(groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any]) -> Figure:
    """Each layer's neurons as a matrix: redundancy below the diagonal, synergy above.

    Parameters
    ----------
    groups
        ``synergy.nc`` of all seeds; the first seed is drawn.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    layers = sorted(groups, key=layer_number)
    seed, unit = int(groups[layers[0]]["seed"].values[0]), wording.unit(condition)
    drawn, axes = canvas.figure(
        len(layers),
        title=f"Redundancy (below the diagonal) and synergy (above) of all pairs of {unit}s",
        subtitle=f"{wording.of_condition(condition)}; seed {seed}",
        note=f"Parts of I(T1,T2;Y) of two {unit}s (on or off) and the class, by BROJA, in bits. "
        f"The scale of a layer ends at the {_CLIPPED} quantile; means are over all pairs. "
        f"{unit.capitalize()}s that share most of their information are neighbours (average "
        f"linkage, leaves in optimal order). {unit.capitalize()}s that are never or always on have "
        "no information and are left out.",
        panel=_MATRIX,
        height=_MATRIX,
        headed=2,
        columns=min(len(layers), 2),
        shared=False,
        left=1.0,
    )
    for ax, layer in zip(axes, layers, strict=True):
        record = _matrix(drawn, ax, layer, groups[layer].isel(seed=0), unit)
        canvas.record(drawn, record)
    return drawn


def _matrix(drawn: Figure, ax: Axes, layer: str, of_layer: xr.Dataset, unit: str) -> pd.DataFrame:
    """Draws one layer; returns what the figure says of each of its units."""
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
    words = f"{wording.of_scope(layer)}: {len(order)} of {wording.counted(n_neurons, unit)}"
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
    ax.set_xlabel(f"{unit}s, similar ones side by side")
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
    """An order in which neurons are next to those with which they share most information."""
    if len(redundancy) < 3:
        return np.arange(len(redundancy))
    share = np.divide(redundancy, joint, out=np.zeros_like(joint), where=joint > 0)
    distances = squareform(np.maximum(1 - share, 0) * (1 - np.eye(len(share))), checks=False)
    return leaves_list(linkage(distances, method="average", optimal_ordering=True))


@canvas.styled
def synergy_ablation(of_layers: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """Measured redundancy of each layer against the counts of ablation, over conditions.

    Parameters
    ----------
    of_layers, correlations
        As `results.synergy.points` and `results.synergy.agreement` give them.
    """
    conditions = of_layers[list(CONDITION)].drop_duplicates()
    looks = canvas.looks(len(conditions))
    drawn, axes = canvas.figure(
        len(MEASURED) * len(COUNTED),
        title="Neurons that ablation counts as redundant or inactive, against measured redundancy",
        subtitle=f"one mark per layer; {wording.counted(len(conditions), 'condition')}",
        note="Horizontal: the redundant part of I(T1,T2;Y) by BROJA. Top: its mean over pairs of "
        "neurons that are not constant, as a share of I(T1,T2;Y); bottom: the largest one of each "
        "neuron, as a share of its information. Vertical: counts at the tolerances of the claims, "
        "as a share of the neurons of the layer. Bars: 95 % intervals over seeds. Numbers: "
        "layers. Titles: Spearman's correlation over layers with a 95 % interval that treats "
        "layers as independent.",
        panel=_PANEL,
        headed=True,
        columns=len(COUNTED),
        shared=False,
        height=3.6,
        legend=[
            Line2D([], [], marker=marker, color=colour, linestyle="", label=_words(names))
            for names, (colour, marker) in zip(conditions.to_dict("records"), looks, strict=True)
        ],
    )
    panels = [(name, count) for name in MEASURED for count in COUNTED]
    for ax, (name, count) in zip(axes, panels, strict=True):
        own = of_layers[(of_layers["measured"] == name) & (of_layers["counted"] == count)]
        for (_, layers), (colour, marker) in zip(
            own.groupby(list(CONDITION), sort=False), looks, strict=True
        ):
            _points(ax, layers, colour, marker)
        ax.set_xlabel(MEASURED[name])
        ax.set_ylabel(f"share of {COUNTED[count]}")
        ax.set_ylim(-0.03, 1.03)
        ax.margins(x=0.1)
        found = correlations[
            (correlations["measured"] == name) & (correlations["counted"] == count)
        ].iloc[0]
        ax.set_title(_said(found), loc="left", weight="bold", fontsize=canvas.SMALL)
    canvas.record(drawn, of_layers)
    return drawn


@canvas.styled
def needed_pairs(measured: pd.DataFrame) -> Figure:
    """Whether pairs that are spared singly and needed jointly are redundant, by layer.

    Parameters
    ----------
    measured
        As `results.synergy.summary` gives it, of several conditions.
    """
    names = [*CONDITION, "scope"]
    shown = measured[measured["quantity"].isin(_NEEDED) & (measured["measure"] == SHOWN)]
    counts = measured[measured["quantity"].isin(["pairs_needed", "pairs_spared"])]
    of_layer = counts.pivot_table(index=names, columns="quantity", values="mean")
    layers = shown[names].drop_duplicates()
    drawn, axes = canvas.figure(
        len(_NEEDED),
        title="Are pairs that are spared singly and needed jointly redundant?",
        subtitle=f"each row is a layer; {wording.counted(len(layers), 'layer')}",
        note="A neuron can be spared if its removal alone costs at most 0.1 % of the correct "
        "predictions above chance; a pair is needed jointly if removing both costs more. Right of "
        "0, needed pairs have the larger share: Cliff's delta of needed against all other pairs of "
        "neurons that can be spared and are not constant, by BROJA, with 95 % intervals over "
        "seeds. Numbers: needed pairs of all pairs that were tried, means over seeds.",
        panel=4.4,
        left=3.8,
        headed=True,
        height=max(2.0, 0.55 * len(layers)),
    )
    texts: list[str] = []
    for key in layers.itertuples(index=False, name=None):
        condition, scope = dict(zip(CONDITION, key[:-1], strict=True)), key[-1]
        pairs = of_layer.loc[key]
        texts.append(
            f"{_words(condition)}\n{wording.of_scope(scope)}: "
            f"{pairs['pairs_needed']:,.0f} of {pairs['pairs_spared']:,.0f} pairs"
        )
    colours = canvas.layer_colours(layers["scope"].drop_duplicates())
    for ax, (quantity, words) in zip(axes, _NEEDED.items(), strict=True):
        own = shown[shown["quantity"] == quantity]
        rows = [
            canvas.Row(text, colours[row.scope], row.mean, row.low, row.high)
            for text, row in zip(texts, own.itertuples(), strict=True)
        ]
        canvas.intervals(ax, rows)
        ax.set_xlim(-1.05, 1.05)
        ax.set_title(words, loc="left", weight="bold", fontsize=canvas.SMALL)
        ax.set_xlabel("needed less other pairs (Cliff's delta)")
    canvas.record(drawn, pd.concat([shown, counts]))
    return drawn


@canvas.styled
def synergy_sets(
    conditions: Sequence[tuple[Mapping[str, Any], Mapping[str, xr.Dataset]]],
) -> Figure:
    """O-information per neuron of growing sets, by counts and by a Gaussian copula.

    Parameters
    ----------
    conditions
        Names of each condition, and ``synergy.nc`` of all its seeds.
    """
    drawn, axes = canvas.figure(
        len(conditions),
        title="Redundancy or synergy of growing sets of neurons",
        subtitle="O-information of the neurons of a layer with most information about the class",
        note="Redundancy prevails above 0, synergy below 0. O-information is the total correlation "
        "minus the dual total correlation, here divided by the number of neurons. Patterns are "
        "counted as long as there are no more patterns than examples (dotted line: log2 of the "
        "number of examples). The Gaussian copula has no such limit, but only captures "
        "correlations of ranks. Lines: means over seeds; bands: 95 % intervals. Constant neurons "
        "are left out; a line ends where a seed has no more neurons.",
        panel=_PANEL,
        headed=True,
        columns=min(len(conditions), 2),
        height=3.6,
    )
    for ax, (condition, groups) in zip(axes, conditions, strict=True):
        colours = canvas.layer_colours(groups)
        for scope in sorted(groups, key=layer_number):
            table = _set_lines(ax, groups[scope], colours[scope], wording.of_scope(scope))
            canvas.record(drawn, table.assign(**condition_names(condition), scope=scope))
            n_examples = groups[scope].attrs["n_examples"]
        ax.axvline(np.log2(n_examples), color=canvas.COLOURS["reference"], linestyle=":")
        ax.axhline(0, color=canvas.COLOURS["reference"], linewidth=1, zorder=0)
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:.0f}")
        ax.set_title(_words(condition), loc="left", weight="bold", fontsize=canvas.SMALL)
        ax.set_xlabel("neurons")
    for marker, line, by in _ESTIMATED.values():
        axes[0].plot([], [], line, marker=marker, color=canvas.COLOURS["reference"], label=by)
    for ax in axes:
        ax.legend(frameon=False, fontsize=canvas.SMALL)
    canvas.label_left(axes, "bit / neuron")
    return drawn


@canvas.styled
def synergy_complexity(measured: pd.DataFrame, set_size: int) -> Figure:
    """Representational complexity of sets of neurons, by layer, beside that of shuffled classes.

    Parameters
    ----------
    measured
        As `results.synergy.summary` gives it, of several conditions; the last epoch is drawn.
    set_size
        Number of neurons in a set.
    """
    last = at_last(measured)
    shown = last[last["quantity"] == COMPLEXITY]
    layers = shown[[*CONDITION, "scope"]].drop_duplicates()
    colours = canvas.layer_colours(layers["scope"].drop_duplicates())
    grey = canvas.COLOURS["reference"]
    drawn, axes = canvas.figure(
        len(_REDUNDANCIES),
        title="How many neurons must be read together to know what they say about the class?",
        subtitle=f"representational complexity of sets of {set_size} neurons; each row is a layer",
        note=f"1: single neurons say everything; {set_size}: only all neurons of a set together "
        "say anything. The information of each set is decomposed over all its subsets; "
        "representational complexity is the mean number of neurons that a part needs at least, "
        "weighted by the parts (Ehrlich et al. 2023). Dots: means over sets of neurons that are "
        "not constant, with 95 % intervals over seeds.",
        panel=4.4,
        left=3.8,
        headed=True,
        height=max(2.0, 0.55 * len(layers)),
        legend=[
            Line2D([], [], marker="o", color=grey, linewidth=2.4, label="measured"),
            Line2D(
                [],
                [],
                marker="o",
                color=grey,
                markerfacecolor="white",
                linestyle="none",
                label="shuffled classes: what bias alone gives",
            ),
        ],
    )
    for ax, (measure, words) in zip(axes, _REDUNDANCIES.items(), strict=True):
        rows = []
        for row in shown[shown["measure"] == measure].itertuples():
            condition = {name: getattr(row, name) for name in CONDITION}
            text = f"{_words(condition)}\n{wording.of_scope(row.scope)}"
            nan, baseline = float("nan"), row.shuffled
            rows += [
                canvas.Row(text, colours[row.scope], row.mean, row.low, row.high),
                canvas.Row(text, grey, baseline, nan, nan, filled=False),
            ]
        canvas.intervals(ax, rows, level=1)
        ax.set_xlim(0.9, set_size + 0.1)
        ax.set_xticks(range(1, set_size + 1))
        ax.set_title(words, loc="left", weight="bold", fontsize=canvas.SMALL)
        ax.set_xlabel("representational complexity")
    canvas.record(drawn, shown)
    return drawn


@canvas.styled
def synergy_training(conditions: Sequence[tuple[Mapping[str, Any], xr.Dataset]]) -> Figure:
    """Redundancy and synergy of the pairs of each layer over the epochs of training.

    Parameters
    ----------
    conditions
        Names of each condition, and ``plane.nc`` of all its seeds, with pairs.
    """
    drawn, axes = canvas.figure(
        len(_TRAINED),
        title="Redundancy and synergy of pairs of neurons over training",
        subtitle="shares of what two neurons of a layer say about the class",
        note="Means over all pairs of neurons that are not constant, by BROJA, at the epochs and "
        "on the examples of the planes. Lines: means over seeds; bands: 95 % intervals.",
        panel=_PANEL,
        headed=True,
        shared=False,
        left=1.0,
        height=4.0,
    )
    lines = itertools.cycle(("-", "--", ":", "-."))
    for (condition, plane), line in zip(conditions, lines, strict=False):
        hidden = [f"layer-{name}" for name in plane["layer"].values if str(name).isdigit()]
        colours = canvas.layer_colours(hidden)
        for ax, (name, words) in zip(axes, _TRAINED.items(), strict=True):
            for scope, colour in colours.items():
                of_layer = plane.sel(layer=scope.removeprefix("layer-"))
                share = (of_layer[name] / of_layer["pair_information"]).transpose("seed", "epoch")
                there = np.isfinite(share.values).all(axis=0)
                values, epochs = share.values[:, there], plane["epoch"].values[there]
                label = f"{_words(condition)}, {wording.of_scope(scope)}"
                mean = values.mean(axis=0)
                ax.plot(epochs, mean, line, color=colour, label=label)
                low, high = band(values) if len(values) > 1 else (values[0], values[0])
                ax.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
                of_line = {"epoch": epochs, "mean": mean, "low": low, "high": high}
                about = condition_names(condition) | {"scope": scope, "quantity": name}
                canvas.record(drawn, pd.DataFrame(of_line).assign(**about))
            ax.set_title(words, loc="left", weight="bold", fontsize=canvas.SMALL)
    for ax in axes:
        ax.set_xscale("symlog", linthresh=1)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set_xlabel("epochs of training")
        ax.set_ylim(bottom=0)
    axes[0].set_ylabel("share of I(T1,T2;Y)")
    axes[0].legend(frameon=False, fontsize=canvas.SMALL)
    return drawn


def _set_lines(ax: Axes, layer: xr.Dataset, colour: str, words: str) -> pd.DataFrame:
    """Draws one layer; returns what is drawn."""
    sizes, parts = layer["size"].values, []
    for estimator, (marker, line, _) in _ESTIMATED.items():
        of_estimator = layer.sel(estimator=estimator)
        total, dual = (
            of_estimator[name].values for name in ("total_correlation", "dual_total_correlation")
        )
        with np.errstate(invalid="ignore"):
            a_neuron = (total - dual) / sizes
        there = np.isfinite(a_neuron).all(axis=0)
        values = a_neuron[:, there]
        label = None if marker else words
        ax.plot(sizes[there], values.mean(axis=0), line, marker=marker, color=colour, label=label)
        low, high = band(values) if len(values) > 1 else (values[0], values[0])
        ax.fill_between(sizes[there], low, high, color=colour, alpha=0.2, linewidth=0)
        of_line = {"size": sizes[there], "mean": values.mean(axis=0), "low": low, "high": high}
        parts.append(pd.DataFrame(of_line).assign(estimator=estimator))
    return pd.concat(parts, ignore_index=True)


def _points(ax: Axes, layers: pd.DataFrame, colour: str, marker: str) -> None:
    """The layers of one condition, with their numbers."""
    x, y = layers["x"].to_numpy(), layers["y"].to_numpy()
    ax.hlines(y, layers["x_low"], layers["x_high"], color=colour, linewidth=1.6)
    ax.vlines(x, layers["y_low"], layers["y_high"], color=colour, linewidth=1.6)
    ax.plot(x, y, marker, color=colour, linestyle="none", markersize=7)
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
