"""Planes of networks while they are trained, estimators by name, and the figure."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
import xarray as xr
import yaml
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from neuroninfo.figures import planes as figures_planes
from neuroninfo.figures import wording
from neuroninfo.files import tables
from neuroninfo.networks.stack import Architecture
from neuroninfo.planes import calibration
from neuroninfo.planes import layers as planes_layers
from neuroninfo.planes import training as planes_training
from neuroninfo.planes.estimators.names import named
from neuroninfo.planes.estimators.protocol import EstimationError
from neuroninfo.planes.settings import Costly, PlaneSettings
from neuroninfo.planes.training import measured, train
from neuroninfo.results import planes
from neuroninfo.results.statistics import Interval
from neuroninfo.streams import Stream, generator
from neuroninfo.synergy.pairs import decompose, varies
from neuroninfo.training.settings import Regularizer, log_spaced_epochs
from neuroninfo.vocabulary import SPLITS
from tests.unit.configuration.test_study import SCHEMA
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)
from tests.unit.training.test_training import STUDY, examples, settings, splits, trained

CONDITION = {
    "dataset": "digits",
    "architecture": "5-3",
    "activation": "tanh",
    "regularizer": "none",
}
NAMES = [
    "edges-30",
    "width-0.07",
    "mass-4",
    "kde-upper-0.001",
    "kde-lower-1e-2",
    "exact",
    "kozachenko-0.001",
    "kraskov-0.1",
    "renyi-1.01",
    "renyi-2",
    "infonce-0.1",
    "smile-0.1",
    "sliced-0.1",
    "latent-0.1",
    "propagation-20",
]


def made(*names: str, seeds: tuple[int, ...] = (2, 5)):
    data, chosen = splits(), wanted(*names)
    architecture = trained(seeds, data, chosen.training).stack.architecture
    return train(architecture, seeds, data, chosen)


def wanted(
    *names: str, epochs: int = 6, most: int = 4, costly: tuple[str, ...] = ()
) -> PlaneSettings:
    return PlaneSettings(most, names, Costly(costly, 2), settings(epochs=epochs))


def test_planes_are_those_of_stored_activations() -> None:
    ours = made("edges-30", "kde-upper-0.001")
    epochs = log_spaced_epochs(6, 4)
    assert ours["epoch"].values.tolist() == epochs
    data, chosen = splits(), replace(settings(), epochs=6, activation_epochs=tuple(epochs))
    stored = trained((2, 5), data, chosen)
    for number, epoch in enumerate(epochs):
        np.testing.assert_array_equal(ours["loss"][:, number], stored.loss[:, epoch])
        np.testing.assert_array_equal(ours["accuracy"][:, number], stored.accuracy[:, epoch])
        for seed in range(2):
            hidden = stored.activations[seed, number]
            layers = [
                hidden[:, :5],
                hidden[:, 5:],
                planes_layers.probabilities(stored.outputs[seed, number]),
            ]
            for layer, outputs in enumerate(layers):
                estimate = named("edges-30")(outputs, data["validation"].labels.numpy())
                here = ours.isel(seed=seed, epoch=number, layer=layer, estimator=0)
                assert float(here["mutual_information_input"]) == estimate.input
                assert float(here["mutual_information_label"]) == estimate.label


def test_pairs_are_measured_at_the_epochs_of_planes() -> None:
    data, asked = splits(), replace(wanted("edges-30"), synergy=True)
    chosen = replace(asked.training, activation_epochs=asked.plane_epochs)
    stored = trained((2, 5), data, chosen)
    plane = train(stored.stack.architecture, (2, 5), data, asked)
    hidden, labels = stored.activations[1, 3], data["validation"].labels.numpy()
    on = hidden[:, :5].T > 0
    pairs = decompose(on[varies(on)], labels)
    here = plane.isel(seed=1, epoch=3, layer=0)
    assert float(here["pair_redundancy"]) == pytest.approx(pairs.redundant["broja"].mean())
    assert plane["pair_redundancy"].isel(layer=2).isnull().all()  # of the output layer
    without = plane.drop_vars([name for name in plane if str(name).startswith("pair_")])
    xr.testing.assert_identical(without, made("edges-30"))


def test_a_seed_does_not_depend_on_the_others() -> None:
    both, alone = made(*NAMES), made(*NAMES, seeds=(5,))
    for name in ("mutual_information_input", "mutual_information_label", "loss"):
        np.testing.assert_array_equal(both[name].sel(seed=[5]), alone[name])


def test_costly_estimators_are_asked_seldom() -> None:
    data = splits()
    asked = wanted("edges-30", epochs=20, most=6, costly=("exact",))
    architecture = trained((1,), data, asked.training).stack.architecture
    assert asked.plane_epochs == (0, 1, 2, 4, 9, 20)
    assert asked.costly_epochs == (0, 20)
    assert replace(asked, costly=Costly(("exact",), 3)).costly_epochs == (0, 2, 20)
    plane = train(architecture, (1, 2), data, asked)
    assert (plane["success"].sel(estimator="edges-30") == 1).all()
    costly = plane.sel(estimator="exact")
    assert (costly["success"].sel(epoch=[0, 20]) == 1).all()
    assert (costly["reason"].sel(epoch=[1, 2, 4, 9]) == planes_layers.SKIPPED).all()
    assert costly["mutual_information_input"].sel(epoch=[1, 2, 4, 9]).isnull().all()
    table = planes.compression(plane, CONDITION)
    own = table[table["estimator"] == "exact"]
    assert (own["without"] == 0).all()
    ends = costly["mutual_information_input"].sel(epoch=[0, 20])
    for row in own.to_dict("records"):
        of_layer = ends.sel(layer=row["layer"])
        drop = (of_layer.max("epoch") - of_layer.sel(epoch=20)).mean("seed")
        assert row["largest_drop"] == pytest.approx(float(drop))


def test_costly_estimators_by_another_name_are_asked_seldom_too() -> None:
    asked = wanted("edges-30", costly=("kde-upper-1e-2",))
    architecture = trained((1,), splits(), asked.training).stack.architecture
    reason = train(architecture, (1,), splits(), asked)["reason"].sel(estimator="kde-upper-0.01")
    assert (reason.sel(epoch=list(asked.plane_epochs[1:-1])) == planes_layers.SKIPPED).all()


def test_groups_of_estimators_are_one_plane() -> None:
    whole = made("edges-30", "kde-upper-0.1", "exact")
    parts = [made("edges-30", "exact"), made("kde-upper-0.1")]
    xr.testing.assert_identical(planes_layers.of_groups(parts, whole["estimator"].values), whole)
    with pytest.raises(ValueError, match="planes by edges-30, exact, not by edges-30, kde"):
        planes_layers.of_groups(parts[:1], whole["estimator"].values)
    with pytest.raises(ValueError, match="seed differs between groups"):
        planes_layers.of_groups([parts[0], made("kde-upper-0.1", seeds=(2, 6))], ["edges-30"])


def test_planes_of_all_inputs_where_there_are_no_others() -> None:
    source, data = examples(), splits()
    torch.testing.assert_close(measured(source, data).inputs, data["validation"].inputs)
    few = measured(source, data, 7)
    torch.testing.assert_close(few.inputs, data["validation"].inputs[:7])
    torch.testing.assert_close(few.labels, data["validation"].labels[:7])
    whole = measured(replace(source, complete=True), data)
    np.testing.assert_array_equal(whole.labels, np.concatenate([data[s].labels for s in SPLITS]))
    chosen = wanted("exact", epochs=2)
    architecture = trained((1,), data, chosen.training).stack.architecture
    plane = train(architecture, (1,), data, chosen, on=whole)
    at_most = float(plane["mutual_information_input"].max())
    assert at_most == pytest.approx(np.log2(len(whole.labels)))


NOISY = Regularizer(noise=0.3)


def noisy_outputs(seed: int, epoch: int, draws: int):
    data, chosen = splits(), settings(regularizer=NOISY)
    stack = trained((seed,), data, chosen, activation="tanh").stack
    asked = [named(f"propagation-{draws}")]
    return stack, planes_training.outputs(stack, data["validation"], epoch, chosen, asked)


def test_noise_is_added_to_what_is_measured() -> None:
    stack, found = noisy_outputs(5, 3, 4)
    values = splits()["validation"].inputs.numpy()
    rngs = [generator(STUDY, Stream.MEASURED_NOISE, 5, layer, 3) for layer in (1, 2)]
    for draw in range(4):  # layer by layer, each with its own noise
        here = values
        for layer, (columns, rng) in enumerate(zip((slice(0, 5), slice(5, 8)), rngs, strict=True)):
            weight, bias = stack.weights[layer][0].numpy(), stack.biases[layer][0].numpy()
            clean = np.tanh(here @ weight.T + bias)
            centres = found["centre"].values[draw, 0, 0][:, columns]
            np.testing.assert_allclose(centres, clean, atol=1e-6)
            here = clean + 0.3 * rng.standard_normal((1, *clean.shape), dtype=np.float32)[0]
            if draw == 0:
                np.testing.assert_allclose(
                    found["activation"].values[0, 0][:, columns], here, atol=1e-6
                )
    assert found.attrs["noise"] == 0.3
    np.testing.assert_array_equal(noisy_outputs(5, 3, 4)[1]["centre"], found["centre"])
    other = noisy_outputs(5, 2, 4)[1]["activation"].values
    assert (other != found["activation"].values).all()


def test_information_of_noisy_networks() -> None:
    _, outputs = noisy_outputs(5, 3, 4)
    propagation = named("propagation-4")
    estimators = [propagation, named("edges-30")]
    plane = planes_layers.joined([planes_layers.of_epoch(outputs, estimators)], estimators)
    plane = plane.isel(seed=0, epoch=0)
    labels = outputs["label"].values
    for layer, columns in (("1", slice(0, 5)), ("2", slice(5, 8))):
        centres = outputs["centre"].values[:, 0, 0][..., columns]
        expected = propagation.information(centres, labels, 0.3)
        here = plane.sel(layer=layer, estimator="propagation-4")
        for number, of in enumerate(("input", "label")):
            stored = [float(here[f"mutual_information_{of}{end}"]) for end in ("", "_low", "_high")]
            wanted = [ends[number] for ends in (expected.middle, expected.low, expected.high)]
            assert stored == pytest.approx(wanted)
    binned = plane.sel(estimator="edges-30")
    assert binned["mutual_information_input_low"].isnull().all()
    last = plane.sel(layer="output", estimator="propagation-4")
    assert int(last["success"]) == 0
    assert "without noise of the network's own" in str(last["reason"].item())


def test_biases_are_those_of_the_reference() -> None:
    plane = made("kde-upper-0.1", "edges-30")
    assert dict(plane["bias_label"].sizes) == {"layer": 3, "estimator": 2}
    for layer, width in zip(plane["layer"].values, (5, 3, 4), strict=True):
        mixture = calibration.reference(width, 4)
        values, labels = mixture.draw(9, generator(0, Stream.CALIBRATION, "bias"))
        here = plane.sel(layer=layer, estimator="kde-upper-0.1")
        of_label = named("kde-upper-0.1")(values, labels).label - mixture.known(0.1)[1]
        assert float(here["bias_label"]) == pytest.approx(of_label)
        # Noise of variance 0.1 upon outputs of another scale is noise of another variance.
        relative = calibration.relative_noise(mixture, 0.75 * np.log2(9))
        scaled = values * np.sqrt(0.1 / relative)
        of_input = named("kde-upper-0.1")(scaled, labels).input - mixture.known(relative)[0]
        assert float(here["bias_input"]) == pytest.approx(of_input)
    assert plane["bias_input"].sel(estimator="edges-30").isnull().all()
    n = len(splits()["validation"].labels)
    np.testing.assert_allclose(plane["ceiling_input"], np.log2(n))


def test_the_highest_that_estimators_can_say() -> None:
    names = ("edges-30", "renyi-1.01", "infonce-0.1", "kraskov-0.1", "smile-0.1", "sliced-0.1")
    found = [calibration.ceiling(named(name), 4096) for name in names]
    assert found == pytest.approx([12, np.log2(1000), 8, np.inf, np.inf, np.inf])


PATTERN = SCHEMA["$defs"]["estimator"]["pattern"]


@pytest.mark.parametrize("name", NAMES)
def test_estimators_by_name(name: str) -> None:
    assert re.search(PATTERN, name)
    assert named(name).name == name.replace("1e-2", "0.01")


@pytest.mark.parametrize(
    "name",
    [
        "edges",
        "edges-3.5",
        "kde-0.1",
        "width--1",
        "renyi",
        "edges-1",
        "mass-0",
        "width-0",
        "kde-upper-0.0",
        "renyi-1",
        "renyi-1.0",
        "renyi-0",
        "propagation-1",
        "infonce-0",
        "smile-0",
        "sliced-0.0",
        "latent",
    ],
)
def test_names_that_there_are_not(name: str) -> None:
    assert not re.search(PATTERN, name)
    with pytest.raises(EstimationError, match=f"no estimator is called '{name}'; there are edges"):
        named(name)


def test_an_estimator_under_two_names() -> None:
    twice = wanted("width-0.07", "width-7e-2")
    nothing = {}  # it is refused before anything is trained
    with pytest.raises(ValueError, match=r"width-0\.07, width-0\.07; give each once"):
        train(Architecture(2, (2,), 2, "relu"), (0,), nothing, twice)


def test_defaults_are_estimators() -> None:
    text = yaml.safe_dump(SCHEMA["properties"]["planes"]["properties"]["estimators"]["default"])
    for name in yaml.safe_load(text):
        assert named(name).name == name


CLEAN = {"label_noise": 0.0, "n_classes": 10}


def several() -> tuple[list[xr.Dataset], list[list[str]]]:
    both = [made("edges-30", "kde-upper-0.001", seeds=tuple(range(4))) for _ in range(2)]
    return both, [["digits", "5-3", activation, "none"] for activation in ("tanh", "relu")]


def test_activations_figure() -> None:
    found, conditions = several()
    found[1]["success"][..., 0] = 0  # still an estimate of the other
    drawn = figures_planes.planes_activations(found, conditions)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    titles = [ax.get_title(loc="left") for ax in drawn.axes if ax.get_title(loc="left")]
    names = ("edges-30", "kde-upper-0.001")
    shown = [wording.of_estimator(name, whose=False) for name in names]
    assert sorted(titles) == sorted(f"{a}: {name}" for name in shown for a in ("tanh", "ReLU"))
    assert drawn.axes[0].get_xlim() == drawn.axes[1].get_xlim()


def test_clustering_figure() -> None:
    found, _ = several()
    found[0]["success"][..., 1] = 0
    drawn = figures_planes.clustering(found[0], CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    panels = [ax for ax in drawn.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in panels] == [
        "scatter within classes",
        "binned, 30 edges (Shwartz-Ziv and Tishby)",
    ]
    lines = panels[0].get_lines()
    expected = found[0]["scatter_within"].mean("seed").transpose("layer", "epoch").values
    np.testing.assert_allclose([line.get_ydata() for line in lines], expected)


def test_scatter_is_that_of_pairs() -> None:
    rng = np.random.default_rng(1)
    labels = np.array([0, 0, 0, 1, 1, 1])  # equally many: pairs with themselves counted
    outputs = rng.normal(size=(6, 2)) + 3 * labels[:, None]
    squares = ((outputs[:, None] - outputs[None]) ** 2).sum(axis=-1)
    same = labels[:, None] == labels[None]
    assert planes_layers.scatter_within(outputs, labels) == pytest.approx(
        squares[same].mean() / squares.mean()
    )
    assert np.isnan(planes_layers.scatter_within(np.ones((4, 2)), np.arange(4)))


def test_compression_figure(tmp_path: Path) -> None:
    found, conditions = several()
    paths = []
    for number, (plane, names) in enumerate(zip(found, conditions, strict=True)):
        condition = dict(zip(CONDITION, names, strict=True))
        table = planes.compression(plane, condition)
        paths.append(tmp_path / f"{number}.csv")
        tables.write(table, paths[-1])
    table = tables.gather(paths, planes.COLUMNS, planes.KEY, conditions)
    assert len(table) == 12
    table.loc[0, ["verdict", "drop"]] = ["compresses", 7.5]
    table.loc[1, ["verdict", "drop"]] = ["undecided", 0.1]
    table.loc[2, ["verdict", "drop"]] = ["no estimate", np.nan]
    drawn = figures_planes.planes_compression(table)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    written = [text.get_text() for text in drawn.axes[0].texts]
    assert written[:3] == ["7.5", "0.1?", "\N{MULTIPLICATION SIGN}"]


@pytest.mark.parametrize(
    ("mean", "low", "high", "verdict"),
    [
        (0.5, 0.2, 0.7, "compresses"),
        (0.05, 0.0, 0.09, "does not compress"),
        (0.2, 0.05, 0.4, "undecided"),
        (0.2, np.nan, np.nan, "one seed"),
        (np.nan, np.nan, np.nan, "no estimate"),
    ],
)
def test_verdicts(mean: float, low: float, high: float, verdict: str) -> None:
    assert planes._verdict(Interval(mean, low, high, "")) == verdict


def test_gaps_and_their_correlations() -> None:
    found, conditions = several()
    points = planes.gaps(found, conditions, [CLEAN, CLEAN])
    assert len(points) == 2 * 4 * 2
    row = points.iloc[-1]
    last = found[1].sel(seed=3, epoch=6)
    gap = last["loss"].sel(split="test") - last["loss"].sel(split="train")
    assert row["gap"] == pytest.approx(float(gap))
    here = last.sel(layer="2", estimator="kde-upper-0.001")
    assert row["input"] == float(here["mutual_information_input"])
    correlations = planes.gap_correlations(points)
    assert len(correlations) == 8
    for row in correlations.to_dict("records"):
        own = points[points["estimator"] == row["estimator"]]
        of_conditions = [g for _, g in own.groupby(list(CONDITION))]
        if row["reading"] == "over conditions":  # two of them are too few
            assert np.isnan(row["correlation"])
            continue
        z = [
            np.arctanh(scipy.stats.spearmanr(g[row["coordinate"]], g["gap"]).statistic)
            for g in of_conditions
        ]
        expected = np.tanh(np.nanmean(z)) if np.isfinite(z).any() else np.nan
        assert row["correlation"] == pytest.approx(expected, nan_ok=True, abs=1e-5)
    all_text_is_large_and_in_the_figure(figures_planes.planes_gap(points, correlations))
    greyscale_tells_what_colours_tell(figures_planes.planes_gap(points, correlations))


@pytest.mark.parametrize("noisy", [1, 2])
def test_label_noise_leaves_no_gap(noisy: int) -> None:
    """Test labels are true, and so is their cross-entropy; what is drawn says so."""
    found, conditions = several()
    noise = [{"label_noise": 0.2, "n_classes": 10}] * noisy + [CLEAN] * (2 - noisy)
    points = planes.gaps(found, conditions, noise)
    without = points["activation"].isin(["tanh", "relu"][:noisy])
    assert (points["gap"].isna() == without).all()
    correlations = planes.gap_correlations(points)
    assert set(correlations["n_conditions"]) == {2 - noisy}
    assert correlations["correlation"].isna().all() == (noisy == 2)
    drawn = figures_planes.planes_gap(points, correlations)
    all_text_is_large_and_in_the_figure(drawn)


def dots_of(ax: Axes) -> list[PathCollection]:
    """Of the layers; beside them a collection has the lines of the seeds."""
    return [found for found in ax.collections if isinstance(found, PathCollection)]


def test_at_most_six_panels_the_most_trusted_first() -> None:
    plane = made(*(f"width-{number}" for number in range(1, 9)))
    bias = plane["bias_input"].copy()
    bias[:] = 5.0
    bias[:, 7] = 0.0
    plane = plane.assign_coords(bias_input=bias, ceiling_input=plane["ceiling_input"] + 20)
    drawn = figures_planes.planes(plane, planes.compression(plane, CONDITION), CONDITION)
    titles = [ax.get_title(loc="left") for ax in drawn.axes if ax.get_title(loc="left")]
    assert titles == [f"binned, width {n} (Saxe et al.)" for n in (8, 1, 2, 3, 4, 5)]
    trusted, not_trusted = (dots_of(drawn.axes[number])[0] for number in (0, 1))
    assert (not_trusted.get_facecolors() == 1).all()
    assert not (trusted.get_facecolors() == 1).all()
    all_text_is_large_and_in_the_figure(drawn)


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_has_a_name_for_people(name: str) -> None:
    words = wording.of_estimator(name)
    assert name not in words or name == words
    assert words.startswith(wording.of_estimator(name, whose=False).split(" (")[0])


def test_planes_figure() -> None:
    plane = made("edges-30", "kde-upper-0.001")
    plane["mutual_information_input"][:, :, 0, 1] = np.nan  # an estimator that failed
    table = planes.compression(plane, CONDITION)
    drawn = figures_planes.planes(plane, table, CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    of = {ax.get_title(loc="left"): ax for ax in drawn.axes[:2]}
    first, second = (of[wording.of_estimator(name)] for name in ("edges-30", "kde-upper-0.001"))
    means = plane["mutual_information_input"].isel(estimator=0).mean("seed")
    for layer, dots in enumerate(dots_of(first)):
        np.testing.assert_allclose(dots.get_offsets()[:, 0], means.isel(layer=layer))
    assert len(dots_of(second)) == 2
