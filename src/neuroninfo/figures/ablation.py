"""Accuracy against the number of ablated neurons (slides T6 to T9 and T11 to T14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuroninfo.figures import canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.figures.wording import ARROWS
from neuroninfo.results import curves as results_curves
from neuroninfo.results import statistics
from neuroninfo.vocabulary import NETWORK, RANDOM, ZERO

MEASURE: Final = "mutual_information"
_PANEL: Final = 5.0
"""Width of one of several panels, in inches."""
_MARKS: Final = (
    ("inactive", "ascending", False),
    ("suffice", "ascending", True),
    ("destroy", "descending", False),
)
"""Count, the curve that it is read off, and whether from the curve's end."""
_LINES: Final = (
    ("ascending", ("inactive", "redundant")),
    ("ascending", ("suffice",)),
    ("descending", ("destroy",)),
)
"""Counts in words below a panel, in the colour of a curve."""
_WORDS: Final = {"suffice": "highest suffice", "destroy": "highest destroy if removed"}
_SPREAD: Final = (10, 90)
"""Percentiles of the seeds between which the light band lies."""


@canvas.styled
def ablation_network(
    group: xr.Dataset,
    condition: Mapping[str, Any],
    *,
    measure: str = MEASURE,
    quantizer: str | None = None,
) -> Figure:
    """Ablation of the whole network: lowest first, highest first, random.

    Parameters
    ----------
    group
        ``network`` of ``ablation.nc``.
    condition
        Data set, architecture, activation and regularizer by name.
    measure, quantizer
        What the orders are made by; by default the first quantizer that the measure has.

    Raises
    ------
    ValueError
        No neurons were ordered by that.
    """
    return _figure({NETWORK: group}, condition, measure, quantizer)


@canvas.styled
def ablation_layers(
    groups: Mapping[str, xr.Dataset],
    condition: Mapping[str, Any],
    *,
    counts: pd.DataFrame | None = None,
    measure: str = MEASURE,
    quantizer: str | None = None,
) -> Figure:
    """Ablation within each layer, one panel per layer, with a common y axis.

    Parameters
    ----------
    groups
        Scope -> group of ``ablation.nc``; ``layer-1``, ``layer-2``, ... are drawn in the order
        given, others left out.
    counts
        ``reading.csv``: how many neurons suffice, destroy and do nothing, marked on the curves
        and written below them, at its tolerances of claims.
    condition, measure, quantizer
        As of `ablation_network`.

    Raises
    ------
    ValueError
        There are no layers, or no neurons were ordered by that.
    """
    layers = {name: group for name, group in groups.items() if name.startswith("layer-")}
    if not layers:
        raise ValueError(f"ablation: none of the scopes {list(groups)} is a layer ('layer-1')")
    return _figure(layers, condition, measure, quantizer, counts)


def _figure(
    groups: Mapping[str, xr.Dataset],
    condition: Mapping[str, Any],
    measure: str,
    quantizer: str | None,
    counts: pd.DataFrame | None = None,
) -> Figure:
    first = next(iter(groups.values()))
    unit = wording.unit(condition)
    by = (measure, _quantizer(first, measure, quantizer))
    whole = NETWORK in groups
    marked = {} if counts is None else _marked(counts, *by)
    drawn, axes = canvas.figure(
        len(groups),
        title=f"{'Whole network' if whole else 'Within each layer'}: "
        f"ablation by {wording.of_measure(measure)}",
        subtitle=wording.of_networks(condition, first.sizes["seed"]),
        note=_note(first, *by) + _marks_note(marked, unit),
        panel=_PANEL if len(groups) > 1 else canvas.PANEL,
        headed=not whole,
        below=2 + (len(_LINES) if marked else 0),
    )
    curves = []
    for ax, (scope, group) in zip(axes, groups.items(), strict=True):
        of_scope, table = draw(ax, group, by, first=ax is axes[0])
        curves.append(of_scope)
        canvas.record(drawn, table.assign(scope=scope, measure=by[0], quantizer=by[1]))
        if scope in marked:
            _mark(ax, marked[scope], curves[-1])
        ax.set_xlabel(f"number of {unit}s ablated")
        if not whole:
            width = wording.counted(int(group["removed"][-1]), unit)
            ax.set_title(f"{wording.of_scope(scope)} ({width})", loc="left", weight="bold")
    canvas.label_left(axes, "accuracy on test data (%)")
    highest = max(curve.high.max() for panel in curves for curve in panel)
    # Room for a label above the curves, and for all of the light bands.
    top = max(1.1 * highest, *(ax.dataLim.y1 for ax in axes))
    axes[0].set_ylim(0, top)
    axes[0].set_yticks([tick for tick in axes[0].get_yticks() if tick <= min(top, 100)])
    for ax, panel in zip(axes, curves, strict=True):
        labels.label_curves(ax, panel)
    return drawn


