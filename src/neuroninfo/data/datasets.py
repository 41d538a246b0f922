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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo import streams
from neuroninfo.data.catalogue import SOURCES
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.data.sources import read_source
from neuroninfo.files import storage
from neuroninfo.streams import Stream
from neuroninfo.vocabulary import SPLITS

KIND: Final = "dataset"

INPUTS: Final = ("unit", "standardized")


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
        ValueError
            The split was not read.
        """
        if name not in self.slices:
            raise ValueError(
                f"{self.name}: split {name!r} was not read, only {', '.join(self.slices)}; "
                "name it in `splits`"
            )
        return self.slices[name]


def make(settings: DatasetSettings, data_root: Path | None = None) -> xr.Dataset:
    """Make a task, ready for ``storage.write(..., kind="dataset")``.

    Validation examples are drawn from the source's training file, stratified by class; the
    test split is the source's test file.  Digits have one file: test, then validation, are
    drawn from it.  What is drawn depends on the study's seed, the name and the sizes only.

    Parameters
    ----------
    settings
        The task and its splits. Inputs are "unit": raw values over their largest possible value,
        in [0, 1]; or "standardized": mean 0 and variance 1 over the train split for each feature
        (one that is constant there is only centred). With label noise, so large a share of the
        train split has a class that is drawn uniformly; the other splits keep theirs.
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
    ValueError
        Unknown task or kind of inputs; sizes that cannot be drawn; files that are missing
        and cannot be downloaded; a file that is not the official one.
    """
    name, inputs = settings.name, settings.inputs
    if (task := settings.source or name) not in SOURCES:
        raise ValueError(
            f"datasets.{name}: source {task!r} is unknown; there are {', '.join(SOURCES)}"
        )
    source = SOURCES[task]
    if inputs not in INPUTS:
        raise ValueError(
            f"datasets.{name}.inputs: {inputs!r} is unknown; give {' or '.join(INPUTS)}"
        )
    sizes = _checked_sizes(name, task, settings.validation, settings.test)

    raw, labels = read_source(name, source, data_root)
    split = np.zeros(len(labels), np.int8)
    split[source.n_training :] = SPLITS.index("test")
    generator = streams.generator(settings.study_seed, Stream.SPLIT, name)
    for part, size in sizes.items():
        rows = np.flatnonzero(split == SPLITS.index("train"))
        try:
            drawn = _stratified(labels[rows], size, source.n_classes, generator)
        except ValueError as error:
            raise ValueError(f"datasets.{name}.{part}: {size} {error}") from error
        split[rows[drawn]] = SPLITS.index(part)
    order = np.argsort(split, kind="stable")
    raw, labels, split = raw[order], labels[order], split[order]
    if settings.label_noise:
        training = split == SPLITS.index("train")
        labels = np.where(training, _drawn_anew(labels, source.n_classes, settings), labels)

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
    ValueError
        A split is unknown or has no example in the file; examples are not sorted by split.
    neuroninfo.files.storage.StorageError
        The file is missing, damaged or of another kind.
    """
    if not splits or not set(splits) <= set(SPLITS):
        raise ValueError(f"splits: {list(splits)}; give one or more of {', '.join(SPLITS)}")
    head = storage.read(path, KIND, variables=["split", "offset", "scale"])
    flags = head["split"].values
    if (np.diff(flags) < 0).any():
        raise ValueError(f"{path}: its examples are not sorted by split; sort, then write them")
    bounds = np.searchsorted(flags, np.arange(len(SPLITS) + 1))
    stored = {s: slice(int(bounds[i]), int(bounds[i + 1])) for i, s in enumerate(SPLITS)}
    wanted = {s: rows for s, rows in stored.items() if s in splits}
    for name, rows in wanted.items():
        if rows.start == rows.stop:
            raise ValueError(f"{path}: has no example of the split {name!r}")

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


def _checked_sizes(name: str, task: str, validation: int, test: int | None) -> dict[str, int]:
    """Splits to draw from the training file of a task, in that order, with sizes that it has."""
    source = SOURCES[task]
    key = f"datasets.{name}.test"
    if source.n_test:
        if test is not None:
            raise ValueError(
                f"{key}: {test}, but its test file ({source.n_test} examples) is the test split; "
                "remove the key"
            )
        sizes = {"validation": validation}
    elif test is None:
        raise ValueError(f"{key}: missing; {task} has no test file, give the number to draw")
    else:
        # Test first, so that another validation size leaves the test split as it is.
        sizes = {"test": test, "validation": validation}
    left = source.n_training
    for part, size in sizes.items():
        if not 0 < size < left:
            beside = f" beside the {test} for test" if left < source.n_training else ""
            raise ValueError(
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


def _drawn_anew(
    labels: NDArray[Any], n_classes: int, settings: DatasetSettings
) -> NDArray[np.int64]:
    """Labels, of which so large a share is drawn uniformly; the true one may be drawn too."""
    # No data set has such a name: these are no labels that a bound on one draws anew.
    generator = streams.generator(settings.study_seed, Stream.LABEL_NOISE, f"{settings.name}/train")
    drawn = generator.random(len(labels)) < settings.label_noise
    classes = generator.integers(0, n_classes, len(labels))
    return np.where(drawn, classes, labels)


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
