"""The redundancy lattice against values derived by hand, and against pairs."""

import numpy as np
import pytest
from hypothesis import given

from neuroninfo.synergy.lattice import MOST, parts
from neuroninfo.synergy.pairs import decompose

from .test_pairs import data, information, quick

CUBE = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).astype(bool)


@pytest.mark.parametrize(("n_neurons", "elements"), [(1, 1), (2, 4), (3, 18), (4, 166), (5, 7579)])
def test_the_lattice_has_as_many_elements_as_dedekind_counts(n_neurons: int, elements: int) -> None:
    assert len(parts(np.zeros((n_neurons, 4), dtype=bool), np.arange(4))) == elements


def test_by_hand() -> None:
    """Parity is in all three together only; copies are redundant; a pair's parity is the pair's."""
    parity = parts(CUBE, CUBE.sum(axis=0) % 2)
    assert parity.pop(((0, 1, 2),)) == pytest.approx(1)
    assert max(map(abs, parity.values())) < 1e-12
    copies = parts(np.repeat(CUBE[:1], 3, axis=0), CUBE[0].astype(int))
    assert copies.pop(((0,), (1,), (2,))) == pytest.approx(1)
    assert max(map(abs, copies.values())) < 1e-12
    of_pair = parts(CUBE, (CUBE[0] ^ CUBE[1]).astype(int))
    assert of_pair.pop(((0, 1),)) == pytest.approx(1)
    assert max(map(abs, of_pair.values())) < 1e-12


@quick
@given(data())
def test_parts_add_up_and_are_those_of_pairs(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data
    few = on[:4]
    found = parts(few, labels)
    assert sum(found.values()) == pytest.approx(information(labels, *few), abs=1e-9)
    assert min(found.values()) > -1e-9
    two, pairs = parts(on[:2], labels), decompose(on[:2], labels)
    assert two[((0,), (1,))] == pytest.approx(pairs.redundant["min"][0], abs=1e-9)
    assert two[((0, 1),)] == pytest.approx(pairs.synergistic("min")[0], abs=1e-9)


def test_too_many_neurons_are_refused() -> None:
    with pytest.raises(ValueError, match="give 5 at most"):
        parts(np.zeros((MOST + 1, 3), dtype=bool), np.zeros(3, dtype=int))
