"""The generalization gap of networks whose training labels may be noisy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def generalization_gap(
    accuracy_train: ArrayLike, accuracy_test: ArrayLike, *, label_noise: float, n_classes: int
) -> NDArray[np.float64]:
    """Accuracy on the train split minus the expected one on new examples of its distribution.

    With p the share of training labels that are drawn anew, uniformly over C classes and whatever
    the input (`data.datasets.load`), a new example keeps its true label with probability 1 - p.
    A network with accuracy A by true labels has the expected accuracy ``(1 - p) A + p / C`` by
    labels that are as noisy as those of training.

    Parameters
    ----------
    accuracy_train
        Shares of the train split, by the labels that were trained on.
    accuracy_test
        Shares of the test split, by true labels.
    label_noise
        p, in [0, 1].
    n_classes
        C.

    Returns
    -------
    ndarray
        Of the shape of the accuracies; without label noise, train less test accuracy.
    """
    expected = (1 - label_noise) * np.asarray(accuracy_test) + label_noise / n_classes
    return np.asarray(np.asarray(accuracy_train) - expected, np.float64)
