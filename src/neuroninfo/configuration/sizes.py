"""How large the arrays of a job are, from the configuration alone."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from neuroninfo.configuration.plans import Condition
from neuroninfo.configuration.study import Study
from neuroninfo.data.catalogue import SOURCES

_BYTES = 4
"""Bytes of a number: all large arrays are float32."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of one condition; all counts but those of the data are per network."""

    n_train: int
    n_validation: int
    n_test: int
    n_measured: int
    """Examples of the split on which neurons are measured."""
    n_inputs: int
    hidden: tuple[int, ...]
    n_classes: int
    epochs: int
    n_kept: int
    """Epochs after which activations are kept."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        widths = (self.n_inputs, *self.hidden, self.n_classes)
        return sum((before + 1) * width for before, width in itertools.pairwise(widths))

    @property
    def dataset_mib(self) -> float:
        """Inputs of all splits."""
        return (self.n_train + self.n_validation + self.n_test) * self.n_inputs * _BYTES / 2**20

    @property
    def test_mib(self) -> float:
        """Inputs of the test split."""
        return self.n_test * self.n_inputs * _BYTES / 2**20

    @property
    def activations_mib(self) -> float:
        """Outputs of the neurons and logits that are kept."""
        values = self.n_kept * self.n_measured * (sum(self.hidden) + self.n_classes)
        return values * _BYTES / 2**20

    @property
    def parameters_mib(self) -> float:
        """Weights and biases."""
        return self.parameters * _BYTES / 2**20


def sizes(study: Study, condition: Condition) -> Sizes:
    """Sizes of a multilayer perceptron of a study, one of its conditions or of its bounds."""
    data = study.dataset_settings(condition.dataset)
    source = SOURCES[data["source"]]
    training = study.training_settings(condition)
    n_test = source.n_test or data["test"] or 0
    of_training_file = source.n_training - (0 if source.n_test else n_test)
    splits = {
        "train": of_training_file - data["validation"],
        "validation": data["validation"],
        "test": n_test,
    }
    return Sizes(
        n_train=splits["train"],
        n_validation=splits["validation"],
        n_test=splits["test"],
        n_measured=splits[training["measured_split"]],
        n_inputs=source.n_features,
        hidden=tuple(map(int, condition.architecture.split("-"))),
        n_classes=source.n_classes,
        epochs=training["epochs"],
        n_kept=max(1, len(training["activation_epochs"])),
    )
