"""Examples with other labels, or of some classes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neuroninfo.data.datasets import Examples
from neuroninfo.streams import Stream, generator


def relabelled(examples: Examples, share: float, study_seed: int) -> Examples:
    """Draw the class of so large a share of examples anew, uniformly; in all splits alike.

    Bounds take training and test examples from one distribution: so that of test is noisy too.
    """
    if share == 0:
        return examples
    random = generator(study_seed, Stream.LABEL_NOISE, examples.name)
    drawn = random.random(len(examples.labels)) < share
    classes = random.integers(0, examples.n_classes, len(examples.labels))
    return replace(examples, labels=np.where(drawn, classes, examples.labels))


def of_classes(examples: Examples, classes: Sequence[int]) -> Examples:
    """Examples of some classes only, numbered from 0 in the order that is given.

    Raises
    ------
    ValueError
        A class that there is not.
    """
    if foreign := [c for c in classes if not 0 <= c < examples.n_classes]:
        raise ValueError(
            f"classes: {foreign[0]} is not a class of {examples.name}; they are 0 to "
            f"{examples.n_classes - 1}"
        )
    number = np.full(examples.n_classes, -1)
    number[list(classes)] = range(len(classes))
    kept = number[examples.labels] >= 0
    slices, end = {}, 0
    for name, rows in examples.slices.items():
        start, end = end, end + int(kept[rows].sum())
        slices[name] = slice(start, end)
    return replace(
        examples,
        n_classes=len(classes),
        inputs=np.ascontiguousarray(examples.inputs[kept]),
        labels=number[examples.labels[kept]],
        index=examples.index[kept],
        slices=slices,
        complete=False,
    )
