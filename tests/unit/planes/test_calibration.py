"""Known values of information against other ways to find them, and the sweep over estimators."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.integrate
import scipy.stats

from neuroninfo.figures import calibration as figures_calibration
from neuroninfo.figures import wording
from neuroninfo.planes import calibration
from neuroninfo.planes.calibration import FAMILIES, Mixture
from neuroninfo.planes.estimators.names import named
from neuroninfo.planes.estimators.sliced import Sliced
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)


def by_integration(density: scipy.stats.rv_continuous, separation: float) -> float:
    """I(Y;T) of two classes at +-separation on a line, in bits."""

    def both(x: float) -> float:
        a, b = density.pdf(x - separation), density.pdf(x + separation)
        whole = (a + b) / 2
        return 0.5 * (a * math.log2(a / whole) + b * math.log2(b / whole))

    return scipy.integrate.quad(both, -30, 30, limit=400)[0]


@pytest.mark.parametrize("separation", [0.3, 2.0])
@pytest.mark.parametrize(
    ("family", "density"), [("gaussian", scipy.stats.norm()), ("student", scipy.stats.t(3))]
)
def test_two_classes_on_a_line(
    family: str, density: scipy.stats.rv_continuous, separation: float
) -> None:
    of_input, of_label = Mixture(family, 1, 2, separation).known()
    assert of_label == pytest.approx(by_integration(density, separation), abs=0.01)
    assert of_input == 0


def test_known_values_with_noise() -> None:
    mixture = Mixture("gaussian", 7, 2, 1.5)
    of_input, of_label = mixture.known(0.5)
    narrower = by_integration(scipy.stats.norm(scale=math.sqrt(1.5)), 1.5)
    assert of_label == pytest.approx(narrower, abs=0.01)
    assert of_input == pytest.approx(narrower + 7 / 2 * math.log2(3), abs=0.01)


def test_known_values_of_slices() -> None:
    """One dimension has one slice; in two the centres of two classes are projected."""
    line = Mixture("gaussian", 1, 2, 1.5).sliced(0.5, np.ones((1, 1)))
    label = by_integration(scipy.stats.norm(scale=math.sqrt(1.5)), 1.5)
    assert line == pytest.approx((label + math.log2(3) / 2, label), abs=1e-6)
    mixture = Mixture("gaussian", 2, 2, 3.0)
    directions = np.array([[1.0, 0.0], [0.6, 0.8]])
    apart = directions @ mixture.centres()[0]
    of_each = [by_integration(scipy.stats.norm(scale=math.sqrt(1.5)), x) for x in apart]
    assert mixture.sliced(0.5, directions)[1] == pytest.approx(np.mean(of_each), abs=1e-6)
    assert mixture.sliced(0.5, directions)[1] < mixture.known(0.5)[1]
    for family in ("student", "spiral"):
        assert np.isnan(Mixture(family, 2, 2, 3.0).sliced(0.5, directions)).all()


def test_what_slices_say_is_held_against_slices() -> None:
    sliced = named("sliced-0.1")
    assert isinstance(sliced, Sliced)
    case = Mixture("gaussian", 6, 4, 3.0)
    found = calibration.sweep([sliced], [case], [2000], 1, 0).isel(estimator=0, case=0)
    known = case.sliced(0.1, sliced.directions(6))
    assert (found["known_input"].item(), found["known_label"].item()) == known
    assert found["estimate_input"].item() == pytest.approx(known[0], abs=0.1)
    assert found["estimate_label"].item() == pytest.approx(known[1], abs=0.05)


TASKS = pd.read_csv(Path(__file__).with_name("continuous_tasks.csv"))


@pytest.mark.parametrize("name", TASKS["task"].unique())
def test_tasks_of_others(name: str) -> None:
    """Samples of `benchmark-mi`, the class being the decile of Y: I(X; decile) is integrated."""
    own = TASKS[TASKS["task"] == name].dropna(axis="columns")
    outputs, labels = own.filter(regex=r"^x\d$").to_numpy(), own["label"].to_numpy()
    known = own["known"].iloc[0]
    # In units of its own: the noise is nothing beside what is to be known.
    outputs = (outputs - outputs.mean(axis=0)) / outputs.std(axis=0)
    assert named("kraskov-1e-6")(outputs, labels).label == pytest.approx(known, abs=0.15)
    binned = named("mass-10")(outputs, labels).label
    assert known - 0.2 < binned  # counting 1,000 examples says too much rather than too little


def test_classes_far_apart_are_known() -> None:
    assert Mixture("sparse", 2, 2, 40.0).known()[1] == pytest.approx(1)
    assert Mixture("gaussian", 20, 1024, 60.0).known()[1] == pytest.approx(10, abs=1e-3)


def test_a_spiral_is_turned_back() -> None:
    mixture = Mixture("spiral", 3, 4, 2.0)
    turned, labels = mixture.draw(50, np.random.default_rng(0))
    straight, same = mixture.draw(50, np.random.default_rng(0), turned=False)
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_array_equal(turned[:, 2], straight[:, 2])
    angle = np.hypot(*straight[:, :2].T)
    as_complex = (straight[:, 0] + 1j * straight[:, 1]) * np.exp(1j * angle)
    np.testing.assert_allclose(turned[:, 0] + 1j * turned[:, 1], as_complex)
    assert not np.allclose(turned, straight)


def test_sparse_classes_differ_in_two_dimensions() -> None:
    values, labels = Mixture("sparse", 5, 2, 9.0).draw(4000, np.random.default_rng(0))
    apart = values[labels == 0].mean(axis=0) - values[labels == 1].mean(axis=0)
    assert np.linalg.norm(apart[:2]) == pytest.approx(18, abs=0.3)
    np.testing.assert_allclose(apart[2:], 0, atol=0.2)


@pytest.fixture(scope="module")
def sweep():
    estimators = [named(name) for name in ("edges-30", "kde-upper-0.1", "kozachenko-0.1")]
    cases = [Mixture(family, d, 2, 2.0) for family in FAMILIES for d in (1, 4)]
    return calibration.sweep(estimators, [*cases, Mixture("gaussian", 1, 10, 2.0)], [12, 200], 2, 0)


def test_sweep(sweep) -> None:
    assert dict(sweep.sizes) == {"estimator": 3, "case": 9, "examples": 2, "repeat": 2}
    own = sweep.sel(estimator="kozachenko-0.1")
    assert own["estimate_label"].isel(case=8).sel(examples=12).isnull().all()  # 1 or 2 a class
    assert own["estimate_label"].sel(examples=200).notnull().all()
    assert (own["estimate_label"].std("repeat").sel(examples=200) > 0).all()
    known = Mixture("gaussian", 4, 2, 2.0).known(0.1)
    case = 1
    assert own["known_label"].values[case] == known[1]
    assert own["known_input"].values[case] == known[0]
    assert float(own["estimate_input"][case].sel(examples=200).mean()) == pytest.approx(
        known[0], abs=0.5
    )
    student = sweep["family"] == "student"
    assert own["known_label"].sel(case=student).isnull().all()  # no closed form with noise
    edges = sweep.sel(estimator="edges-30")
    assert edges["known_label"].notnull().all()
    assert edges["known_input"].isnull().all()


def test_figures(sweep) -> None:
    for part, shown in (("label", 3), ("input", 2)):
        drawn = figures_calibration.calibration(sweep, part)
        all_text_is_large_and_in_the_figure(drawn)
        greyscale_tells_what_colours_tell(drawn)
        assert len(drawn.axes) == shown
    drawn = figures_calibration.calibration(sweep, "cost")
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    shown = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert shown[0] == "binned, 30 edges"
    assert shown == [wording.of_estimator(name, whose=False) for name in sweep["estimator"].values]


@pytest.mark.parametrize("bits", [4.0, 9.0])
@pytest.mark.parametrize(("dimensions", "classes"), [(1, 2), (5, 2), (20, 10), (300, 10)])
def test_noise_leaves_as_much_information_as_is_asked_for(
    dimensions: int, classes: int, bits: float
) -> None:
    """Up to what noise takes of I(Y;T), which is at most half."""
    mixture = calibration.reference(dimensions, classes)
    known = mixture.known(calibration.relative_noise(mixture, bits))[0]
    assert bits / 2 - 0.05 < known < bits + 0.05
    if dimensions == 5:
        assert known == pytest.approx(bits, abs=0.2)
