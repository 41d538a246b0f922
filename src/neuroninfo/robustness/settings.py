"""How inputs are corrupted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RobustnessSettings:
    """Corruptions with their strengths."""

    study_seed: int
    unit: int
    """Largest raw value, by which inputs are divided so that they lie in [0, 1]."""
    shape: tuple[int, int, int] | None
    """Channels, height and width of an input; None: it is no image."""
    noise: tuple[float, ...]
    """Standard deviations of Gaussian noise on inputs in [0, 1]."""
    blur: tuple[float, ...]
    """Standard deviations of the Gaussian kernel, in pixels."""
    shift: tuple[int, ...]
    """Pixels by which images are moved."""
