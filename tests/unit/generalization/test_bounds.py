"""Bounds against closed forms, and what has to hold of them for any numbers."""

import math
from random import Random

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.generalization import bounds
from neuroninfo.results import bounds as results_bounds
from neuroninfo.training.sgld_information import noisy_sgd_information

quick = settings(deadline=None, max_examples=60)

SIZES = st.integers(2, 10**6)
BITS = st.floats(0, 30)


# --- Gaussian mean estimation: m examples N(0, 1), W = their mean + N(0, s^2), loss -sign(W) z ---


def gaussian(m: int, s: float) -> tuple[float, float, float]:
    """Gap, I(D; W) and I(D_i; W) in nats; the loss is N(0, 1) for any W, so sigma is 1."""
    correlation = math.sqrt(1 / (1 + m * s**2))
    gap = correlation * math.sqrt(2 / (math.pi * m))
    whole = math.inf if s == 0 else 0.5 * math.log1p(1 / (m * s**2))
    own = 0.5 * math.log1p(1 / m**2 / ((m - 1) / m**2 + s**2))
    return gap, whole, own


@pytest.mark.parametrize("m", [2, 10, 1000])
@pytest.mark.parametrize("s", [0.0, 0.01, 0.3, 2.0, 50.0])
def test_a_known_gap_is_below_both_bounds_and_individual_samples_are_tighter(
    m: int, s: float
) -> None:
    gap, whole, own = gaussian(m, s)
    loose = bounds.weight_information(whole, m, 1.0)
    tight = bounds.individual_samples(np.full(m, own), 1.0)
    assert gap < tight < loose


def test_known_tightness() -> None:
    gap, whole, own = gaussian(1000, 50.0)  # much noise: both are sqrt(pi / 2) times the gap
    assert bounds.weight_information(whole, 1000, 1.0) / gap == pytest.approx(
        math.sqrt(math.pi / 2), rel=1e-3
    )
    assert bounds.individual_samples([own] * 1000, 1.0) / gap == pytest.approx(
        math.sqrt(math.pi / 2), rel=1e-3
    )
    gap, whole, own = gaussian(1000, 0.0)  # none: B3 is infinite, B4 as tight as before
    assert bounds.weight_information(whole, 1000, 1.0) == math.inf
    assert bounds.individual_samples([own] * 1000, 1.0) / gap == pytest.approx(
        math.sqrt(math.pi / 2), rel=1e-3
    )


def test_the_gap_of_the_closed_form_is_what_happens() -> None:
    rng = np.random.default_rng(0)
    examples = rng.normal(size=(200_000, 5))
    weights = examples.mean(axis=1) + 0.3 * rng.normal(size=len(examples))
    gap = (np.sign(weights) * examples.mean(axis=1)).mean()  # the expected loss is 0
    assert gap == pytest.approx(gaussian(5, 0.3)[0], abs=0.005)


# --- invariants -------------------------------------------------------------------------


@quick
@given(BITS, BITS, SIZES, st.integers(1, 1000), st.floats(0.001, 0.5), st.floats(1.01, 2))
def test_input_compression_is_monotone(
    low: float, more: float, m: int, further: int, delta: float, times: float
) -> None:
    value = bounds.input_compression(low, m, delta)
    assert bounds.input_compression(low, m + further, delta) < value
    assert bounds.input_compression(low, m, min(0.9, delta * times)) < value
    assert bounds.input_compression(low + more, m, delta) >= value


@quick
@given(BITS, SIZES, st.floats(0.001, 0.999))
def test_vacuous_says_that_the_bound_is_one_or_more(bits: float, m: int, delta: float) -> None:
    if bounds.input_compression_vacuous(bits, m):
        assert bounds.input_compression(bits, m, delta) >= 1 - 1e-12
    assert bounds.input_compression_vacuous(math.log2(2 * m) + 1e-9, m)
    assert not bounds.input_compression_vacuous(math.log2(2 * m) - 1e-3, m)


def test_numbers_by_hand() -> None:
    assert bounds.input_compression(3, 100, 0.05) == pytest.approx(
        math.sqrt((8 + math.log(40)) / 200)
    )
    assert bounds.information_shape(4, 100) == pytest.approx(2 * math.log(100) / 10)
    assert bounds.weight_information(8, 100, bounds.subgaussian(0, 1)) == pytest.approx(0.2)
    assert bounds.subgaussian(0, 4.0) == 2
    assert noisy_sgd_information(0.1, 2.0, 0.01, 50) == pytest.approx(25 * math.log(9))


