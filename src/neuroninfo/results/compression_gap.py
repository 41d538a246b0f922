"""Whether networks that compress more generalize better (Nothnagel and Geiger 2026).

A network compresses by the fall of I(X;T) of its last hidden layer to the end of training
(`planes.falls`).  The gap compares its accuracy on the train split with that on new examples whose
labels are as noisy (`gap.generalization_gap`).  Networks of one kind learn one task and have the
same kind of weights and outputs; what is estimated differently is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.planes.layers import SKIPPED
from neuroninfo.results import correlations
from neuroninfo.results.correlations import READINGS, WITHIN, correlate
from neuroninfo.results.gap import expected_accuracy, generalization_gap
from neuroninfo.results.planes import TRUSTED, falls, last_hidden, trust
from neuroninfo.vocabulary import CONDITION, UNQUANTIZED, condition_names

KIND: Final[Mapping[str, type]] = {"source": str, "binary_weights": bool, "output_bits": int}
"""Columns that make a kind (`Study.kind`)."""
FALL, LAST, GAP, ACCURACY = "fall", "last", "gap", "accuracy_test"
COLUMNS: Final[Mapping[str, type]] = {
    **KIND,
    **dict.fromkeys((*CONDITION, "estimator"), str),
    "seed": int,
    "trust": str,
    **dict.fromkeys((FALL, LAST, "accuracy_train", ACCURACY, "accuracy_expected", GAP), float),
}
"""Columns of the table of networks; information in bit, NaN if it is not trusted; accuracies, gap
as in `ablation_gap.COLUMNS`."""
CLAIMED: Final[Sequence[tuple[str, str, int]]] = (
    (FALL, GAP, -1),
    (LAST, GAP, 1),
    (FALL, ACCURACY, 1),
    (LAST, ACCURACY, -1),
)
"""The claims about compression: its correlations, and their signs."""
AGREEMENT_COLUMNS: Final[Mapping[str, type]] = {
    **KIND,
    "estimator": str,
    **correlations.COLUMNS,
    "not_trusted": int,
}
"""Columns of the correlations; ``not_trusted`` networks are left out."""
PAGE: Final = (
    *KIND,
    *("estimator", "x", "y", "reading", "verdict", "correlation", "low", "high", "p_value"),
    *("n_networks", "n_conditions", "not_trusted"),
)
"""Columns for people, the verdict in sight."""


def networks(
    plane: xr.Dataset,
    condition: Mapping[str, Any],
    kind: Mapping[str, Any],
    noise: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per estimator and network of a condition.

    Parameters
    ----------
    plane
        ``plane.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    kind
        What its networks learn and compute with (`KIND`).
    noise
        Of their training labels: the last arguments of `gap.generalization_gap`.

    Returns
    -------
    DataFrame
        `COLUMNS`. Falls and last values are NaN where `planes.trust` does not trust the layer, or
        an estimate is missing.
    """
    plane = plane.sortby("epoch").sortby("seed")
    layer = last_hidden(plane)
    train, test = (plane["accuracy"].isel(epoch=-1).sel(split=s).values for s in ("train", "test"))
    tables = []
    for estimator in map(str, plane["estimator"].values):
        own = plane.sel(estimator=estimator, layer=layer)
        asked = (own["reason"] != SKIPPED).all("seed").values
        curves = own["mutual_information_input"].transpose("seed", "epoch").values[:, asked]
        fall, last = np.full((2, len(curves)), np.nan)
        trusted = trust(plane, estimator, layer)
        there = ~np.isnan(curves).any(axis=1)
        if trusted == TRUSTED and there.any():
            fall[there], last[there] = falls(curves[there]), curves[there, -1]
        table = {
            **kind,
            **condition_names(condition),
            "estimator": estimator,
            "seed": plane["seed"].values,
            "trust": trusted,
            FALL: fall,
            LAST: last,
            "accuracy_train": train,
            ACCURACY: test,
            "accuracy_expected": expected_accuracy(test, **noise),
            GAP: generalization_gap(train, test, **noise),
        }
        tables.append(pd.DataFrame(table, columns=list(COLUMNS)))
    return pd.concat(tables, ignore_index=True)


def agreement(points: pd.DataFrame, study_seed: int) -> pd.DataFrame:
    """Correlations of compression with generalization, by kind of networks and estimator.

    Parameters
    ----------
    points
        As `networks` gives them, of all conditions.
    study_seed
        Of the study.

    Returns
    -------
    DataFrame
        `AGREEMENT_COLUMNS`, a row per kind, estimator, pair of `CLAIMED` and reading. Claimed are
        smaller gaps and higher test accuracies with larger falls, and the contrary with more
        information at the end.
    """
    tables = []
    for names, own in points.groupby([*KIND, "estimator"], sort=False):
        about = dict(zip((*KIND, "estimator"), names, strict=True))
        left_out = int((own["trust"] != TRUSTED).sum())
        for x, y, sign in CLAIMED:
            found = correlate(own, x, y, sign, study_seed)
            tables.append(found.assign(**about, not_trusted=left_out))
    return pd.concat(tables, ignore_index=True)[list(AGREEMENT_COLUMNS)]


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The correlations by one estimator for each kind of networks.

    It is ``exact`` for outputs of few bits, whose own information it counts, and else the one that
    says something of most networks, the first of equal ones.

    Parameters
    ----------
    table
        As `agreement` gives it.
    """
    said = table["n_networks"].where(table["correlation"].notna(), 0)
    kept = []
    for names, own in table.assign(said=said).groupby(list(KIND), sort=False):
        of_networks = own.groupby("estimator", sort=False)["said"].sum()
        few_bits = dict(zip(KIND, names, strict=True))["output_bits"] != UNQUANTIZED
        counted = few_bits and "exact" in of_networks
        kept.append(own[own["estimator"] == ("exact" if counted else of_networks.idxmax())])
    return pd.concat(kept, ignore_index=True)[list(AGREEMENT_COLUMNS)]


def sentence(table: pd.DataFrame) -> str:
    """Whether networks that compress more have smaller gaps, in words.

    Parameters
    ----------
    table
        As `shown` gives it.
    """
    own = table[(table["x"] == FALL) & (table["y"] == GAP)]
    counts = own.groupby("reading")["verdict"].value_counts().to_dict()
    smaller, larger = (
        [counts.get((reading, verdict), 0) for reading in READINGS]
        for verdict in ("holds", "fails")
    )
    kinds = (own["reading"] == WITHIN).sum()
    return (
        f"Larger falls go with smaller gaps in {smaller[0]} of {kinds} kinds within conditions, in "
        f"{smaller[1]} over them, in {smaller[2]} within architectures "
        f"(with larger gaps in {larger[0]}, {larger[1]} and {larger[2]})"
    )
