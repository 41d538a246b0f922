"""Accuracy curves of an ablation and their means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.vocabulary import RANDOM, ZERO

ORDERINGS: Final[Mapping[str, str]] = {
    "ascending": "lowest first (ascending)",
    "descending": "highest first (descending)",
    RANDOM: "random",
}


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


def curves(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str = ZERO
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

    Returns
    -------
    dict
        Those that there are of ``ascending``, ``descending`` and ``random`` ->
        (seeds, n + 1) shares of correct predictions; random orders are averaged over their
        repeats within a seed.

    Raises
    ------
    ValueError
        The group lacks the attribute ``n_test``.
    """
    n_test = _n_test(group)
    return {
        name: correct.sum(axis=1) / (correct.shape[1] * n_test)
        for name, correct in _counts(group, measure, quantizer, replacement).items()
    }


def mean_accuracy(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str = ZERO
) -> dict[str, NDArray[Any]]:
    """G(o), the mean of A_o(k) over k = 0..n, by ordering.

    Parameters and errors as `curves`. All counts are added up before the only division, so
    that orders that agree have exactly the same G.

    Returns
    -------
    dict
        As of `curves`, with (seeds) values.
    """
    n_test = _n_test(group)
    return {
        name: correct.sum(axis=(1, 2)) / (correct.shape[1] * correct.shape[2] * n_test)
        for name, correct in _counts(group, measure, quantizer, replacement).items()
    }


def _n_test(group: xr.Dataset) -> int:
    if "n_test" not in group.attrs:
        raise ValueError("ablation: a group lacks the attribute `n_test`; run the ablation again")
    return int(group.attrs["n_test"])


def _counts(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str
) -> dict[str, NDArray[np.int64]]:
    """Ordering -> (seeds, repeats, n + 1) numbers of correct predictions."""
    correct = group["correct"].transpose("seed", "ordering", "removed").values.astype(np.int64)
    replaced = group["replacement"].values == replacement
    is_random = (group["measure"].values == RANDOM) & replaced
    is_measure = (group["measure"].values == measure) & (group["quantizer"].values == quantizer)
    is_measure &= replaced
    positions = {
        name: is_random if name == RANDOM else is_measure & (group["direction"].values == name)
        for name in ORDERINGS
    }
    return {name: correct[:, which] for name, which in positions.items() if which.any()}
