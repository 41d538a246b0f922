"""Orders in which neurons are ablated, and settings of the search for those without a measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class OrderBy:
    """A measure that neurons are ordered by."""

    measure: str
    """Variable of ``neurons.nc``, or a measure of ``orders-<set>.nc``."""
    quantizer: str
    """Quantizer of the measure; ``none`` if the measure needs none."""
    directions: tuple[str, ...]
    """``ascending`` (lowest first), ``descending``, or both."""


BY_INFORMATION: Final = OrderBy(
    "mutual_information", "threshold", directions=("ascending", "descending")
)
"""The talk's order."""


MODE: Final = "mode"
"""Replacement of ablated neurons, of ``constants.nc``: the most frequent output of each."""
OPTIMAL: Final = "optimal"
"""Replacement of ablated neurons, of ``constants.nc``: the constant that costs the least loss."""
RESAMPLE: Final = "resample"
"""Replacement of ablated neurons: each puts out what it puts out on another example."""


@dataclass(frozen=True)
class AblationSettings:
    """A set of orders, and which scopes are ablated in them."""

    study_seed: int
    orderings: tuple[OrderBy, ...]
    random: int
    """Number of random orders."""
    controls: int
    """Draws of the control orders of each order by a measure over the whole network; 0: none."""
    replacements: tuple[str, ...]
    """What ablated neurons put out, ``zero`` among them; each in the same orders."""
    scopes: tuple[str, ...]
    """``layers``, each by itself, ``network``, all together, or both."""
    rows: int
    """Examples that are ablated at a time."""
    draws: int = 1
    """Number of draws of other examples, whose outputs ablated neurons put out (``resample``)."""


@dataclass(frozen=True)
class ConstantSettings:
    """How the mode and the optimal constant of a neuron are found."""

    bins: int
    """Bins over a neuron's range, the fullest of which has its mode."""
    grid: int
    """Steps over a neuron's range that are tried as constants."""
    rows: int
    """Examples that are ablated at a time."""


@dataclass(frozen=True)
class SearchSettings:
    """Orders of a set that have to be found."""

    study_seed: int
    orderings: tuple[OrderBy, ...]
    """By `joint.MEASURES`, ``damage`` and ``greedy``."""
    scopes: tuple[str, ...]
    """The same as in `AblationSettings`."""
    examples: int
    """Number of validation examples, from the first on, that greedy chooses on."""
    shuffles: int
    """Permutations of the classes behind the baseline of joint orders."""


@dataclass(frozen=True)
class ClassSettings:
    """Ablation in the orders of each class."""

    study_seed: int
    random: int
    """Number of random orders."""
    rows: int
    """Examples that are ablated at a time."""
