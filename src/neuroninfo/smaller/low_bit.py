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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.ablation import ablate
from neuroninfo.ablation.ablate import NONLINEARITIES, Ordering, orderings, orders, scopes
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack, neuron_coordinates
from neuroninfo.neurons import counting
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.results.claims import CONDITION, ZERO, bootstrap_mean, mean_accuracy
from neuroninfo.results.ranking import EFFECTS
from neuroninfo.streams import Stream, generator

UNQUANTIZED: Final = 32
"""Bits of the network as it was trained, in float32."""
PARTS: Final = ("weights", "activations", "both")
"""What is quantized."""
OWN: Final = "own"
"""In place of a quantizer: the symbols that a neuron of the quantized network puts out."""
QUANTIZERS: Final = ("threshold", OWN)
_ORDERING: Final = {
    "measure": "mutual_information",
    "quantizer": "threshold",
    "directions": ("ascending", "descending"),
}
_SHARES: Final = np.arange(1, 51) / 50
_EXACT: Final = 2**24

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "quantity": str,
    "scope": str,
    "of": str,
    "bits": int,
    "mean": float,
    "low": float,
    "high": float,
    "n_seeds": int,
    "note": str,
}
"""Of the summary."""


class PrecisionError(ValueError):
    """A number of bits that means nothing."""


@dataclass(frozen=True)
class Grid:
    """Values that are integers from `lowest` to `highest` times a step; zero is one of them.

    Attributes
    ----------
    step
        One for all values, or one a row of a matrix as (rows, 1); float32, positive.
    lowest, highest
        At most and at least 0.
    """

    step: np.ndarray
    lowest: int
    highest: int

    def integers(self, values: np.ndarray) -> np.ndarray:
        """The nearest integers, as float32; values beyond the grid get its ends."""
        integers = values / self.step
        np.rint(integers, out=integers)
        return np.clip(integers, self.lowest, self.highest, out=integers)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """The nearest values on the grid, float32."""
        return self.integers(values) * self.step


def weight_grid(weight: np.ndarray, bits: int) -> Grid:
    """Fit the symmetric grid of a weight matrix, one step a row.

    Parameters
    ----------
    weight
        (n_out, n_in) float32.
    bits
        2 to 16.

    Raises
    ------
    PrecisionError
        Another number of bits.
    """
    highest = 2 ** (_checked(bits) - 1) - 1
    widest = np.abs(weight).max(axis=1, keepdims=True)
    grids = [Grid(_step(share * widest / highest), -highest, highest) for share in _SHARES]
    errors = [np.square(grid.rounded(weight) - weight).sum(axis=1) for grid in grids]
    steps = np.stack([grid.step for grid in grids])
    best = np.argmin(errors, axis=0)
    return Grid(steps[best, np.arange(len(weight))], -highest, highest)


def output_grid(outputs: np.ndarray, bits: int) -> Grid:
    """Fit the grid of a layer's outputs, one step for all its neurons.

    Parameters
    ----------
    outputs
        (n, width) float32.
    bits
        2 to 16.

    Raises
    ------
    PrecisionError
        Another number of bits.
    """
    highest = 2 ** _checked(bits) - 1
    values = outputs[outputs != 0]  # zero is on every grid
    low, high = values.min(initial=0.0), values.max(initial=0.0)
    grids = []
    for share in _SHARES:
        step = _step(np.asarray(share * (high - low) / highest))
        below = int(np.clip(np.rint(-share * low / step), 0, highest))
        grids.append(Grid(step, -below, highest - below))
    errors = [np.square(grid.rounded(values) - values).sum(dtype=np.float64) for grid in grids]
    return grids[int(np.argmin(errors))]


def output_grids(network: Stack, bits: int, inputs: np.ndarray) -> list[Grid]:
    """Fit the grids of the hidden layers of one network, each on what the last ones give.

    Parameters
    ----------
    network
        A stack of one without batch norm.
    bits
        2 to 16.
    inputs
        (n, n_inputs) float32.

    Raises
    ------
    PrecisionError
        Another number of bits.
    """
    grids: list[Grid] = []
    activate = NONLINEARITIES[network.architecture.activation]
    values = inputs
    for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        values = activate(values @ weight[0].T + bias[0])
        grids.append(output_grid(values, bits))
        values = grids[-1].rounded(values)
    return grids


