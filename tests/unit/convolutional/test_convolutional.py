"""Convolutional networks: what they are, how they are trained, measured and ablated."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from neuroninfo.ablation.settings import AblationSettings, OrderBy
from neuroninfo.convolutional.ablation import ablate, damage
from neuroninfo.convolutional.architectures import build, from_dataset, image_shape, unit_widths
from neuroninfo.convolutional.measuring import measure
from neuroninfo.convolutional.training import stored, train
from neuroninfo.data import datasets
from neuroninfo.data.datasets import Examples
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.figures import wording
from neuroninfo.files import storage
from neuroninfo.files.checkpoints import Checkpoint, Interrupted
from neuroninfo.neurons.measures import class_selectivity
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.training.settings import Regularizer, Settings
from neuroninfo.training.splits import Split, split_tensors
from neuroninfo.vocabulary import CONDITION
from tests.unit.own_network.odd import masked

REGULARIZER = Regularizer(l2=1e-4, dropout=0.2, batch_norm_momentum=0.1, label_smoothing=0.1)
SETTINGS = Settings(0, "digits", "conv-4-5", "relu", 1e-2, 64, 2, (0, 2), REGULARIZER)
NAMES = {
    "conv-4-5": ["block1.activation", "block2.activation"],
    "resnet-3-4": ["block1.activation", "block2.first.activation", "block2.activation"],
}
BY = tuple(
    OrderBy(measure, quantizer, ("ascending", "descending"))
    for measure, quantizer in (("mutual_information", "quantile-4"), ("class_selectivity", "none"))
)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    path = tmp_path_factory.mktemp("data") / "digits.nc"
    made = datasets.make(DatasetSettings("digits", 0, 200, "unit", test=150))
    about = {"title": "digits", "condition": {}, "configuration": {}}
    storage.write(made, path, kind="dataset", **about)
    return datasets.read(path)


@pytest.fixture(scope="module")
def splits(examples: Examples) -> dict[str, Split]:
    return split_tensors(examples, torch.device("cpu"))


def of_settings(
    splits: dict[str, Split], seeds: Sequence[int], settings: Settings = SETTINGS, **options: object
) -> tuple[list[nn.Sequential], dict[str, np.ndarray]]:
    """Networks, and all arrays that training leaves."""
    networks, trained = train(settings, seeds, splits, 10, **options)
    names = ("loss", "accuracy", "activations", "outputs", "means", "final_epoch")
    return networks, {name: getattr(trained, name) for name in names}


@pytest.fixture(scope="module", params=list(NAMES))
def files(
    request: pytest.FixtureRequest, splits: dict[str, Split], examples: Examples
) -> dict[str, xr.Dataset]:
    """Files of two networks by kind, with their measures."""
    settings = replace(SETTINGS, architecture=request.param)
    networks, trained = train(settings, [0, 1], splits, 10)
    made = {kind: dataset for kind, _, dataset in stored(networks, trained, settings, examples)}
    parts = [made["activations"].isel(seed=[position]) for position in range(2)]
    measured = measure(parts, made["network"], MeasureSettings(0, ("quantile-4",), 2))
    return made | {"neurons": measured}


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("conv-16-32", "convolutional 16\N{EN DASH}32"),
        ("resnet-16-32", "residual 16\N{EN DASH}32"),
        ("100-50", "hidden layers 100\N{EN DASH}50"),
        ("100", "one hidden layer 100"),
        ("ResNet", "ResNet"),
    ],
)
def test_architectures_for_people(architecture: str, words: str) -> None:
    names = ("digits", architecture, "relu", "batchnorm")
    condition = dict(zip(CONDITION, names, strict=True))
    assert wording.of_condition(condition).split(", ")[1] == words
    if "-" in architecture:
        assert wording.of_settings({"architecture": architecture}) == words


def test_widths_and_images() -> None:
    assert unit_widths("conv-16-32") == (16, 32)
    assert unit_widths("resnet-16-32-64") == (16, 32, 32, 64, 64)
    assert image_shape(784) == (1, 28, 28)
    assert image_shape(3072) == (3, 32, 32)
    with pytest.raises(ValueError, match="50 inputs are no square image"):
        image_shape(50)
    with pytest.raises(ValueError, match="8x8 can be halved 3 times: give fewer widths"):
        build("conv-2-2-2-2", 64, 10, "relu")


@pytest.mark.parametrize("architecture", NAMES)
@pytest.mark.parametrize("batch_norm", [None, 0.1])
def test_layers_are_as_wide_as_the_name_says(architecture: str, batch_norm: float | None) -> None:
    network = build(architecture, 64, 10, "relu", batch_norm=batch_norm)
    widths = {}
    for name in NAMES[architecture]:
        network.get_submodule(name).register_forward_hook(
            lambda m, i, given, name=name: widths.update({name: given.shape[1]})
        )
    assert network(torch.randn(3, 64)).shape == (3, 10)
    assert tuple(widths.values()) == unit_widths(architecture)
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    assert bool(norms) == (batch_norm is not None)


@pytest.mark.parametrize("architecture", NAMES)
def test_a_seed_is_bitwise_the_same_in_every_block(
    splits: dict[str, Split], architecture: str
) -> None:
    settings = replace(SETTINGS, architecture=architecture)
    (_, both), (_, again), (_, alone) = (
        of_settings(splits, seeds, settings) for seeds in ([3, 4], [3, 4], [4])
    )
    for name, values in both.items():
        np.testing.assert_array_equal(values, again[name])
        np.testing.assert_array_equal(values[1:], alone[name])
    assert (both["activations"][0] != both["activations"][1]).any()


def test_random_numbers_of_others_are_left_alone(splits: dict[str, Split]) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    of_settings(splits, [0])
    assert torch.equal(torch.rand(3), expected)


def test_training_learns_and_is_recorded(splits: dict[str, Split]) -> None:
    networks, trained = of_settings(
        splits, [0], replace(SETTINGS, epochs=6, activation_epochs=(6,))
    )
    assert np.isnan(trained["loss"][0, :-1, 0]).all()
    assert trained["accuracy"][0, -1].min() > 0.5 > 0.3 > trained["accuracy"][0, 0, 1]
    with torch.no_grad():
        given = networks[0](splits["validation"].inputs)
    labels = splits["validation"].labels
    loss = float(nn.functional.cross_entropy(given, labels))
    assert trained["loss"][0, -1, 1] == pytest.approx(loss, rel=1e-5)
    assert trained["accuracy"][0, -1, 1] == float((given.argmax(1) == labels).double().mean())


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_killed_training_goes_on_to_the_same_numbers(
    splits: dict[str, Split], tmp_path, optimizer: str
) -> None:
    settings = replace(SETTINGS, optimizer=optimizer, momentum=0.9)
    _, whole = of_settings(splits, [0, 1], settings)

    def checkpoint() -> Checkpoint:
        return Checkpoint(tmp_path, made_by={}, minutes=1e-9, report=lambda line: None)

    def killed(line: str) -> None:
        if line.startswith("epoch 1"):
            raise Interrupted

    with pytest.raises(Interrupted), checkpoint() as first:
        of_settings(splits, [0, 1], settings, checkpoint=first, report=killed)
    lines: list[str] = []
    with checkpoint() as second:
        _, resumed = of_settings(splits, [0, 1], settings, checkpoint=second, report=lines.append)
    assert lines[0].startswith("epoch 1")
    for name, values in whole.items():
        np.testing.assert_array_equal(values, resumed[name])


def test_files_give_the_networks_back(
    files: dict[str, xr.Dataset], splits: dict[str, Split]
) -> None:
    architecture = files["network"].attrs["architecture"]
    assert list(dict.fromkeys(files["network"]["module"].values)) == NAMES[architecture]
    networks = from_dataset(files["network"])
    inputs, labels = splits["validation"].inputs, splits["validation"].labels
    for position, network in enumerate(networks):
        outputs: dict[str, torch.Tensor] = {}
        for name in NAMES[architecture]:
            network.get_submodule(name).register_forward_hook(
                lambda m, i, given, name=name, outputs=outputs: outputs.update({name: given})
            )
        with torch.no_grad():
            logits = network(inputs)
            means = torch.cat([each.mean(dim=(2, 3)) for each in outputs.values()], dim=1)
            network(splits["train"].inputs)
            on_train = torch.cat([each.mean(dim=(0, 2, 3)) for each in outputs.values()])
        kept = files["activations"].isel(seed=position, epoch=-1)
        np.testing.assert_allclose(kept["activation"].values, means, atol=1e-5)
        np.testing.assert_allclose(kept["output"].values, logits, atol=1e-4)
        of_seed = files["neurons"].isel(seed=position)
        np.testing.assert_allclose(of_seed["mean_output"].values, on_train, atol=1e-5)
        expected = class_selectivity(kept["activation"].values, labels.numpy(), 10)
        np.testing.assert_allclose(of_seed["class_selectivity"].values, expected)


@pytest.mark.parametrize("replacement", ["zero", "mean"])
def test_counts_are_those_of_plain_masked_passes(
    files: dict[str, xr.Dataset], splits: dict[str, Split], replacement: str
) -> None:
    settings = AblationSettings(0, BY, 1, 1, ("zero", "mean"), ("layers", "network"), 100)
    inputs, labels = splits["test"].inputs, splits["test"].labels
    networks, neurons = from_dataset(files["network"]), files["neurons"]
    curves = ablate(networks, neurons, inputs.numpy(), labels.numpy(), settings)
    layers, modules = neurons["layer"].values, neurons["module"].values
    for scope, group in curves.items():
        members = np.arange(len(layers))
        if scope != "network":
            members = members[layers == int(scope.removeprefix("layer-"))]
        assert group["removed"].values.tolist() == list(range(len(members) + 1))
        of_kind = group.isel(
            seed=1, ordering=np.flatnonzero(group["replacement"].values == replacement)
        )
        means = torch.from_numpy(neurons["mean_output"].values[1]).float()
        constants = means if replacement == "mean" else torch.zeros(len(layers))
        for order in range(0, of_kind.sizes["ordering"], 3):
            sequence = members[of_kind["order"].values[order]]
            for k in (0, 1, len(members) // 2, len(members)):
                dead = torch.zeros(len(layers), dtype=torch.bool)
                dead[torch.from_numpy(sequence[:k])] = True
                of_layers = {
                    name: (
                        dead[torch.from_numpy(modules == name)],
                        constants[torch.from_numpy(modules == name)],
                    )
                    for name in dict.fromkeys(modules)
                }
                given = masked(networks[1], inputs, of_layers, channels_first=True)
                expected = int((given.argmax(1) == labels).sum())
                assert int(of_kind["correct"].values[order, k]) == expected
                loss = float(nn.functional.cross_entropy(given.double(), labels))
                assert of_kind["loss"].values[order, k] == pytest.approx(loss, rel=1e-4)


def test_damage_is_that_of_plain_masked_passes(
    files: dict[str, xr.Dataset], splits: dict[str, Split]
) -> None:
    networks, network = from_dataset(files["network"]), files["network"]
    data = {
        name: (splits[name].inputs.numpy(), splits[name].labels.numpy())
        for name in ("validation", "test")
    }
    alone = damage(networks, network, data)
    modules, labels = network["module"].values, splits["test"].labels
    test = alone.sel(split="test").isel(seed=0)
    whole = masked(networks[0], splits["test"].inputs, {}, channels_first=True)
    assert int(test["correct_unablated"]) == int((whole.argmax(1) == labels).sum())
    assert int(test["n_examples"]) == len(labels)
    for neuron, (name, unit) in enumerate(zip(modules, network["unit"].values, strict=True)):
        width = int((modules == name).sum())
        dead = torch.arange(width) == int(unit)
        given = masked(networks[0], splits["test"].inputs, {name: (dead, torch.zeros(width))}, True)
        assert int(test["correct"].values[neuron]) == int((given.argmax(1) == labels).sum())
