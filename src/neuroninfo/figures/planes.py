"""Information planes: I(Y;T) against I(X;T), a line a layer, dots coloured by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.planes.layers import OUTPUT
from neuroninfo.results.planes import DROP, ERROR, TRUSTED, saturated, trust
from neuroninfo.vocabulary import CONDITION

_PANEL: Final = 4.3
_HEIGHT: Final = 3.4
_SPAN: Final = 0.5
"""Least length of an axis in bit: what only trembles is not magnified."""
_PANELS: Final = 6
"""Of a figure, at most."""
_DOTS: Final = (
    "Dots: mean over seeds by epoch; thin lines: single seeds; numbers: layer (o: output) at the "
    "last epoch."
)
_HOLLOW: Final = (
    "Hollow: not to be trusted, since the estimate is all that the estimator can say, or off by "
    f"more than {ERROR:g} bit on known information."
)
_EPOCHS: Final = colormaps["viridis"]
_DROPS: Final = colormaps["Blues"]


@canvas.styled
def planes(plane: xr.Dataset, compression: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """One plane an estimator, the most trusted first: mean over seeds dark, single seeds light.

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
    n_columns = min(3, len(estimators))
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
    epochs = plane["epoch"].values
    norm = LogNorm(1, max(2, int(epochs.max()) + 1))
    for ax, name in zip(axes, estimators, strict=True):
        _plane(ax, plane.sel(estimator=name), norm)
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
            canvas.write_below(ax, 0, "no trusted layer falls", COLOURS["text"])
    _epoch_bar(drawn, axes[0], norm)
    canvas.record(drawn, _points(plane))
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
        note=f"{_DOTS} {_HOLLOW} Axes of an estimator are the same.{others}",
        panel=_PANEL,
        height=0.8 * _HEIGHT,
        headed=True,
        columns=len(planes),
        shared=False,
    )
    epochs = planes[0]["epoch"].values
    norm = LogNorm(1, max(2, int(epochs.max()) + 1))
    for ax, (name, number) in zip(axes, pairs, strict=True):
        _plane(ax, planes[number].sel(estimator=name), norm)
        words = wording.of_regularizer(abouts[number]["activation"])
        _name(ax, f"{words}: {wording.of_estimator(name, whose=False)}")
    for first in range(0, len(axes), len(planes)):
        group = axes[first : first + len(planes)]
        for get, limit in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
            ends = np.array([getattr(ax, get)() for ax in group])
            for ax in group:
                getattr(ax, limit)(ends[:, 0].min(), ends[:, 1].max())
    _epoch_bar(drawn, axes[0], norm)
    for plane, names in zip(planes, abouts, strict=True):
        canvas.record(drawn, _points(plane).assign(activation=names["activation"]))
    return drawn


