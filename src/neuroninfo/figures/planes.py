"""Information planes: I(Y;T) against I(X;T), one line per layer, with dots coloured by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.plane import doubt, epoch_bar, norm_of, panel, record, side_by_side
from neuroninfo.planes.layers import OUTPUT
from neuroninfo.results.planes import DROP, ERROR, TRUSTED, trust
from neuroninfo.vocabulary import CONDITION

_PANEL: Final = 4.3
_HEIGHT: Final = 3.4
_PANELS: Final = 6
"""Largest number of panels of a figure."""
_DOTS: Final = (
    "Dots: mean over seeds by epoch; thin lines: single seeds; numbers: layer (o: output) at the "
    "last epoch."
)
_HOLLOW: Final = (
    "Hollow: not to be trusted, because the estimate has its largest possible value, or is off by "
    f"more than {ERROR:g} bit on known information."
)
_DROPS: Final = colormaps["Blues"]


@canvas.styled
def planes(plane: xr.Dataset, compression: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """One plane per estimator, the most trusted first: mean over seeds dark, single seeds light.

    Parameters
    ----------
    plane
        ``plane.nc`` of all seeds.
    compression
        As `results.planes.compression` gives it.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    estimators, others = _most_trusted([plane], _PANELS)
    n_columns = canvas.columns_of(len(estimators))
    n_seeds = plane.sizes["seed"]
    falls = compression[(compression["drop"] > DROP) & (compression["trust"] == TRUSTED)]
    below = 2 + max(1, int(falls.groupby("estimator").size().max() if len(falls) else 0))
    drawn, axes = canvas.figure(
        len(estimators),
        title="Information planes, by estimator",
        subtitle=wording.of_networks(condition, n_seeds),
        note=f"{_DOTS} {_HOLLOW} Below: trusted layers whose I(X;T) falls by more than {DROP} bit, "
        f"with the 95 % interval over seeds.{others}",
        panel=_PANEL,
        height=_HEIGHT,
        headed=True,
        below=below,
        columns=n_columns,
        shared=False,
    )
    norm = norm_of([plane])
    for ax, name in zip(axes, estimators, strict=True):
        panel(ax, plane.sel(estimator=name), norm)
        _name(ax, wording.of_estimator(name))
        rows = falls[falls["estimator"] == name]
        for number, row in enumerate(rows.to_dict("records")):
            canvas.write_below(
                ax,
                number,
                f"{_words(row['layer'])} falls {row['drop']:.2f}"
                + (f" [{row['low']:.2f}, {row['high']:.2f}]" if np.isfinite(row["low"]) else ""),
                COLOURS["text"],
            )
        if rows.empty:
            words = doubt(plane, name) or "no trusted layer falls"
            canvas.write_below(ax, 0, words, COLOURS["text"])
    _epochs(drawn, norm)
    record(drawn, plane)
    return drawn


