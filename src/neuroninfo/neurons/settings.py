"""How neurons are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureSettings:
    """What is measured of every neuron."""

    study_seed: int
    quantizers: tuple[str, ...]
    """Names, as `quantization.Quantizer.named` takes them."""
    shuffles: int
    """Permutations of the classes that the baseline of mutual information is the mean of."""
