"""Two classes in the plane: logistic regression (T1, T2) and stacks of it (T3).

The plane is coloured by the probability of class 1, of logistic regression or of what follows
a layer of a network, in steps of 0.1; it is computed from the parameters in the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.special import expit

from neuroninfo.figures import animation, canvas, wording
from neuroninfo.figures.canvas import COLOURS, SMALL
from neuroninfo.networks.stack import Stack
from neuroninfo.toys import logistic, width_two
from neuroninfo.toys.width_two import best_restart, follow, lines

_CLASSES: Final = (COLOURS["ascending"], COLOURS["descending"])  # blue and vermillion
_MARKERS: Final = ("o", "s")
_PANEL: Final = 3.9
"""Width and height of a plane in inches."""
_CELLS: Final = 161
"""Along each side of a plane, where its colours are computed."""
_LEVELS: Final = np.linspace(0, 1, 11)
_FADED: Final = 0.62
"""Share of white in the colour of a class where its probability is 1."""
_SIGMOID: Final = 5.0
"""Smallest score up to which the sigmoid is drawn on both sides."""
_NAMED: Final = 0.3
"""A boundary gets a name only if it crosses at least this share of a frame."""
_STRIP: Final = (0.06, 0.16)
"""Distances from 0 and 1 between which the points of the classes lie beside the sigmoid."""
_SIGMA, _MINUS = "\N{GREEK SMALL LETTER SIGMA}", "\N{MINUS SIGN}"
_GOLDEN: Final = (np.sqrt(5) - 1) / 2
_WORDS: Final = {"separable": "two clouds", "moons": "two moons", "xor": "exclusive or"}
_SUBSCRIPTS: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_HALO: Final = [withStroke(linewidth=3, foreground="white")]

Floats = NDArray[np.float64]
Limits = tuple[tuple[float, float], tuple[float, float]]


def _faded() -> LinearSegmentedColormap:
    """From class 0 over white to class 1, light enough for points to stand out."""
    low, high = (tuple(1 - (1 - _FADED) * (1 - c) for c in to_rgb(name)) for name in _CLASSES)
    return LinearSegmentedColormap.from_list("classes", [low, (1, 1, 1), high])


_COLOURING: Final[dict[str, Any]] = {
    "cmap": _faded(),
    "norm": BoundaryNorm(_LEVELS, 256),
    "origin": "lower",
    "aspect": "auto",
    "interpolation": "bilinear",
    "interpolation_stage": "data",
    "zorder": 0,
}


@canvas.styled
def toys_logistic(toy: xr.Dataset) -> Figure:
    """Logistic regression of two features: its surface in the plane, and the sigmoid.

    Parameters
    ----------
    toy
        ``logistic.nc``.
    """
    fitted, inputs, labels = logistic.fitted(toy), toy["input"].values, toy["label"].values
    n, correct = len(labels), int(toy["correct"])
    line = "a line separates" if toy["linearly_separable"] else "no line separates"
    terms = [(weight, f"x{i}") for i, weight in enumerate(fitted.weight, start=1)]
    drawn, (plane, curve) = canvas.figure(
        2,
        title=f"Logistic regression, {_WORDS[toy.attrs['name']]}: {line} the classes",
        subtitle=f"P(class 1 | x) = {_SIGMA}({_sum([*terms, (fitted.bias, '')])}); "
        f"accuracy {100 * correct / n:.1f} % ({correct} of {n} points)",
        note=f"{_SIGMA}(z) = 1 / (1 + exp({_MINUS}z)). Fitted to its optimum on all points: mean "
        "cross-entropy "
        f"({float(toy['cross_entropy']):.3f} nat) plus λ/2 (w₁² + w₂² + w₀²), λ = "
        f"{toy.attrs['l2']:g}. Colours: P in steps of 0.1. Ringed: on the wrong side.",
        panel=1.15 * _PANEL,
        height=1.15 * _PANEL,
        shared=False,
    )
    limits = _input_limits(inputs)
    _frame(plane, limits, ("x₁", "x₂"))
    _surface(plane, limits, fitted.probability(_cells(limits)))
    boundary = np.array([*fitted.weight, fitted.bias])
    _boundary(plane, boundary, limits, "P = ½", solid=True)
    score = fitted.score(inputs)
    wrong = (score > 0) != labels
    _points(plane, inputs, labels, wrong)
    _sigmoid(curve, score, labels, wrong)
    points = {"x1": inputs[:, 0], "x2": inputs[:, 1], "label": labels, "score": score}
    canvas.record(drawn, pd.DataFrame(points))
    return drawn


def _sigmoid(ax: Axes, score: Floats, labels: NDArray[np.int16], wrong: NDArray[np.bool_]) -> None:
    """The sigmoid over the colours of its values, and the points' scores beside it by class."""
    reach = max(_SIGMOID, 1.06 * float(np.abs(score).max()))
    z = np.linspace(-reach, reach, 401)
    ax.imshow(np.linspace(0, 1, _CELLS)[:, None], extent=(-reach, reach, 0, 1), **_COLOURING)
    ax.plot(z, expit(z), color=COLOURS["text"], linewidth=2.4)
    ax.plot([0, 0], [0, 1], color=COLOURS["text"], linewidth=1.2, linestyle=(0, (4, 3)))
    jitter = _STRIP[0] + (_STRIP[1] - _STRIP[0]) * ((np.arange(len(score)) * _GOLDEN) % 1)
    level = np.where(labels == 1, 1 + jitter, -jitter)
    _points(ax, np.column_stack([score, level]), labels, wrong)
    middle = sum(_STRIP) / 2
    for label, y in enumerate((-middle, 1 + middle)):
        side = -1 if label == 1 else 1  # where its points are not
        ax.text(
            0.97 * side * reach,
            y,
            f"class {label}",
            color=_CLASSES[label],
            weight="bold",
            ha="left" if side < 0 else "right",
            va="center",
            path_effects=_HALO,
            zorder=10,
        )
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-1.5 * _STRIP[1], 1 + 1.5 * _STRIP[1])
    ax.set_yticks(_LEVELS[::2])
    ax.set_xlabel("score z = w₁x₁ + w₂x₂ + w₀")
    ax.set_ylabel(f"P(class 1) = {_SIGMA}(z)")


