"""Other replacements than zero: what ablated neurons put out, in the same orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuroninfo.figures import canvas, wording
from neuroninfo.figures import labels as figures_labels
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.figures.wording import ARROWS, DIRECTIONS
from neuroninfo.results import curves as results_curves
from neuroninfo.results.curves import ordered_by, replacements
from neuroninfo.vocabulary import MEAN, ZERO

_PANEL: Final = 5.0


@canvas.styled
def replacement(
    ablation: Mapping[str, xr.Dataset], differences: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """One row of panels per replacement, one panel per scope: its curves, zero's, and the gain.

    Parameters
    ----------
    ablation
        Scope -> group of ``ablation-<set>.nc`` with zero and other replacements.
    differences
        As `ranking.replaced` gives it, of the same set.
    condition
        Data set, architecture, activation and regularizer by name.

    Raises
    ------
    ValueError
        The set has no zero, or nothing beside it.
    """
    first = next(iter(ablation.values()))
    others = [name for name in replacements(first) if name != ZERO]
    if not others or ZERO not in replacements(first):
        raise ValueError("the set needs `replacements: [zero, mean]`, or others beside zero")
    measure, quantizer = ordered_by(first)[0]
    n_seeds = first.sizes["seed"]
    several = len(others) > 1
    words = [wording.REPLACEMENTS[name] for name in others]
    title = ", ".join(words) if several else f"{words[0]} (bias balancing)"
    drawn, axes = canvas.figure(
        len(ablation) * len(others),
        title=f"Ablation to {title}, and to zero"
        if several
        else f"Ablation to {title} and to zero",
        subtitle=wording.of_networks(condition, n_seeds),
        note=f"Removal in the order of {wording.of_measure(measure)} "
        f"({wording.of_quantizer(quantizer)}). "
        f"{_explained(others, wording.unit(condition))} Dashed: zero. Lines: means over "
        "seeds. Below: what the replacement gains in points of mean accuracy over the curve, with "
        "95 % intervals. "
        f"{wording.SEEDS_SHARE}",
        panel=_PANEL,
        headed=True,
        columns=len(ablation) if several else canvas.columns_of(len(ablation)),
        below=2 + len(DIRECTIONS),
    )
    canvas.label_left(axes, "accuracy on test data (%)")
    panels = [(name, scope) for name in others for scope in ablation]
    for ax, (name, scope) in zip(axes, panels, strict=True):
        group = ablation[scope]
        head = f"{wording.of_scope(scope)}, {wording.REPLACEMENTS[name]}"
        ax.set_title(head if several else wording.of_scope(scope), loc="left", weight="bold")
        canvas.record(drawn, _draw(ax, group, (measure, quantizer), name).assign(scope=scope))
        ax.set_xlabel(f"number of {wording.unit(condition)}s ablated")
        rows = differences[
            (differences["scope"] == scope)
            & (differences["measure"] == measure)
            & (differences["quantizer"] == quantizer)
            & (differences["replacement"] == f"{name} - zero")
        ]
        _words(ax, rows.set_index("direction"))
    return drawn


def _explained(others: list[str], unit: str) -> str:
    """What the replacements are, one sentence each."""
    sentences = {
        MEAN: f"Solid: ablated {unit}s put out their mean on the training split"
        if others == [MEAN]
        else f"Mean: ablated {unit}s put out their mean on the training split",
        "mode": "Mode: they put out their most frequent output",
        "optimal": "Optimal constant: the one with the smallest validation loss when the "
        f"{unit} alone is ablated",
        "resample": "Another example: they put out their outputs on an example drawn at random, "
        "the same one for all of them",
    }
    return ". ".join(sentences[name] for name in others) + "."


def _draw(ax: Axes, group: xr.Dataset, by: tuple[str, str], name: str) -> pd.DataFrame:
    """Mean curves to a replacement and to zero; also in numbers."""
    removed = group["removed"].values.astype(np.float64)
    curves, tables = [], []
    for replacement, dashes, width in ((ZERO, (0, (4, 2)), 1.6), (name, "solid", 2.2)):
        for direction, accuracy in results_curves.curves(group, *by, replacement).items():
            mean = 100 * accuracy.mean(axis=0)
            colour = COLOURS[direction]
            ax.plot(
                removed,
                mean,
                color=colour,
                linewidth=width,
                linestyle=dashes,
                marker=ARROWS[direction],
                markevery=0.1,
            )
            text = DIRECTIONS[direction] if replacement == name else ""
            curves.append(Curve(text, colour, removed, mean, mean, mean))
            columns = {"removed": group["removed"].values, "accuracy_percent": mean}
            labels = {"ordering": direction, "replacement": replacement}
            tables.append(pd.DataFrame({**labels, **columns}))
    ax.set_xlim(removed[0], removed[-1])
    ax.set_ylim(0, 1.1 * max(float(curve.y.max()) for curve in curves))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 2.5, 5, 10]))
    figures_labels.label_curves(ax, curves)
    return pd.concat(tables)


def _words(ax: Axes, rows: pd.DataFrame) -> None:
    """Differences below a panel, one per line."""
    for number, direction in enumerate(DIRECTIONS):
        if direction not in rows.index:
            continue
        effect, low, high = 100 * rows.loc[direction, ["effect", "low", "high"]].astype(float)
        words = DIRECTIONS[direction]
        interval = f" [{low:+.1f}, {high:+.1f}]" if np.isfinite(low) else ""
        canvas.write_below(ax, number, f"{words}: {effect:+.1f}{interval}", COLOURS[direction])
