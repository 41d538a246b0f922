"""Pairs of neurons that are spared singly and needed jointly, and whether they are redundant.

A neuron can be spared if its removal alone costs at most a share `counts.UNCHANGED` of the
correct predictions above chance; a pair is needed jointly if both neurons can be spared, and
removing both costs more than that.  Needed pairs are compared with all other pairs of
such neurons that vary, by Cliff's delta: the probability that a needed pair has the larger
value less the probability that the other one has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.files.seeds import slices
from neuroninfo.results.counts import UNCHANGED
from neuroninfo.results.statistics import cliffs_delta
from neuroninfo.synergy.settings import NOT_REMOVED, SHOWN
from neuroninfo.vocabulary import CONDITION, condition_names

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*CONDITION, "scope"), str),
    **dict.fromkeys(("seed", "first", "second"), int),
    **dict.fromkeys(("cost_first", "cost_second", "cost_both"), int),
    **dict.fromkeys(("joint", "redundancy", "synergy"), float),
}
"""Columns of the list; costs are correct predictions on test, the parts are by BROJA."""
_LISTED: Final = 10
"""Pairs of a layer on the page."""
_TABLES: Final = 50
"""Largest number of tables of which the first pairs are in memory (chosen)."""
_ROUNDING: Final = 1e-9
"""In examples."""
_COUNTS: Final = ("pairs_spared", "pairs_needed", "pairs_beyond_sum")
_PARTS: Final = ("redundancy", "synergy")
_READ: Final = (
    *("correct_unablated", "correct_alone", "correct_together"),
    *("information", "joint_information", "redundancy"),
)
"""Variables of ``synergy.nc`` that say which pairs are needed."""


def listed(
    conditions: Iterable[tuple[Mapping[str, Any], Mapping[str, xr.Dataset]]],
) -> Iterator[pd.DataFrame]:
    """List the needed pairs by layer and seed, those of a seed that cost most first.

    Parameters
    ----------
    conditions
        Names of each condition, and ``synergy.nc`` of all its seeds, in memory or opened.

    Yields
    ------
    DataFrame
        `COLUMNS`; one table per seed, after one without rows.
    """
    yield pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    for condition, groups in conditions:
        for scope, group in groups.items():
            about = condition_names(condition) | {"scope": scope}
            for seed, frame in zip(group["seed"].values.tolist(), removed(group), strict=True):
                needed = frame[frame["needed"]].sort_values(
                    "cost_both", ascending=False, kind="stable"
                )
                yield needed.assign(**about, seed=seed)[list(COLUMNS)]


class Page:
    """The pairs of each layer that cost most, kept while the tables of a list pass."""

    def __init__(self) -> None:
        self._kept: list[pd.DataFrame] = []

    def of(self, listed: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Give the same tables."""
        for table in listed:
            self._kept.append(table.head(_LISTED))
            if len(self._kept) > _TABLES:
                self._kept = [self.table()]
            yield table

    def table(self) -> pd.DataFrame:
        """The largest costs of each layer over all tables that passed."""
        rows = pd.concat([kept for kept in self._kept if len(kept)] or self._kept)
        layers = rows.groupby([*CONDITION, "scope"], sort=False)
        order = np.lexsort((-rows["cost_both"], layers.ngroup()))
        return rows.iloc[order].groupby([*CONDITION, "scope"], sort=False).head(_LISTED)


def quantities(group: xr.Dataset) -> dict[tuple[str, str], np.ndarray]:
    """Numbers of a layer by seed.

    Returns
    -------
    dict
        (quantity, measure) -> (seeds).  ``pairs_spared``: pairs in the sample whose neurons vary
        and can be spared; ``pairs_needed``: those of them that are needed jointly;
        ``pairs_beyond_sum``: those that cost more than their neurons do alone, added up;
        ``needed_redundancy_share``, ``needed_synergy_share``: Cliff's delta of the redundant and
        the synergistic share of I(T1,T2;Y), NaN where no pair is needed or all are.
    """
    counted = np.array([_counts(frame) for frame in removed(group)], dtype=np.float64)
    found = {(name, ""): counted[:, i] for i, name in enumerate(_COUNTS)}
    for measure in map(str, group["measure"].values):
        deltas = np.array([_deltas(frame) for frame in removed(group, measure)])
        found |= {(f"needed_{part}_share", measure): deltas[:, i] for i, part in enumerate(_PARTS)}
    return found


def removed(group: xr.Dataset, measure: str = SHOWN) -> Iterator[pd.DataFrame]:
    """Give, by seed, the pairs in the sample whose neurons vary and can be spared one by one.

    Parameters
    ----------
    group
        Layer of ``synergy.nc`` with all seeds, in memory or opened; read slice by slice.
    measure
        Of the redundant part.
    """
    of_measure = group[list(_READ)].sel(measure=measure)
    first, second = group["first"].values, group["second"].values
    arrays = (
        {name: part[name].transpose("seed", ...).values for name in _READ}
        for (part,) in slices(of_measure)
    )
    of_seeds = (
        {name: values[row] for name, values in of_slice.items()}
        for of_slice in arrays
        for row in range(len(of_slice["correct_unablated"]))
    )
    neurons, largest_class = group["neuron"].values, group.attrs["largest_class_test"]
    for here in of_seeds:
        whole = int(here["correct_unablated"])
        tolerance = UNCHANGED * (whole - largest_class) + _ROUNDING
        alone = whole - here["correct_alone"].astype(np.int64)
        together = here["correct_together"].astype(np.int64)
        information = here["information"]
        spared = (alone <= tolerance) & (information > 0)
        kept = np.flatnonzero((together != NOT_REMOVED) & spared[first] & spared[second])
        i, j = first[kept], second[kept]
        joint = here["joint_information"][kept].astype(np.float64)
        redundant = here["redundancy"][kept].astype(np.float64)
        cost = whole - together[kept]
        yield pd.DataFrame(
            {
                "first": neurons[i].astype(int),
                "second": neurons[j].astype(int),
                "cost_first": alone[i],
                "cost_second": alone[j],
                "cost_both": cost,
                "joint": joint,
                "redundancy": redundant,
                "synergy": np.maximum(joint - information[i] - information[j] + redundant, 0.0),
                "needed": cost > tolerance,
            }
        )


def _counts(frame: pd.DataFrame) -> tuple[int, int, int]:
    """Numbers of pairs of a seed, in the order of `_COUNTS`."""
    beyond = frame["cost_both"] > frame["cost_first"] + frame["cost_second"]
    return len(frame), frame["needed"].sum(), (frame["needed"] & beyond).sum()


def _deltas(frame: pd.DataFrame) -> list[float]:
    """Cliff's delta of the share of each of `_PARTS`, of a seed."""
    return [_delta(frame[part] / frame["joint"], frame["needed"]) for part in _PARTS]


def _delta(values: pd.Series, needed: pd.Series) -> float:
    """Cliff's delta of needed against other pairs; NaN where one side is empty."""
    if needed.all() or not needed.any():
        return float("nan")
    return cliffs_delta(values[needed], values[~needed])
