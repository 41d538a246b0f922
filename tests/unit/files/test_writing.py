"""Every kind of file is there whole or not at all: two writers, full disks, writers killed."""

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

from neuroninfo.figures import animation, canvas
from neuroninfo.files import storage, tables
from neuroninfo.files.checkpoints import Checkpoint

ROOT = Path(__file__).resolve().parents[3]
COLUMNS = {"x": float, "y": float}


def drawn(number: int) -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().plot(np.random.default_rng(number).normal(size=3000))
    return figure


def write_netcdf(path: Path, number: int) -> None:
    values = np.random.default_rng(number).normal(size=(20, 1000))
    dataset = xr.Dataset({"v": (("a", "b"), values, storage.labelled("v", "1"))})
    about = {"title": "t", "condition": {}, "configuration": {}}
    storage.write({"one": dataset, "two": dataset}, path, kind="probe", **about)


def write_table(path: Path, number: int) -> None:
    rng = np.random.default_rng(number)
    tables.write(pd.DataFrame(rng.normal(size=(1000, 2)), columns=list(COLUMNS)), path)


def write_figure(path: Path, number: int) -> None:
    canvas.save(drawn(number), path)


def write_animation(path: Path, number: int) -> None:
    animation.save([drawn(number), drawn(number + 1)], path)


def write_checkpoint(path: Path, number: int) -> None:
    """A file that cannot be written is reported, since training goes on."""
    lines: list[str] = []
    checkpoint = Checkpoint(path.parent, made_by={}, minutes=1e-9, report=lines.append)
    checkpoint.path = path
    checkpoint.add("part", lambda _: {"v": np.full(10_000, number)}, lambda _: None)
    checkpoint.offer(1)
    if lines:
        code = int(lines[0].removeprefix("checkpoint not written: [Errno ").split("]")[0])
        raise OSError(code, lines[0])


def read_picture(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()


def read_pdf(path: Path) -> None:
    assert path.read_bytes().rstrip().endswith(b"%%EOF")


KINDS: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], object]]] = {
    ".nc": (write_netcdf, lambda path: storage.read_groups(path, "probe")),
    ".csv": (write_table, lambda path: tables.read(path, COLUMNS)),
    ".png": (write_figure, read_picture),
    ".pdf": (write_figure, read_pdf),
    ".gif": (write_animation, read_picture),
    ".npz": (write_checkpoint, storage.check_seal),
}


def write_often(folder: Path, number: int) -> None:
    for _ in range(4):
        for suffix, (write, _) in KINDS.items():
            write(folder / f"raced{suffix}", number)


def test_two_processes_write_the_same_files(tmp_path: Path) -> None:
    """Who reads meanwhile always finds a whole file."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_often, args=(tmp_path, n)) for n in range(2)]
    for writer in writers:
        writer.start()
    found = dict.fromkeys(KINDS, 0)
    while any(writer.is_alive() for writer in writers):
        for suffix, (_, read) in KINDS.items():
            if (tmp_path / f"raced{suffix}").exists():
                read(tmp_path / f"raced{suffix}")
                found[suffix] += 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert min(found.values()) > 1
    assert {path.name for path in tmp_path.iterdir()} == {f"raced{suffix}" for suffix in KINDS}


def write_into(folder: Path) -> dict[str, list[object]]:
    """Suffix -> number and words of the error of writing a file of each kind."""
    errors = {}
    for suffix, (write, _) in KINDS.items():
        with pytest.raises(OSError, match="nothing is left of it") as error:
            write(folder / f"probe{suffix}", 0)
        errors[suffix] = [error.value.errno, str(error.value)]
    return errors


def assert_told(errors: dict[str, list[object]], folder: Path, code: int) -> None:
    assert errors.keys() == KINDS.keys()
    for suffix, (number, words) in errors.items():
        assert number == code
        assert f"{folder}/probe{suffix}" in words
        assert f"{os.strerror(code)}; nothing is left of it: free some space" in words
    assert list(folder.iterdir()) == []


def run(program: list[str], folder: Path, *arguments: str) -> dict[str, list[object]]:
    """Write into a folder in a process of its own; the errors that it saw."""
    module = [sys.executable, "-m", "tests.unit.files.test_writing", str(folder), *arguments]
    done = subprocess.run(
        [*program, *module],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    assert_told(run([], tmp_path, "2000"), tmp_path, errno.EFBIG)


def test_a_full_disk(tmp_path: Path) -> None:
    """A file system of 16 kB, seen by the process alone."""
    mount = f"mount -t tmpfs -o size=16k none {tmp_path}"
    unshare = ["unshare", "--mount", "sh", "-c"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*unshare, mount], capture_output=True, check=False).returncode
    ):
        pytest.skip("file systems may not be mounted here")
    errors = run([*unshare, f'{mount} && exec "$@"', "sh"], tmp_path)
    assert_told(errors, tmp_path, errno.ENOSPC)


def write_for_long(path: Path) -> None:
    with storage.written_whole(path) as part:
        part.write_text("half")
        time.sleep(60)


def test_parts_of_killed_writers_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "probe.csv"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_for_long, args=(path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    while sum(part.stat().st_size == 4 for part in tmp_path.glob(".probe.*")) < 2:
        time.sleep(0.01)
    os.kill(writers[0].pid, signal.SIGKILL)
    writers[0].join()
    elsewhere = tmp_path / ".probe.another-machine-1-abcd.part.csv"
    elsewhere.write_text("half")
    tables.write(pd.DataFrame({"x": [1.0]}), path)
    left = {part for part in tmp_path.iterdir() if part not in (path, elsewhere)}
    assert {part.name.split("-")[-2] for part in left} == {str(writers[1].pid)}
    writers[1].kill()
    writers[1].join()


if __name__ == "__main__":
    target, *limit = sys.argv[1:]
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    print(json.dumps(write_into(Path(target))))
