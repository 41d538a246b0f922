"""Degrees of redundancy and vulnerability against their definition."""

import numpy as np
import pytest
from hypothesis import given

from neuroninfo.synergy.invariants import invariants

from .test_pairs import data, information, quick


@quick
@given(data())
def test_the_definition(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data
    found = invariants(on, labels)
    joint = information(labels, *on)
    assert found.information == pytest.approx(joint, abs=1e-9)
    rows = [tuple(row) for row in on.T.tolist()]
    assert found.once == pytest.approx(np.mean([rows.count(row) == 1 for row in rows]))
    if joint < 1e-9:
        return
    alone = sum(information(labels, bits) for bits in on)
    given_others = sum(
        joint - information(labels, *np.delete(on, i, axis=0)) for i in range(len(on))
    )
    assert found.redundancy == pytest.approx(alone / joint, abs=1e-8)
    assert found.vulnerability == pytest.approx(given_others / joint, abs=1e-8)


def test_copies_are_redundant_and_not_vulnerable() -> None:
    labels = np.arange(40) % 4
    bits = np.stack([labels % 2, labels // 2]).astype(bool)
    found = invariants(np.repeat(bits, 3, axis=0), labels)
    assert (found.information, found.redundancy, found.vulnerability) == (2, 3, 0)
    assert found.once == 0
    once_each = invariants(bits, labels)
    assert (once_each.redundancy, once_each.vulnerability) == (1, 1)


def test_parity_is_synergy_that_any_neuron_can_break() -> None:
    bits = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).astype(bool)
    found = invariants(bits, bits.sum(axis=0) % 2)
    assert (found.information, found.redundancy, found.vulnerability) == (1, 0, 3)


def test_a_layer_that_says_nothing_has_no_degrees() -> None:
    for labels in (np.zeros(6, dtype=int), np.arange(6)):
        found = invariants(np.zeros((3, 6), dtype=bool), labels)
        assert found.information == 0
        assert np.isnan([found.redundancy, found.vulnerability]).all()


def test_where_plug_in_ends() -> None:
    """Wide layers know classes that were drawn by chance: each pattern occurs once."""
    rng = np.random.default_rng(0)
    on, labels = rng.random((100, 500)) < 0.5, np.arange(500) % 2
    found = invariants(on, labels)
    assert found.once == 1
    assert found.information == pytest.approx(1)
    assert found.vulnerability == 0
