"""Training where each network of a stack has training examples of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from neuroninfo.files.checkpoints import Arrays, Checkpoint
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.training.layouts import Trained
from neuroninfo.training.loop import train
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import Split

SILENCE: Final = 30.0
"""Seconds after which a log says how far training is."""


def resumed(
    checkpoint: Checkpoint | None, arrays: dict[str, NDArray[Any]]
) -> tuple[int, Callable[[int], None]]:
    """Fill the arrays from a checkpoint.

    Returns how many parts are in them, and what offers to save those before a part.
    """
    if checkpoint is None:
        return 0, lambda part: None

    def restore(saved: Arrays) -> None:
        for name, array in arrays.items():
            array[...] = saved[name]

    checkpoint.add("parts", lambda part: arrays, restore)
    return checkpoint.resume() or 0, checkpoint.offer


def trained_on_subsets(
    shape: Architecture,
    seeds: Sequence[int],
    pool: Split,
    rows: NDArray[np.int64],
    settings: Settings,
    between: Callable[[], None],
    report: Callable[[str], None],
    options: Mapping[str, Any],
) -> Trained:
    """Networks, each on its own rows, none evaluated; `between` is called after each epoch."""
    own = Split(pool.inputs, pool.labels, torch.from_numpy(rows).to(pool.inputs.device))
    one = Split(pool.inputs[:1], pool.labels[:1])
    splits = {"train": own, "validation": one, "test": one}
    begun = told = time.monotonic()

    def observe(epoch: int, stack: Stack) -> None:
        nonlocal told
        between()
        now = time.monotonic()
        if epoch > 0 and now - told >= SILENCE:
            told = now
            left = (now - begun) / epoch * (settings.epochs - epoch)
            report(
                f"... {rows.shape[1]} of each, epoch {epoch} of {settings.epochs}: "
                f"{now - begun:.0f} s, about {left:.0f} s left"
            )

    return train(shape, seeds, splits, settings, history_epochs=(), observe=observe, **options)


def epochs_of(steps: int, m: int, batch_size: int) -> int:
    """Fewest whole epochs with at least that number of steps."""
    return math.ceil(steps / math.ceil(m / batch_size))


def check_enough(there: int, needed: int, name: str) -> None:
    """Refuse a data set with fewer training examples than are needed.

    Raises
    ------
    ValueError
        There are fewer.
    """
    if there < needed:
        raise ValueError(
            f"{name}: {needed} training examples are needed and there are {there}; ask for smaller "
            "`sizes`"
        )
