"""Two-dimensional sets, and the models fitted to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ToySettings:
    """A set, and its logistic regression."""

    name: str
    """A key of `sets.RULES`."""
    points: int
    """Half of each class."""
    noise: float
    """Standard deviation around the rule's shape."""
    l2: float
    """Strength of L2 of logistic regression; positive."""
    study_seed: int


@dataclass(frozen=True)
class ToyNetworkSettings:
    """Networks of width two, and how they are trained on all points at once."""

    layers: int
    """Hidden ones, each of width two."""
    activation: str
    """One of `activations.BOUNDED`."""
    l2: float
    """The same as in `training.settings.Regularizer`."""
    restarts: int
    """Networks."""
    learning_rate: float
    """Learning rate of Adam."""
    epochs: int
    """Each is one step on all points."""
    frames: int
    """About how many epochs are kept (`log_spaced_epochs`)."""
    study_seed: int
