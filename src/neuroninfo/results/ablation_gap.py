"""Ablation curves of the whole network against the generalization gap (Morcos et al. 2018).

Networks that generalize worse are said to rely more on single neurons.  The gap compares the
accuracy on the train split with that on new examples whose labels are as noisy
(`gap.generalization_gap`).  With A(k) the test accuracy after k of n removals and c the share of
the largest class, the area under a curve is the mean over k = 0..n of (A(k) - c) / (A(0) - c): a
network that is better without ablation has no larger area for this alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.results.correlations import correlate
from neuroninfo.results.curves import areas, mean_accuracy, ordered_by
from neuroninfo.results.gap import expected_accuracy, generalization_gap
from neuroninfo.results.statistics import check_seeds
from neuroninfo.results.synergy import shares
from neuroninfo.vocabulary import CONDITION, RANDOM, condition_names

AREAS: Final[Mapping[str, str]] = {
    f"area_{RANDOM}": RANDOM,
    "area_descending": "descending",
    "area_ascending": "ascending",
}
"""Column -> ordering."""
REDUNDANCY: Final = "redundancy"
"""Redundant share of the information of two neurons by BROJA, mean over the hidden layers."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "seed": int,
    **dict.fromkeys(("measure", "quantizer"), str),
    **dict.fromkeys(("accuracy_train", "accuracy_test", "accuracy_expected", "gap"), float),
    **dict.fromkeys((*AREAS, REDUNDANCY), float),
}
"""Columns of the table of networks.  ``accuracy_train`` is by the labels that were trained on,
``accuracy_test`` by true ones, and the gap is ``accuracy_train`` less ``accuracy_expected``
(`gap.expected_accuracy`).  Redundancy is NaN where it was not measured."""


def networks(
    ablation: xr.Dataset,
    history: xr.Dataset,
    condition: Mapping[str, Any],
    noise: Mapping[str, Any],
    synergy: Mapping[str, xr.Dataset] | None = None,
) -> pd.DataFrame:
    """One row per network of a condition.

    Parameters
    ----------
    ablation
        The group ``network`` of ``ablation-<set>.nc``; its first measure is read.
    history
        ``history.nc`` of the same seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    noise
        Of its training labels: the last arguments of `gap.generalization_gap`.
    synergy
        ``synergy.nc``, of these seeds or of some of them; None: not measured.

    Returns
    -------
    DataFrame
        `COLUMNS`. Areas are NaN where the network without ablation is no better than chance.

    Raises
    ------
    ValueError
        The files are of other seeds.
    """
    check_seeds("history.nc", history, ablation)
    measure, quantizer = ordered_by(ablation)[0]
    kept = history["accuracy"].sel(epoch=history["final_epoch"])
    train, test = (kept.sel(split=split).values for split in ("train", "test"))
    areas = relative_areas(ablation, measure, quantizer)
    measured = pd.Series(dtype=np.float64)
    if synergy is not None:
        by_layer = [pd.Series(shares(layer), layer["seed"].values) for layer in synergy.values()]
        measured = pd.concat(by_layer, axis=1).mean(axis=1, skipna=False)
    return pd.DataFrame(
        {
            **condition_names(condition),
            "seed": history["seed"].values,
            "measure": measure,
            "quantizer": quantizer,
            "accuracy_train": train,
            "accuracy_test": test,
            "accuracy_expected": expected_accuracy(test, **noise),
            "gap": generalization_gap(train, test, **noise),
            **{column: areas[ordering] for column, ordering in AREAS.items()},
            REDUNDANCY: measured.reindex(history["seed"].values).to_numpy(),
        },
        columns=list(COLUMNS),
    )


def relative_areas(
    ablation: xr.Dataset, measure: str, quantizer: str
) -> dict[str, NDArray[np.float64]]:
    """Areas under the curves above chance, relative to the unablated network.

    Returns
    -------
    dict
        Ordering -> (seeds); NaN where the unablated network is no better than chance.
    """
    n_test = int(ablation.attrs["n_test"])
    chance = int(ablation.attrs["chance_correct"]) / n_test
    unablated = ablation["correct"].isel(removed=0, ordering=0).values / n_test
    above = np.where(unablated > chance, unablated - chance, np.nan)
    means = mean_accuracy(areas(ablation), measure, quantizer)
    return {name: (accuracy - chance) / above for name, accuracy in means.items()}


def agreement(points: pd.DataFrame, study_seed: int) -> pd.DataFrame:
    """Correlations of areas and redundancy with the gap, and of redundancy with the areas.

    Parameters
    ----------
    points
        As `networks` gives them, of all conditions.
    study_seed
        Of the study.

    Returns
    -------
    DataFrame
        `correlations.COLUMNS`. Claimed are smaller areas and less redundancy with larger gaps, and
        larger areas with more redundancy; redundancy is left out where no network has it.
    """
    claimed: Sequence[tuple[str, str, int]] = [(area, "gap", -1) for area in AREAS]
    if points[REDUNDANCY].notna().any():
        claimed = [
            *claimed,
            (REDUNDANCY, "gap", -1),
            *((REDUNDANCY, area, 1) for area in AREAS),
        ]
    return pd.concat(
        [correlate(points, x, y, sign, study_seed) for x, y, sign in claimed], ignore_index=True
    )
