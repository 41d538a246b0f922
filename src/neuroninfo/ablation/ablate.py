"""Cumulative ablation: switch neurons off one after another and count what is still right.

An order is a sequence of neurons of the whole network; a scope (one hidden layer, or all of
them) is a choice of neurons.  After k removals the outputs of the first k neurons of the
order are zero in every forward pass, or constants such as their means.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import xarray as xr

from neuroninfo.ablation import kernels
from neuroninfo.files.storage import NETWORK, RANDOM, labelled
from neuroninfo.networks.stack import Array, Stack, neuron_coordinates
from neuroninfo.neurons.measures import DECIMALS
from neuroninfo.streams import Stream, generator

if TYPE_CHECKING:
    from torch import Tensor

MEAN: Final = "mean"
"""Replacement of ablated neurons by their mean; the other is ``zero``."""
LAYERS: Final = "layers"
"""Each hidden layer by itself, as scopes to ablate in; the other choice is `NETWORK`."""


class AblationError(ValueError):
    """What is to be ablated does not fit together."""


@dataclass(frozen=True)
class Ordering:
    """What an order is made by.

    Attributes
    ----------
    measure
        Variable of ``neurons.nc``, a measure of ``orders-<set>.nc``, or ``random``.
    quantizer
        Of the measure; ``none`` where it has none.
    direction
        ``ascending`` (lowest first), ``descending``, or ``none``.
    repeat
        Number of a random order, else -1.
    replacement
        What ablated neurons put out: ``zero``, or ``mean``, each its own. It does not
        change the order.
    """

    measure: str
    quantizer: str = "none"
    direction: str = "none"
    repeat: int = -1
    replacement: str = "zero"


def orderings(settings: Mapping[str, Any]) -> list[Ordering]:
    """Orderings of a set, by replacement: each measure by direction, then the random ones.

    Parameters
    ----------
    settings
        ``orderings``: mappings of ``measure``, ``quantizer`` and ``directions``; ``random``:
        number of random orders; ``replacements``: what ablated neurons put out, ``zero``,
        ``mean``, or both, each in the same orders.
    """
    by_measure = [
        Ordering(entry["measure"], entry["quantizer"], direction)
        for entry in settings["orderings"]
        for direction in entry["directions"]
    ]
    by_chance = [Ordering(RANDOM, repeat=repeat) for repeat in range(settings["random"])]
    return [
        dataclasses.replace(ordering, replacement=replacement)
        for replacement in settings["replacements"]
        for ordering in by_measure + by_chance
    ]


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


def permutation(
    scope: np.ndarray, n_neurons: int, study_seed: int, stream: Stream, seed: int, *keys: int
) -> np.ndarray:
    """Positions within a scope in the order of a permutation of all neurons of the network.

    Parameters
    ----------
    scope
        Numbers of the neurons in the scope, ascending.
    n_neurons
        Of the network.
    study_seed, stream, seed, keys
        Of the random stream: that of ties breaks those of a seed alike wherever they occur.
    """
    everything = generator(study_seed, stream, seed, *keys).permutation(n_neurons)
    return np.searchsorted(scope, everything[np.isin(everything, scope)])


def orders(
    neurons: xr.Dataset,
    chosen: Sequence[Ordering],
    scope: np.ndarray,
    study_seed: int,
    *,
    found: xr.Dataset | None = None,
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
    found
        The scope's group of ``orders-<set>.nc`` at the same seed: orders by measures that
        single neurons do not have (joint and reference orders).

    Returns
    -------
    ndarray
        (orderings, neurons of the scope), positions within the scope.

    Raises
    ------
    AblationError
        A measure was neither measured nor found so, or not with that quantizer or in that
        direction, or has no value for a neuron.
    """
    seed, n_neurons = int(neurons["seed"]), neurons.sizes["neuron"]
    ties = permutation(scope, n_neurons, study_seed, Stream.TIES, seed)
    rows = []
    for ordering in chosen:
        if ordering.measure == RANDOM:
            stream, repeat = Stream.RANDOM_ORDERS, ordering.repeat
            rows.append(permutation(scope, n_neurons, study_seed, stream, seed, repeat))
            continue
        if ordering.measure not in neurons:
            rows.append(_found(ordering, found, len(scope), neurons))
            continue
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


