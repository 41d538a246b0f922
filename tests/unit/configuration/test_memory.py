"""Memory that jobs ask for: it covers what was measured, and grows with what a job holds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from neuroninfo.configuration.memory import HELD, TRAINS, needed
from neuroninfo.configuration.plans import Condition
from neuroninfo.configuration.sizes import Sizes, sizes
from neuroninfo.configuration.study import Study, load

SCHEMA = Path(__file__).resolve().parents[3] / "workflow/schemas/config.schema.yaml"
MNIST = Condition("mnist", "100-100", "relu", "l2")
CIFAR = Condition("cifar10", "250-500-250-500", "relu", "l2")


def study(**changes: Any) -> Study:
    """One of three data sets."""
    config: Mapping[str, Any] = {
        "study": "test",
        "seeds": {"count": 5, "per_job": 5},
        "datasets": {
            "mnist": {"validation": 10000},
            "cifar10": {"validation": 10000},
            "digits": {"validation": 360, "test": 360},
        },
        "regularizers": {"l2": {"l2": 0.001}},
        "conditions": [
            {"dataset": "mnist", "architecture": "100-100", "regularizer": "l2"},
            {"dataset": "cifar10", "architecture": "250-500-250-500", "regularizer": "l2"},
            {"dataset": "digits", "architecture": "30-20", "regularizer": "l2"},
        ],
    }
    return load({**config, **changes}, SCHEMA)


@pytest.fixture(scope="module")
def planned() -> Study:
    return study()


@pytest.mark.parametrize(
    ("condition", "stage", "measured"),
    [  # the largest peaks of runs with blocks of five seeds on a CPU, MiB
        (MNIST, "train", 1268),
        (CIFAR, "train", 2432),
        (MNIST, "measure", 377),
        (CIFAR, "measure", 838),
        (MNIST, "damage", 440),
        (CIFAR, "damage", 726),
        (MNIST, "ablate", 295),
        (CIFAR, "ablate", 507),
        (MNIST, "rank", 336),
        (MNIST, "plane", 1439),
        (MNIST, "prune", 1373),
        (MNIST, "low_bit", 370),
    ],
)
def test_it_covers_what_was_measured_and_little_more(
    planned: Study, condition: Condition, stage: str, measured: int
) -> None:
    asked = needed(stage, sizes(planned, condition), 5, "cpu")
    assert 1.1 * measured < asked < 2.2 * measured + 500


def test_sizes_are_those_of_the_configuration(planned: Study) -> None:
    of_digits = sizes(planned, Condition("digits", "30-20", "relu", "l2"))
    assert (of_digits.n_train, of_digits.n_validation, of_digits.n_test) == (1077, 360, 360)
    assert of_digits.parameters == 65 * 30 + 31 * 20 + 21 * 10
    assert of_digits.activations_mib == 360 * (30 + 20 + 10) * 4 / 2**20
    of_mnist = sizes(planned, MNIST)
    assert (of_mnist.n_train, of_mnist.n_validation, of_mnist.n_test) == (50000, 10000, 10000)
    assert of_mnist.dataset_mib == 70000 * 784 * 4 / 2**20


def test_neurons_may_be_measured_on_another_split(planned: Study) -> None:
    training = {"measured_split": "train"}
    assert sizes(study(training=training), MNIST).n_measured == 50000
    assert sizes(planned, MNIST).n_measured == 10000


@pytest.mark.parametrize("stage", HELD)
def test_more_of_anything_never_needs_less(stage: str) -> None:
    base = Sizes(50000, 10000, 10000, 10000, 784, (100, 100), 10, 15, 1)
    larger = [
        replace(base, n_train=500000),
        replace(base, n_test=100000),
        replace(base, hidden=(1000, 1000)),
        replace(base, n_kept=20),
    ]
    asked = needed(stage, base, 5, "cpu")
    assert all(needed(stage, one, 5, "cpu") >= asked for one in larger)
    assert max(needed(stage, one, 5, "cpu") for one in larger) > asked
    assert needed(stage, base, 50, "cpu") >= asked
    on_gpu = needed(stage, base, 5, "auto")
    assert on_gpu >= asked + 3000 if stage in TRAINS else on_gpu == asked


def test_many_networks_of_cifar10_need_more_than_before(planned: Study) -> None:
    """A job of 35 seeds was killed at 4,000 MB."""
    assert needed("train", sizes(planned, CIFAR), 35, "cpu") > 1.2 * (2432 + 30 * 75)
