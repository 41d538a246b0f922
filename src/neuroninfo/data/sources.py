"""Where data sets come from: scikit-learn, torchvision, tasks of twelve bits; files are checked."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.data import twelve_bits
from neuroninfo.data.catalogue import Source
from neuroninfo.files import storage

ENVIRONMENT: Final = "NEURONINFO_DATA"


def data_root(configured: str | Path) -> Path:
    """Folder of the data sets: the environment variable NEURONINFO_DATA, else `configured`."""
    return Path(os.environ.get(ENVIRONMENT) or configured).expanduser()


def read_source(
    name: str, source: Source, root: Path | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Raw inputs (n, d) and labels: the training file, then the test file if there is one.

    The name is the data set's, for messages.
    """
    if source.torchvision:
        return _torchvision(name, source, root)
    if source.folder:
        return _szt(name, source, root)
    return twelve_bits.icosahedron() if source.complete else _digits()


def _szt(
    name: str, source: Source, root: Path | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The task of Shwartz-Ziv and Tishby 2017, from the file that their code comes with."""
    (file, sha256), *_ = source.sha256.items()
    path = (root or Path()).expanduser() / source.folder / file
    if not path.is_file():
        raise ValueError(
            f"datasets.{name}: {path} is missing, and its licence forbids to ship it; put "
            f"{file} of github.com/ravidziv/IDNNs there, or use the task icosahedron, which is of "
            "the same kind"
        )
    if (actual := _sha256(path)) != sha256:
        raise ValueError(
            f"{path}: not the official file of {name} (SHA-256 {actual}, expected {sha256}); put "
            "the right one there"
        )
    from scipy.io import loadmat

    content = loadmat(path)
    return content["F"].astype(np.uint8), content["y"].ravel().astype(np.int64)


def _digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    raw, labels = load_digits(return_X_y=True)
    return raw.astype(np.uint8), labels.astype(np.int64)


def _torchvision(
    name: str, source: Source, root: Path | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Raw inputs (n, d) and labels: the training file, then the test file."""
    if root is None:
        raise ValueError(
            f"datasets.{name}: needs a folder with its files; give `data_root`, or set the "
            f"environment variable {ENVIRONMENT}"
        )
    root = root.expanduser().absolute()
    processed = root / source.torchvision / "processed"
    if processed.exists():
        raise ValueError(
            f"{processed}: left by an old torchvision, which would read it instead of the "
            "checked files; delete this folder"
        )
    _provide(name, source, root)

    import torchvision

    read_by = getattr(torchvision.datasets, source.torchvision)
    raw, labels = [], []
    for train in (True, False):
        file = read_by(root, train=train, download=False)
        images = np.asarray(file.data)
        if images.ndim == 4:  # height, width, channel
            images = images.transpose(0, 3, 1, 2)
        raw.append(images.reshape(len(images), -1))
        labels.append(np.asarray(file.targets, dtype=np.int64))
    return np.concatenate(raw), np.concatenate(labels)


def _provide(name: str, source: Source, root: Path) -> None:
    """See that all files are there and are the official ones; download them if need be."""
    folder = root / source.folder
    for file, sha256 in source.sha256.items():
        path, packed = folder / file, folder / f"{file}.gz"
        if not path.is_file() and packed.is_file():
            _unpack(packed, path, sha256)
        if path.is_file() and (actual := _sha256(path)) != sha256:
            raise ValueError(
                f"{path}: not the official file of {name} (SHA-256 {actual}, expected {sha256}); "
                "delete it and run again, or put the right one there"
            )
    missing = [file for file in source.sha256 if not (folder / file).is_file()]
    if not missing:
        return
    try:
        _download(source, root, missing)
    except (OSError, RuntimeError, http.client.HTTPException) as error:  # URLError is an OSError
        raise ValueError(_missing_message(name, source, root, missing, error)) from error


def _unpack(packed: Path, path: Path, sha256: str) -> None:
    """Unpack a gzip file beside itself if it holds the right bytes."""
    try:
        content = gzip.decompress(packed.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{packed}: damaged ({error}); delete it and run again, or put the right one there"
        ) from error
    if (actual := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(
            f"{packed}: does not hold the official file (SHA-256 unpacked {actual}, expected "
            f"{sha256}); delete it and run again, or put the right one there"
        )
    try:
        with storage.written_whole(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise ValueError(
            f"{packed}: cannot be unpacked into its folder ({error}); unpack it there, or make "
            "the folder writable"
        ) from error


def _download(source: Source, root: Path, missing: Sequence[str]) -> None:
    """Download with torchvision, check, and only then put the missing files in their place.

    A folder of its own for each download keeps two processes apart, and no half file is
    ever seen under its final name.
    """
    import torchvision

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as fresh:
        # torchvision compares MD5 sums before it unpacks or opens what it got.
        getattr(torchvision.datasets, source.torchvision)(fresh, download=True)
        for file in missing:
            path = Path(fresh) / source.folder / file
            if (actual := _sha256(path)) != source.sha256[file]:
                raise RuntimeError(
                    f"{file} came with SHA-256 {actual}, expected {source.sha256[file]}"
                )
        (root / source.folder).mkdir(parents=True, exist_ok=True)
        for file in missing:
            (Path(fresh) / source.folder / file).replace(root / source.folder / file)


def _missing_message(
    name: str, source: Source, root: Path, missing: Sequence[str], error: Exception
) -> str:
    from_environment = os.environ.get(ENVIRONMENT) and data_root(root).absolute() == root
    origin = f"environment variable {ENVIRONMENT}" if from_environment else "key `data_root`"
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return "\n".join(
        [
            f"datasets.{name}: files are missing in {root} (from the {origin}):",
            *(f"    {source.folder}/{file}" for file in missing),
            f"and the download failed ({reason}). One of these mends it:",
            "  - set `data_root` in the configuration to a folder that has these files",
            f"  - set the environment variable {ENVIRONMENT} to such a folder (it wins)",
            f"  - put the files there, at {root / source.folder}",
            "A machine with internet gets them into the folder `data`, laid out like this, with",
            f'    python -c "import torchvision; torchvision.datasets.{source.torchvision}'
            "('data', download=True)\"",
        ]
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise ValueError(f"{path}: cannot be read ({error}); change its permissions") from error