@canvas.styled
def planes_activations(planes: Sequence[xr.Dataset], conditions: Sequence[Sequence[str]]) -> Figure:
    """Planes of networks that differ in their activation, side by side under every estimator.

    Parameters
    ----------
    planes
        ``plane.nc`` of each condition, of the same epochs and estimators.
    conditions
        Data set, architecture, activation and regularizer of each.
    """
    abouts = [dict(zip(CONDITION, names, strict=True)) for names in conditions]
    estimators, others = _most_trusted(planes, max(1, _PANELS // len(planes)))
    pairs = [(name, number) for name in estimators for number in range(len(planes))]
    n_seeds = [plane.sizes["seed"] for plane in planes]
    drawn, axes = canvas.figure(
        len(pairs),
        title="Information planes, by estimator and activation",
        subtitle=f"{wording.in_common(abouts[0], 'activation')}; "
        + wording.counted(max(n_seeds), "seed"),
        note=f"{_DOTS} {_HOLLOW} Panels of one estimator have the same axes.{others}",
        panel=_PANEL,
        height=0.8 * _HEIGHT,
        headed=True,
        below=2 + any(doubt(plane, name) != "" for plane in planes for name in estimators),
        columns=len(planes),
        shared=False,
    )
    norm = norm_of(planes)
    for first, name in zip(range(0, len(axes), len(planes)), estimators, strict=True):
        group = axes[first : first + len(planes)]
        owns = [plane.sel(estimator=name) for plane in planes]
        side_by_side(group, owns, norm)
        for ax, plane, about in zip(group, planes, abouts, strict=True):
            words = wording.of_regularizer(about["activation"])
            _name(ax, f"{words}: {wording.of_estimator(name, whose=False)}")
            if why := doubt(plane, name):
                canvas.write_below(ax, 0, why, COLOURS["text"])
    _epochs(drawn, norm)
    for plane, about in zip(planes, abouts, strict=True):
        record(drawn, plane, activation=about["activation"])
    return drawn


@canvas.styled
def clustering(plane: xr.Dataset, condition: Mapping[str, Any]) -> Figure:
    """How close outputs of one class are to each other, and I(X;T) by every estimator, by epoch."""
    estimators, others = _most_trusted([plane], _PANELS - 1)
    layers = list(map(str, plane["layer"].values))
    epochs = plane["epoch"].values + 1
    panels = ["scatter within classes", *estimators]
    drawn, axes = canvas.figure(
        len(panels),
        title="Clustering of outputs beside the fall of I(X;T)",
        subtitle=wording.of_networks(condition, plane.sizes["seed"]),
        note="First panel: mean squared distance of two outputs of one class over that of any "
        "two (1: classes coincide; 0: each class is one point). Others: estimated I(X;T) of the "
        "same outputs; in a deterministic network the true I(X;T) does not change. Lines: means "
        f"over seeds; bands: the middle half of the seeds.{others}",
        panel=_PANEL,
        height=0.8 * _HEIGHT,
        headed=True,
        columns=canvas.columns_of(len(panels)),
        shared=False,
    )
    for ax, name in zip(axes, panels, strict=True):
        ends = {}
        values = (
            plane["scatter_within"]
            if name == panels[0]
            else plane["mutual_information_input"].sel(estimator=name)
        )
        for layer, (colour, marker) in zip(layers, canvas.looks(len(layers)), strict=True):
            own = values.sel(layer=layer).transpose("seed", "epoch").values
            there = ~np.isnan(own).any(axis=0)
            if not there.any():
                continue
            low, high = np.percentile(own[:, there], [25, 75], axis=0)
            ax.fill_between(epochs[there], low, high, color=colour, alpha=0.2, linewidth=0)
            mean = own[:, there].mean(axis=0)
            ax.plot(epochs[there], mean, f"{marker}-", color=colour, markersize=4)
            ends["o" if layer == OUTPUT else layer] = (epochs[there][-1], mean[-1], colour)
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(NullFormatter())
        highest = max(0.1, ax.dataLim.y1)  # -inf where nothing is drawn
        ax.set_ylim(0, 1.05 * highest)
        _name(ax, name if name == panels[0] else wording.of_estimator(name))
        ax.set_xlabel("epoch + 1")
        ax.set_ylabel("share" if name == panels[0] else "I(X;T) (bit)")
        labels.name_ends(ax, ends)
    record(drawn, plane, ["scatter_within"])
    return drawn


@canvas.styled
def planes_compression(table: pd.DataFrame) -> Figure:
    """Is there a compression phase?  One panel per condition: estimators by layers.

    Parameters
    ----------
    table
        As `results.planes.compression` gives it, of several conditions.
    """
    groups = list(table.groupby(list(CONDITION), sort=False))
    longest = max(own["estimator"].nunique() for _, own in groups)
    drawn, axes = canvas.figure(
        len(groups),
        title="Is there a compression phase? It depends on the estimator",
        subtitle="fall of estimated I(X;T) after its maximum, in bit, by estimator and layer",
        note="Mean over seeds. Blue: the 95 % interval lies above "
        f"{DROP} bit (darker: more); white: below; grey and ?: {DROP} lies in it; "
        "dash: not trusted (saturated, or off by more than "
        f"{ERROR:g} bit on known information); "
        "\N{MULTIPLICATION SIGN}: no estimate. Layers from the input to the output (o).",
        panel=_PANEL,
        height=0.28 * longest + 0.2,
        headed=True,
        below=2,
        columns=canvas.columns_of(len(groups)),
        shared=False,
        left=3.1,
    )
    norm = LogNorm(DROP, 10)
    for ax, (_, own) in zip(axes, groups, strict=True):
        first = own.iloc[0]
        estimators = list(dict.fromkeys(own["estimator"]))
        layers = list(dict.fromkeys(own["layer"]))
        for row in own.to_dict("records"):
            x, y = layers.index(row["layer"]), estimators.index(row["estimator"])
            verdict, drop = row["verdict"], row["drop"]
            face, text = "#ffffff", f"{drop:.1f}"
            if verdict == "compresses":
                face = _DROPS(0.15 + 0.75 * norm(min(max(drop, DROP), 10)))
            elif verdict in ("undecided", "one seed"):
                face, text = "#dddddd", f"{drop:.1f}?"
            elif verdict == "no estimate":
                text = "\N{MULTIPLICATION SIGN}"
            elif verdict == "not trusted":
                text = "\N{EN DASH}"
            dark = verdict == "compresses" and drop > 2
            ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor="#bbbbbb"))
            ax.text(x, y, text, ha="center", va="center", color="white" if dark else "black")
        ax.set_xlim(-0.5, len(layers) - 0.5)
        ax.set_ylim(len(estimators) - 0.5, -0.5)
        ax.set_xticks(range(len(layers)), ["o" if name == OUTPUT else name for name in layers])
        ax.set_yticks(
            range(len(estimators)), [wording.of_estimator(e, whose=False) for e in estimators]
        )
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        words = [
            wording.of_dataset(first["dataset"]),
            wording.of_regularizer(first["activation"]),
            wording.of_regularizer(first["regularizer"]),
        ]
        ax.set_title(", ".join(words), loc="left", weight="bold")
        ax.set_xlabel(
            f"layer of {first['architecture']}; {wording.counted(first['n_seeds'], 'seed')}"
        )
    canvas.record(drawn, table)
    return drawn


