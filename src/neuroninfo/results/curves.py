"""Accuracy curves of an ablation, and their means up to a number of removals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.seeds import slices
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

_ORDER: Final = ("measure", "quantizer", "direction", "replacement", "control")


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


def added_up(group: xr.Dataset, removed: NDArray[np.int64]) -> xr.Dataset:
    """Orders that are the same but for their number, added up; read slice by slice.

    Parameters
    ----------
    group
        One scope of ``ablation.nc``, in memory or `storage.opened`.
    removed
        Positions of the removals that are kept.

    Returns
    -------
    Dataset
        ``correct`` (seed, ordering, removed) and the coordinate ``repeats`` (ordering), how many
        orders were added up. It is in memory, and `curves` takes it in place of the group.
    """
    of_orders = zip(*(group[name].values.tolist() for name in _ORDER), strict=True)
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, order in enumerate(of_orders):
        rows.setdefault(order, []).append(row)
    sums = [
        np.stack([correct[:, which].sum(axis=1, dtype=np.int32) for which in rows.values()], axis=1)
        for correct in (correct[..., removed] for correct in _slices(group))
    ]
    return xr.Dataset(
        {"correct": (("seed", "ordering", "removed"), np.concatenate(sums))},
        coords={
            "removed": group["removed"].values[removed],
            "repeats": ("ordering", [len(which) for which in rows.values()]),
            **{name: ("ordering", [order[i] for order in rows]) for i, name in enumerate(_ORDER)},
        },
        attrs=group.attrs,
    )


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
        One scope of ``ablation.nc``, in memory or `storage.opened`; it is read slice by slice.
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
    repeats = np.ones(group.sizes["ordering"], np.int64)
    if "repeats" in group.coords:
        repeats = group["repeats"].values
    rows = _rows(group, measure, quantizer, replacement, control)
    sums: dict[str, list[NDArray[np.int64]]] = {name: [] for name in rows}
    for correct in _slices(group):
        for name, which in rows.items():
            sums[name].append(correct[:, which].sum(axis=1, dtype=np.int64))
    return {
        name: np.concatenate(sums.pop(name)) / (repeats[which].sum() * n_test)
        for name, which in rows.items()
    }


def areas(group: xr.Dataset) -> xr.Dataset:
    """Correct predictions added up over the removals, for `mean_accuracy`; read slice by slice.

    Parameters
    ----------
    group
        One scope of ``ablation.nc``, in memory or `storage.opened`.

    Returns
    -------
    Dataset
        ``area`` (seed, ordering, part) and ``terms`` (part), how many numbers were added up: parts
        are those of `PART_OF_CURVE`. It is in memory.
    """
    n_removed = group.sizes["removed"] - 1
    terms = [1 + int(share * n_removed) for share in PART_OF_CURVE.values()]
    sums = [
        np.stack([correct[..., :n].sum(axis=2, dtype=np.int64) for n in terms], axis=2)
        for correct in _slices(group)
    ]
    return xr.Dataset(
        {"area": (("seed", "ordering", "part"), np.concatenate(sums)), "terms": ("part", terms)},
        coords={
            name: coordinate.variable
            for name, coordinate in group.coords.items()
            if {*coordinate.dims} <= {"seed", "ordering"}
        },
        attrs=group.attrs,
    )


def mean_accuracy(
    of_group: xr.Dataset,
    measure: str,
    quantizer: str,
    replacement: str = ZERO,
    *,
    control: str = "none",
    part: str = "whole curve",
) -> dict[str, NDArray[np.float64]]:
    """G(o), the mean of A_o(k) over k = 0..n or a part of it, by ordering.

    All counts are added up before the only division, so that orders that agree have exactly the
    same G.

    Parameters
    ----------
    of_group
        `areas` of a scope.
    part
        A key of `PART_OF_CURVE`: the mean is over k = 0..floor(share n).

    The others and errors as of `curves`.

    Returns
    -------
    dict
        As of `curves`, with (seeds) values.
    """
    n_test = _n_test(of_group)
    position = list(PART_OF_CURVE).index(part)
    area, terms = of_group["area"].values[..., position], int(of_group["terms"].values[position])
    return {
        name: area[:, which].sum(axis=1) / (len(which) * terms * n_test)
        for name, which in _rows(of_group, measure, quantizer, replacement, control).items()
    }


def errors_of_draws(
    of_group: xr.Dataset, measure: str, quantizer: str, replacement: str
) -> dict[str, float]:
    """Standard error of G that is a mean over draws of what ablated neurons put out.

    Parameters as `mean_accuracy`.

    Returns
    -------
    dict
        Direction of the order by a measure -> root mean square over seeds; empty where there are
        no draws, or one.
    """
    n_test = _n_test(of_group)
    means = of_group["area"].values[..., 0] / of_group["terms"].values[0] / n_test
    return {
        name: float(np.sqrt(means[:, which].var(axis=1, ddof=1).mean() / len(which)))
        for name, which in _rows(of_group, measure, quantizer, replacement, "none").items()
        if name != RANDOM and len(which) > 1
    }


def has_controls(group: xr.Dataset) -> bool:
    """Whether a scope was ablated in control orders too."""
    return bool(np.isin(group["control"].values, (LAYER_SEQUENCE, LAYER_RANK)).any())


def _n_test(group: xr.Dataset) -> int:
    if "n_test" not in group.attrs:
        raise ValueError("ablation: a group lacks the attribute `n_test`; run the ablation again")
    return int(group.attrs["n_test"])


def _slices(group: xr.Dataset) -> Iterator[NDArray[np.int32]]:
    """(seeds, orderings, n + 1) numbers of correct predictions of some seeds after others."""
    for (part,) in slices(group[["correct"]]):
        yield part["correct"].transpose("seed", "ordering", "removed").values


def _rows(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str, control: str
) -> dict[str, NDArray[np.int64]]:
    """Ordering -> positions of its repeats; those that there are."""
    replaced = group["replacement"].values == replacement
    is_random = (group["measure"].values == RANDOM) & replaced
    is_measure = (group["measure"].values == measure) & (group["quantizer"].values == quantizer)
    is_measure &= replaced & (group["control"].values == control)
    rows = {
        name: np.flatnonzero(
            is_random if name == RANDOM else is_measure & (group["direction"].values == name)
        )
        for name in ORDERINGS
    }
    return {name: which for name, which in rows.items() if which.size}
