"""Measures of the channels of convolutional networks, as ``neurons.nc`` and ``damage.nc``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.removals import Removals
from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.own_network.curves import PASSES, constants_of, curves, layers_of
from neuroninfo.own_network.reading import neurons_dataset, of_outputs


def measure(
    activations: Iterable[xr.Dataset], network: xr.Dataset, settings: MeasureSettings
) -> xr.Dataset:
    """All measures of all channels, in the layout of ``neurons.nc``.

    What a channel puts out for an example is the mean over its positions. Measures of weights
    (``taylor``, ``incoming_weight_norm``, ``outgoing_weight_norm``) there are none.

    Parameters
    ----------
    activations
        One dataset a seed, in the layout of ``activations.nc``; its last epoch is measured.
    network
        ``network.nc`` of the same seeds.
    settings
        What is measured.

    Raises
    ------
    ValueError
        Outputs and networks are of different seeds.
    """
    names, widths = layers_of(network)
    parts = []
    for position, part in enumerate(activations):
        of_seed, of_network = part.isel(seed=0, epoch=-1), network.isel(seed=position)
        seed = int(of_seed["seed"])
        if seed != int(of_network["seed"]):
            raise ValueError(f"outputs are of seed {seed}, the network of {of_network['seed']}")
        activation = str(of_seed.attrs["activation_function"])
        values, labels = of_seed["activation"].values, of_seed["label"].values.astype(np.intp)
        measured = of_outputs(
            values,
            labels,
            int(of_seed.attrs["n_classes"]),
            [Quantizer.named(name) for name in settings.quantizers],
            np.full(values.shape[1], ACTIVATIONS[activation].threshold),
            settings.shuffles,
            seed,
            settings.study_seed,
        )
        attrs = {
            "n_examples": len(labels),
            "n_classes": int(of_seed.attrs["n_classes"]),
            "activation_function": activation,
            "epoch": int(of_seed["epoch"]),
            "shuffles": settings.shuffles,
            "summary": "mean",
            "channels": str(network.attrs["channels"]),
            "computed_by": PASSES,
        }
        measured["mean_output"] = of_network["mean_output"].values
        parts.append(
            neurons_dataset(
                measured,
                names,
                widths,
                activation == "relu",
                settings.quantizers,
                seed,
                attrs,
            )
        )
    return xr.concat(
        parts,
        dim="seed",
        data_vars="minimal",
        coords="minimal",
        compat="equals",
        join="exact",
        combine_attrs="identical",
    )


def damage(
    networks: Sequence[nn.Module],
    network: xr.Dataset,
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> xr.Dataset:
    """What is left when each channel alone is switched off, in the layout of ``damage.nc``.

    Parameters
    ----------
    networks, network
        One module a seed, and ``network.nc``.
    splits
        Name -> flattened images (n, n_inputs) and labels (n).
    """
    n_units = network.sizes["neuron"]
    each = np.array([np.roll(np.arange(n_units), -unit) for unit in range(n_units)])
    shape = (len(networks), len(splits), n_units)
    correct, loss = np.empty(shape, dtype=np.int32), np.empty(shape)
    correct_before, loss_before = np.empty(shape[:2], dtype=np.int32), np.empty(shape[:2])
    for position, model in enumerate(networks):
        neurons = network.isel(seed=[position])
        removals = Removals(each, np.zeros(n_units, dtype=np.int64), constants_of(neurons))
        for number, (name, data) in enumerate(splits.items()):
            (curve,), _, _ = curves(
                model, neurons, name, data, [removals], [np.array([0, 1])], progress=False
            )
            place = (position, number)
            correct_before[place], correct[place] = curve.correct[0, 0], curve.correct[:, 1]
            loss_before[place], loss[place] = curve.loss[0, 0], curve.loss[:, 1]
    dims = ("seed", "split", "neuron")
    words = "after switching off this neuron alone"
    sizes = np.array([len(labels) for _, labels in splits.values()], dtype=np.int32)
    return xr.Dataset(
        {
            "correct": (dims, correct, labelled(f"correct predictions {words}", "1")),
            "loss": (dims, loss, labelled(f"mean cross-entropy {words}", "nat")),
            "correct_unablated": (
                dims[:2],
                correct_before,
                labelled("correct predictions of the whole network", "1"),
            ),
            "loss_unablated": (
                dims[:2],
                loss_before,
                labelled("mean cross-entropy of the whole network", "nat"),
            ),
            "n_examples": ("split", sizes, labelled("examples of the split", "1")),
        },
        coords={
            **{name: network[name].variable for name in ("seed", "neuron", "layer", "unit")},
            "split": ("split", list(splits), {"long_name": "part of the data set"}),
        },
    )
