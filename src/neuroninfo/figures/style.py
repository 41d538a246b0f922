"""What all figures share: colours, sizes, words, labels at the curves, and how they are saved.

Figures are for a projector: no text below 12 pt at the size they are made, colours that
colour-blind people tell apart (Okabe and Ito 2008), names at the curves instead of a legend.
In greyscale some of these colours are one: what no name stands at has a marker or dashes too.
"""

from __future__ import annotations

import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from neuroninfo.files import tables
from neuroninfo.files.storage import written_whole

# Okabe and Ito's blue, vermillion, black and sky blue; greys for what is no result.
COLOURS: Final[Mapping[str, str]] = {
    "ascending": "#0072B2",
    "descending": "#D55E00",
    "random": "#000000",
    "neurons": "#0072B2",
    "violin": "#56B4E9",
    "reference": "#666666",
    "text": "#333333",
}
LAYERS: Final = ("#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#0072B2", "#D55E00")
"""Of the hidden layers: Okabe and Ito's others first."""
MARKERS: Final[Mapping[str, str]] = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚"}
"""Of what stands side by side, one a colour; as matplotlib calls it, and as a letter."""
TITLE, LABEL, SMALL = 17, 14, 12
"""Font sizes in points."""
PANEL: Final = 6.8
"""Width of a single panel in inches: the figure is 8 inches wide."""
_HEIGHT: Final = 3.4
"""Of a panel in one row, in inches."""

_RC: Final[Mapping[str, Any]] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": SMALL,
    "axes.labelsize": LABEL,
    "axes.titlesize": LABEL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["text"],
    "axes.labelcolor": COLOURS["text"],
    "xtick.color": COLOURS["text"],
    "ytick.color": COLOURS["text"],
    "text.color": COLOURS["text"],
    "pdf.fonttype": 42,
}
# matplotlib's defaults first: no user's matplotlibrc changes a figure.
styled: Final = matplotlib.style.context(["default", dict(_RC)])
"""Decorator of every function that makes a figure."""
_SMALL_PRINT: Final = 8
COLUMN: Final[Sequence[str | Mapping[str, Any]]] = (
    "default",
    {
        **_RC,
        **dict.fromkeys(
            ("font.size", "axes.labelsize", "axes.titlesize", "legend.fontsize"), _SMALL_PRINT
        ),
        "axes.linewidth": 0.6,
        "figure.figsize": (84 / 25.4, 60 / 25.4),
        "figure.constrained_layout.use": True,
        "legend.frameon": False,
        "lines.linewidth": 1.2,
        "lines.markersize": 3,
        "savefig.dpi": 600,
    },
)
"""For own figures from the CSV files: a paper's column, 84 mm wide, with text of 8 pt."""
_DPI: Final = 200
_RECORDED: Final[WeakKeyDictionary[Figure, list[pd.DataFrame]]] = WeakKeyDictionary()
_POINTS: Final = 300
"""Where labels look for a curve, about every other pixel."""
_PAD: Final = 3.0
"""Least distance of a label from any curve or label, in points."""

_DATASETS: Final = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "cifar10": "CIFAR-10",
    "digits": "digits (scikit-learn)",
    "icosahedron": "12 bits (icosahedron)",
    "szt": "12 bits (Shwartz-Ziv and Tishby)",
}
_ACTIVATIONS: Final = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "silu": "SiLU"}
_REGULARIZERS: Final = {
    "none": "no regularizer",
    "l1": "L1",
    "l2": "L2",
    "batchnorm": "batch norm",
    "qat": "output bits",
}
_MEASURES: Final = {
    "mutual_information": "mutual information with the class",
    "mutual_information_miller_madow": "mutual information with the class (Miller-Madow)",
    "kl_selectivity": "KL selectivity",
    "active_fraction": "share of examples that switch it on",
    "mean_activation": "mean output",
}
_SHORT: Final = {
    "mutual_information": "mutual information",
    "mutual_information_miller_madow": "Miller-Madow",
    "kl_selectivity": "KL selectivity",
    "active_fraction": "share active",
    "mean_activation": "mean output",
    "incoming_weight_norm": "incoming weights",
    "outgoing_weight_norm": "outgoing weights",
    "taylor": "Taylor",
    "cmim": "CMIM",
    "jmi": "JMI",
    "damage": "damage alone",
    "magnitude_neurons": "magnitude, neurons",
    "magnitude_weights": "magnitude, weights",
}
DIRECTIONS: Final[Mapping[str, str]] = {
    "ascending": "lowest first",
    "descending": "highest first",
    "random": "random",
}
ARROWS: Final[Mapping[str, str]] = {"ascending": "^", "descending": "v", "random": ""}
"""Markers of the directions."""


