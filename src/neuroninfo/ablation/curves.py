"""Correct predictions and loss of one network after each removal."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from neuroninfo.ablation.blocked import blocked
from neuroninfo.ablation.compiled import Compiled
from neuroninfo.ablation.kernels import KINDS
from neuroninfo.ablation.recomputed import in_float64
from neuroninfo.ablation.removals import Curves, Removals, nothing
from neuroninfo.networks.stack import Array, Stack


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

    On a CPU by compiled loops (`kernels`), with tensors on CUDA by products of many removals
    (`blocked`); the counts of both are those of float64.  Activations without compiled loops (not
    in `kernels.KINDS`) are recomputed on a CPU in float64.
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
    ValueError
        The constants are of another shape.
    """
    n_neurons = sum(network.architecture.hidden)
    given = np.zeros(n_neurons) if constants is None else constants
    if given.shape not in {(n_neurons,), (len(sequences), n_neurons)}:
        raise ValueError(
            f"constants are {given.shape}; give (neurons) or (orders, neurons), {n_neurons} neurons"
        )
    kinds, replacements = given[None], np.zeros(len(sequences), dtype=np.int64)
    if given.ndim == 2:
        kinds, replacements = np.unique(given, axis=0, return_inverse=True)
    removals = Removals(
        sequences.astype(np.int64),
        replacements.reshape(-1),
        np.ascontiguousarray(kinds, dtype=np.float32),
    )
    return curves_of(network, inputs, labels, [removals], rows, threads)[0]


def curves_of(
    network: Stack,
    inputs: Array,
    labels: Array,
    removals: Sequence[Removals],
    rows: int,
    threads: int,
) -> list[Curves]:
    """Curves of several removals, as `cumulative` gives them; layers are computed once for all.

    An order that stands several times among the removals, by other measures' names, is ablated
    once.
    """
    network = network.folded()
    distinct = [_distinct(each) for each in removals]
    removals = [each for each, _ in distinct]
    counted: Callable[..., list[Curves]]
    if str(inputs.device) == "cpu":
        inputs, labels = np.asarray(inputs), np.asarray(labels)
        if network.architecture.activation in KINDS:
            counted = Compiled(network.numpy(), removals).counted
        else:
            counted = in_float64(network, removals)
        # Examples of a class lie together: a neuron is often off for all of them at once.
        order = np.argsort(labels, kind="stable")
    else:
        network, threads = network.tensors(inputs.device), 1
        counted = functools.partial(blocked, network, removals)
        order = np.arange(len(labels))
    blocks = [order[row : row + rows] for row in range(0, len(order), rows)]
    totals = [nothing(each) for each in removals]
    with ThreadPoolExecutor(threads) as pool:
        # One after the other: the sum does not depend on how many threads there were.
        for parts in pool.map(lambda block: counted(inputs[block], labels[block]), blocks):
            for total, part in zip(totals, parts, strict=True):
                for summed, of_block in zip(total, part, strict=True):
                    summed += of_block
    return [
        Curves(
            correct[places].astype(np.int32),
            changed[places].astype(np.int32),
            loss[places] / len(labels),
        )
        for (correct, changed, loss), (_, places) in zip(totals, distinct, strict=True)
    ]


def _distinct(removals: Removals) -> tuple[Removals, np.ndarray]:
    """The orders that differ in neurons or constants, and which of them each of all orders is."""
    rows = np.column_stack([removals.replacements, removals.sequences])
    _, first, places = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return (
        Removals(removals.sequences[first], removals.replacements[first], removals.constants),
        places.reshape(-1),
    )
