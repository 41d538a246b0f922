"""Files are whole or absent, and damage is found when they are read."""

import fcntl
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

import neuroninfo
from neuroninfo.files import gather as files_gather
from neuroninfo.files import storage, tables, verify
from neuroninfo.vocabulary import CONDITION

ABOUT = {"kind": "probe", "title": "A probe", "condition": {"a": 1}, "configuration": {"b": [2]}}


def probe(seed: int = 0) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    return xr.Dataset(
        {
            "value": (
                ("seed", "neuron"),
                rng.normal(size=(3, 50)).astype(np.float32),
                storage.labelled("a value", "bit"),
            ),
            "name": ("neuron", [f"n{i}" for i in range(50)], storage.labelled("a name", "1")),
        },
        coords={"seed": ("seed", [0, 1, 2], {"long_name": "seed"})},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    storage.write(probe(), tmp_path / "sub" / "probe.nc", **ABOUT)
    return tmp_path / "sub" / "probe.nc"


def test_what_is_written_is_read(path: Path) -> None:
    dataset = storage.read(path, "probe")
    for name in probe().variables:
        assert dataset[name].values.tolist() == probe()[name].values.tolist()
    assert json.loads(dataset.attrs["condition"]) == {"a": 1}
    assert json.loads(dataset.attrs["configuration"]) == {"b": [2]}
    assert dataset.attrs["Conventions"] == "CF-1.11"
    assert dataset.attrs["source"].startswith("neuroninfo ")
    assert dataset["value"].attrs == {"long_name": "a value", "units": "bit"}
    part = storage.read(path, "probe", variables=["value"], select={"seed": slice(1, 2)})
    np.testing.assert_array_equal(part["value"], probe()["value"][1:2])
    with xr.open_dataset(path, engine="netcdf4") as plain:  # any NetCDF reader opens it
        np.testing.assert_array_equal(plain["value"], probe()["value"])


def test_groups(tmp_path: Path) -> None:
    path = tmp_path / "g.nc"
    storage.write({"one": probe(1), "two": probe(2)}, path, **ABOUT)
    assert storage.groups(path, "probe") == ["one", "two"]
    np.testing.assert_array_equal(storage.read(path, "probe", group="two")["value"], probe(2).value)
    with pytest.raises(storage.StorageError, match="no group 'three'; it has 'one', 'two'"):
        storage.read(path, "probe", group="three")


def test_any_file_loads_in_one_line(path: Path, tmp_path: Path) -> None:
    tree = storage.load(path)
    assert tree.name == "probe"
    xr.testing.assert_identical(tree["value"], storage.read(path, "probe")["value"])
    storage.write({"a": probe(1), "b": probe(2)}, tmp_path / "groups.nc", **ABOUT)
    tree = storage.load(tmp_path / "groups.nc")
    assert list(tree.children) == ["a", "b"]
    xr.testing.assert_equal(tree["b/value"], probe(2)["value"])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_flipped_bit_is_found(path: Path, position: float, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 1 << bit
    damaged = path.with_name("damaged.nc")
    damaged.write_bytes(bytes(data))
    with pytest.raises(storage.StorageError, match=r"damaged\.nc.*--forcerun .*damaged\.nc"):
        storage.read(damaged, "probe")


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kept=st.floats(0, 1, exclude_max=True))
def test_every_truncation_is_found(path: Path, kept: float) -> None:
    data = path.read_bytes()
    damaged = path.with_name("damaged.nc")
    damaged.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(storage.StorageError, match=r"damaged\.nc.*truncated"):
        storage.read(damaged, "probe")


def test_errors_name_the_file_and_the_mend(path: Path, tmp_path: Path) -> None:
    with pytest.raises(storage.StorageError, match=r"none\.nc: no such file; run the rule"):
        storage.read(tmp_path / "none.nc", "probe")
    with pytest.raises(storage.StorageError, match="holds 'probe', expected 'network'"):
        storage.read(path, "network")
    with pytest.raises(storage.StorageError, match="no variable 'valeu'; it has value, name"):
        storage.read(path, "probe", variables=["valeu"])
    bare = xr.Dataset({"value": ("x", [1.0])})
    with pytest.raises(ValueError, match="'value' needs the attribute 'long_name'"):
        storage.write(bare, tmp_path / "bare.nc", **ABOUT)
    assert not (tmp_path / "bare.nc").exists()


def test_failed_write_keeps_what_was_there(path: Path) -> None:
    before = path.read_bytes()

    def interrupted() -> None:
        with storage.written_whole(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["probe.nc"]


def test_two_writers_of_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "raced.txt"
    barrier = threading.Barrier(2)

    def write(text: str) -> None:
        with storage.written_whole(path) as part:
            part.write_text(text)
            barrier.wait()

    threads = [threading.Thread(target=write, args=(c * 1000,)) for c in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in {"a" * 1000, "b" * 1000}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("locking", "whole"), [(None, True), ("TRUE", False)])
def test_nothing_needs_the_locks_of_the_file_system(
    path: Path, locking: str | None, whole: bool
) -> None:
    """As on a shared file system that refuses locks; a user may still ask for them."""
    environment = {k: v for k, v in os.environ.items() if k != "HDF5_USE_FILE_LOCKING"}
    source = Path(neuroninfo.__file__).parents[1]
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys\nfrom neuroninfo.files.storage import read\nread(sys.argv[1], 'probe')",
                str(path),
            ],
            env=environment
            | {"PYTHONPATH": str(source)}
            | ({} if locking is None else {"HDF5_USE_FILE_LOCKING": locking}),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode == 0) is whole, done.stderr


