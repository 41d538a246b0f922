"""Joint selection against plain contingency tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.ablation import joint
from neuroninfo.ablation.joint import Pairs
from tests.unit.contingency import information

quick = settings(deadline=None, max_examples=60)


@st.composite
def data(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Bits of neurons and classes, some of them related, some constant."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n_neurons, n = draw(st.integers(1, 6)), draw(st.integers(1, 40))
    labels = rng.integers(0, draw(st.integers(1, 4)), n)
    on = rng.random((n_neurons, n)) < rng.random((n_neurons, 1))
    for neuron in range(n_neurons):
        if rng.random() < 0.4:
            on[neuron] ^= labels == rng.integers(0, 4)
    return on, labels


@quick
@given(data())
def test_pairs(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data
    pairs = Pairs(on, labels)
    for i, first in enumerate(on):
        assert pairs.single[i] == pytest.approx(information(labels, first), abs=1e-9)
        for j, second in enumerate(on):
            assert pairs.joint[i, j] == pytest.approx(information(labels, first, second), abs=1e-9)


@quick
@given(data(), st.sampled_from(joint.MEASURES), st.integers(0, 100))
def test_selection(given_data: tuple[np.ndarray, np.ndarray], measure: str, seed: int) -> None:
    on, labels = given_data
    rng = np.random.default_rng(seed)
    ties = rng.permutation(len(on))
    shuffled = [rng.permutation(labels) for _ in range(2)]
    found = joint.select(measure, on, labels, ties, shuffled)

    def score(candidate: int, kept: list[int], classes: np.ndarray) -> float:
        if not kept:
            return information(classes, on[candidate])
        both = [information(classes, on[candidate], on[j]) for j in kept]
        if measure == "jmi":
            return sum(both)
        return min(b - information(classes, on[j]) for b, j in zip(both, kept, strict=True))

    kept: list[int] = []
    for step in range(len(on)):
        left = [int(i) for i in ties if i not in kept]
        scores = [score(i, kept, labels) for i in left]
        chosen = int(found.order[step])
        assert score(chosen, kept, labels) == pytest.approx(max(scores), abs=1e-9)
        assert found.score[step] == pytest.approx(max(scores), abs=1e-9)
        expected = np.mean([score(chosen, kept, permuted) for permuted in shuffled])
        assert found.shuffled[step] == pytest.approx(expected, abs=1e-9)
        kept.append(chosen)
        if step < joint.MOST_JOINT:
            exact = information(labels, *on[kept])
            assert found.joint_information[step] == pytest.approx(exact, abs=1e-9)
    assert sorted(kept) == list(range(len(on)))
    assert (np.diff(found.joint_information) >= -1e-9).all()


def test_a_duplicate_comes_after_what_is_new() -> None:
    labels = np.repeat([0, 1, 2, 3], 25)
    on = np.stack([labels == 0, labels == 0, labels == 1, np.zeros(100, bool)])
    for ties in ([0, 1, 2, 3], [3, 1, 0, 2]):
        order = joint.select("cmim", on, labels, np.array(ties), [labels]).order
        assert {int(order[0]), int(order[1])} in ({0, 2}, {1, 2})
        # Neither a duplicate nor a dead neuron adds anything.
        assert joint.select("cmim", on, labels, np.array(ties), [labels]).score[2:].tolist() == [
            0,
            0,
        ]


def test_ties_break_ties() -> None:
    labels = np.array([0, 1, 0, 1])
    on = np.tile(labels == 0, (5, 1))
    ties = np.array([3, 0, 4, 1, 2])
    for measure in joint.MEASURES:
        np.testing.assert_array_equal(joint.select(measure, on, labels, ties, [labels]).order, ties)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="'mrmr': known are cmim, jmi"):
        joint.select("mrmr", np.ones((1, 2), bool), np.zeros(2, int), np.zeros(1, int), [])
    with pytest.raises(ValueError, match="fewer than"):
        Pairs(np.ones((0, 2**24), bool), np.zeros(2**24, dtype=np.int8))