@canvas.styled
def planes_gap(points: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """Coordinates of the plane against the generalization gap: one scatter, and all correlations.

    Parameters
    ----------
    points, correlations
        As `results.planes.gaps` and `results.planes.gap_correlations` give them.
    """
    datasets = list(dict.fromkeys(points["dataset"]))
    within = correlations[correlations["reading"] == "within conditions"]
    longest = int(correlations.groupby("dataset")["estimator"].nunique().max())
    drawn, axes = canvas.figure(
        2 * len(datasets),
        title="Information planes against the generalization gap",
        subtitle="last hidden layer at the last epoch; gap: test less train cross-entropy (nat)",
        note="Left: one mark for each network. Right: Spearman's correlation within conditions, "
        "pooled over them, with 95 % intervals, of I(X;T) (blue dots) and I(Y;T) (orange squares). "
        "Differences between conditions do not enter. Data sets with label noise in the train "
        "split have no gap here: their test labels are true.",
        panel=5.2,
        height=max(_HEIGHT, 0.33 * longest),
        headed=True,
        below=2,
        columns=2,
        shared=False,
        left=3.1,
    )
    for number, dataset in enumerate(datasets):
        scatter, forest = axes[2 * number : 2 * number + 2]
        own = points[points["dataset"] == dataset]
        wanted = [name for name in dict.fromkeys(own["estimator"]) if name.startswith("kde-upper")]
        estimator = wanted[0] if wanted else own["estimator"].iloc[0]
        seen = own[own["estimator"] == estimator]
        names = ["architecture", "activation", "regularizer"]
        groups = list(seen.groupby(names, sort=False))
        for (key, group), (colour, marker) in zip(groups, canvas.looks(len(groups)), strict=True):
            words = f"{wording.of_regularizer(key[1])}, {wording.of_regularizer(key[2])}"
            scatter.plot(group["input"], group["gap"], marker, color=colour, label=words, alpha=0.7)
        scatter.legend(
            title="activation, regularizer",
            frameon=False,
            fontsize=canvas.SMALL,
            handletextpad=0.1,
        )
        scatter.set_xlabel(f"I(X;T), {wording.of_estimator(estimator, whose=False)} (bit)")
        scatter.set_ylabel("gap (nat)")
        scatter.set_title(wording.of_dataset(dataset), loc="left", weight="bold")
        rows = [
            canvas.Row(
                wording.of_estimator(row["estimator"], whose=False),
                COLOURS["ascending" if row["coordinate"] == "input" else "descending"],
                row["correlation"],
                row["low"],
                row["high"],
                marker="o" if row["coordinate"] == "input" else "s",
            )
            for row in within[within["dataset"] == dataset].to_dict("records")
        ]
        canvas.intervals(forest, rows)
        forest.set_xlim(-1.05, 1.05)
        forest.set_xlabel("rank correlation with the gap")
    canvas.record(drawn, points)
    return drawn


def _most_trusted(planes: Sequence[xr.Dataset], most: int) -> tuple[list[str], str]:
    """Estimators with at least one estimate, the most trusted first, and a sentence on the others.

    They are in the order of how many hidden layers of all planes are trusted.
    """
    names = list(map(str, planes[0]["estimator"].values))
    ranks = {}
    for name in names:
        if any(bool((plane["success"].sel(estimator=name) == 1).any()) for plane in planes):
            ranks[name] = sum(
                bool((plane["success"].sel(estimator=name, layer=layer) == 1).any())
                and trust(plane, name, layer) == TRUSTED
                for plane in planes
                for layer in map(str, plane["layer"].values)
            )
    ordered = sorted(ranks, key=lambda name: -ranks[name])
    words = ""
    for given, what in (
        (ordered[most:], "Less trusted, in the CSV only"),
        ([name for name in names if name not in ranks], "No estimate (variable `reason`)"),
    ):
        if given:
            said = "; ".join(wording.of_estimator(name, whose=False) for name in given)
            words += f" {what}: {said}."
    return ordered[:most], words


def _name(ax: Axes, text: str) -> None:
    """The panel's title, in letters small enough for the names of authors."""
    ax.set_title(text, loc="left", weight="bold", fontsize=canvas.SMALL)


def _epochs(drawn: Figure, norm: LogNorm) -> None:
    """The scale of epochs at the right end of the titles, where nothing else is drawn."""
    width, height = drawn.get_size_inches()
    beside = drawn.add_axes((1 - 2.2 / width, 1 - 0.42 / height, 1.6 / width, 0.13 / height))
    epoch_bar(drawn, beside, norm)


def _words(layer: str) -> str:
    return layer if layer == OUTPUT else f"layer {layer}"