def _found(
    ordering: Ordering, found: xr.Dataset | None, n_neurons: int, neurons: xr.Dataset
) -> np.ndarray:
    """Order of one ordering from a group of ``orders-<set>.nc`` at one seed."""
    name = f"orderings.measures: {ordering.measure!r}"
    measured = ", ".join(sorted(map(str, neurons.data_vars)))
    if found is None:
        raise AblationError(
            f"{name} was not measured (there are {measured}), and no orders are given"
        )
    fields = ("measure", "quantizer", "direction")
    existing = list(zip(*(found[field].values.tolist() for field in fields), strict=True))
    wanted = tuple(getattr(ordering, field) for field in fields)
    if wanted not in existing:
        raise AblationError(
            f"{name} was not measured (there are {measured}), and by it, {wanted[1]}, "
            f"{wanted[2]} no order was found; there are "
            + "; ".join(", ".join(words) for words in existing)
        )
    order: np.ndarray = found["order"].values[existing.index(wanted)].astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(n_neurons)):
        raise AblationError(f"{name}: the order found is not one of {n_neurons} neurons")
    return order


class Curves(NamedTuple):
    """What an ablation does to the predictions, after each removal."""

    correct: np.ndarray
    """(orders, k + 1) int32, correct predictions."""
    changed: np.ndarray
    """(orders, k + 1) int32, predictions that are not those of the unablated network."""
    loss: np.ndarray
    """(orders, k + 1) float64, mean cross-entropy in nats."""


@dataclass(frozen=True)
class _Removals:
    """Sequences of neurons of one length to be ablated, each from the whole network on."""

    sequences: np.ndarray
    """(orders, k) int64."""
    replacements: np.ndarray
    """(orders) int64, row of the constants that removed neurons get."""
    constants: np.ndarray
    """(kinds, neurons) float32."""


def cumulative(
    network: Stack,
    inputs: Array,
    labels: Array,
    sequences: np.ndarray,
    *,
    constants: np.ndarray | None = None,
    rows: int = 2048,
    threads: int = 1,
) -> Curves:
    """Correct and changed predictions and loss of one network after each removal.

    On a CPU by compiled loops (`kernels`), whose counts are those of float64; with tensors on
    CUDA by recomputing, in float32, the layers that follow the one a neuron was removed from.
    Sequences of length one cost what single removals do: nothing is done again for each.

    Parameters
    ----------
    network
        A stack of one.
    inputs, labels
        (n, n_inputs) and (n), on the network's device.
    sequences
        (orders, k) neurons of the whole network in the order of their removal.
    constants
        (neurons), or (orders, neurons), outputs that removed neurons get, such as their
        means, which is the same as moving them into the next layer's biases ("bias
        balancing"); default zero.
    rows
        Examples at a time, which bounds memory. Counts do not depend on it; the loss does in
        its last bits.
    threads
        On a CPU, each with `rows` examples; results do not depend on it.

    Raises
    ------
    AblationError
        The constants are of another shape.
    """
    n_neurons = sum(network.architecture.hidden)
    given = np.zeros(n_neurons) if constants is None else constants
    if given.shape not in {(n_neurons,), (len(sequences), n_neurons)}:
        raise AblationError(
            f"constants are {given.shape}; give (neurons) or (orders, neurons), {n_neurons} neurons"
        )
    kinds, replacements = given[None], np.zeros(len(sequences), dtype=np.int64)
    if given.ndim == 2:
        kinds, replacements = np.unique(given, axis=0, return_inverse=True)
    removals = _Removals(
        sequences.astype(np.int64),
        replacements.reshape(-1),
        np.ascontiguousarray(kinds, dtype=np.float32),
    )
    return _curves(network, inputs, labels, [removals], rows, threads)[0]


def _curves(
    network: Stack,
    inputs: Array,
    labels: Array,
    removals: Sequence[_Removals],
    rows: int,
    threads: int,
) -> list[Curves]:
    """Of each of several removals what `cumulative` gives; layers are computed once for all."""
    network = network.folded()
    if str(inputs.device) == "cpu":
        inputs, labels = np.asarray(inputs), np.asarray(labels)
        counted: Callable[..., list[Curves]]
        counted = _Compiled(network.numpy(), removals).counted
        # Examples of a class lie together: a neuron is often off for all of them at once.
        order = np.argsort(labels, kind="stable")
    else:
        network, threads = network.tensors(inputs.device), 1
        counted = functools.partial(_recomputed, network, removals)
        order = np.arange(len(labels))
    blocks = [order[row : row + rows] for row in range(0, len(order), rows)]
    totals = [_nothing(each) for each in removals]
    with ThreadPoolExecutor(threads) as pool:
        # One after the other: the sum does not depend on how many threads there were.
        for parts in pool.map(lambda block: counted(inputs[block], labels[block]), blocks):
            for total, part in zip(totals, parts, strict=True):
                for summed, of_block in zip(total, part, strict=True):
                    summed += of_block
    return [
        Curves(correct.astype(np.int32), changed.astype(np.int32), loss / len(labels))
        for correct, changed, loss in totals
    ]


