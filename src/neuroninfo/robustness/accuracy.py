"""Accuracy of the networks of a stack on the test split, by corruption and strength."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.data.datasets import Examples
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack
from neuroninfo.robustness.corruptions import cases, corrupted
from neuroninfo.robustness.settings import RobustnessSettings
from neuroninfo.vocabulary import UNCORRUPTED


def robustness(
    networks: Stack,
    examples: Examples,
    scaling: tuple[NDArray[np.float32], NDArray[np.float32]],
    settings: RobustnessSettings,
) -> xr.Dataset:
    """Accuracies in the layout of ``robustness.nc``.

    Parameters
    ----------
    networks
        Of all seeds of a block.
    examples
        The test split as a network sees it.
    scaling
        Offset and scale of each feature: a network sees (raw - offset) / scale.
    settings
        Corruptions of raw inputs, divided by ``unit``.
    """
    offset, scale = scaling
    raw = (examples.inputs * scale + offset) / np.float32(settings.unit)
    every = [(UNCORRUPTED, 0.0), *cases(settings)]
    accuracy = np.empty((len(networks.seeds), len(every)))
    # As they are, and not scaled to and fro: rounding changes no prediction.
    accuracy[:, 0] = accuracies(networks, examples.inputs, examples.labels)
    for number, (kind, strength) in enumerate(every[1:], start=1):
        forms = [
            accuracies(
                networks, (form * np.float32(settings.unit) - offset) / scale, examples.labels
            )
            for form in corrupted(raw, kind, strength, settings, examples.name)
        ]
        accuracy[:, number] = np.mean(forms, axis=0)
    chance = np.bincount(examples.labels).max() / len(examples.labels)
    return xr.Dataset(
        {
            "accuracy": (
                ("seed", "case"),
                accuracy,
                labelled("accuracy on test; of shifts the mean over four directions", "1"),
            )
        },
        coords={
            "seed": ("seed", list(networks.seeds), {"long_name": "seed"}),
            "corruption": (
                "case",
                [kind for kind, _ in every],
                {"long_name": "what is done to the inputs"},
            ),
            "strength": (
                "case",
                [strength for _, strength in every],
                {
                    "long_name": "noise: standard deviation on inputs in [0, 1]; blur: that of "
                    "the kernel in pixels; shift: pixels"
                },
            ),
        },
        attrs={"n_test": len(examples.labels), "chance": float(chance)},
    )


def accuracies(
    networks: Stack, inputs: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of correct predictions of each network, (seeds)."""
    import torch

    from neuroninfo.networks.forward import evaluated

    correct = np.zeros(len(networks.seeds), dtype=np.int64)
    for seeds, rows, layers in evaluated(networks, torch.from_numpy(inputs), together=1):
        predicted = layers[-1].argmax(-1).numpy()
        correct[seeds] += (predicted == labels[rows]).sum(axis=-1)
    return correct / len(labels)
