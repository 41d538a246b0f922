"""Training that dies and is resumed, against training without a break."""

import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

from neuroninfo.files import checkpoints, storage
from neuroninfo.files.checkpoints import Checkpoint, Interrupted
from neuroninfo.networks.stack import Stack
from neuroninfo.planes import training
from neuroninfo.planes.settings import Costly, PlaneSettings
from neuroninfo.training.early_stopping import EarlyStopping
from neuroninfo.training.layouts import Trained
from neuroninfo.training.loop import open_checkpoint
from neuroninfo.training.settings import Regularizer, Sgld
from neuroninfo.training.splits import Split
from tests.unit.training.test_training import (
    EARLY,
    REGULARIZERS,
    assert_same,
    settings,
    splits,
    trained,
)

ALWAYS = 1e-9  # minutes
SEEDS = (3, 8)
MADE_BY = {"condition": {"seeds": list(SEEDS)}, "code": "1a2b"}
A_BATCH = 1  # byte: batches are gathered one by one, so that chunks end within epochs


class Killed(BaseException):
    """What a process does not survive."""


class Mortal(Checkpoint):
    """Dies at an offer, before or after it is taken."""

    def __init__(self, folder: Path, dies_at: int, *, after: bool, lines: list[str]) -> None:
        super().__init__(folder, made_by=MADE_BY, minutes=ALWAYS, report=lines.append)
        self.left, self.after = dies_at, after

    def offer(self, epoch: int) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        super().offer(epoch)
        if self.left == 0:
            raise Killed


def at(folder: Path, minutes: float = ALWAYS, **changes: object) -> Checkpoint:
    lines: list[str] = []
    made = Checkpoint(folder, made_by=MADE_BY | changes, minutes=minutes, report=lines.append)
    made.lines = lines
    return made


def with_deaths(folder: Path, run: Callable[[Checkpoint], Any], deaths: list[int]) -> Any:
    """What `run` gives in the end; each attempt but the last dies after so many offers."""
    resumed = 0
    for number, dies_at in enumerate(deaths):
        lines: list[str] = []
        with (
            pytest.raises(Killed),
            Mortal(folder, dies_at, after=bool(number % 2), lines=lines) as mortal,
        ):
            run(mortal)
        resumed += any(line.startswith("resumed in epoch") for line in lines)
    with at(folder) as last:
        result = run(last)
    resumed += last.lines[0].startswith("resumed in epoch")
    assert resumed == len(deaths) > 0
    assert list(folder.iterdir()) == []  # nothing is left behind
    return result


REGULAR = REGULARIZERS | {"early": EARLY, "patient": replace(EARLY, early_stopping=30)}


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize(
    ("regularizer", "optimizer"),
    [*itertools.product(REGULAR, ["adam", "sgd"]), ("dropout", "sgld"), ("l2", "sgld")],
)
def test_resumed_is_bitwise_the_same(
    tmp_path: Path, regularizer: str, optimizer: str, together: int
) -> None:
    data = splits(23)
    chosen = settings(
        regularizer=REGULAR[regularizer],
        optimizer=optimizer,
        momentum=0.8,
        sgld=Sgld(0.5, 0.05, 0.3) if optimizer == "sgld" else None,
        epochs=6,
        learning_rate=0.03,
        activation_epochs=(6, 0, 3),
    )
    options = {"gathered_bytes": A_BATCH, "activation": "tanh", "together": together}
    whole = trained(SEEDS, data, chosen, **options)
    number = 4 * list(REGULAR).index(regularizer) + 2 * (optimizer == "sgd") + together
    deaths = np.random.default_rng(number).integers(2, 11, size=4).tolist()  # of 43 offers

    def run(checkpoint: Checkpoint) -> Trained:
        return trained(SEEDS, data, chosen, checkpoint=checkpoint, **options)

    broken = with_deaths(tmp_path, run, deaths)
    assert_same(broken, [0, 1], whole, [0, 1])
    np.testing.assert_array_equal(broken.final_epoch, whole.final_epoch)
    np.testing.assert_array_equal(broken.example_information, whole.example_information)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_resumed_on_a_gpu(tmp_path: Path) -> None:
    data = {
        name: Split(split.inputs.cuda(), split.labels.cuda()) for name, split in splits(97).items()
    }
    chosen = settings("30-20", regularizer=EARLY, epochs=6, activation_epochs=(0, 3, 6))

    def run(checkpoint: Checkpoint | None) -> Trained:
        return trained(SEEDS, data, chosen, gathered_bytes=A_BATCH, checkpoint=checkpoint)

    whole, broken = run(None), with_deaths(tmp_path, run, [9, 30, 17])
    for result in (whole, broken):
        result.stack = result.stack.tensors("cpu")
    assert_same(broken, [0, 1], whole, [0, 1])


