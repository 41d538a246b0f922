"""NetCDF files that stand on their own: written whole or not at all, checked when read.

Every file carries its title, source, history, condition and configuration (CF-1.11
attributes; the last two as JSON).  Behind the HDF5 bytes stands one line with their SHA-256,
which is checked *before* HDF5 opens the file: without it a flipped bit is silently read as a
number, and some flipped bits crash the HDF5 library.  HDF5 ignores what follows its end of
file, so any NetCDF reader opens the files; rewriting one with another tool drops the line.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import subprocess
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import netCDF4
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from neuroninfo import __version__
from neuroninfo.vocabulary import CONDITION

KIND_ATTRIBUTE: Final = "neuroninfo_kind"

OF_FILES: Final = frozenset(
    {"Conventions", "title", "source", "history", "condition", "configuration", KIND_ATTRIBUTE}
)
"""Attributes that `write` gives to every file."""

_SEAL: Final = b"\nneuroninfo-sha256:"

_SEAL_LENGTH: Final = len(_SEAL) + 64

# Attributes that say when and with what a file was made; equal results may differ here.
_UNCOMPARED: Final = frozenset({"history", "source"})

_CHUNK_BYTES: Final = 4 * 2**20

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # disk, quota, limit of a file


class StorageError(Exception):
    """A file cannot be read as expected; the message names the file and the remedy."""


def made_again(path: str | Path) -> str:
    """What to do about a file that cannot be used, for messages.

    Snakemake compares times of change only: it makes a damaged file again when it is told to.
    """
    return f"make it again: add `--forcerun {path}` to the study's command"


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
        Data set, architecture, activation, regularizer and seeds of the stored results.
    configuration
        The settings that made it, resolved.

    Raises
    ------
    ValueError
        A variable lacks ``long_name`` or ``units``.
    """
    with written_whole(path) as part:
        _create(part, _groups_of(dataset), _attributes(kind, title, condition, configuration))
        seal(part)


@contextlib.contextmanager
def growing(
    dataset: xr.Dataset | Mapping[str, xr.Dataset],
    path: str | Path,
    *,
    dim: str,
    length: int,
    kind: str,
    title: str,
    condition: Mapping[str, Any],
    configuration: Mapping[str, Any],
) -> Iterator[netCDF4.Dataset]:
    """The same as `write` for a file that is filled piece by piece and need not fit into memory.

    Parameters
    ----------
    dataset, path, kind, title, condition, configuration
        As of `write`; the dataset is the first piece.
    dim, length
        The dimension along which pieces follow, and how long it will be.

    Yields
    ------
    netCDF4.Dataset
        The open file; what is written to its variables is stored as it is.
    """
    with written_whole(path) as part:
        attributes = _attributes(kind, title, condition, configuration)
        _create(part, _groups_of(dataset), attributes, {dim: length})
        with netCDF4.Dataset(part, "a") as file:
            file.set_auto_maskandscale(False)
            for group in (file, *file.groups.values()):
                for variable in group.variables.values():
                    if variable.chunking() != "contiguous":  # by default it is 64 MB for each
                        variable.set_var_chunk_cache(2 * _CHUNK_BYTES)
            yield file
        seal(part)


def _attributes(
    kind: str, title: str, condition: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, str]:
    """Global attributes of a file."""
    return {
        "Conventions": "CF-1.11",
        "title": title,
        "source": source(),
        "history": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {kind} written by neuroninfo",
        "condition": json.dumps(condition, sort_keys=True),
        "configuration": json.dumps(configuration, sort_keys=True),
        KIND_ATTRIBUTE: kind,
    }


