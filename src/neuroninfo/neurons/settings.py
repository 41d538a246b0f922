"""How neurons are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureSettings:
    """Settings of the measures of neurons."""

    study_seed: int
    quantizers: tuple[str, ...]
    """Names, as `quantization.Quantizer.named` takes them."""
    shuffles: int
    """Number of permutations of the classes over which the baseline is averaged."""
