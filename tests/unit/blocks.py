"""Blocks of seeds in files of their own, and together."""

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
