"""Classification tasks by name: checked, split and stored once, read as tensors many times.

A task is stored as kind "dataset" (see `storage`): raw values in their native type with an
offset and a scale a feature, so that the file is small and what a network sees,
``(inputs - offset) / scale`` in float32, is made when the file is read.

Sources are scikit-learn's digits, which need no network, tasks of twelve bits
(`twelve_bits`), and data sets that torchvision reads.  Files of the latter are checked against
the SHA-256 in `SOURCES` before anything opens them: some are pickles, which can run code when
they are loaded.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo import streams
from neuroninfo.data import twelve_bits
from neuroninfo.files import storage
from neuroninfo.streams import Stream

KIND: Final = "dataset"
SPLITS: Final = ("train", "validation", "test")  # the position is the stored flag
INPUTS: Final = ("unit", "standardized")
ENVIRONMENT: Final = "NEURONINFO_DATA"


class DatasetError(Exception):
    """A task cannot be made or read; the message names the file or key and the mend."""


@dataclass(frozen=True)
class Source:
    """Where a task comes from.

    Attributes
    ----------
    n_classes, n_features
        Size of the task; images are flattened channel first, as ``ToTensor`` orders them.
    unit
        What raw values are divided by so that they lie in [0, 1].
    n_training, n_test
        Examples in the source's own training and test file (0: it has no test file).
    torchvision
        Name of the class in ``torchvision.datasets``; empty for scikit-learn's digits.
    folder
        Where the files lie below the data folder, in torchvision's layout.
    sha256
        File name -> SHA-256 of the official file, unpacked.
    complete
        Whether the examples are all inputs that there are.
    """

    n_classes: int
    n_features: int
    unit: int
    n_training: int
    n_test: int
    torchvision: str = ""
    folder: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False


SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "digits": Source(n_classes=10, n_features=64, unit=16, n_training=1797, n_test=0),
        "icosahedron": Source(
            n_classes=2, n_features=12, unit=1, n_training=4096, n_test=0, complete=True
        ),
        "szt": Source(
            n_classes=2,
            n_features=12,
            unit=1,
            n_training=4096,
            n_test=0,
            folder="szt",
            sha256=MappingProxyType(
                {"var_u.mat": "0ba9551878a855396a8de0cbaae620788ede1e7b1eb2b8373bbe017d5ea02036"}
            ),
            complete=True,
        ),
        "mnist": Source(
            n_classes=10,
            n_features=784,
            unit=255,
            n_training=60_000,
            n_test=10_000,
            torchvision="MNIST",
            folder="MNIST/raw",
            sha256=MappingProxyType(
                {
                    "train-images-idx3-ubyte": (
                        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
                    ),
                    "train-labels-idx1-ubyte": (
                        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
                    ),
                    "t10k-images-idx3-ubyte": (
                        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
                    ),
                    "t10k-labels-idx1-ubyte": (
                        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
                    ),
                }
            ),
        ),
        "fashion_mnist": Source(
            n_classes=10,
            n_features=784,
            unit=255,
            n_training=60_000,
            n_test=10_000,
            torchvision="FashionMNIST",
            folder="FashionMNIST/raw",
            sha256=MappingProxyType(
                {
                    "train-images-idx3-ubyte": (
                        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
                    ),
                    "train-labels-idx1-ubyte": (
                        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
                    ),
                    "t10k-images-idx3-ubyte": (
                        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
                    ),
                    "t10k-labels-idx1-ubyte": (
                        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
                    ),
                }
            ),
        ),
        "cifar10": Source(
            n_classes=10,
            n_features=3072,
            unit=255,
            n_training=50_000,
            n_test=10_000,
            torchvision="CIFAR10",
            folder="cifar-10-batches-py",
            sha256=MappingProxyType(
                {
                    "data_batch_1": (
                        "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd"
                    ),
                    "data_batch_2": (
                        "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8"
                    ),
                    "data_batch_3": (
                        "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9"
                    ),
                    "data_batch_4": (
                        "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b"
                    ),
                    "data_batch_5": (
                        "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154"
                    ),
                    "test_batch": (
                        "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831"
                    ),
                    "batches.meta": (
                        "f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb"
                    ),
                }
            ),
        ),
    }
)


@dataclass(frozen=True, eq=False)
class Examples:
    """The examples of a task as a network sees them.

    Attributes
    ----------
    name, n_classes
        Of the task.
    inputs
        (n, d) float32, C-contiguous: ``(raw - offset) / scale``, no unit.
    labels
        (n,) int64 in 0 .. n_classes - 1.
    index
        (n,) int32, position in the source: its training file, then its test file.
    slices
        Split -> its rows, for the splits that were read.
    complete
        Whether the splits together are all inputs that there are.
    """

    name: str
    n_classes: int
    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    index: NDArray[np.int32]
    slices: Mapping[str, slice]
    complete: bool = False

    def split(self, name: str) -> slice:
        """Rows of one split.

        Raises
        ------
        DatasetError
            The split was not read.
        """
        if name not in self.slices:
            raise DatasetError(
                f"{self.name}: split {name!r} was not read, only {', '.join(self.slices)}; "
                "name it in `splits`"
            )
        return self.slices[name]


def data_root(configured: str | Path) -> Path:
    """Folder of the data sets: the environment variable NEURONINFO_DATA, else `configured`."""
    return Path(os.environ.get(ENVIRONMENT) or configured).expanduser()


def make(
    name: str,
    *,
    study_seed: int,
    validation: int,
    inputs: str,
    test: int | None = None,
    data_root: Path | None = None,
) -> xr.Dataset:
    """Make a task, ready for ``storage.write(..., kind="dataset")``.

    Validation examples are drawn from the source's training file, stratified by class; the
    test split is the source's test file.  Digits have one file: test, then validation, are
    drawn from it.  What is drawn depends on `study_seed`, the task and the sizes only.

    Parameters
    ----------
    name
        A key of `SOURCES`.
    study_seed
        Seed of the study (stream ``SPLIT``).
    validation
        Number of validation examples.
    inputs
        "unit": raw values over their largest possible value, in [0, 1]; "standardized": mean
        0 and variance 1 over the train split for each feature (one that is constant there is
        only centred).
    test
        Number of test examples: for digits, and only there.
    data_root
        Folder of the data sets in torchvision's layout, as `data_root` gives it. Files that
        are missing are downloaded into it.

    Returns
    -------
    xarray.Dataset
        inputs (sample, feature) uint8; offset, scale (feature) float32; label (sample)
        int16; split (sample) int8; index (sample) int32. Samples are sorted by split, then
        by index.

    Raises
    ------
    DatasetError
        Unknown task or kind of inputs; sizes that cannot be drawn; files that are missing
        and cannot be downloaded; a file that is not the official one.
    """
    if name not in SOURCES:
        raise DatasetError(f"datasets.{name}: unknown; there are {', '.join(SOURCES)}")
    source = SOURCES[name]
    if inputs not in INPUTS:
        raise DatasetError(
            f"datasets.{name}.inputs: {inputs!r} is unknown; give {' or '.join(INPUTS)}"
        )
    sizes = _checked_sizes(name, source, validation, test)

    raw, labels = _read_source(name, source, data_root)
    split = np.zeros(len(labels), np.int8)
    split[source.n_training :] = SPLITS.index("test")
    generator = streams.generator(study_seed, Stream.SPLIT, name)
    for part, size in sizes.items():
        rows = np.flatnonzero(split == SPLITS.index("train"))
        try:
            drawn = _stratified(labels[rows], size, source.n_classes, generator)
        except ValueError as error:
            raise DatasetError(f"datasets.{name}.{part}: {size} {error}") from error
        split[rows[drawn]] = SPLITS.index(part)
    order = np.argsort(split, kind="stable")
    raw, labels, split = raw[order], labels[order], split[order]

    if inputs == "unit":
        offset = np.zeros(source.n_features, np.float32)
        scale = np.full(source.n_features, source.unit, np.float32)
    else:
        offset, scale = _standardization(raw[split == SPLITS.index("train")])
    return xr.Dataset(
        {
            "inputs": (
                ("sample", "feature"),
                raw,
                storage.labelled("raw input; a network sees (inputs - offset) / scale", "1"),
            ),
            "offset": ("feature", offset, storage.labelled("subtracted from the raw input", "1")),
            "scale": ("feature", scale, storage.labelled("divides the centred input", "1")),
            "label": ("sample", labels.astype(np.int16), storage.labelled("class", "1")),
            "split": (
                "sample",
                split,
                storage.labelled(
                    "split of the example",
                    "1",
                    flag_values=np.arange(len(SPLITS), dtype=np.int8),
                    flag_meanings=" ".join(SPLITS),
                ),
            ),
            "index": (
                "sample",
                order.astype(np.int32),
                storage.labelled(
                    "position of the example in the source",
                    "1",
                    comment="examples of the training file first, then those of the test file",
                ),
            ),
        },
        attrs={
            "name": name,
            "n_classes": source.n_classes,
            "complete": np.int8(source.complete),  # netCDF has no truth values
        },
    )


def read(path: str | Path, *, splits: Sequence[str] = SPLITS) -> Examples:
    """Read a task, or some splits of it, as a network sees it.

    Parameters
    ----------
    path
        A file of kind "dataset".
    splits
        Which splits; whatever their order here, the examples stand in the file's order:
        train, validation, test.

    Raises
    ------
    DatasetError
        A split is unknown or has no example in the file; examples are not sorted by split.
    neuroninfo.files.storage.StorageError
        The file is missing, damaged or of another kind.
    """
    if not splits or not set(splits) <= set(SPLITS):
        raise DatasetError(f"splits: {list(splits)}; give one or more of {', '.join(SPLITS)}")
    head = storage.read(path, KIND, variables=["split", "offset", "scale"])
    flags = head["split"].values
    if (np.diff(flags) < 0).any():
        raise DatasetError(f"{path}: its examples are not sorted by split; sort, then write them")
    bounds = np.searchsorted(flags, np.arange(len(SPLITS) + 1))
    stored = {s: slice(int(bounds[i]), int(bounds[i + 1])) for i, s in enumerate(SPLITS)}
    wanted = {s: rows for s, rows in stored.items() if s in splits}
    for name, rows in wanted.items():
        if rows.start == rows.stop:
            raise DatasetError(f"{path}: has no example of the split {name!r}")

    span = slice(min(s.start for s in wanted.values()), max(s.stop for s in wanted.values()))
    body = storage.read(path, KIND, variables=["inputs", "label", "index"], select={"sample": span})
    kept = np.isin(flags[span], [SPLITS.index(name) for name in wanted])
    if not kept.all():  # train and test without validation between them
        body = body.isel(sample=kept)

    slices, start = {}, 0
    for name, rows in wanted.items():
        slices[name] = slice(start, start := start + rows.stop - rows.start)
    return Examples(
        name=str(head.attrs["name"]),
        n_classes=int(head.attrs["n_classes"]),
        inputs=_scaled(body["inputs"].values, head["offset"].values, head["scale"].values),
        labels=body["label"].values.astype(np.int64),
        index=body["index"].values,
        slices=MappingProxyType(slices),
        complete=bool(head.attrs["complete"]),
    )


def _scaled(
    raw: NDArray[Any], offset: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(raw - offset) / scale in float32, without a pass or a copy that can be spared.

    It is a division, not a multiplication with 1 / scale, which would round differently.
    """
    tensor = np.empty(raw.shape, np.float32)
    if offset.any():
        np.subtract(raw, offset, out=tensor, dtype=np.float32)
        np.divide(tensor, scale, out=tensor)
    else:
        np.divide(raw, scale, out=tensor, dtype=np.float32)
    return tensor


