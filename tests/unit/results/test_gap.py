"""The gap by closed form, and with labels that the project itself draws anew."""

import numpy as np
import pytest

from neuroninfo.data import datasets
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.results.gap import generalization_gap
from neuroninfo.vocabulary import SPLITS


def test_without_noise_it_is_train_less_test() -> None:
    gap = generalization_gap([0.9, 1.0], [0.6, 0.7], label_noise=0.0, n_classes=10)
    np.testing.assert_allclose(gap, [0.3, 0.3])


@pytest.mark.parametrize(
    ("test", "expected"),
    [(1.0, 0.5 + 0.05), (0.1, 0.1), (0.0, 0.05)],  # always right, by chance, never right
)
def test_new_labels_are_as_noisy(test: float, expected: float) -> None:
    gap = generalization_gap(1.0, test, label_noise=0.5, n_classes=10)
    assert float(gap) == pytest.approx(1 - expected)


@pytest.mark.parametrize("right", [1.0, 0.6, 0.0])
def test_a_network_that_memorizes_nothing_has_no_gap(right: float) -> None:
    """It is right about the true labels equally often on both splits."""
    p, n_classes = 0.4, 10
    plain = {"name": "digits", "study_seed": 3, "validation": 100, "inputs": "unit", "test": 200}
    true, noisy = (datasets.make(DatasetSettings(**plain, label_noise=s)) for s in (0.0, p))
    train = true["split"].values == SPLITS.index("train")
    rng = np.random.default_rng(0)
    label = true["label"].values[train]
    wrong = (label + rng.integers(1, n_classes, len(label))) % n_classes
    predicted = np.where(rng.random(len(label)) < right, label, wrong)
    on_train = (predicted == noisy["label"].values[train]).mean()
    by_true_labels = (predicted == label).mean()
    gap = generalization_gap(on_train, by_true_labels, label_noise=p, n_classes=n_classes)
    assert abs(gap) < 4 * 0.5 / np.sqrt(len(label))
    assert (on_train < by_true_labels - 0.1) == (right > 0.5)  # what the plain difference says
