"""Blocks of seeds in files of their own, and together; files that are read slice by slice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from neuroninfo.files import storage
from neuroninfo.files.gather import gather


def gathered(
    blocks: Mapping[int, xr.Dataset | dict[str, xr.Dataset]],
    kind: str,
    configuration: Mapping[str, Any],
    folder: Path,
) -> Path:
    """A file of all seeds, from a file for each that are given in another order."""
    parts = [folder / f"{seed}.nc" for seed in blocks]
    for part, block in zip(parts, blocks.values(), strict=True):
        storage.write(
            block, part, kind=kind, title="Block", condition={}, configuration=configuration
        )
    gather(parts[::-1], folder / "all.nc", kind=kind, condition={"seeds": list(blocks)})
    return folder / "all.nc"


def opened(groups: Mapping[str, xr.Dataset], kind: str, folder: Path) -> dict[str, xr.Dataset]:
    """The same from a file whose arrays by seed are read when they are used."""
    path = folder / f"{kind}.nc"
    described = {name: group.copy() for name, group in groups.items()}
    for group in described.values():
        group.attrs = {n: v for n, v in group.attrs.items() if n not in storage.OF_FILES}
        for variable in group.variables.values():
            variable.attrs = storage.labelled("a number", "1") | variable.attrs
    about: dict[str, Any] = {"title": "All seeds", "condition": {}, "configuration": {}}
    storage.write(described, path, kind=kind, **about)
    return storage.opened_groups(path, kind)
