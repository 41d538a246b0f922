"""The table of bounds: where they are not vacuous, and whether they predict the gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.generalization.bounds import PERMUTED, PLUG_IN
from neuroninfo.results.statistics import rank_correlation

BIASED: Final = 0.5
"""B6 is saturated if its baseline is at least this share of it, since half may be bias."""

CHANCE: Final = "plug-in, permuted"
"""Estimator in the rows of B6's baseline, which has no information about the halves."""

RANKED: Final = 3
"""Conditions that a rank correlation needs."""

COLUMNS: Final = (
    "loss",
    "bound",
    "estimator",
    "layer",
    "train_size",
    "n_conditions",
    "non_vacuous",
    "saturated",
    "violated",
    "ratio",
    "correlation",
    "note",
)
"""Columns of the table of bounds."""


def over_pools(file: xr.Dataset) -> xr.Dataset:
    """B6 of one condition by training size, from all networks of its pools.

    Parameters
    ----------
    file
        ``supersample.nc``.

    Returns
    -------
    Dataset
        ``gap``, ``bound_value`` and ``baseline`` (permuted selections), means over pools, and
        ``saturated``: the baseline is not 0, and the share `BIASED` of the bound or more, so that
        the bound may be the bias of its estimate, which more networks make smaller.
    """
    whole = file["bound_value"].isel(networks=-1).mean("pool")
    value, baseline = (whole.sel(known_by=name, drop=True) for name in (PLUG_IN, PERMUTED))
    return xr.Dataset(
        {
            "gap": file["gap"].mean(("pool", "mask")),
            "bound_value": value,
            "baseline": baseline,
            "saturated": (baseline >= BIASED * value) & (baseline > 0),
        }
    )


def summary(files: Sequence[xr.Dataset], supersamples: Sequence[xr.Dataset] = ()) -> pd.DataFrame:
    """Where bounds are not vacuous, how large they are, and whether they predict the gap.

    Parameters
    ----------
    files
        ``bounds.nc`` of several conditions, of the same training sizes.
    supersamples
        ``supersample.nc`` of several conditions, for B6 and its baseline (`CHANCE`).

    Returns
    -------
    DataFrame
        `COLUMNS`, one row a loss, bound and training size, over the mean of each condition's
        seeds (B6: networks and pools): shares of conditions where the bound is below the largest
        gap there can be and the estimate behind it not saturated (``non_vacuous``), where it is
        (``saturated``; B6: as of `over_pools`), and where the gap is above the bound
        (``violated``: B2 with estimates need not hold); the median ratio of bound to gap over
        conditions with a positive gap, and Spearman's correlation of bound and gap over
        conditions. NaN where there is none; ``note`` says why.
    """
    cells_of: dict[tuple[str, tuple[str, str, str], int], list[tuple[float, ...]]] = {}
    for file in files:
        gaps, values = file["gap"].mean("seed"), file["bound_value"].mean("seed")
        ended = file["saturated"].mean("seed")
        deepest = str(file["layer"].values[-1])
        for name in map(str, file["bound_name"].values):
            own = file.sel(bound_name=name)
            layer = str(own["of_layer"].item())
            about = (
                str(own["bound"].item()),
                str(own["of_estimator"].item()),
                "last" if layer == deepest else layer,
            )
            for loss in map(str, file["loss"].values):
                for m in map(int, file["train_size"].values):
                    here = {"loss": loss, "train_size": m}
                    cell = (
                        float(gaps.sel(here)),
                        float(values.sel(here | {"bound_name": name})),
                        float(file["highest"].sel(loss=loss)),
                        float(ended.sel(train_size=m, bound_name=name) > 0.5),
                    )
                    if not np.isnan(cell[1]):
                        cells_of.setdefault((loss, about, m), []).append(cell)
    for file in supersamples:
        pooled = over_pools(file)
        for m in map(int, pooled["train_size"].values):
            own = pooled.sel(train_size=m)
            for estimator, name in (("plug-in", "bound_value"), (CHANCE, "baseline")):
                cell = (float(own["gap"]), float(own[name]), 1.0, float(own["saturated"]))
                cells_of.setdefault(("error", ("B6", estimator, ""), m), []).append(cell)
    rows = []
    for (loss, about, m), cells in cells_of.items():
        gap, value, highest, saturated = np.array(cells, np.float64).T
        shape, chance = about[0] == "B1", about[1] == CHANCE
        positive = gap > 0
        constant = len(cells) < RANKED or np.ptp(gap) == 0 or np.ptp(value) == 0
        notes = {
            "shape only: its factor is not known": shape,
            "no bound, but its bias: ranks as good as these are no merit": chance,
            f"no correlation: fewer than {RANKED} conditions, or all equal": constant,
        }
        row: dict[str, object] = dict(zip(("bound", "estimator", "layer"), about, strict=True))
        row |= {"loss": loss, "train_size": m, "n_conditions": len(cells)}
        row["saturated"] = saturated.mean()
        row["note"] = "; ".join(words for words, true in notes.items() if true)
        if not (shape or chance):
            row["non_vacuous"] = ((value < highest) & (saturated == 0)).mean()
            row["violated"] = (value < gap).mean()
        if not (shape or chance) and positive.any():
            row["ratio"] = np.median(value[positive] / gap[positive])
        if not constant:
            row["correlation"] = rank_correlation(value, gap)
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(
        ["loss", "bound", "estimator", "layer", "train_size"],
        ascending=[False, True, True, False, True],
        ignore_index=True,
    )
