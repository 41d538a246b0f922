"""The gap by closed form, and with labels that the project itself draws anew."""

import numpy as np
import pytest

from neuroninfo.data import datasets
from neuroninfo.data.catalogue import SOURCES
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


@pytest.mark.parametrize(("task", "p"), [("digits", 0.5), ("icosahedron", 0.2)])
@pytest.mark.parametrize("right", [1.0, 0.6])
def test_accuracy_by_labels_that_the_project_draws(task: str, p: float, right: float) -> None:
    """A network that memorizes nothing has no gap; labels drawn among the others would give one."""
    n_classes = SOURCES[task].n_classes
    found, true_ones = [], []
    for seed in range(20):
        plain = {"study_seed": seed, "validation": 100, "inputs": "unit", "test": 200}
        true, noisy = (
            datasets.make(DatasetSettings(task, **plain, label_noise=share)) for share in (0.0, p)
        )
        train = true["split"].values == SPLITS.index("train")
        rng = np.random.default_rng(seed)
        label = true["label"].values[train]
        wrong = (label + rng.integers(1, n_classes, len(label))) % n_classes
        predicted = np.where(rng.random(len(label)) < right, label, wrong)
        found.append(predicted == noisy["label"].values[train])
        true_ones.append(predicted == label)
    by_noisy, by_true = (np.concatenate(values) for values in (found, true_ones))
    gap = float(
        generalization_gap(by_noisy.mean(), by_true.mean(), label_noise=p, n_classes=n_classes)
    )
    error = 0.5 / np.sqrt(len(by_noisy))
    assert abs(gap) < 4 * error
    among_others = (1 - p) * by_true.mean() + p * (1 - by_true.mean()) / (n_classes - 1)
    assert abs(by_noisy.mean() - among_others) > 4 * error
