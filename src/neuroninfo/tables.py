"""Tables as CSV files: what is read is exactly what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from neuroninfo.storage import written_whole


class TableError(Exception):
    """A table cannot be read as what it should be; the message names the file and the mend."""


def write(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV, whole or not at all; all digits of numbers."""
    with written_whole(path) as part:
        frame.to_csv(part, index=False, lineterminator="\n")


def gather(paths: Sequence[str | Path], columns: Mapping[str, type]) -> pd.DataFrame:
    """Several tables of the same columns in one, in the order given; as `read`."""
    return pd.concat([read(path, columns) for path in paths], ignore_index=True)


def read(path: str | Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read a table written by `write`; text stays text, numbers are exactly those written.

    Parameters
    ----------
    path
        The file.
    columns
        Name -> str, float or int, all of them in their order; an empty float is NaN.

    Raises
    ------
    TableError
        The file has other columns.
    """
    # Read as text: a quantizer may be called "none", and pandas' own parser rounds numbers.
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(frame.columns) != list(columns):
        raise TableError(
            f"{path}: has columns {', '.join(frame.columns)}, not {', '.join(columns)}; delete it "
            "and run again"
        )
    numbers = {
        name: frame[name].map(lambda text, kind=kind: kind(text or "nan"))
        for name, kind in columns.items()
        if kind is not str
    }
    return frame.assign(**numbers)
