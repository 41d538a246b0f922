"""Cumulative ablation: switch neurons off one after another and count what is still right.

An order is a sequence of neurons of the whole network; a scope (one hidden layer, or all of
them) is a choice of neurons.  After k removals the outputs of the first k neurons of the
order are zero in every forward pass.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr

from neuroninfo import kernels
from neuroninfo.networks import Array, Stack, neuron_coordinates
from neuroninfo.neurons import DECIMALS
from neuroninfo.storage import NETWORK, RANDOM, labelled
from neuroninfo.streams import Stream, generator

if TYPE_CHECKING:
    from torch import Tensor

_ROWS: Final = 2048


class AblationError(ValueError):
    """What is to be ablated does not fit together."""


@dataclass(frozen=True)
class Ordering:
    """What an order is made by.

    Attributes
    ----------
    measure
        Variable of ``neurons.nc``, or ``random``.
    quantizer
        Of the measure; ``none`` where it has none.
    direction
        ``ascending`` (lowest first), ``descending``, or ``none``.
    repeat
        Number of a random order, else -1.
    """

    measure: str
    quantizer: str = "none"
    direction: str = "none"
    repeat: int = -1


def orderings(measures: Sequence[Mapping[str, Any]], random: int) -> list[Ordering]:
    """Orderings of a configuration: each measure by direction, then the random ones."""
    by_measure = [
        Ordering(entry["measure"], entry["quantizer"], direction)
        for entry in measures
        for direction in entry["directions"]
    ]
    return by_measure + [Ordering(RANDOM, repeat=repeat) for repeat in range(random)]


def order_by(values: np.ndarray, direction: str, ties: np.ndarray) -> np.ndarray:
    """Positions of `values` in ascending or descending order, equal ones as in `ties`.

    Parameters
    ----------
    values
        (n) a measure.
    direction
        ``ascending`` or ``descending``.
    ties
        A permutation of 0..n-1.

    Raises
    ------
    AblationError
        A value is NaN: it has no place.
    """
    if np.isnan(values).any():
        raise AblationError(f"neurons {np.flatnonzero(np.isnan(values)).tolist()} have no value")
    signed = np.round(values, DECIMALS) * (1 if direction == "ascending" else -1)
    return ties[np.argsort(signed[ties], kind="stable")]


def orders(
    neurons: xr.Dataset, chosen: Sequence[Ordering], scope: np.ndarray, study_seed: int
) -> np.ndarray:
    """Orders of the neurons of a scope for one seed.

    Parameters
    ----------
    neurons
        ``neurons.nc`` at one seed.
    chosen
        What to order by.
    scope
        Numbers of the neurons in the scope, ascending.
    study_seed
        Of the random streams.

    Returns
    -------
    ndarray
        (orderings, neurons of the scope), positions within the scope.

    Raises
    ------
    AblationError
        A measure was not measured, or not with that quantizer, or has no value for a neuron.
    """
    seed, n_neurons = int(neurons["seed"]), neurons.sizes["neuron"]

    def permutation(stream: Stream, *keys: int) -> np.ndarray:
        """Permutation of the network's neurons, those of the scope kept."""
        everything = generator(study_seed, stream, seed, *keys).permutation(n_neurons)
        return np.searchsorted(scope, everything[np.isin(everything, scope)])

    ties = permutation(Stream.TIES)
    rows = []
    for ordering in chosen:
        if ordering.measure == RANDOM:
            rows.append(permutation(Stream.RANDOM_ORDERS, ordering.repeat))
            continue
        if ordering.measure not in neurons:
            raise AblationError(
                f"orderings.measures: {ordering.measure!r} was not measured; there are "
                + ", ".join(sorted(map(str, neurons.data_vars)))
            )
        measured = neurons[ordering.measure]
        if "quantizer" in measured.dims:
            if ordering.quantizer not in measured["quantizer"].values:
                raise AblationError(
                    f"orderings.measures: {ordering.measure!r} was not measured with quantizer "
                    f"{ordering.quantizer!r}; there are "
                    + ", ".join(map(str, measured["quantizer"].values))
                )
            measured = measured.sel(quantizer=ordering.quantizer)
        rows.append(order_by(measured.values[scope], ordering.direction, ties))
    return np.stack(rows)