def test_identical_compares_values_not_history(tmp_path: Path) -> None:
    a, b, c, d = (tmp_path / f"{name}.nc" for name in "abcd")
    storage.write(probe(), a, **ABOUT)
    storage.write(probe().assign_attrs(history="x"), b, **ABOUT)
    storage.write(probe(1), c, **ABOUT)
    storage.write(probe(), d, **{**ABOUT, "configuration": {"b": [3]}})
    assert storage.identical(a, b, "probe")
    assert not storage.identical(a, c, "probe")
    assert not storage.identical(a, d, "probe")
    negative_zero = probe()
    negative_zero["value"][0, 0] = 0.0
    storage.write(negative_zero, a, **ABOUT)
    negative_zero["value"][0, 0] = -0.0
    storage.write(negative_zero, b, **ABOUT)
    assert not storage.identical(a, b, "probe")


def gathered(folder: Path, parts: Sequence[xr.Dataset], seeds: Sequence[int]) -> xr.Dataset:
    """Parts written to files, put together and read."""
    paths = [folder / f"{number}.nc" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        storage.write(part, path, **ABOUT)
    files_gather.gather(paths, folder / "all.nc", kind="probe", condition={"seeds": list(seeds)})
    return storage.read(folder / "all.nc", "probe")


def numbered(dim: str, values: ArrayLike) -> tuple[str, np.ndarray, dict[str, str]]:
    return dim, np.asarray(values), {"long_name": "number"}


def test_gather_checks_every_seed(tmp_path: Path) -> None:
    whole = probe()
    parts = [whole.isel(seed=[2]), whole.isel(seed=[0, 1])]
    found = gathered(tmp_path, parts, [0, 1, 2])
    xr.testing.assert_identical(found.drop_attrs(), whole.drop_attrs())
    assert found["value"].attrs == whole["value"].attrs
    with pytest.raises(storage.StorageError, match=r"seed: missing \[3\]"):
        gathered(tmp_path, parts, [0, 1, 2, 3])
    with pytest.raises(storage.StorageError, match=r"doubled or unexpected \[2\]"):
        gathered(tmp_path, [*parts, parts[0]], [0, 1, 2])
    other = parts[0].assign_coords(neuron=numbered("neuron", np.arange(50) + 1))
    named = parts[1].assign_coords(neuron=numbered("neuron", np.arange(50)))
    with pytest.raises(storage.StorageError, match="'neuron' has other values"):
        gathered(tmp_path, [other, named], [0, 1, 2])


def test_gather_takes_what_is_unknown_for_equal(tmp_path: Path) -> None:
    """Such as the bias of an estimator that was not calibrated, which is NaN in every block."""
    whole = probe()
    units = {"long_name": "what is known", "units": "1"}
    whole["known"] = ("neuron", np.r_[np.nan, np.arange(49.0)], units)
    found = gathered(tmp_path, [whole.isel(seed=[2]), whole.isel(seed=[0, 1])], [0, 1, 2])
    xr.testing.assert_identical(found.drop_attrs(), whole.drop_attrs())
    other = whole.isel(seed=[2]).assign(known=("neuron", np.arange(50.0), units))
    with pytest.raises(storage.StorageError, match="'known' has other values"):
        gathered(tmp_path, [whole.isel(seed=[0, 1]), other], [0, 1, 2])


def test_gather_leaves_out_attributes_that_differ(tmp_path: Path) -> None:
    parts = [probe().isel(seed=[seed]) for seed in range(3)]
    for part, device in zip(parts, ("cpu", "cuda", "cpu"), strict=True):
        part.attrs |= {"device": device, "n_test": 10}
        part["value"].attrs |= {"device": device}
    found = gathered(tmp_path, parts, [0, 1, 2])
    assert "device" not in found.attrs
    assert found.attrs["n_test"] == 10
    assert found["value"].attrs == probe()["value"].attrs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda part: part.drop_vars("value"), "'value' is absent, float32 (seed, neuron)"),
        (lambda part: part.assign(more=part["value"]), "'more' is absent, float32"),
        (
            lambda part: part.assign(value=part["value"].astype(float)),
            "'value' is float32 (.*), float64 (.*)",
        ),
        (lambda part: part.isel(neuron=0), "'name' is text (), text (neuron)"),
        (lambda part: part[["value"]].isel(neuron=slice(49)), "'name' is absent"),
        (lambda part: part.isel(neuron=slice(49)), "'name' has other values"),
        (
            lambda part: part.assign_coords(k=numbered("seed", [1])),
            "'k' is absent, int64 (seed)",
        ),
    ],
)
def test_nothing_that_is_missing_becomes_nan(
    tmp_path: Path, change: Callable[[xr.Dataset], xr.Dataset], message: str
) -> None:
    """xarray alone fills up with NaN, whichever of the parts comes first."""
    whole = probe()
    parts = [whole.isel(seed=[0, 1]), change(whole.isel(seed=[2]))]
    pattern = re.escape(message).replace(r"\.\*", ".*")
    for order in (parts, parts[::-1]):
        with pytest.raises(storage.StorageError, match=f"do not fit together: .*{pattern}"):
            gathered(tmp_path, order, [0, 1, 2])