def _checked_sizes(name: str, source: Source, validation: int, test: int | None) -> dict[str, int]:
    """Splits to draw from the training file, in that order, with sizes that it has."""
    key = f"datasets.{name}.test"
    if source.n_test:
        if test is not None:
            raise DatasetError(
                f"{key}: {test}, but its test file ({source.n_test} examples) is the test split; "
                "remove the key"
            )
        sizes = {"validation": validation}
    elif test is None:
        raise DatasetError(f"{key}: missing; {name} has no test file, give the number to draw")
    else:
        # Test first, so that another validation size leaves the test split as it is.
        sizes = {"test": test, "validation": validation}
    left = source.n_training
    for part, size in sizes.items():
        if not 0 < size < left:
            beside = f" beside the {test} for test" if left < source.n_training else ""
            raise DatasetError(
                f"datasets.{name}.{part}: {size} is impossible; the training file has {left} "
                f"examples{beside} and some must be left to train on: give 1 to {left - 1}"
            )
        left -= size
    return sizes


def _stratified(
    labels: NDArray[Any], size: int, n_classes: int, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Positions of `size` examples, each class with its share (largest remainders).

    Raises
    ------
    ValueError
        A class would have no example among those drawn, or among those left.
    """
    counts = np.bincount(labels, minlength=n_classes)
    shares, remainders = np.divmod(counts * size, len(labels))
    largest = np.argsort(-remainders, kind="stable")[: size - shares.sum()]
    shares[largest] += 1
    for class_, (count, share) in enumerate(zip(counts, shares, strict=True)):
        if share < 1:
            raise ValueError(f"has no example of class {class_}; give a larger number")
        if share >= count:
            raise ValueError(f"leaves no example of class {class_} to train on; give a smaller one")
    # Whole classes are permuted, so a smaller split is (rounding aside) part of a larger one.
    drawn = [
        generator.permutation(np.flatnonzero(labels == class_))[:share]
        for class_, share in enumerate(shares)
    ]
    return np.concatenate(drawn)


def _standardization(raw: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each column; 1 where it is constant.

    Sums of integers are exact, so neither depends on the order of summation.
    """
    n = len(raw)
    sums = raw.sum(axis=0, dtype=np.int64)
    squares = np.einsum("nd,nd->d", raw, raw, dtype=np.int64)
    deviation = np.sqrt((n * squares - sums**2).astype(np.float64)) / n
    deviation[deviation == 0] = 1
    return (sums / n).astype(np.float32), deviation.astype(np.float32)


def _read_source(
    name: str, source: Source, root: Path | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Raw inputs (n, d) and labels: the training file, then the test file if there is one."""
    if source.torchvision:
        return _torchvision(name, source, root)
    if name == "icosahedron":
        return twelve_bits.icosahedron()
    if name == "szt":
        return _szt(name, source, root)
    return _digits()


def _szt(
    name: str, source: Source, root: Path | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The task of Shwartz-Ziv and Tishby 2017, from the file that their code comes with."""
    (file, sha256), *_ = source.sha256.items()
    path = (root or Path()).expanduser() / source.folder / file
    if not path.is_file():
        raise DatasetError(
            f"datasets.{name}: {path} is missing, and its licence forbids to ship it; put "
            f"{file} of github.com/ravidziv/IDNNs there, or use the task icosahedron, which is of "
            "the same kind"
        )
    if (found := _sha256(path)) != sha256:
        raise DatasetError(
            f"{path}: not the official file of {name} (SHA-256 {found}, expected {sha256}); put "
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
        raise DatasetError(
            f"datasets.{name}: needs a folder with its files; give `data_root`, or set the "
            f"environment variable {ENVIRONMENT}"
        )
    root = root.expanduser().absolute()
    processed = root / source.torchvision / "processed"
    if processed.exists():
        raise DatasetError(
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
        if path.is_file() and (found := _sha256(path)) != sha256:
            raise DatasetError(
                f"{path}: not the official file of {name} (SHA-256 {found}, expected {sha256}); "
                "delete it and run again, or put the right one there"
            )
    missing = [file for file in source.sha256 if not (folder / file).is_file()]
    if not missing:
        return
    try:
        _download(source, root, missing)
    except (OSError, RuntimeError, http.client.HTTPException) as error:  # URLError is an OSError
        raise DatasetError(_missing_message(name, source, root, missing, error)) from error


def _unpack(packed: Path, path: Path, sha256: str) -> None:
    """Unpack a gzip file beside itself if it holds the right bytes."""
    try:
        content = gzip.decompress(packed.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DatasetError(
            f"{packed}: damaged ({error}); delete it and run again, or put the right one there"
        ) from error
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise DatasetError(
            f"{packed}: does not hold the official file (SHA-256 unpacked {found}, expected "
            f"{sha256}); delete it and run again, or put the right one there"
        )
    try:
        with storage.written_whole(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise DatasetError(
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
            if (found := _sha256(path)) != source.sha256[file]:
                raise RuntimeError(
                    f"{file} came with SHA-256 {found}, expected {source.sha256[file]}"
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
        raise DatasetError(f"{path}: cannot be read ({error}); change its permissions") from error
