"""Datasets of several networks as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import xarray as xr


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
