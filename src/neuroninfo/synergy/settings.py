"""How redundancy and synergy are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUANTIZER: Final = "threshold"
"""The quantizer of outputs: neurons are on or off."""
SHOWN: Final = "broja"
"""Measure of the redundant part in figures, in lists of pairs and over training."""
NOT_REMOVED: Final = -1
"""In place of correct predictions without a pair of neurons that is not in the sample."""


@dataclass(frozen=True)
class SynergySettings:
    """Settings of redundancy and synergy."""

    study_seed: int
    shuffles: int
    """Permutations of the classes that baselines are the mean of."""
    removals: int
    """Largest number of pairs of a layer that are removed; of more pairs a sample of this size."""
    sets: int
    """Largest number of sets of a layer that are decomposed; of more sets a sample of this size."""
    set_size: int
    """Neurons of such a set."""
