"""What all figures share: colours, sizes, panels, intervals, and how they are saved."""

from __future__ import annotations

import io
import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary, WeakSet

import matplotlib.style
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox
from PIL import Image

from neuroninfo.figures import wording
from neuroninfo.files import tables
from neuroninfo.files.seeds import slices
from neuroninfo.files.storage import written_whole
from neuroninfo.results.curves import layer_number

_Look = TypeVar("_Look")

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
"""Colours of the hidden layers: first those of Okabe and Ito that have no other use."""

TITLE, LABEL, SMALL = 17, 14, 12
"""Font sizes in points."""

PANEL: Final = 6.8
"""Width of a single panel in inches: the figure is 8 inches wide."""

_HEIGHT: Final = 3.4
"""Height of a panel in one row, in inches."""

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

SLIDE: Final = (10.0, 5.625)
"""Inches of a slide of 16:9: a figure that fills it."""

SLIDE_TITLE, SLIDE_TEXT = 26, 18
"""Font sizes in points on a slide: at least an eighteenth of its height can be read at the back
of a room, and in a column of 84 mm they are 6 points."""

# The same fonts and colours as of all figures, larger.
styled_slide: Final = matplotlib.style.context(
    [
        "default",
        {
            **_RC,
            "font.size": SLIDE_TEXT,
            "axes.labelsize": SLIDE_TEXT,
            "axes.titlesize": SLIDE_TEXT,
            "axes.linewidth": 1.4,
        },
    ]
)
"""Decorator of every function that makes a slide."""

_PRINT: Final = 8
"""Points of the smallest text in a paper."""

_NARROWEST: Final = 2.8
"""Inches of a panel in a paper."""
_MOST: Final = 4
"""Panels in a column of a paper; more have the width of the page."""

_PAPER: Final[ContextVar[tuple[float, float] | None]] = ContextVar("paper", default=None)
"""Inches of one and of two columns, such that text of `SMALL` is printed at `_PRINT`."""


@contextmanager
def paper(column_mm: float = 84, page_mm: float = 174) -> Iterator[None]:
    """Make figures for a paper: without title, subtitle and note, which its caption has.

    A figure is as wide as a column if its panels have room there, else as the page, and panels
    stand below each other where they have to. Include the PDF at the width of the column or of
    the page, and its smallest text is printed at 8 points.

    Parameters
    ----------
    column_mm, page_mm
        Widths in print in millimetres.

    Raises
    ------
    ValueError
        A width is below 60 mm.

    Examples
    --------
    >>> with canvas.paper():
    ...     drawn = ablation_layers(curves, condition)
    >>> canvas.save(drawn, "ablation.pdf")
    """
    if min(column_mm, page_mm) < 60:
        raise ValueError(f"{column_mm} and {page_mm} mm: a column has at least 60 mm")
    scale = SMALL / _PRINT / 25.4
    before = _PAPER.set((scale * column_mm, scale * page_mm))
    try:
        yield
    finally:
        _PAPER.reset(before)


_FOR_PAPER: Final[WeakSet[Figure]] = WeakSet()

_DPI: Final = 200
_WIDEST: Final = 2200
"""Pixels of a wide figure: more than a projector has."""
_COLOURS: Final = 256
"""Colours of a PNG: a palette takes a third of the space, and no change can be seen."""

_TABLE_BYTES: Final = 2 * 2**20
"""Bytes of the numbers in a piece of a table, whose text takes thirty times as much (chosen)."""

_Pieces = Callable[[], Iterator[pd.DataFrame]]
_RECORDED: Final[WeakKeyDictionary[Figure, list[_Pieces]]] = WeakKeyDictionary()
"""Functions that give the tables of figures: long tables are never in memory as a whole."""


def looks(number: int) -> list[tuple[str, str]]:
    """Colours and markers for a number of layers, or of other things side by side."""
    return list(zip(cycled(LAYERS, number), cycled(wording.MARKERS, number), strict=True))


