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
"""Of the list of needed pairs; costs are correct predictions on test, the parts are by BROJA."""
_LISTED: Final = 10
"""Pairs of a layer on the page."""
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
) -> pd.DataFrame:
    """List the needed pairs of each layer, those that cost most first.

    Parameters
    ----------
    conditions
        Names of each condition, and ``synergy.nc`` of all its seeds, in memory or opened.

    Returns
    -------
    DataFrame
        `COLUMNS`.
    """
    tables = []
    for condition, groups in conditions:
        for scope, group in groups.items():
            of_seeds = [
                frame[frame["needed"]].assign(seed=seed)
                for seed, frame in zip(group["seed"].values.tolist(), removed(group), strict=True)
            ]
            of_layer = pd.concat(of_seeds, ignore_index=True)
            costly = np.argsort(-of_layer["cost_both"].to_numpy(), kind="stable")
            tables.append(of_layer.iloc[costly].assign(**condition_names(condition), scope=scope))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def page(needed: pd.DataFrame) -> pd.DataFrame:
    """Of the list the pairs of each layer that cost most."""
    return needed.groupby([*CONDITION, "scope"], sort=False).head(_LISTED)


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
    parts = (
        part.isel(seed=row) for (part,) in slices(of_measure) for row in range(part.sizes["seed"])
    )
    for here in parts:
        whole = int(here["correct_unablated"])
        tolerance = UNCHANGED * (whole - group.attrs["largest_class_test"]) + _ROUNDING
        alone = whole - here["correct_alone"].values.astype(np.int64)
        together = here["correct_together"].values.astype(np.int64)
        information = here["information"].values
        spared = (alone <= tolerance) & (information > 0)
        kept = np.flatnonzero((together != NOT_REMOVED) & spared[first] & spared[second])
        i, j = first[kept], second[kept]
        joint = here["joint_information"].values[kept].astype(np.float64)
        redundant = here["redundancy"].values[kept].astype(np.float64)
        cost = whole - together[kept]
        yield pd.DataFrame(
            {
                "first": group["neuron"].values[i].astype(int),
                "second": group["neuron"].values[j].astype(int),
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
