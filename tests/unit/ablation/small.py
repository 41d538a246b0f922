"""Small networks, examples and plain forward passes that tests of ablation share."""

import itertools

import numpy as np
import xarray as xr

from neuroninfo.networks.stack import Architecture, Stack, neuron_coordinates

HIDDEN, N_CLASSES, N = (6, 5), 3, 240


def network(seed: int) -> Stack:
    rng = np.random.default_rng(seed)
    widths = (4, *HIDDEN, N_CLASSES)
    weights = [rng.normal(size=(1, b, a)).astype(np.float32) for a, b in itertools.pairwise(widths)]
    biases = [rng.normal(size=(1, b)).astype(np.float32) for b in widths[1:]]
    return Stack(Architecture(4, HIDDEN, N_CLASSES, "relu"), (seed,), weights, biases, [])


def examples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, 4)).astype(np.float32), rng.integers(0, N_CLASSES, N)


def outputs(stack: Stack, inputs: np.ndarray, removed: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Outputs of every layer in float64, removed neurons at zero."""
    layers = neuron_coordinates(HIDDEN)["layer"][1]
    dead = np.isin(np.arange(sum(HIDDEN)), removed)
    values, found = inputs.astype(np.float64), []
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True), start=1):
        values = values @ weight[0].T.astype(np.float64) + bias[0]
        if layer <= len(HIDDEN):
            values = np.where(dead[layers == layer], 0, np.maximum(values, 0))
        found.append(values)
    return found


def activations(stack: Stack, inputs: np.ndarray, labels: np.ndarray) -> xr.Dataset:
    *hidden, last = outputs(stack, inputs)
    values, logits = np.concatenate(hidden, axis=1).astype(np.float32), last.astype(np.float32)
    return xr.Dataset(
        {
            "activation": (("seed", "epoch", "sample", "neuron"), values[None, None]),
            "output": (("seed", "epoch", "sample", "class"), logits[None, None]),
            "label": ("sample", labels),
        },
        coords={"seed": list(stack.seeds), "epoch": [1], **neuron_coordinates(HIDDEN)},
        attrs={"activation_function": "relu", "n_classes": N_CLASSES},
    )
