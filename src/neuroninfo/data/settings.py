"""How a data set is split."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatasetSettings:
    """A task, its splits and its inputs."""

    name: str
    """What random numbers of the split are drawn by."""
    study_seed: int
    validation: int
    """Examples of the training file to measure neurons on."""
    inputs: str
    """One of `datasets.INPUTS`."""
    source: str = ""
    """A key of `catalogue.SOURCES`; empty: the name is one."""
    test: int | None = None
    """Examples to test on; None: the source has a test file."""
    label_noise: float = 0.0
    """Share of the train split whose class is drawn anew, uniformly."""
