"""Sets of neurons: which, and means over them."""

import numpy as np
import pytest

from neuroninfo.synergy.atoms import (
    by_degree,
    parts_by_degree,
    pattern_counts,
    representational_complexity,
)
from neuroninfo.synergy.complexity import MEASURES, decompose_sets, sample_sets


def test_all_sets_are_taken_or_a_sample_of_different_ones() -> None:
    neurons = np.array([2, 3, 5, 7, 11])
    few = sample_sets(neurons, 4, 5, np.random.default_rng(0))
    assert few.tolist() == [
        [2, 3, 5, 7],
        [2, 3, 5, 11],
        [2, 3, 7, 11],
        [2, 5, 7, 11],
        [3, 5, 7, 11],
    ]
    assert sample_sets(neurons[:3], 4, 5, np.random.default_rng(0)).shape == (0, 4)
    sample = sample_sets(neurons, 2, 9, np.random.default_rng(0))
    assert len({tuple(members) for members in sample.tolist()}) == 9
    assert (np.diff(sample, axis=1) > 0).all()
    assert np.isin(sample, neurons).all()


def test_each_set_is_as_likely() -> None:
    random = np.random.default_rng(0)
    drawn = [sample_sets(np.arange(5), 2, 3, random).tolist() for _ in range(2000)]
    often = np.zeros((5, 5))
    for first, second in (members for sets in drawn for members in sets):
        often[first, second] += 1
    counts = often[np.triu_indices(5, k=1)]
    assert counts == pytest.approx(np.full(10, 600), abs=5 * np.sqrt(600 * 0.7))


def test_means_are_over_sets_and_complexity_over_those_that_say_something() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    silent = [np.arange(40) % 2 == 0, np.arange(40) % 4 < 2]  # as often on in each class
    on = np.stack([labels == 1, rng.random(40) < 0.5, *silent])
    sets = np.array([[0, 1], [2, 3]])
    found = decompose_sets(on, labels, sets)
    for place, measure in enumerate(MEASURES):
        degrees = [by_degree(pattern_counts(on[members], labels), measure) for members in sets]
        np.testing.assert_allclose(found.by_degree[place], np.mean(degrees, axis=0))
        assert found.complexity[place] == representational_complexity(degrees[0])
    parts = np.mean([parts_by_degree(pattern_counts(on[members], labels)) for members in sets], 0)
    np.testing.assert_allclose([found.informative, found.misinformative], parts)