def _nothing(removals: _Removals) -> Curves:
    """Counts and summed losses of no example."""
    shape = (len(removals.sequences), removals.sequences.shape[1] + 1)
    return Curves(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape))


NONLINEARITIES: Final[Mapping[str, Callable[[np.ndarray], np.ndarray]]] = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, kernels.SLOPE * z),
    "tanh": np.tanh,
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(0.5 * z)),
    "silu": lambda z: np.maximum(z, -88) / (1 + np.exp(-np.maximum(z, -88))),
}
"""By name, of numpy arrays of either precision."""


def _layers(
    network: Stack, inputs: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Pre-activations of the first layer in float64, of all layers, outputs of the hidden ones."""
    activate = NONLINEARITIES[network.architecture.activation]
    weight, bias = (arrays[0][0].astype(np.float64) for arrays in (network.weights, network.biases))
    exact = inputs.astype(np.float64) @ weight.T + bias
    before, after = [exact.astype(np.float32)], []
    for weights, biases in zip(network.weights[1:], network.biases[1:], strict=True):
        after.append(activate(before[-1]))
        before.append(after[-1] @ weights[0].T + biases[0])
    return exact, before, after


class _Compiled:
    """A network in the layouts of `kernels`, and the removals of which kernel serves which."""

    def __init__(self, network: Stack, removals: Sequence[_Removals]) -> None:
        architecture = network.architecture
        self.network = network
        self.activation, self.hidden = architecture.activation, architecture.hidden
        self.n_classes = architecture.n_classes
        self.removals = removals
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
        # Of each removals, which orders are of the last two hidden layers only.
        self.shallow = [
            self.layers[r.sequences].min(axis=1, initial=len(self.hidden)) >= len(self.hidden) - 2
            for r in removals
        ]
        self.layouts = {
            shallow: self._shallow_layout() if shallow else self._deep_layout()
            for shallow in sorted({bool(last) for each in self.shallow for last in each})
        }

    def counted(self, inputs: np.ndarray, labels: np.ndarray) -> list[Curves]:
        """Counts and summed losses of some examples, for each of the removals."""
        exact, before, after = _layers(self.network, inputs)
        first = NONLINEARITIES[self.activation](exact)
        examples = {
            shallow: self._side_by_side(before, after, labels)
            if shallow
            else self._lined_up(before, after, labels)
            for shallow in self.layouts
        }
        results = []
        for removals, of_last_two in zip(self.removals, self.shallow, strict=True):
            curves = _nothing(removals)
            for shallow, layout in self.layouts.items():
                orders = np.flatnonzero(of_last_two == shallow)
                parts = [values[orders] for values in curves]
                *arrays, classes = examples[shallow]
                kernel: Callable[..., None] = kernels.shallow if shallow else kernels.deep
                kernel(
                    *arrays,
                    *layout,
                    self.n_classes,
                    classes,
                    removals.sequences[orders],
                    removals.replacements[orders],
                    removals.constants,
                    kernels.KINDS[self.activation],
                    (first, *self.exact),
                    *parts,
                )
                for values, part in zip(curves, parts, strict=True):
                    values[orders] = part
            results.append(curves)
        return results

    def _side_by_side(
        self, before: Sequence[np.ndarray], after: Sequence[np.ndarray], labels: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        none = np.zeros((len(labels), 0), np.float32)
        return (
            _side_by_side(after[-2] if len(after) > 1 else none, 0),
            _side_by_side(before[-2], 0),
            _side_by_side(labels[:, None].astype(np.int32), -1)[:, 0],
        )

    def _lined_up(
        self, before: Sequence[np.ndarray], after: Sequence[np.ndarray], labels: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        none = np.zeros((len(labels), self.n_classes), np.float32)
        return _lined_up([*after, none]), _lined_up(before), labels.astype(np.int64)

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
    removals: Sequence[_Removals],
    inputs: Tensor,
    labels: Tensor,
) -> list[Curves]:
    """Counts and summed losses; what follows the layer of a removed neuron is recomputed."""
    import torch

    from neuroninfo.networks.forward import losses, outputs

    hidden = network.architecture.hidden
    coordinates = neuron_coordinates(hidden)
    layers, units = coordinates["layer"][1] - 1, coordinates["unit"][1]
    edges = np.cumsum([0, *hidden])
    unablated = [layer[0] for layer in outputs(network, inputs)]
    predicted = unablated[-1].argmax(-1)
    results = []
    for run in removals:
        constants = torch.from_numpy(run.constants).to(inputs.device)
        curves = _nothing(run)
        for number, sequence in enumerate(run.sequences):
            constant = constants[run.replacements[number]]
            given = [constant[a:b] for a, b in itertools.pairwise(edges)]
            values = [layer.clone() for layer in unablated]
            dead = [torch.zeros(width, dtype=torch.bool, device=inputs.device) for width in hidden]
            for step in range(len(sequence) + 1):
                if step > 0:
                    layer, unit = int(layers[sequence[step - 1]]), int(units[sequence[step - 1]])
                    dead[layer][unit] = True
                    values[layer][:, unit] = given[layer][unit]
                    _recompute(network, values, dead, given, layer + 1)
                now = values[-1].argmax(-1)
                curves.correct[number, step] = int((now == labels).sum())
                curves.changed[number, step] = int((now != predicted).sum())
                summed = losses(values[-1], labels).sum(dtype=torch.float64)
                curves.loss[number, step] = float(summed)
        results.append(curves)
    return results


def _recompute(
    network: Stack,
    values: list[Tensor],
    dead: list[Tensor],
    given: Sequence[Tensor],
    first: int,
) -> None:
    """Outputs of the layers from `first` on, in place."""
    import torch

    from neuroninfo.networks.forward import NONLINEARITIES

    activation = NONLINEARITIES[network.architecture.activation]
    for layer in range(first, len(values)):
        weight, bias = network.weights[layer][0], network.biases[layer][0]
        torch.addmm(bias, values[layer - 1], weight.t(), out=values[layer])
        if layer < len(dead):
            activated = activation.apply(values[layer])
            torch.where(dead[layer], given[layer], activated, out=activated)


def scopes(
    hidden: Sequence[int], within: Sequence[str] = (LAYERS, NETWORK)
) -> dict[str, np.ndarray]:
    """Names of the scopes and the neurons in each: every hidden layer, then the network.

    Raises
    ------
    AblationError
        `within` has another word than ``layers`` and ``network``.
    """
    if unknown := sorted({*within} - {LAYERS, NETWORK}):
        raise AblationError(f"scopes: {unknown[0]!r} is none; there are {LAYERS}, {NETWORK}")
    layers = neuron_coordinates(hidden)["layer"][1]
    found = {}
    if LAYERS in within:
        for layer in range(1, len(hidden) + 1):
            found[f"layer-{layer}"] = np.flatnonzero(layers == layer)
    if NETWORK in within:
        found[NETWORK] = np.arange(len(layers))
    return found


def ablate(
    stack: Stack,
    neurons: xr.Dataset,
    inputs: Array,
    labels: Array,
    chosen: Sequence[Ordering],
    study_seed: int,
    *,
    found: Mapping[str, xr.Dataset] | None = None,
    means: np.ndarray | None = None,
    within: Sequence[str] = (LAYERS, NETWORK),
    rows: int = 2048,
    threads: int = 1,
) -> dict[str, xr.Dataset]:
    """Ablate all networks of a stack scope by scope, in the layout of ``ablation-<set>.nc``.

    Parameters
    ----------
    stack
        Networks.
    neurons
        Their measures, same seeds.
    inputs, labels
        (n, n_inputs) and (n), the test split.
    chosen
        What to order by, and what ablated neurons put out.
    study_seed
        Of the random streams.
    found
        Scope -> group of ``orders-<set>.nc``: orders by joint and reference measures, which
        `neurons` does not have.
    means
        (seeds, neurons), mean output of each neuron on the training split; only orderings
        whose replacement is ``mean`` need it.
    within
        Scopes: ``layers``, each by itself, ``network``, all together, or both.
    rows, threads
        As in `cumulative`.

    Raises
    ------
    AblationError
        The measures, orders or means are of other networks, or not there; an unknown scope.
    """
    seeds, n_neurons = stack.seeds, sum(stack.architecture.hidden)
    measured = (tuple(map(int, neurons["seed"].values)), neurons.sizes["neuron"])
    if measured != (seeds, n_neurons):
        raise AblationError(
            f"measures are of (seeds, neurons) {measured}, networks of {(seeds, n_neurons)}"
        )
    balanced = np.array([ordering.replacement == MEAN for ordering in chosen], dtype=np.int64)
    if means is None:
        if balanced.any():
            raise AblationError(
                "replacements: mean needs the neurons' mean outputs (mean_output of network.nc)"
            )
        means = np.zeros((len(seeds), n_neurons))
    elif means.shape != (len(seeds), n_neurons):
        raise AblationError(
            f"means are (seeds, neurons) {means.shape}, networks {(len(seeds), n_neurons)}"
        )
    members = scopes(stack.architecture.hidden, within)
    ordered: dict[str, list[np.ndarray]] = {scope: [] for scope in members}
    curves: dict[str, list[Curves]] = {scope: [] for scope in members}
    for position, seed in enumerate(seeds):
        constants = np.stack([np.zeros(n_neurons), means[position]]).astype(np.float32)
        removals = []
        for scope, of_scope in members.items():
            order = orders(
                neurons.isel(seed=position),
                chosen,
                of_scope,
                study_seed,
                found=_group(found, scope, seed),
            )
            ordered[scope].append(order)
            removals.append(_Removals(of_scope[order], balanced, constants))
        network = stack.of(slice(position, position + 1))
        results = _curves(network, inputs, labels, removals, rows, threads)
        for scope, curve in zip(members, results, strict=True):
            curves[scope].append(curve)
    test = {
        "n_test": len(labels),
        "n_classes": stack.architecture.n_classes,
        "chance_correct": int(np.bincount(np.asarray(labels)).max()),
    }
    return {
        scope: _scope_dataset(seeds, chosen, ordered[scope], curves[scope]).assign_attrs(test)
        for scope in members
    }


def _group(found: Mapping[str, xr.Dataset] | None, scope: str, seed: int) -> xr.Dataset | None:
    """Orders of a scope at one seed."""
    if found is None:
        return None
    if scope not in found:
        raise AblationError(
            f"orders found: none in {scope}; there are {', '.join(found)}; find them again"
        )
    seeds = found[scope]["seed"].values.tolist()
    if seed not in seeds:
        raise AblationError(f"orders found: none of seed {seed}; there are {seeds}")
    return found[scope].isel(seed=seeds.index(seed))


def _scope_dataset(
    seeds: Sequence[int],
    chosen: Sequence[Ordering],
    ordered: Sequence[np.ndarray],
    curves: Sequence[Curves],
) -> xr.Dataset:
    fields = {
        "measure": "what the order is made by",
        "quantizer": "quantizer of the measure",
        "direction": "ascending: lowest first",
        "repeat": "number of the random order, else -1",
        "replacement": "what ablated neurons put out: zero, or mean (each its own, on train)",
    }
    n_steps = ordered[0].shape[1]
    dims = ("seed", "ordering", "removed")
    return xr.Dataset(
        {
            "correct": (
                dims,
                np.stack([curve.correct for curve in curves]),
                labelled("correct predictions on test after the removals", "1"),
            ),
            "changed": (
                dims,
                np.stack([curve.changed for curve in curves]),
                labelled("test predictions that are not the unablated network's", "1"),
            ),
            "loss": (
                dims,
                np.stack([curve.loss for curve in curves]),
                labelled("mean cross-entropy on test after the removals", "nat"),
            ),
            "order": (
                ("seed", "ordering", "step"),
                np.stack(ordered).astype(np.int16),
                labelled("neuron removed in this step, numbered within the scope", "1"),
            ),
        },
        coords={
            "seed": ("seed", list(seeds), {"long_name": "seed"}),
            "removed": (
                "removed",
                np.arange(n_steps + 1),
                {"long_name": "number of neurons ablated"},
            ),
            "step": ("step", np.arange(n_steps), {"long_name": "step of the ablation"}),
            **{
                name: ("ordering", [getattr(o, name) for o in chosen], {"long_name": long_name})
                for name, long_name in fields.items()
            },
        },
    )
