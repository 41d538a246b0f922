"""How counts are read off ablation curves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CountSettings:
    """What `counts.read_curves` and `counts.summary` depend on beside the curves."""

    study_seed: int
    deltas: tuple[float, ...]
    """Tolerances."""
    rectified: bool
    """Whether a neuron can be off (ReLU)."""