def test_blocks_of_other_sizes_do_not_fit(tmp_path: Path) -> None:
    nameless = probe()[["value"]]
    parts = [nameless.isel(seed=[0, 1]), nameless.isel(seed=[2], neuron=slice(49))]
    with pytest.raises(storage.StorageError, match="'neuron' has 49 and 50 values"):
        gathered(tmp_path, parts, [0, 1, 2])


def test_a_file_of_another_condition_is_refused(tmp_path: Path) -> None:
    """Snakemake knows files by their names only: one may be moved or copied."""
    names = dict.fromkeys(CONDITION, "a")
    other = names | {"regularizer": "dropout"}
    paths = [tmp_path / f"seeds-{number}-{number}.nc" for number in range(2)]
    for seed, (path, condition) in enumerate(zip(paths, (names, other), strict=True)):
        about = ABOUT | {"condition": condition | {"study": "one", "seeds": [seed]}}
        storage.write(probe().isel(seed=[seed]), path, **about)
    expected = names | {"study": "another", "seeds": [0, 1]}
    message = r"seeds-1-1\.nc: is of another condition \(regularizer 'dropout' instead of 'a'\); .*"
    with pytest.raises(storage.StorageError, match=message + "--forcerun .*seeds-1-1"):
        files_gather.gather(paths, tmp_path / "all.nc", kind="probe", condition=expected)
    assert not (tmp_path / "all.nc").exists()
    with pytest.raises(storage.StorageError, match=message):
        storage.read(paths[1], "probe", condition=expected)
    with pytest.raises(storage.StorageError, match=message):
        list(storage.each(paths[1], "probe", "seed", variables=["value"], condition=expected))
    for condition in (other, None):
        storage.read(paths[1], "probe", condition=condition)