def layer_colours(scopes: Iterable[str]) -> dict[str, str]:
    """Scope -> colour of the layers among some scopes, in the order of their numbers."""
    layers = sorted({scope for scope in scopes if scope.startswith("layer-")}, key=layer_number)
    return dict(zip(layers, cycled(LAYERS, len(layers)), strict=True))


def cycled(looks: Iterable[_Look], number: int) -> list[_Look]:
    """A number of colours or markers, repeated from the first one if there are too few."""
    return list(itertools.islice(itertools.cycle(looks), number))


def columns_of(n_panels: int) -> int:
    """Number of panels per row, at most 4, chosen so that no panel stands alone in the last row."""
    if n_panels <= 3:
        return n_panels
    if n_panels == 4:
        return 2
    return min((3, 4), key=lambda columns: (n_panels % columns == 1, -n_panels % columns))


def figure(
    n_panels: int,
    *,
    title: str,
    subtitle: str,
    note: str,
    panel: float = PANEL,
    headed: int = False,
    below: int = 2,
    between: int | None = None,
    columns: int | None = None,
    shared: bool = True,
    left: float = 0.9,
    gap: float = 0.45,
    height: float | None = None,
    legend: Sequence[Line2D] = (),
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
        Whether panels have titles, or how many lines of text stand above them.
    below
        Lines of text below a panel: tick labels and the axis' name.
    between
        The same of panels that have others below them, if these need less.
    columns
        Panels in a row; by default all of up to three, else half of them.
    shared
        Whether panels share their y axis.
    left
        Margin in inches left of the first panel, or of each if they do not share the axis.
    gap
        Between panels that share the axis, in inches.
    height
        Of a panel in inches.
    legend
        Of all panels: lines with their labels, one below the other above the note.

    Returns
    -------
    Figure, list of Axes
        Margins are fixed, so what is placed by the size of the axes stays right.
    """
    n_columns = columns or (n_panels if n_panels <= 3 else math.ceil(n_panels / 2))
    right, gap = 0.3, gap if shared else left
    for_paper = _PAPER.get()
    if for_paper is not None:
        column, page = (whole - left - right + gap for whole in for_paper)
        room = column if column - gap >= _NARROWEST and n_panels <= _MOST else page
        n_columns = max(1, min(n_columns, int(room / (min(panel, _NARROWEST) + gap))))
        narrowed = (room / n_columns - gap) / panel
        panel = narrowed * panel
        if height is not None:
            height = min(height, max(narrowed * height, 0.6 * panel))
    n_rows = math.ceil(n_panels / n_columns)
    if height is None:
        height = _HEIGHT if n_rows == 1 else 0.8 * _HEIGHT
    line = 1.3 * SMALL / 72
    above = headed * line + 0.15
    under = 0.15 + below * line
    inside = under if between is None else 0.15 + between * line
    width = left + right + n_columns * panel + (n_columns - 1) * gap
    letters = int((width - 0.3) * 72 / (0.53 * SMALL))
    lines, top, noted = textwrap.wrap(note, letters), 0.85, 0.2
    if for_paper is not None:
        title = subtitle = ""
        lines, top, noted = [], 0.0, 0.0
    entries = [textwrap.wrap(str(entry.get_label()), letters - 6) for entry in legend]
    noted += len(lines) * line
    bottom = noted + 1.1 * sum(map(len, entries)) * line
    total = top + n_rows * (above + height + inside) - inside + under + bottom
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
            "hspace": (above + inside) / height,
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
        fitting = (width - 0.3) * float(drawn.dpi) / max(written.get_window_extent().width, 1)
        written.set_fontsize(max(SMALL, size * min(1, fitting)))
    drawn.text(
        edge,
        0.12 / total,
        "\n".join(lines),
        fontsize=SMALL,
        linespacing=1.25,
        va="bottom",
        color=COLOURS["reference"],
    )
    if legend:
        drawn.legend(
            handles=legend,
            labels=["\n".join(entry) for entry in entries],
            loc="lower left",
            bbox_to_anchor=(edge, noted / total),
            fontsize=SMALL,
            frameon=False,
            labelspacing=0.25,
            borderpad=0,
            borderaxespad=0,
        )
    if for_paper is not None:
        _FOR_PAPER.add(drawn)
    return drawn, list(grid.flat[:n_panels])


def slide(n_panels: int, *, title: str, subtitle: str, note: str) -> tuple[Figure, list[Axes]]:
    """A slide of 16:9 with panels side by side that share both axes, and room right of them.

    Parameters
    ----------
    title, subtitle
        Above the panels; smaller, if they have to be, down to `SLIDE_TEXT`.
    note
        One line below them.

    Returns
    -------
    Figure, list of Axes
        Margins are fixed.
    """
    width, height = SLIDE
    above, under = 1.0, 1.15
    if _PAPER.get() is not None:
        title = subtitle = note = ""
        height, above, under = height - 1.1, 0.2, 0.85
    drawn = Figure(figsize=(width, height))
    FigureCanvasAgg(drawn)  # texts are measured by it
    grid = drawn.subplots(
        1,
        n_panels,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw={
            "left": 1.25 / width,
            "right": 1 - 1.5 / width,
            "top": 1 - (above + 0.75 * (n_panels > 1)) / height,
            "bottom": under / height,
            "wspace": 0.08,
        },
    )
    room = (width - 0.3) * float(drawn.dpi)
    for text, y, size, weight in (
        (title, 0.12, SLIDE_TITLE, "bold"),
        (subtitle, 0.58, SLIDE_TEXT, "normal"),
    ):
        written = drawn.text(
            0.15 / width, 1 - y / height, text, fontsize=size, weight=weight, va="top"
        )
        share = min(1, room / max(written.get_window_extent().width, 1))
        written.set_fontsize(max(SLIDE_TEXT, size * share))
    drawn.text(0.15 / width, 0.1 / height, note, fontsize=SLIDE_TEXT, color=COLOURS["reference"])
    for ax in grid.flat:
        ax.tick_params(labelsize=SLIDE_TEXT)  # ticks are made when they are drawn
    return drawn, list(grid.flat)


def head(
    ax: Axes, title: str, entries: Sequence[tuple[str, str, str]] = (), *, lines: int, size: float
) -> None:
    """The title of a panel above its legend, and both above the panel.

    Parameters
    ----------
    entries
        Words, colour and marker of each thing that is drawn.
    lines
        Of the legend: panels beside this one have their titles as high.
    size
        Of the title's letters, in points.
    """
    ax.set_title(title, loc="left", weight="bold", fontsize=size, pad=6 + lines * 1.4 * SMALL)
    if not entries:
        return
    handles = [
        Line2D([], [], marker=marker, linestyle="", color=colour, label=words)
        for words, colour, marker in entries
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=math.ceil(len(handles) / lines),
        fontsize=SMALL,
        frameon=False,
        handletextpad=0.1,
        handlelength=1,
        columnspacing=0.8,
        labelspacing=0.2,
        borderpad=0,
        borderaxespad=0.3,
    )


def record(drawn: Figure, table: pd.DataFrame) -> None:
    """Keep numbers that a figure shows, below those kept before, for `save` to a .csv."""
    _RECORDED.setdefault(drawn, []).append(lambda: iter([table]))


def record_dots(drawn: Figure, dots: xr.Dataset, columns: Sequence[str] = (), **more: str) -> None:
    """Like `record`, for one or more numbers per neuron and seed; the table is made when written.

    Parameters
    ----------
    drawn
        The figure.
    dots
        (seed, neuron).
    columns
        Those that are kept, default all.
    more
        Further columns, the same in all rows.
    """

    def pieces() -> Iterator[pd.DataFrame]:
        for (part,) in slices(dots, most=_TABLE_BYTES):
            table = part.to_dataframe().reset_index()
            yield table[list(columns or table.columns)].assign(**more)

    _RECORDED.setdefault(drawn, []).append(pieces)


def _recorded(drawn: Figure) -> Iterator[pd.DataFrame]:
    """The recorded tables piece by piece, all with the columns and types of the whole."""
    heads = [next(pieces()).iloc[:0] for pieces in _RECORDED[drawn]]
    whole = pd.concat(heads, ignore_index=True)
    for pieces in _RECORDED[drawn]:
        for piece in pieces():
            yield piece.reindex(columns=whole.columns).astype(whole.dtypes)


@styled
def save(drawn: Figure, *paths: str | Path) -> None:
    """Write a figure to each path, whole or not at all; the same figure gives the same bytes.

    To a .csv go the numbers that it shows, as `record` has kept them.

    Raises
    ------
    ValueError
        A path ends neither in .pdf nor in .png nor in .csv, or no numbers were kept.
    """
    # Dates and versions differ between runs that draw the same.
    metadata = {"CreationDate": None, "Producer": None}
    box = None
    if drawn in _FOR_PAPER:  # words can be longer than what they stand at: the page grows
        box = Bbox.union([drawn.bbox_inches, drawn.get_tightbbox()])
    for path in map(Path, paths):
        if path.suffix == ".csv":
            if drawn not in _RECORDED:
                raise ValueError(f"{path}: what the figure shows was not recorded")
            tables.write(_recorded(drawn), path)
            continue
        if path.suffix not in (".pdf", ".png"):
            raise ValueError(f"{path}: figures are written as .pdf, .png or .csv")
        with written_whole(path) as part:
            if path.suffix == ".png":
                _save_png(drawn, part, box)
            else:
                drawn.savefig(part, dpi=_DPI, metadata=metadata, bbox_inches=box)


def _save_png(drawn: Figure, path: Path, box: Bbox | None) -> None:
    """A picture with a palette: a report holds all figures of a study in one file."""
    dpi = min(_DPI, _WIDEST / drawn.get_figwidth())
    pixels = io.BytesIO()
    raw = {"compress_level": 0}
    drawn.savefig(pixels, dpi=dpi, format="png", bbox_inches=box, pil_kwargs=raw)
    picture = Image.open(pixels).convert("RGB")
    reduced = picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(path, format="png", dpi=(dpi, dpi), compress_level=6)


def label_left(axes: Sequence[Axes], text: str) -> None:
    """Name the y axis of panels that share it, at the left end of each row."""
    for ax in axes:
        if ax.get_position().x0 == axes[0].get_position().x0:
            ax.set_ylabel(text)


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
class Row:
    """A row of `intervals`: a number with the ends of its interval (NaN if it has none)."""

    text: str
    colour: str
    mean: float
    low: float
    high: float
    marker: str = "o"
    filled: bool = True


def intervals(ax: Axes, rows: Sequence[Row], *, level: float = 0.0) -> None:
    """Dots with bars from top to bottom, rows of one text on one line, beside a level.

    Rows without a number stand there without a dot.
    """
    texts = list(dict.fromkeys(row.text for row in rows))
    members = {text: [row for row in rows if row.text == text] for text in texts}
    for line, text in enumerate(texts):
        for number, row in enumerate(members[text]):
            y = line + 0.28 * (number - (len(members[text]) - 1) / 2)
            ax.plot([row.low, row.high], [y, y], color=row.colour, linewidth=2.4)
            inside = row.colour if row.filled else "white"
            ax.plot(row.mean, y, row.marker, color=row.colour, markerfacecolor=inside, markersize=7)
    ax.axvline(level, color=COLOURS["reference"], linewidth=1, zorder=0)
    ax.set_yticks(range(len(texts)), texts)
    ax.set_ylim(len(texts) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