@quick
@given(st.lists(st.floats(0, 5), min_size=1, max_size=20), st.floats(0.1, 3))
def test_individual_samples_are_below_the_whole(own: list[float], sigma: float) -> None:
    """Of independent examples the informations sum up to no more than that of the set."""
    value = bounds.individual_samples(own, sigma)
    assert value <= bounds.weight_information(sum(own), len(own), sigma) * (1 + 1e-12)


@quick
@given(st.floats(1e-4, 1), st.floats(1e-3, 10), st.floats(1e-5, 1), st.integers(1, 10**6))
def test_information_of_noisy_sgd(eta: float, norm: float, noise: float, d: int) -> None:
    value = noisy_sgd_information(eta, norm, noise, d)
    assert 0 <= value <= (eta * norm / noise) ** 2 / 2 * (1 + 1e-9)  # ln(1 + x) <= x
    assert noisy_sgd_information(eta, norm, 2 * noise, d) <= value
    assert noisy_sgd_information(eta, norm, 0.0, d) == math.inf
    assert noisy_sgd_information(eta, math.inf, noise, d) == math.inf
    assert noisy_sgd_information(eta, 0.0, 0.0, d) == 0


# --- f-CMI ------------------------------------------------------------------------------


def balanced(k: int, m: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([rng.permutation(np.arange(k) % 2) for _ in range(m)], axis=1)


def test_an_algorithm_that_ignores_its_data_has_no_information() -> None:
    selected = balanced(30, 7)
    constant = np.broadcast_to(np.arange(14).reshape(7, 2) % 3, (30, 7, 2))
    information = bounds.selection_information(selected, constant, 3)
    np.testing.assert_allclose(information, 0, atol=1e-12)
    assert bounds.functional_cmi(information) == pytest.approx(0, abs=1e-6)


def test_an_algorithm_that_memorises_knows_which_it_has_seen() -> None:
    selected = balanced(30, 7)
    memorised = np.stack([selected == 0, selected == 1], axis=2).astype(int)
    information = bounds.selection_information(selected, memorised, 2)
    np.testing.assert_allclose(information, math.log(2))
    assert bounds.functional_cmi(information) == pytest.approx(math.sqrt(2 * math.log(2)))


def test_chance_looks_like_information_as_much_as_is_known() -> None:
    rng = np.random.default_rng(2)
    selected, predicted = rng.integers(0, 2, (30, 4000)), rng.integers(0, 2, (30, 4000, 2))
    found = bounds.selection_information(selected, predicted, 2).mean()
    assert found == pytest.approx(3 / 60, rel=0.15)  # (4 - 1)(2 - 1) / (2k)


@quick
@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 4), st.randoms())
def test_information_is_bounded_and_the_order_of_networks_is_nothing(
    k: int, m: int, n_symbols: int, random: object
) -> None:
    rng = np.random.default_rng(random.randrange(2**32))
    selected, predicted = rng.integers(0, 2, (k, m)), rng.integers(0, n_symbols, (k, m, 2))
    found = bounds.selection_information(selected, predicted, n_symbols)
    assert ((found >= 0) & (found <= math.log(2))).all()
    order = rng.permutation(k)
    again = bounds.selection_information(selected[order], predicted[order], n_symbols)
    np.testing.assert_allclose(found, again, atol=1e-12)
    other = bounds.selection_information(1 - selected, predicted, n_symbols)
    np.testing.assert_allclose(found, other, atol=1e-12)


def supersample(
    gap: float, value: float, baseline: float, sizes: tuple[int, ...] = (10, 40)
) -> xr.Dataset:
    """Two pools of three networks: means are the numbers given, with all networks only."""
    spread = np.array([-0.01, 0.01])
    estimated = np.zeros((len(sizes), 2, 2, 3))
    estimated[:, :, -1] = np.array([value, baseline, 1.0]) + spread[:, None]
    of_networks = gap + spread[:, None] + np.array([-0.1, 0, 0.1])
    return xr.Dataset(
        {
            "gap": (("train_size", "pool", "mask"), np.stack([of_networks] * len(sizes))),
            "bound_value": (("train_size", "pool", "networks", "known_by"), estimated),
        },
        coords={
            "train_size": list(sizes),
            "networks": [1, 3],
            "known_by": [bounds.PLUG_IN, bounds.PERMUTED, bounds.WEIGHTS],
        },
    )


