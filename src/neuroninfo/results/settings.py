"""How counts are read off ablation curves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CountSettings:
    """Settings of `counts.count_neurons`."""

    study_seed: int
    delta: float
    """Tolerance of claims and of marks in figures."""
    deltas: tuple[float, ...]
    """More tolerances, shares of the accuracy above chance."""
    changed: tuple[float, ...]
    """More tolerances of inactive neurons: shares of the predictions that may change."""
    lost: tuple[float, ...]
    """More of them: shares of all examples by which the accuracy may fall."""
    rectified: bool
    """Whether a neuron can be off (ReLU)."""
