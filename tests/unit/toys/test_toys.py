"""Toys: sets, logistic regression against another solver, networks of width two, figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression

from neuroninfo.figures import animation, canvas
from neuroninfo.figures import toys as figures_toys
from neuroninfo.figures.toys import _segment, save_animation
from neuroninfo.files import storage
from neuroninfo.networks.forward import outputs
from neuroninfo.toys import logistic, sets, width_two
from neuroninfo.toys.networks import train
from neuroninfo.toys.settings import ToyNetworkSettings, ToySettings
from neuroninfo.toys.width_two import best_restart, follow, lines
from neuroninfo.training.settings import log_spaced_epochs
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

NOISE = {"separable": 0.5, "moons": 0.12, "xor": 0.35}


# ------------------------------------------------------------------ sets


@pytest.mark.parametrize("name", sets.RULES)
def test_sets_are_balanced_and_come_from_their_seed(name: str) -> None:
    inputs, labels = sets.draw(name, points=60, noise=NOISE[name], study_seed=3)
    assert inputs.shape == (60, 2)
    assert labels.sum() == 30
    again, _ = sets.draw(name, points=60, noise=NOISE[name], study_seed=3)
    other, _ = sets.draw(name, points=60, noise=NOISE[name], study_seed=4)
    assert again.tobytes() == inputs.tobytes() != other.tobytes()


@given(st.integers(0, 1000), st.floats(0, 5))
def test_separable_is_separable_whatever_the_noise(seed: int, noise: float) -> None:
    inputs, labels = sets.draw("separable", points=40, noise=noise, study_seed=seed)
    assert logistic.linearly_separable(inputs, labels)


def separated_by_some_direction(inputs: np.ndarray, labels: np.ndarray) -> bool:
    """All directions that differ: whether one separates changes where two points are level."""
    differences = (inputs[labels == 1][:, None] - inputs[labels == 0]).reshape(-1, 2)
    level = np.arctan2(differences[:, 1], differences[:, 0]) + np.pi / 2
    critical = np.sort(np.concatenate([level, level + np.pi]) % (2 * np.pi))
    angles = (critical + np.append(critical[1:], critical[0] + 2 * np.pi)) / 2
    along = inputs @ np.array([np.cos(angles), np.sin(angles)])
    return bool((along[labels == 0].max(axis=0) < along[labels == 1].min(axis=0)).any())


@given(st.integers(0, 10**6), st.integers(4, 12))
def test_separability_is_that_of_all_directions(seed: int, n: int) -> None:
    inputs, labels = np.random.default_rng(seed).normal(size=(n, 2)), np.arange(n) % 2
    assert logistic.linearly_separable(inputs, labels) == separated_by_some_direction(
        inputs, labels
    )


def test_moons_and_xor_are_not() -> None:
    for name in ("moons", "xor"):
        inputs, labels = sets.draw(name, points=200, noise=NOISE[name], study_seed=0)
        assert not logistic.linearly_separable(inputs, labels)


def test_a_set_that_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"toys\.sets\.circles: unknown; there are separable"):
        sets.draw("circles", points=10, noise=0.1, study_seed=0)


# ------------------------------------------------------------------ logistic regression


@pytest.mark.parametrize("l2", [1e-3, 1e-1, 10])
@pytest.mark.parametrize("name", sets.RULES)
def test_logistic_regression_is_that_of_scikit_learn(name: str, l2: float) -> None:
    inputs, labels = sets.draw(name, points=100, noise=NOISE[name], study_seed=1)
    ours = logistic.fit(inputs, labels, l2)
    # There the bias is not penalised: it is given as a third input instead.
    design = np.column_stack([inputs, np.ones(100)])
    theirs = LogisticRegression(C=1 / (100 * l2), fit_intercept=False, tol=1e-12, max_iter=10_000)
    expected = theirs.fit(design, labels).coef_[0]
    np.testing.assert_allclose([*ours.weight, ours.bias], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        ours.probability(inputs), theirs.predict_proba(design)[:, 1], atol=1e-6
    )


def test_without_a_penalty_there_is_no_optimum() -> None:
    with pytest.raises(ValueError, match=r"toys\.logistic_regression\.l2: 0; give a number > 0"):
        logistic.fit(np.zeros((2, 2)), np.array([0, 1]), 0)


# ------------------------------------------------------------------ networks


@pytest.fixture(scope="module")
def moons() -> xr.Dataset:
    return logistic.logistic(ToySettings("moons", points=80, noise=0.1, l2=0.01, study_seed=2))


def trained(toy: xr.Dataset, **changes: object) -> xr.Dataset:
    settings = ToyNetworkSettings(
        layers=2,
        activation="sigmoid",
        l2=1e-4,
        restarts=4,
        learning_rate=0.1,
        epochs=150,
        frames=5,
        study_seed=2,
    )
    return train(toy, replace(settings, **changes))


@pytest.fixture(scope="module")
def network(moons: xr.Dataset) -> xr.Dataset:
    return trained(moons)


@pytest.mark.parametrize("frames", [2, 3, 10, 500])
def test_kept_epochs(frames: int) -> None:
    kept = log_spaced_epochs(300, frames)
    assert kept == sorted(set(kept))
    assert kept[0] == 0
    assert kept[-1] == 300
    assert len(kept) <= frames


def test_networks_are_stored_as_they_were(
    moons: xr.Dataset, network: xr.Dataset, tmp_path: Path
) -> None:
    epochs = network["epoch"].values.tolist()
    assert epochs == log_spaced_epochs(150, 5)
    storage.write(
        network, tmp_path / "n.nc", kind="toy_network", title="", condition={}, configuration={}
    )
    stored = storage.read(tmp_path / "n.nc", "toy_network")
    labels = moons["label"].values
    for epoch in range(len(epochs)):
        for restart in range(4):
            snapshot = width_two.snapshot(stored, epoch, restart)
            *hidden, probability = follow(snapshot, moons["input"].values)
            *expected, logits = outputs(
                snapshot.tensors("cpu"),
                torch.from_numpy(moons["input"].values.astype(np.float32)),
            )
            for ours, theirs in zip(hidden, expected, strict=True):
                np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)
            np.testing.assert_allclose(probability, logits[0].softmax(-1)[:, 1], atol=1e-5)
            loss = -np.log(np.where(labels == 1, probability, 1 - probability)).mean()
            assert float(stored["loss"][restart, epoch]) == pytest.approx(loss, rel=1e-4)
            correct = ((probability > 0.5) == labels).mean()
            assert float(stored["accuracy"][restart, epoch]) == pytest.approx(correct)


def test_the_best_restart_is_chosen_by_training_loss(network: xr.Dataset) -> None:
    final = network["loss"].isel(epoch=-1).values
    best = best_restart(network)
    assert final[best] == final.min() < final.max()
    shuffled = network.isel(seed=[2, 0, 3, 1])
    assert shuffled["seed"].values[best_restart(shuffled)] == network["seed"].values[best]


def test_a_layer_can_be_followed_from_anywhere(moons: xr.Dataset, network: xr.Dataset) -> None:
    snapshot = width_two.snapshot(network, -1, 0)
    first, second, probability = follow(snapshot, moons["input"].values)
    np.testing.assert_array_equal(follow(snapshot, first, 1)[-1], probability)
    np.testing.assert_array_equal(follow(snapshot, second, 2)[-1], probability)
    score = second @ lines(snapshot, 2)[0, :2] + lines(snapshot, 2)[0, 2]
    np.testing.assert_array_equal(score > 0, probability > 0.5)
    inner = first @ lines(snapshot, 1)[:, :2].T + lines(snapshot, 1)[:, 2]
    np.testing.assert_array_equal(inner > 0, second > 0.5)


# ------------------------------------------------------------------ figures


@pytest.mark.parametrize("name", sets.RULES)
def test_logistic_figure(name: str) -> None:
    toy = logistic.logistic(ToySettings(name, points=80, noise=NOISE[name], l2=0.01, study_seed=2))
    drawn = figures_toys.toys_logistic(toy)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    ringed = [
        line
        for line in drawn.axes[0].lines
        if line.get_marker() in ("o", "s") and line.get_markeredgecolor() == "black"
    ]
    assert sum(len(line.get_xdata()) for line in ringed) == 80 - int(toy["correct"])


def test_network_figure_and_animation(
    moons: xr.Dataset, network: xr.Dataset, tmp_path: Path
) -> None:
    drawn = figures_toys.toys_network(moons, network)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    assert [ax.get_title(loc="left") for ax in drawn.axes] == [
        "input",
        "hidden layer 1",
        "hidden layer 2",
    ]
    for name in ("a.gif", "b.gif"):
        save_animation(moons, network, tmp_path / name)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == network.sizes["epoch"]
    canvas.save(drawn, tmp_path / "c.png")
    save_animation(moons, network, tmp_path / "b.gif")
    canvas.save(figures_toys.toys_network(moons, network), tmp_path / "d.png")
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "d.png").read_bytes()
    with pytest.raises(ValueError, match="animations are written as"):
        animation.save([drawn], tmp_path / "a.mp4")


@given(st.integers(0, 10**6))
def test_segments_are_on_their_line_and_end_at_the_frame(seed: int) -> None:
    line = np.random.default_rng(seed).normal(size=3)
    limits = ((-1.0, 2.0), (-0.5, 1.0))
    ends = _segment(line, limits)
    corners = np.array([[x, y, 1] for x in limits[0] for y in limits[1]]) @ line
    if ends is None:
        assert (corners > 0).all() or (corners < 0).all()
        return
    np.testing.assert_allclose(ends @ line[:2] + line[2], 0, atol=1e-9)
    for x, y in ends:
        assert (
            np.isclose([x - limits[0][0], x - limits[0][1]], 0).any()
            or np.isclose([y - limits[1][0], y - limits[1][1]], 0).any()
        )
