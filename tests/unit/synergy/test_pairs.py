"""Pairs taken apart against plain contingency tables, gates, and a general optimizer."""

from itertools import product
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from neuroninfo.synergy.broja import union_information
from neuroninfo.synergy.pairs import MEASURES, decompose
from tests.unit.contingency import entropy, information

quick = settings(deadline=None, max_examples=60)

FIRST = np.array([0, 0, 1, 1], dtype=bool)
SECOND = np.array([0, 1, 0, 1], dtype=bool)


@st.composite
def data(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Bits of neurons and classes, some of them related, some constant, some the same."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n_neurons, n = draw(st.integers(2, 6)), draw(st.integers(1, 40))
    labels = rng.integers(0, draw(st.integers(1, 4)), n)
    on = rng.random((n_neurons, n)) < rng.random((n_neurons, 1))
    for neuron in range(n_neurons):
        kind = rng.random()
        if kind < 0.3:
            on[neuron] ^= labels == rng.integers(0, 4)
        elif kind < 0.5:
            on[neuron] = on[rng.integers(0, n_neurons)] ^ (rng.random() < 0.5)
        elif kind < 0.6:
            on[neuron] = rng.random() < 0.5
    return on, labels


def smallest_specific(labels: np.ndarray, *neurons: np.ndarray) -> float:
    """I_min as Williams and Beer write it: sum over y, min over neurons, sum over t of
    p(t|y) (log 1/p(y) - log 1/p(y|t))."""
    total = 0.0
    for y in set(labels.tolist()):
        of_class = labels == y
        specific = []
        for bits in neurons:
            value = 0.0
            for t in set(bits[of_class].tolist()):
                given_class = np.mean(bits[of_class] == t)
                value += given_class * (log2(1 / of_class.mean()))
                value -= given_class * log2(1 / np.mean(of_class[bits == t]))
            specific.append(value)
        total += of_class.mean() * min(specific)
    return total


def joint_of(x: np.ndarray, a: np.ndarray, b: np.ndarray, n: np.ndarray) -> float:
    """I(T1,T2;Y) in bit if x examples of each class switch on both."""
    cells = np.stack([x, a - x, b - x, n - a - b + x])
    p = np.maximum(cells, 0) / n.sum()
    of_cell, of_class = p.sum(axis=1, keepdims=True), p.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nansum(p * np.log2(p / (of_cell * of_class))))


def smallest_joint(a: np.ndarray, b: np.ndarray, n: np.ndarray) -> float:
    """Its minimum as a general optimizer finds it from several starts."""
    low, high = np.maximum(0, a + b - n), np.minimum(a, b)
    found = []
    for share in (0.02, 0.3, 0.7, 0.98):
        start = low + share * (high - low)
        result = minimize(
            joint_of,
            start,
            args=(a, b, n),
            method="L-BFGS-B",
            bounds=list(zip(low, high, strict=True)),
            options={"ftol": 1e-15, "gtol": 1e-10},
        )
        found.append(min(float(result.fun), joint_of(start, a, b, n)))
    return min(found)


