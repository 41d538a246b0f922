"""How networks are made smaller: by fewer neurons, and by fewer bits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroninfo.training.settings import Settings


@dataclass(frozen=True)
class KeepBy:
    """A measure that says which neurons are kept."""

    measure: str
    """Variable of ``neurons.nc``, a measure of ``orders-<set>.nc``, or ``random``."""
    quantizer: str
    """Quantizer of the measure; ``none`` if the measure needs none."""


@dataclass(frozen=True)
class PruningSettings:
    """What is kept of a network, and how it is trained again."""

    study_seed: int
    measures: tuple[KeepBy, ...]
    kept: tuple[float, ...]
    """Shares of the neurons of each hidden layer, in (0, 1]."""
    epochs: int
    """Epochs of fine-tuning."""
    training: Settings
    """Settings with which the networks were trained."""

    @property
    def fine_tuning(self) -> Settings:
        """The same settings with fewer epochs and without early stopping."""
        return replace(
            self.training,
            epochs=self.epochs,
            activation_epochs=(),
            regularizer=replace(self.training.regularizer, early_stopping=None),
        )


@dataclass(frozen=True)
class LowBitSettings:
    """Numbers of bits, and how networks of few bits are measured and ablated."""

    study_seed: int
    bits: tuple[int, ...]
    """2 to 16, or `vocabulary.UNQUANTIZED`."""
    random: int
    """Number of random orders."""
    shuffles: int
    """Permutations of the classes behind the baseline of mutual information."""
    rows: int
    """Examples that are ablated at a time."""
