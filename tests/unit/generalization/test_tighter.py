"""Tighter bounds from supersamples: known joint distributions of losses and halves."""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuroninfo.generalization import tighter
from neuroninfo.generalization.tighter import Supersample

Losses = tuple[int, int]


def counted(times: Mapping[Losses, int], pools: int = 1, pairs: int = 3) -> Supersample:
    """A sample in which (loss on the trained, on the other example) occurs so many times.

    In every pair and for either half: the halves are exactly balanced.
    """
    rows = [losses for losses, n in times.items() for _ in range(n)]
    wrong, selected = [], []
    for half, (own, other) in itertools.product((0, 1), rows):
        wrong.append((own, other) if half == 0 else (other, own))
        selected.append(half)
    shape = (pools, len(rows) * 2, pairs)
    return Supersample(
        np.broadcast_to(np.array(wrong)[None, :, None], (*shape, 2)).copy(),
        np.broadcast_to(np.array(selected)[None, :, None], shape).copy(),
    )


def entropy(*shares: float) -> float:
    return -sum(share * np.log(share) for share in shares if share)


def test_networks_that_err_on_unseen_examples_only() -> None:
    """One of four errs on the other example: everything is known in closed form."""
    sample = counted({(0, 1): 1, (0, 0): 3})
    assert sample.losses == (0, 0.25)
    # The pair tells the half where one errs, a quarter of the time; so does the difference.
    pair = np.log(2) / 4
    single = entropy(1 / 8, 7 / 8) - entropy(1 / 4, 3 / 4) / 2
    assert tighter.evaluated_cmi(sample) == pytest.approx(np.sqrt(2 * pair))
    assert tighter.difference_cmi(sample) == pytest.approx(np.sqrt(2 * pair))
    assert tighter.difference_mi(sample) == pytest.approx(np.sqrt(2 * pair))
    assert tighter.single_loss_mi(sample) == pytest.approx(2 * np.sqrt(2 * single))
    # Training error 0: d(0, R/2) = -ln(1 - R/2), and the fast rate is 2 I / ln 2.
    assert tighter.binary_kl(sample) == pytest.approx(2 * (1 - np.exp(-pair)))
    assert tighter.fast_rate(sample) == pytest.approx(2 * single / np.log(2))


def test_without_training_error_the_difference_tells_the_gap_exactly() -> None:
    """Wang and Mao 2023: E gap = I(difference; U) / ln 2 of interpolating networks, 0-1 loss."""
    sample = counted({(0, 1): 3, (0, 0): 5})
    information = tighter.difference_mi(sample) ** 2 / 2
    assert information / np.log(2) == pytest.approx(3 / 8)


def test_difference_drops_what_the_pair_says_in_vain() -> None:
    """Both wrong or both right say nothing of the half, and the difference forgets which."""
    sample = counted({(1, 1): 4, (0, 0): 4, (0, 1): 2, (1, 0): 1})
    joint = {-1: (1 / 22, 2 / 22), 1: (2 / 22, 1 / 22), 0: (8 / 22, 8 / 22)}
    known = np.log(2) - sum(
        sum(cell) * entropy(*np.divide(cell, sum(cell))) for cell in joint.values()
    )
    assert tighter.difference_mi(sample) == pytest.approx(np.sqrt(2 * known))
    assert tighter.evaluated_cmi(sample) == pytest.approx(np.sqrt(2 * known))


