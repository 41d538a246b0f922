"""How redundancy and synergy are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SynergySettings:
    """What is measured of every hidden layer."""

    study_seed: int
    shuffles: int
    """Permutations of the classes that baselines are the mean of."""
