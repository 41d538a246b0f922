"""Ablation by class: what the order of each class costs each class, and the curves of one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from neuroninfo.figures import canvas, wording
from neuroninfo.figures import labels as figures_labels
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.labels import Curve
from neuroninfo.files.seeds import slices
from neuroninfo.results.classes import ALL, FIRST, MORE, ON, QUARTER, costs, measures
from neuroninfo.results.curves import layer_number
from neuroninfo.vocabulary import RANDOM

_MATRIX: Final = 4.3
"""Width and height of a matrix in inches."""
_BAR: Final = 0.7
"""Width beside it for its scale."""
_PANEL: Final = 3.1
_COLUMNS: Final = 5
_WORDS: Final[Mapping[str, str]] = {
    "one_against_rest": "information about the class",
    "one_against_rest_on": "the same, neurons on for it first",
}


@canvas.styled
def classes(
    groups: Mapping[str, xr.Dataset], numbers: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """Each layer as a matrix: what the order of one class costs the examples of another.

    Parameters
    ----------
    groups
        ``classes.nc`` of all seeds.
    numbers
        As `results.classes.summary` gives it.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    layers = sorted(groups, key=layer_number)
    orders = measures(groups[layers[0]])
    n_seeds = groups[layers[0]].sizes["seed"]
    names = [wording.of_class(condition["dataset"], y) for y in groups[layers[0]]["class"].values]
    drawn, axes = canvas.figure(
        len(layers) * len(orders),
        title="Which class loses its accuracy without the neurons most informative about it?",
        subtitle=wording.of_networks(condition, n_seeds),
        note="Row: the neurons of the layer are ablated in the order of their information (on or "
        "off) about that class against all others, highest first. Column: accuracy that the test "
        "examples of that class lose over the curve, compared with random orders, in points; "
        "mean over seeds. Framed: the class of the order. Above: by how much its own loss exceeds "
        "the mean of the others over the curve, over its first quarter and after the first "
        f"neuron, with 95 % intervals. {wording.SEEDS_SHARE}",
        panel=_MATRIX + _BAR,
        height=_MATRIX,
        headed=4,
        below=5 if max(map(len, names)) > 1 else 2,
        columns=len(layers),
        shared=False,
        left=1.5,
    )
    lost = {
        (measure, layer): 100 * costs(groups[layer], measure)
        for measure in orders
        for layer in layers
    }
    most = max(float(np.nanmax(np.abs(values.mean(axis=0)))) for values in lost.values())
    for ax, ((measure, layer), values) in zip(axes, lost.items(), strict=True):
        own = numbers[(numbers["scope"] == layer) & (numbers["measure"] == measure)]
        mean = values.mean(axis=0)
        _matrix(ax, mean, names, most)
        heads = [f"{wording.of_scope(layer)}, by {_WORDS[measure]}", *_said(own)]
        ax.set_title("\n".join(heads), loc="left", fontsize=canvas.SMALL)
        of_class, of_examples = np.indices(mean.shape)
        canvas.record(
            drawn,
            pd.DataFrame(
                {
                    "scope": layer,
                    "measure": measure,
                    "order_of_class": of_class.ravel(),
                    "class": of_examples.ravel(),
                    "lost_points": mean.ravel(),
                }
            ),
        )
    return drawn


def _matrix(ax: Axes, lost: np.ndarray, names: list[str], most: float) -> None:
    """Points lost by class of the order (rows) and of the examples (columns)."""
    picture = ax.imshow(lost, cmap="PuOr_r", vmin=-most, vmax=most, interpolation="nearest")
    for y in range(len(lost)):
        ax.add_patch(Rectangle((y - 0.5, y - 0.5), 1, 1, fill=False, linewidth=1.4))
    ax.set_xticks(range(len(names)), names, rotation=90 if max(map(len, names)) > 1 else 0)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.set_ylabel("order of the class")
    ax.set_anchor("W")
    bar = ax.figure.colorbar(picture, cax=ax.inset_axes((1.02, 0, 0.035, 1)))
    bar.ax.tick_params(length=2)


def _said(numbers: pd.DataFrame) -> list[str]:
    """The numbers of the claim for a layer, one per line."""
    of_all = numbers[numbers["of_class"] == ALL].set_index("quantity")
    return [
        f"{when}: {_points(of_all.loc[quantity])}"
        for quantity, when in (
            (MORE, "own minus others"),
            (QUARTER, "up to a quarter"),
            (FIRST, "first neuron"),
        )
    ]