@pytest.mark.parametrize("dies_at", range(1, 20))
def test_every_point_of_a_training(tmp_path: Path, dies_at: int) -> None:
    """Two epochs of three batches: 9 offers; what comes behind is never reached."""
    data = splits()
    chosen = settings(regularizer=EARLY, activation_epochs=(0, 1, 2))
    whole = trained(SEEDS, data, chosen, gathered_bytes=A_BATCH)
    dies = dies_at <= 9
    with at(tmp_path) as checkpoint:
        try:
            with Mortal(tmp_path, dies_at, after=True, lines=[]) as mortal:
                trained(SEEDS, data, chosen, gathered_bytes=A_BATCH, checkpoint=mortal)
            assert not dies
        except Killed:
            assert dies
        # Another size of chunks: the first ends within what is resumed.
        again = trained(SEEDS, data, chosen, gathered_bytes=4 * 7 * 9, checkpoint=checkpoint)
    assert bool(checkpoint.lines) == dies
    assert_same(again, [0, 1], whole, [0, 1])


def test_initial_weights_and_epochs_seen(tmp_path: Path) -> None:
    """Given weights do not replace those of a checkpoint; no epoch before it is seen again."""
    data, chosen = splits(23), settings(epochs=4, regularizer=REGULARIZERS["all"])
    initial = trained(SEEDS, data, replace(chosen, epochs=2)).stack.tensors("cpu")
    whole = trained(SEEDS, data, chosen, initial=initial)
    seen: list[int] = []

    def observe(epoch: int, stack: Stack) -> None:
        seen.append(epoch)

    def run(checkpoint: Checkpoint) -> Trained:
        return trained(SEEDS, data, chosen, initial=initial, observe=observe, checkpoint=checkpoint)

    assert_same(with_deaths(tmp_path, run, [3, 4]), [0, 1], whole, [0, 1])
    assert seen == [0, 1, 1, 2, 3, 4]  # killed between the second and a state


def test_planes(tmp_path: Path) -> None:
    data = splits()
    names = ("edges-30", "kde-upper-0.001", "propagation-2")  # which fails without noise
    chosen = PlaneSettings(5, names, Costly((), 2), settings(epochs=6))
    architecture = trained(SEEDS, data, settings(epochs=0)).stack.architecture

    def run(checkpoint: Checkpoint | None) -> xr.Dataset:
        return training.train(architecture, SEEDS, data, chosen, checkpoint=checkpoint)

    whole, broken = run(None), with_deaths(tmp_path, run, [3, 4, 2])
    assert set(whole["success"].values.ravel()) == {0, 1}
    xr.testing.assert_identical(broken, whole)
    for name in whole.variables:
        assert broken[name].dtype == whole[name].dtype
        assert broken[name].values.tobytes() == whole[name].values.tobytes()