def draw(
    ax: Axes, group: xr.Dataset, by: tuple[str, str], *, first: bool
) -> tuple[list[Curve], pd.DataFrame]:
    """Curves and bands of one scope, chance, and the accuracy without ablation; also in numbers.

    Parameters
    ----------
    ax
        What is drawn on.
    group
        Of ``ablation.nc``.
    by
        Measure and quantizer that neurons were ordered by.
    first
        Whether levels that are the same in other panels get their names here.
    """
    removed = group["removed"].values.astype(np.float64)
    ends = removed[[0, -1]]
    curves, tables = [], []
    for ordering, accuracy in results_curves.curves(group, *by).items():
        percent = 100 * accuracy
        colour, mean = COLOURS[ordering], percent.mean(axis=0)
        low = high = mean
        outer = np.percentile(percent, _SPREAD, axis=0)
        if len(percent) > 1:
            low, high = np.clip(statistics.band(percent), 0, 100)
            ax.fill_between(removed, *outer, color=colour, alpha=0.12, linewidth=0)
            ax.fill_between(removed, low, high, color=colour, alpha=0.3, linewidth=0)
        ax.plot(
            removed,
            mean,
            color=colour,
            linewidth=2.2,
            marker=ARROWS[ordering],
            markevery=0.1,
        )
        # Labels keep clear of what seeds do: the interval of few seeds would cover the panel.
        curves.append(Curve(wording.DIRECTIONS[ordering], colour, removed, mean, *outer))
        columns = {"removed": group["removed"].values, "accuracy_percent": mean, "low": low}
        columns |= {"high": high, "seeds_low": outer[0], "seeds_high": outer[1]}
        tables.append(pd.DataFrame({"ordering": ordering, "n_seeds": len(percent), **columns}))
    chance = 100 * int(group.attrs["chance_correct"]) / int(group.attrs["n_test"])
    for name, value, dashes in (
        ("no ablation", curves[0].y[0], (0, (1, 2))),
        ("chance", chance, (0, (5, 3))),
    ):
        ax.axhline(value, color=COLOURS["reference"], linewidth=1.2, linestyle=dashes, zorder=1)
        level = np.full(2, value)
        text = f"{name}: {value:.1f} %" if first else ""  # the same in every panel
        curves.append(Curve(text, COLOURS["reference"], ends, level, level, level, reference=True))
    ax.plot(0, curves[0].y[0], "o", color=COLOURS["reference"], clip_on=False)
    ax.set_xlim(*ends)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 2.5, 5, 10]))
    return curves, pd.concat(tables).assign(chance_percent=chance)


def _marked(counts: pd.DataFrame, measure: str, quantizer: str) -> dict[str, pd.DataFrame]:
    """Scope -> counts by name, of one order and at the tolerances of claims."""
    of_order = counts[
        (counts["measure"] == measure) & (counts["quantizer"] == quantizer) & counts["marked"]
    ]
    return {str(scope): rows.set_index("quantity") for scope, rows in of_order.groupby("scope")}


