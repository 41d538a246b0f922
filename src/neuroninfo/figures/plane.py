"""One estimator's information plane: a panel of it, for slides, and over training."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuroninfo.figures import animation, canvas, labels, wording
from neuroninfo.figures.canvas import COLOURS, SLIDE_TEXT, SMALL
from neuroninfo.planes.layers import OUTPUT, SKIPPED
from neuroninfo.results.planes import ERROR, TRUSTED, compression, saturated, trust
from neuroninfo.vocabulary import CONDITION

EPOCHS: Final = colormaps["viridis"]
_SPAN: Final = 0.5
"""Smallest length of an axis in bit, so that mere fluctuations are not magnified."""
_MILLISECONDS: Final = 500
_HOLLOW: Final = f"saturated, or off by more than {ERROR:g} bit"


@dataclass(frozen=True)
class Look:
    """Sizes of a panel."""

    letters: float = SMALL
    dot: float = 30
    """Area in square points."""
    line: float = 1


_SLIDE: Final = Look(SLIDE_TEXT, 130, 2)


def norm_of(planes: Sequence[xr.Dataset]) -> LogNorm:
    """Scale of the colours of epochs (plus 1, so that epoch 0 has a colour)."""
    return LogNorm(1, max(2, max(int(plane["epoch"].max()) for plane in planes) + 1))


def record(drawn: Figure, plane: xr.Dataset, more: Sequence[str] = (), **columns: str) -> None:
    """Keep the estimates of a plane for the figure's CSV, one row each (`canvas.record_dots`)."""
    names = ["mutual_information_input", "mutual_information_label", *more]
    own = plane[names]
    canvas.record_dots(drawn, own.drop_vars(set(own.coords) - set(own.dims)), **columns)


def panel(ax: Axes, own: xr.Dataset, norm: LogNorm) -> None:
    """All layers of one estimator with their names, or the reason why there are none.

    Parameters
    ----------
    own
        ``plane.nc`` of one estimator.
    norm
        As of `norm_of`.
    """
    side_by_side([ax], [own], norm)


def side_by_side(
    axes: Sequence[Axes], owns: Sequence[xr.Dataset], norm: LogNorm, look: Look | None = None
) -> None:
    """A `panel` for each of several planes by one estimator, in the same limits."""
    look = look or Look()
    paths = [lines(ax, own, _hollow(own), norm, look) for ax, own in zip(axes, owns, strict=True)]
    limit(axes)
    for ax, own, path in zip(axes, owns, paths, strict=True):
        name_layers(ax, own, path, look.letters)


def limit(axes: Sequence[Axes]) -> None:
    """The same limits for panels, around all that is drawn."""
    for ax in axes:
        ax.set_xlabel("I(X;T) (bit)")
        ax.set_ylabel("I(Y;T) (bit)")
        ax.margins(0.1)
        ax.autoscale_view()
    if not any(ax.collections for ax in axes):
        for ax in axes:
            ax.set(xticks=[], yticks=[])
        return
    for get, put in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
        ends = np.array([getattr(ax, get)() for ax in axes if ax.collections])
        low, high = ends[:, 0].min(), ends[:, 1].max()
        wider = max(0, _SPAN - (high - low)) / 2
        low, high = low - wider, high + wider
        if low < 0 <= low + (high - low) / 12 + 1e-9:  # only the margin is below 0
            low = -0.04 * high
        for ax in axes:
            getattr(ax, put)(low, high)


def name_layers(
    ax: Axes, own: xr.Dataset, paths: Mapping[str, NDArray[np.float64]], letters: float = SMALL
) -> None:
    """Names of the layers at the ends of their paths; a panel without layers says why."""
    if paths:
        ends = {
            "o" if layer == OUTPUT and letters == SMALL else layer: tuple(path[-1])
            for layer, path in paths.items()
        }
        labels.name_points(ax, ends, list(paths.values()), letters)
        return
    ax.text(
        0.5,
        0.5,
        "no estimate:\n" + "\n".join(textwrap.wrap(reason(own), 30)),
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=letters,
        color=COLOURS["reference"],
    )


def reason(own: xr.Dataset) -> str:
    """Why an estimator has no estimate anywhere in a plane: its most frequent reason."""
    said = Counter(map(str, own["reason"].values.ravel()))
    given = [text for text, _ in said.most_common() if text and text != SKIPPED]
    return given[0] if given else SKIPPED