class FigureError(ValueError):
    """What is to be drawn is not there; the message names the key and the mend."""


def dataset_words(name: str) -> str:
    """A data set for people, such as "FashionMNIST"."""
    return _DATASETS.get(name, name.replace("_", " "))


def condition_words(condition: Mapping[str, Any]) -> str:
    """A condition for people, such as "MNIST, hidden layers 100\N{EN DASH}100, ReLU, dropout"."""
    dataset, activation = dataset_words(condition["dataset"]), condition["activation"]
    activation = _ACTIVATIONS.get(activation, activation.replace("_", " "))
    regularizer = regularizer_words(condition["regularizer"])
    widths = condition["architecture"].replace("-", "\N{EN DASH}")
    layers = "hidden layers" if "-" in condition["architecture"] else "one hidden layer"
    return f"{dataset}, {layers} {widths}, {activation}, {regularizer}"


def regularizer_words(name: str) -> str:
    """A regularizer (or an activation) for people, such as "L2 1e-4"."""
    if name in _ACTIVATIONS:
        return _ACTIVATIONS[name]
    parts = re.split(r"(?<!\de)-", name)  # not within 1e-4
    return " ".join(_REGULARIZERS.get(part, part) for part in parts).replace("_", " ")


def common_words(condition: Mapping[str, Any], varies: str) -> str:
    """A condition for people without the part in which conditions differ."""
    words = condition_words(condition).split(", ")
    place = {"activation": -2, "regularizer": -1}[varies]
    return ", ".join(words[:place] + words[len(words) + place + 1 :])


def cycled(looks: Iterable[str], number: int) -> list[str]:
    """So many colours or markers, over again if there are more things."""
    return list(itertools.islice(itertools.cycle(looks), number))


def measure_words(measure: str) -> str:
    """A variable of ``neurons.nc`` for people."""
    return _MEASURES.get(measure, measure.replace("_", " "))


def short_measure(measure: str) -> str:
    """A measure in as few words as fit beside an axis."""
    return _SHORT.get(measure, measure.replace("_", " "))


def quantizer_words(quantizer: str) -> str:
    """A quantizer for people; empty for ``none``."""
    kind, _, bins = quantizer.partition("-")
    if kind == "none":
        return ""
    return "1-bit threshold" if kind == "threshold" else f"{bins} {kind} bins"


def direction_words(direction: str) -> str:
    """A direction for people, with its marker, such as "▲ lowest first"."""
    return f"{MARKERS.get(ARROWS[direction], '')} {DIRECTIONS[direction]}".strip()


def counted(number: int, what: str) -> str:
    """Such as "1 seed", "20 seeds"."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def figure(
    n_panels: int,
    *,
    title: str,
    subtitle: str,
    note: str,
    panel: float = PANEL,
    headed: bool = False,
    below: int = 2,
    columns: int | None = None,
    shared: bool = True,
    left: float = 0.9,
    height: float | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure with panels.

    Parameters
    ----------
    title, subtitle
        Above the panels, from the left; smaller if they are longer than the figure is wide.
    note
        Below the panels, wrapped.
    panel
        Width of a panel in inches.
    headed
        Whether panels have titles.
    below
        Lines of text below a panel: tick labels and the axis' name.
    columns
        Panels in a row; by default all of up to three, else half of them.
    shared
        Whether panels share their y axis.
    left
        Margin in inches left of the first panel, or of each if they do not share the axis.
    height
        Of a panel in inches.

    Returns
    -------
    Figure, list of Axes
        Margins are fixed, so what is placed by the size of the axes stays right.
    """
    n_columns = columns or (n_panels if n_panels <= 3 else math.ceil(n_panels / 2))
    n_rows = math.ceil(n_panels / n_columns)
    if height is None:
        height = _HEIGHT if n_rows == 1 else 0.8 * _HEIGHT
    line = 1.3 * SMALL / 72
    right, gap = 0.3, 0.45 if shared else left
    above = line + 0.15 if headed else 0.15
    under = 0.15 + below * line
    width = left + right + n_columns * panel + (n_columns - 1) * gap
    lines = textwrap.wrap(note, int((width - 0.3) * 72 / (0.53 * SMALL)))
    top, bottom = 0.85, 0.2 + len(lines) * line
    total = top + n_rows * (above + height + under) + bottom
    drawn = Figure(figsize=(width, total))
    FigureCanvasAgg(drawn)  # texts are measured by it
    grid = drawn.subplots(
        n_rows,
        n_columns,
        sharey=shared,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "top": 1 - (top + above) / total,
            "bottom": (bottom + under) / total,
            "wspace": gap / panel,
            "hspace": (above + under) / height,
        },
    )
    for ax in grid.flat[n_panels:]:
        ax.remove()
    edge = 0.15 / width
    for text, y, size, weight in (
        (title, 0.14, TITLE, "bold"),
        (subtitle, 0.5, LABEL, "normal"),
    ):
        written = drawn.text(edge, 1 - y / total, text, fontsize=size, weight=weight, va="top")
        room = (width - 0.3) * float(drawn.dpi) / written.get_window_extent().width
        written.set_fontsize(max(SMALL, size * min(1, room)))
    drawn.text(
        edge,
        0.12 / total,
        "\n".join(lines),
        fontsize=SMALL,
        linespacing=1.25,
        va="bottom",
        color=COLOURS["reference"],
    )
    return drawn, list(grid.flat[:n_panels])


