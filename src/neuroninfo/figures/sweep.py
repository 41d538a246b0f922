"""Where the talk's claims hold: settings in rows, claims in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS
from neuroninfo.figures.wording import MARKERS
from neuroninfo.results.claims import QUARTER, WHOLE
from neuroninfo.results.curves import layer_number
from neuroninfo.vocabulary import CONDITION, NETWORK

_MEASURE: Final = "mutual_information"
_CLAIMS: Final[Mapping[str, str]] = {
    "C1": "highest first hurts\nless than lowest first",
    "C1a": "highest first hurts\nless than random",
    "C1b": "lowest first hurts\nmore than random",
    "C2a": "highest first hurts\nmore than random",
    "C2b": "lowest first hurts\nless than random",
}
"""Claim -> its words, in two lines above its columns."""
_LOOKS: Final[Mapping[str, tuple[str, str, str]]] = {
    "holds": ("o", COLOURS["ascending"], COLOURS["ascending"]),
    "undecided": ("D", COLOURS["reference"], "white"),
    "fails": ("v", COLOURS["descending"], "white"),
}
"""Verdict -> marker, colour, and what fills the marker."""
_HOLDS: Final = "#CFE3F2"
"""Background of the cells in which a claim holds, which is visible in greyscale too."""
_PANEL: Final = 1.45
"""Width of a column in inches."""
_ROW: Final = 0.25
"""Height of a row in inches."""
_LETTER: Final = 0.094
"""Approximate width of a letter in inches."""
_CELL: Final = ("claim", "scope", "reading")
"""Columns of the table that identify a column of the figure."""


@canvas.styled
def where_claims_hold(claims: pd.DataFrame, sweep: Sequence[Sequence[Mapping[str, Any]]]) -> Figure:
    """Effects with their intervals: a column for each reading of a claim, a row for each setting.

    C1, C1a and C1b are over the whole network, the whole curve and its first quarter, C2a and C2b
    by layer.  The ground of a cell is coloured where the claim holds.

    Parameters
    ----------
    claims
        Of a study, `claims.STUDY_COLUMNS`.
    sweep
        As `study.Study.sweep` gives it.

    Raises
    ------
    ValueError
        A setting is not in the table.
    """
    cells = _cells(claims, sweep)
    columns = sorted(set(cells[list(_CELL)].itertuples(index=False, name=None)), key=_place)
    lines = float(cells["line"].max()) + 1
    seeds = sorted(set(cells["n_seeds"]))
    n_settings = len(set(cells["line"]))
    drawn, axes = canvas.figure(
        len(columns),
        title="Where the talk's claims hold, and where they do not",
        subtitle=f"{wording.counted(n_settings, 'setting')}, {wording.counted(seeds[-1], 'seed')} "
        "per setting; each row names its difference from the reference",
        note=_NOTE,
        panel=_PANEL,
        headed=4,
        columns=len(columns),
        left=0.4 + _LETTER * cells["setting"].str.len().max(),
        gap=0.1,
        height=_ROW * lines,
    )
    values = 100 * cells[["effect", "low", "high"]]
    ends = (float(values.min().min()), float(values.max().max()))
    margin = 0.05 * (ends[1] - ends[0]) or 1.0
    for ax, column in zip(axes, columns, strict=True):
        chosen = cells[(cells[list(_CELL)] == list(column)).all(axis=1)]
        _draw(ax, chosen)
        ax.set_xlim(ends[0] - margin, ends[1] + margin)
        ax.set_title(_title(*column[1:]), loc="left", fontsize=canvas.SMALL)
        ax.set_xlabel(f"{(chosen['verdict'] == 'holds').sum()} of {len(chosen)}", weight="bold")
    _head(axes, columns)
    _name_rows(axes, cells, lines)
    canvas.record(drawn, cells.drop(columns="line"))
    return drawn


def _cells(claims: pd.DataFrame, sweep: Sequence[Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """Rows of the table that are drawn: the ``line`` that each is on, its reference and setting."""
    whole_network = (
        (claims["scope"] == NETWORK)
        & claims["claim"].isin(["C1", "C1a", "C1b"])
        & claims["reading"].isin([WHOLE, QUARTER])
    )
    of_layers = claims["claim"].isin(["C2a", "C2b"]) & claims["scope"].str.startswith("layer-")
    shown = claims[(whole_network | of_layers) & (claims["measure"] == _MEASURE)]
    parts, line = [], 0.0
    for group in sweep:
        reference = wording.of_reference(group[0]["settings"])
        for number, row in enumerate(group):
            line += 1
            names = {key: row[key] for key in (*CONDITION, "quantizer", "replacement")}
            here = shown[(shown[list(names)] == list(names.values())).all(axis=1)]
            if here.empty:
                raise ValueError(
                    f"{'/'.join(names.values())}: not in the table of claims; run the study again"
                )
            setting = wording.of_settings(row["settings"]) if number else "reference"
            parts.append(here.assign(line=line, reference=reference, setting=setting))
        line += 1.5  # the next reference's name stands there
    drawn = [
        *("line", "reference", "setting", *_CELL, *CONDITION, "quantizer", "replacement"),
        *("effect", "low", "high", "n_seeds", "verdict"),
    ]
    return pd.concat(parts, ignore_index=True)[drawn]


def _place(column: Sequence[str]) -> tuple[int, int, bool]:
    """Position of a column among the others."""
    claim, scope, reading = column
    return (
        list(_CLAIMS).index(claim),
        0 if scope == NETWORK else layer_number(scope),
        reading != WHOLE,
    )


def _title(scope: str, reading: str) -> str:
    """The words that distinguish a column from the others of its claim."""
    if scope != NETWORK:
        return wording.of_scope(scope)
    return "whole curve" if reading == WHOLE else "first quarter"


def _draw(ax: Axes, cells: pd.DataFrame) -> None:
    """Dots with bars, each in the look of its verdict, on coloured ground where the claim holds."""
    for verdict, (marker, colour, inside) in _LOOKS.items():
        of_verdict = cells[cells["verdict"] == verdict]
        for cell in of_verdict.itertuples():
            if verdict == "holds":
                ax.axhspan(cell.line - 0.5, cell.line + 0.5, color=_HOLDS, linewidth=0, zorder=0)
            ends = [100 * cell.low, 100 * cell.high]
            ax.plot(ends, [cell.line] * 2, color=colour, linewidth=2)
        ax.plot(
            100 * of_verdict["effect"],
            of_verdict["line"],
            marker,
            color=colour,
            markerfacecolor=inside,
            markersize=6,
        )
    ax.axvline(0, color=COLOURS["reference"], linewidth=1, zorder=1)
    ax.tick_params(axis="y", length=0)


def _head(axes: Sequence[Axes], columns: Sequence[Sequence[str]]) -> None:
    """The claims and their words above the first of their columns."""
    for claim, words in _CLAIMS.items():
        first = next((n for n, column in enumerate(columns) if column[0] == claim), None)
        if first is None:
            continue
        ax = axes[first]
        for text, lift, weight in ((words, 1.35, "normal"), (claim, 3.85, "bold")):
            ax.annotate(
                text,
                (0, 1),
                (0, lift * 1.3 * canvas.SMALL),
                xycoords="axes fraction",
                textcoords="offset points",
                weight=weight,
                va="bottom",
                annotation_clip=False,
            )


def _name_rows(axes: Sequence[Axes], cells: pd.DataFrame, lines: float) -> None:
    """Settings left of the first column; references in bold above theirs, across all columns."""
    named = cells.drop_duplicates("line")
    axes[0].set_yticks(named["line"], named["setting"])
    axes[0].set_ylim(lines - 0.4, -0.6)
    ax = axes[-1]  # which is drawn last
    edge = 0.15 * float(ax.figure.dpi) / ax.figure.bbox.width
    across = blended_transform_factory(ax.figure.transFigure, ax.transData)
    for row in named[named["setting"] == "reference"].itertuples():
        ax.text(
            edge,
            row.line - 1.1,
            row.reference,
            weight="bold",
            va="center",
            transform=across,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )


_NOTE: Final = (
    "Effects in percentage points of mean accuracy over the ablation curve, or its first quarter "
    "of removals, with 95 % intervals over seeds; neurons are removed in the order of mutual "
    "information. Right of 0 is what the talk claims. "
    f"{MARKERS['o']} on coloured ground: the claim holds (the whole interval is above 0); "
    "\N{WHITE DOWN-POINTING TRIANGLE} it fails (the whole interval is below 0); "
    "\N{WHITE DIAMOND} undecided. Below each column: in how many settings it holds. Verdicts are "
    "not corrected for their number. Standardized inputs have another split and another order of "
    "batches."
)
