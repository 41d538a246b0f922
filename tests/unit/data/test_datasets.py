"""Tasks are split as asked, read bit for bit as defined, and made of checked files only."""

import gzip
import hashlib
import os
import pickle
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from neuroninfo.data import datasets
from neuroninfo.data.catalogue import SOURCES, Source
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.data.sources import data_root
from neuroninfo.files import storage
from neuroninfo.vocabulary import SPLITS

PROJECT = Path(__file__).parents[3]
PLACES = [
    Path(place)
    for place in (
        os.environ.get("NEURONINFO_DATA"),
        PROJECT / "data",
        PROJECT.parent / "shared" / "data",
    )
    if place
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, and no data folder but the one that a test gives."""

    def refuse(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.delenv("NEURONINFO_DATA", raising=False)


def digits(**changes: Any) -> xr.Dataset:
    settings = {"study_seed": 1, "validation": 300, "test": 400, "inputs": "unit"}
    return datasets.make(DatasetSettings("digits", **settings | changes))


def test_label_noise_draws_labels_of_the_train_split_anew() -> None:
    """A share s of n labels in C classes changes with probability s (1 - 1/C)."""
    true, noisy = digits(), digits(label_noise=0.5)
    changed = true["label"].values != noisy["label"].values
    train = true["split"].values == SPLITS.index("train")
    assert not changed[~train].any()
    n, expected = train.sum(), 0.5 * 0.9
    assert abs(changed[train].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
    for name in ("inputs", "split", "index", "scale"):
        assert np.array_equal(true[name], noisy[name])
    assert digits(label_noise=0.5).identical(noisy)
    assert set(np.unique(digits(label_noise=1.0)["label"].values)) == set(range(10))


def stored(dataset: xr.Dataset, folder: Path) -> Path:
    path = folder / "task.nc"
    storage.write(dataset, path, kind="dataset", title="A task", condition={}, configuration={})
    return path


# ---------------------------------------------------------------- small data sets on disk


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


def files_of_mnist() -> dict[str, bytes]:
    """40 + 12 images of 3 x 4 in 4 classes, the last pixel constant."""
    rng = np.random.default_rng(0)
    files = {}
    for part, n in {"train": 40, "t10k": 12}.items():
        images = rng.integers(0, 256, (n, 3, 4), dtype=np.uint8)
        images[:, 2, 3] = 7
        files[f"{part}-images-idx3-ubyte"] = idx(images)
        files[f"{part}-labels-idx1-ubyte"] = idx(np.arange(n, dtype=np.uint8) % 4)
    return files


def files_of_cifar() -> dict[str, bytes]:
    """50 + 10 images in 5 classes."""
    rng = np.random.default_rng(1)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    files = {
        name: pickle.dumps(
            {
                "data": rng.integers(0, 256, (10, 3072), dtype=np.uint8),
                "labels": [i % 5 for i in range(10)],
            }
        )
        for name in names
    }
    return files | {"batches.meta": pickle.dumps({"label_names": list("abcde")})}


def sha256(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def lay_out(files: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def maker(settings: DatasetSettings, folder: Path) -> Callable[..., xr.Dataset]:
    """Makes a task, with other settings or from another folder where they are named."""

    def make(data_root: Path | None = folder, **changes: Any) -> xr.Dataset:
        return datasets.make(replace(settings, **changes), data_root)

    return make


@pytest.fixture
def mnist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., xr.Dataset]:
    """A small MNIST below tmp_path, and how to make its task."""
    files = files_of_mnist()
    source = Source(4, 12, 255, 40, 12, "MNIST", "MNIST/raw", sha256(files))
    monkeypatch.setattr(datasets, "SOURCES", {"digits": SOURCES["digits"], "mnist": source})
    lay_out(files, tmp_path / "MNIST" / "raw")
    return maker(DatasetSettings("mnist", study_seed=1, validation=10, inputs="unit"), tmp_path)


@pytest.fixture
def cifar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., xr.Dataset]:
    """A small CIFAR-10 below tmp_path, with the MD5 that torchvision looks at."""
    import torchvision

    files = files_of_cifar()
    source = Source(5, 3072, 255, 50, 10, "CIFAR10", "cifar-10-batches-py", sha256(files))
    monkeypatch.setattr(datasets, "SOURCES", {"cifar10": source})
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    reader = torchvision.datasets.CIFAR10
    monkeypatch.setattr(reader, "train_list", [[n, md5[n]] for n in files if n[:4] == "data"])
    monkeypatch.setattr(reader, "test_list", [["test_batch", md5["test_batch"]]])
    monkeypatch.setattr(reader, "meta", reader.meta | {"md5": md5["batches.meta"]})
    lay_out(files, tmp_path / "cifar-10-batches-py")
    return maker(DatasetSettings("cifar10", study_seed=1, validation=10, inputs="unit"), tmp_path)


# ---------------------------------------------------------------- splits


def test_digits_have_the_sizes_asked_for() -> None:
    task = digits()
    split = task["split"].values
    assert np.bincount(split).tolist() == [1097, 300, 400]
    assert (np.diff(split) >= 0).all()  # each split is one slice
    for flag in range(3):
        assert (np.diff(task["index"].values[split == flag]) > 0).all()
    raw, labels = load_digits(return_X_y=True)
    np.testing.assert_array_equal(task["inputs"], raw[task["index"].values])
    np.testing.assert_array_equal(task["label"], labels[task["index"].values])
    assert sorted(task["index"].values) == list(range(1797))


def test_layout() -> None:
    task = digits()
    kinds = {name: (v.dims, v.dtype.name) for name, v in task.variables.items()}
    assert kinds == {
        "inputs": (("sample", "feature"), "uint8"),
        "offset": (("feature",), "float32"),
        "scale": (("feature",), "float32"),
        "label": (("sample",), "int16"),
        "split": (("sample",), "int8"),
        "index": (("sample",), "int32"),
    }
    assert task.attrs == {"name": "digits", "n_classes": 10, "complete": 0}
    assert task["split"].attrs["flag_values"].tolist() == [0, 1, 2]
    assert task["split"].attrs["flag_meanings"] == "train validation test"
    assert "training file first" in task["index"].attrs["comment"]


@given(
    counts=st.lists(st.integers(5, 60), min_size=2, max_size=6),
    share=st.floats(0.25, 0.75),
    seed=st.integers(0, 5),
)
def test_strata_have_exact_sizes(counts: list[int], share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    size = round(share * len(labels))
    drawn = datasets._stratified(labels, size, len(counts), rng)
    assert len(set(drawn)) == len(drawn) == size
    exact = np.array(counts) * size / len(labels)
    assert (np.abs(np.bincount(labels[drawn]) - exact) < 1).all()


def test_largest_remainders_get_the_rest() -> None:
    labels = np.repeat([0, 1, 2], [5, 4, 3])  # 7 of 12: 2.92, 2.33, 1.75
    drawn = datasets._stratified(labels, 7, 3, np.random.default_rng(0))
    assert np.bincount(labels[drawn]).tolist() == [3, 2, 2]


def test_the_seed_makes_the_split() -> None:
    index = {seed: digits(study_seed=seed)["index"].values for seed in (1, 2)}
    assert (digits()["index"].values == index[1]).all()
    assert (index[2] != index[1]).any()


def test_another_name_is_another_split_of_the_same_source() -> None:
    settings = {"study_seed": 1, "validation": 300, "test": 400, "inputs": "unit"}
    own = datasets.make(DatasetSettings("mine", source="digits", **settings))
    plain = digits()
    assert (own.attrs["name"], own.attrs["n_classes"]) == ("mine", 10)
    assert (own["index"].values != plain["index"].values).any()
    of_source = [task["inputs"].values[np.argsort(task["index"].values)] for task in (own, plain)]
    np.testing.assert_array_equal(*of_source)
    xr.testing.assert_identical(
        datasets.make(DatasetSettings("digits", source="digits", **settings)), plain
    )
    with pytest.raises(ValueError, match=r"datasets\.mine\.test: missing; digits has no test"):
        datasets.make(DatasetSettings("mine", source="digits", **settings | {"test": None}))
    with pytest.raises(
        ValueError, match=r"datasets\.mine: source 'digit' is unknown; there are di"
    ):
        datasets.make(DatasetSettings("mine", source="digit", **settings))


def test_the_test_split_does_not_depend_on_validation() -> None:
    a, b = (task["index"].values[task["split"] == 2] for task in (digits(), digits(validation=20)))
    np.testing.assert_array_equal(a, b)


def test_test_file_is_the_test_split(mnist: Callable[..., xr.Dataset]) -> None:
    task = mnist()
    split, index = task["split"].values, task["index"].values
    assert np.bincount(split).tolist() == [30, 10, 12]
    assert index[split == 2].tolist() == list(range(40, 52))
    assert sorted(index[split != 2]) == list(range(40))
    assert np.bincount(task["label"][split == 0]).tolist() == [7, 7, 8, 8]
    files = files_of_mnist()
    raw = [
        np.frombuffer(files[f"{part}-images-idx3-ubyte"][16:], "u1") for part in ("train", "t10k")
    ]
    np.testing.assert_array_equal(task["inputs"], np.concatenate(raw).reshape(52, 12)[index])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation": 0}, r"datasets\.digits\.validation: 0 is impossible.*give 1 to 1396"),
        (
            {"validation": 1397},
            r"datasets\.digits\.validation: 1397 is .* has 1397 examples beside the 400 for test",
        ),
        ({"test": 1797}, r"datasets\.digits\.test: 1797 is impossible.*give 1 to 1796"),
        ({"test": -3}, r"datasets\.digits\.test: -3 is impossible"),
        ({"test": None}, r"datasets\.digits\.test: missing; digits has no test file"),
        ({"validation": 4}, r"datasets\.digits\.validation: 4 has no example of class .*larger"),
        (
            {"validation": 1392},
            r"datasets\.digits\.validation: 1392 leaves no example of class \d .*smaller",
        ),
        ({"test": 3}, r"datasets\.digits\.test: 3 has no example of class"),
        ({"inputs": "raw"}, r"datasets\.digits\.inputs: 'raw' is unknown; give unit or standard"),
    ],
)
def test_impossible_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        digits(**settings)


def test_sizes_are_checked_before_files_are_looked_for(tmp_path: Path) -> None:
    settings = DatasetSettings("mnist", study_seed=1, validation=60_000, inputs="unit")
    with pytest.raises(ValueError, match=r"datasets\.mnist\.validation: 60000 is impossible"):
        datasets.make(settings, tmp_path)
    with pytest.raises(ValueError, match=r"datasets\.mnist\.test: 100, but .*remove the key"):
        datasets.make(replace(settings, validation=10_000, test=100), tmp_path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"datasets\.minst: source 'minst' is unknown; .* digits, icosahedron, szt"
    ):
        datasets.make(DatasetSettings("minst", study_seed=1, validation=1, inputs="unit"))


# ---------------------------------------------------------------- what a network sees


def test_unit_is_plain_division_bit_for_bit(
    mnist: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    for task, unit in ((digits(), 16), (mnist(), 255)):
        examples = datasets.read(stored(task, tmp_path))
        plain = task["inputs"].values.astype(np.float32) / np.float32(unit)
        assert examples.inputs.dtype == np.float32
        assert examples.inputs.flags.c_contiguous
        assert examples.inputs.tobytes() == plain.tobytes()
        assert 0 <= examples.inputs.min() < examples.inputs.max() <= 1


def test_every_byte_is_divided_as_totensor_does() -> None:
    import torch

    raw = np.arange(256, dtype=np.uint8)[:, None]
    ours = datasets._scaled(raw, np.zeros(1, np.float32), np.full(1, 255, np.float32))
    theirs = torch.from_numpy(raw).to(torch.float32).div(255).numpy()
    assert ours.tobytes() == theirs.tobytes()


def test_standardized(mnist: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    task = mnist(inputs="standardized")
    examples = datasets.read(stored(task, tmp_path))
    raw = task["inputs"].values
    train = raw[task["split"].values == 0].astype(np.float64)
    scale = train.std(axis=0)
    assert scale[-1] == 0  # the constant pixel is centred and left as it is
    scale[-1] = 1
    np.testing.assert_allclose(task["offset"], train.mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(task["scale"], scale, rtol=1e-7)
    plain = (raw.astype(np.float32) - task["offset"].values) / task["scale"].values
    assert examples.inputs.tobytes() == plain.tobytes()
    assert (examples.inputs[:, -1] == 0).all()
    seen = examples.inputs[examples.split("train")].astype(np.float64)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(seen[:, :-1].std(axis=0), 1, rtol=1e-6)


def test_statistics_are_of_the_train_split_alone() -> None:
    task = digits(inputs="standardized", study_seed=3)
    train = task["inputs"].values[task["split"].values == 0].astype(np.float64)
    assert train.std(axis=0).min() == 0  # digits have pixels that are never on
    np.testing.assert_allclose(task["offset"], train.mean(axis=0), rtol=1e-6)
    assert np.isfinite(task["scale"]).all()
    assert (task["scale"] > 0).all()


def test_channels_come_first(cifar: Callable[..., xr.Dataset]) -> None:
    task = cifar()
    files = files_of_cifar()
    del files["batches.meta"]
    batches = [pickle.loads(content) for content in files.values()]
    raw = np.concatenate([batch["data"] for batch in batches])  # red, green, blue planes
    np.testing.assert_array_equal(task["inputs"], raw[task["index"].values])
    assert np.bincount(task["split"]).tolist() == [40, 10, 10]
    assert np.bincount(task["label"][task["split"] == 1]).tolist() == [2] * 5


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    "splits",
    [
        ("train", "validation", "test"),
        ("train",),
        ("validation",),
        ("test",),
        ("validation", "test"),
        ("test", "train"),
    ],
)
def test_splits_are_read(splits: tuple[str, ...], tmp_path: Path) -> None:
    task = digits()
    examples = datasets.read(stored(task, tmp_path), splits=splits)
    assert (examples.name, examples.n_classes) == ("digits", 10)
    assert (examples.labels.dtype, examples.index.dtype) == (np.int64, np.int32)
    assert list(examples.slices) == [s for s in SPLITS if s in splits]
    assert len(examples.inputs) == sum(s.stop - s.start for s in examples.slices.values())
    for name in splits:
        rows = examples.split(name)
        of_split = task.isel(sample=task["split"].values == SPLITS.index(name))
        np.testing.assert_array_equal(
            examples.inputs[rows], of_split["inputs"].values / np.float32(16)
        )
        np.testing.assert_array_equal(examples.labels[rows], of_split["label"])
        np.testing.assert_array_equal(examples.index[rows], of_split["index"])


def test_only_the_slice_asked_for_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = stored(digits(), tmp_path)
    seen = []

    def read(*args: Any, **settings: Any) -> xr.Dataset:
        seen.append(settings)
        return original(*args, **settings)

    original = storage.read
    monkeypatch.setattr(storage, "read", read)
    datasets.read(path, splits=["validation"])
    assert len(seen) == 2
    assert "inputs" not in seen[0]["variables"]
    assert seen[1]["select"] == {"sample": slice(1097, 1397)}


def test_wrong_splits(tmp_path: Path) -> None:
    path = stored(digits(), tmp_path)
    with pytest.raises(ValueError, match=r"splits: \['tset'\]; give one or more of train, val"):
        datasets.read(path, splits=["tset"])
    with pytest.raises(ValueError, match=r"splits: \[\]; give one or more"):
        datasets.read(path, splits=[])
    with pytest.raises(ValueError, match="digits: split 'train' was not read, only test"):
        datasets.read(path, splits=["test"]).split("train")


def test_files_that_another_wrote(tmp_path: Path) -> None:
    task = digits()
    path = stored(task.isel(sample=task["split"].values != 1), tmp_path)
    with pytest.raises(ValueError, match=r"task\.nc: has no example of the split 'validation'"):
        datasets.read(path)
    path = stored(task.isel(sample=slice(None, None, -1)), tmp_path)
    with pytest.raises(ValueError, match=r"task\.nc: its examples are not sorted by split"):
        datasets.read(path)
    with pytest.raises(storage.StorageError, match=r"absent\.nc: no such file"):
        datasets.read(tmp_path / "absent.nc")


# ---------------------------------------------------------------- where the files come from


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_root("data") == Path("data")
    assert data_root("~/data") == Path.home() / "data"
    monkeypatch.setenv("NEURONINFO_DATA", "/elsewhere")
    assert data_root("data") == Path("/elsewhere")
    monkeypatch.setenv("NEURONINFO_DATA", "")
    assert data_root("data") == Path("data")


def test_missing_files_without_network(
    mnist: Callable[..., xr.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="MNIST/raw") as caught:
        mnist(data_root=Path("nothing"))
    message = str(caught.value)
    assert (
        f"datasets.mnist: files are missing in {tmp_path / 'nothing'} (from the key `data_root`)"
        in (message)
    )
    for name in files_of_mnist():
        assert f"MNIST/raw/{name}\n" in message
    assert "no route to host" in message
    assert "set `data_root` in the configuration" in message
    assert "set the environment variable NEURONINFO_DATA" in message
    assert f"put the files there, at {tmp_path / 'nothing' / 'MNIST' / 'raw'}" in message
    assert "torchvision.datasets.MNIST('data', download=True)" in message
    assert not list((tmp_path / "nothing").iterdir())  # no half download is left

    monkeypatch.setenv("NEURONINFO_DATA", str(tmp_path / "void"))
    with pytest.raises(ValueError, match=r"void \(from the environment variable NEURONINFO_DAT"):
        mnist(data_root=data_root("nothing"))


def test_a_file_that_is_missing_alone_is_named_alone(
    mnist: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="MNIST/raw") as caught:
        mnist()
    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert [line for line in lines if line.startswith("MNIST/raw/")] == [
        "MNIST/raw/t10k-labels-idx1-ubyte"
    ]


def test_a_folder_that_cannot_be_made(mnist: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=r"missing in .*file .*[\s\S]*FileExistsError"):
        mnist(data_root=tmp_path / "file")


def test_no_folder_given(mnist: Callable[..., xr.Dataset]) -> None:
    with pytest.raises(ValueError, match=r"datasets\.mnist: needs a folder.*`data_root`"):
        mnist(data_root=None)


def replace_download(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> list[Path]:
    """Let torchvision 'download' these files; returns where to, once it happened."""
    import torchvision

    folders = []

    def download(self: Any) -> None:
        folders.append(Path(self.root))
        lay_out(files, Path(self.raw_folder))

    monkeypatch.setattr(torchvision.datasets.MNIST, "download", download)
    return folders


def test_missing_files_are_downloaded(
    mnist: Callable[..., xr.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = mnist()
    folders = replace_download(monkeypatch, files_of_mnist())
    xr.testing.assert_identical(mnist(data_root=tmp_path / "new" / "data"), here)
    assert len(folders) == 1
    xr.testing.assert_identical(mnist(data_root=tmp_path / "new" / "data"), here)
    assert len(folders) == 1  # they are there now
    (tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte").unlink()
    xr.testing.assert_identical(mnist(), here)
    assert len(folders) == 2
    assert [path.name for path in tmp_path.glob("**/.download-*")] == []


def test_a_wrong_download_is_not_kept(
    mnist: Callable[..., xr.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of_mnist()
    wrong = files["t10k-images-idx3-ubyte"][:-1] + b"\1"
    replace_download(monkeypatch, files | {"t10k-images-idx3-ubyte": wrong})
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte came with SHA-256 \w{64}, exp"):
        mnist(data_root=tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_packed_files_are_unpacked(mnist: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    here = mnist()
    for name, content in files_of_mnist().items():
        path = tmp_path / "packed" / "MNIST" / "raw" / f"{name}.gz"
        lay_out({path.name: gzip.compress(content)}, path.parent)
    xr.testing.assert_identical(mnist(data_root=tmp_path / "packed"), here)

    unpacked = path.with_suffix("")
    for content, message in (
        (gzip.compress(b"other"), r"ubyte\.gz: does not hold .*SHA-256 unpacked \w{64}, expected"),
        (path.read_bytes()[:-9], r"ubyte\.gz: damaged \(.*delete it and run again"),
        (b"no gzip at all", r"ubyte\.gz: damaged \(.*delete it and run again"),
    ):
        unpacked.unlink(missing_ok=True)
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            mnist(data_root=tmp_path / "packed")
        assert not unpacked.exists()


@pytest.mark.parametrize("name", files_of_mnist())
def test_a_changed_file_is_named(
    name: str, mnist: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    path = tmp_path / "MNIST" / "raw" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found, expected = hashlib.sha256(content).hexdigest(), sha256(files_of_mnist())[name]
    with pytest.raises(ValueError, match="official file") as caught:
        mnist()
    assert str(caught.value) == (
        f"{path}: not the official file of mnist (SHA-256 {found}, expected {expected}); "
        "delete it and run again, or put the right one there"
    )


def test_what_an_old_torchvision_left_is_not_read(
    mnist: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    lay_out({"training.pt": b"", "test.pt": b""}, tmp_path / "MNIST" / "processed")
    with pytest.raises(ValueError, match=r"MNIST/processed: left by an old torchvision.*delete"):
        mnist()


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("name", SOURCES["cifar10"].sha256)
def test_a_wrong_pickle_is_not_opened(
    name: str, alone: bool, cifar: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    content = pickle.dumps(Touch(mark))
    pickle.loads(content)
    assert mark.exists()  # it works
    mark.unlink()
    folder = tmp_path / "cifar-10-batches-py"
    (folder / name).write_bytes(content)
    if alone:
        for other in folder.iterdir():
            if other.name != name:
                other.unlink()
    with pytest.raises(ValueError, match=rf"{name}: not the official file of cifar10 \(SHA-256"):
        cifar()
    assert not mark.exists()


def test_readers_are_imported_only_where_they_are_used() -> None:
    code = (
        "import sys; from neuroninfo.data import datasets; "
        "assert not {'sklearn', 'torch', 'torchvision'} & set(sys.modules), 'imported'"
    )
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


# ---------------------------------------------------------------- the real files


def place_of(name: str) -> Path:
    source = SOURCES[name]
    for place in PLACES:
        if all((place / source.folder / file).is_file() for file in source.sha256):
            return place
    pytest.skip(f"no files of {name} in {', '.join(map(str, PLACES))}")


@pytest.mark.data
def test_real_mnist(tmp_path: Path) -> None:
    settings = DatasetSettings("mnist", study_seed=1, validation=10_000, inputs="unit")
    task = datasets.make(settings, place_of("mnist"))
    examples = datasets.read(stored(task, tmp_path))
    sizes = [examples.labels[examples.split(split)].size for split in SPLITS]
    assert sizes == [50_000, 10_000, 10_000]
    whole = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    validation = np.bincount(examples.labels[examples.split("validation")])
    assert (np.abs(validation - whole / 6) < 1).all()
    assert (np.bincount(examples.labels[examples.split("train")]) == whole - validation).all()
    test = np.bincount(examples.labels[examples.split("test")])
    assert test.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    # The mean that everyone quotes for the 60,000 training images.
    training = task["inputs"].values[task["index"].values < 60_000]
    assert round(training.mean() / 255, 4) == 0.1307


@pytest.mark.data
@pytest.mark.parametrize(("name", "n_training"), [("fashion_mnist", 60_000), ("cifar10", 50_000)])
def test_real_balanced_tasks(name: str, n_training: int) -> None:
    settings = DatasetSettings(name, study_seed=1, validation=10_000, inputs="unit")
    task = datasets.make(settings, place_of(name))
    for flag, size in enumerate([n_training - 10_000, 10_000, 10_000]):
        labels = task["label"].values[task["split"].values == flag]
        assert np.bincount(labels).tolist() == [size // 10] * 10
    assert task["inputs"].shape[1] == SOURCES[name].n_features