def _groups_of(dataset: xr.Dataset | Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Name of the group -> dataset; the root's name is empty."""
    return {"": dataset} if isinstance(dataset, xr.Dataset) else dict(dataset)


def _create(
    path: Path,
    groups: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    lengths: Mapping[str, int] | None = None,
) -> None:
    """Write datasets to a new file; dimensions with a length may grow up to it."""
    described = {name: _described(group, path) for name, group in groups.items()}
    root = described.pop("", xr.Dataset()).assign_attrs(attributes)
    for name, group in {"": root, **described}.items():
        group.to_netcdf(
            path,
            engine="netcdf4",
            mode="a" if name else "w",
            group=name or None,
            encoding=_encodings(group, lengths or {}),
            unlimited_dims=[dim for dim in lengths or {} if dim in group.dims],
        )


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success it is renamed to `path` in one step.

    On an error the part is removed and what stood at `path` stays. What a writer on this
    machine that was killed has left beside `path` is removed first.

    Raises
    ------
    OSError
        The disk or the quota is full, also where HDF5 only says that it failed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_parts(path)
    name = f".{path.stem}.{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"
    part = path.with_name(f"{name}.part{path.suffix}")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except Exception as error:
        full = _full(part, error)
        if full is None:
            raise
        raise OSError(
            full.errno,
            f"{os.strerror(full.errno or 0)}; nothing is left of it: free some space "
            "(or raise the quota) and run again",
            str(path),
        ) from error
    finally:
        part.unlink(missing_ok=True)


def seal(path: str | Path) -> None:
    """Append the SHA-256 of a file's bytes to the file, for `check_seal`."""
    path = Path(path)
    digest = _sha256(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_SEAL + digest.encode())


def check_seal(path: str | Path) -> str:
    """Check the bytes of a file that `seal` has closed; their SHA-256.

    Raises
    ------
    StorageError
        No such file; truncated, not ours, or changed since.
    """
    path = Path(path)
    if not path.is_file():
        raise StorageError(f"{path}: no such file; run the rule that makes it")
    body = path.stat().st_size - _SEAL_LENGTH
    seal = b""
    if body > 0:
        with path.open("rb") as file:
            file.seek(body)
            seal = file.read()
    if not seal.startswith(_SEAL):
        raise StorageError(
            f"{path}: truncated, or no file of neuroninfo (it does not end in a SHA-256); "
            f"{made_again(path)}"
        )
    digest = _sha256(path, body)
    if seal.removeprefix(_SEAL) != digest.encode():
        raise StorageError(
            f"{path}: damaged (its bytes do not match their SHA-256); {made_again(path)}"
        )
    return digest


def read(
    path: str | Path,
    kind: str,
    *,
    group: str = "",
    variables: Sequence[str] | None = None,
    select: Mapping[str, int | slice] | None = None,
    condition: Mapping[str, Any] | None = None,
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
        Dimension -> index or slice: read only this part.
    condition
        What the file must be of, as given to `write`; those names of `vocabulary.CONDITION` are
        compared that it has.

    Raises
    ------
    StorageError
        No such file; truncated, damaged or not ours; not of this kind or condition; a variable
        or group is missing.
    """
    path = Path(path)
    attributes = _checked_attributes(path, kind, condition)
    if group and group not in (existing := _groups(path)):
        raise StorageError(
            f"{path}: has no group {group!r}; it has {', '.join(map(repr, existing)) or 'none'}"
        )
    with _opened(path, group) as opened:
        part = opened if variables is None else opened[_existing(path, opened, variables)]
        if select:
            part = part.isel({k: v for k, v in select.items() if k in part.dims})
        dataset = part.load()
    dataset.attrs = attributes | dataset.attrs
    return dataset


def each(
    path: str | Path,
    kind: str,
    dim: str,
    *,
    variables: Sequence[str],
    condition: Mapping[str, Any] | None = None,
) -> Iterator[xr.Dataset]:
    """Slices of length one along `dim`, one in memory at a time; the file is checked once.

    Parameters and errors are those of `read`.
    """
    path = Path(path)
    attributes = _checked_attributes(path, kind, condition)
    with _opened(path) as opened:
        part = opened[_existing(path, opened, variables)].assign_attrs(attributes)
        for position in range(part.sizes[dim]):
            yield part.isel({dim: slice(position, position + 1)}).load()


def opened(
    path: str | Path, kind: str, *, condition: Mapping[str, Any] | None = None
) -> xr.Dataset:
    """A file of networks whose arrays by seed are read when they are used; see `seeds.slices`.

    Parameters and errors are those of `read`. The rest is in memory.
    """
    return _lazy(Path(path), "", _checked_attributes(Path(path), kind, condition))


def opened_groups(
    path: str | Path, kind: str, *, condition: Mapping[str, Any] | None = None
) -> dict[str, xr.Dataset]:
    """All groups of a file as `opened`, by name, checked once; without groups, "" is the file."""
    attributes = _checked_attributes(Path(path), kind, condition)
    names = _groups(Path(path)) or [""]
    return {name: _lazy(Path(path), name, attributes) for name in names}


def groups(path: str | Path, kind: str) -> list[str]:
    """Names of the groups of a file, in the order they were written.

    Raises
    ------
    StorageError
        As `read`.
    """
    _checked_attributes(Path(path), kind)
    return _groups(Path(path))


def read_groups(
    path: str | Path, kind: str, *, condition: Mapping[str, Any] | None = None
) -> dict[str, xr.Dataset]:
    """All groups of a file by name, checked once; parameters and errors are those of `read`."""
    attributes = _checked_attributes(Path(path), kind, condition)
    datasets = {}
    for name in _groups(Path(path)):
        with _opened(Path(path), name) as opened:
            datasets[name] = opened.load()
        datasets[name].attrs = attributes | datasets[name].attrs
    return datasets


def load(path: str | Path) -> xr.DataTree:
    """Any file of a study, checked; ``tree["variable"]``, or ``tree["group/variable"]``.

    Of a folder, all its NetCDF files, by their paths in it: ``tree["neurons/variable"]``.

    Raises
    ------
    StorageError
        No such file, or none in the folder; truncated, damaged or not ours.

    Examples
    --------
    >>> curves = neuroninfo.load("own_network/ablation.nc")["network"]
    """
    if Path(path).is_dir():
        files = sorted(Path(path).rglob("*.nc"))
        if not files:
            raise StorageError(f"{path}: no NetCDF file in this folder; run what writes them")
        folder = xr.DataTree(name=Path(path).name)
        for file in files:
            folder[file.relative_to(path).with_suffix("").as_posix()] = load(file)
        return folder
    check_seal(path)
    with _opened(Path(path)) as opened:
        tree = xr.DataTree(opened.load(), name=str(opened.attrs[KIND_ATTRIBUTE]))
    for name in _groups(Path(path)):
        with _opened(Path(path), name) as opened:
            tree[name] = xr.DataTree(opened.load())
    return tree


def identical(a: str | Path, b: str | Path, kind: str) -> bool:
    """Whether two files hold the same result.

    All variables, coordinates, their attributes and the configuration are bitwise equal;
    ``history`` and ``source`` are not compared.
    """
    names = groups(a, kind)
    if names != groups(b, kind):
        return False
    return all(_same(read(a, kind, group=name), read(b, kind, group=name)) for name in ["", *names])


def labelled(long_name: str, units: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Attributes of a variable."""
    return {"long_name": long_name, "units": units, **more}


def source() -> str:
    """Package version, and the commit where the source lies in a git checkout."""
    root = Path(__file__).resolve().parents[3]
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
    """Check the attributes of all variables; a shallow copy."""
    described = dataset.copy()
    for name, variable in described.variables.items():
        needed = ["long_name"] if name in described.coords else ["long_name", "units"]
        for attribute in needed:
            if attribute not in variable.attrs:
                raise ValueError(f"{path}: variable {name!r} needs the attribute {attribute!r}")
        if variable.dtype.kind == "U":  # stored as NetCDF strings, read back as objects
            described[name] = described[name].astype(object)
    return described


def _encodings(dataset: xr.Dataset, lengths: Mapping[str, int]) -> dict[Hashable, dict[str, Any]]:
    """Compress with zstd (fast, as small as zlib), a checksum for chunks of at most 4 MB."""
    encodings: dict[Hashable, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        shape = tuple(lengths.get(str(dim), size) for dim, size in variable.sizes.items())
        encoding: dict[str, Any] = {"_FillValue": None}
        if variable.dtype.kind in "iufb" and variable.ndim > 0 and variable.size > 0:
            encoding |= {
                "compression": "zstd",
                "complevel": 3,
                "fletcher32": True,
                "chunksizes": _chunks(shape, variable.dtype.itemsize),
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


def _checked_attributes(
    path: Path, kind: str, condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Global attributes of a file whose seal, kind and condition were found right."""
    check_seal(path)
    with _opened(path) as opened:
        attributes = dict(opened.attrs)
    if attributes[KIND_ATTRIBUTE] != kind:
        raise StorageError(f"{path}: holds {attributes[KIND_ATTRIBUTE]!r}, expected {kind!r}")
    if condition is not None:
        stored = json.loads(attributes["condition"])
        differing = [
            f"{name} {stored.get(name)!r} instead of {condition[name]!r}"
            for name in CONDITION
            if name in condition and stored.get(name) != condition[name]
        ]
        if differing:
            raise StorageError(
                f"{path}: is of another condition ({', '.join(differing)}); {made_again(path)}"
            )
    return attributes


def _opened(path: Path, group: str = "") -> xr.Dataset:
    """Open a checked file, or a group of it, as it was written; nothing is read yet."""
    return xr.open_dataset(
        path,
        engine="netcdf4",
        group=group or None,
        mask_and_scale=False,
        decode_times=False,
        cache=False,
    )


class _Stored(BackendArray):
    """An array in a file, which is open only while it is read.

    The netCDF library crashes, sometimes, when a file is opened that is open already.
    """

    def __init__(self, path: Path, group: str, name: str, variable: xr.Variable) -> None:
        self.path, self.group, self.name = path, group, name
        self.shape, self.dtype = variable.shape, variable.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:  # noqa: ANN401
        outer = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, outer, self._read)

    def _read(self, key: tuple[Any, ...]) -> NDArray[Any]:
        with netCDF4.Dataset(self.path) as file:
            file.set_auto_maskandscale(False)
            return np.asarray((file[self.group] if self.group else file)[self.name][key])


def _lazy(path: Path, group: str, attributes: Mapping[str, Any]) -> xr.Dataset:
    """A checked file, or a group of it: what depends on the seed is read when it is used."""
    with _opened(path, group) as file:
        variables = {
            name: xr.Variable(
                variable.dims,
                indexing.LazilyIndexedArray(_Stored(path, group, str(name), variable)),
                variable.attrs,
            )
            if "seed" in variable.dims and name != "seed"
            else variable.load()
            for name, variable in file.variables.items()
        }
        coordinates = {name: variables.pop(name) for name in file.coords}
        return xr.Dataset(variables, coordinates, dict(attributes) | file.attrs)


def _groups(path: Path) -> list[str]:
    with netCDF4.Dataset(path) as opened:
        return list(opened.groups)


def _remove_left_parts(path: Path) -> None:
    """Remove parts of `path` whose writer, a process of this machine, is no more."""
    machine = re.escape(os.uname().nodename)
    written = re.compile(
        rf"\.{re.escape(path.stem)}\.{machine}-(\d+)-[0-9a-f]+\.part{re.escape(path.suffix)}"
    )
    for beside in path.parent.iterdir():
        writer = written.fullmatch(beside.name)
        if writer and not _alive(int(writer[1])):
            beside.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _full(part: Path, error: Exception) -> OSError | None:
    """The error of a full disk, if that is behind an error: HDF5 does not say, so we write."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return error
    if part.exists():
        try:
            with part.open("ab") as file:
                file.write(bytes(2 * _CHUNK_BYTES))
                os.fsync(file.fileno())
        except OSError as asked:
            if asked.errno in _FULL:
                return asked
    return None


def _sha256(path: Path, length: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (block := file.read(min(length, 2**20))):
            digest.update(block)
            length -= len(block)
    return digest.hexdigest()


def _existing(path: Path, dataset: xr.Dataset, variables: Sequence[str]) -> list[str]:
    for name in variables:
        if name not in dataset:
            raise StorageError(
                f"{path}: has no variable {name!r}; it has {', '.join(map(str, dataset))}"
            )
    return list(variables)


def _same(a: xr.Dataset, b: xr.Dataset) -> bool:
    attributes = [{k: v for k, v in d.attrs.items() if k not in _UNCOMPARED} for d in (a, b)]
    return (
        _plain(attributes[0]) == _plain(attributes[1])
        and set(a.variables) == set(b.variables)
        and all(_same_variable(a.variables[name], b.variables[name]) for name in a.variables)
    )


def _same_variable(a: xr.Variable, b: xr.Variable) -> bool:
    return (
        a.dims == b.dims
        and a.shape == b.shape
        and a.dtype == b.dtype
        and _plain(a.attrs) == _plain(b.attrs)
        and (
            a.values.tolist() == b.values.tolist()
            if a.dtype.kind == "O"
            else a.values.tobytes() == b.values.tobytes()
        )
    )


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for key, value in attributes.items()
    }