def _points(row: pd.Series) -> str:
    mean, low, high = (100 * float(row[name]) for name in ("mean", "low", "high"))
    interval = f" [{low:.1f}, {high:.1f}]" if np.isfinite(low) else ""
    return f"{mean:+.1f}{interval}, {row['verdict']}"


@canvas.styled
def class_curves(
    groups: Mapping[str, xr.Dataset], numbers: pd.DataFrame, condition: Mapping[str, Any]
) -> Figure:
    """One panel per class: its accuracy and that of the others when its neurons are ablated first.

    Parameters as of `classes`; drawn is the last hidden layer.
    """
    layer = max(groups, key=layer_number)
    group = groups[layer]
    n_classes = group.sizes["class"]
    names = [wording.of_class(condition["dataset"], y) for y in range(n_classes)]
    named = [f"class {name}" if name.isdigit() else name for name in names]
    drawn, axes = canvas.figure(
        n_classes,
        title=f"Neurons of one class ablated first: {wording.of_scope(layer)}",
        subtitle=wording.of_networks(condition, group.sizes["seed"]),
        note="Neurons that are on for the class are removed first, beginning with those that "
        "have most information about it (on or off, the class against all others). Solid: "
        "accuracy on the test examples of the class; dashed: mean of the other classes; dotted: "
        "the class under random orders. Means over seeds. Above: by how much more the class loses "
        "than the others, in points compared with random orders over the curve, with 95 % "
        f"intervals. {wording.SEEDS_SHARE}",
        panel=_PANEL,
        headed=2,
        columns=min(_COLUMNS, n_classes),
        gap=0.3,
    )
    canvas.label_left(axes, "accuracy (%)")
    own = numbers[(numbers["scope"] == layer) & (numbers["measure"] == ON)]
    own = own[own["quantity"] == MORE].set_index("of_class")
    tested = [y for y in range(n_classes) if str(y) in own.index]
    parts = [_of_classes(part, tested) for (part,) in slices(group[["correct", "n_test"]])]
    removed = group["removed"].values.astype(np.float64)
    for y, ax in enumerate(axes):
        if y not in tested:
            ax.set_title(f"{named[y]}: not in the test split", loc="left", fontsize=canvas.SMALL)
            continue
        means = {
            name: np.concatenate([part[y][name] for part in parts]).mean(axis=0)
            for name in parts[0][y]
        }
        _curves(ax, removed, means, labelled=y == 0)
        title = f"{named[y]}\n{_points(own.loc[str(y)])}"
        ax.set_title(title, loc="left", fontsize=canvas.SMALL, weight="bold")
        ax.set_xlabel("neurons ablated")
        canvas.record(
            drawn,
            pd.DataFrame(
                {"scope": layer, "class": y, "removed": group["removed"].values}
                | {f"{name}_percent": mean for name, mean in means.items()}
            ),
        )
    return drawn


def _of_classes(
    group: xr.Dataset, classes: Sequence[int]
) -> dict[int, dict[str, NDArray[np.float64]]]:
    """Class -> its three curves in percent, (seeds, removals) each."""
    accuracy = 100 * group["correct"] / group["n_test"]
    random = accuracy.isel(ordering=group["measure"].values == RANDOM).mean("ordering")
    curves = {}
    for y in classes:
        in_order = accuracy.isel(
            ordering=(group["measure"].values == ON) & (group["of_class"].values == y)
        ).isel(ordering=0)
        beside = [other for other in range(group.sizes["class"]) if other != y]
        of_class = {
            "class": in_order.isel({"class": y}),
            "others": in_order.isel({"class": beside}).mean("class"),
            "random": random.isel({"class": y}),
        }
        curves[y] = {
            name: curve.transpose("seed", "removed").values for name, curve in of_class.items()
        }
    return curves


def _curves(
    ax: Axes, removed: np.ndarray, means: Mapping[str, np.ndarray], *, labelled: bool
) -> None:
    """Three curves, named in one panel."""
    looks = {
        "class": ("descending", "solid", 2.4),
        "others": ("ascending", "dashed", 1.8),
        "random": ("random", "dotted", 1.8),
    }
    curves = []
    for name, mean in means.items():
        colour, dashes, width = looks[name]
        ax.plot(removed, mean, color=COLOURS[colour], linestyle=dashes, linewidth=width)
        curves.append(Curve(name if labelled else "", COLOURS[colour], removed, mean, mean, mean))
    ax.set_xlim(removed[0], removed[-1])
    ax.set_ylim(0, 105)
    figures_labels.label_curves(ax, curves)