def doubt(plane: xr.Dataset, estimator: str) -> str:
    """Why no layer of a plane is trusted, in few words; empty if one is."""
    own = plane.sel(estimator=estimator)
    layers = [
        layer
        for layer in map(str, own["layer"].values)
        if bool((own["success"].sel(layer=layer) == 1).any())
    ]
    said = [trust(plane, estimator, layer) for layer in layers]
    if not said or TRUSTED in said:
        return ""
    if set(said) == {"saturated"}:
        return f"saturated: at most {float(own['ceiling_input']):.1f} bit can be said"
    errors = [abs(float(own["bias_input"].sel(layer=layer))) for layer in layers]
    if "saturated" not in said:
        return f"not to be trusted: off by {min(errors):.1f} bit or more"
    return "no layer to be trusted: saturated or off"


@canvas.styled_slide
def plane(found: xr.Dataset, estimator: str, condition: Mapping[str, Any]) -> Figure:
    """The information plane of one estimator as a slide: mean over seeds, every layer's path.

    Parameters
    ----------
    found
        ``plane.nc`` of all seeds.
    estimator
        One of its estimators.
    condition
        Data set, architecture, activation and regularizer by name.
    """
    own = found.sel(estimator=estimator)
    slide = _Slide(own, condition, wording.counted(found.sizes["seed"], "seed"))
    record(slide.drawn, own)
    return slide.until(own.sizes["epoch"])


@canvas.styled_slide
def save_animation(
    found: xr.Dataset, estimator: str, condition: Mapping[str, Any], path: str | Path
) -> None:
    """Write the plane of the first seed as a GIF, a picture for each epoch that was measured.

    The numbers behind the pictures are the rows of that seed in the CSV file of `plane`.
    """
    own = found.sel(estimator=estimator).isel(seed=[0]).sortby("epoch")
    asked = (own["reason"] != SKIPPED).any(["seed", "layer"]).values
    own = own.isel(epoch=asked)
    shown = [f"seed {int(own['seed'][0])}, epoch {epoch:,}" for epoch in own["epoch"].values]
    slide = _Slide(own, condition, shown[-1])
    pictures = (slide.until(number, words) for number, words in enumerate(shown, start=1))
    animation.save(pictures, path, milliseconds=_MILLISECONDS)


@canvas.styled_slide
def plane_activations(
    planes: Sequence[xr.Dataset], estimator: str, conditions: Sequence[Sequence[str]]
) -> Figure:
    """Planes of networks that differ in their activation side by side, as a slide.

    Parameters
    ----------
    planes
        ``plane.nc`` of each condition.
    estimator
        One that all of them have.
    conditions
        Data set, architecture, activation and regularizer of each.
    """
    abouts = [dict(zip(CONDITION, names, strict=True)) for names in conditions]
    owns = [found.sel(estimator=estimator) for found in planes]
    drawn, axes = canvas.slide(
        len(planes),
        title=_title(estimator),
        subtitle=f"{_brief(wording.in_common(abouts[0], 'activation'))}; "
        + wording.counted(max(found.sizes["seed"] for found in planes), "seed"),
        note=_note(any(bool(_hollow(own).any()) for own in owns)),
    )
    norm = norm_of(planes)
    side_by_side(axes, owns, norm, _SLIDE)
    for ax, found, about, own in zip(axes, planes, abouts, owns, strict=True):
        ax.set_title(
            f"{wording.of_regularizer(about['activation'])}\n{_falls(found, estimator, about)}",
            loc="left",
            weight="bold",
        )
        ax.label_outer()
        record(drawn, own, activation=about["activation"])
    _finish(drawn, axes, norm)
    return drawn


class _Slide:
    """A slide of one estimator's plane, drawn up to any epoch in the limits of the whole."""

    def __init__(self, whole: xr.Dataset, condition: Mapping[str, Any], of: str) -> None:
        self.whole, self.hollow, self.norm = whole, _hollow(whole), norm_of([whole])
        self.condition = condition
        estimator = str(whole["estimator"].item())
        judged = whole[["mutual_information_input", "success"]].expand_dims("estimator")
        self.drawn, (self.ax,) = canvas.slide(
            1,
            title=_title(estimator),
            subtitle=self._words(of),
            note=_note(bool(self.hollow.any()), doubt(judged, estimator)),
        )
        lines(self.ax, whole, self.hollow, self.norm, _SLIDE)
        limit([self.ax])
        _finish(self.drawn, [self.ax], self.norm)

    def until(self, number: int, of: str = "") -> Figure:
        """The figure for a number of epochs; the same object, drawn anew."""
        for artist in (*self.ax.lines, *self.ax.collections, *self.ax.texts):
            artist.remove()
        subtitle = self.drawn.texts[1]
        if of and subtitle.get_text():  # a figure for a paper has none
            subtitle.set_text(self._words(of))
        shown = self.whole.isel(epoch=slice(0, number))
        paths = lines(self.ax, shown, self.hollow, self.norm, _SLIDE)
        name_layers(self.ax, self.whole, paths, SLIDE_TEXT)
        return self.drawn

    def _words(self, of: str) -> str:
        return f"{_brief(wording.of_condition(self.condition))}; {of}"