@dataclass(frozen=True)
class QuantizedNetwork:
    """One network, its weights and the outputs of its hidden neurons on grids.

    Attributes
    ----------
    activation
        Name of the nonlinearity.
    weights
        (n_in, n_out) a layer: integers, in a float type in which all sums of them are exact.
    scales, biases
        (n_out) float32 a layer: a neuron is given ``sum * scale + bias``.
    grids
        One a hidden layer.
    """

    activation: str
    weights: list[np.ndarray]
    scales: list[np.ndarray]
    biases: list[np.ndarray]
    grids: list[Grid]

    def sums(self, layer: int, integers: np.ndarray) -> np.ndarray:
        """What the neurons of a layer sum up, without step and bias, exactly.

        The first layer, whose inputs are on no grid, is summed in float64.
        """
        return integers.astype(self.weights[layer].dtype, copy=False) @ self.weights[layer]

    def preactivations(self, layer: int, sums: np.ndarray) -> np.ndarray:
        """Scaled sums with the bias, float32: from the last layer, the logits."""
        scaled = sums * self.scales[layer].astype(sums.dtype)
        scaled += self.biases[layer]
        return scaled.astype(np.float32, copy=False)

    def integers(self, layer: int, sums: np.ndarray) -> np.ndarray:
        """Outputs of the neurons of a hidden layer in steps of its grid, float32."""
        activate = NONLINEARITIES[self.activation]
        return self.grids[layer].integers(activate(self.preactivations(layer, sums)))

    def outputs(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Outputs of all layers.

        Parameters
        ----------
        inputs
            (n, n_inputs) float32.

        Returns
        -------
        list of ndarray
            (n, width) float32 a hidden layer, last the logits.
        """
        sums, results = self.sums(0, inputs), []
        for layer, grid in enumerate(self.grids):
            integers = self.integers(layer, sums)
            results.append(integers * grid.step)
            sums = self.sums(layer + 1, integers)
        return [*results, self.preactivations(len(self.grids), sums)]


def quantized(network: Stack, bits: int, inputs: np.ndarray) -> QuantizedNetwork:
    """Quantize the weights and outputs of one network.

    Parameters
    ----------
    network
        A stack of one.
    bits
        2 to 16, of weights and of outputs.
    inputs
        (n, n_inputs) float32, validation: the ranges of outputs are taken from them.

    Raises
    ------
    PrecisionError
        Another number of bits.
    """
    network = network.folded().numpy()
    on_grids = [weight_grid(weight[0], bits) for weight in network.weights]
    integers = [
        grid.integers(weight[0]).T for grid, weight in zip(on_grids, network.weights, strict=True)
    ]
    scales = [grid.step[:, 0] for grid in on_grids]
    grids = output_grids(_rounded(network, bits), bits, inputs)
    # The first layer's inputs are on no grid: float64.
    weights = [np.ascontiguousarray(integers[0], np.float64)]
    for below, above in zip(grids, integers[1:], strict=True):
        largest = max(-below.lowest, below.highest) * np.abs(above).sum(axis=0).max()
        weights.append(np.ascontiguousarray(above, np.float32 if largest < _EXACT else np.float64))
    scales[1:] = [scale * grid.step for scale, grid in zip(scales[1:], grids, strict=True)]
    biases = [bias[0] for bias in network.biases]
    return QuantizedNetwork(network.architecture.activation, weights, scales, biases, grids)


def cumulative(
    network: QuantizedNetwork,
    inputs: np.ndarray,
    labels: np.ndarray,
    sequences: np.ndarray,
    *,
    rows: int = 2048,
) -> tuple[np.ndarray, np.ndarray]:
    """Correct predictions and loss of a quantized network after each removal, to zero.

    As `ablate.cumulative`, and exact: no sum is rounded, in whatever order neurons go.

    Parameters
    ----------
    network
        One network.
    inputs, labels
        (n, n_inputs) and (n).
    sequences
        (orders, k) neurons of the whole network in the order of their removal.
    rows
        Examples at a time; counts do not depend on it.

    Returns
    -------
    correct : ndarray
        (orders, k + 1) int32.
    loss : ndarray
        (orders, k + 1) float64, mean cross-entropy in nats.
    """
    shape = (sequences.shape[0], sequences.shape[1] + 1)
    correct, loss = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    for start in range(0, len(labels), rows):
        block = slice(start, start + rows)
        whole = _Ablated.of(network, inputs[block], labels[block])
        for number, sequence in enumerate(sequences):
            for step, (right, losses) in enumerate(whole.removing(sequence)):
                correct[number, step] += right
                loss[number, step] += losses
    return correct.astype(np.int32), loss / len(labels)


def by_bits(
    networks: Stack,
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    settings: Mapping[str, Any],
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
        study_seed; bits, a list of 2 to 16 or `UNQUANTIZED`; random, the number of random
        orders; shuffles behind the baseline of information; rows, examples at a time.

    Returns
    -------
    dict
        In the layout of ``precision.nc``: ``networks`` has accuracy (seed, part, bits) and
        mutual_information, mutual_information_shuffled (seed, bits, quantizer, neuron) in bit;
        then one group a scope as in ``ablation.nc``, with the dimension ``bits``, neurons in
        the order of their mutual information (threshold) in the network of those bits.

    Raises
    ------
    PrecisionError
        A number of bits that means nothing.
    """
    bits = [int(b) for b in settings["bits"]]
    chosen = orderings(
        {"orderings": [_ORDERING], "random": settings["random"], "replacements": [ZERO]}
    )
    cells = [
        [_cell(networks.of(slice(i, i + 1)), b, validation, test, chosen, settings) for b in bits]
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
        scope: _curves_dataset(cells, scope, chosen, test[1], networks.architecture.n_classes)
        for scope in scopes(networks.architecture.hidden)
    }
    return {name: group.assign_coords(coordinates) for name, group in groups.items()}


def summary(
    groups: Mapping[str, xr.Dataset], condition: Mapping[str, Any], study_seed: int
) -> pd.DataFrame:
    """Numbers by bits with intervals over seeds.

    Parameters
    ----------
    groups
        ``precision.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``quantity`` is accuracy (``of`` a part that is quantized), mutual_information
        (mean over the neurons of a layer, ``of`` a quantizer; none where there is no grid), or
        effect: of the order of a direction against random orders, as in `ranking`.
    """
    about = {key: str(condition[key]) for key in CONDITION}
    networks = groups["networks"]
    rows = []
    for number, bits in enumerate(networks["bits"].values.tolist()):
        here = networks.isel(bits=number)
        values: list[tuple[str, str, str, np.ndarray]] = [
            ("accuracy", "network", part, here["accuracy"].sel(part=part).values)
            for part in map(str, networks["part"].values)
        ]
        for layer in np.unique(networks["layer"].values):
            members = np.flatnonzero(networks["layer"].values == layer)
            of_layer = here["mutual_information"].isel(neuron=members).mean("neuron", skipna=False)
            values += [
                ("mutual_information", f"layer-{layer}", quantizer, by_seed)
                for quantizer in map(str, networks["quantizer"].values)
                if np.isfinite(by_seed := of_layer.sel(quantizer=quantizer).values).all()
            ]
        curves = {name: g.isel(bits=number) for name, g in groups.items() if name != "networks"}
        measure = (_ORDERING["measure"], _ORDERING["quantizer"])
        for scope, group in curves.items():
            g = mean_accuracy(group, *map(str, measure))
            for direction, (more, less) in EFFECTS.items():
                values.append(("effect", scope, direction, g[more] - g[less]))
        for quantity, scope, of, by_seed in values:
            key = "/".join([*about.values(), "precision", quantity, scope, of, str(bits)])
            interval = bootstrap_mean(by_seed, generator(study_seed, Stream.BOOTSTRAP, key))
            rows.append(
                about
                | {
                    "quantity": quantity,
                    "scope": scope,
                    "of": of,
                    "bits": bits,
                    "mean": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "n_seeds": len(by_seed),
                    "note": interval.note,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass
class _Ablated:
    """Some examples in a quantized network, some of whose neurons are ablated."""

    network: QuantizedNetwork
    integers: list[np.ndarray]
    """(n, width) a hidden layer."""
    sums: list[np.ndarray]
    """(n, width) a layer but the first, which nothing changes: ``sums[0]`` is empty."""
    labels: np.ndarray
    right: np.ndarray
    losses: np.ndarray

    @staticmethod
    def of(network: QuantizedNetwork, inputs: np.ndarray, labels: np.ndarray) -> _Ablated:
        integers: list[np.ndarray] = []
        sums = [network.sums(0, inputs)]
        for layer in range(len(network.grids)):
            integers.append(network.integers(layer, sums[layer]))
            sums.append(network.sums(layer + 1, integers[layer]))
        sums[0] = np.empty((len(labels), 0))
        n = len(labels)
        whole = _Ablated(network, integers, sums, labels, np.zeros(n, bool), np.zeros(n))
        whole.judge(np.arange(n))
        return whole

    def judge(self, rows: np.ndarray) -> None:
        """Predictions and losses of some examples."""
        logits, labels = self.network.preactivations(-1, self.sums[-1][rows]), self.labels[rows]
        self.right[rows] = logits.argmax(axis=1) == labels
        shifted = logits - logits.max(axis=1, keepdims=True)
        picked = shifted[np.arange(len(rows)), labels]
        self.losses[rows] = np.log(np.exp(shifted).sum(axis=1)) - picked

    def removing(self, sequence: np.ndarray) -> Iterator[tuple[int, float]]:
        """Correct predictions and summed losses, after 0, 1, .. removals; self stays."""
        network, last = self.network, len(self.integers)
        integers, sums = ([a.copy() for a in part] for part in (self.integers, self.sums))
        state = _Ablated(
            network, integers, sums, self.labels, self.right.copy(), self.losses.copy()
        )
        widths = [part.shape[1] for part in integers]
        coordinates = neuron_coordinates(widths)
        layers, units = coordinates["layer"][1] - 1, coordinates["unit"][1]
        alive = [np.ones(width, np.float32) for width in widths]
        yield int(state.right.sum()), float(state.losses.sum())
        for neuron in sequence:
            first, unit = int(layers[neuron]), int(units[neuron])
            alive[first][unit] = 0
            rows = np.flatnonzero(integers[first][:, unit])
            if len(rows):
                gone = integers[first][rows, unit].astype(sums[first + 1].dtype)
                integers[first][rows, unit] = 0
                sums[first + 1][rows] -= gone[:, None] * network.weights[first + 1][unit]
                for layer in range(first + 1, last):
                    changed = network.integers(layer, sums[layer][rows])
                    changed *= alive[layer]
                    integers[layer][rows] = changed
                    sums[layer + 1][rows] = network.sums(layer + 1, changed)
                state.judge(rows)
            yield int(state.right.sum()), float(state.losses.sum())


@dataclass(frozen=True)
class _Cell:
    """What is known of one network at one number of bits."""

    accuracy: list[float]
    """On test, by `PARTS`."""
    information: np.ndarray
    """(quantizer, neuron) in bit, by `QUANTIZERS`."""
    shuffled: np.ndarray
    """Its mean under shuffled classes."""
    curves: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    """Scope -> order (ordering, step), correct and loss (ordering, removed)."""


def _cell(
    network: Stack,
    bits: int,
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    chosen: Sequence[Ordering],
    settings: Mapping[str, Any],
) -> _Cell:
    network = network.folded().numpy()
    few = None if bits == UNQUANTIZED else quantized(network, bits, validation[0])
    information, shuffled = _information(network, few, *validation, settings)
    accuracies = [
        _accuracy(logits, test[1]) for logits in _logits(network, few, bits, validation[0], test[0])
    ]
    measured = xr.Dataset(
        {"mutual_information": (("quantizer", "neuron"), information)},
        coords={"seed": network.seeds[0], "quantizer": list(QUANTIZERS)},
    )
    curves = {}
    for scope, members in scopes(network.architecture.hidden).items():
        order = orders(measured, chosen, members, settings["study_seed"])
        if few is None:
            correct, _, loss = ablate.cumulative(network, *test, members[order])
        else:
            correct, loss = cumulative(few, *test, members[order], rows=settings["rows"])
        curves[scope] = (order, correct, loss)
    return _Cell(accuracies, information, shuffled, curves)


def _logits(
    network: Stack,
    few: QuantizedNetwork | None,
    bits: int,
    validation: np.ndarray,
    test: np.ndarray,
) -> list[np.ndarray]:
    """Logits on test by `PARTS`."""
    if few is None:
        return [_outputs(network, [], test)[-1]] * len(PARTS)
    return [
        _outputs(_rounded(network, bits), [], test)[-1],
        _outputs(network, output_grids(network, bits, validation), test)[-1],
        few.outputs(test)[-1],
    ]


def _accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


def _information(
    network: Stack,
    few: QuantizedNetwork | None,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Mutual information of all neurons and its mean under shuffled classes, by `QUANTIZERS`."""
    random = generator(settings["study_seed"], Stream.LABEL_SHUFFLE, network.seeds[0])
    shuffles = [random.permutation(labels) for _ in range(settings["shuffles"])]
    labelings, n_classes = np.stack([labels, *shuffles]), network.architecture.n_classes
    hidden = (_outputs(network, [], inputs) if few is None else few.outputs(inputs))[:-1]
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


def _rounded(network: Stack, bits: int) -> Stack:
    """The network with its weights on their grids; biases as they are."""
    weights = [weight_grid(weight[0], bits).rounded(weight[0])[None] for weight in network.weights]
    return Stack(network.architecture, network.seeds, weights, network.biases, [])


def _outputs(network: Stack, grids: Sequence[Grid], inputs: np.ndarray) -> list[np.ndarray]:
    """Outputs of all layers in float32, those of hidden layers on their grids if there are any."""
    activate = NONLINEARITIES[network.architecture.activation]
    values, results = inputs, []
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weight[0].T + bias[0]
        if layer < len(network.architecture.hidden):
            values = activate(values)
            values = grids[layer].rounded(values) if grids else values
        results.append(values)
    return results


def _step(values: np.ndarray) -> np.ndarray:
    """Steps in float32; 1 where there is nothing to span."""
    steps = values.astype(np.float32)
    return np.where(steps > 0, steps, np.float32(1))


def _checked(bits: int) -> int:
    if not 2 <= bits <= 16:
        raise PrecisionError(f"bits: {bits}; give 2 to 16, or {UNQUANTIZED} for as trained")
    return bits


def _networks_dataset(
    cells: Sequence[Sequence[_Cell]], networks: Stack, settings: Mapping[str, Any]
) -> xr.Dataset:
    """Accuracy and information from cells (seed, bits)."""

    def stacked(name: str) -> np.ndarray:
        return np.array([[getattr(cell, name) for cell in row] for row in cells])

    dims = ("seed", "bits", "quantizer", "neuron")
    return xr.Dataset(
        {
            "accuracy": (
                ("seed", "bits", "part"),
                stacked("accuracy"),
                labelled("accuracy on test", "1"),
            ),
            "mutual_information": (
                dims,
                stacked("information"),
                labelled("mutual information I(T;Y) with the class, plug-in", "bit"),
            ),
            "mutual_information_shuffled": (
                dims,
                stacked("shuffled"),
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
        attrs={"shuffles": settings["shuffles"], "n_classes": networks.architecture.n_classes},
    )


def _curves_dataset(
    cells: Sequence[Sequence[_Cell]],
    scope: str,
    chosen: Sequence[Ordering],
    labels: np.ndarray,
    n_classes: int,
) -> xr.Dataset:
    """Curves of one scope from cells (seed, bits)."""
    order, correct, loss = (
        np.array([[cell.curves[scope][i] for cell in row] for row in cells]) for i in range(3)
    )
    fields = {
        "measure": "what the order is made by",
        "quantizer": "quantizer of the measure",
        "direction": "ascending: lowest first",
        "repeat": "number of the random order, else -1",
        "replacement": "what ablated neurons put out",
    }
    dims = ("seed", "bits", "ordering", "removed")
    return xr.Dataset(
        {
            "correct": (
                dims,
                correct,
                labelled("correct predictions on test after the removals", "1"),
            ),
            "loss": (
                dims,
                loss,
                labelled("mean cross-entropy on test after the removals", "nat"),
            ),
            "order": (
                ("seed", "bits", "ordering", "step"),
                order.astype(np.int16),
                labelled("neuron removed in this step, numbered within the scope", "1"),
            ),
        },
        coords={
            "removed": (
                "removed",
                np.arange(correct.shape[-1]),
                {"long_name": "number of neurons ablated"},
            ),
            "step": ("step", np.arange(order.shape[-1]), {"long_name": "step of the ablation"}),
            **{
                name: ("ordering", [getattr(o, name) for o in chosen], {"long_name": long_name})
                for name, long_name in fields.items()
            },
        },
        attrs={
            "n_test": len(labels),
            "n_classes": n_classes,
            "chance_correct": int(np.bincount(labels).max()),
        },
    )
