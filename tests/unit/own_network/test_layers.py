"""Layers of any model: which calls are found, and what is said where none can be."""

import re

import pytest
import torch
from torch import nn

from neuroninfo.own_network.evaluation import evaluating, plain
from neuroninfo.own_network.layers import Layer, check_units, find

from .odd import network, plain_layers


def layers_of(
    model: nn.Module, inputs: torch.Tensor, modules: object = None, **options: str
) -> list[Layer]:
    with evaluating(plain(model)):
        return find(plain(model), inputs, modules, **options)[0]


@pytest.mark.parametrize(
    ("name", "modules", "expected"),
    [
        ("plain", None, {"1": (7, 1), "3": (5, 1)}),
        ("plain", ["[02]"], {"0": (7, 1), "2": (5, 1)}),
        ("plain", "3", {"3": (5, 1)}),
        ("plain", ["2:input", "2"], {"2:input": (7, 1), "2": (5, 1)}),
        ("softmax end", None, {"1": (7, 1), "3": (5, 1)}),
        ("shared", None, {"on#1": (7, 1), "on#2": (5, 1)}),
        ("shared", "linears.?", {"linears.0": (7, 1), "linears.1": (5, 1), "linears.2": (4, 1)}),
        ("residual", None, {"relu#1": (5, 25), "relu#2": (5, 25)}),
        ("convolutions", None, {"2": (4, 9), "6": (6, 1)}),
        ("transformer", None, {"encoder.activation": (12, 5)}),
        ("attention", "encoder.self_attn", {"encoder.self_attn": (8, 5)}),
        ("compiled", None, {"1": (7, 1), "3": (5, 1)}),
    ],
)
def test_layers(name: str, modules: object, expected: dict[str, tuple[int, int]]) -> None:
    model, inputs, _ = network(name)
    found = layers_of(model, inputs, modules)
    assert {layer.name: (layer.width, layer.positions) for layer in found} == expected
    assert [layer.moment for layer in found] == sorted(layer.moment for layer in found)


def test_axes_can_be_said() -> None:
    model, inputs, _ = network("convolutions")
    (layer,) = layers_of(model, inputs, "2", channels="last")
    assert (layer.width, layer.positions, layer.axis) == (3, 12, -1)
    with pytest.raises(ValueError, match="channels: 'middle' is unknown"):
        layers_of(model, inputs, channels="middle")


@pytest.mark.parametrize(
    ("name", "modules", "message"),
    [
        ("functional", None,
         r"forward of 'Functional' computes relu as a function.*modules=\['last:input', \.\.\.\]"),
        ("attention", None, r"'encoder' computes relu .*modules=\['encoder.dropout:input', ...\]"),
        ("plain", "conv*", "modules: none is called 'conv\\*'; there are .*1, 2"),
        ("transformer", "encoder.dropout9", "modules: none is called"),
    ],
)  # fmt: skip
def test_what_cannot_be_found(name: str, modules: object, message: str) -> None:
    model, inputs, _ = network(name)
    with pytest.raises(ValueError, match=message):
        layers_of(model, inputs, modules)


def test_models_without_activations_or_with_modules_that_are_not_called() -> None:
    inputs = torch.randn(9, 6)
    with pytest.raises(ValueError, match=r"no activation module: .*modules=\['0'\]; called are 0"):
        layers_of(nn.Sequential(nn.Linear(6, 4)), inputs)
    with pytest.raises(ValueError, match="before the model's outputs"):
        layers_of(nn.Sequential(nn.Linear(6, 4), nn.ReLU()), inputs)
    model = plain_layers()
    model[1].unused = nn.Tanh()
    with pytest.raises(ValueError, match=re.escape("forward does not call '1.unused'")):
        layers_of(model, inputs, "*.unused")


def test_outputs_that_depend_on_other_examples_or_on_chance() -> None:
    inputs = torch.randn(9, 6, generator=torch.manual_seed(0))
    model = plain_layers()
    model[0] = nn.Sequential(nn.Linear(6, 7), nn.BatchNorm1d(7, track_running_stats=False))
    with pytest.raises(ValueError, match="not the same in two passes"):
        layers_of(model, inputs)
    model[0] = nn.Linear(6, 7)
    model[1].register_forward_hook(lambda m, i, output: output + torch.rand_like(output))
    with pytest.raises(ValueError, match="they depend on chance"):
        layers_of(model, inputs)


def test_rows_that_do_not_come_first() -> None:
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu, self.last = nn.ReLU(), nn.Linear(6, 4)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.last(self.relu(inputs.T).T)

    with pytest.raises(ValueError, match=r"'relu' gives shape \(6, 8\) .*batch_first=True"):
        layers_of(Turned(), torch.randn(9, 6))


def test_more_units_than_files_can_number() -> None:
    model = nn.Sequential(nn.Linear(6, 40_000), nn.ReLU(), nn.Linear(40_000, 2))
    with pytest.raises(ValueError, match=r"40000 units, .* name fewer modules"):
        check_units(layers_of(model, torch.randn(3, 6)))
