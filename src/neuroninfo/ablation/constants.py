"""Constants that ablated neurons put out, beside zero and the mean: mode, and optimal constant.

- The *mode* of a neuron's outputs ("peak ablation": Pochinkov, Pasero and Shibayama 2024,
  arXiv:2408.17322): the fullest of equal bins over its range, here the median of the outputs in it,
  so that a neuron which is mostly off has exactly 0.
- The *optimal* constant (Li and Janson 2024, arXiv:2409.09951): with it in place of the neuron,
  and no other neuron ablated, the mean loss is the smallest.  It is searched on a grid, on which
  zero, the mean and the mode stand too, so that it is none worse than these where it is searched.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.ablation.curves import curves_of
from neuroninfo.ablation.removals import Removals
from neuroninfo.ablation.settings import MODE, OPTIMAL, ConstantSettings
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack, neuron_coordinates
from neuroninfo.vocabulary import MEAN, ZERO


def modes(values: np.ndarray, bins: int) -> NDArray[np.float64]:
    """Median of the outputs in the fullest of equal bins over each neuron's range.

    Of bins that are equally full the lowest.

    Parameters
    ----------
    values
        (n, neurons) outputs.
    bins
        Number of bins.
    """
    found = np.empty(values.shape[1])
    for neuron, outputs in enumerate(values.T.astype(np.float64)):
        low, high = outputs.min(), outputs.max()
        if low == high:
            found[neuron] = low
            continue
        place = np.minimum(((outputs - low) / (high - low) * bins).astype(np.intp), bins - 1)
        fullest = np.bincount(place, minlength=bins).argmax()
        found[neuron] = np.median(outputs[place == fullest])
    return found


def constants(
    stack: Stack,
    activations: Iterable[xr.Dataset],
    means: np.ndarray,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: ConstantSettings,
    *,
    threads: int = 1,
) -> xr.Dataset:
    """Mode and optimal constant of every neuron, in the layout of ``constants.nc``.

    Parameters
    ----------
    stack
        Networks.
    activations
        One dataset per seed, in the layout of ``activations.nc``; of its last epoch are the modes
        and the ranges of the grids.
    means
        (seeds, neurons) mean outputs.
    inputs, labels
        (n, n_inputs) and (n), the examples on which the loss is made the smallest.
    settings
        Bins of the mode and steps of the grid.
    threads
        As of `curves.cumulative`.

    Raises
    ------
    ValueError
        Outputs and networks are of different seeds.
    """
    n_seeds, n_neurons = len(stack.seeds), sum(stack.architecture.hidden)
    tried = np.empty((n_seeds, settings.grid + 3, n_neurons), dtype=np.float32)
    losses = np.empty(tried.shape)
    for position, part in enumerate(activations):
        of_seed, network = part.isel(seed=0, epoch=-1), stack.of(slice(position, position + 1))
        if (seeds := (int(of_seed["seed"]),)) != network.seeds:
            raise ValueError(f"outputs are of seed {seeds}, the network of {network.seeds}")
        values = of_seed["activation"].values
        low, high = values.min(axis=0), values.max(axis=0)
        tried[position] = [
            np.zeros(n_neurons),
            means[position],
            modes(values, settings.bins),
            *np.linspace(low, high, settings.grid),
        ]
        each = np.tile(np.arange(n_neurons), len(tried[position]))[:, None]
        rows = np.repeat(np.arange(len(tried[position])), n_neurons)
        removals = Removals(each, rows, tried[position])
        (alone,) = curves_of(network, inputs, labels, [removals], settings.rows, threads)
        losses[position] = alone.loss[:, 1].reshape(-1, n_neurons)
    best = losses.argmin(axis=1)[:, None]  # of equal losses zero, the mean, the mode first
    optimal, smallest = (np.take_along_axis(array, best, axis=1)[:, 0] for array in (tried, losses))
    of_neuron = ("seed", "neuron")
    alone_put = "mean cross-entropy, this neuron alone ablated to"
    return xr.Dataset(
        {
            MODE: (of_neuron, tried[:, 2].astype(np.float64), labelled("mode of the output", "1")),
            OPTIMAL: (
                of_neuron,
                optimal.astype(np.float64),
                labelled("constant with the smallest loss, this neuron alone ablated", "1"),
            ),
            **{
                f"loss_{name}": (of_neuron, losses[:, row], labelled(f"{alone_put} {words}", "nat"))
                for row, (name, words) in enumerate(
                    ((ZERO, "zero"), (MEAN, "its mean"), (MODE, "its mode"))
                )
            },
            f"loss_{OPTIMAL}": (
                of_neuron,
                smallest,
                labelled(f"{alone_put} the optimal constant", "nat"),
            ),
        },
        coords={
            "seed": ("seed", list(stack.seeds), {"long_name": "seed"}),
            **neuron_coordinates(stack.architecture.hidden),
        },
        attrs={"n_examples": len(labels)},
    )
