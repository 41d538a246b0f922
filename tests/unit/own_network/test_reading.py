"""Measures of any model: those of outputs that plain hooks record, and of the compiled path."""

import numpy as np
import pytest
import torch
from torch import nn

from neuroninfo.networks import modules
from neuroninfo.neurons import measures
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.own_network.evaluation import all_logits, evaluating, plain
from neuroninfo.own_network.examples import Examples
from neuroninfo.own_network.layers import find
from neuroninfo.own_network.reading import SUMMARIES, measured
from neuroninfo.training.layouts import outputs_dataset
from neuroninfo.training.splits import Split

from .odd import CLASSES, network

QUANTIZERS = ("threshold", "uniform-5", "quantile-4")


def labels_for(inputs: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(2).integers(0, CLASSES, len(inputs)))


def measured_of(name: str, **options: object) -> object:
    model, inputs, wanted = network(name)
    module = plain(model)
    examples = Examples("validation", (inputs, labels_for(inputs)), module, rows=37)
    given = all_logits(module, examples)
    with evaluating(module):
        layers, _ = find(module, examples.first(), wanted)
        return measured(module, layers, examples, given, quantizers=QUANTIZERS, **options)


def test_measures_are_those_of_the_compiled_path() -> None:
    ours = measured_of("batch norm before", seed=3)
    model, inputs, _ = network("batch norm before")
    stack = modules.stack(model, seed=3)
    outputs = outputs_dataset(stack, Split(inputs, labels_for(inputs)), 0)
    expected = measures.measure([outputs], stack, MeasureSettings(3, QUANTIZERS, 10))
    for name in measures.QUANTIZED:
        np.testing.assert_allclose(ours[name], expected[name], rtol=1e-12, atol=1e-12)
    for name in ("active_fraction", "state"):
        np.testing.assert_array_equal(ours[name], expected[name])
    for name in ("mean_activation", "class_selectivity"):
        np.testing.assert_allclose(ours[name], expected[name], rtol=1e-4)
    np.testing.assert_allclose(ours["mean_output"], ours["mean_activation"], rtol=1e-6)
    assert ours["module"].values.tolist() == ["2"] * 7 + ["4"] * 5


@pytest.mark.parametrize("summary", SUMMARIES)
def test_channels_are_summarized(summary: str) -> None:
    ours = measured_of("residual", summary=summary)
    model, inputs, _ = network("residual")
    outputs = []
    # In place: recorded before anything goes on with it.
    model.relu.register_forward_hook(lambda m, i, o: outputs.append(o.clone()))
    with torch.no_grad():
        model.eval()(inputs)
    labels = labels_for(inputs).numpy()
    for layer, values in enumerate(outputs):
        by_unit = values.flatten(2)
        of_summary = {
            "mean": by_unit.mean(2),
            "maximum": by_unit.amax(2),
            "active": (by_unit > 0).float().mean(2),
        }
        expected = of_summary[summary].numpy()
        of_layer = ours.isel(seed=0, neuron=slice(5 * layer, 5 * layer + 5))
        np.testing.assert_allclose(of_layer["mean_activation"], expected.mean(0), rtol=1e-5)
        np.testing.assert_allclose(of_layer["mean_output"], by_unit.mean((0, 2)), rtol=1e-5)
        np.testing.assert_array_equal(of_layer["active_fraction"], (expected > 0).mean(0))
        selectivity = measures.class_selectivity(expected, labels, CLASSES)
        np.testing.assert_allclose(of_layer["class_selectivity"], selectivity, rtol=1e-4)


def test_memory_changes_nothing() -> None:
    assert measured_of("residual").identical(measured_of("residual", memory=4 * 90 * 3))


def test_outputs_of_features_and_of_attention() -> None:
    ours = measured_of("transformer")
    model, inputs, _ = network("transformer")
    seen = {}
    model.encoder.activation.register_forward_hook(lambda m, i, o: seen.update(a=o))
    with torch.no_grad():
        model.eval()(inputs)
    units = ours["module"].values == "encoder.activation"
    np.testing.assert_allclose(
        ours["mean_output"].values[0, units], seen["a"].mean((0, 1)), rtol=1e-5, atol=1e-7
    )
    assert np.isnan(ours["class_selectivity"].values[0, units]).any()  # GELU goes below zero


def test_what_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="summary: 'median' is unknown; there are mean, maximum"):
        measured_of("plain", summary="median")
    model, inputs, _ = network("plain")
    examples = Examples("validation", (inputs, labels_for(inputs)), model)
    with evaluating(model):
        layers, _ = find(model, examples.first())
        with pytest.raises(ValueError, match=r"logits differ by up to 1, and \d+ of 90"):
            measured(model, layers, examples, _off(model, inputs), quantizers=QUANTIZERS)


def _off(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(inputs) + torch.eye(len(inputs), CLASSES)
