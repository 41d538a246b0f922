"""Compile all loops: ``python -m neuroninfo.ablation.warm``.

numba keeps what it has compiled beside the modules, for each kind of processor: the set-up calls
this, so that no job waits for it. Without it the first job that needs a loop compiles it.
"""

from __future__ import annotations

import numpy as np

from neuroninfo.ablation.curves import cumulative
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.philox import compiled

_QUANTIZERS = ("threshold", "uniform-4", "quantile-4")


def warm() -> None:
    """Ablate and measure a network of a few neurons, and draw what training draws."""
    architecture = Architecture(2, (2, 2, 2), 2, "relu")
    shapes = list(zip(architecture.widths[1:], architecture.widths[:-1], strict=True))
    weights = [np.ones((1, *shape), np.float32) for shape in shapes]
    biases = [np.zeros((1, above), np.float32) for above, _ in shapes]
    network = Stack(architecture, (0,), weights, biases, [])
    inputs = np.array([[0, 1], [1, 0], [1, 1], [2, 1]], np.float32)
    labels = np.array([0, 1, 0, 1])
    neurons = np.arange(sum(architecture.hidden))
    for sequences in (neurons[None], neurons[:, None]):
        cumulative(network, inputs, labels, sequences)
    for name in _QUANTIZERS:
        Quantizer.named(name).class_counts(inputs, labels[None], "relu", 2)
    keys, dropped, kept = np.zeros((1, 2), np.uint64), np.array([1]), np.ones(1, np.float32)
    compiled.factors(keys, 1, dropped, kept, np.empty((1, 1, 8, 1), np.float32))
    compiled.gaussians(keys, 1, np.zeros(2**16, np.float32), np.empty((1, 1, 4, 1), np.float32))


if __name__ == "__main__":
    warm()
