"""Networks of many settings in one stack, each as if it were alone."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from neuroninfo.files.checkpoints import Checkpoint, Interrupted
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.networks.together import OWN_STRENGTHS
from neuroninfo.training.layouts import Trained
from neuroninfo.training.loop import train
from neuroninfo.training.settings import Regularizer, Settings, Sgld
from tests.unit.training.test_training import arrays, assert_same, settings, splits, trained

BASE = settings(batch_size=4, activation_epochs=(0, 2), train_loss="every_epoch")
SHARE = st.sampled_from([0.0, 0.1, 0.45])
REGULARIZERS = st.builds(
    Regularizer,
    l1=st.sampled_from([0.0, 1e-3, 0.05]),
    l2=st.sampled_from([0.0, 1e-2, 1.0]),
    dropout=SHARE,
    input_dropout=SHARE,
    label_smoothing=SHARE,
    noise=SHARE,
    decay=st.sampled_from(["coupled", "decoupled"]),
)


@st.composite
def bundles(draw: st.DrawFn) -> list[tuple[int, Settings]]:
    """Seeds and settings of networks that train together."""
    optimizer, batch_norm = draw(st.sampled_from(["adam", "sgd"])), draw(st.booleans())
    patience, decay_biases = draw(st.sampled_from([None, 1])), draw(st.booleans())
    base = replace(BASE, optimizer=optimizer)
    networks = []
    for _ in range(draw(st.integers(2, 4))):
        regularizer = replace(
            draw(REGULARIZERS),
            batch_norm_momentum=0.2 if batch_norm else None,
            early_stopping=patience,
            decay_biases=decay_biases,
        )
        rate, momentum = draw(st.sampled_from([1e-3, 0.02])), draw(st.sampled_from([0.0, 0.8]))
        own = replace(base, learning_rate=rate, momentum=momentum, regularizer=regularizer)
        networks.append((draw(st.integers(0, 3)), own))
    return networks


@hypothesis_settings(deadline=None, max_examples=40)
@given(bundles())
def test_a_network_is_bitwise_what_it_is_alone(networks: list[tuple[int, Settings]]) -> None:
    """Whatever the settings of the others: weights, history and activations."""
    seeds, each = zip(*networks, strict=True)
    bundle = trained_together(seeds, each)
    for position, (seed, own) in enumerate(networks):
        alone = trained((seed,), splits(), own)
        assert_same(bundle, [position], alone, [0])
        assert bundle.final_epoch[position] == alone.final_epoch[0]


@hypothesis_settings(deadline=None, max_examples=10)
@given(bundles(), st.integers(2, 4))
def test_in_one_product_up_to_rounding(networks: list[tuple[int, Settings]], together: int) -> None:
    """The way of a GPU; in float64, since Adam turns rounding into steps."""
    seeds, each = zip(*networks, strict=True)
    torch.set_default_dtype(torch.float64)
    try:
        apart, joint = (trained_together(seeds, each, together=n) for n in (1, together))
    finally:
        torch.set_default_dtype(torch.float32)
    for position in range(len(seeds)):
        ours, theirs = arrays(joint.stack, position), arrays(apart.stack, position)
        for name in ours:
            torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-6, msg=name)


def trained_together(
    seeds: tuple[int, ...], each: tuple[Settings, ...], **options: object
) -> Trained:
    normed = each[0].regularizer.batch_norm_momentum is not None
    architecture = Architecture(7, (5, 3), 4, "relu", normed)
    return train(architecture, seeds, splits(), each, **options)


@pytest.mark.parametrize("name", OWN_STRENGTHS)
def test_each_strength_is_felt(name: str) -> None:
    """By the network whose it is."""
    other = replace(BASE, regularizer=replace(BASE.regularizer, **{name: 0.3}))
    plain, strong = trained_together((1, 1), (BASE, other)).stack.weights[0].numpy()
    assert not np.array_equal(plain, strong)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 5},
        {"optimizer": "sgd"},
        {"epochs": 3},
        {"regularizer": Regularizer(decay_biases=False)},
        {"regularizer": Regularizer(early_stopping=2)},
    ],
)
def test_what_networks_must_share(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"train together .* may differ in the learning rate"):
        trained_together((0, 1), (BASE, replace(BASE, **changes)))


def test_networks_of_sgld_share_the_learning_rate() -> None:
    noisy = replace(BASE, optimizer="sgld", sgld=Sgld(0.5, 0.1))
    with pytest.raises(ValueError, match="may differ"):
        trained_together((0, 1), (noisy, replace(noisy, learning_rate=0.3)))


def test_a_loss_that_is_not_finite_names_its_own_learning_rate() -> None:
    wild = replace(BASE, learning_rate=1e20)
    with pytest.raises(RuntimeError, match=r"loss of seeds \[7\] is not .* \(now 1e\+20\)"):
        trained_together((3, 7), (BASE, wild))


@pytest.mark.parametrize("epochs_before", [0, 1])
def test_others_go_on_as_if_a_failed_network_were_not_there(
    epochs_before: int, tmp_path: Path
) -> None:
    """Also when training is interrupted and resumed after the failure, or before it."""
    wild = replace(BASE, learning_rate=1e20)
    seeds, each = (3, 7, 1), (BASE, wild, BASE)

    def attempt(stop_after: int | None) -> Trained:
        def observe(epoch: int, _: Stack) -> None:
            if epoch == stop_after:
                os.kill(os.getpid(), signal.SIGTERM)

        with Checkpoint(tmp_path, made_by={}, minutes=1e-9) as checkpoint:
            return trained_together(
                seeds, each, despite_failures=True, checkpoint=checkpoint, observe=observe
            )

    with pytest.raises(Interrupted):
        attempt(epochs_before)
    bundle = attempt(None)
    assert bundle.failed.tolist() == [-1, 1, -1]
    assert bundle.of(slice(0, 1)).failure([1.0]) is None
    said = bundle.of(slice(1, 3)).failure([1e20, 1e-3])
    assert said == (
        "epoch 1: the loss of seeds [7] is not finite; lower training.learning_rate (now 1e+20)"
    )
    for position in (0, 2):
        alone = trained((seeds[position],), splits(), each[position])
        assert_same(bundle, [position], alone, [0])


def test_training_ends_when_all_networks_failed() -> None:
    wild = replace(BASE, learning_rate=1e20)
    with pytest.raises(RuntimeError, match=r"epoch 1: the loss of seeds \[3, 7\] is not finite"):
        trained_together((3, 7), (wild, wild), despite_failures=True)
