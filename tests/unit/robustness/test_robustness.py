"""Corruptions by closed form; accuracies of networks whose predictions are known."""

from types import MappingProxyType

import numpy as np
import pytest

from neuroninfo.data.catalogue import SOURCES
from neuroninfo.data.datasets import Examples
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.robustness.accuracy import robustness
from neuroninfo.robustness.corruptions import blurred, cases, corrupted, shifted
from neuroninfo.robustness.settings import RobustnessSettings
from neuroninfo.vocabulary import BLUR, NOISE, SHIFT, UNCORRUPTED

SETTINGS = RobustnessSettings(
    study_seed=1, unit=16, shape=(1, 8, 8), noise=(0.1, 0.4), blur=(1.0,), shift=(1, 2)
)


def images(n: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((n, 1, 8, 8), np.float32)


def test_shapes_of_images() -> None:
    shapes = {name: source.image for name, source in SOURCES.items()}
    assert shapes["digits"] == (1, 8, 8)
    assert shapes["mnist"] == shapes["fashion_mnist"] == (1, 28, 28)
    assert shapes["cifar10"] == (3, 32, 32)
    assert shapes["icosahedron"] is None  # 3 times 2 times 2 inputs that are no image
    assert shapes["szt"] is None


def test_a_point_becomes_the_kernel() -> None:
    point = np.zeros((1, 1, 25, 25), np.float32)
    point[..., 12, 12] = 1
    offsets = np.arange(-12, 13)
    weights = np.where(np.abs(offsets) <= 6, np.exp(-(offsets**2) / (2 * 1.5**2)), 0)
    weights /= weights.sum()
    assert blurred(point, 1.5)[0, 0] == pytest.approx(np.outer(weights, weights), abs=1e-6)


def test_blur_leaves_what_is_even_and_each_channel_to_itself() -> None:
    even = np.stack([np.full((8, 8), 0.3), np.full((8, 8), 0.9)]).astype(np.float32)[None]
    assert blurred(even, 2.0) == pytest.approx(even, abs=1e-6)


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_shift_moves_pixels_and_repeats_the_edge(pixels: int) -> None:
    before = images()
    right = shifted(before, 0, pixels)
    assert (right[..., pixels:] == before[..., :-pixels]).all()
    assert (right[..., :pixels] == before[..., :1]).all()
    up = shifted(before, -pixels, 0)
    assert (up[..., :-pixels, :] == before[..., pixels:, :]).all()
    assert (up[..., -pixels:, :] == before[..., -1:, :]).all()


def test_noise_has_the_deviation_that_is_asked_for_and_is_the_same_at_all_strengths() -> None:
    inputs = np.full((2000, 64), 0.5, np.float32)
    weak, strong = (
        next(corrupted(inputs, NOISE, strength, SETTINGS, "digits")) - inputs
        for strength in (0.1, 0.4)
    )
    assert strong.std() == pytest.approx(0.4, rel=0.02)
    assert abs(strong.mean()) < 0.01
    assert 4 * weak == pytest.approx(strong, abs=1e-5)
    other = next(corrupted(inputs, NOISE, 0.4, SETTINGS, "mnist")) - inputs
    assert abs(np.corrcoef(strong.ravel(), other.ravel())[0, 1]) < 0.02


def test_only_images_are_blurred_and_shifted() -> None:
    kinds = [kind for kind, _ in cases(SETTINGS)]
    assert kinds == [NOISE, NOISE, BLUR, SHIFT, SHIFT]
    flat = RobustnessSettings(**vars(SETTINGS) | {"shape": None})
    assert [kind for kind, _ in cases(flat)] == [NOISE, NOISE]
    forms = list(corrupted(images().reshape(3, -1), SHIFT, 1, SETTINGS, "digits"))
    assert len(forms) == 4


def test_a_network_that_looks_at_one_pixel() -> None:
    """It says class 1 if the pixel in the middle is bright; the class is whether it is."""
    bright = np.zeros((2, 8, 8), np.float32)
    bright[1, 3, 4] = 16
    inputs = bright.reshape(2, 64)
    scaled = (inputs - 4) / 2
    pixel = np.zeros((1, 64), np.float32)
    pixel[0, 3 * 8 + 4] = 2
    network = Stack(
        Architecture(64, (1,), 2, "relu"),
        (7,),
        [pixel[None], np.array([[[0.0], [1.0]]], np.float32)],
        [np.array([[4.0]], np.float32), np.array([[0.0, -8.0]], np.float32)],
        [],
    )
    examples = Examples(
        name="digits",
        n_classes=2,
        inputs=scaled,
        labels=np.array([0, 1]),
        index=np.arange(2, dtype=np.int32),
        slices=MappingProxyType({"test": slice(0, 2)}),
    )
    scaling = (np.full(64, 4, np.float32), np.full(64, 2, np.float32))
    found = robustness(network, examples, scaling, SETTINGS)
    accuracy = dict(
        zip(
            zip(found["corruption"].values, found["strength"].values, strict=True),
            found["accuracy"].values[0],
            strict=True,
        )
    )
    assert accuracy[UNCORRUPTED, 0] == 1
    assert accuracy[SHIFT, 1] == accuracy[SHIFT, 2] == 0.5  # the bright pixel is elsewhere
    assert accuracy[BLUR, 1] == 0.5  # 16 becomes 2.5, and 8 is the limit
    assert accuracy[NOISE, 0.1] == 1
    assert found.attrs["chance"] == 0.5
