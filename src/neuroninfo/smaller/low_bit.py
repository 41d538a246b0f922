"""Trained networks in few bits: weights and outputs of neurons on grids, nothing trained again.

- Weights: integers from -(2^(b-1) - 1) to 2^(b-1) - 1 times a step, one step an output neuron
  (symmetric; two bits are -1, 0, 1). Biases stay float32, batch norm is folded first.
- Outputs of hidden neurons: 2^b integers times a step, one grid a layer, with zero on it, so
  that an ablated neuron is on it too.  Inputs and logits stay as they are.
- A step spans a share of the largest weight, or of the range of the layer's outputs on
  validation data: the share, of 1/50 to 1, with the least squared error (Nagel et al. 2021,
  "A White Paper on Neural Network Quantization", section 3.1). Layers are fitted one after
  the other, each on what the quantized layers before it give.

What a neuron sums up is an integer times a step, and integers below 2^24 are exact in
float32: removing a neuron's part from the sums leaves exactly the sums without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from neuroninfo.ablation import curves as ablation_curves
from neuroninfo.ablation.layouts import ORDERINGS, curves_dataset
from neuroninfo.ablation.orders import Ordering, orderings_from, orders, scopes
from neuroninfo.ablation.settings import BY_INFORMATION
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack, neuron_coordinates
from neuroninfo.neurons import counting
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.smaller.low_bit_ablation import cumulative
from neuroninfo.smaller.quantized_network import (
    QuantizedNetwork,
    output_grids,
    outputs_of,
    quantized,
    with_rounded_weights,
)
from neuroninfo.smaller.settings import LowBitSettings
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import OWN, UNQUANTIZED

PARTS: Final = ("weights", "activations", "both")
"""What is quantized."""

QUANTIZERS: Final = ("threshold", OWN)


def by_bits(
    networks: Stack,
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    settings: LowBitSettings,
) -> dict[str, xr.Dataset]:
    """Accuracy, information and ablation of all networks of a stack by bits.

    Parameters
    ----------
    networks
        Trained ones.
    validation, test
        Inputs (n, n_inputs) float32 and labels (n): grids are fitted and neurons measured on
        the one, accuracy is counted on the other.
    settings
        Numbers of bits, and how networks are measured and ablated.

    Returns
    -------
    dict
        In the layout of ``precision.nc``: ``networks`` has accuracy (seed, part, bits) and
        mutual_information, mutual_information_shuffled (seed, bits, quantizer, neuron) in bit;
        then one group a scope as in ``ablation.nc``, with the dimension ``bits``, neurons in
        the order of their mutual information (threshold) in the network of those bits.

    Raises
    ------
    ValueError
        A number of bits that means nothing.
    """
    bits = list(settings.bits)
    orderings = orderings_from((BY_INFORMATION,), settings.random)
    cells = [
        [
            _cell(networks.of(slice(i, i + 1)), b, validation, test, orderings, settings)
            for b in bits
        ]
        for i in range(len(networks.seeds))
    ]
    coordinates = {
        "seed": ("seed", list(networks.seeds), {"long_name": "seed"}),
        "bits": (
            "bits",
            bits,
            {"long_name": f"bits of weights and outputs; {UNQUANTIZED}: as trained"},
        ),
    }
    groups = {"networks": _networks_dataset(cells, networks, settings)} | {
        scope: curves_dataset(
            orderings,
            _stacked(cells, "order", scope),
            {name: _stacked(cells, name, scope) for name in ("correct", "loss")},
            test[1],
            networks.architecture.n_classes,
            over=("seed", "bits"),
            words=ORDERINGS | {"replacement": "what ablated neurons put out"},
        )
        for scope in scopes(networks.architecture.hidden)
    }
    return {name: group.assign_coords(coordinates) for name, group in groups.items()}


@dataclass(frozen=True)
class _Cell:
    """Results for one network at one number of bits."""

    accuracy: list[float]
    """On test, by `PARTS`."""
    information: np.ndarray
    """(quantizer, neuron) in bit, by `QUANTIZERS`."""
    shuffled: np.ndarray
    """Its mean under shuffled classes."""
    order: dict[str, np.ndarray]
    """Scope -> (ordering, step)."""
    correct: dict[str, np.ndarray]
    """Scope -> (ordering, removed)."""
    loss: dict[str, np.ndarray]
    """Likewise, in nat."""


def _cell(
    network: Stack,
    bits: int,
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    orderings: Sequence[Ordering],
    settings: LowBitSettings,
) -> _Cell:
    network = network.folded().numpy()
    few = None if bits == UNQUANTIZED else quantized(network, bits, validation[0])
    information, shuffled = _information(network, few, *validation, settings)
    accuracies = [
        _accuracy(logits, test[1]) for logits in _logits(network, few, bits, validation[0], test[0])
    ]
    measured = xr.Dataset(
        {"mutual_information": (("quantizer", "neuron"), information)},
        coords={"seed": network.seeds[0], "quantizer": list(QUANTIZERS)}
        | neuron_coordinates(network.architecture.hidden),
    )
    cell = _Cell(accuracies, information, shuffled, {}, {}, {})
    for scope, members in scopes(network.architecture.hidden).items():
        order = orders(measured, orderings, members, settings.study_seed)
        if few is None:
            correct, _, loss = ablation_curves.cumulative(network, *test, members[order])
        else:
            correct, loss = cumulative(few, *test, members[order], rows=settings.rows)
        cell.order[scope], cell.correct[scope], cell.loss[scope] = order, correct, loss
    return cell


def _stacked(cells: Sequence[Sequence[_Cell]], name: str, scope: str | None = None) -> np.ndarray:
    """One field of cells (seed, bits), of a scope where it has several."""
    fields = [[getattr(cell, name) for cell in row] for row in cells]
    return np.array(fields if scope is None else [[of[scope] for of in row] for row in fields])


def _logits(
    network: Stack,
    few: QuantizedNetwork | None,
    bits: int,
    validation: np.ndarray,
    test: np.ndarray,
) -> list[np.ndarray]:
    """Logits on test by `PARTS`."""
    if few is None:
        return [outputs_of(network, [], test)[-1]] * len(PARTS)
    return [
        outputs_of(with_rounded_weights(network, bits), [], test)[-1],
        outputs_of(network, output_grids(network, bits, validation), test)[-1],
        few.outputs(test)[-1],
    ]


def _accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


def _information(
    network: Stack,
    few: QuantizedNetwork | None,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: LowBitSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Mutual information of all neurons and its mean under shuffled classes, by `QUANTIZERS`."""
    random = generator(settings.study_seed, Stream.LABEL_SHUFFLE, network.seeds[0])
    shuffles = [random.permutation(labels) for _ in range(settings.shuffles)]
    labelings, n_classes = np.stack([labels, *shuffles]), network.architecture.n_classes
    hidden = (outputs_of(network, [], inputs) if few is None else few.outputs(inputs))[:-1]
    counts = Quantizer.named("threshold").class_counts(
        np.concatenate(hidden, axis=1), labelings, network.architecture.activation, n_classes
    )
    by_labels = [np.stack([mutual_information(c) for c in counts])]
    if few is None:  # every output is a symbol of its own: that says nothing
        by_labels.append(np.full_like(by_labels[0], np.nan))
    else:
        parts = []
        for grid, outputs in zip(few.grids, hidden, strict=True):
            edges = np.arange(grid.lowest, grid.highest) + 0.5
            counts = counting.class_counts(
                grid.integers(outputs),
                np.tile(edges, (outputs.shape[1], 1)),
                labelings,
                n_classes,
                equal=False,
            )
            parts.append(np.stack([mutual_information(c) for c in counts]))
        by_labels.append(np.concatenate(parts, axis=1))
    values = np.stack(by_labels, axis=1)  # (labelings, quantizer, neuron)
    return values[0], values[1:].mean(axis=0)


