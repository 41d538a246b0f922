"""How much an order matters: the mean accuracy over its curve against that of random orders.

With G(o) the mean accuracy on test over the whole curve of order o, removing the highest first
is worth G(random) - G(descending) (what it costs more than random), removing the lowest first
G(ascending) - G(random) (what it costs less): of a good measure both are large.

Measures are compared within seeds: an effect less that of mutual information in the same network,
with the interval of this paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.results.curves import (
    errors_of_draws,
    mean_accuracy,
    ordered_by,
    replacements,
)
from neuroninfo.results.statistics import interval_columns, interval_row, mean_over_seeds
from neuroninfo.vocabulary import CONDITION, RANDOM, ZERO, condition_names

EFFECTS: Final[Mapping[str, tuple[str, str]]] = {
    "descending": (RANDOM, "descending"),
    "ascending": ("ascending", RANDOM),
}
"""Direction -> orders (a, b) of the effect G(a) - G(b)."""
KEY: Final = (
    *CONDITION,
    *("orderings", "scope", "measure", "quantizer", "direction", "replacement"),
)
"""Columns that identify a row of the table."""
COLUMNS: Final[Mapping[str, type]] = {**dict.fromkeys(KEY, str), **interval_columns("effect")}
"""Columns of the table of replacements."""
COMPARED: Final = "mutual_information"
"""Measure whose first order in a set all others are compared with."""
EFFECT_COLUMNS: Final[Mapping[str, type]] = {
    **COLUMNS,
    **dict.fromkeys(("difference", "difference_low", "difference_high"), float),
}
"""Columns of the table of effects, which has paired differences from the effect of `COMPARED`."""


def effects(
    ablations: Mapping[str, Mapping[str, xr.Dataset]],
    condition: Mapping[str, Any],
) -> pd.DataFrame:
    """Effect of every measure, direction and replacement of each set, against random orders.

    Parameters
    ----------
    ablations
        Set of orderings -> scope -> `curves.areas` of the group of ``ablation-<set>.nc``.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `EFFECT_COLUMNS`, effects in accuracy; a direction that the set has not, or a set without
        random orders, has no rows. Differences are NaN in the rows of the order compared with and
        in sets without one.
    """
    rows = []
    for about, group in _groups(ablations, condition):
        by = ordered_by(group)
        compared = next((pair for pair in by if pair[0] == COMPARED), None)
        for replacement in dict.fromkeys(map(str, group["replacement"].values)):
            means = {pair: mean_accuracy(group, *pair, replacement) for pair in by}
            for pair, g in means.items():
                for direction, (more, less) in EFFECTS.items():
                    if not {more, less} <= set(g):
                        continue
                    key = (*about, *pair, direction, replacement)
                    effect = g[more] - g[less]
                    paired = mean_over_seeds(())
                    if compared not in (None, pair) and {more, less} <= set(means[compared]):
                        reference = means[compared]
                        paired = mean_over_seeds(effect - (reference[more] - reference[less]))
                    differences = (paired.mean, paired.low, paired.high)
                    names = ("difference", "difference_low", "difference_high")
                    rows.append(_row(key, effect) | dict(zip(names, differences, strict=True)))
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def replaced(
    ablations: Mapping[str, Mapping[str, xr.Dataset]],
    condition: Mapping[str, Any],
) -> pd.DataFrame:
    """G with ablated neurons at another replacement minus G with them at zero, in the same orders.

    Parameters as of `effects`.

    Returns
    -------
    DataFrame
        `COLUMNS`; ``direction`` may be ``random`` (of the first measure), ``replacement`` is
        ``mean - zero`` or so.  A set without zero, or with nothing else, has no rows. Where the
        replacement is drawn the note has the standard error of its draws, as a root mean square
        over seeds.
    """
    rows = []
    for about, group in _groups(ablations, condition):
        others = [name for name in replacements(group) if name != ZERO]
        for number, (measure, quantizer) in enumerate(ordered_by(group)):
            zero = mean_accuracy(group, measure, quantizer)
            for name in others:
                other = mean_accuracy(group, measure, quantizer, name)
                errors = errors_of_draws(group, measure, quantizer, name)
                for direction in zero:
                    if direction not in other or (direction == RANDOM and number > 0):
                        continue
                    key = (*about, measure, quantizer, direction, f"{name} - zero")
                    error = errors.get(direction)
                    note = "" if error is None else f"standard error of the draws {error:.2g}"
                    rows.append(_row(key, other[direction] - zero[direction], note))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def of_sets(table: pd.DataFrame, sets: Sequence[str]) -> pd.DataFrame:
    """Rows of some sets of orderings, in the order of the sets.

    Raises
    ------
    ValueError
        The table has no row of one of them.
    """
    by_set = [table[table["orderings"] == name] for name in sets]
    for name, rows in zip(sets, by_set, strict=True):
        if rows.empty:
            raise ValueError(
                f"no row of the set {name}: give it `random` of 1 or more, and replacements beside "
                "zero where these are compared"
            )
    return pd.concat(by_set, ignore_index=True)


def _groups(
    ablations: Mapping[str, Mapping[str, xr.Dataset]], condition: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], xr.Dataset]]:
    """First values of `KEY`, up to the scope, and the `areas` of each set and scope."""
    names = condition_names(condition).values()
    for orderings, ablation in ablations.items():
        for scope, group in ablation.items():
            yield (*names, orderings, scope), group


def _row(key: Sequence[str], by_seed: NDArray[np.float64], note: str = "") -> dict[str, Any]:
    """One row of a table; `key` has the values of `KEY`."""
    interval = mean_over_seeds(by_seed)
    what = dict(zip(KEY, key, strict=True))
    return interval_row(what, "effect", interval, len(by_seed), note)
