"""The generalization gap of networks whose training labels may be noisy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def expected_accuracy(
    accuracy_test: ArrayLike, *, label_noise: float, n_classes: int
) -> NDArray[np.float64]:
    """Expected accuracy on new examples whose labels are as noisy as those of training.

    Each training label is drawn anew with probability p, uniformly over all C classes, the true
    one among them, and whatever the input (`data.datasets.make`).  A prediction agrees with a label
    that is kept with probability A, the accuracy by true labels, and with one that is drawn with
    probability 1 / C, whatever the prediction is: together ``(1 - p) A + p / C``.

    Parameters
    ----------
    accuracy_test
        A: shares of the test split, by true labels.
    label_noise
        p, in [0, 1].
    n_classes
        C.

    Returns
    -------
    ndarray
        Of the shape of the accuracies, which it equals without label noise.
    """
    accuracy = np.asarray(accuracy_test, np.float64)
    return np.asarray((1 - label_noise) * accuracy + label_noise / n_classes)


def generalization_gap(
    accuracy_train: ArrayLike, accuracy_test: ArrayLike, *, label_noise: float, n_classes: int
) -> NDArray[np.float64]:
    """Accuracy on the train split minus the expected one on new examples of its distribution.

    Parameters
    ----------
    accuracy_train
        Shares of the train split, by the labels that were trained on.
    accuracy_test, label_noise, n_classes
        As of `expected_accuracy`.

    Returns
    -------
    ndarray
        Of the shape of the accuracies; without label noise, train less test accuracy.
    """
    expected = expected_accuracy(accuracy_test, label_noise=label_noise, n_classes=n_classes)
    return np.asarray(np.asarray(accuracy_train, np.float64) - expected)