def _mark(ax: Axes, counts: pd.DataFrame, curves: Sequence[Curve]) -> None:
    """Marks on the curves, each with its interval, and the counts in words below the panel."""
    by_text = {curve.text: curve for curve in curves}
    for name, direction, from_the_end in _MARKS:
        row, curve = counts.loc[name], by_text[wording.DIRECTIONS[direction]]
        if not np.isfinite(row["mean"]):
            continue
        ends = row[["mean", "low", "high"]].to_numpy(dtype=np.float64)
        x = curve.x[-1] - ends if from_the_end else ends
        y = np.interp(x[0], curve.x, curve.y)
        look: dict[str, Any] = {"color": curve.colour, "zorder": 5, "clip_on": False}
        if np.isfinite(x).all():
            ax.plot(x[1:], [y, y], linewidth=2, solid_capstyle="butt", **look)
        ax.plot(x[0], y, "o", markersize=9, markeredgecolor="white", **look)
    for number, (direction, names) in enumerate(_LINES):
        words = "; ".join(_counted(name, counts.loc[name]) for name in names)
        canvas.write_below(ax, number, words, COLOURS[direction])


def _counted(name: str, row: pd.Series) -> str:
    """Such as "40 [37, 43] suffice"."""
    if not np.isfinite(row["mean"]):
        return f"{name}: in no seed"
    interval = f" [{round(row['low'])}, {round(row['high'])}]" if np.isfinite(row["low"]) else ""
    without = f" (not in {row['without']} seeds)" if row["without"] else ""
    return f"{round(row['mean'])}{interval} {_WORDS.get(name, name)}{without}"


def _marks_note(marked: Mapping[str, pd.DataFrame], unit: str) -> str:
    """One sentence per mark; empty if there are no marks."""
    if not marked:
        return ""
    share = f"{100 * float(next(iter(marked.values())).loc['suffice', 'delta']):g} %"
    return (
        f" Dots are counts of {unit}s. Inactive: how many of the lowest can be removed while at "
        "most 0.1 % of predictions change. Suffice: how many of the highest are enough, so that "
        f"at most {share} of the accuracy above chance is lost without all others. Destroy: how "
        f"many of the highest have to be removed until at most {share} of it is left."
    )


def _quantizer(group: xr.Dataset, measure: str, quantizer: str | None) -> str:
    """The quantizer asked for, or the first that the measure has."""
    ordered_by = results_curves.ordered_by(group)
    known = [q for m, q in ordered_by if m == measure]
    if not known or (quantizer is not None and quantizer not in known):
        wanted = measure if quantizer is None else f"{measure} ({quantizer})"
        there = ", ".join(f"{m} ({q})" for m, q in ordered_by) or "random orders only"
        raise ValueError(
            f"no neurons were ordered by {wanted}: there are {there}; "
            "add it to the configuration's `orderings` and run the ablation again"
        )
    return quantizer or known[0]


def _note(group: xr.Dataset, measure: str, quantizer: str) -> str:
    """A note that explains lines and bands."""
    n_seeds = group.sizes["seed"]
    to_zero = group["replacement"].values == ZERO
    repeats = int((to_zero & (group["measure"].values == RANDOM)).sum())
    how = wording.of_quantizer(quantizer)
    order = wording.of_measure(measure) + (f" ({how})" if how else "")
    random = f" (random: {repeats} orders each)" if repeats > 1 else ""
    seeds = f"One seed{random}: no interval."
    if n_seeds > 1:
        seeds = (
            f"Lines: mean over {n_seeds} seeds{random}. Dark bands: 95 % interval of "
            "the mean; "
            f"light: {_SPREAD[0]}th to {_SPREAD[1]}th percentile of seeds. {wording.SEEDS_SHARE}"
        )
    return f"Outputs are set to zero in the order of {order}. {seeds}"
