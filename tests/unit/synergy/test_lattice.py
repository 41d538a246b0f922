"""The redundancy lattice: its elements, its order, its inversion."""

import numpy as np
import pytest

from neuroninfo.synergy.lattice import MOST, lattice


@pytest.mark.parametrize(("n_sources", "elements"), [(1, 1), (2, 4), (3, 18), (4, 166), (5, 7579)])
def test_the_lattice_has_as_many_elements_as_dedekind_counts(n_sources: int, elements: int) -> None:
    found = lattice(n_sources)
    assert len(found.inside) == len(set(found.antichains)) == elements


@pytest.mark.parametrize("n_sources", [1, 2, 3, 4])
def test_the_inversion_inverts_the_order(n_sources: int) -> None:
    found = lattice(n_sources)
    sets = [[set(members) for members in antichain] for antichain in found.antichains]
    order = [[all(any(b <= a for b in low) for a in up) for low in sets] for up in sets]
    product = found.inversion @ np.array(order, dtype=int)
    np.testing.assert_array_equal(product, np.eye(len(sets)))
    assert found.degree.tolist() == [min(map(len, antichain)) for antichain in sets]


def test_too_many_sources_are_refused() -> None:
    with pytest.raises(ValueError, match="give 5 at most"):
        lattice(MOST + 1)
