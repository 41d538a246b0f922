"""Labels at curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from neuroninfo.figures.canvas import SMALL

_POINTS: Final = 300
"""Where labels look for a curve, about every other pixel."""

_RINGS: Final = (0.45, 0.8, 1.3, 2.0, 3.0, 4.0, 5.5)
"""Around a point, where its label may stand: distances in lines of text."""

_LED: Final = 1.5
"""From there on, in lines, a label is led to."""

_PAD: Final = 3.0
"""Least distance of a label from any curve or label, in points."""


@dataclass(frozen=True)
class Curve:
    """A curve that a label names and keeps clear of, in data units; x is ascending."""

    text: str
    """Empty: it is kept clear of, but has no label."""
    colour: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """Lower and upper end of the band around y."""
    reference: bool = False
    """Whether it is a level that its text explains rather than a result."""


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


def name_points(
    ax: Axes,
    points: Mapping[str, tuple[float, float]],
    paths: Sequence[NDArray[np.float64]],
    size: float = SMALL,
) -> list[Text]:
    """Write each text beside its point: in the axes, off all other texts, off paths if possible.

    Points that lie upon each other share a text, such as "2, 3".  Of places on rings around a
    point the nearest wins that covers least of the paths; from far off a thin line leads to it.
    The axes' limits must be final.

    Parameters
    ----------
    points
        Text -> x and y.
    paths
        (n, 2) each: what should not be covered.
    size
        Of the letters, in points.
    """
    scale = float(ax.figure.dpi) / 72
    line = size * scale
    frame = ax.get_window_extent()
    clear = np.concatenate([_dense(ax.transData.transform(path), line / 4) for path in paths])
    taken = np.empty((0, 4))
    written: list[Text] = []
    for texts, (x, y) in _together(ax, points, 0.6 * line):
        label = ax.annotate(
            ", ".join(texts),
            points[texts[0]],
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            weight="bold",
            fontsize=size,
            path_effects=[withStroke(linewidth=3, foreground="white")],
            zorder=6,
        )
        box = label.get_window_extent()
        half = np.array([box.width, box.height]) / 2
        rings, angles = np.meshgrid(np.array(_RINGS) * line, np.arange(16) * np.pi / 8)
        away = np.column_stack([np.cos(angles.ravel()), np.sin(angles.ravel())])
        centres = np.array([x, y]) + away * (rings.ravel()[:, None] + half)
        boxes = np.hstack([centres - half, centres + half])
        left, bottom, right, top = boxes.T
        outside = (left < frame.x0) | (bottom < frame.y0) | (right > frame.x1) | (top > frame.y1)
        pad = 0.2 * line  # paths have dots
        inside = (clear > boxes[:, None, :2] - pad) & (clear < boxes[:, None, 2:] + pad)
        covered = inside.all(axis=2).sum(axis=1)
        upon = np.zeros(len(boxes), dtype=bool)
        for x0, y0, x1, y1 in taken:
            beside = (left > x1 + 2) | (right < x0 - 2)
            upon |= ~(beside | (bottom > y1 + 2) | (top < y0 - 2))
        cost = rings.ravel() / line + 0.7 * covered + 1e3 * upon
        best = int(np.argmin(cost + 1e4 * outside))
        taken = np.vstack([taken, boxes[best]])
        label.set_position(tuple((centres[best] - (x, y)) / scale))
        if rings.ravel()[best] > _LED * line:
            ax.annotate(
                "",
                points[texts[0]],
                tuple((centres[best] - (x, y)) / scale),
                textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": "#666666", "shrinkA": size / 2},
            )
        written.append(label)
    return written


def _together(
    ax: Axes, points: Mapping[str, tuple[float, float]], near: float
) -> list[tuple[list[str], tuple[float, float]]]:
    """Groups of texts whose points are close to each other in pixels, and where each group is."""
    groups: list[tuple[list[str], tuple[float, float]]] = []
    for text, point in points.items():
        x, y = map(float, ax.transData.transform(point))
        for texts, (at, height) in groups:
            if np.hypot(x - at, y - height) < near:
                texts.append(text)
                break
        else:
            groups.append(([text], (x, y)))
    return groups


def _dense(path: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Points along a path in pixels, whose neighbours are at most one step apart."""
    along = np.concatenate([[0], np.hypot(*np.diff(path, axis=0).T).cumsum()])
    at = np.linspace(0, along[-1], int(along[-1] / step) + 2)
    return np.column_stack([np.interp(at, along, column) for column in path.T])


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