def test_sigterm(tmp_path: Path) -> None:
    """The state of that moment is saved, whatever the interval, and the process ends."""
    data, chosen = splits(), settings(epochs=5, regularizer=REGULARIZERS["all"])
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR1)

    def observe(epoch: int, stack: Stack) -> None:
        assert signal.getsignal(signal.SIGUSR1) == before[1]
        if epoch == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with (
        pytest.raises(Interrupted, match="ended by SIGTERM in epoch 4; run again to go on"),
        at(tmp_path, minutes=1000) as asked,
    ):
        trained(SEEDS, data, chosen, observe=observe, checkpoint=asked)
    assert signal.getsignal(signal.SIGTERM) == before[0]
    assert asked.path.is_file()
    with at(tmp_path, minutes=1000) as again:
        resumed = trained(SEEDS, data, chosen, checkpoint=again)
    assert again.lines == [f"resumed in epoch 4 from {again.path}"]
    assert_same(resumed, [0, 1], trained(SEEDS, data, chosen), [0, 1])


def test_sigterm_while_outputs_are_written(tmp_path: Path) -> None:
    with at(tmp_path):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def killed_after(folder: Path, dies_at: int) -> Path:
    with pytest.raises(Killed), Mortal(folder, dies_at, after=True, lines=[]) as mortal:
        trained(SEEDS, splits(), settings(), checkpoint=mortal)
    return mortal.path


def assert_starts_anew(checkpoint: Checkpoint, reason: str) -> None:
    whole = trained(SEEDS, splits(), settings())
    with checkpoint:
        again = trained(SEEDS, splits(), settings(), checkpoint=checkpoint)
    refused = f"checkpoint {checkpoint.path} not used, training starts anew: "
    assert checkpoint.lines[0].startswith(refused)
    assert reason in checkpoint.lines[0]
    assert_same(again, [0, 1], whole, [0, 1])