def test_halves_that_nothing_depends_on() -> None:
    sample = counted({(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 1})
    for name, bound in tighter.BOUNDS.items():
        assert bound(sample) == pytest.approx(0, abs=1e-5), name


def test_information_given_the_pool_is_no_less() -> None:
    """In one pool all networks err on one example, in the other on none: the pool tells nothing."""
    rng = np.random.default_rng(0)
    selected = rng.integers(0, 2, (2, 400, 2))
    wrong = np.zeros((2, 400, 2, 2), dtype=np.int64)
    wrong[0, ..., 0] = 1
    sample = Supersample(wrong, selected)
    assert tighter.difference_cmi(sample) == 0
    assert tighter.difference_mi(sample) < 0.1


def by_hand(sample: Supersample) -> dict[str, float]:
    """The two square-root bounds given the pool, pair by pair."""
    found = {"e-CMI": [], "ld-CMI": []}
    for pool in range(sample.wrong.shape[0]):
        for pair in range(sample.wrong.shape[2]):
            u = sample.selected[pool, :, pair]
            a, b = sample.wrong[pool, :, pair].T
            for name, symbols in (("e-CMI", 2 * a + b), ("ld-CMI", b - a)):
                information = 0.0
                for s, half in itertools.product(set(symbols.tolist()), (0, 1)):
                    p = np.mean((symbols == s) & (u == half))
                    if p:
                        information += p * np.log(p / np.mean(symbols == s) / np.mean(u == half))
                found[name].append(np.sqrt(2 * max(information, 0)))
    return {name: float(np.mean(values)) for name, values in found.items()}


BITS = arrays(np.int64, (2, 5, 3, 3), elements=st.integers(0, 1))


@given(BITS)
@settings(deadline=None, max_examples=50)
def test_square_roots_against_loops_and_in_order(bits: np.ndarray) -> None:
    sample = Supersample(bits[..., :2], bits[..., 2])
    reference = by_hand(sample)
    for name, value in reference.items():
        assert tighter.BOUNDS[name](sample) == pytest.approx(value, abs=1e-7)
    assert reference["ld-CMI"] <= reference["e-CMI"] + 1e-9


@given(st.floats(0, 0.5), st.floats(0, 0.6))
@settings(deadline=None)
def test_fast_rate_is_the_best_that_the_constants_allow(train: float, information: float) -> None:
    """Against a grid of C1 and C2, the constraint checked point by point."""
    found = tighter.fast_rate_gap(train, information)
    c2 = np.linspace(1e-3, np.log(2) / 2, 200)[:, None]
    c1 = np.concatenate([np.linspace(0, 3, 200), np.geomspace(3, 1e4, 200)])[None]
    allowed = np.exp(2 * c2) + np.exp(-2 * c2 * (c1 + 1)) <= 2
    grid = np.where(allowed, c1 * train + information / c2, np.inf)
    assert found <= (1 + 1e-6) * grid.min() + 1e-9


@given(st.floats(0, 0.9), st.floats(0, 0.6))
@settings(deadline=None)
def test_binary_kl_is_inverted(train: float, information: float) -> None:
    risk = train + tighter.binary_kl_gap(train, information)
    middle = (train + risk) / 2
    divergence = sum(p * np.log(p / q) for p, q in ((train, middle), (1 - train, 1 - middle)) if p)
    assert divergence == pytest.approx(information, abs=1e-6) or (
        risk == 1 and divergence <= information
    )


def test_every_bound_is_above_the_gap_of_random_networks() -> None:
    """Independent examples, networks that err on what they have not seen more often."""
    rng = np.random.default_rng(1)
    selected = rng.integers(0, 2, (4, 40, 30))
    trained = selected[..., None] == np.arange(2)
    wrong = (rng.random(trained.shape) < np.where(trained, 0.05, 0.2)).astype(np.int64)
    sample = Supersample(wrong, selected)
    train, test = sample.losses
    assert test > train
    for name, bound in tighter.BOUNDS.items():
        assert bound(sample) >= test - train, name
        assert tighter.baseline(sample, name) < bound(sample), name


def test_reading_undoes_the_padding() -> None:
    file = xr.Dataset(
        {
            "selected": (
                ("train_size", "pool", "mask", "pair"),
                np.array([[[[1, 0, -1]]], [[[0, 1, 1]]]], dtype=np.int8),
            ),
            "predicted": (
                ("train_size", "pool", "mask", "example"),
                np.array([[[[4, 9, 9, 9, -1, -1]]], [[[4, 4, 9, 9, 4, 9]]]]),
            ),
            "label": (
                ("train_size", "pool", "example"),
                np.array([[[4, 4, 9, 4, -1, -1]], [[4, 9, 9, 9, 4, 9]]]),
            ),
        },
        coords={"train_size": [2, 3]},
    )
    sample = Supersample.read(file, 2)
    np.testing.assert_array_equal(sample.selected, [[[1, 0]]])
    np.testing.assert_array_equal(sample.wrong, [[[[0, 1], [0, 1]]]])
    assert sample.losses == (0.5, 0.5)
    assert Supersample.read(file, 3).losses == (0, pytest.approx(1 / 3))


def test_files_of_earlier_versions_are_refused() -> None:
    old = xr.Dataset({"selected": (("train_size",), [0])}, {"train_size": [4]})
    with pytest.raises(ValueError, match="earlier version, without label, predicted; remove it"):
        Supersample.read(old, 4)
