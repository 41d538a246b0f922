"""Intervals of seeds of one split beside those of networks with a split each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.canvas import COLOURS, Row
from neuroninfo.figures.wording import MARKERS
from neuroninfo.results.splits import summary

_PANEL: Final = 5.0
"""Width of a panel in inches."""
_ROW: Final = 0.5
"""Height of a row in inches."""
_WORDS: Final = {
    "C1": "highest first less lowest first",
    "C1a": "highest first less random",
    "C1b": "random less lowest first",
    "C2a": "random less highest first",
    "C2b": "lowest first less random",
    "C3": "mutual information differs",
    "C5": "selectivity and cost alone",
}
"""Claim -> its effect, in a line beside its row."""
_LOOKS: Final = (
    ("half_one_split", COLOURS["ascending"], "o", "seeds of one split"),
    ("half_own_splits", COLOURS["descending"], "s", "a split each"),
)
"""Column of half an interval, colour, marker, words."""
_FACTOR: Final = "how many times as wide {} is as {}".format(*(MARKERS[m] for m in "so"))
_TICKS: Final = (1, 1.5, 2, 3, 5, 10, 20, 50, 100)
_BARS: Final = 0.6
"""Share of the width of a panel of factors that bars may take; numbers are to their right."""


@canvas.styled
def splits(table: pd.DataFrame, condition: Mapping[str, Any]) -> Figure:
    """Effects of the primary readings with both intervals, and the factor between these.

    A row of panels for each regularizer.  Effects on accuracy are drawn in points; those of C3 and
    C5, which have no unit, are written.

    Parameters
    ----------
    table
        As `splits.across_splits` gives it, of one architecture and activation.
    condition
        Data, architecture and activation by name; a regularizer, which is not read.
    """
    shown = table[table["family"] == "primary"]
    regularizers = list(dict.fromkeys(shown["regularizer"]))
    texts = list(dict.fromkeys(map(_text, shown["claim"], shown["scope"])))
    first = shown.iloc[0]
    n_splits, n_seeds = int(first["n_splits"]), int(first["n_seeds"])
    drawn, axes = canvas.figure(
        2 * len(regularizers),
        title="How intervals change if every network has a split of its own",
        subtitle=f"{wording.in_common(condition, 'regularizer')}; {n_splits} splits, "
        f"{wording.counted(n_seeds, 'seed')} of each",
        note=_note(table, n_splits, n_seeds),
        panel=_PANEL,
        headed=2,
        columns=2,
        left=3.0,
        height=_ROW * len(texts),
    )
    for number, regularizer in enumerate(regularizers):
        effects, factors = axes[2 * number : 2 * number + 2]
        own = shown[shown["regularizer"] == regularizer]
        rows = own.set_index([pd.Index(map(_text, own["claim"], own["scope"]))]).reindex(texts)
        _effects(effects, rows)
        _factors(factors, rows, float(shown["factor_high"].max()))
        name = wording.of_regularizer(regularizer)
        marks = "   ".join(f"{MARKERS[marker]} {words}" for *_, marker, words in _LOOKS)
        for ax, words in ((effects, f"{name}\n{marks}"), (factors, _FACTOR)):
            ax.set_title(words, loc="left", fontsize=canvas.SMALL, weight="bold")
    canvas.record(drawn, shown)
    return drawn


def _text(claim: str, scope: str) -> str:
    """The name of a row, in two lines."""
    return f"{claim}, {wording.of_scope(scope)}\n{_WORDS[claim]}"


def _effects(ax: Axes, own: pd.DataFrame) -> None:
    """Both intervals around each effect on accuracy; the numbers of the others as text."""
    rows, written = [], []
    for line, (text, row) in enumerate(own.iterrows()):
        drawn = row["unit"] == "accuracy"
        for column, colour, marker, _ in _LOOKS:
            effect, half = (100 * row[["effect", column]].astype(float)) if drawn else (np.nan,) * 2
            rows.append(Row(str(text), colour, effect, effect - half, effect + half, marker))
        if not drawn and np.isfinite(row["effect"]):
            halves = " or ".join(f"\N{PLUS-MINUS SIGN}{row[column]:.3f}" for column, *_ in _LOOKS)
            written.append(
                (line, f"{row['effect']:.3f}, {halves} (no unit)".replace("-", "\N{MINUS SIGN}"))
            )
    canvas.intervals(ax, rows)
    for line, words in written:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # over the line at 0
        ax.text(0.02, line, words, va="center", transform=ax.get_yaxis_transform(), bbox=box)
    ax.set_xlabel("difference of mean accuracy (points)")


def _factors(ax: Axes, own: pd.DataFrame, highest: float) -> None:
    """The factor by which the second interval is wider, on a logarithmic axis and in numbers."""
    most = 1.1 * min(max(highest, _TICKS[1]), _TICKS[-1])
    factors = own[["factor", "factor_low", "factor_high"]].astype(float)
    rows = []
    for text, row in zip(own.index, factors.to_numpy(), strict=True):
        factor, low, high = np.minimum(row, most)
        rows.append(Row(str(text), COLOURS["random"], factor, low, high, marker="D"))
    canvas.intervals(ax, rows, level=1)
    for line, (factor, low, high) in enumerate(factors.to_numpy()):
        if not np.isnan(low):
            words = f"{factor:.2f} ({low:.2f} to {high:.2f})"
            ax.text(0.99, line, words, va="center", ha="right", transform=ax.get_yaxis_transform())
    ax.set_xscale("log")
    ax.set_xlim(0.97, most ** (1 / _BARS))
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick <= most]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("factor, 95 % interval")


def _note(table: pd.DataFrame, n_splits: int, n_seeds: int) -> str:
    (_, _, one, first), (_, _, other, second) = _LOOKS
    return (
        f"{MARKERS[one]} {first}, {MARKERS[other]} {second}: the 95 % interval of the mean "
        f"effect of {n_seeds} networks. In the first case all of them share one split and one "
        "order of batches, in the second each has its own. Both use the standard deviations "
        f"within and between {n_splits} splits (one-way random-effects analysis of variance). A "
        "factor of 1.00 means that no spread between splits was found beyond that of the seeds. "
        f"{summary(table)} Splits are drawn from the same examples; neither interval covers the "
        "effect of other data."
    )