@canvas.styled
def toys_network(toy: xr.Dataset, network: xr.Dataset) -> Figure:
    """The set in the input and in each hidden layer of a trained network of width two.

    Parameters
    ----------
    toy
        ``logistic.nc``.
    network
        ``network.nc`` of the toy; the restart with the lowest training loss is drawn.
    """
    planes = _Planes(toy, network)
    drawn = planes.at(network.sizes["epoch"] - 1)
    for layer, values in enumerate(planes.outputs(-1)[:-1]):
        points = {"layer": layer, "point": range(len(values)), "label": planes.labels}
        columns = {"output_1": values[:, 0], "output_2": values[:, 1]}
        canvas.record(drawn, pd.DataFrame({**points, **columns}))
    return drawn


@canvas.styled
def save_animation(toy: xr.Dataset, network: xr.Dataset, path: str | Path) -> None:
    """Write `toys_network` over training as a GIF, a picture for each epoch that was kept."""
    planes = _Planes(toy, network)
    animation.save((planes.at(epoch) for epoch in range(network.sizes["epoch"])), path)


class _Planes:
    """A plane for the input and one for each hidden layer, drawn for any epoch."""

    def __init__(self, toy: xr.Dataset, network: xr.Dataset) -> None:
        self.inputs, self.labels = toy["input"].values, toy["label"].values
        self.network, self.restart = network, best_restart(network)
        final = network.isel(epoch=-1)
        losses = np.sort(final["loss"].values)
        activation = str(network.attrs["activation"])
        n_layers = len(width_two.snapshot(network, -1, 0).architecture.hidden)
        stacked = "stacked logistic regressions" if activation == "sigmoid" else "a narrow network"
        line = 100 * int(toy["correct"]) / len(self.labels)
        self.drawn, self.axes = canvas.figure(
            n_layers + 1,
            title=f"{_WORDS[toy.attrs['name']].capitalize()}: {stacked} "
            f"({wording.counted(n_layers, 'hidden layer')} of two {activation} neurons)",
            subtitle=self._words(-1),
            note=f"Logistic regression alone: {line:.1f} %. Colours: probability of class 1 by "
            "what follows, in steps of 0.1; solid: ½. Dashed: boundary of each neuron of the next "
            f"layer. Of {wording.counted(len(losses), 'restart')} the one with the lowest training "
            f"loss ({losses[0]:.3f} nat; median {np.median(losses):.3f}).",
            panel=_PANEL,
            height=_PANEL,
            headed=True,
            shared=False,
        )
        squashed = (0.0, 1.0) if activation == "sigmoid" else (-1.0, 1.0)
        margin = 0.05 * (squashed[1] - squashed[0])
        hidden = (squashed[0] - margin, squashed[1] + margin)
        self.limits: list[Limits] = [_input_limits(self.inputs)] + [(hidden, hidden)] * n_layers
        for layer, (ax, limits) in enumerate(zip(self.axes, self.limits, strict=True)):
            names = ("output of neuron 1", "output of neuron 2") if layer else ("x₁", "x₂")
            _frame(ax, limits, names)
            ax.set_title(f"hidden layer {layer}" if layer else "input", loc="left", weight="bold")
        self.changing: list[Any] = []

    def at(self, epoch: int) -> Figure:
        """The figure for a position along ``epoch``; the same object, drawn anew."""
        for artist in self.changing:
            artist.remove()
        self.changing.clear()
        subtitle = self.drawn.texts[1]
        if subtitle.get_text():  # a figure for a paper has none
            subtitle.set_text(self._words(epoch))
        snapshot = width_two.snapshot(self.network, epoch, self.restart)
        *drawn, probability = self.outputs(epoch)
        wrong = (probability > 0.5) != self.labels
        for layer, values in enumerate(drawn):
            self._plane(snapshot, layer, values, wrong)
        return self.drawn

    def outputs(self, epoch: int) -> list[Floats]:
        """For all points: the inputs, the outputs of each hidden layer, and the probability."""
        snapshot = width_two.snapshot(self.network, epoch, self.restart)
        return [self.inputs, *follow(snapshot, self.inputs)]

    def _plane(self, snapshot: Stack, layer: int, values: Floats, wrong: NDArray[np.bool_]) -> None:
        ax, limits = self.axes[layer], self.limits[layer]
        probability = follow(snapshot, _cells(limits).reshape(-1, 2), layer)[-1]
        self.changing += _surface(ax, limits, probability.reshape(_CELLS, _CELLS))
        if layer < len(self.axes) - 1:
            for number, line in enumerate(lines(snapshot, layer)):
                self.changing += _boundary(ax, line, limits, f"neuron {number + 1}", end=number)
        self.changing += _points(ax, values, self.labels, wrong)

    def _words(self, epoch: int) -> str:
        at = self.network.isel(epoch=epoch, seed=self.restart)
        return (
            f"epoch {int(at['epoch']):,}: training loss {float(at['loss']):.3f} nat, accuracy "
            f"{100 * float(at['accuracy']):.1f} % of {wording.counted(len(self.labels), 'point')}"
        )


