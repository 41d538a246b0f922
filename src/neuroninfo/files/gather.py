"""Blocks of seeds put together into one file, each cell checked to be there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import netCDF4
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files import storage
from neuroninfo.files.seeds import SLICE_BYTES
from neuroninfo.files.storage import StorageError, made_again

_SEED: Final = "seed"
_Groups = Mapping[str, xr.Dataset]


def gather(
    parts: Sequence[str | Path], path: str | Path, *, kind: str, condition: Mapping[str, Any]
) -> None:
    """Put the blocks of a condition together into one file of the same kind.

    Blocks are copied one after another, a few seeds at a time, so that the memory needed does not
    grow with the number of seeds.

    Parameters
    ----------
    parts
        Files of blocks of seeds, all of one configuration, in any order.
    path
        The file to write, in the order of the condition's seeds.
    kind
        Of all of them.
    condition
        As in `write`; its ``seeds`` must be exactly those of the parts.

    Raises
    ------
    StorageError
        A seed is missing or doubled, a part is of another condition, or the parts differ in
        anything else than values by seed and attributes; attributes that differ are left out.
    """
    first = storage.opened_groups(parts[0], kind, condition=condition)
    about = next(iter(first.values())).attrs
    place = {seed: position for position, seed in enumerate(condition["seeds"])}
    existing: list[int] = []
    with storage.growing(
        {name: _own(group.isel(seed=slice(1)).load()) for name, group in first.items()},
        path,
        dim=_SEED,
        length=len(place),
        kind=kind,
        title=about["title"],
        condition=condition,
        configuration=json.loads(about["configuration"]),
    ) as file:
        for number, part in enumerate(parts):
            block = storage.opened_groups(part, kind, condition=condition) if number else first
            _check_fit(part, block, parts[0], first)
            seeds = next(iter(block.values()))[_SEED].values.tolist()
            existing += seeds
            if place.keys() >= set(seeds):
                positions = np.array([place[seed] for seed in seeds])
                with netCDF4.Dataset(part) as source:
                    source.set_auto_maskandscale(False)
                    for name, group in block.items():
                        into, out_of = (f[name] if name else f for f in (file, source))
                        _keep_common_attributes(into, first[name], group)
                        _copy(out_of, into, positions)
        if sorted(existing) != sorted(place):
            missing = sorted(place.keys() - set(existing))
            extra = sorted(s for s in set(existing) if existing.count(s) > 1 or s not in place)
            raise StorageError(f"seed: missing {missing}, doubled or unexpected {extra}")


def _own(group: xr.Dataset) -> xr.Dataset:
    """Without the attributes of its file."""
    own = {name: value for name, value in group.attrs.items() if name not in storage.OF_FILES}
    return group.drop_attrs(deep=False).assign_attrs(own)


def _check_fit(part: str | Path, block: _Groups, other: str | Path, first: _Groups) -> None:
    """Check that two blocks differ in nothing but values by seed and attributes."""
    if block.keys() != first.keys():
        raise StorageError(
            f"{part}: has the groups {', '.join(block)}, but {other} has {', '.join(first)}; "
            f"{made_again(part)}"
        )
    a, b = (next(iter(groups.values())) for groups in (block, first))
    if a.attrs["configuration"] != b.attrs["configuration"]:
        raise StorageError(f"{part}: has another configuration than {other}; {made_again(part)}")
    for name, group in block.items():
        if not np.array_equal(group[_SEED], a[_SEED]):
            raise StorageError(f"{part}: has groups of different seeds; {made_again(part)}")
        for said in _differences(group, first[name]):
            raise StorageError(f"{part} and {other} do not fit together: {said}")


def _differences(a: xr.Dataset, b: xr.Dataset) -> Iterator[str]:
    """The differences between two blocks, in words."""
    for name in sorted({*map(str, a.variables), *map(str, b.variables)}):
        kinds = {_kind(data.variables.get(name)) for data in (a, b)}
        if len(kinds) > 1:
            yield f"variable {name!r} is {', '.join(sorted(kinds))}"
        elif _SEED not in a[name].dims and not _equal(a.variables[name], b.variables[name]):
            yield f"variable {name!r} has other values"
    for dim in a.sizes:
        if dim != _SEED and a.sizes[dim] != b.sizes.get(dim):
            yield f"{dim!r} has {a.sizes[dim]} and {b.sizes.get(dim)} values"


def _equal(a: xr.Variable, b: xr.Variable) -> bool:
    """Whether all values are; NaN equals NaN."""
    return bool(a.equals(b))  # type: ignore[no-untyped-call]


def _kind(variable: xr.Variable | None) -> str:
    """Type and dimensions in words; texts may have any length."""
    if variable is None:
        return "absent"
    kind = "text" if variable.dtype.kind in "UO" else str(variable.dtype)
    return f"{kind} ({', '.join(map(str, variable.dims))})"


def _keep_common_attributes(into: netCDF4.Dataset, first: xr.Dataset, group: xr.Dataset) -> None:
    """Remove attributes that a block has otherwise than the first one."""
    pairs = [(into, _own(first).attrs, _own(group).attrs)]
    pairs += [
        (into[str(name)], first.variables[name].attrs, variable.attrs)
        for name, variable in group.variables.items()
    ]
    for stored, ours, others in pairs:
        for name in stored.ncattrs():
            if name in ours and not np.array_equal(ours[name], others.get(name, ())):
                stored.delncattr(name)


def _copy(source: netCDF4.Dataset, into: netCDF4.Dataset, positions: NDArray[np.int64]) -> None:
    """Copy the values by seed to their positions, a few seeds at a time."""
    for name, variable in source.variables.items():
        if _SEED in variable.dimensions:
            bytes_of_seed = np.prod(variable.shape) * np.dtype("f8").itemsize / len(positions)
            few = max(1, int(SLICE_BYTES / bytes_of_seed))
            for start in range(0, len(positions), few):
                here = slice(start, start + few)
                ours, theirs = (
                    tuple(seeds if dim == _SEED else slice(None) for dim in variable.dimensions)
                    for seeds in (positions[here], here)
                )
                into[name][ours] = variable[theirs]