def test_all_files_of_a_study_are_checked_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(folder: Path) -> str | int | None:
        monkeypatch.setattr("sys.argv", ["verify", str(folder)])
        try:
            verify.main()
        except SystemExit as ended:
            return ended.code
        return None

    study = tmp_path / "results"
    assert str(run(study)).startswith(f"{study}: no results in it")
    for name in ("a/neurons.nc", "b/neurons.nc"):
        storage.write(probe(), study / name, **ABOUT)
    tables.write(pd.DataFrame({"x": [1, 2]}), study / "a/claims.csv")
    assert run(study) is None
    assert capsys.readouterr().out == "All files are whole.\n"
    damaged = study / "b/neurons.nc"
    times, data = damaged.stat(), bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(bytes(data))
    os.utime(damaged, ns=(times.st_atime_ns, times.st_mtime_ns))
    table = study / "a/claims.csv"
    table.write_text(table.read_text()[:-1])
    assert run(study) == (f"2 damaged. Add to the study's command: --forcerun {table} {damaged}")
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [str(table), str(damaged)]


def test_gather_checks_blocks(tmp_path: Path) -> None:
    whole, condition = probe(), {"seeds": [0, 1, 2]}
    blocks = [whole.isel(seed=[0, 1]), whole.isel(seed=[2])]
    paths = [tmp_path / f"{number}.nc" for number in range(2)]
    together = tmp_path / "all.nc"

    def written(first: dict[str, xr.Dataset], second: dict[str, xr.Dataset]) -> None:
        for path, groups in zip(paths, (first, second), strict=True):
            storage.write(groups, path, **ABOUT)

    def gather(files: list[Path] = paths) -> None:
        together.unlink(missing_ok=True)
        files_gather.gather(files, together, kind="probe", condition=condition)

    written({"one": blocks[0], "two": blocks[0]}, {"one": blocks[1], "two": blocks[1]})
    gather()
    for group in ("one", "two"):
        found = storage.read(together, "probe", group=group)
        np.testing.assert_array_equal(found["value"], whole["value"])
    for files, message in (
        (paths[:1], r"seed: missing \[2\]"),
        ([*paths, paths[1]], r"doubled or unexpected \[2\]"),
        ([paths[0], tmp_path / "2.nc"], r"2\.nc: no such file"),
    ):
        with pytest.raises(storage.StorageError, match=message):
            gather(files)
        assert not together.exists()
    written({"one": blocks[0], "two": whole}, {"one": blocks[1], "two": blocks[1]})
    with pytest.raises(storage.StorageError, match=r"0\.nc: has groups of different seeds"):
        gather()
    for names in (["one"], ["one", "two", "three"], ["one", "three"]):
        written(dict.fromkeys(["one", "two"], blocks[0]), dict.fromkeys(names, blocks[1]))
        for files in (paths, paths[::-1]):
            with pytest.raises(storage.StorageError, match=r"\.nc: has the groups .*--forcerun"):
                gather(files)