@pytest.mark.parametrize("number", range(12))
def test_a_flipped_bit(tmp_path: Path, number: int) -> None:
    path = killed_after(tmp_path, 2)
    content = bytearray(path.read_bytes())
    content[len(content) * number // 12] ^= 1 << number % 8
    path.write_bytes(content)
    assert_starts_anew(at(tmp_path), "damaged")


@pytest.mark.parametrize("kept", [0, 1, 0.5, 0.999])
def test_a_truncated_file(tmp_path: Path, kept: float) -> None:
    path = killed_after(tmp_path, 2)
    content = path.read_bytes()
    path.write_bytes(content[: 1 if kept == 1 else int(kept * len(content))])
    assert_starts_anew(at(tmp_path), "truncated")


def test_foreign_files(tmp_path: Path) -> None:
    """Also sealed ones: of another kind, and another job's under this one's name."""
    path = at(tmp_path).path
    path.write_bytes(b"")
    assert_starts_anew(at(tmp_path), "truncated, or no file of neuroninfo")
    for content in (b"", b"something else", b"PK\3\4 no archive"):
        path.write_bytes(content)
        storage.seal(path)
        assert_starts_anew(at(tmp_path), "")
    np.savez(path, of=np.array([{}], dtype=object))
    storage.seal(path)
    assert_starts_anew(at(tmp_path), "made_by")
    other = at(tmp_path, code="3c4d")
    assert other.path != path
    killed_after(tmp_path, 2).rename(other.path)
    assert_starts_anew(other, "of another job")


def test_other_jobs_have_other_files(tmp_path: Path) -> None:
    paths = {
        at(tmp_path).path,
        at(tmp_path, code="3c4d").path,
        at(tmp_path, condition={"seeds": [3, 9]}).path,
        at(tmp_path, data="5e").path,
    }
    assert len(paths) == 4
    assert at(tmp_path, minutes=5).path in paths  # the interval decides about nothing


def test_what_a_checkpoint_of_training_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other data, another device, version of torch or number of threads: another file."""
    data = [tmp_path / "0.nc", tmp_path / "1.nc"]
    for number, path in enumerate(data):
        path.write_bytes(bytes([number]))
        storage.seal(path)

    def path(dataset: Path = data[0], device: str = "cpu", minutes: float = 1) -> Path:
        found = open_checkpoint(tmp_path, MADE_BY, dataset, torch.device(device), minutes)
        return found.path

    paths = [path(), path(data[1]), path(device="cuda")]
    assert path(minutes=5) == paths[0]
    monkeypatch.setattr(torch, "__version__", "1.0")
    paths.append(path())
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    paths.append(path())
    assert len(set(paths)) == 5


def test_the_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now)
    checkpoint = at(tmp_path, minutes=2)
    written = []
    monkeypatch.setattr(checkpoint, "_write", lambda epoch: written.append((epoch, now)) or True)
    for now in (100.0, 219.0, 220.0, 221.0, 339.0, 341.0):
        checkpoint.offer(int(now))
    assert written == [(220, 220.0), (341, 341.0)]


def test_switched_off(tmp_path: Path) -> None:
    killed_after(tmp_path, 2)
    before = signal.getsignal(signal.SIGTERM)
    with at(tmp_path, minutes=0) as off:
        assert signal.getsignal(signal.SIGTERM) == before
        assert off.resume() is None
        off.offer(1)
    assert list(tmp_path.iterdir()) == []  # what an attempt with checkpoints has left
    assert off.lines == []


def test_an_error_leaves_the_file(tmp_path: Path) -> None:
    path = killed_after(tmp_path, 2)
    with pytest.raises(ValueError, match="no output"), at(tmp_path):
        raise ValueError("no output")
    assert path.is_file()


def test_what_cannot_be_written_does_not_end_a_job(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.write_text("a file where the folder should be")
    with at(folder) as checkpoint:
        result = trained(SEEDS, splits(), settings(), checkpoint=checkpoint)
        checkpoint.path = tmp_path / "unlinked"
    assert_same(result, [0, 1], trained(SEEDS, splits(), settings()), [0, 1])
    assert len(checkpoint.lines) == 5  # two epochs of one chunk, and epoch 0
    assert all(line.startswith("checkpoint not written: [Errno") for line in checkpoint.lines)
    with at(folder) as asked:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted, match="its state could not be saved"):
            asked.offer(0)
        asked.path = tmp_path / "unlinked"


def test_datasets_as_arrays() -> None:
    dataset = xr.Dataset(
        {
            "value": (("seed", "epoch"), np.array([[1.5, np.nan]]), storage.labelled("v", "bit")),
            "flag": ("seed", np.array([1], dtype=np.int8), storage.labelled("f", "1")),
            "text": ("seed", np.array(["why"]), storage.labelled("t", "1")),
        },
        coords={
            "seed": ("seed", [4], {"long_name": "seed"}),
            "kind": ("seed", ["a"], {"long_name": "kind"}),
        },
        attrs={"title": "T", "n": 3},
    )
    back = checkpoints.unpacked(checkpoints.packed(dataset))
    xr.testing.assert_identical(back, dataset)
    assert {n: v.dtype for n, v in back.variables.items()} == {
        n: v.dtype for n, v in dataset.variables.items()
    }


def test_lines_on_epochs() -> None:
    lines: list[str] = []
    chosen = settings(epochs=2, regularizer=Regularizer())
    result = trained(SEEDS, splits(), chosen, report=lines.append)
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 2" for n in range(3)]
    train, validation, test = result.loss[:, 2].mean(axis=0)
    losses = f"train {train:.4f}, validation {validation:.4f}, test {test:.4f}"
    assert f"mean loss {losses}; " in lines[2]
    assert lines[2].endswith(" s, about 0 s left")  # and on a CPU nothing of a GPU


def test_patience_that_ran_out_stays_so() -> None:
    learner = SimpleNamespace(
        settings=settings(regularizer=Regularizer(early_stopping=1)),
        stack=SimpleNamespace(seeds=(5,)),
        state=lambda: [torch.zeros(1, 2)],
    )
    before, after = EarlyStopping(learner), EarlyStopping(learner)
    for epoch, loss in ((1, 2.0), (2, 3.0)):
        before.see(epoch, np.array([loss]))
    after.resume(before.checkpoint())
    after.see(3, np.array([1.0]))
    assert after.restore().tolist() == [1]
