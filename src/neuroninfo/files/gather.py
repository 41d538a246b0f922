"""Blocks of seeds put together into one file, each cell checked to be there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neuroninfo.files.seeds import joined
from neuroninfo.files.storage import StorageError, made_again, read, read_groups, write


def concatenate(parts: Sequence[xr.Dataset], dim: str, expected: Sequence[int]) -> xr.Dataset:
    """Join parts along `dim`, sorted by its coordinate, each cell checked to be there.

    Raises
    ------
    StorageError
        The coordinate along `dim` is not exactly `expected` (missing, doubled or foreign
        values are named), another coordinate differs between the parts, or a variable is not
        in all of them, with the same dimensions and type.
    """
    existing = [int(value) for part in parts for value in np.atleast_1d(part[dim].values)]
    if sorted(existing) != sorted(expected):
        missing = sorted(set(expected) - set(existing))
        extra = sorted(v for v in set(existing) if existing.count(v) > 1 or v not in expected)
        raise StorageError(f"{dim}: missing {missing}, doubled or unexpected {extra}")
    # xarray fills up with NaN, silently, what not all have.
    for name in sorted({str(name) for part in parts for name in part.variables}):
        kinds = {_kind(part.variables[name]) if name in part.variables else None for part in parts}
        if len(kinds) > 1:
            existing_kinds = ", ".join(sorted("absent" if kind is None else kind for kind in kinds))
            raise StorageError(
                f"parts along {dim!r} do not fit together: variable {name!r} is {existing_kinds}"
            )
    try:
        whole = joined(parts, dim, "drop_conflicts")
    except ValueError as error:
        raise StorageError(f"parts along {dim!r} do not fit together: {error}") from error
    return whole.sortby(dim)


def gather(
    parts: Sequence[str | Path], path: str | Path, *, kind: str, condition: Mapping[str, Any]
) -> None:
    """Put the blocks of a condition together into one file of the same kind.

    Parameters
    ----------
    parts
        Files of blocks of seeds, all of one configuration.
    path
        The file to write.
    kind
        Of all of them.
    condition
        As in `write`; its ``seeds`` must be exactly those of the parts.

    Raises
    ------
    StorageError
        A seed is missing or doubled, a part is of another condition, or the parts differ in
        anything else.
    """
    blocks = [
        read_groups(part, kind, condition=condition) or {"": read(part, kind, condition=condition)}
        for part in parts
    ]
    first = next(iter(blocks[0].values()))
    for part, block in zip(parts, blocks, strict=True):
        if block.keys() != blocks[0].keys():
            raise StorageError(
                f"{part}: has the groups {', '.join(block)}, but {parts[0]} has "
                f"{', '.join(blocks[0])}; {made_again(part)}"
            )
        if next(iter(block.values())).attrs["configuration"] != first.attrs["configuration"]:
            raise StorageError(
                f"{part}: has another configuration than {parts[0]}; {made_again(part)}"
            )
    joined = {
        name: concatenate([block[name] for block in blocks], "seed", condition["seeds"])
        for name in blocks[0]
    }
    write(
        joined,
        path,
        kind=kind,
        title=first.attrs["title"],
        condition=condition,
        configuration=json.loads(first.attrs["configuration"]),
    )


def _kind(variable: xr.Variable) -> str:
    """Type and dimensions in words; texts may have any length."""
    kind = "text" if variable.dtype.kind in "UO" else str(variable.dtype)
    return f"{kind} ({', '.join(map(str, variable.dims))})"
