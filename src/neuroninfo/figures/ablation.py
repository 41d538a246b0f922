"""Accuracy against the number of ablated neurons (slides T6 to T9 and T11 to T14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuroninfo import claims
from neuroninfo.figures import style
from neuroninfo.figures.style import COLOURS, DIRECTIONS, Curve, FigureError
from neuroninfo.storage import NETWORK, RANDOM
from neuroninfo.streams import Stream, generator

MEASURE: Final = "mutual_information"
_PANEL: Final = 5.0
"""Width of one of several panels, in inches."""
_SPREAD: Final = (10, 90)
"""Percentiles of the seeds between which the light band lies."""


@style.styled
def network_figure(
    group: xr.Dataset,
    condition: Mapping[str, Any],
    *,
    study_seed: int,
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
    study_seed
        Of the stream that the intervals are drawn from.
    measure, quantizer
        What the orders are made by; by default the first quantizer that the measure has.

    Raises
    ------
    FigureError
        No neurons were ordered by that.
    """
    return _figure({NETWORK: group}, condition, study_seed, measure, quantizer)


@style.styled
def layers_figure(
    groups: Mapping[str, xr.Dataset],
    condition: Mapping[str, Any],
    *,
    study_seed: int,
    measure: str = MEASURE,
    quantizer: str | None = None,
) -> Figure:
    """Ablation within each layer, one panel a layer, sharing the y axis.

    Parameters
    ----------
    groups
        Scope -> group of ``ablation.nc``; ``layer-1``, ``layer-2``, ... are drawn in the order
        given, others left out.
    condition, study_seed, measure, quantizer
        As of `network_figure`.

    Raises
    ------
    FigureError
        There are no layers, or no neurons were ordered by that.
    """
    layers = {name: group for name, group in groups.items() if name.startswith("layer-")}
    if not layers:
        raise FigureError(f"ablation: none of the scopes {list(groups)} is a layer ('layer-1')")
    return _figure(layers, condition, study_seed, measure, quantizer)


def _figure(
    groups: Mapping[str, xr.Dataset],
    condition: Mapping[str, Any],
    study_seed: int,
    measure: str,
    quantizer: str | None,
) -> Figure:
    first = next(iter(groups.values()))
    by = (measure, _quantizer(first, measure, quantizer))
    whole = NETWORK in groups
    drawn, axes = style.figure(
        len(groups),
        title=f"{'Whole network' if whole else 'Within each layer'}: "
        f"ablation by {style.measure_words(measure)}",
        subtitle=f"{style.condition_words(condition)}; "
        + style.counted(first.sizes["seed"], "seed"),
        note=_note(first, *by),
        panel=_PANEL if len(groups) > 1 else style.PANEL,
        headed=not whole,
    )
    curves = []
    for ax, (scope, group) in zip(axes, groups.items(), strict=True):
        key = "/".join([*(str(condition[k]) for k in claims.CONDITION), scope, *by])
        curves.append(_draw(ax, group, by, study_seed, key, first=ax is axes[0]))
        ax.set_xlabel("number of neurons ablated")
        if not whole:
            width = style.counted(group.sizes["removed"] - 1, "neuron")
            ax.set_title(f"{scope.replace('-', ' ')} ({width})", loc="left", weight="bold")
        if ax.get_position().x0 == axes[0].get_position().x0:
            ax.set_ylabel("accuracy on test data (%)")
    highest = max(curve.high.max() for panel in curves for curve in panel)
    # Room for a label above the curves, and for all of the light bands.
    top = max(1.1 * highest, *(ax.dataLim.y1 for ax in axes))
    axes[0].set_ylim(0, top)
    axes[0].set_yticks([tick for tick in axes[0].get_yticks() if tick <= min(top, 100)])
    for ax, panel in zip(axes, curves, strict=True):
        style.label_curves(ax, panel)
    return drawn


def _draw(
    ax: Axes, group: xr.Dataset, by: tuple[str, str], study_seed: int, key: str, *, first: bool
) -> list[Curve]:
    """Curves and bands of one scope, chance, and the accuracy without ablation."""
    removed = group["removed"].values.astype(np.float64)
    ends = removed[[0, -1]]
    curves = []
    for ordering, accuracy in claims.curves(group, *by).items():
        percent = 100 * accuracy
        colour, mean = COLOURS[ordering], percent.mean(axis=0)
        low = high = mean
        if len(percent) > 1:
            rng = generator(study_seed, Stream.BOOTSTRAP, f"{key}/{ordering}")
            low, high = claims.bootstrap_curve(percent, rng)
            outer = np.percentile(percent, _SPREAD, axis=0)
            ax.fill_between(removed, *outer, color=colour, alpha=0.12, linewidth=0)
            ax.fill_between(removed, low, high, color=colour, alpha=0.3, linewidth=0)
        ax.plot(removed, mean, color=colour, linewidth=2.2)
        curves.append(Curve(DIRECTIONS[ordering], colour, removed, mean, low, high))
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
    return curves


def _quantizer(group: xr.Dataset, measure: str, quantizer: str | None) -> str:
    """The quantizer asked for, or the first that the measure has."""
    ordered_by = claims.ordered_by(group)
    known = [q for m, q in ordered_by if m == measure]
    if not known or (quantizer is not None and quantizer not in known):
        wanted = measure if quantizer is None else f"{measure} ({quantizer})"
        there = ", ".join(f"{m} ({q})" for m, q in ordered_by) or "random orders only"
        raise FigureError(
            f"no neurons were ordered by {wanted}: there are {there}; "
            "add it to the configuration's `orderings` and run the ablation again"
        )
    return quantizer or known[0]


def _note(group: xr.Dataset, measure: str, quantizer: str) -> str:
    """What lines and bands are."""
    n_seeds = group.sizes["seed"]
    to_zero = group["replacement"].values == claims.ZERO
    repeats = int((to_zero & (group["measure"].values == RANDOM)).sum())
    how = style.quantizer_words(quantizer)
    order = f"{style.measure_words(measure)} ({how and how + ', '}validation data)"
    random = f" (random: {repeats} orders each)" if repeats > 1 else ""
    seeds = f"One seed{random}: no interval."
    if n_seeds > 1:
        few = n_seeds < claims.FEW_SEEDS
        interval = f"{'approximate ' if few else ''}95 % bootstrap interval of the mean"
        seeds = (
            f"Lines: mean over {n_seeds} seeds{random}. Dark bands: {interval}; "
            f"light: {_SPREAD[0]}th to {_SPREAD[1]}th percentile of seeds."
        )
    return f"Outputs are set to zero in the order of {order}. {seeds}"
