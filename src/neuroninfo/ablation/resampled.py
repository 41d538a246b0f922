"""Cumulative ablation in which removed neurons put out what they put out on another example.

"Resample ablation": unlike a constant this keeps each neuron's distribution.  All neurons that are
removed have the same other example, so what they say together stays consistent.  The other example
is drawn, so the counts have an error that several draws tell.
"""

from __future__ import annotations

import numpy as np

from neuroninfo.ablation.recomputed import after_each_removal
from neuroninfo.ablation.removals import Curves
from neuroninfo.networks.stack import Array, Stack
from neuroninfo.streams import Stream, generator


def other_examples(n: int, study_seed: int, seed: int, draw: int) -> np.ndarray:
    """(n) which example's outputs the removed neurons put out on each: a permutation.

    Parameters
    ----------
    n
        Examples.
    study_seed, seed, draw
        Of the random stream.
    """
    what = f"outputs of seed {seed}, draw {draw}"
    return generator(study_seed, Stream.BOOTSTRAP, what).permutation(n)


def resampled(
    network: Stack,
    inputs: Array,
    labels: Array,
    sequences: np.ndarray,
    others: np.ndarray,
) -> Curves:
    """Correct and changed predictions and loss after each removal, by torch in float64 on a CPU.

    Parameters
    ----------
    network
        A stack of one.
    inputs, labels
        (n, n_inputs) and (n).
    sequences
        (orders, k) neurons of the whole network in the order of their removal.
    others
        (orders, n) the example whose outputs removed neurons put out on each example.
    """
    import torch

    from neuroninfo.networks.forward import outputs

    exact = network.folded().tensors("cpu", torch.float64)
    examples = torch.as_tensor(inputs).to("cpu", torch.float64)
    classes = torch.as_tensor(labels).to("cpu", torch.int64)
    unablated = [layer[0] for layer in outputs(exact, examples)]
    found: list[list[np.ndarray]] = [[], [], []]
    for sequence, other in zip(sequences, others, strict=True):
        given = [layer[torch.from_numpy(other)] for layer in unablated[:-1]]
        curve = after_each_removal(exact, unablated, classes, sequence, given)
        for rows, values in zip(found, curve, strict=True):
            rows.append(values)
    correct, changed, loss = map(np.stack, found)
    return Curves(correct.astype(np.int32), changed.astype(np.int32), loss / len(classes))
