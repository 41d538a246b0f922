"""Datasets of several networks: put together, and taken apart so that they fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal

import xarray as xr

SLICE_BYTES: Final = 64 * 2**20
"""Largest size of a slice of seeds, if it has two seeds or more (chosen)."""


def joined(
    parts: Sequence[xr.Dataset],
    dim: str = "seed",
    attributes: Literal["identical", "drop_conflicts"] = "identical",
) -> xr.Dataset:
    """Datasets put one after another along a dimension.

    Parameters
    ----------
    parts
        In the order of the result; what does not have the dimension is the same in all.
    dim
        The dimension.
    attributes
        Whether attributes have to be the same, or are left out where they differ.

    Raises
    ------
    ValueError
        If the parts differ in something other than this dimension.
    """
    return xr.concat(
        parts,
        dim=dim,
        data_vars="minimal",
        coords="minimal",
        compat="equals",
        join="exact",
        combine_attrs=attributes,
    )


def slices(*datasets: xr.Dataset, most: int | None = None) -> Iterator[tuple[xr.Dataset, ...]]:
    """The same seeds of some datasets, a few at a time, in memory.

    What is computed seed by seed has the same bits in slices as it has at once: none has a single
    seed (NumPy adds up one row in another order), unless there is but one.

    Parameters
    ----------
    datasets
        In memory or `storage.opened`, of the same seeds in the same order; give only the variables
        that are needed, the others are read too.
    most
        Bytes of a slice, if fewer than `SLICE_BYTES` are wanted.

    Yields
    ------
    tuple of Dataset
        One for each of the given ones, at most `SLICE_BYTES` together.
    """
    room = SLICE_BYTES if most is None else min(most, SLICE_BYTES)
    n_seeds = datasets[0].sizes["seed"]
    stored = sum(
        variable.nbytes
        for dataset in datasets
        for variable in dataset.variables.values()
        if "seed" in variable.dims
    )
    number = max(1, min(-(-stored // room), n_seeds // 2))
    ends = [n_seeds * i // number for i in range(number + 1)]
    for start, stop in pairwise(ends):
        yield tuple(dataset.isel(seed=slice(start, stop)).load() for dataset in datasets)
