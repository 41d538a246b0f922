"""Which class loses its accuracy when the neurons that are most informative about it are ablated.

With A_o,y(k) the share of the test examples of class y that are classified correctly after k
removals in order o, and G(o, y) its mean over k, the order of class c costs class y
G(random, y) - G(c, y): what it loses beyond what random orders cost it.  The claim is that the
order of a class costs that class more than it costs the mean of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.seeds import slices
from neuroninfo.results.curves import PART_OF_CURVE
from neuroninfo.results.statistics import (
    interval_columns,
    interval_row,
    mean_over_seeds,
    rank_correlation,
)
from neuroninfo.vocabulary import CONDITION, RANDOM, condition_names

ON: Final = "one_against_rest_on"
"""The measure whose order begins with neurons that are on for the class."""
KEY: Final = (*CONDITION, "scope", "measure", "quantity", "of_class")
"""Columns that identify a row of the table."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(KEY, str),
    **interval_columns("mean", between={"chance": float}, after={"verdict": str}),
}
"""Columns of the table; ``of_class`` is ``all`` for means over classes; ``chance`` is the value
without any effect."""
PAGE: Final = (*CONDITION, "scope", "measure", "quantity", "mean", "low", "high", "verdict")
"""Columns for people."""
ALL: Final = "all"
OWN, OTHERS, MORE = "own class", "other classes", "own minus others"
"""Losses of mean accuracy over the curve: of the class of the order, of the others, difference."""
QUARTER: Final = "own minus others, up to a quarter"
"""The difference over the first quarter of the removals, while most of the layer is left."""
FIRST: Final = "own minus others, one neuron"
"""The difference when only the first neuron of the order is ablated."""
MOST: Final = "own class loses most"
"""Share of the classes whose order costs no other class more."""
DAMAGE: Final = "correlation with damage"
"""Spearman's, over neurons: information about a class and the class's loss without the neuron."""


def costs(group: xr.Dataset, measure: str, part: str = "whole curve") -> NDArray[np.float64]:
    """What the order of each class costs each class, beyond random orders.

    Parameters
    ----------
    group
        One layer of ``classes.nc``, in memory or `storage.opened`; it is read slice by slice.
    measure
        What the orders are made by.
    part
        A key of `curves.PART_OF_CURVE`.

    Returns
    -------
    ndarray
        (seeds, class of the order, class of the examples), mean accuracy over the curve; NaN for
        classes without test examples.
    """
    return np.concatenate(
        [_costs(one, measure, part) for (one,) in slices(group[["correct", "n_test"]])]
    )


def _costs(group: xr.Dataset, measure: str, part: str) -> NDArray[np.float64]:
    """`costs` of some seeds."""
    removed = int(PART_OF_CURVE[part] * (group.sizes["removed"] - 1))
    means = _accuracy(group).isel(removed=slice(removed + 1)).mean("removed")
    random = means.isel(ordering=group["measure"].values == RANDOM).mean("ordering")
    of_classes = means.isel(ordering=group["measure"].values == measure)
    return np.asarray((random - of_classes).transpose("seed", "ordering", "class").values)


def summary(groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any]) -> pd.DataFrame:
    """Numbers of each layer with intervals over seeds, and verdicts of the claim.

    Parameters
    ----------
    groups
        ``classes.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`. Differences have a verdict: the claim holds above 0.
    """
    about = condition_names(condition)
    rows = []
    for scope, group in groups.items():
        for measure in measures(group):
            parts = [_quantities(part, measure) for (part,) in slices(group.drop_vars("order"))]
            for quantity, of_class in parts[0]:
                by_seed = np.concatenate([part[quantity, of_class] for part in parts])
                interval = mean_over_seeds(by_seed[np.isfinite(by_seed)], none="no seed has one")
                key = (*about.values(), scope, measure, quantity, of_class)
                row = interval_row(dict(zip(KEY, key, strict=True)), "mean", interval, len(by_seed))
                chance = {
                    MOST: 1 / group.sizes["class"],
                    **dict.fromkeys((DAMAGE, MORE, QUARTER, FIRST), 0.0),
                }
                level = chance.get(quantity, np.nan)
                verdict = interval.verdict(level) if np.isfinite(level) else ""
                rows.append(row | {"chance": level, "verdict": verdict})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def measures(group: xr.Dataset) -> list[str]:
    """Measures by which the orders of classes are made."""
    of_classes = group["of_class"].values >= 0
    return list(dict.fromkeys(map(str, group["measure"].values[of_classes])))


def own_and_others(
    by_class: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split (seeds, class of the order, class) into the own class and the mean of the others.

    Returns
    -------
    own, others : ndarray
        (seeds, class of the order).
    """
    n_classes = by_class.shape[1]
    own = np.diagonal(by_class, axis1=1, axis2=2)
    beside = np.where(np.eye(n_classes, dtype=bool), np.nan, by_class)
    return own, np.nanmean(beside, axis=2)


def _quantities(group: xr.Dataset, measure: str) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Quantity and class -> values by seed, NaN where there is none."""
    tested = np.flatnonzero(group["n_test"].values > 0)
    lost, early, first = (
        by_class[:, tested][:, :, tested]
        for by_class in (
            costs(group, measure),
            costs(group, measure, "up to a quarter"),
            _first(group, measure),
        )
    )
    own, others = own_and_others(lost)
    differences = {
        MORE: own - others,
        QUARTER: np.subtract(*own_and_others(early)),
        FIRST: np.subtract(*own_and_others(first)),
    }
    found = {
        (OWN, ALL): own.mean(axis=1),
        (OTHERS, ALL): others.mean(axis=1),
        **{(name, ALL): by_class.mean(axis=1) for name, by_class in differences.items()},
        (MOST, ALL): (own >= lost.max(axis=2)).mean(axis=1),
        (DAMAGE, ALL): _damage(group, measure, tested),
    }
    for place, y in enumerate(tested):
        found[OWN, str(y)] = own[:, place]
        found[OTHERS, str(y)] = others[:, place]
        for name, by_class in differences.items():
            found[name, str(y)] = by_class[:, place]
    return found


def _accuracy(group: xr.Dataset) -> xr.DataArray:
    """Shares of the examples of each class; NaN for classes without examples."""
    return group["correct"] / group["n_test"].where(group["n_test"] > 0)


def _first(group: xr.Dataset, measure: str) -> NDArray[np.float64]:
    """Accuracy that the first removal costs, (seeds, class of the order, class)."""
    accuracy = _accuracy(group).isel(ordering=group["measure"].values == measure)
    lost = accuracy.isel(removed=0) - accuracy.isel(removed=1)
    return np.asarray(lost.transpose("seed", "ordering", "class").values)


def _damage(group: xr.Dataset, measure: str, tested: NDArray[np.intp]) -> NDArray[np.float64]:
    """Correlation over neurons, mean over classes, of each seed; NaN where none is defined."""
    increase = group["loss_alone"] - group["loss_unablated"]
    said = group["class_information"]
    if measure == ON:
        said = said.where(group["on_for"] == 1, -said)
    pairs = [array.transpose("seed", "class", "neuron").values for array in (said, increase)]
    by_class = [[rank_correlation(a[y], b[y]) for y in tested] for a, b in zip(*pairs, strict=True)]
    defined = [[value for value in row if np.isfinite(value)] for row in by_class]
    return np.array([np.mean(row) if row else np.nan for row in defined])
