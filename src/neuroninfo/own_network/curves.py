"""Curves of removals of measured units, by compiled loops or by passes of the model."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.curves import curves_of
from neuroninfo.ablation.removals import Curves, Removals
from neuroninfo.own_network import removal
from neuroninfo.own_network.evaluation import all_logits, evaluating, plain
from neuroninfo.own_network.examples import Examples, check_classes
from neuroninfo.own_network.layers import Layer, Watched, find
from neuroninfo.own_network.progress import bar
from neuroninfo.own_network.reading import LOOPS, layers_of
from neuroninfo.own_network.sequence import flat, in_sequence

_ROWS: Final = 2048
"""Examples that compiled loops ablate at a time."""


def by_loops(neurons: xr.Dataset) -> bool:
    """Whether measured units are of a network that compiled loops take."""
    return neurons.attrs.get("computed_by") == LOOPS


def check_measured(neurons: xr.Dataset) -> None:
    """Refuse measures that `measure` has not given.

    Raises
    ------
    ValueError
        They do not say whose outputs the units are, or are of several networks.
    """
    if "module" not in neurons.coords or neurons.sizes.get("seed") != 1:
        raise ValueError("neurons: give what neuroninfo.measure gave of this model")


def constants_of(neurons: xr.Dataset) -> np.ndarray:
    """(2, units) float32, what removed units put out: zero, and each its mean."""
    name = "mean_output" if "mean_output" in neurons else "mean_activation"
    means = neurons[name].isel(seed=0).values
    return np.stack([np.zeros_like(means), means]).astype(np.float32)


def curves(
    model: nn.Module,
    neurons: xr.Dataset,
    which: str,
    data: Any,  # noqa: ANN401
    removals: Sequence[Removals],
    grids: Sequence[np.ndarray],
    *,
    memory: int = removal.MEMORY,
    progress: bool = True,
) -> tuple[list[Curves], np.ndarray, int]:
    """Curves of removals.

    Parameters
    ----------
    model, neurons, memory, progress
        As of `study.ablate`.
    which, data
        What is predicted, and what it is called in messages.
    removals, grids
        As of `removal.cumulative`.

    Returns
    -------
    list of Curves, ndarray, int
        (orders, numbers of removed units) each; the classes of the examples; and the number of
        the model's classes.

    Raises
    ------
    ValueError
        The measures are of another network, or the data do not fit.
    """
    module = plain(model)
    examples = Examples(which, data, module)
    names, widths = layers_of(neurons)
    if by_loops(neurons):
        given = all_logits(module, examples)
        network = in_sequence(module, examples, given, int(neurons["seed"][0]))
        if network is None or list(network.architecture.hidden) != widths:
            raise ValueError("neurons: measures are of another network; measure this one")
        inputs, labels = flat(examples)
        n_classes = network.architecture.n_classes
        check_classes(which, labels, n_classes)
        whole = curves_of(network, inputs.numpy(), labels.numpy(), removals, _ROWS, 1)
        chosen = [
            Curves(*(values[:, grid] for values in curve))
            for curve, grid in zip(whole, grids, strict=True)
        ]
        return chosen, labels.numpy(), n_classes
    with evaluating(module):
        layers, watched = found(module, examples, names, widths, str(neurons.attrs["channels"]))
        ablated = removal.Ablated(module, layers, watched, memory)
        states = sum(g.size * len(r.sequences) for g, r in zip(grids, removals, strict=True))
        length = examples.length()
        total = None if length is None else states * length
        with bar(total, "predictions", shown=progress) as done:
            counted, labels = removal.cumulative(ablated, examples, removals, grids, done)
    return counted, labels.numpy(), watched.logits.shape[1]


def found(
    module: nn.Module,
    examples: Examples,
    names: Sequence[str],
    widths: Sequence[int],
    channels: str,
) -> tuple[list[Layer], Watched]:
    """The layers that were measured."""
    patterns = dict.fromkeys(glob.escape(name.partition("#")[0]) for name in names)
    found, watched = find(module, examples.first(), list(patterns), channels=channels)
    layers = [layer for layer in found if layer.name in names]
    there = [(layer.name, layer.width) for layer in layers]
    if there != list(zip(names, widths, strict=True)):
        raise ValueError(f"neurons: measures are of another network; this one has units {there}")
    return layers, watched