def record(drawn: Figure, table: pd.DataFrame) -> None:
    """Keep numbers that a figure shows, below those kept before, for `save` to a .csv."""
    _RECORDED.setdefault(drawn, []).append(table)


@styled
def save(drawn: Figure, *paths: str | Path) -> None:
    """Write a figure to each path, whole or not at all; the same figure gives the same bytes.

    To a .csv go the numbers that it shows, as `record` has kept them.

    Raises
    ------
    FigureError
        A path ends neither in .pdf nor in .png nor in .csv, or no numbers were kept.
    """
    # Dates and versions differ between runs that draw the same.
    metadata = {".pdf": {"CreationDate": None, "Producer": None}, ".png": {"Software": None}}
    for path in map(Path, paths):
        if path.suffix == ".csv":
            if drawn not in _RECORDED:
                raise FigureError(f"{path}: what the figure shows was not recorded")
            tables.write(pd.concat(_RECORDED[drawn], ignore_index=True), path)
            continue
        if path.suffix not in metadata:
            raise FigureError(f"{path}: figures are written as .pdf, .png or .csv")
        with written_whole(path) as part:
            drawn.savefig(part, dpi=_DPI, metadata=metadata[path.suffix])


def write_below(ax: Axes, number: int, text: str, colour: str) -> None:
    """A line of text below a panel and its axis' name; lines count from 0."""
    line = 1.3 * SMALL
    ax.annotate(
        text,
        (0, 0),
        (0, -(2.9 + number) * line),
        xycoords="axes fraction",
        textcoords="offset points",
        va="top",
        color=colour,
        weight="bold",
        annotation_clip=False,
    )


@dataclass(frozen=True)
class Interval:
    """A row of `intervals`: a number with the ends of its interval, NaN where there are none."""

    text: str
    colour: str
    mean: float
    low: float
    high: float
    marker: str = "o"


