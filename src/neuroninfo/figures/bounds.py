"""Generalization gaps and bounds on them, by size of the training set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from matplotlib.typing import LineStyleType
from numpy.typing import NDArray

from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.generalization import bounds as generalization_bounds
from neuroninfo.results.bounds import BIASED, RANKED, over_pools

Floats = NDArray[np.float64]

_PANEL: Final = 4.6
_HEIGHT: Final = 3.6
_GAP: Final = COLOURS["random"]
_B1: Final = "#009E73"
_B2: Final = ("#0072B2", "#56B4E9", "#CC79A7", "#E69F00")
_B3: Final = COLOURS["descending"]
_B4: Final = ("#882255", "#AA4499")
_MARKERS: Final = {"B2": "o", "B3": "s", "B4": "D"}
_MEANING: Final = {
    "gap": "test minus training loss (band: 2 standard errors)",
    "B1": "from I(X;L) of a layer; only its shape, scaled to the first gap (its factor is unknown)",
    "B2": "input compression, from I(X;L) of the last hidden layer",
    "B3": "from I(S;W) of training set and weights, at most what the noisy steps can carry (B5)",
    "B4": "from what the noisy steps can carry about one example, given the others",
}
_PANELS: Final = 6
"""Largest number of panels in the figure of gaps."""
_NAMED: Final = ("B2", "B4")
"""Bounds that have several estimators or comparisons."""
_LOSSES: Final = {"error": "0-1 loss", "cross-entropy": "cross-entropy, cut off"}
_TIGHTER: Final[Mapping[str, str]] = {
    "gap": "test minus training loss",
    "f-CMI": "from predictions, given the pool",
    "e-CMI": "from both losses of a pair, given the pool",
    "ld-CMI": "from the difference of the losses, given the pool",
    "ld-MI": "from the difference of the losses",
    "single-loss MI": "from one loss of a pair",
    "binary KL": "from both losses and the training error",
    "fast rate": "from one loss and the training error, smallest where that is small",
}
"""What each bound and the gap is."""
_TITLES: Final = (
    "Titles: widths of the hidden layers, activation, and what else distinguishes the networks. "
)
_BESIDE: Final = 1.03
"""Ratio of the positions of neighbouring bounds at one training size."""
_LEAST: Final = 1e-3
"""Smaller gaps are drawn at this value."""


@canvas.styled
def bounds(files: Sequence[xr.Dataset], loss: str) -> Figure:
    """Gap and bounds against the number of training examples, one panel per condition.

    Parameters
    ----------
    files
        ``bounds.nc`` of each condition.
    loss
        Of `results.bounds.LOSSES`.
    """
    abouts = [json.loads(file.attrs["condition"]) for file in files]
    configurations = [json.loads(file.attrs["configuration"]) for file in files]
    n_seeds, delta = files[0].sizes["seed"], configurations[0]["delta"]
    highest = float(files[0]["highest"].sel(loss=loss))
    datasets = list(dict.fromkeys(wording.of_dataset(about["dataset"]) for about in abouts))
    unit = "" if loss == "error" else " (nat)"
    words = f"{_LOSSES[loss]}{'' if loss == 'error' else f' at {highest:g} nat'}"
    shown = _shown(files, loss)
    names = names_of(files)
    others = [names[number] for number in range(len(files)) if number not in shown]
    unseen = f" In the CSV and the table only: {'; '.join(others)}." if others else ""
    compression = (
        f"B2 holds with probability {1 - delta:g} by a heuristic argument and is vacuous if I(X;L) "
        "is log2 2m or more. Hollow: the estimate of I(X;L) is log2 of the sample size, so the "
        "true value, and B2 with it, may be larger. B2 from an estimate is no bound, and the gap "
        "may exceed it. Names at curves are those of estimators or comparisons. "
    )
    drawn, axes = canvas.figure(
        len(shown),
        title="Generalization gap and bounds on it",
        subtitle=f"{', '.join(datasets)}; {words}; mean over {wording.counted(n_seeds, 'seed')}",
        note=f"{_TITLES}Triangles: the gap is negative, or below the axis. "
        f"{compression if loss == 'error' else ''}B3 and B4 exist for SGLD only; they bound the "
        "mean gap over training sets. Grey line: the largest possible gap; a bound above it is "
        f"vacuous.{unseen}",
        panel=_PANEL,
        height=_HEIGHT,
        headed=True,
        columns=canvas.columns_of(len(shown)),
        shared=False,
        legend=_legend(files, loss),
    )
    for ax, number in zip(axes, shown, strict=True):
        _panel(ax, files[number], loss, highest)
        ax.set_title(names[number], loc="left", weight="bold")
        ax.set_ylabel(f"gap or bound{unit}")
    for file, about, title in zip(files, abouts, names, strict=True):
        values = file[["gap", "bound_value"]].sel(loss=loss).to_dataframe().reset_index()
        canvas.record(drawn, values.assign(condition=about["name"], title=title))
    return drawn


def _there(file: xr.Dataset, loss: str) -> set[str]:
    """Names of the bounds that a condition has."""
    values = file["bound_value"].sel(loss=loss).transpose("bound_name", ...).values
    finite = np.isfinite(values).reshape(len(values), -1).any(axis=1)
    return set(map(str, file["bound"].values[finite]))


def _shown(files: Sequence[xr.Dataset], loss: str) -> list[int]:
    """Which conditions have a panel: the first ones, half of them with noisy steps if possible."""
    noisy = [number for number, file in enumerate(files) if "B3" in _there(file, loss)]
    others = [number for number in range(len(files)) if number not in noisy]
    noisy = noisy[: max(_PANELS - len(others), _PANELS // 2)]
    return sorted([*noisy, *others[: _PANELS - len(noisy)]])


def _legend(files: Sequence[xr.Dataset], loss: str) -> list[Line2D]:
    """Legend: what the gap and each bound of the figure are."""
    there = {"gap"}.union(*(_there(file, loss) for file in files))
    entries: list[tuple[str, str, LineStyleType, str]]
    entries = [("gap", _GAP, "-", "o"), ("B1", _B1, "--", ""), ("B2", _B2[0], "-", "o")]
    entries += [("B3", _B3, "-", "s"), ("B4", _B4[0], "-", "D")]
    return [
        Line2D(
            [], [], color=colour, linestyle=line, marker=marker, label=f"{name}: {_MEANING[name]}"
        )
        for name, colour, line, marker in entries
        if name in there
    ]


def names_of(files: Sequence[xr.Dataset]) -> list[str]:
    """Conditions for people: what distinguishes each of them from the others."""
    about, settings = (
        [json.loads(file.attrs[key]) for file in files] for key in ("condition", "configuration")
    )
    return wording.of_trained(about, settings)


def _panel(ax: Axes, file: xr.Dataset, loss: str, highest: float) -> None:
    """One condition; curves have names where several are of one bound."""
    file = file.sel(loss=loss)
    m = file["train_size"].values.astype(float)
    each = file["gap"].transpose("seed", "train_size").values
    gap = each.mean(axis=0)
    error = 2 * each.std(axis=0, ddof=1) / np.sqrt(len(each)) if len(each) > 1 else 0 * gap
    ax.set_xscale("log")
    ax.set_yscale("log")
    shown = np.maximum(gap, _LEAST)
    low, high = np.maximum(gap - error, _LEAST / 2), np.maximum(gap + error, _LEAST)
    ax.fill_between(m, low, high, color=_GAP, alpha=0.15, linewidth=0)
    ax.plot(m, shown, "-", color=_GAP, linewidth=2.4)
    below = gap < _LEAST
    ax.plot(m[~below], shown[~below], "o", color=_GAP)
    ax.plot(m[below], shown[below], "v", color=_GAP)
    curves = [Curve("", _GAP, m, shown, low, high)]
    last = str(file["layer"].values[-1])
    places = {
        (str(b), str(e)): number
        for number, (b, e, layer) in enumerate(
            zip(
                file["bound"].values,
                file["of_estimator"].values,
                file["of_layer"].values,
                strict=True,
            )
        )
        if layer in ("", last)
    }
    values = file["bound_value"].mean("seed").transpose("train_size", "bound_name").values
    ended = file["saturated"].mean("seed").transpose("train_size", "bound_name").values > 0.5
    colours = iter(canvas.cycled(_B2, len(places)))
    of_examples = iter(_B4)
    drawn_b1 = False
    for (bound, estimator), place in places.items():
        value, hollow = values[:, place], ended[:, place]
        if np.isnan(value).any():
            continue
        if bound == "B1":
            if drawn_b1:  # the shapes of others are nearly the same
                continue
            drawn_b1 = True
            value = value * shown[0] / value[0] if value[0] > 0 else value
            ax.plot(m, value, "--", color=_B1, linewidth=1.6)
            curves.append(Curve("", _B1, m, value, value, value))
            continue
        twin = _twin(curves, bound, value)
        if twin is not None:  # curves that lie upon each other are drawn once
            other = curves[twin]
            curves[twin] = replace(other, text=f"{other.text}, {estimator}")
            continue
        colour = _B3 if bound == "B3" else next(of_examples if bound == "B4" else colours)
        ax.plot(m, value, "-", color=colour, linewidth=1.8)
        for sizes, fill in ((~hollow, colour), (hollow, "white")):
            x, y, marker = m[sizes], value[sizes], _MARKERS[bound]
            ax.plot(x, y, marker, color=colour, markersize=6, markerfacecolor=fill)
        text = "" if bound == "B3" else f"{bound} {estimator}"
        curves.append(Curve(text, colour, m, value, value, value))
    top = max(5 * highest, min(100 * highest, max(float(c.y.max()) for c in curves) * 3))
    ax.set_ylim(0.6 * _LEAST, top)
    ax.set_xlim(m[0] / 1.3, m[-1] * 1.3)
    ax.axhline(highest, color=COLOURS["reference"], linewidth=1, zorder=0)
    _whole_sizes(ax, m)
    for bound in _NAMED:  # where all agree, their names would only fill the panel
        if sum(curve.text.startswith(bound) for curve in curves) < 2:
            curves = [replace(c, text="") if c.text.startswith(bound) else c for c in curves]
    level = np.full(len(m), highest)
    labels.label_curves(ax, [*curves, Curve("", COLOURS["reference"], m, level, level, level)])


def _twin(curves: Sequence[Curve], bound: str, value: Floats) -> int | None:
    """Which curve of the same bound a value lies upon, within 10 %."""
    for number, other in enumerate(curves):
        if other.text.startswith(f"{bound} ") and np.abs(np.log(value / other.y)).max() < 0.1:
            return number
    return None


def _whole_sizes(ax: Axes, m: Floats) -> None:
    """Ticks at the sizes themselves."""
    ax.set_xticks(m, [f"{int(size):,}" for size in m])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.minorticks_off()
    ax.set_xlabel("training examples m")


@canvas.styled
def bounds_supersample(files: Sequence[xr.Dataset]) -> Figure:
    """f-CMI bound, its baseline and the gap: by condition, by number of networks, over conditions.

    Parameters
    ----------
    files
        ``supersample.nc`` of each condition. For `results.bounds.RANKED` conditions or more, a
        last panel shows the bound against the gap.
    """
    abouts = [json.loads(file.attrs["condition"]) for file in files]
    datasets = list(dict.fromkeys(map(_pool_words, files)))
    pools = {(file.sizes["pool"], file.sizes["mask"]) for file in files}
    sizes = [f"{wording.counted(n, 'pool')} of {masks} networks" for n, masks in sorted(pools)]
    ranked = len(files) >= RANKED
    over = (
        f"Over conditions: marks are hollow where chance gives {BIASED:g} of the bound or more. "
        "A rising line means that the bound ranks the conditions of one m as the gap does; the "
        "dashed lines show that chance may do the same. "
        if ranked
        else ""
    )
    n_panels = len(files) + (2 if ranked else 1)
    drawn, axes = canvas.figure(
        n_panels,
        title="Do predictions tell on which half a network was trained? (f-CMI)",
        subtitle=f"{', '.join(datasets)}; {' or '.join(sizes)}",
        note=f"{_TITLES}Bound B6: mean over the pairs i of sqrt(2 I(U_i; .)) in nats, 0-1 loss, "
        "where U_i is the half of pair i on which a network was trained. Bound: plug-in estimate "
        "from the predictions of the networks of a pool. By chance: the same with permuted halves, "
        "which is the bias of the estimate. Weights: all weights differ, so the plug-in estimate "
        "identifies U_i and the bound is vacuous. Grey line: the largest possible gap. Bands: "
        "range over pools. By number of networks: solid lines are the bound, dashed lines the "
        "value by chance; where both are equal, the estimate is bias alone and more networks are "
        f"needed. {over}Gap: mean over pools and networks (triangles: negative, or below the "
        "axis).",
        panel=_PANEL,
        height=_HEIGHT,
        headed=True,
        columns=canvas.columns_of(n_panels),
        shared=False,
    )
    pooled = [over_pools(file) for file in files]
    drawn_of = ("gap", "bound_value", "baseline")
    lowest = min(float(means[name].min()) for means in pooled for name in drawn_of)
    words = names_of(files)
    for ax, file, title in zip(axes, files, words, strict=False):
        _by_size(ax, file, max(lowest, _LEAST))
        ax.set_title(title, loc="left", weight="bold")
    short = wording.distinct(words)
    _by_networks(axes[len(files)], dict(zip(short, files, strict=True)), max(lowest, _LEAST))
    if ranked:
        _over_conditions(axes[-1], pooled)
    for about, title, file, means in zip(abouts, words, files, pooled, strict=True):
        named = {"condition": about["name"], "title": title}
        renamed = means.rename({variable: f"mean_{variable}" for variable in means.data_vars})
        for values in (renamed, file["bound_value"], file["gap"]):
            canvas.record(drawn, values.to_dataframe().reset_index().assign(**named))
    return drawn


@canvas.styled
def bounds_tighter(files: Sequence[xr.Dataset], table: pd.DataFrame) -> Figure:
    """Tighter bounds of the same networks beside f-CMI and the gap, one panel per condition.

    Parameters
    ----------
    files
        ``supersample.nc`` of each condition.
    table
        As `results.tighter.summary` gives it, of these.
    """
    abouts = [json.loads(file.attrs["condition"]) for file in files]
    datasets = list(dict.fromkeys(map(_pool_words, files)))
    pools = {(file.sizes["pool"], file.sizes["mask"]) for file in files}
    sizes = [f"{wording.counted(n, 'pool')} of {masks} networks" for n, masks in sorted(pools)]
    drawn, axes = canvas.figure(
        len(files),
        title="Tighter bounds from the same networks",
        subtitle=f"{', '.join(datasets)}; {' or '.join(sizes)}; 0-1 loss",
        note=f"{_TITLES}Second line: the smallest bound at the largest m. Bounds differ in what "
        "identifies the half U_i of pair i on which a network was trained. Hollow: half of the "
        "bound or more may be chance (bounds given the pool only). Bars: 95 % intervals by the "
        "jackknife over pools. Grey line: the largest possible gap.",
        panel=_PANEL if len(files) > 1 else canvas.PANEL,
        height=1.25 * _HEIGHT,
        headed=2,
        columns=canvas.columns_of(len(files)),
        shared=False,
        legend=_tighter_legend(table),
    )
    for ax, about, title in zip(axes, abouts, names_of(files), strict=True):
        own = table[table["condition"] == about["name"]]
        _tighter(ax, own)
        last = own[own["train_size"] == own["train_size"].max()]
        best = last.loc[last["value"].idxmin()]
        says = f"{best['bound']} {best['value']:.3f}, gap {best['gap']:.3f} at m = "
        ax.set_title(
            f"{title}\n{says}{best['train_size']:,}",
            loc="left",
            weight="bold",
            fontsize=canvas.SMALL,
        )
    canvas.record(drawn, table)
    return drawn


def _tighter_looks(table: pd.DataFrame) -> dict[str, tuple[str, str, LineStyleType]]:
    """Bound -> colour, marker and line."""
    names = list(dict.fromkeys(table["bound"]))
    lines: list[LineStyleType] = [
        "-" if number < len(canvas.LAYERS) else "--" for number in range(len(names))
    ]
    looks = zip(names, canvas.looks(len(names)), lines, strict=True)
    return {name: (colour, marker, line) for name, (colour, marker), line in looks}


def _tighter_legend(table: pd.DataFrame) -> list[Line2D]:
    entries = {"gap": (_GAP, "o", "-"), **_tighter_looks(table)}
    return [
        Line2D(
            [],
            [],
            color=colour,
            marker=marker,
            linestyle=line,
            label=": ".join(filter(None, [name, _TIGHTER.get(name)])),
        )
        for name, (colour, marker, line) in entries.items()
    ]


def _tighter(ax: Axes, table: pd.DataFrame) -> None:
    """Gap and all bounds of one condition by training size, side by side at each size."""
    looks = _tighter_looks(table)
    first = table[table["bound"] == next(iter(looks))]
    m = first["train_size"].to_numpy(np.float64)
    gap = np.maximum(first["gap"].to_numpy(), _LEAST)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.plot(m, gap, "-", color=_GAP, linewidth=2.4)
    _dots(ax, m, gap, _GAP)
    lowest = gap.min()
    for number, (name, (colour, marker, line)) in enumerate(looks.items()):
        own = table[table["bound"] == name]
        beside = m * _BESIDE ** (number - (len(looks) - 1) / 2)
        value = np.maximum(own["value"].to_numpy(), _LEAST)
        low, high = (
            np.maximum(own[end].fillna(own["value"]).to_numpy(), _LEAST) for end in ("low", "high")
        )
        ax.plot(beside, value, line, color=colour, linewidth=1.6)
        ax.vlines(beside, low, high, color=colour, linewidth=1.6)
        hollow = (own["chance"] >= own["value"] / 2).to_numpy() & (own["value"] > 0).to_numpy()
        _dots(ax, beside[~hollow], value[~hollow], colour, marker=marker)
        _dots(ax, beside[hollow], value[hollow], colour, marker=marker, filled="white")
        lowest = min(lowest, value.min())
    ax.axhline(1, color=COLOURS["reference"], linewidth=1, zorder=0)
    ax.set_ylim(0.4 * lowest, 3)  # intervals may go on below
    ax.set_xlim(m[0] / 1.3, m[-1] * 1.3)
    _whole_sizes(ax, m)
    ax.set_ylabel("gap or bound (0-1 loss)")


def _pool_words(file: xr.Dataset) -> str:
    """The data set, and the classes, that pools are drawn from."""
    classes = json.loads(file.attrs["configuration"])["classes"]
    among = f", classes {' and '.join(map(str, classes))}" if classes else ""
    return f"{wording.of_dataset(json.loads(file.attrs['condition'])['dataset'])}{among}"


def _by_size(ax: Axes, file: xr.Dataset, lowest: float) -> None:
    """Bound and gap of one condition by training size; the axis of all panels reaches `lowest`."""
    m = file["train_size"].values.astype(float)
    gap = file["gap"].mean(("pool", "mask")).values
    value = file["bound_value"].isel(networks=-1)
    rows: list[tuple[str, str, Floats, Floats | None]] = [
        ("gap", _GAP, np.maximum(gap, _LEAST), None)
    ]
    words = ("bound", "by chance", "weights")
    colours = (_B2[0], COLOURS["reference"], _B3)
    for name, text, colour in zip(file["known_by"].values, words, colours, strict=True):
        own = np.maximum(value.sel(known_by=name).transpose("train_size", "pool").values, _LEAST)
        rows.append((text, colour, own.mean(axis=1), own))
    ax.set_xscale("log")
    ax.set_yscale("log")
    curves = []
    for text, colour, y, of_pools in rows:
        ax.plot(m, y, "--" if text == "by chance" else "-", color=colour, linewidth=2)
        _dots(ax, m, y, colour)
        low, high = (y, y) if of_pools is None else (of_pools.min(axis=1), of_pools.max(axis=1))
        ax.fill_between(m, low, high, color=colour, alpha=0.2, linewidth=0)
        curves.append(Curve(text, colour, m, y, low, high))
    ax.axhline(1, color=COLOURS["reference"], linewidth=1, zorder=0)
    ax.set_ylim(0.6 * lowest, 3)
    ax.set_xlim(m[0] / 1.3, m[-1] * 1.3)
    _whole_sizes(ax, m)
    ax.set_ylabel("gap or bound (0-1 loss)")
    level = np.ones(len(m))  # weights are so near to it that there is no room for a name
    labels.label_curves(ax, [*curves, Curve("", COLOURS["reference"], m, level, level, level)])


def _dots(
    ax: Axes, x: Floats, y: Floats, colour: str, *, marker: str = "o", filled: str | None = None
) -> None:
    """Dots; triangles for values that are below the axis."""
    ended = np.minimum(x, y) <= _LEAST
    for shape, dots in ((marker, ~ended), ("v", ended)):
        ax.plot(x[dots], y[dots], shape, color=colour, markerfacecolor=filled or colour)


def _by_networks(ax: Axes, files: Mapping[str, xr.Dataset], lowest: float) -> None:
    """The bound by the number of networks, for each size, or each condition at its largest size."""
    several = len(files) > 1
    own = {
        name if several else f"m = {int(size):,}": file["bound_value"].sel(train_size=size)
        for name, file in files.items()
        for size in file["train_size"].values[-1 if several else 0 :]
    }
    curves = []
    for (text, value), (colour, marker) in zip(own.items(), canvas.looks(len(own)), strict=True):
        k = value["networks"].values.astype(float)
        for name, dashes, words in (
            (generalization_bounds.PLUG_IN, f"{marker}-", text),
            (generalization_bounds.PERMUTED, "--", ""),
        ):
            y = np.maximum(value.sel(known_by=name).mean("pool").values, _LEAST)
            ax.plot(k, y, dashes, color=colour, linewidth=1.8)
            curves.append(Curve(words, colour, k, y, y, y))
    every = np.unique(np.concatenate([curve.x for curve in curves]))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(0.6 * min(lowest, *(float(c.y.min()) for c in curves)), 3)
    ax.set_xticks(every, [str(int(n)) for n in every])
    ax.minorticks_off()
    ax.set_xlim(every[0] / 1.15, every[-1] * 1.15)
    ax.set_xlabel("networks of the estimate")
    ax.set_ylabel("bound (0-1 loss)")
    title = "by number of networks" + (" (largest m)" if several else "")
    ax.set_title(title, loc="left", weight="bold")
    labels.label_curves(ax, curves)


def _over_conditions(ax: Axes, pooled: Sequence[xr.Dataset]) -> None:
    """Bound against gap, with one line per training size through the conditions."""
    table = pd.concat([means.to_dataframe().reset_index() for means in pooled])
    of_sizes = list(table.sort_values("gap").groupby("train_size"))
    curves = []
    for (size, rows), (colour, marker) in zip(of_sizes, canvas.looks(len(of_sizes)), strict=True):
        gap, value, chance = (
            np.maximum(rows[name].to_numpy(), _LEAST) for name in ("gap", "bound_value", "baseline")
        )
        hollow = rows["saturated"].to_numpy()
        ax.plot(gap, value, "-", color=colour, linewidth=1.4)
        _dots(ax, gap[~hollow], value[~hollow], colour, marker=marker)
        _dots(ax, gap[hollow], value[hollow], colour, marker=marker, filled="white")
        ax.plot(gap, chance, "--", color=colour, linewidth=1.4)
        curves.append(Curve(f"m = {size:,}", colour, gap, value, value, value))
        curves.append(Curve("", colour, gap, chance, chance, chance))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ends = np.array([0.6 * min(float(min(c.x.min(), c.y.min())) for c in curves), 2.0])
    ax.minorticks_off()
    ax.set_xlim(ends[0], ends[1])
    ax.set_ylim(ends[0], ends[1])
    ax.set_xlabel("gap (0-1 loss)")
    ax.set_ylabel("bound (0-1 loss)")
    ax.set_title("over conditions", loc="left", weight="bold")
    ax.plot(ends, ends, color=COLOURS["reference"], linewidth=1, zorder=0)
    equal = Curve("bound = gap", COLOURS["reference"], ends, ends, ends, ends)
    labels.label_curves(ax, [*curves, equal])
