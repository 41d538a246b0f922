"""Sets of neurons against their definitions and known cases."""

import numpy as np
import pytest
from hypothesis import given

from neuroninfo.synergy.sets import gaussian_copula, most_counted, prefix
from tests.unit.contingency import entropy, information

from .test_atoms import CUBE
from .test_pairs import data, quick


@quick
@given(data())
def test_the_definition(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data
    found, joint = prefix(on, labels), entropy(*on)
    given_others = sum(joint - entropy(*np.delete(on, i, axis=0)) for i in range(len(on)))
    total = sum(entropy(bits) for bits in on) - joint
    assert found.total_correlation == pytest.approx(total, abs=1e-9)
    assert found.dual_total_correlation == pytest.approx(joint - given_others, abs=1e-9)
    assert found.o_information == pytest.approx(total - joint + given_others, abs=1e-9)
    index = information(labels, *on) - sum(information(labels, bits) for bits in on)
    assert found.redundancy_synergy_index == pytest.approx(index, abs=1e-9)


def test_copies_and_parity() -> None:
    labels = CUBE[0].astype(int)
    copies = prefix(np.repeat(CUBE[:1], 3, axis=0), labels)
    assert (copies.total_correlation, copies.dual_total_correlation) == (2, 1)
    assert (copies.o_information, copies.redundancy_synergy_index) == (1, -2)
    parity = prefix(np.stack([CUBE[0], CUBE[1], CUBE[0] ^ CUBE[1]]), labels)
    assert (parity.o_information, parity.once) == (-1, 0)
    assert prefix(CUBE, CUBE.sum(axis=0) % 2).redundancy_synergy_index == 1


def test_patterns_are_counted_up_to_as_many_as_examples() -> None:
    assert [most_counted(n) for n in (1, 7, 8, 10_000)] == [0, 2, 3, 13]


def closed_form(covariance: np.ndarray) -> tuple[float, float]:
    """Total and dual total correlation of normal variables of variance 1."""
    joint = np.log2(np.linalg.det(covariance)) / 2
    given_others = [
        joint - np.log2(np.linalg.det(np.delete(np.delete(covariance, i, 0), i, 1))) / 2
        for i in range(len(covariance))
    ]
    return -joint, joint - sum(given_others)


@pytest.mark.parametrize("loading", [0.0, 0.6, 0.9])
def test_normal_variables_whatever_their_scale(loading: float) -> None:
    rng = np.random.default_rng(1)
    common, own = rng.normal(size=(1, 40_000)), rng.normal(size=(4, 40_000))
    values = loading * common + np.sqrt(1 - loading**2) * own
    covariance = np.full((4, 4), loading**2)
    np.fill_diagonal(covariance, 1)
    found = gaussian_copula(values)
    expected = closed_form(covariance)
    shared = (found.total_correlation, found.dual_total_correlation)
    assert shared == pytest.approx(expected, abs=0.02)
    assert found.o_information == pytest.approx(expected[0] - expected[1], abs=0.02)
    scaled = gaussian_copula(np.stack([values[0], values[1] ** 3, np.exp(values[2]), -values[3]]))
    assert scaled.total_correlation == pytest.approx(found.total_correlation)


def test_the_bias_of_independent_neurons_is_taken_off() -> None:
    rng = np.random.default_rng(2)
    found = [gaussian_copula(rng.normal(size=(30, 200))) for _ in range(20)]
    # Without the correction about 30 * 29 / 2 / (2 * 200 * log 2) = 1.6 bit.
    assert np.mean([f.total_correlation for f in found]) == pytest.approx(0, abs=0.1)
    assert np.mean([f.dual_total_correlation for f in found]) == pytest.approx(0, abs=0.1)


def test_copies_share_without_end() -> None:
    values = np.random.default_rng(3).normal(size=(3, 50))
    values[2] = 2 * values[0]
    found = gaussian_copula(values)
    assert found.total_correlation == np.inf
    assert np.isnan(found.o_information)
