"""Networks with binary weights: latent ones against torch, and what is saved and ablated."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroninfo.ablation.single import damage
from neuroninfo.files import storage
from neuroninfo.networks.stack import Architecture, from_dataset
from neuroninfo.training.binary_weights import binarize
from neuroninfo.training.layouts import network_dataset
from neuroninfo.training.learner import Learner
from neuroninfo.training.loop import evaluation
from neuroninfo.training.settings import Regularizer, Sgld
from neuroninfo.vocabulary import SPLITS
from tests.unit.training.test_training import (
    CPU,
    Plain,
    double,
    settings,
    splits,
    trained,
    trained_by_torch,
    untrained,
)

__all__ = ["double"]

BINARY = Regularizer(binary_weights=True)
ONE_BIT = replace(BINARY, output_bits=1, batch_norm_momentum=0.1)


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=20))
def test_signs_follow_clipped_latent_weights(weights: list[float]) -> None:
    latent = torch.tensor(weights)
    signs = torch.full_like(latent, torch.nan)
    binarize(latent, signs)
    np.testing.assert_array_equal(signs, np.where(np.array(weights) >= 0, 1, -1))
    np.testing.assert_array_equal(latent, np.clip(weights, -1, 1))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("rate", [0.01, 0.5])  # the larger one brings weights to the ends
@pytest.mark.parametrize("regularizer", [BINARY, ONE_BIT])
def test_latent_weights_are_those_of_torch(regularizer: Regularizer, rate: float) -> None:
    data = splits(23)
    chosen = settings(activation="tanh", regularizer=regularizer, learning_rate=rate, epochs=2)
    start = trained((3, 8), data, untrained(chosen), activation="tanh").stack
    normed = regularizer.batch_norm_momentum is not None
    architecture = Architecture(7, (5, 3), 4, "tanh", normed, regularizer.output_bits)
    learner = Learner(architecture, (3, 8), CPU, chosen, 1, 2**20)
    for epoch in range(1, chosen.epochs + 1):
        learner.run_epoch(data["train"], epoch)
    flipped, ends = 0, 0
    for position in range(2):
        network = Plain(start, position, regularizer)
        trained_by_torch(network, data["train"], chosen)
        for layer, latent in enumerate(learner.groups[position].latent):
            theirs = network.linear[layer].weight
            torch.testing.assert_close(latent, theirs.detach(), rtol=1e-7, atol=1e-9)
            torch.testing.assert_close(
                learner.stack.weights[layer][position], torch.where(theirs >= 0, 1.0, -1.0)
            )
            flipped += int((latent.sign() != start.weights[layer][position].sign()).sum())
            ends += int((latent.abs() == 1).sum())
    assert flipped > 0
    assert (ends > 0) == (rate == 0.5)


@pytest.mark.parametrize("normed", [False, True])
def test_what_is_stored_and_ablated_is_the_trained_network(tmp_path: Path, normed: bool) -> None:
    data = splits(60)
    regularizer = replace(BINARY, batch_norm_momentum=0.1 if normed else None)
    ours = trained((3, 8), data, settings(regularizer=regularizer))
    path = tmp_path / "network.nc"
    storage.write(
        network_dataset(ours), path, kind="network", title="", condition={}, configuration={}
    )
    stored = from_dataset(storage.read(path, "network"))
    for weight in stored.weights[:-1]:
        assert set(np.unique(weight)) == {-1, 1}
    assert len(np.unique(stored.weights[-1])) == stored.weights[-1].size  # real
    for number, name in enumerate(SPLITS):
        loss, accuracy = evaluation(stored, data[name], 1).numpy()
        np.testing.assert_array_equal(loss, ours.loss[:, -1, number])
        np.testing.assert_array_equal(accuracy, ours.accuracy[:, -1, number])
    test = {"test": (data["test"].inputs.numpy(), data["test"].labels.numpy())}
    unablated = damage(stored, test)["correct_unablated"].sel(split="test")
    np.testing.assert_array_equal(unablated / len(data["test"]), ours.accuracy[:, -1, 2])


def test_nothing_that_acts_on_real_weights() -> None:
    for strength in ("l1", "l2"):
        with pytest.raises(ValueError, match=r"binary weights with l1 .* leave these out"):
            replace(BINARY, **{strength: 0.1})
    with pytest.raises(ValueError, match="sgld with binary weights"):
        settings(optimizer="sgld", sgld=Sgld(1.0, 0.1), regularizer=BINARY)
