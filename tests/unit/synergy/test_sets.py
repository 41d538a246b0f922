"""Sets of neurons against their definitions and known cases."""

import numpy as np
import pytest
from hypothesis import given

from neuroninfo.synergy.sets import prefix
from tests.unit.contingency import entropy, information

from .test_lattice import CUBE
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