@canvas.styled
def clustering(plane: xr.Dataset, condition: Mapping[str, Any]) -> Figure:
    """How near outputs of a class lie to each other, and I(X;T) by every estimator, by epoch."""
    estimators, others = _most_trusted([plane], _PANELS - 1)
    layers = list(map(str, plane["layer"].values))
    epochs = plane["epoch"].values + 1
    panels = ["scatter within classes", *estimators]
    drawn, axes = canvas.figure(
        len(panels),
        title="What falls when I(X;T) falls: clustering",
        subtitle=wording.of_networks(condition, plane.sizes["seed"]),
        note="First panel: mean squared distance of two outputs of one class over that of any "
        "two (1: classes lie upon each other; 0: each class is one point). Others: estimated "
        "I(X;T) of the same outputs; in a deterministic network the true one does not change. "
        f"Mean over seeds and the range of the middle half of them.{others}",
        panel=_PANEL,
        height=0.8 * _HEIGHT,
        headed=True,
        columns=min(3, len(panels)),
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
    canvas.record(drawn, _points(plane, ["scatter_within"]))
    return drawn


@canvas.styled
def planes_compression(table: pd.DataFrame) -> Figure:
    """Is there a compression phase?  One panel a condition: estimators by layers.

    Parameters
    ----------
    table
        As `results.planes.compression` gives it, of several conditions.
    """
    groups = list(table.groupby(list(CONDITION), sort=False))
    longest = max(own["estimator"].nunique() for _, own in groups)
    drawn, axes = canvas.figure(
        len(groups),
        title="Is there a compression phase? It depends on who asks",
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
        columns=min(3, len(groups)),
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
            first["dataset"].replace("_", " "),
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
        "What conditions differ in does not enter.",
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
        scatter.legend(frameon=False, fontsize=canvas.SMALL, handletextpad=0.1)
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
    """Estimators that have an estimate somewhere, most trusted first, and words on the others.

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
    """The panel's title, in letters that leave room for people's names."""
    ax.set_title(text, loc="left", weight="bold", fontsize=canvas.SMALL)


def _points(plane: xr.Dataset, more: Sequence[str] = ()) -> pd.DataFrame:
    """The estimates of a plane, a row each."""
    names = ["mutual_information_input", "mutual_information_label", *more]
    return plane[names].to_dataframe()[names].reset_index()


def _plane(ax: Axes, own: xr.Dataset, norm: LogNorm) -> None:
    """All layers of one estimator."""
    ends = {
        "o" if layer == OUTPUT else layer: _line(ax, own.sel(layer=layer), norm)
        for layer in map(str, own["layer"].values)
    }
    ax.set_xlabel("I(X;T) (bit)")
    ax.set_ylabel("I(Y;T) (bit)")
    ax.margins(0.1)
    for low, high, limit in ((*ax.get_xlim(), ax.set_xlim), (*ax.get_ylim(), ax.set_ylim)):
        wider = max(0, _SPAN - (high - low)) / 2
        limit(low - wider, high + wider)
    _name_ends(ax, {text: end for text, end in ends.items() if end is not None})


def _name_ends(ax: Axes, ends: Mapping[str, tuple[float, float]]) -> None:
    """Layers at the ends of their lines; those that would overlap in one text."""
    line = canvas.SMALL * float(ax.figure.dpi) / 72
    groups: list[tuple[list[str], tuple[float, float]]] = []
    pixels = {text: tuple(ax.transData.transform(end)) for text, end in ends.items()}
    for text, (x, y) in sorted(pixels.items(), key=lambda item: item[1]):
        if groups:
            texts, (at, height) = groups[-1]
            if x - at < 0.8 * line * len(texts) and abs(y - height) < line:
                texts.append(text)
                continue
        groups.append(([text], (x, y)))
    room = ax.get_window_extent().x1 + 2 * line  # between panels
    for texts, (x, _) in groups:
        inwards = x + 1.2 * line * len(texts) > room
        ax.annotate(
            ",".join(sorted(texts)),
            ends[texts[0]],
            (-5, 5) if inwards else (5, 3),
            textcoords="offset points",
            ha="right" if inwards else "left",
            weight="bold",
            zorder=4,
        )


def _epoch_bar(drawn: Figure, ax: Axes, norm: LogNorm) -> None:
    inside = ax.inset_axes((0.55, 0.12, 0.4, 0.045))
    bar = drawn.colorbar(ScalarMappable(norm, _EPOCHS), cax=inside, orientation="horizontal")
    last = round(norm.vmax or 2) - 1
    bar.set_ticks([1, last + 1], labels=["0", f"{last}"])
    bar.ax.minorticks_off()
    bar.ax.set_title("epoch", fontsize=canvas.SMALL, pad=3)


def _line(ax: Axes, own: xr.Dataset, norm: LogNorm) -> tuple[float, float] | None:
    """One layer: all seeds, and the mean of those that have an estimate; where it ends."""
    x = own["mutual_information_input"].transpose("seed", "epoch").values
    y = own["mutual_information_label"].transpose("seed", "epoch").values
    there = ~np.isnan(x)
    if not there.any():
        return None
    for of_x, of_y, at in zip(x, y, there, strict=True):
        ax.plot(of_x[at], of_y[at], color=COLOURS["reference"], alpha=0.25, linewidth=0.7, zorder=1)
    some = there.any(axis=0)
    mean_x, mean_y = (np.nanmean(values[:, some], axis=0) for values in (x, y))
    colours = _EPOCHS(norm(own["epoch"].values[some] + 1))
    ax.plot(mean_x, mean_y, color=COLOURS["text"], linewidth=1, zorder=2)
    full = saturated(own.expand_dims("estimator")).isel(estimator=0).mean("seed").values > 0.5
    hollow = full[some] | (trust(own.expand_dims(["estimator", "layer"]), *_key(own)) != TRUSTED)
    faces = np.where(hollow[:, None], 1.0, colours)
    edges = np.where(hollow[:, None], colours, 1.0)
    ax.scatter(mean_x, mean_y, c=faces, s=30, zorder=3, edgecolor=edges, linewidth=1.2)
    return float(mean_x[-1]), float(mean_y[-1])


def _key(own: xr.Dataset) -> tuple[str, str]:
    """Estimator and layer of a part of a plane."""
    return str(own["estimator"].item()), str(own["layer"].item())


def _words(layer: str) -> str:
    return layer if layer == OUTPUT else f"layer {layer}"