# --- parts of a plane ---------------------------------------------------------------------


def _input_limits(inputs: Floats) -> Limits:
    """A square around all points."""
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    half = 0.58 * float((high - low).max())
    (x, y) = ((low + high) / 2).tolist()
    return (x - half, x + half), (y - half, y + half)


def _frame(ax: Axes, limits: Limits, names: tuple[str, str]) -> None:
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    ax.locator_params(nbins=5)


def _cells(limits: Limits) -> Floats:
    """(cells, cells, 2): points that fill a plane, row by row from below."""
    x, y = (np.linspace(*ends, _CELLS) for ends in limits)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _surface(ax: Axes, limits: Limits, probability: Floats) -> list[Any]:
    """Colours of the probabilities at `_cells`, and the line where it is a half."""
    (left, right), (bottom, top) = limits
    # Cells lie around the points, the outermost half beyond the frame.
    x, y = ((high - low) / (_CELLS - 1) / 2 for low, high in limits)
    image = ax.imshow(probability, extent=(left - x, right + x, bottom - y, top + y), **_COLOURING)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    artists: list[Any] = [image]
    if probability.min() < 0.5 < probability.max():
        half: ContourSet = ax.contour(
            *(np.linspace(*ends, _CELLS) for ends in limits),
            probability,
            levels=[0.5],
            colors=[COLOURS["text"]],
            linewidths=2.2,
            zorder=2,
        )
        artists.append(half)
    return artists


