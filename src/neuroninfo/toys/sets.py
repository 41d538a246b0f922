"""Two-dimensional sets of two classes, drawn by a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroninfo.streams import Stream, generator

Floats = NDArray[np.float64]

_CENTRE: Final = np.array([1.0, 0.5])
"""Centre of class 1 of the set ``separable``; that of class 0 lies opposite."""

_GAP: Final = 0.25
"""Least distance of a point of ``separable`` from the line between the classes."""


def _separable(labels: NDArray[np.int64], noise: float, random: np.random.Generator) -> Floats:
    """Gaussian clouds around -c and c with a gap between.

    What is nearer to the line between than the gap, or beyond it, is folded back: the classes
    are linearly separable whatever the noise.
    """
    sign = 2.0 * labels - 1
    along = _CENTRE / np.hypot(*_CENTRE)
    across = np.array([-along[1], along[0]])
    drawn = random.normal(0, noise, (len(labels), 2))
    distance = _GAP + np.abs(np.hypot(*_CENTRE) + drawn[:, 0] - _GAP)
    return np.outer(sign * distance, along) + np.outer(drawn[:, 1], across)


def _moons(labels: NDArray[np.int64], noise: float, random: np.random.Generator) -> Floats:
    """Two half circles of radius 1 that reach into each other, and Gaussian noise."""
    angle = random.uniform(0, np.pi, len(labels))
    sign = 1.0 - 2 * labels  # the second is the first turned by half a turn
    arcs = np.column_stack([sign * (np.cos(angle) - 0.5), sign * (np.sin(angle) - 0.25)])
    return arcs + random.normal(0, noise, arcs.shape)


def _xor(labels: NDArray[np.int64], noise: float, random: np.random.Generator) -> Floats:
    """Gaussian clouds around the corners of a square; class 1 where exactly one input is high."""
    first = random.choice([-1.0, 1.0], len(labels))
    corners = np.column_stack([first, first * (1 - 2 * labels)])
    return corners + random.normal(0, noise, corners.shape)


_Rule = Callable[[NDArray[np.int64], float, np.random.Generator], Floats]

RULES: Final[Mapping[str, _Rule]] = {"separable": _separable, "moons": _moons, "xor": _xor}
"""Set -> its rule: labels (n), noise (standard deviation), generator -> points (n, 2)."""


def draw(
    name: str, *, points: int, noise: float, study_seed: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Draw a set: inputs (points, 2) and labels (points), 0 and 1 in turn.

    Parameters
    ----------
    name
        A key of `RULES`.
    noise
        Standard deviation around the rule's shape; the same points at another noise lie in
        the same directions from it.
    study_seed
        Seed of the study (stream ``TOY``).

    Raises
    ------
    ValueError
        There is no such set.
    """
    if name not in RULES:
        raise ValueError(f"toys.sets.{name}: unknown; there are {', '.join(RULES)}")
    labels = np.arange(points, dtype=np.int64) % 2
    return RULES[name](labels, noise, generator(study_seed, Stream.TOY, name)), labels