def test_the_table_has_functional_cmi_without_other_bounds() -> None:
    """Four conditions: ranks 1 2 3 4 of the gap, 1 2 4 3 of the bound."""
    files = [
        supersample(0.1, 0.2, 0.05),
        supersample(0.2, 0.4, 0.3),  # mostly bias
        supersample(0.3, 1.2, 0.1),  # vacuous
        supersample(0.4, 0.5, 0.1, sizes=(10,)),
    ]
    whole = results_bounds.summary([], files)
    table = whole[whole["estimator"] == "plug-in"].set_index("train_size")
    assert list(table.columns) == [c for c in results_bounds.COLUMNS if c != "train_size"]
    assert (table[["loss", "bound", "estimator", "layer"]] == ["error", "B6", "plug-in", ""]).all(
        axis=None
    )
    assert table["n_conditions"].to_dict() == {10: 4, 40: 3}
    assert table["correlation"].to_dict() == pytest.approx({10: 0.8, 40: 1.0})
    assert table.loc[10, "ratio"] == pytest.approx(2.0)  # of 2, 2, 4 and 1.25
    assert table["saturated"].to_dict() == pytest.approx({10: 1 / 4, 40: 1 / 3})
    assert table["non_vacuous"].to_dict() == pytest.approx({10: 1 / 2, 40: 1 / 3})
    assert (table["violated"] == 0).all()
    assert (table["note"] == "").all()
    by_chance = whole[whole["estimator"] == results_bounds.CHANCE].set_index("train_size")
    assert by_chance["correlation"][40] == pytest.approx(0.5)  # ranks 1 3 2
    assert by_chance[["non_vacuous", "violated", "ratio"]].isna().all(axis=None)
    assert by_chance["note"].str.contains("no bound").all()


@quick
@given(
    st.lists(
        st.tuples(*3 * [st.floats(0, 1)], st.sampled_from([(10,), (40,), (10, 40)])), max_size=5
    ),
    st.randoms(),
)
def test_the_order_of_conditions_does_not_matter(
    numbers: list[tuple[float, float, float, tuple[int, ...]]], random: Random
) -> None:
    files = [supersample(*cell) for cell in numbers]
    mixed = random.sample(files, len(files))
    one, other = (
        results_bounds.summary([], some).sort_values(["train_size", "estimator"], ignore_index=True)
        for some in (files, mixed)
    )
    pd.testing.assert_frame_equal(one, other)


def test_two_conditions_have_no_rank_correlation_and_a_gap_may_be_above() -> None:
    table = results_bounds.summary([], [supersample(0.1, 0.2, 0.05), supersample(0.5, 0.3, 0.05)])
    assert table["correlation"].isna().all()
    assert table["note"].str.contains("fewer than 3 conditions").all()
    assert (table.loc[table["estimator"] == "plug-in", "violated"] == 0.5).all()


@pytest.mark.parametrize(("baseline", "saturated"), [(0.0, 0), (0.19, 0), (0.21, 1), (0.4, 1)])
def test_a_bound_that_chance_gives_too_says_little(baseline: float, saturated: int) -> None:
    pooled = results_bounds.over_pools(supersample(0.1, 0.4, baseline))
    np.testing.assert_allclose(pooled["baseline"], baseline, atol=1e-12)
    np.testing.assert_allclose(pooled["gap"], 0.1)
    assert (pooled["saturated"] == saturated).all()


def test_predictions_that_never_differ_are_not_bias() -> None:
    file = supersample(0.0, 0.0, 0.0)
    file["bound_value"][:] = 0
    assert not results_bounds.over_pools(file)["saturated"].any()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: bounds.subgaussian(0, math.inf), "clip it"),
        (lambda: bounds.input_compression(-1, 10, 0.1), "never negative"),
        (lambda: bounds.input_compression(1, 0, 0.1), "1 or more"),
        (lambda: bounds.input_compression(1, 10, 1.5), "between 0 and 1"),
        (lambda: noisy_sgd_information(0.1, -1, 0.1, 3), "negative"),
        (lambda: bounds.selection_information(np.ones((2, 3)), np.ones((2, 2)), 2), "networks"),
        (lambda: bounds.selection_information(np.ones((2, 2)), np.full((2, 2), 2), 2), "0 to 1"),
    ],
)
def test_mistakes_say_what_would_do(wrong: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()