def _points(
    ax: Axes, places: Floats, labels: NDArray[np.int16], wrong: NDArray[np.bool_]
) -> list[Any]:
    """Points by class, those on the wrong side ringed."""
    artists: list[Any] = []
    for label, (colour, marker) in enumerate(zip(_CLASSES, _MARKERS, strict=True)):
        for ringed in (False, True):
            members = places[(labels == label) & (wrong == ringed)]
            artists += ax.plot(
                *members.T,
                marker,
                color=colour,
                markersize=6,
                markeredgecolor="black" if ringed else "white",
                markeredgewidth=1.4 if ringed else 0.6,
                zorder=4 + ringed,
                clip_on=False,
            )
    return artists


def _boundary(
    ax: Axes, line: Floats, limits: Limits, name: str, *, end: int = 1, solid: bool = False
) -> list[Any]:
    """The line where w . x + w0 is 0, within the frame, with its name near an end."""
    ends = _segment(line, limits)
    if ends is None:
        return []
    artists: list[Any] = []
    if not solid:
        artists += ax.plot(
            *ends.T, color=COLOURS["text"], linewidth=1.6, linestyle=(0, (5, 3)), zorder=3
        )
    if np.hypot(*(ends[1] - ends[0])) < _NAMED * (limits[0][1] - limits[0][0]):
        return artists
    angle = np.degrees(np.arctan2(*(ends[1] - ends[0])[::-1]))
    place = ends[0] + (0.04, 0.96)[end] * (ends[1] - ends[0])
    artists.append(
        ax.text(
            place[0],
            place[1],
            name,
            ha=("left", "right")[end],
            va="bottom",
            rotation=angle,
            rotation_mode="anchor",
            fontsize=SMALL,
            path_effects=_HALO,
            zorder=6,
            clip_on=True,
        )
    )
    return artists


def _segment(line: Floats, limits: Limits) -> Floats | None:
    """(2, 2): where a line enters and leaves a frame, from the left; None if it does not."""
    weight, bias = line[:2], line[2]
    length = np.hypot(*weight)
    if length == 0:
        return None
    foot = -bias * weight / length**2
    along = np.array([-weight[1], weight[0]]) / length
    low, high = -np.inf, np.inf
    for start, step, (least, most) in zip(foot, along, limits, strict=True):
        if step == 0:
            if not least <= start <= most:
                return None
            continue
        first, last = sorted(((least - start) / step, (most - start) / step))
        low, high = max(low, first), min(high, last)
    if low >= high:
        return None
    ends = foot + np.outer([low, high], along)
    return ends[np.argsort(ends[:, 0])]


def _sum(terms: list[tuple[float, str]]) -> str:
    """Such as "1.25 x1 - 0.50 x2 + 0.10"."""
    words = []
    for number, (factor, name) in enumerate(terms):
        sign = _MINUS if factor < 0 else "+" if number else ""
        space = " " if number and sign else ""
        words.append(f"{sign}{space}{abs(factor):.2f} {name.translate(_SUBSCRIPTS)}".strip())
    return " ".join(words)
