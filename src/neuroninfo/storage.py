"""NetCDF files that stand on their own: written whole or not at all, checked when read.

Every file carries its title, source, history, condition and configuration (CF-1.11
attributes; the last two as JSON), and SHA-256 digests: one for each variable (name,
dimensions, type, values and attributes) and one for the file (its attributes and what it
contains).  Chunks have HDF5's ``fletcher32`` besides, since a part of a variable is read
without the rest.  Without these checks a flipped bit is silently read as a number.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from neuroninfo import __version__

KIND_ATTRIBUTE: Final = "neuroninfo_kind"
_DIGEST: Final = "sha256"
_CONTENTS: Final = "neuroninfo_contents"
# Attributes that say when and with what a file was made; equal results may differ here.
_UNCOMPARED: Final = frozenset({"history", "source", _DIGEST})
# Attributes that netCDF-C or xarray add or take away between writing and reading.
_VOLATILE: Final = frozenset({_DIGEST, "_FillValue", "coordinates"})
_CHUNK_BYTES: Final = 4 * 2**20


class StorageError(Exception):
    """A file cannot be read as what it should be; the message names the file and the mend."""


def write(
    dataset: xr.Dataset | Mapping[str, xr.Dataset],
    path: str | Path,
    *,
    kind: str,
    title: str,
    condition: Mapping[str, Any],
    configuration: Mapping[str, Any],
) -> None:
    """Write a dataset, or one dataset a group, so that the file is there whole or not at all.

    Parameters
    ----------
    dataset
        What is stored. Every variable needs the attributes ``long_name`` and ``units``
        (coordinates: ``long_name``). A mapping gives group name -> dataset; their common
        attributes stand in the file's root.
    path
        The file; folders are made. It is written beside and renamed, so two writers of
        one file leave one whole file.
    kind
        What the file is ("network", "neurons", ...); `read` refuses any other.
    title
        One line for people.
    condition
        Data set, architecture, activation, regularizer and seeds of what is stored.
    configuration
        The settings that made it, resolved.

    Raises
    ------
    ValueError
        A variable lacks ``long_name`` or ``units``.
    """
    groups = {"": dataset} if isinstance(dataset, xr.Dataset) else dict(dataset)
    groups = {name: _described(group, path) for name, group in groups.items()}
    attributes: dict[str, Any] = dict(groups[""].attrs) if "" in groups else {}
    attributes |= {
        "Conventions": "CF-1.11",
        "title": title,
        "source": source(),
        "history": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {kind} written by neuroninfo",
        "condition": json.dumps(condition, sort_keys=True),
        "configuration": json.dumps(configuration, sort_keys=True),
        KIND_ATTRIBUTE: kind,
        _CONTENTS: json.dumps(
            {name: sorted(map(str, group.variables)) for name, group in groups.items()}
        ),
    }
    attributes[_DIGEST] = _file_digest(attributes)
    root = xr.Dataset(attrs=attributes)
    if "" in groups:
        root = groups[""].assign_attrs(attributes)
    with written_whole(path) as part:
        root.to_netcdf(part, engine="netcdf4", encoding=_encodings(root))
        for name, group in groups.items():
            if name:
                group.to_netcdf(
                    part, engine="netcdf4", mode="a", group=name, encoding=_encodings(group)
                )


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; on success it becomes `path` in one step.

    On an error the part is removed and what stood at `path` stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read(
    path: str | Path,
    kind: str,
    *,
    group: str = "",
    variables: Sequence[str] | None = None,
    select: Mapping[str, int | slice] | None = None,
) -> xr.Dataset:
    """Read a file (or one group of it) into memory and check it.

    Parameters
    ----------
    path, kind
        The file and what it must be.
    group
        One group, as given to `write`; its dataset gets the file's attributes too.
    variables
        Data variables to read, default all; coordinates always come along.
    select
        Dimension -> index or slice: read only this part. Chunks are then checked by
        ``fletcher32``; whole variables, which `select` does not touch, by SHA-256 too.

    Raises
    ------
    StorageError
        No such file; not NetCDF or truncated; not of this kind; a digest or checksum
        does not match; a variable or group is missing.
    """
    path = Path(path)
    if not path.exists():
        raise StorageError(f"{path}: no such file; run the rule that makes it")
    try:
        attributes = _checked_attributes(path, kind)
        contents: dict[str, list[str]] = json.loads(attributes[_CONTENTS])
        if group not in contents:
            raise StorageError(
                f"{path}: has no group {group!r}; it has {', '.join(map(repr, contents))}"
            )
        with xr.open_dataset(
            path,
            engine="netcdf4",
            group=group or None,
            mask_and_scale=False,
            decode_times=False,
            cache=False,
        ) as opened:
            _require(path, contents[group], sorted(map(str, opened.variables)))
            chosen = opened if variables is None else opened[_existing(path, opened, variables)]
            touched = frozenset(select or ())
            if touched:
                chosen = chosen.isel({k: v for k, v in (select or {}).items() if k in chosen.dims})
            dataset = chosen.load()
            for name, variable in dataset.variables.items():
                whole = not touched.intersection(opened[name].dims)
                if whole and _variable_digest(name, variable) != variable.attrs.get(_DIGEST):
                    raise StorageError(f"variable {name!r} does not match its SHA-256")
    except StorageError as error:
        message = str(error)
        raise (error if str(path) in message else _damaged(path, message)) from None
    except Exception as error:  # netCDF-C reports damage in many ways
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    for variable in dataset.variables.values():
        variable.attrs.pop(_DIGEST, None)
    own = {k: v for k, v in dataset.attrs.items() if k not in attributes}
    dataset.attrs = {k: v for k, v in attributes.items() if k != _DIGEST} | own
    return dataset


def groups(path: str | Path, kind: str) -> list[str]:
    """Names of the groups of a file, in the order they were written."""
    try:
        return [name for name in json.loads(_checked_attributes(Path(path), kind)[_CONTENTS])]
    except StorageError:
        raise
    except Exception as error:
        raise _damaged(Path(path), f"{type(error).__name__}: {error}") from error


def identical(a: str | Path, b: str | Path, kind: str) -> bool:
    """Whether two files hold the same result.

    All variables, coordinates, their attributes and the configuration are bitwise equal;
    ``history`` and ``source`` are not compared.
    """
    names = groups(a, kind)
    if names != groups(b, kind):
        return False
    for name in names:
        one, two = read(a, kind, group=name), read(b, kind, group=name)
        kept = [{k: v for k, v in d.attrs.items() if k not in _UNCOMPARED} for d in (one, two)]
        if not _same_attributes(*kept) or set(one.variables) != set(two.variables):
            return False
        if any(
            _variable_digest(key, one.variables[key]) != _variable_digest(key, two.variables[key])
            for key in one.variables
        ):
            return False
    return True


def concatenate(parts: Sequence[xr.Dataset], dim: str, expected: Sequence[int]) -> xr.Dataset:
    """Join parts along `dim`, sorted by its coordinate, each cell checked to be there.

    Raises
    ------
    StorageError
        The coordinate along `dim` is not exactly `expected` (missing, doubled or foreign
        values are named), or another coordinate differs between the parts.
    """
    found = [int(value) for part in parts for value in np.atleast_1d(part[dim].values)]
    if sorted(found) != sorted(expected):
        missing = sorted(set(expected) - set(found))
        extra = sorted(v for v in set(found) if found.count(v) > 1 or v not in expected)
        raise StorageError(f"{dim}: missing {missing}, doubled or unexpected {extra}")
    try:
        joined = xr.concat(
            parts,
            dim=dim,
            data_vars="minimal",
            coords="minimal",
            compat="equals",
            join="exact",
            combine_attrs="drop_conflicts",
        )
    except ValueError as error:
        raise StorageError(f"parts along {dim!r} do not fit together: {error}") from error
    return joined.sortby(dim)


def labelled(long_name: str, units: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Attributes of a variable."""
    return {"long_name": long_name, "units": units, **more}