def intervals(ax: Axes, rows: Sequence[Interval], *, level: float = 0.0) -> None:
    """Dots with bars from top to bottom, rows of one text on one line, beside a level.

    Rows without a number stand there without a dot.
    """
    texts = list(dict.fromkeys(row.text for row in rows))
    members = {text: [row for row in rows if row.text == text] for text in texts}
    for line, text in enumerate(texts):
        for number, row in enumerate(members[text]):
            y = line + 0.28 * (number - (len(members[text]) - 1) / 2)
            ax.plot([row.low, row.high], [y, y], color=row.colour, linewidth=2.4)
            ax.plot(row.mean, y, row.marker, color=row.colour, markersize=7)
    ax.axvline(level, color=COLOURS["reference"], linewidth=1, zorder=0)
    ax.set_yticks(range(len(texts)), texts)
    ax.set_ylim(len(texts) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


@dataclass(frozen=True)
class Curve:
    """What a label stands at and keeps clear of, in data units; x ascending."""

    text: str
    """Empty: it is kept clear of, but has no label."""
    colour: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """Of the band around y."""
    reference: bool = False
    """A level that its text explains, rather than a result."""


def label_curves(ax: Axes, curves: Sequence[Curve]) -> list[Text]:
    """Write each curve's text near it, off all curves and off the other labels.

    The axes' limits must be final. Places on a grid are weighed: near to the curve, nearer to
    it than to any other, and where no other result runs close by. If there is no such place,
    a thin line leads from the nearest free one to where the curve is most by itself.
    References come last, along their level.
    """
    if not curves:
        return []
    pad = _PAD * float(ax.figure.dpi) / 72
    bands = np.stack([_in_pixels(ax, curve) for curve in curves])
    results = [i for i, curve in enumerate(curves) if not curve.reference]
    taken = np.empty((0, 4))
    labels = []
    for number in sorted(range(len(curves)), key=lambda i: curves[i].reference):
        curve = curves[number]
        if not curve.text:
            continue
        label = ax.text(
            0,
            0,
            curve.text,
            color=curve.colour,
            fontsize=SMALL,
            weight="bold",
            va="bottom",
            transform=ax.transAxes,
            zorder=10,
        )
        size, frame = label.get_window_extent(), ax.get_window_extent()
        lead = None
        if curve.reference:
            places = _along(frame, size, pad, level=bands[number, 0, 1])
            blocked = places.blocked(bands, taken, pad)
            best = int(np.argmin(np.arange(len(blocked)) + 1e6 * blocked))
        else:
            places = _everywhere(frame, size, pad)
            blocked = places.blocked(bands, taken, pad)
            rivals = bands[[i for i in results if i != number]]
            best, lead = _place(places, blocked, number, bands, rivals, taken)
        box = places.boxes[best]
        label.set_position(_in_axes(ax, box[0], box[1]))
        labels.append(label)
        taken = np.vstack([taken, box])
        if lead is not None:
            taken = np.vstack([taken, np.tile(lead, 2)])
            ax.annotate(
                "",
                xy=_in_axes(ax, *lead[-1]),
                xytext=_in_axes(ax, *lead[0]),
                xycoords="axes fraction",
                textcoords="axes fraction",
                arrowprops={
                    "arrowstyle": "-",
                    "color": curve.colour,
                    "linewidth": 1,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
    return labels


def name_ends(ax: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """Texts right of the ends of their curves, one above the other where these are near.

    The axes' limits must be final; none stands above the axes.

    Parameters
    ----------
    ends
        Text -> x, y and colour of the end.
    """
    points = 72 / float(ax.figure.dpi)
    heights = {
        text: float(ax.transData.transform((x, y))[1]) * points for text, (x, y, _) in ends.items()
    }
    placed = dict(sorted(heights.items(), key=lambda item: item[1]))
    lowest = -np.inf
    for text, height in placed.items():
        lowest = placed[text] = max(height, lowest + SMALL)
    highest = float(ax.get_window_extent().y1) * points
    for text in reversed(placed):
        placed[text] = min(placed[text], highest)
        highest = placed[text] - SMALL
    for text, height in placed.items():
        x, y, colour = ends[text]
        ax.annotate(
            text,
            (x, y),
            (5, height - heights[text] - 4),
            textcoords="offset points",
            color=colour,
            weight="bold",
        )


@dataclass(frozen=True)
class _Places:
    """Boxes of one size on a grid, in pixels; all methods count them row by row."""

    left: NDArray[np.float64]
    bottom: NDArray[np.float64]
    width: float
    height: float

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(boxes, 4): left, bottom, right, top."""
        x, y = (array.ravel() for array in np.meshgrid(self.left, self.bottom))
        return np.column_stack([x, y, x + self.width, y + self.height])

    def squared(self, band: NDArray[np.float64]) -> NDArray[np.float64]:
        """(boxes, points): squared distance to each point of a band, 0 where they meet."""
        x, low, high = band.T[:3]
        left, bottom = self.left[:, None], self.bottom[:, None]
        across = np.maximum(np.maximum(left - x, x - left - self.width), 0) ** 2
        along = np.maximum(np.maximum(bottom - high, low - bottom - self.height), 0) ** 2
        return (along[:, None] + across).reshape(-1, len(x))

    def distance(self, band: NDArray[np.float64]) -> NDArray[np.float64]:
        """(boxes): distance to a band."""
        return np.sqrt(self.squared(band).min(axis=1))

    def blocked(
        self, bands: NDArray[np.float64], taken: NDArray[np.float64], pad: float
    ) -> NDArray[np.bool_]:
        """(boxes): whether a box comes too near to a band or to a box that is taken."""
        blocked = np.min([self.distance(band) for band in bands], axis=0) < 0.99 * pad
        x0, y0, x1, y1 = self.boxes.T
        for left, bottom, right, top in taken:
            beside = (x0 > right + pad) | (x1 < left - pad)
            blocked |= ~(beside | (y0 > top + pad) | (y1 < bottom - pad))
        return blocked


def _place(
    places: _Places,
    blocked: NDArray[np.bool_],
    number: int,
    bands: NDArray[np.float64],
    rivals: NDArray[np.float64],
    taken: NDArray[np.float64],
) -> tuple[int, NDArray[np.float64] | None]:
    """The best place for a result's label, and the points of a line to it if it needs one.

    `rivals` are the bands of the other results.
    """
    band, line = bands[number], places.height
    to_points = places.squared(band)
    nearest = np.sqrt(to_points.min(axis=1))
    if not len(rivals):
        return int(np.argmin(nearest + 1e6 * blocked)), None
    others = np.min([places.distance(b) for b in np.delete(bands, number, axis=0)], axis=0)
    apart = np.abs(rivals[..., 3] - band[:, 3]).min(axis=0)
    crowd = np.maximum(0, line - apart)
    doubt = np.maximum(0, line / 3 - (others - nearest)) + crowd[to_points.argmin(axis=1)]
    best = int(np.argmin(nearest + 2 * doubt + 1e6 * blocked))
    if (doubt[best] < line and not blocked[best]) or apart.max() < line / 4:
        return best, None
    middle = band[:, [0, 3, 3]]  # the line, not its band
    away = np.sqrt(places.squared(middle)) + 3 * crowd
    end = middle[away.argmin(axis=1), :2]
    boxes = places.boxes
    start = np.clip(end, boxes[:, :2], boxes[:, 2:])
    leads = start[:, None] + np.linspace(0, 1, 20)[:, None] * (end - start)[:, None]
    through = np.zeros(len(boxes), dtype=bool)
    for box in taken:
        through |= ((leads >= box[:2]) & (leads <= box[2:])).all(axis=2).any(axis=1)
    best = int(np.argmin(away.min(axis=1) + 1e6 * (blocked | through)))
    return best, leads[best]


def _in_pixels(ax: Axes, curve: Curve) -> NDArray[np.float64]:
    """(points, 4): x, between which y the band is until the next point, and y of the curve."""
    low, high, middle = (
        ax.transData.transform(np.column_stack([curve.x, side])).T
        for side in (np.minimum(curve.low, curve.y), np.maximum(curve.high, curve.y), curve.y)
    )
    x = np.linspace(low[0, 0], low[0, -1], 4 * _POINTS + 1)
    lowest, highest = np.interp(x, *low), np.interp(x, *high)
    # What is between two points counts for the first: no step is jumped over.
    groups = np.arange(0, 4 * _POINTS, 4)
    return np.column_stack(
        [
            x[groups + 2],
            np.minimum.reduce([lowest[groups + i] for i in range(5)]),
            np.maximum.reduce([highest[groups + i] for i in range(5)]),
            np.interp(x[groups + 2], *middle),
        ]
    )


def _along(frame: Bbox, size: Bbox, pad: float, *, level: float) -> _Places:
    """Places along a level, best first: on the side of the nearer edge, then on the other."""
    above, below = level + 1.5 * pad, level - 1.5 * pad - size.height
    sides = (above, below) if level > (frame.y0 + frame.y1) / 2 else (below, above)
    start = frame.x0 + 2 * pad
    left = np.linspace(start, max(start, frame.x1 - size.width), 40)
    return _Places(left, np.array(sides), size.width, size.height)


def _everywhere(frame: Bbox, size: Bbox, pad: float) -> _Places:
    """Places all over the axes."""
    x, y = frame.x0 + pad, frame.y0 + pad
    return _Places(
        np.linspace(x, max(x, frame.x1 - size.width), 56),
        np.linspace(y, max(y, frame.y1 - size.height), 48),
        size.width,
        size.height,
    )


def _in_axes(ax: Axes, x: float, y: float) -> tuple[float, float]:
    """Pixels to shares of the axes, which stay right at any resolution."""
    across, up = ax.transAxes.inverted().transform((x, y))
    return float(across), float(up)
