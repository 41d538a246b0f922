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


def listed(
    conditions: Iterable[tuple[Mapping[str, Any], Mapping[str, xr.Dataset]]],
) -> pd.DataFrame:
    """List the needed pairs of each layer, those that cost most first.

    Parameters
    ----------
    conditions
        Names of each condition, and ``synergy.nc`` of all its seeds.

    Returns
    -------
    DataFrame
        `COLUMNS`.
    """
    rows: list[dict[str, Any]] = []
    for condition, groups in conditions:
        for scope, group in groups.items():
            of_layer = [
                {**condition_names(condition), "scope": scope, "seed": seed, **pair}
                for seed, frame in zip(group["seed"].values.tolist(), removed(group), strict=True)
                for pair in frame[frame["needed"]].to_dict("records")
            ]
            rows += sorted(of_layer, key=lambda pair: -pair["cost_both"])
    return pd.DataFrame(rows, columns=list(COLUMNS))


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
    frames = list(removed(group))
    found = {
        ("pairs_spared", ""): [len(frame) for frame in frames],
        ("pairs_needed", ""): [frame["needed"].sum() for frame in frames],
        ("pairs_beyond_sum", ""): [
            (
                frame["needed"] & (frame["cost_both"] > frame["cost_first"] + frame["cost_second"])
            ).sum()
            for frame in frames
        ],
    }
    for measure in map(str, group["measure"].values):
        of_measure = list(removed(group, measure))
        for part in ("redundancy", "synergy"):
            found[(f"needed_{part}_share", measure)] = [
                _delta(frame[part] / frame["joint"], frame["needed"]) for frame in of_measure
            ]
    return {key: np.array(values, dtype=np.float64) for key, values in found.items()}


def removed(group: xr.Dataset, measure: str = SHOWN) -> Iterator[pd.DataFrame]:
    """Give, by seed, the pairs in the sample whose neurons vary and can be spared one by one.

    Parameters
    ----------
    group
        Layer of ``synergy.nc`` with all seeds.
    measure
        Of the redundant part.
    """
    first, second = group["first"].values, group["second"].values
    for row in range(group.sizes["seed"]):
        here = group.isel(seed=row)
        whole = int(here["correct_unablated"])
        tolerance = UNCHANGED * (whole - group.attrs["largest_class_test"]) + _ROUNDING
        alone = whole - here["correct_alone"].values.astype(np.int64)
        together = here["correct_together"].values.astype(np.int64)
        information = here["information"].values
        spared = (alone <= tolerance) & (information > 0)
        kept = np.flatnonzero((together != NOT_REMOVED) & spared[first] & spared[second])
        i, j = first[kept], second[kept]
        joint = here["joint_information"].values[kept].astype(np.float64)
        redundant = here["redundancy"].sel(measure=measure).values[kept].astype(np.float64)
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


def _delta(values: pd.Series, needed: pd.Series) -> float:
    """Cliff's delta of needed against other pairs; NaN where one side is empty."""
    if needed.all() or not needed.any():
        return float("nan")
    return cliffs_delta(values[needed], values[~needed])
