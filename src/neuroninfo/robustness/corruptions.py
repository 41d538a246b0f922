"""Corrupted inputs: noise, and for images blur and shifts (of those of Hendrycks, Dietterich 2019).

Raw values lie in [0, 1].  Beyond its edge an image goes on with the values at the edge.  Noise is
not cut off at 0 and 1, so that its standard deviation is what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from neuroninfo.robustness.settings import RobustnessSettings
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import BLUR, NOISE, SHIFT

_DIRECTIONS: Final = ((0, 1), (0, -1), (1, 0), (-1, 0))

Images = NDArray[np.float32]
"""(n, channels, height, width)."""


def cases(settings: RobustnessSettings) -> list[tuple[str, float]]:
    """Corruptions and strengths, those of images only where inputs are images."""
    of_images = settings.shape is not None
    return [
        *((NOISE, float(strength)) for strength in settings.noise),
        *((BLUR, float(strength)) for strength in settings.blur if of_images),
        *((SHIFT, float(strength)) for strength in settings.shift if of_images),
    ]


def corrupted(
    inputs: NDArray[np.float32],
    kind: str,
    strength: float,
    settings: RobustnessSettings,
    dataset: str,
) -> Iterator[NDArray[np.float32]]:
    """Inputs of one case, in each of its forms: shifts have one per direction.

    Parameters
    ----------
    inputs
        (n, features) in [0, 1].
    kind, strength
        As `cases` gives them.
    settings
        Of the experiment.
    dataset
        Name of the data set: it has the same noise at every strength and for every network.
    """
    if kind == NOISE:
        random = generator(settings.study_seed, Stream.CORRUPTION, dataset)
        yield inputs + np.float32(strength) * random.standard_normal(inputs.shape, np.float32)
        return
    assert settings.shape is not None  # no such case without
    images = inputs.reshape(-1, *settings.shape)
    if kind == BLUR:
        yield blurred(images, strength).reshape(inputs.shape)
        return
    for down, right in _DIRECTIONS:
        moved = shifted(images, down * int(strength), right * int(strength))
        yield moved.reshape(inputs.shape)


def blurred(images: Images, deviation: float) -> Images:
    """Images under a Gaussian kernel of that standard deviation, in pixels."""
    return np.asarray(gaussian_filter(images, (0, 0, deviation, deviation), mode="nearest"))


def shifted(images: Images, down: int, right: int) -> Images:
    """Images moved by these numbers of pixels; the edge that they leave is repeated."""
    height, width = images.shape[2:]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return np.ascontiguousarray(images[:, :, rows[:, None], columns])
