"""Settings of information planes: estimators, epochs and examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuroninfo.training.settings import Settings, log_spaced_epochs


@dataclass(frozen=True)
class Costly:
    """Estimators that take long, at fewer epochs."""

    estimators: tuple[str, ...]
    """Names, as `estimators.names.named` takes them."""
    epochs: int
    """Largest number of epochs with these estimates, the first and the last plane among them."""


@dataclass(frozen=True)
class PlaneSettings:
    """Estimators of the information of layers, and epochs of the training."""

    epochs: int
    """With a plane, at most."""
    estimators: tuple[str, ...]
    """Names, as of `Costly`."""
    costly: Costly
    training: Settings
    examples: int | None = None
    """That planes are of, at most; None: all that there are."""
    synergy: bool = False
    """Whether redundancy and synergy of pairs of neurons are measured at these epochs, too."""

    @property
    def all_estimators(self) -> tuple[str, ...]:
        """Names; costly ones are the last."""
        return self.estimators + self.costly.estimators

    @property
    def plane_epochs(self) -> tuple[int, ...]:
        """Epochs with a plane, ascending."""
        return tuple(log_spaced_epochs(self.training.epochs, self.epochs))

    @property
    def costly_epochs(self) -> tuple[int, ...]:
        """Those of `plane_epochs` at which costly estimators are asked too."""
        epochs = self.plane_epochs
        places = np.linspace(0, len(epochs) - 1, self.costly.epochs).round().astype(int)
        return tuple(sorted({epochs[place] for place in places}))


@dataclass(frozen=True)
class CalibrationSettings:
    """Estimators, and the samples of known information that they are tried on."""

    estimators: tuple[str, ...]
    """Names, as of `Costly`."""
    dimensions: tuple[int, ...]
    examples: tuple[int, ...]
    """Sizes of samples."""
    repeats: int
    """Samples of each distribution and size."""
    study_seed: int
