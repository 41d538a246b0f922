"""Accuracy curves of an ablation, and their means up to a number of removals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.vocabulary import LAYER_RANK, LAYER_SEQUENCE, RANDOM, ZERO

ORDERINGS: Final[Mapping[str, str]] = {
    "ascending": "lowest first (ascending)",
    "descending": "highest first (descending)",
    RANDOM: "random",
}
PART_OF_CURVE: Final[Mapping[str, float]] = {
    "whole curve": 1.0,
    "up to half": 0.5,
    "up to a quarter": 0.25,
}
"""Name -> share of the neurons that are removed at most."""


def layer_number(scope: str) -> int:
    """Number of a hidden layer from its scope, such as ``layer-1``."""
    return int(scope.removeprefix("layer-"))


def ordered_by(*groups: xr.Dataset) -> list[tuple[str, str]]:
    """Measures and quantizers that neurons were ordered by in groups of ``ablation.nc``."""
    pairs = [
        (str(measure), str(quantizer))
        for group in groups
        for measure, quantizer in zip(
            group["measure"].values, group["quantizer"].values, strict=True
        )
    ]
    return [pair for pair in dict.fromkeys(pairs) if pair[0] != RANDOM]


def replacements(*groups: xr.Dataset) -> list[str]:
    """What ablated neurons put out in groups of ``ablation.nc``."""
    return list(dict.fromkeys(str(r) for group in groups for r in group["replacement"].values))


def curves(
    group: xr.Dataset,
    measure: str,
    quantizer: str,
    replacement: str = ZERO,
    *,
    control: str = "none",
) -> dict[str, NDArray[np.float64]]:
    """Accuracy on test after each removal, by ordering.

    Parameters
    ----------
    group
        One scope of ``ablation.nc``.
    measure, quantizer
        What the orders are made by.
    replacement
        What ablated neurons put out: ``zero`` or ``mean``.
    control
        ``none``, or a control of these orders: ``layer-sequence`` or ``layer-rank``.

    Returns
    -------
    dict
        Those that there are of ``ascending``, ``descending`` and ``random`` ->
        (seeds, n + 1) shares of correct predictions; random and control orders are averaged over
        their repeats within a seed.

    Raises
    ------
    ValueError
        The group lacks the attribute ``n_test``.
    """
    n_test = _n_test(group)
    return {
        name: correct.sum(axis=1) / (correct.shape[1] * n_test)
        for name, correct in _counts(group, measure, quantizer, replacement, control).items()
    }


def mean_accuracy(
    group: xr.Dataset,
    measure: str,
    quantizer: str,
    replacement: str = ZERO,
    *,
    control: str = "none",
    part: str = "whole curve",
) -> dict[str, NDArray[Any]]:
    """G(o), the mean of A_o(k) over k = 0..n or a part of it, by ordering.

    Parameters and errors as `curves`. All counts are added up before the only division, so
    that orders that agree have exactly the same G.

    Parameters
    ----------
    part
        A key of `PART_OF_CURVE`: the mean is over k = 0..floor(share n).

    Returns
    -------
    dict
        As of `curves`, with (seeds) values.
    """
    n_test = _n_test(group)
    removed = int(PART_OF_CURVE[part] * (group.sizes["removed"] - 1))
    return {
        name: correct[..., : removed + 1].sum(axis=(1, 2))
        / (correct.shape[1] * (removed + 1) * n_test)
        for name, correct in _counts(group, measure, quantizer, replacement, control).items()
    }


def errors_of_draws(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str
) -> dict[str, float]:
    """Standard error of G that is a mean over draws of what ablated neurons put out.

    Parameters as `curves`.

    Returns
    -------
    dict
        Direction of the order by a measure -> root mean square over seeds; empty where there are
        no draws, or one.
    """
    n_test = _n_test(group)
    counts = _counts(group, measure, quantizer, replacement, "none")
    return {
        name: float(
            np.sqrt((correct.mean(axis=2) / n_test).var(axis=1, ddof=1).mean() / correct.shape[1])
        )
        for name, correct in counts.items()
        if name != RANDOM and correct.shape[1] > 1
    }


def has_controls(group: xr.Dataset) -> bool:
    """Whether a scope was ablated in control orders too."""
    return bool(np.isin(group["control"].values, (LAYER_SEQUENCE, LAYER_RANK)).any())


def _n_test(group: xr.Dataset) -> int:
    if "n_test" not in group.attrs:
        raise ValueError("ablation: a group lacks the attribute `n_test`; run the ablation again")
    return int(group.attrs["n_test"])


def _counts(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str, control: str
) -> dict[str, NDArray[np.int64]]:
    """Ordering -> (seeds, repeats, n + 1) numbers of correct predictions."""
    correct = group["correct"].transpose("seed", "ordering", "removed").values.astype(np.int64)
    replaced = group["replacement"].values == replacement
    is_random = (group["measure"].values == RANDOM) & replaced
    is_measure = (group["measure"].values == measure) & (group["quantizer"].values == quantizer)
    is_measure &= replaced & (group["control"].values == control)
    orderings = {
        name: is_random if name == RANDOM else is_measure & (group["direction"].values == name)
        for name in ORDERINGS
    }
    return {name: correct[:, which] for name, which in orderings.items() if which.any()}
