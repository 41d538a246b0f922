"""Memory that the job of a block asks a cluster for: its arrays, times measured factors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from neuroninfo.configuration.sizes import Sizes


@dataclass(frozen=True)
class Held:
    """MiB of the libraries of a job, and how many times it holds each of its arrays at its peak.

    Arrays of networks count once per seed, those of the data once per job.
    """

    libraries: float
    dataset: float = 0.0
    test: float = 0.0
    activations: float = 0.0
    parameters: float = 0.0


HELD: Final[Mapping[str, Held]] = {
    "train": Held(700, dataset=2.1, activations=1.2, parameters=4),
    "plane": Held(1000, dataset=2.1, activations=8, parameters=4),
    "prune": Held(900, dataset=2.1, activations=1.2, parameters=8),
    "bounds": Held(900, dataset=2.1, parameters=4),
    "supersample": Held(900, dataset=2.1, parameters=4),
    "measure": Held(350, activations=2.1),
    "decompose": Held(350, test=4.2, activations=2.1, parameters=2),
    "damage": Held(350, test=4.2, parameters=2),
    "rank": Held(350, test=4.2, activations=1, parameters=2),
    "ablate": Held(350, test=4.2, parameters=2),
    "low_bit": Held(400, test=4.2, activations=2.1, parameters=2),
}
"""By rule; peaks of records of runs (`benchmarks/study.py`) are below what follows from them."""

TRAINS: Final = ("train", "plane", "bounds", "supersample")
"""Rules that may get a GPU, as profiles/slurm gives them one."""

MARGIN: Final = 1.3
CUDA_MIB: Final = 3000
"""Memory of the machine that the libraries of CUDA take."""
STEP: Final = 500
"""The memory that a job asks for is a multiple of this."""


def needed(rule: str, sizes: Sizes, seeds: int, device: str) -> int:
    """MiB that the job of a rule asks for.

    Parameters
    ----------
    rule
        One of `HELD`.
    sizes
        Of its condition.
    seeds
        Networks that the job works on.
    device
        Of the study: whatever trains may get a GPU unless it is ``cpu``.
    """
    held = HELD[rule]
    of_data = held.dataset * sizes.dataset_mib + held.test * sizes.test_mib
    of_networks = (
        held.activations * sizes.activations_mib + held.parameters * sizes.parameters_mib
    ) * seeds
    peak = (
        held.libraries
        + of_data
        + of_networks
        + (CUDA_MIB if rule in TRAINS and device != "cpu" else 0)
    )
    return STEP * math.ceil(MARGIN * peak / STEP)
