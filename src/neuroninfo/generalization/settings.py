"""Settings of the networks that are trained for bounds on the generalization gap."""

from __future__ import annotations

from dataclasses import dataclass

from neuroninfo.training.settings import Settings


@dataclass(frozen=True)
class GapSettings:
    """Training sets of several sizes, and the numbers of the bounds."""

    sizes: tuple[int, ...]
    """Examples of a training set, ascending."""
    steps: int
    """Smallest number of steps of the optimizer; it is rounded up to whole epochs."""
    estimators: tuple[str, ...]
    """Names, as `planes.estimators.names.named` takes them."""
    measured: int
    """Training examples at most on which I(X;L) is estimated."""
    highest: float
    """Cross-entropy in nats at which it is cut off."""
    delta: float
    """Probability with which B2 may fail."""
    label_noise: float
    """Share of examples whose class is drawn anew."""
    training: Settings
    """How networks are trained, but for the number of epochs, which follows from `steps`."""


@dataclass(frozen=True)
class SupersampleSettings:
    """Pools of pairs of which each network is trained on one half."""

    sizes: tuple[int, ...]
    """Pairs of a pool, ascending."""
    steps: int
    """The same as in `GapSettings`."""
    pools: int
    """Number of pools of each size."""
    masks: int
    """Networks of a pool."""
    permutations: int
    """Permutations of the selections, for the baseline."""
    classes: tuple[int, ...] | None
    """Whose examples are taken; None: all."""
    label_noise: float
    """The same as in `GapSettings`."""
    training: Settings
    """The same as in `GapSettings`."""