def _networks_dataset(
    cells: Sequence[Sequence[_Cell]], networks: Stack, settings: LowBitSettings
) -> xr.Dataset:
    """Accuracy and information from cells (seed, bits)."""
    dims = ("seed", "bits", "quantizer", "neuron")
    return xr.Dataset(
        {
            "accuracy": (
                ("seed", "bits", "part"),
                _stacked(cells, "accuracy"),
                labelled("accuracy on test", "1"),
            ),
            "mutual_information": (
                dims,
                _stacked(cells, "information"),
                labelled("mutual information I(T;Y) with the class, plug-in", "bit"),
            ),
            "mutual_information_shuffled": (
                dims,
                _stacked(cells, "shuffled"),
                labelled("mutual information with shuffled classes, mean over the shuffles", "bit"),
            ),
        },
        coords={
            "part": ("part", list(PARTS), {"long_name": "what is quantized"}),
            "quantizer": (
                "quantizer",
                list(QUANTIZERS),
                {
                    "long_name": "quantizer of the measure",
                    "comment": f"{OWN}: the values of the grid; NaN where there is no grid",
                },
            ),
            **neuron_coordinates(networks.architecture.hidden),
        },
        attrs={"shuffles": settings.shuffles, "n_classes": networks.architecture.n_classes},
    )