def cumulative(
    network: Stack,
    inputs: Array,
    labels: Array,
    sequences: np.ndarray,
    *,
    constants: np.ndarray | None = None,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Correct predictions and loss of one network after each removal.

    On a CPU by compiled loops (`kernels`), whose counts are those of float64; with tensors on
    CUDA by recomputing, in float32, the layers that follow the one a neuron was removed from.

    Parameters
    ----------
    network
        A stack of one.
    inputs, labels
        (n, n_inputs) and (n), on the network's device.
    sequences
        (orders, k) neurons of the whole network in the order of their removal.
    constants
        (neurons) outputs that removed neurons get, such as their means, which is the same as
        moving them into the next layer's biases ("bias balancing"); default zero.
    threads
        On a CPU; results do not depend on it.

    Returns
    -------
    correct : ndarray
        (orders, k + 1) int32.
    loss : ndarray
        (orders, k + 1) float64, mean cross-entropy in nats.
    """
    network = network.folded()
    if constants is None:
        constants = np.zeros(sum(network.architecture.hidden))
    constants = constants.astype(np.float32)
    if str(inputs.device) == "cpu":
        inputs, labels = np.asarray(inputs), np.asarray(labels)
        counted = _Compiled(network.numpy(), sequences, constants).counted
        # Examples of a class lie together: a neuron is often off for all of them at once.
        order = np.argsort(labels, kind="stable")
    else:
        network, threads = network.tensors(inputs.device), 1
        counted = functools.partial(_recomputed, network, sequences, constants)
        order = np.arange(len(labels))
    blocks = [order[row : row + _ROWS] for row in range(0, len(order), _ROWS)]
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda rows: counted(inputs[rows], labels[rows]), blocks))
    correct = np.stack([correct for correct, _ in parts]).sum(axis=0)
    # One after the other: the sum does not depend on how many threads there were.
    loss = sum((loss for _, loss in parts), start=np.zeros(correct.shape))
    return correct.astype(np.int32), loss / len(labels)


_NONLINEARITIES: Final[Mapping[str, Callable[[np.ndarray], np.ndarray]]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(0.5 * z)),
}


class _Compiled:
    """A network in the layouts of `kernels`, for some sequences of neurons."""

    def __init__(self, network: Stack, sequences: np.ndarray, constants: np.ndarray) -> None:
        architecture = network.architecture
        self.activation, self.hidden = architecture.activation, architecture.hidden
        self.n_classes = architecture.n_classes
        self.constants = constants
        self.sequences = np.ascontiguousarray(sequences, dtype=np.int64)
        self.weights = [weight[0] for weight in network.weights]
        self.biases = [bias[0] for bias in network.biases]
        self.exact = (
            np.concatenate([weight.T.ravel() for weight in self.weights[1:]]).astype(np.float64),
            np.concatenate(self.biases[1:]).astype(np.float64),
            np.array([*self.hidden, self.n_classes], dtype=np.int64),
        )
        coordinates = neuron_coordinates(self.hidden)
        self.layers = coordinates["layer"][1].astype(np.int64) - 1
        self.units = coordinates["unit"][1].astype(np.int64)
        lowest = int(self.layers[self.sequences].min(initial=len(self.hidden)))
        self.shallow = lowest >= len(self.hidden) - 2
        self.layout = self._shallow_layout() if self.shallow else self._deep_layout()

    def counted(self, inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Counts and summed losses of some examples."""
        activate = _NONLINEARITIES[self.activation]
        values, before, after = inputs, [], []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            before.append(values @ weight.T + bias)
            values = activate(before[-1])
            after.append(values)
        weight, bias = (array.astype(np.float64) for array in (self.weights[0], self.biases[0]))
        first = activate(inputs.astype(np.float64) @ weight.T + bias)
        if self.shallow:
            last = len(self.hidden) - 1
            below = after[last - 1] if last > 0 else np.zeros((len(labels), 0), np.float32)
            kernel: Callable[..., None] = kernels.shallow
            examples = (_side_by_side(below, 0), _side_by_side(before[last], 0))
            labels = _side_by_side(labels[:, None].astype(np.int32), -1)[:, 0]
        else:
            kernel = kernels.deep
            none = np.zeros((len(labels), self.n_classes), np.float32)
            examples = (_lined_up([*after[:-1], none]), _lined_up(before))
            labels = labels.astype(np.int64)
        shape = (self.sequences.shape[0], self.sequences.shape[1] + 1)
        correct, loss = np.zeros(shape, dtype=np.int64), np.zeros(shape)
        kernel(
            *examples,
            *self.layout,
            self.n_classes,
            labels,
            self.sequences,
            self.constants,
            kernels.KINDS[self.activation],
            (first, *self.exact),
            correct,
            loss,
        )
        return correct, loss

    def _shallow_layout(self) -> tuple[Any, ...]:
        last = len(self.hidden) - 1
        first_neuron = np.cumsum([0, *self.hidden])
        first_below = int(first_neuron[last - 1]) if last > 0 else 0
        weights = self.weights[last].T if last > 0 else np.zeros((0, self.hidden[0]), np.float32)
        output = _padded(self.weights[-1].T, kernels.CLASS_GROUP)
        bias = _padded(self.biases[-1][None], kernels.CLASS_GROUP)[0]
        return np.ascontiguousarray(-weights), output, bias, first_below, int(first_neuron[last])

    def _deep_layout(self) -> tuple[Any, ...]:
        biases = [_padded(bias[None], kernels.LANES)[0] for bias in self.biases]
        real = [_padded(np.ones((1, len(bias)), np.float32), kernels.LANES) for bias in self.biases]
        widths = np.array([len(bias) for bias in biases])
        matrices = [np.zeros((n, m), np.float32) for n, m in itertools.pairwise(widths)]
        for matrix, weight in zip(matrices, self.weights[1:], strict=True):
            matrix[: weight.shape[1], : weight.shape[0]] = weight.T
        return (
            np.concatenate([matrix.ravel() for matrix in matrices]),
            np.cumsum([0, *(matrix.size for matrix in matrices[:-1])]),
            np.concatenate(biases),
            widths,
            np.cumsum([0, *widths[:-1]]),
            self.layers,
            self.units,
            np.concatenate(real, axis=1)[0],
        )


def _padded(values: np.ndarray, multiple: int) -> np.ndarray:
    """(n, width) -> (n, width rounded up to a multiple), zeros behind."""
    return np.pad(np.ascontiguousarray(values), ((0, 0), (0, -values.shape[1] % multiple)))


def _lined_up(layers: Sequence[np.ndarray]) -> np.ndarray:
    """(n, width) of each layer -> (n, sum of the padded widths)."""
    return np.concatenate([_padded(layer, kernels.LANES) for layer in layers], axis=1)


def _side_by_side(values: np.ndarray, filling: float) -> np.ndarray:
    """(n, width) -> (blocks, width, 16): sixteen examples beside each other."""
    n, width = values.shape
    blocks = -(-n // kernels.LANES)
    padded = np.full((blocks * kernels.LANES, width), filling, values.dtype)
    padded[:n] = values
    return np.ascontiguousarray(padded.reshape(blocks, kernels.LANES, width).transpose(0, 2, 1))


def _recomputed(
    network: Stack,
    sequences: np.ndarray,
    constants: np.ndarray,
    inputs: Tensor,
    labels: Tensor,
) -> tuple[np.ndarray, np.ndarray]:
    """Counts and summed losses; what follows the layer of a removed neuron is recomputed."""
    import torch

    from neuroninfo.forward import losses, outputs

    hidden = network.architecture.hidden
    coordinates = neuron_coordinates(hidden)
    layers, units = coordinates["layer"][1] - 1, coordinates["unit"][1]
    edges = np.cumsum([0, *hidden])
    constant = torch.from_numpy(constants).to(inputs.device)
    given = [constant[a:b] for a, b in itertools.pairwise(edges)]
    unablated = [layer[0] for layer in outputs(network, inputs)]
    shape = (sequences.shape[0], sequences.shape[1] + 1)
    correct, loss = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    for number, sequence in enumerate(sequences):
        values = [layer.clone() for layer in unablated]
        dead = [torch.zeros(width, dtype=torch.bool, device=inputs.device) for width in hidden]
        for step in range(len(sequence) + 1):
            if step > 0:
                layer, unit = int(layers[sequence[step - 1]]), int(units[sequence[step - 1]])
                dead[layer][unit] = True
                values[layer][:, unit] = given[layer][unit]
                _recompute(network, values, dead, given, layer + 1)
            correct[number, step] = int((values[-1].argmax(-1) == labels).sum())
            loss[number, step] = float(losses(values[-1], labels).sum(dtype=torch.float64))
    return correct, loss


def _recompute(
    network: Stack,
    values: list[Tensor],
    dead: list[Tensor],
    given: Sequence[Tensor],
    first: int,
) -> None:
    """Outputs of the layers from `first` on, in place."""
    import torch

    from neuroninfo.forward import NONLINEARITIES

    activation = NONLINEARITIES[network.architecture.activation]
    for layer in range(first, len(values)):
        weight, bias = network.weights[layer][0], network.biases[layer][0]
        torch.addmm(bias, values[layer - 1], weight.t(), out=values[layer])
        if layer < len(dead):
            activated = activation.apply(values[layer])
            torch.where(dead[layer], given[layer], activated, out=activated)


def scopes(hidden: Sequence[int]) -> dict[str, np.ndarray]:
    """Names of the scopes and the neurons in each: every hidden layer, then the network."""
    layers = neuron_coordinates(hidden)["layer"][1]
    by_layer = {
        f"layer-{layer}": np.flatnonzero(layers == layer) for layer in range(1, len(hidden) + 1)
    }
    return by_layer | {NETWORK: np.arange(len(layers))}


def ablate(
    stack: Stack,
    neurons: xr.Dataset,
    inputs: Array,
    labels: Array,
    chosen: Sequence[Ordering],
    study_seed: int,
    *,
    threads: int = 1,
) -> dict[str, xr.Dataset]:
    """Ablate all networks of a stack in all scopes, in the layout of ``ablation.nc``.

    Parameters
    ----------
    stack
        Networks.
    neurons
        Their measures, same seeds.
    inputs, labels
        (n, n_inputs) and (n), the test split.
    chosen
        What to order by.
    study_seed
        Of the random streams.
    threads
        On a CPU; results do not depend on it.

    Raises
    ------
    AblationError
        The measures are of other networks.
    """
    found = (tuple(map(int, neurons["seed"].values)), neurons.sizes["neuron"])
    needed = (stack.seeds, sum(stack.architecture.hidden))
    if found != needed:
        raise AblationError(f"measures are of (seeds, neurons) {found}, networks of {needed}")
    return {
        scope: _scope_dataset(
            stack,
            [
                orders(neurons.isel(seed=position), chosen, members, study_seed)
                for position in range(len(stack.seeds))
            ],
            members,
            inputs,
            labels,
            chosen,
            threads,
        )
        for scope, members in scopes(stack.architecture.hidden).items()
    }


def _scope_dataset(
    stack: Stack,
    ordered: Sequence[np.ndarray],
    members: np.ndarray,
    inputs: Array,
    labels: Array,
    chosen: Sequence[Ordering],
    threads: int,
) -> xr.Dataset:
    curves = [
        cumulative(
            stack.of(slice(position, position + 1)),
            inputs,
            labels,
            members[order],
            threads=threads,
        )
        for position, order in enumerate(ordered)
    ]
    fields = {
        "measure": "what the order is made by",
        "quantizer": "quantizer of the measure",
        "direction": "ascending: lowest first",
        "repeat": "number of the random order, else -1",
    }
    dims = ("seed", "ordering", "removed")
    return xr.Dataset(
        {
            "correct": (
                dims,
                np.stack([correct for correct, _ in curves]),
                labelled("correct predictions on test after the removals", "1"),
            ),
            "loss": (
                dims,
                np.stack([loss for _, loss in curves]),
                labelled("mean cross-entropy on test after the removals", "nat"),
            ),
            "order": (
                ("seed", "ordering", "step"),
                np.stack(ordered).astype(np.int16),
                labelled("neuron removed in this step, numbered within the scope", "1"),
            ),
        },
        coords={
            "seed": ("seed", list(stack.seeds), {"long_name": "seed"}),
            "removed": (
                "removed",
                np.arange(len(members) + 1),
                {"long_name": "number of neurons ablated"},
            ),
            "step": ("step", np.arange(len(members)), {"long_name": "step of the ablation"}),
            **{
                name: ("ordering", [getattr(o, name) for o in chosen], {"long_name": long_name})
                for name, long_name in fields.items()
            },
        },
        attrs={
            "n_test": len(labels),
            "n_classes": stack.architecture.n_classes,
            "chance_correct": int(np.bincount(np.asarray(labels)).max()),
        },
    )