def _note(hollow: bool, why: str = "") -> str:
    """One line that explains numbers and hollow dots, if there are any."""
    return "Numbers: hidden layers." + f" Hollow: {why or _HOLLOW}." * hollow


def _brief(condition: str) -> str:
    """A condition in few words, so that they fit on a slide."""
    return condition.replace("hidden layers ", "").removesuffix(", no regularizer")


def _title(estimator: str) -> str:
    return f"Information plane: {wording.of_estimator(estimator, whose=False)}"


def _falls(found: xr.Dataset, estimator: str, about: Mapping[str, Any]) -> str:
    """How many layers compress, in few words."""
    table = compression(found.sel(estimator=[estimator]), about)
    falling = int((table["verdict"] == "compresses").sum())
    if falling:
        return f"{falling} of {len(table)} compress"
    return "not to be trusted" if doubt(found, estimator) else "no compression"


def _finish(drawn: Figure, axes: Sequence[Axes], norm: LogNorm) -> None:
    """The scale of epochs to the right of the panels, with few ticks."""
    for ax in axes:
        ax.locator_params(nbins=4 if len(axes) > 1 else 6)
    box = axes[-1].get_position()
    beside = drawn.add_axes((box.x1 + 0.025, box.y0, 0.022, 0.86 * box.height))
    epoch_bar(drawn, beside, norm, SLIDE_TEXT)


def epoch_bar(drawn: Figure, ax: Axes, norm: LogNorm, letters: float = SMALL) -> None:
    """The scale of epochs in axes of its own."""
    upright = ax.get_window_extent().height > ax.get_window_extent().width
    bar = drawn.colorbar(
        ScalarMappable(norm, EPOCHS), cax=ax, orientation="vertical" if upright else "horizontal"
    )
    last = round(norm.vmax or 2) - 1
    bar.set_ticks([1, last + 1], labels=["0", f"{last:,}"])
    bar.ax.minorticks_off()
    bar.ax.set_title("epoch", fontsize=letters, pad=3 if not upright else 8)


def lines(
    ax: Axes, own: xr.Dataset, hollow: xr.DataArray, norm: LogNorm, look: Look
) -> dict[str, NDArray[np.float64]]:
    """All layers of one estimator; by layer the path of the mean over seeds with estimates."""
    paths = {}
    for layer in map(str, own["layer"].values):
        marks = hollow.sel(layer=layer, epoch=own["epoch"]).values
        path = _line(ax, own.sel(layer=layer), marks, norm, look)
        if len(path):
            paths[layer] = path
    return paths


def _hollow(own: xr.Dataset) -> xr.DataArray:
    """(layer, epoch) of one estimator: whether the mean over seeds is not to be trusted."""
    name = str(own["estimator"].item())
    whole = own[["mutual_information_input"]].expand_dims("estimator")
    full = saturated(whole).isel(estimator=0).mean("seed") > 0.5
    layers = own["layer"].values
    there = own["success"].max(["seed", "epoch"]) == 1
    bad = [trust(whole, name, str(layer)) != TRUSTED for layer in layers]
    return ((full | xr.DataArray(bad, dims="layer")) & there).transpose("layer", "epoch")


def _line(
    ax: Axes, own: xr.Dataset, hollow: NDArray[np.bool_], norm: LogNorm, look: Look
) -> NDArray[np.float64]:
    """One layer: all seeds, and the mean of those that have an estimate (epochs, 2)."""
    x = own["mutual_information_input"].transpose("seed", "epoch").values
    y = own["mutual_information_label"].transpose("seed", "epoch").values
    there = ~np.isnan(x)
    some = there.any(axis=0)
    if not some.any():
        return np.empty((0, 2))
    if len(x) > 1:
        of_seeds = [  # one artist for all of them, which takes less memory than one each
            np.column_stack([of_x[at], of_y[at]])
            for of_x, of_y, at in zip(x, y, there, strict=True)
        ]
        ax.add_collection(
            LineCollection(
                of_seeds,
                color=COLOURS["reference"],
                alpha=0.25,
                linewidth=0.7 * look.line,
                capstyle="projecting",
                joinstyle="round",
                zorder=1,
            )
        )
    mean_x, mean_y = (np.nanmean(values[:, some], axis=0) for values in (x, y))
    colours = EPOCHS(norm(own["epoch"].values[some] + 1))
    ax.plot(mean_x, mean_y, color=COLOURS["text"], linewidth=look.line, zorder=2)
    faces = np.where(hollow[some][:, None], 1.0, colours)
    edges = np.where(hollow[some][:, None], colours, 1.0)
    ax.scatter(
        mean_x, mean_y, c=faces, s=look.dot, zorder=3, edgecolor=edges, linewidth=1.2 * look.line
    )
    return np.column_stack([mean_x, mean_y])