@quick
@given(data())
def test_pairs(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data
    found = decompose(on, labels)
    for neuron, bits in enumerate(on):
        assert found.information[neuron] == pytest.approx(information(labels, bits), abs=1e-9)
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == [(i, j) for i in range(len(on)) for j in range(i + 1, len(on))]
    for pair, (i, j) in enumerate(pairs):
        alone = information(labels, on[i]), information(labels, on[j])
        assert found.joint[pair] == pytest.approx(information(labels, on[i], on[j]), abs=1e-9)
        assert found.interaction[pair] == pytest.approx(found.joint[pair] - sum(alone), abs=1e-9)
        redundant = {name: found.redundant[name][pair] for name in MEASURES}
        assert redundant["mmi"] == pytest.approx(min(alone), abs=1e-9)
        assert redundant["min"] == pytest.approx(smallest_specific(labels, on[i], on[j]), abs=1e-9)
        assert redundant["broja"] <= redundant["mmi"] + 1e-12
        assert redundant["min"] <= redundant["mmi"] + 1e-12


@quick
@given(data())
def test_the_parts_add_up_and_are_not_negative(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    found = decompose(*given_data)
    for name in MEASURES:
        redundant, synergistic = found.redundant[name], found.synergistic(name)
        of_first, of_second = found.unique(name)
        for part in (redundant, synergistic, of_first, of_second):
            assert (part >= 0).all()
        whole = redundant + of_first + of_second + synergistic
        np.testing.assert_allclose(whole, found.joint, atol=1e-9)
        np.testing.assert_allclose(redundant + of_first, found.information[found.first], atol=1e-12)
        np.testing.assert_allclose(
            redundant + of_second, found.information[found.second], atol=1e-12
        )


@quick
@given(data())
def test_which_neuron_comes_first_and_which_of_its_outputs_is_on_does_not_matter(
    given_data: tuple[np.ndarray, np.ndarray],
) -> None:
    on, labels = given_data
    found, backward = decompose(on, labels), decompose(~on[::-1], labels)
    last = len(on) - 1
    place = {
        pair: k
        for k, pair in enumerate(
            zip(backward.first.tolist(), backward.second.tolist(), strict=True)
        )
    }
    same = [place[last - j, last - i] for i, j in zip(found.first, found.second, strict=True)]
    np.testing.assert_allclose(backward.joint[same], found.joint, atol=1e-12)
    for name in MEASURES:
        np.testing.assert_allclose(backward.redundant[name][same], found.redundant[name], atol=1e-9)


@quick
@given(st.integers(0, 100_000), st.integers(1, 5), st.integers(1, 60))
def test_the_union_is_the_minimum(seed: int, n_classes: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.integers(1, most + 1, n_classes)
    pairs = 4
    a, b = (rng.binomial(n[:, None], rng.random((n_classes, pairs))) for _ in range(2))
    same = rng.random(pairs) < 0.2
    b[:, same] = a[:, same]
    found = union_information(a, b, n)
    assert (found.gap >= 0).all()
    assert found.gap.max() < 1e-9
    for pair in range(pairs):
        at = a[:, pair], b[:, pair], n
        best = smallest_joint(*at)
        assert found.information[pair] <= best + 1e-12
        # The optimizer's may be far off; what is claimed of the gap may not.
        assert found.information[pair] - found.gap[pair] <= best + 1e-12
        low, high = np.maximum(0, at[0] + at[1] - n), np.minimum(at[0], at[1])
        anywhere = joint_of(low + rng.random(n_classes) * (high - low), *at)
        assert found.information[pair] <= anywhere + 1e-12
        alone = (joint_of(bits, bits, bits, n) for bits in at[:2])
        assert found.information[pair] >= max(alone) - 1e-12


def test_the_general_optimizer_finds_the_same_where_it_works() -> None:
    """So the minimum is not one below what can be reached."""
    rng = np.random.default_rng(3)
    n = np.array([50, 40, 60])
    a, b = (rng.integers(5, 35, (3, 50)) for _ in range(2))
    found = union_information(a, b, n)
    best = [smallest_joint(a[:, pair], b[:, pair], n) for pair in range(50)]
    np.testing.assert_allclose(found.information, best, atol=1e-7)


def test_many_pairs_are_solved_like_few() -> None:
    rng = np.random.default_rng(5)
    n = np.array([300, 500, 200])
    a, b = (rng.binomial(n[:, None], rng.random((3, 10_000))) for _ in range(2))
    found = union_information(a, b, n)
    assert found.gap.max() <= 1e-10
    few = union_information(a[:, 9_990:], b[:, 9_990:], n)
    np.testing.assert_allclose(found.information[9_990:], few.information, atol=2e-10)


GATES = {
    # labels: information of the first, of the second, joint; redundant by min, mmi and broja
    "xor": (FIRST ^ SECOND, 0, 0, 1, (0, 0, 0)),
    "unique": (FIRST, 1, 0, 1, (0, 0, 0)),
    "both": (2 * FIRST + SECOND, 1, 1, 2, (1, 1, 0)),
    "and": (FIRST & SECOND, 0.311278, 0.311278, 0.811278, (0.311278,) * 3),
    "nothing": (np.zeros(4), 0, 0, 0, (0, 0, 0)),
}


@pytest.mark.parametrize("gate", GATES)
def test_gates(gate: str) -> None:
    """Known values of Williams and Beer 2010 and Bertschinger et al. 2014."""
    labels, of_first, of_second, joint, redundant = GATES[gate]
    found = decompose(np.stack([FIRST, SECOND]), labels.astype(int))
    np.testing.assert_allclose(found.information, [of_first, of_second], atol=1e-6)
    np.testing.assert_allclose(found.joint, joint, atol=1e-6)
    for name, value in zip(MEASURES, redundant, strict=True):
        assert found.redundant[name][0] == pytest.approx(value, abs=1e-6)
        synergistic = joint - of_first - of_second + value
        assert found.synergistic(name)[0] == pytest.approx(synergistic, abs=1e-6)
    if gate == "xor":
        assert found.synergistic("broja")[0] == 1


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_dead_constant_and_identical_neurons(n_classes: int) -> None:
    labels = np.repeat(np.arange(n_classes), 7)
    of_class = labels == 0
    on = np.stack([np.zeros_like(of_class), np.ones_like(of_class), of_class, of_class, ~of_class])
    found = decompose(on, labels)
    entropy_of_class = entropy(of_class)
    np.testing.assert_allclose(
        found.information, [0, 0, *[entropy_of_class] * 3], rtol=0, atol=1e-12
    )
    for name in MEASURES:
        for pair, (i, j) in enumerate(zip(found.first, found.second, strict=True)):
            of_first, of_second = found.unique(name)
            if i < 2:  # Dead or constant: says nothing, alone or together.
                assert found.redundant[name][pair] == 0
                assert of_first[pair] == 0
                assert of_second[pair] == pytest.approx(found.information[j], abs=1e-12)
            else:  # Copies, and the opposite, which is one.
                assert found.redundant[name][pair] == pytest.approx(entropy_of_class, abs=1e-12)
                assert of_first[pair] == pytest.approx(0, abs=1e-12)
                assert of_second[pair] == pytest.approx(0, abs=1e-12)
            assert found.synergistic(name)[pair] == pytest.approx(0, abs=1e-12)


@quick
@given(data())
def test_copies_have_no_synergy(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data
    found = decompose(np.stack([on[0], on[0], ~on[0]]), labels)
    for name in MEASURES:
        assert found.synergistic(name).max() < 1e-9
        np.testing.assert_allclose(found.redundant[name], found.information[0], atol=1e-9)


def test_independent_given_the_class_but_weak() -> None:
    """Two neurons that fire by chance: no information, and its bias is that of shuffled classes."""
    rng = np.random.default_rng(0)
    on = rng.random((30, 2000)) < 0.4
    labels = rng.integers(0, 10, 2000)
    found, shuffled = decompose(on, labels), decompose(on, rng.permutation(labels))
    expected = 27 / (2 * 2000 * np.log(2))  # (4 - 1) (10 - 1) / (2 n ln 2)
    assert found.joint.mean() == pytest.approx(expected, rel=0.1)
    assert shuffled.joint.mean() == pytest.approx(expected, rel=0.1)


def test_all_tables_of_three_examples() -> None:
    """Every way in which two neurons and two classes can be on three examples."""
    for bits in product([False, True], repeat=9):
        first, second, labels = np.array(bits).reshape(3, 3)
        found = decompose(np.stack([first, second]), labels.astype(int))
        assert found.joint[0] == pytest.approx(
            information(labels.astype(int), first, second), abs=1e-12
        )
        assert found.gap[0] < 1e-9
