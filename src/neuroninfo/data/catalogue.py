"""The data sets that there are: their sizes, and the files that hold them.

Plans read this, so it imports nothing that takes time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Source:
    """Where a task comes from.

    Attributes
    ----------
    n_classes, n_features
        Size of the task; images are flattened channel first, as ``ToTensor`` orders them.
    unit
        What raw values are divided by so that they lie in [0, 1].
    n_training, n_test
        Examples in the source's own training and test file (0: it has no test file).
    torchvision
        Name of the class in ``torchvision.datasets``; empty for scikit-learn's digits.
    folder
        Where the files lie below the data folder, in torchvision's layout.
    sha256
        File name -> SHA-256 of the official file, unpacked.
    complete
        Whether the examples are all inputs that there are.
    """

    n_classes: int
    n_features: int
    unit: int
    n_training: int
    n_test: int
    torchvision: str = ""
    folder: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False

    @property
    def image(self) -> tuple[int, int, int] | None:
        """Channels, height and width of an input; None: it is no image."""
        for channels in (1, 3):
            side = math.isqrt(self.n_features // channels)
            if not self.complete and channels * side * side == self.n_features:
                return channels, side, side
        return None


SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "digits": Source(n_classes=10, n_features=64, unit=16, n_training=1797, n_test=0),
        "icosahedron": Source(
            n_classes=2, n_features=12, unit=1, n_training=4096, n_test=0, complete=True
        ),
        "szt": Source(
            n_classes=2,
            n_features=12,
            unit=1,
            n_training=4096,
            n_test=0,
            folder="szt",
            sha256=MappingProxyType(
                {"var_u.mat": "0ba9551878a855396a8de0cbaae620788ede1e7b1eb2b8373bbe017d5ea02036"}
            ),
            complete=True,
        ),
        "mnist": Source(
            n_classes=10,
            n_features=784,
            unit=255,
            n_training=60_000,
            n_test=10_000,
            torchvision="MNIST",
            folder="MNIST/raw",
            sha256=MappingProxyType(
                {
                    "train-images-idx3-ubyte": (
                        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
                    ),
                    "train-labels-idx1-ubyte": (
                        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
                    ),
                    "t10k-images-idx3-ubyte": (
                        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
                    ),
                    "t10k-labels-idx1-ubyte": (
                        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
                    ),
                }
            ),
        ),
        "fashion_mnist": Source(
            n_classes=10,
            n_features=784,
            unit=255,
            n_training=60_000,
            n_test=10_000,
            torchvision="FashionMNIST",
            folder="FashionMNIST/raw",
            sha256=MappingProxyType(
                {
                    "train-images-idx3-ubyte": (
                        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
                    ),
                    "train-labels-idx1-ubyte": (
                        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
                    ),
                    "t10k-images-idx3-ubyte": (
                        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
                    ),
                    "t10k-labels-idx1-ubyte": (
                        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
                    ),
                }
            ),
        ),
        "cifar10": Source(
            n_classes=10,
            n_features=3072,
            unit=255,
            n_training=50_000,
            n_test=10_000,
            torchvision="CIFAR10",
            folder="cifar-10-batches-py",
            sha256=MappingProxyType(
                {
                    "data_batch_1": (
                        "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd"
                    ),
                    "data_batch_2": (
                        "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8"
                    ),
                    "data_batch_3": (
                        "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9"
                    ),
                    "data_batch_4": (
                        "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b"
                    ),
                    "data_batch_5": (
                        "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154"
                    ),
                    "test_batch": (
                        "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831"
                    ),
                    "batches.meta": (
                        "f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb"
                    ),
                }
            ),
        ),
    }
)
