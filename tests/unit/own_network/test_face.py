"""The public face: other models, data and orders; pictures; examples of the docstrings."""

import doctest
import sys
import types
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
import torch
import xarray as xr
from matplotlib import pyplot
from matplotlib.axes import Axes
from torch.utils.data import DataLoader, TensorDataset

import neuroninfo
from neuroninfo.ablation.settings import OrderBy
from neuroninfo.own_network import shapley, study
from neuroninfo.own_network.progress import bar

from .odd import CLASSES, masked, network


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    backend = mpl.get_backend()
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(backend)


def data_of(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return inputs, torch.from_numpy(np.random.default_rng(2).integers(0, CLASSES, len(inputs)))


@pytest.fixture(scope="module")
def residual() -> tuple[torch.nn.Module, tuple[torch.Tensor, torch.Tensor], study.StudiedNetwork]:
    model, inputs, _ = network("residual")
    data = data_of(inputs)
    return model, data, neuroninfo.study(model, data, data, name="probe", random=2, progress=False)


def test_a_residual_network(residual: tuple) -> None:
    model, (inputs, labels), studied = residual
    assert studied.neurons["module"].values.tolist() == ["relu#1"] * 5 + ["relu#2"] * 5
    assert studied.neurons["quantizer"].values.tolist() == ["quantile-4"]
    assert studied.neurons.attrs["computed_by"] == "passes of the model"
    assert model.training
    curves = studied.ablation["layer-2"].to_dataset()
    assert curves.attrs["modules"] == "relu#2"
    assert curves["removed"].values.tolist() == [0, 1, 2, 3, 4, 5]
    for ordering, order in enumerate(curves["order"].values[0]):
        for k in range(6):
            dead = torch.zeros(5, dtype=torch.bool)
            dead[order[:k].tolist()] = True
            given = masked(model, inputs, {"relu#2": (dead, torch.zeros(5))}, channels_first=True)
            counted = int((given.argmax(1) == labels).sum())
            assert curves["correct"].values[0, ordering, k] == counted
    model.train()
    texts = "".join(text.get_text() for text in studied.figures["information"].texts)
    assert "probe, Residual, ReLU, own training; 1 seed" in texts
    assert set(studied.figures) == {"information", "ablation-network", "ablation-layers"}


def test_curves_of_loops_and_of_passes_are_equal() -> None:
    """Of the same network, with the orders of one of them."""
    model, inputs, _ = network("batch norm before")
    data = data_of(inputs)
    loops = neuroninfo.measure(model, data)
    passes = neuroninfo.measure(model, data, modules=["2", "4"], progress=False)
    assert loops.attrs["computed_by"] == "compiled loops"
    assert loops["module"].equals(passes["module"])
    options = {"replacements": ("zero", "mean"), "steps": 100, "progress": False}
    first, second = (
        neuroninfo.ablate(model, measured, data, **options) for measured in (loops, passes)
    )
    assert list(first.children) == list(second.children)
    for scope in first.children:
        for name in ("order", "removed", "correct", "changed"):
            np.testing.assert_array_equal(first[scope][name], second[scope][name])
        np.testing.assert_allclose(first[scope]["loss"], second[scope]["loss"], rtol=1e-4)


def test_a_coarser_grid_is_a_part_of_the_whole() -> None:
    """To the bit: all products are exact, so that they do not depend on the rows of a pass."""
    model, inputs, _ = network("shared")
    with torch.no_grad():
        for values in (inputs, *model.parameters()):
            values.copy_((8 * values).round() / 8)
    data = data_of(inputs)
    measured = neuroninfo.measure(model, data, progress=False)
    whole = neuroninfo.ablate(model, measured, data, progress=False)
    coarse = neuroninfo.ablate(model, measured, data, steps=4, progress=False)
    for scope, removed in (("network", [0, 3, 6, 9, 12]), ("layer-2", [0, 1, 2, 4, 5])):
        assert coarse[scope]["removed"].values.tolist() == removed
        expected = whole[scope].to_dataset().sel(removed=removed)
        xr.testing.assert_identical(coarse[scope].to_dataset(), expected)


def test_data_of_all_kinds() -> None:
    model, inputs, _ = network("shared")
    inputs, labels = data_of(inputs)
    pairs = TensorDataset(inputs, labels)
    kinds = (
        (inputs.numpy(), labels.numpy()),
        [inputs, labels.tolist()],
        pairs,
        DataLoader(pairs, batch_size=17),
        torch.utils.data.Subset(pairs, range(90)),
    )
    results = [neuroninfo.study(model, kind, kind, progress=False) for kind in kinds]
    for result in results[1:]:
        for name in ("mutual_information", "active_fraction", "state"):
            xr.testing.assert_identical(result.neurons[name], results[0].neurons[name])
        xr.testing.assert_identical(
            result.ablation["network"]["correct"], results[0].ablation["network"]["correct"]
        )


def test_what_is_asked_for_and_not_there() -> None:
    model, inputs, _ = network("plain")
    data = data_of(inputs)
    measured = neuroninfo.measure(model, data)
    for options, message in (
        ({"orderings": ["surprise"]}, "orderings: 'surprise' was not measured; there are active"),
        (
            {"orderings": [], "random": 0},
            "orderings: nothing to ablate; give a measure, or random of 1 or more",
        ),
        ({"steps": 0}, "steps: 0 is not a number of removals"),
        ({"replacements": ["one"]}, "replacements: 'one' is unknown; there are zero, mean"),
    ):
        with pytest.raises(ValueError, match=message):
            neuroninfo.ablate(model, measured, data, **options)
    with pytest.raises(ValueError, match=r"give what neuroninfo\.measure gave"):
        neuroninfo.ablate(model, measured.drop_vars("module"), data)
    other, inputs, _ = network("shared")
    with pytest.raises(ValueError, match="measures are of another network"):
        neuroninfo.ablate(other, measured, data)
    with pytest.raises(ValueError, match="modules: none is called '2'"):
        neuroninfo.ablate(other, neuroninfo.measure(model, data, modules="2"), data)
    with pytest.raises(ValueError, match=r"a str is not a torch\.nn\.Module"):
        neuroninfo.measure("model", data)
    with pytest.raises(ValueError, match="classes from 0 to 9; the network's 4 outputs"):
        neuroninfo.measure(model, (inputs, torch.arange(90) % 10))


@pytest.mark.parametrize("replacement", ["zero", "mean"])
@pytest.mark.parametrize("modules", [None, ["1"]], ids=["loops", "passes"])
def test_shapley_values(replacement: str, modules: list[str] | None) -> None:
    """Against the mean over all permutations, by the definition over subsets."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, CLASSES))
    data = data_of(torch.randn(90, 6))
    measured = neuroninfo.measure(model, data, modules=modules, progress=False)
    options = {"replacement": replacement, "progress": False}
    given = neuroninfo.shapley(model, measured, data, permutations=400, **options)
    means = measured["mean_activation"].values[0] if replacement == "mean" else np.zeros(5)
    constants = torch.from_numpy(means).float()

    def accuracy(kept: int) -> float:
        dead = torch.tensor([not kept >> unit & 1 for unit in range(5)])
        logits = masked(model, data[0], {"1": (dead, constants)}, channels_first=True)
        return float((logits.argmax(1) == data[1]).double().mean())

    worth = [accuracy(kept) for kept in range(32)]
    weights = [1 / 5, 1 / 20, 1 / 30, 1 / 20, 1 / 5]
    exact = [
        sum(
            weights[kept.bit_count()] * (worth[kept | 1 << unit] - worth[kept])
            for kept in range(32)
            if not kept >> unit & 1
        )
        for unit in range(5)
    ]
    values, errors = given["shapley"].values[0], given["shapley_error"].values[0]
    assert values.sum() == pytest.approx(worth[31] - worth[0])
    assert (np.abs(values - exact) < 4 * errors + 1e-12).all()
    few = neuroninfo.shapley(model, measured, data, permutations=25, **options)
    assert (errors < few["shapley_error"].values[0]).all()
    curves = neuroninfo.ablate(model, given, data, orderings=["shapley"], progress=False)
    assert curves["network"]["measure"].values[0] == "shapley"


def test_shapley_values_that_cannot_be() -> None:
    model, inputs, _ = network("plain")
    measured = neuroninfo.measure(model, data_of(inputs))
    with pytest.raises(ValueError, match="permutations: 1 give no standard error"):
        neuroninfo.shapley(model, measured, data_of(inputs), permutations=1)
    with pytest.raises(ValueError, match="replacement: 'one' is unknown"):
        neuroninfo.shapley(model, measured, data_of(inputs), replacement="one")


def test_pictures(residual: tuple) -> None:
    model, data, studied = residual
    neurons = neuroninfo.shapley(model, studied.neurons, data, permutations=3, progress=False)
    by = [OrderBy("mutual_information", "quantile-4", ("ascending", "descending")), "shapley"]
    curves = neuroninfo.ablate(model, neurons, data, orderings=by, random=2, progress=False)
    given = pyplot.subplots()[1]
    assert neuroninfo.plot.information(neurons, ax=given) is given
    assert [label.get_text() for label in given.get_xticklabels()] == ["relu#1", "relu#2"]
    dots = given.lines[0].get_ydata()
    np.testing.assert_array_equal(dots, neurons["mutual_information"].values[0, 0, :5])
    drawn = neuroninfo.plot.ablation(curves, scope="layer-1", measure="shapley")
    assert isinstance(drawn, Axes)
    assert drawn is not given
    group = curves["layer-1"].to_dataset()
    place = (group["measure"].values == "shapley") & (group["direction"].values == "ascending")
    expected = 100 * group["correct"].values[0, place][0] / 90
    assert any(np.array_equal(line.get_ydata(), expected) for line in drawn.lines)
    ranked = neuroninfo.plot.ranking(curves)
    assert {label.get_text() for label in ranked.get_yticklabels()} == {
        "mutual information, quantile-4",
        "shapley",
    }
    related = neuroninfo.plot.relation(neurons, "mutual_information", "shapley")
    assert len(related.containers) == 2  # layers
    np.testing.assert_array_equal(
        related.containers[1].lines[0].get_ydata(), neurons["shapley"].values[0, 5:]
    )


def test_pictures_of_what_is_not_there(residual: tuple) -> None:
    _, _, studied = residual
    with pytest.raises(ValueError, match="'taylor' was not measured; there are active_fraction"):
        neuroninfo.plot.information(studied.neurons, measure="taylor")
    with pytest.raises(ValueError, match="quantizer 'threshold'; there are quantile-4"):
        neuroninfo.plot.information(studied.neurons, quantizer="threshold")
    with pytest.raises(ValueError, match="scope 'layer-9' was not ablated; there are layer-1"):
        neuroninfo.plot.ablation(studied.ablation, scope="layer-9")
    with pytest.raises(ValueError, match=r"by taylor \(None\); there are mutual_information"):
        neuroninfo.plot.ablation(studied.ablation, measure="taylor")
    without = studied.ablation["network"].to_dataset().isel(ordering=[0, 1])
    with pytest.raises(ValueError, match="no effects against random orders"):
        neuroninfo.plot.ranking(without)


def test_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """tqdm's, where it is installed; it reaches its end."""
    bars: list[dict] = []

    class Bar:
        def __init__(self, **options: object) -> None:
            bars.append({**options, "done": 0})

        def update(self, number: int) -> None:
            bars[-1]["done"] += number

        def close(self) -> None:
            bars[-1]["closed"] = True

    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    auto = types.ModuleType("tqdm.auto")
    auto.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    model, inputs, _ = network("shared")
    data = data_of(inputs)
    neuroninfo.study(model, data, data)
    assert [each["desc"] for each in bars] == ["units measured", "predictions"]
    assert all(each["done"] == each["total"] and each["closed"] for each in bars)
    with bar(3, "nothing", shown=False) as done:
        done(3)
    assert len(bars) == 2
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)  # not installed
    with bar(3, "nothing", shown=True) as done:
        done(3)
    assert len(bars) == 2


@pytest.mark.parametrize("module", [study, shapley, neuroninfo.plot])
def test_examples_of_docstrings(module: object, residual: tuple) -> None:
    _, _, studied = residual
    known = {
        "neuroninfo": neuroninfo,
        "studied": studied,
        "neurons": studied.neurons.assign(shapley=studied.neurons["mean_output"]),
    }
    result = doctest.testmod(module, extraglobs=known)
    assert result.attempted >= 4
    assert result.failed == 0