def source() -> str:
    """Package version, and the commit where the source lies in a git checkout."""
    root = Path(__file__).resolve().parents[2]
    commit = "unknown"
    if (root / ".git").exists():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            commit = subprocess.run(
                ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
            ).stdout.strip()
    return f"neuroninfo {__version__} (commit {commit})"


def _described(dataset: xr.Dataset, path: str | Path) -> xr.Dataset:
    """Check the attributes of all variables, add the digests; a shallow copy."""
    described = dataset.copy()
    for name, variable in described.variables.items():
        needed = ["long_name"] if name in described.coords else ["long_name", "units"]
        for attribute in needed:
            if attribute not in variable.attrs:
                raise ValueError(f"{path}: variable {name!r} needs the attribute {attribute!r}")
        if variable.dtype.kind == "U":  # stored as NetCDF strings, read back as objects
            described[name] = described[name].astype(object)
        described[name].attrs[_DIGEST] = _variable_digest(name, described.variables[name])
    return described


def _encodings(dataset: xr.Dataset) -> dict[Hashable, dict[str, Any]]:
    """zstd (fast at this level, as small as zlib) and a checksum a chunk of at most 4 MB."""
    encodings: dict[Hashable, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        encoding: dict[str, Any] = {"_FillValue": None}
        if variable.dtype.kind in "iufb" and variable.ndim > 0 and variable.size > 0:
            encoding |= {
                "compression": "zstd",
                "complevel": 3,
                "fletcher32": True,
                "chunksizes": _chunks(variable.shape, variable.dtype.itemsize),
            }
        encodings[name] = encoding
    return encodings


def _chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Whole trailing dimensions as far as they fit, leading ones cut: one seed is a chunk."""
    chunks = []
    room = _CHUNK_BYTES // itemsize
    for size in reversed(shape):
        chunks.append(max(1, min(size, room)))
        room //= chunks[-1]
    return tuple(reversed(chunks))


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for key, value in sorted(attributes.items())
        if key not in _VOLATILE
    }


def _variable_digest(name: Hashable, variable: xr.Variable) -> str:
    values = np.asarray(variable.values)
    text = values.dtype.kind in "OU"
    head = [
        str(name),
        list(map(str, variable.dims)),
        "string" if text else values.dtype.str,
        list(values.shape),
        _plain(variable.attrs),
    ]
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    if text:
        digest.update(json.dumps([str(value) for value in values.ravel()]).encode())
    else:
        digest.update(np.ascontiguousarray(values).data if values.size else b"")
    return digest.hexdigest()


def _file_digest(attributes: Mapping[Any, Any]) -> str:
    return hashlib.sha256(json.dumps(_plain(attributes), sort_keys=True).encode()).hexdigest()


def _checked_attributes(path: Path, kind: str) -> dict[str, Any]:
    try:
        with xr.open_dataset(path, engine="netcdf4", mask_and_scale=False) as opened:
            attributes = dict(opened.attrs)
    except Exception as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if KIND_ATTRIBUTE not in attributes:
        raise StorageError(f"{path}: no file of neuroninfo, or damaged; delete it and run again")
    if _file_digest(attributes) != attributes.get(_DIGEST):
        raise _damaged(path, "its attributes do not match their SHA-256")
    if attributes[KIND_ATTRIBUTE] != kind:
        raise StorageError(f"{path}: holds {attributes[KIND_ATTRIBUTE]!r}, expected {kind!r}")
    return attributes


def _require(path: Path, expected: Sequence[str], found: Sequence[str]) -> None:
    if list(expected) != list(found):
        odd = sorted(set(expected).symmetric_difference(found))
        raise _damaged(path, f"variables missing or unexpected: {', '.join(odd)}")


def _existing(path: Path, dataset: xr.Dataset, variables: Sequence[str]) -> list[str]:
    for name in variables:
        if name not in dataset:
            raise StorageError(
                f"{path}: has no variable {name!r}; it has {', '.join(map(str, dataset))}"
            )
    return list(variables)


def _same_attributes(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return json.dumps(_plain(a)) == json.dumps(_plain(b))


def _damaged(path: Path, reason: str) -> StorageError:
    return StorageError(
        f"{path}: truncated, damaged or no NetCDF file ({reason}); delete it and run again"
    )
