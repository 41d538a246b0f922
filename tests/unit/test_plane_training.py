"""Planes of networks while they are trained, estimators by name, and the figure."""

import re
from dataclasses import replace

import numpy as np
import pytest
import yaml

from neuroninfo import plane_training, planes, training
from neuroninfo.estimators import EstimationError
from neuroninfo.estimators.names import named
from neuroninfo.figures.planes import planes_figure
from neuroninfo.networks import Architecture
from neuroninfo.planes import PlaneError

from .pictures import all_text_is_large_and_in_the_figure
from .test_configuration import SCHEMA
from .test_training import settings, splits, trained

CONDITION = {
    "dataset": "digits",
    "architecture": "5-3",
    "activation": "tanh",
    "regularizer": "none",
}
NAMES = ["edges-30", "width-0.07", "mass-4", "kde-upper-0.001", "kde-lower-1e-2", "exact"]


def made(*names: str, seeds: tuple[int, ...] = (2, 5)):
    data, chosen = splits(), replace(settings(), epochs=6)
    architecture = trained(seeds, data, chosen).stack.architecture
    return plane_training.train(
        architecture, seeds, data, chosen, [named(name) for name in names], 4
    )


def test_planes_are_those_of_stored_activations() -> None:
    ours = made("edges-30", "kde-upper-0.001")
    epochs = training.log_spaced_epochs(6, 4)
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
                planes.probabilities(stored.outputs[seed, number]),
            ]
            for layer, outputs in enumerate(layers):
                estimate = named("edges-30")(outputs, data["validation"].labels.numpy())
                here = ours.isel(seed=seed, epoch=number, layer=layer, estimator=0)
                assert float(here["mutual_information_input"]) == estimate.input
                assert float(here["mutual_information_label"]) == estimate.label


def test_a_seed_does_not_depend_on_the_others() -> None:
    both, alone = made(*NAMES), made(*NAMES, seeds=(5,))
    for name in ("mutual_information_input", "mutual_information_label", "loss"):
        np.testing.assert_array_equal(both[name].sel(seed=[5]), alone[name])


PATTERN = SCHEMA["properties"]["planes"]["properties"]["estimators"]["items"]["pattern"]


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
    ],
)
def test_names_that_there_are_not(name: str) -> None:
    assert not re.search(PATTERN, name)
    with pytest.raises(EstimationError, match=f"no estimator is called '{name}'; there are edges"):
        named(name)


def test_an_estimator_under_two_names() -> None:
    estimators = [named("width-0.07"), named("width-7e-2")]
    nothing = {}  # it is refused before anything is trained
    with pytest.raises(PlaneError, match=r"width-0\.07, width-0\.07; give each once"):
        plane_training.train(
            Architecture(2, (2,), 2, "relu"), (0,), nothing, settings(), estimators, 3
        )


def test_defaults_are_estimators() -> None:
    text = yaml.safe_dump(SCHEMA["properties"]["planes"]["properties"]["estimators"]["default"])
    for name in yaml.safe_load(text):
        assert named(name).name == name


def test_planes_figure() -> None:
    plane = made("edges-30", "kde-upper-0.001")
    plane["mutual_information_input"][:, :, 0, 1] = np.nan  # an estimator that failed
    table = planes.compression(plane, CONDITION, 1)
    drawn = planes_figure(plane, table, CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    first, second = drawn.axes[:2]
    assert [ax.get_title(loc="left") for ax in (first, second)] == ["edges-30", "kde-upper-0.001"]
    means = plane["mutual_information_input"].isel(estimator=0).mean("seed")
    for layer, dots in enumerate(first.collections):
        np.testing.assert_allclose(dots.get_offsets()[:, 0], means.isel(layer=layer))
    assert len(second.collections) == 2
