"""Random streams: every random number of the study comes from one of these.

A stream is ``SeedSequence([study_seed, stream, ...])``: what is drawn depends on what it is
for, never on the block, the order or the process in which it is drawn.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """Purposes of random numbers, with the keys that distinguish their streams.

    One stream always takes the same number of keys: `SeedSequence` does not tell ``(s,)`` from
    ``(s, 0)``.
    """

    SPLIT = 0  # data set
    BATCH_ORDER = 1  # data set, architecture, epoch: shared by all seeds
    INITIALIZATION = 2  # seed
    DROPOUT = 3  # seed, layer
    TIES = 4  # seed
    RANDOM_ORDERS = 5  # seed, repeat
    BOOTSTRAP = 6  # what is resampled
    NOISE = 7  # seed, layer
    LABEL_SHUFFLE = 8  # seed
    TOY = 9  # two-dimensional set
    MEASURED_NOISE = 10  # seed, layer, epoch
    ESTIMATOR = 11  # estimator
    CALIBRATION = 12  # distribution
    SGLD = 13  # seed, layer: noise of its steps
    SUBSET = 14  # data set, training size, seed: which examples are trained on
    LABEL_NOISE = 15  # data set: which labels are drawn anew, and what they become
    SUPERSAMPLE = 16  # data set, training size, pool
    CONTROL_ORDERS = 17  # seed, repeat: permutations of neurons within their layers
    CORRUPTION = 18  # data set: noise on its inputs
    SHAPLEY = 20  # seed, repeat: permutations that Shapley values are the mean over
    REMOVED_PAIRS = 21  # seed, layer: which pairs of neurons are removed together
    NEURON_SETS = 22  # seed, layer, epoch: which sets of neurons are decomposed


def generator(study_seed: int, stream: Stream, *keys: int | str) -> np.random.Generator:
    """Return the generator of one stream; names among the keys enter by their SHA-256."""
    return np.random.Generator(np.random.PCG64(_sequence(study_seed, stream, *keys)))


def _sequence(study_seed: int, stream: Stream, *keys: int | str) -> np.random.SeedSequence:
    entropy = [study_seed, int(stream)]
    for key in keys:
        if isinstance(key, str):
            key = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
        entropy.append(key)
    return np.random.SeedSequence(entropy)
