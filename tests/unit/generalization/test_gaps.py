"""Networks trained for bounds: what is trained on what, and what is made of it."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from neuroninfo.data import subsets
from neuroninfo.data.datasets import Examples
from neuroninfo.figures import bounds as figures_bounds
from neuroninfo.files import storage
from neuroninfo.files.checkpoints import Checkpoint, Interrupted
from neuroninfo.generalization import bounds, gaps, subset_training, supersample
from neuroninfo.generalization.settings import GapSettings, SupersampleSettings
from neuroninfo.generalization.tighter import BOUNDS, Supersample
from neuroninfo.results import bounds as results_bounds
from neuroninfo.results import tighter as results_tighter
from neuroninfo.training.settings import Regularizer, Settings, Sgld
from neuroninfo.training.sgld_information import PRIORS, Shares
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

CPU = torch.device("cpu")
TRAINING = Settings(0, "clouds", "6-4", "relu", 0.01, 10, 1, (), Regularizer())
PLAIN = GapSettings(
    sizes=(5, 40),
    steps=30,
    highest=4.0,
    delta=0.05,
    estimators=("edges-30", "kde-upper-0.1"),
    measured=20,
    label_noise=0.0,
    training=TRAINING,
)
NOISY = replace(PLAIN, training=replace(TRAINING, optimizer="sgld", sgld=Sgld(1.0, 0.05)))
HALVES = SupersampleSettings(
    sizes=(6, 20),
    steps=40,
    pools=2,
    masks=8,
    permutations=3,
    classes=None,
    label_noise=0.0,
    training=TRAINING,
)
ABOUT = {
    "condition": {
        "study": "small",
        "name": "plain",
        "dataset": "digits",
        "architecture": "6-4",
        "activation": "relu",
        "regularizer": "none",
    },
    "configuration": {"delta": 0.05, "classes": [4, 9]},
}


def examples(n: int = 120, n_classes: int = 3) -> Examples:
    """Noisy clouds, two thirds of them to train on."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, n_classes, n)
    inputs = (rng.normal(size=(n_classes, 8))[labels] + rng.normal(size=(n, 8))).astype(np.float32)
    slices = {
        "train": slice(0, 2 * n // 3),
        "validation": slice(2 * n // 3, 3 * n // 4),
        "test": slice(3 * n // 4, n),
    }
    return Examples("clouds", n_classes, inputs, labels, np.arange(n, dtype=np.int32), slices)


@pytest.fixture(scope="module")
def found() -> dict[str, xr.Dataset]:
    return {
        "plain": gaps.gaps(examples(), PLAIN, (0, 1), CPU),
        "sgld": gaps.gaps(examples(), NOISY, (0, 1), CPU),
    }


def test_gaps(found: dict[str, xr.Dataset]) -> None:
    plain = found["plain"]
    assert plain["gap"].dims == ("seed", "train_size", "loss")
    assert plain["epochs"].values.tolist() == [30, 8]  # 30 steps at least
    assert plain["measured"].values.tolist() == [5, 20]
    np.testing.assert_allclose(plain["gap"], plain["test"] - plain["train"])
    assert (plain["test"].sel(loss="cross-entropy") <= PLAIN.highest).all()
    # Where all 5 or 20 examples are told apart, the estimate can be no more.
    first = plain["mutual_information_input"].sel(layer="1", estimator="edges-30")
    ended = plain["saturated"].sel(bound_name="B2 edges-30 layer 1")
    np.testing.assert_array_equal(ended, first >= np.log2(plain["measured"]) - 0.1)
    assert (first <= np.log2(plain["measured"]) + 1e-12).all()
    bits = plain["mutual_information_input"].sel(layer="2", estimator="kde-upper-0.1")
    for size in (5, 40):
        np.testing.assert_allclose(
            plain["bound_value"]
            .sel(train_size=size, loss="error", bound_name="B2 kde-upper-0.1 layer 2")
            .values,
            bounds.input_compression(bits.sel(train_size=size), size, 0.05),
        )


def test_a_seed_is_as_if_it_were_alone(found: dict[str, xr.Dataset]) -> None:
    alone = gaps.gaps(examples(), PLAIN, (1,), CPU)
    xr.testing.assert_identical(found["plain"].isel(seed=[1]), alone)


def test_sgld_has_b3(found: dict[str, xr.Dataset]) -> None:
    noisy = found["sgld"]
    d = 9 * 6 + 7 * 4 + 5 * 3
    steps = noisy["epochs"] * np.array([1, 4])
    np.testing.assert_allclose(
        noisy["weight_information"], steps * d / 2 * math.log(1 + 1e-4 / (d * 0.0025))
    )
    b3 = noisy["bound_value"].sel(bound_name="B3", seed=0)
    expected = np.sqrt(noisy["weight_information"] / 2 / noisy["train_size"])
    np.testing.assert_allclose(b3.sel(loss="error"), expected)
    np.testing.assert_allclose(b3.sel(loss="cross-entropy"), 4 * expected)
    for prior in PRIORS:
        b4 = noisy["bound_value"].sel(bound_name=f"B4 {prior}", loss="error")
        nats = noisy["example_information"].sel(prior=prior)
        assert (nats > 0).all()
        np.testing.assert_allclose(b4.sel(seed=0), np.sqrt(nats.mean("seed") / 2))
        np.testing.assert_array_equal(b4.sel(seed=0), b4.sel(seed=1))
    assert set(found["plain"]["bound"].values) == {"B1", "B2"}
    assert np.isnan(found["plain"]["example_information"]).all()
    assert "B3" not in found["plain"]["bound_name"]
    assert np.isnan(found["plain"]["weight_information"]).all()


@pytest.mark.parametrize("m", [2, 10])
@pytest.mark.parametrize("s", [0.3, 2.0])
def test_comparisons_of_a_known_gap(m: int, s: float) -> None:
    """One step on abs(w - z)^2 / 2 from 0 is the mean of m examples N(0, 1) and noise N(0, s^2).

    Loss -sign(W) z, as of the closed forms of B3 and B4 in test_bounds.py.
    """
    examples = torch.from_numpy(np.random.default_rng(4).normal(size=(20_000, m)))
    shares = Shares(*examples.shape, device=CPU)
    gradient = -examples.mean(dim=1, keepdim=True)
    shares.products += -gradient * examples / m
    shares.squares += examples**2 / m**2
    nats = shares.moved(gradient, math.inf).mean(dim=(0, 1)).numpy() / (2 * s**2)
    expected = np.array([1 + 1 / (m - 1), 1]) / (2 * m**2 * s**2)
    np.testing.assert_allclose(nats, expected, rtol=0.03)
    gap = math.sqrt(2 / (math.pi * m * (1 + m * s**2)))
    assert (bounds.individual_samples(nats[:, np.newaxis], 1.0) > gap).all()
    assert (nats > 0.5 * math.log1p(1 / m**2 / ((m - 1) / m**2 + s**2))).all()  # I(D_i; W)


def test_too_few_examples() -> None:
    with pytest.raises(ValueError, match="smaller `sizes`"):
        gaps.gaps(examples(30), PLAIN, (0,), CPU)


class Dying(Checkpoint):
    """SIGTERM comes before one of its offers."""

    def __init__(self, folder: Path, offers: int | None) -> None:
        super().__init__(folder, made_by={"job": "bounds"}, minutes=1)
        self.offers = offers

    def offer(self, epoch: int) -> None:
        if self.offers is not None:
            self.offers -= 1
            self._terminated = self.offers == 0
        super().offer(epoch)


def of_gaps(checkpoint: Checkpoint | None, lines: list[str]) -> xr.Dataset:
    return gaps.gaps(examples(), NOISY, (0, 1), CPU, checkpoint=checkpoint, report=lines.append)


def of_supersample(checkpoint: Checkpoint | None, lines: list[str]) -> xr.Dataset:
    return supersample.supersample(
        examples(), HALVES, CPU, checkpoint=checkpoint, report=lines.append
    )


def test_logs_are_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subset_training, "SILENCE", 0.0)
    lines: list[str] = []
    of_gaps(None, lines)
    assert lines[6].startswith("... 5 of each, epoch 7 of 30: ")
    assert lines[30].startswith("5 examples, 30 epochs: mean gap")
    assert lines[-2].startswith("... 40 of each, epoch 8 of 8: ")


@pytest.mark.parametrize(
    ("run", "deaths", "sizes"),
    [
        (of_gaps, (31 + 4,), ["5", "40"]),  # epochs 0 to 30 of the first size, then the second
        (of_supersample, (41 + 7, 41 + 2), ["6", "20"]),  # pools of 6: 40 epochs, of 20: 20
    ],
)
def test_a_job_that_dies_goes_on_with_the_part_it_was_in(
    tmp_path: Path,
    run: Callable[[Checkpoint | None, list[str]], xr.Dataset],
    deaths: tuple[int, ...],
    sizes: list[str],
) -> None:
    lines: list[str] = []
    for offers in deaths:
        with pytest.raises(Interrupted), Dying(tmp_path, offers) as checkpoint:
            run(checkpoint, lines)
        assert len(list(tmp_path.iterdir())) == 1
    with Dying(tmp_path, None) as checkpoint:
        xr.testing.assert_identical(run(checkpoint, lines), run(None, []))
    assert [line.split(" ")[0] for line in lines] == sizes  # no size was finished twice
    assert not list(tmp_path.iterdir())


def test_labels_are_drawn_anew() -> None:
    plain = examples(30_000)
    assert subsets.relabelled(plain, 0.0, 0) is plain
    noisy = subsets.relabelled(plain, 0.3, 0)
    for rows in plain.slices.values():  # of one distribution in all splits
        changed = (noisy.labels[rows] != plain.labels[rows]).mean()
        assert changed == pytest.approx(0.2, abs=0.02)  # one third stays by chance
    np.testing.assert_array_equal(noisy.labels, subsets.relabelled(plain, 0.3, 0).labels)


def test_some_classes() -> None:
    plain = examples()
    two = subsets.of_classes(plain, [2, 0])
    assert two.n_classes == 2
    for name in plain.slices:
        rows = plain.split(name)
        kept = plain.labels[rows] != 1
        np.testing.assert_array_equal(two.inputs[two.split(name)], plain.inputs[rows][kept])
        np.testing.assert_array_equal(
            two.labels[two.split(name)], np.where(plain.labels[rows][kept] == 2, 0, 1)
        )
    with pytest.raises(ValueError, match="classes: 7 is not a class of clouds"):
        subsets.of_classes(plain, [0, 7])


def test_labels_of_some_classes_stay_among_them() -> None:
    noisy = subsets.relabelled(subsets.of_classes(examples(), [2, 0]), 1.0, 0)
    assert set(noisy.labels) == {0, 1}


def test_supersample() -> None:
    file = supersample.supersample(examples(), HALVES, CPU)
    assert file["networks"].values.tolist() == [2, 4, 8]
    assert file["bound_value"].sizes == {"train_size": 2, "pool": 2, "networks": 3, "known_by": 3}
    weights = file["bound_value"].sel(known_by="weights")
    assert (weights >= file["bound_value"].sel(known_by="predictions")).all()  # data processing
    assert float(file["information"].max()) <= math.log(2)
    whole = file["bound_value"].isel(networks=-1, known_by=0).mean("pool")
    assert (whole > file["gap"].mean(("pool", "mask"))).all()
    again = supersample.supersample(examples(), HALVES, CPU)
    xr.testing.assert_identical(file, again)
    for size in HALVES.sizes:  # bounds that are added later see what these networks did
        losses = Supersample.read(file, size).losses
        own = file.sel(train_size=size)
        assert losses == pytest.approx([float(own[name].mean()) for name in ("train", "test")])


@pytest.mark.parametrize("n_conditions", [1, 2, 3])
def test_figure_of_supersamples(n_conditions: int) -> None:
    file = supersample.supersample(examples(), HALVES, CPU)
    files = []
    for number in range(n_conditions):
        sizes = [0] if number else [0, 1]  # need not be the same
        one = file.isel(train_size=sizes).copy(deep=True)
        one.attrs = _attributes(f"noise-{number}", label_noise=0.1 * number)
        one["gap"][:] = 0.2 * number - 0.1  # a gap may be negative
        files.append(one)
    drawn = figures_bounds.bounds_supersample(files)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    conditions = [
        "6\N{EN DASH}4, ReLU",
        *(f"6\N{EN DASH}4, ReLU, label noise {n}" for n in (0.1, 0.2)),
    ]
    assert [ax.get_title(loc="left") for ax in drawn.axes] == [
        *conditions[:n_conditions],
        "by number of networks" + (" (largest m)" if n_conditions > 1 else ""),
        *(["over conditions"] if n_conditions == 3 else []),
    ]
    table = results_tighter.summary(files)
    drawn = figures_bounds.bounds_tighter(files, table)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    titles = [ax.get_title(loc="left").partition("\n")[0] for ax in drawn.axes]
    assert titles == conditions[:n_conditions]
    n_cells = sum(file.sizes["train_size"] for file in files)
    assert len(table) == n_cells * (1 + len(BOUNDS))
    assert not table.duplicated(["condition", "train_size", "bound"]).any()
    last = table[table["condition"] == "noise-0"].iloc[-1]
    losses = Supersample.read(files[0], int(last["train_size"])).losses
    assert last["gap"] == losses[1] - losses[0]


def test_figures_and_table(found: dict[str, xr.Dataset], tmp_path: object) -> None:
    files = []
    for name, file in found.items():
        path = tmp_path / f"{name}.nc"
        about = {**ABOUT["condition"], "name": name}
        storage.write(
            file,
            path,
            kind="bounds",
            title="Bounds",
            condition=about,
            configuration=ABOUT["configuration"],
        )
        files.append(storage.read(path, "bounds"))
    for loss in bounds.LOSSES:
        drawn = figures_bounds.bounds(files, loss)
        titles = [ax.get_title(loc="left") for ax in drawn.axes]
        assert titles == [f"6\N{EN DASH}4, ReLU ({name})" for name in found]
        all_text_is_large_and_in_the_figure(drawn)
        greyscale_tells_what_colours_tell(drawn)
    table = results_bounds.summary(files)
    assert list(table.columns) == list(results_bounds.COLUMNS)
    b1 = table[table["bound"] == "B1"]
    assert b1["ratio"].isna().all()
    assert b1["note"].str.contains("shape only").all()
    b3 = table[table["bound"] == "B3"].set_index(["loss", "train_size"])
    assert set(b3["n_conditions"]) == {1}
    of_error = float(files[1]["bound_value"].sel(bound_name="B3", loss="error").isel(seed=0)[0])
    assert b3.loc[("error", 5), "non_vacuous"] == float(of_error < 1)
    ended = table[(table["bound"] == "B2") & (table["saturated"] == 1)]
    assert (ended["non_vacuous"] == 0).all()


def test_the_table_says_whether_bounds_predict(found: dict[str, xr.Dataset]) -> None:
    """Three conditions whose gaps are in the order of the bounds."""
    files = []
    for number in range(3):
        file = found["plain"].copy(deep=True)
        file["gap"][:] = 0.1 * (number + 1)
        file["bound_value"][:] = 0.2 * (number + 1)
        file["saturated"][:] = 0
        files.append(file)
    table = results_bounds.summary(files)
    np.testing.assert_allclose(table["correlation"], 1)
    b2 = table[table["bound"] == "B2"]
    np.testing.assert_allclose(b2["ratio"], 2)
    np.testing.assert_allclose(b2["non_vacuous"], 1)
    assert (b2["violated"] == 0).all()
    assert set(b2["layer"]) == {"1", "last"}


def _attributes(name: str, **settings: float) -> dict[str, str]:
    about = {
        "condition": {**ABOUT["condition"], "name": name},
        "configuration": {**ABOUT["configuration"], **settings},
    }
    return {key: json.dumps(value) for key, value in about.items()}
