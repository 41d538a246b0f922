"""Tables as CSV files, which give back exactly the values that were written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from neuroninfo.files.storage import StorageError, made_again, written_whole


def write(table: pd.DataFrame | Iterable[pd.DataFrame], path: str | Path) -> None:
    """Write a table as CSV, whole or not at all; all digits of numbers.

    Parameters
    ----------
    table
        The table, or the pieces that it is made of, one below the other, of equal columns.
    path
        The file.
    """
    pieces = [table] if isinstance(table, pd.DataFrame) else table
    with written_whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        for number, piece in enumerate(pieces):
            piece.to_csv(file, index=False, header=not number, lineterminator="\n")


def gather(
    paths: Sequence[str | Path],
    columns: Mapping[str, type],
    key: Sequence[str],
    expected: Sequence[Sequence[str]],
) -> pd.DataFrame:
    """Several tables of the same columns in one, each cell checked to be there, once.

    Parameters
    ----------
    paths
        The files; their rows stand in this order.
    columns
        As of `read`.
    key
        Columns that tell rows apart, such as condition, scope and measure.
    expected
        Values of the first columns of the key, as many as each of them has, that have to be
        there: such as the conditions.

    Raises
    ------
    StorageError
        As `read`; the message names rows that are missing, unexpected or duplicate.
    """
    whole = pd.concat([read(path, columns) for path in paths], ignore_index=True)
    cell = list(key[: len(expected[0])])
    existing = set(whole[cell].itertuples(index=False, name=None))
    wanted = {tuple(values) for values in expected}
    files = " ".join(map(str, paths))
    for what, cells in (("missing", wanted - existing), ("not expected", existing - wanted)):
        if cells:
            names = ", ".join(sorted("/".join(values) for values in cells))
            raise StorageError(
                f"{files}: {what}: {names}; make them again: add `--forcerun {files}` to the "
                "study's command"
            )
    doubled = whole.loc[whole.duplicated(list(key)), list(key)]
    if len(doubled):
        first = "/".join(doubled.iloc[0])
        raise StorageError(f"{files}: doubled: {first}; give each file once")
    return whole


def read(path: str | Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read a table written by `write`; text stays text, numbers are exactly those written.

    Parameters
    ----------
    path
        The file.
    columns
        Name -> str, float, int or bool, all of them in their order; an empty float is NaN.

    Raises
    ------
    StorageError
        No such file; truncated or no table; other columns; no number or truth value where one
        belongs.
    """
    rows = _rows(Path(path))
    if rows[0] != list(columns):
        raise StorageError(
            f"{path}: has columns {', '.join(rows[0])}, not {', '.join(columns)}; "
            f"{made_again(path)}"
        )
    # Read as text: a quantizer may be called "none", and pandas' own parser rounds numbers.
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    values = {}
    for name, kind in columns.items():
        if kind is not str:
            parsed = _truth if kind is bool else kind
            try:
                values[name] = frame[name].map(lambda text, parsed=parsed: parsed(text or "nan"))
            except ValueError as error:
                raise StorageError(f"{path}: column {name}: {error}; {made_again(path)}") from error
    return frame.assign(**values)


def check(path: str | Path) -> None:
    """Check that a file is a whole table, of whatever columns.

    Raises
    ------
    StorageError
        No such file; truncated or no table.
    """
    _rows(Path(path))


def _truth(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError(f"{text!r} is neither True nor False")
    return text == "True"


def _rows(path: Path) -> list[list[str]]:
    """Rows of a whole table, the header first."""
    try:
        text = path.read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except FileNotFoundError:
        raise StorageError(f"{path}: no such file; run the rule that makes it") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise StorageError(f"{path}: damaged ({error}); {made_again(path)}") from error
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or not text.endswith("\n"):
        raise StorageError(
            f"{path}: truncated, or no table (rows of {sorted(lengths)} fields); {made_again(path)}"
        )
    return rows
