"""Shapley values of units: what each one contributes to the accuracy, averaged over all orders.

Source: Ghorbani and Zou, Neuron Shapley, NeurIPS 2020: the value of a set of units is the accuracy
of the network with all others replaced, and the mean over random permutations of what a unit's
removal costs is an unbiased estimate of its Shapley value (equation 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.removals import Removals
from neuroninfo.files.storage import labelled
from neuroninfo.own_network import removal
from neuroninfo.own_network.curves import check_measured, constants_of, curves
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import MEAN, ZERO


def shapley(
    model: nn.Module,
    neurons: xr.Dataset,
    validation: Any,  # noqa: ANN401
    *,
    permutations: int = 20,
    replacement: str = ZERO,
    memory: int = removal.MEMORY,
    progress: bool = True,
) -> xr.Dataset:
    """Estimate the Shapley value of every unit of the network by sampling permutations.

    Each permutation needs as many passes as there are units. The values of a permutation add up to
    the accuracy of the network minus the accuracy without any unit.

    Parameters
    ----------
    model, neurons
        A network, and what `measure` returned for it.
    validation
        Data like those of `measure`; the accuracy is that on these examples.
    permutations
        Number of permutations that are drawn, 2 or more. The standard error falls with its square
        root.
    replacement
        What removed units put out: ``zero``, or ``mean``, the unit's mean.
    memory, progress
        As in `ablate`.

    Returns
    -------
    Dataset
        `neurons` with two more variables: ``shapley``, in units of accuracy, and
        ``shapley_error``, its standard error. Units can then be ordered by ``shapley``.

    Raises
    ------
    ValueError
        The measures belong to another network, or the data do not fit the model.

    Examples
    --------
    >>> import neuroninfo, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> data = (torch.randn(50, 4), torch.arange(50) % 2)
    >>> neurons = neuroninfo.shapley(model, neuroninfo.measure(model, data), data)
    >>> curves = neuroninfo.ablate(model, neurons, data, orderings=["shapley"])
    """
    check_measured(neurons)
    if permutations < 2:
        raise ValueError(f"permutations: {permutations} give no standard error; draw 2 or more")
    if replacement not in (ZERO, MEAN):
        raise ValueError(f"replacement: {replacement!r} is unknown; there are {ZERO}, {MEAN}")
    n, seed = neurons.sizes["neuron"], int(neurons["seed"][0])
    sequences = np.stack(
        [
            generator(seed, Stream.SHAPLEY, seed, repeat).permutation(n)
            for repeat in range(permutations)
        ]
    )
    kinds = np.full(permutations, int(replacement == MEAN), dtype=np.int64)
    removals = Removals(sequences.astype(np.int64), kinds, constants_of(neurons))
    (curve,), labels, _ = curves(
        model,
        neurons,
        "validation",
        validation,
        [removals],
        [np.arange(n + 1)],
        memory=memory,
        progress=progress,
    )
    costs = -np.diff(curve.correct.astype(np.float64), axis=1) / len(labels)
    worth = np.empty_like(costs)
    np.put_along_axis(worth, sequences, costs, axis=1)
    error = worth.std(axis=0, ddof=1) / np.sqrt(permutations)
    words = f"Shapley value for the accuracy, {permutations} permutations, units to {replacement}"
    return neurons.assign(
        shapley=(("seed", "neuron"), worth.mean(axis=0)[None], labelled(words, "1")),
        shapley_error=(
            ("seed", "neuron"),
            error[None],
            labelled("standard error of the Shapley value over permutations", "1"),
        ),
    )
