"""Scores of captum and of torch-pruning are put to the right units."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

import neuroninfo
from neuroninfo.convolutional.architectures import build

CAPTUM, PRUNING = pytest.importorskip("captum"), pytest.importorskip("torch_pruning")
# Both are used as they are.
pytestmark = pytest.mark.filterwarnings("ignore")


def linear() -> tuple[nn.Sequential, tuple[torch.Tensor, torch.Tensor]]:
    """A network whose ReLUs are always on, so that scores are known."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        for parameter in model[0].parameters():
            parameter.abs_().add_(0.1)
    return model, (torch.rand(20, 3), torch.arange(20) % 2)


def test_scores_of_a_linear_network_are_known() -> None:
    model, (inputs, labels) = linear()
    with torch.no_grad():
        out = model[2].weight[labels]  # (n, units)
        moved = model[0](inputs) - model[0](torch.zeros_like(inputs))
    measured = neuroninfo.measure(model, (inputs, labels), progress=False)
    scored = neuroninfo.scores(model, measured, (inputs, labels))
    expected = {
        "internal_influence": out.abs().mean(dim=0),
        "conductance": (out * moved).abs().mean(dim=0),
    }
    into, outof = model[0].weight.pow(2).sum(dim=1), model[2].weight.pow(2).sum(dim=0)
    both = ((into + outof) / 2).detach()
    expected["group_magnitude"] = both / both.mean()
    for name, values in expected.items():
        # The path that conductance is summed over ends a little before the inputs.
        np.testing.assert_allclose(scored[name].values[0], values, rtol=1e-2, err_msg=name)
    loss = nn.functional.cross_entropy(model(inputs), labels, reduction="sum")
    gradients = torch.autograd.grad(loss, [model[0].weight, model[2].weight])
    into = (model[0].weight * gradients[0]).abs().sum(dim=1)
    outof = (model[2].weight * gradients[1]).abs().sum(dim=0)
    taylor = ((into + outof) / 2).detach()
    np.testing.assert_allclose(scored["group_taylor"].values[0], taylor / taylor.mean(), rtol=1e-4)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert set(measured) < set(scored)


@pytest.mark.parametrize("architecture", ["conv-3-4", "resnet-3-4"])
def test_channels_are_ranked_beside_measures(architecture: str) -> None:
    torch.manual_seed(0)
    model = build(architecture, 64, 3, "relu", batch_norm=0.1)
    data = (torch.rand(30, 64), torch.arange(30) % 3)
    measured = neuroninfo.measure(model, data, progress=False)
    scored = neuroninfo.scores(model, measured, data, steps=3)
    names = ["mutual_information", *sorted(set(scored) - set(measured))]
    assert len(names) == 5
    assert all((scored[name] >= 0).all() for name in names)
    curves = neuroninfo.ablate(
        model, scored, data, orderings=names, random=2, within=["network"], progress=False
    )
    figure, ax = plt.subplots()
    neuroninfo.plot.ranking(curves, ax=ax)
    shown = [label.get_text() for label in ax.get_yticklabels()]
    plt.close(figure)
    assert {"conductance", "group taylor"} <= set(shown)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = linear()
    measured = neuroninfo.measure(model, data, progress=False)
    for module, package, name in (
        ("captum.attr", "captum", "conductance"),
        ("torch_pruning", "torch-pruning", "group_taylor"),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ImportError, match=rf"{name}' needs {package}: pip install 'neuroninfo"):
            neuroninfo.scores(model, measured, data, [name])


def test_what_cannot_be_scored() -> None:
    model, data = linear()
    measured = neuroninfo.measure(model, data, progress=False)
    with pytest.raises(ValueError, match="which: 'mass' is unknown; there are conductance, "):
        neuroninfo.scores(model, measured, data, ["mass"])
    shared = nn.ReLU()
    twice = nn.Sequential(nn.Linear(3, 4), shared, nn.Linear(4, 4), shared, nn.Linear(4, 2))
    measured = neuroninfo.measure(twice, data, modules="1", progress=False)
    with pytest.raises(ValueError, match="captum does not tell the calls of '1#1' apart"):
        neuroninfo.scores(twice, measured, data, ["conductance"])
