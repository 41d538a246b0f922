"""Check all files of a study: ``python -m neuroninfo.files.verify results/talk``.

Snakemake looks at times of change only, so that a file whose bytes were damaged stays until a job
reads it. This reads every NetCDF file and every table, names those that are not what was written,
and ends with what to add to the study's command to make them again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from neuroninfo.files import storage, tables
from neuroninfo.files.storage import StorageError


def damaged(study: str | Path) -> Iterator[tuple[Path, str]]:
    """Files of a study that have changed since they were written, and why.

    Parameters
    ----------
    study
        Its folder, or any folder of results.

    Yields
    ------
    path, reason
        In the order of their names.

    Raises
    ------
    StorageError
        There is no such folder, or it has no file to check.
    """
    files = sorted(
        path
        for suffix in ("nc", "csv")
        for path in Path(study).rglob(f"*.{suffix}")
        if not path.name.startswith(".")
    )
    if not files:
        raise StorageError(f"{study}: no results in it; give a study's folder, as results/talk")
    for path in files:
        try:
            if path.suffix == ".nc":
                storage.check_seal(path)
            else:
                tables.check(path)
        except StorageError as error:
            yield path, str(error)


def main() -> None:
    """Print which files in the given folders are damaged, and how to make them again."""
    found = []
    for study in sys.argv[1:] or ["results"]:
        try:
            for path, reason in damaged(study):
                print(reason)
                found.append(path)
        except StorageError as error:
            raise SystemExit(str(error)) from None
    if found:
        names = " ".join(map(str, found))
        raise SystemExit(f"{len(found)} damaged. Add to the study's command: --forcerun {names}")
    print("All files are whole.")


if __name__ == "__main__":
    main()
