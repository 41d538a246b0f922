"""Atoms of the redundancy lattice against gates with known atoms, definitions, and pairs."""

import itertools
from collections.abc import Mapping
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroninfo.synergy.atoms import (
    REDUNDANCIES,
    atoms,
    by_degree,
    pattern_counts,
    representational_complexity,
)
from neuroninfo.synergy.lattice import Antichain, lattice
from neuroninfo.synergy.pairs import decompose

from .test_pairs import FIRST, SECOND, data, information, quick

CUBE = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).astype(bool)
TESSERACT = np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).astype(bool)
PAIR = np.stack([FIRST, SECOND])
FEW = st.integers(2, 4)


def complexity(on: np.ndarray, labels: np.ndarray, measure: str) -> float:
    return float(representational_complexity(by_degree(pattern_counts(on, labels), measure)))


def shared_exclusions(on: np.ndarray, labels: np.ndarray, antichain: Antichain) -> float:
    """As Makkeh et al. define it, example by example."""
    total = 0.0
    for example, label in zip(on.T, labels, strict=True):
        event = np.zeros(len(labels), dtype=bool)
        for members in map(list, antichain):
            event |= (on[members] == example[members, None]).all(axis=0)
        total += log2(np.mean(labels[event] == label) / np.mean(labels == label))
    return total / len(labels)


def below(lower: Antichain, upper: Antichain) -> bool:
    """The order as Williams and Beer write it."""
    return all(any(set(b) <= set(a) for b in lower) for a in upper)


@pytest.mark.parametrize("measure", REDUNDANCIES)
def test_by_hand(measure: str) -> None:
    """Copies are redundant; what a copy of the class says, and what constant neurons say."""
    copies = atoms(np.repeat(CUBE[:1], 3, axis=0), CUBE[0].astype(int), measure)
    assert copies.pop(((0,), (1,), (2,))) == pytest.approx(1)
    assert max(map(abs, copies.values())) < 1e-12
    constant = np.stack([CUBE[0], np.zeros(8, dtype=bool), np.ones(8, dtype=bool)])
    alone = atoms(constant, CUBE[0].astype(int), measure)
    assert alone.pop(((0,),)) == pytest.approx(1)
    assert max(map(abs, alone.values())) < 1e-12
    nothing = atoms(constant[1:], CUBE[0].astype(int), measure)
    assert max(map(abs, nothing.values())) < 1e-12


def test_by_hand_with_smallest_specific_information() -> None:
    """Parity is in all three together only; a pair's parity is the pair's."""
    parity = atoms(CUBE, CUBE.sum(axis=0) % 2, "min")
    assert parity.pop(((0, 1, 2),)) == pytest.approx(1)
    assert max(map(abs, parity.values())) < 1e-12
    of_pair = atoms(CUBE, (CUBE[0] ^ CUBE[1]).astype(int), "min")
    assert of_pair.pop(((0, 1),)) == pytest.approx(1)
    assert max(map(abs, of_pair.values())) < 1e-12


GATES: Mapping[str, tuple[np.ndarray, np.ndarray, tuple[float, float, float, float]]] = {
    "xor": (PAIR, FIRST ^ SECOND, (log2(3 / 2), log2(3 / 2), log2(4 / 3), log2(2 / 3))),
    "and": (
        PAIR,
        FIRST & SECOND,
        (
            (2 * log2(3 / 2) + log2(3 / 4)) / 4,
            (2 * log2(3 / 2) + log2(3 / 4)) / 4,
            3 * log2(4 / 3) / 4,
            (2 * log2(4 / 3) + 2 * log2(8 / 9)) / 4,
        ),
    ),
    "unique": (PAIR, FIRST, (log2(3 / 2), log2(3 / 4), log2(4 / 3), log2(4 / 3))),
    "redundant": (PAIR[:, [0, 3]], np.array([0, 1]), (0, 0, 0, 1)),
    "copy": (
        PAIR,
        2 * FIRST + SECOND,
        (log2(3 / 2), log2(3 / 2), log2(4 / 3), log2(4 / 3)),
    ),
    "sum": (
        PAIR,
        FIRST.astype(int) + SECOND,
        (log2(3 / 2), log2(3 / 2), log2(4 / 3), (log2(4 / 3) + log2(2 / 3)) / 2),
    ),
    "redundant with errors": (
        np.array([[0] * 4 + [1] * 4, [0] * 3 + [1] * 4 + [0]], dtype=bool),
        np.array([0] * 4 + [1] * 4),
        (
            (3 * log2(5 / 4) + log2(7 / 4)) / 4,
            (3 * log2(15 / 16) + log2(7 / 16)) / 4,
            (3 * log2(16 / 15) + log2(16 / 7)) / 4,
            (3 * log2(8 / 5) + log2(8 / 7)) / 4,
        ),
    ),
}
"""Gates of testing/test_gates.py of github.com/Abzinger/SxPID (commit 55046f3), by the authors of
the measure: neurons, classes, and the means of their pointwise atoms {1}, {2}, {12} and {1}{2}."""


@pytest.mark.parametrize("gate", GATES)
def test_published_gates_of_two_neurons(gate: str) -> None:
    on, labels, expected = GATES[gate]
    found = atoms(on, labels.astype(int), "sx")
    names = (((0,),), ((1,),), ((0, 1),), ((0,), (1,)))
    assert [found[name] for name in names] == pytest.approx(list(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            CUBE.sum(axis=0) % 2,
            (5 / 4, 9 / 8, 32 / 27, 7 / 8, 32 / 35, 16 / 15, 8 / 7, 875 / 1024),
        ),
        (
            2 * (CUBE[0] ^ CUBE[1]) + (CUBE[1] ^ CUBE[2]),
            (5 / 4, 9 / 8, 32 / 27, 7 / 6, 36 / 35, 16 / 15, 4 / 7, 875 / 864),
        ),
    ],
    ids=["TriHash", "DblXor"],
)
def test_published_gates_of_three_neurons(labels: np.ndarray, expected: tuple[float, ...]) -> None:
    """Gates of the same file; all realizations have the same atoms, equal by symmetry."""
    kinds = ("1", "2", "3", "1 1", "1 2", "2 2", "1 1 1", "2 2 2")
    of_kind = dict(zip(kinds, map(log2, expected), strict=True))
    for antichain, atom in atoms(CUBE, labels.astype(int), "sx").items():
        kind = " ".join(str(len(members)) for members in antichain)
        assert atom == pytest.approx(of_kind[kind], abs=1e-12), antichain


def test_representational_complexity_of_gates() -> None:
    """As Makkeh's code (SxPID, commit 55046f3) gives the atoms and nninfo weighs them."""
    for labels, expected in (
        (TESSERACT.all(axis=0), 2.052833796826497),
        (TESSERACT.sum(axis=0) % 2, 2.6807669215491545),
        (TESSERACT.sum(axis=0), 2.203537886338465),
        (TESSERACT.sum(axis=0) >= 3, 2.624010064423821),
    ):
        assert complexity(TESSERACT, labels.astype(int), "sx") == pytest.approx(expected, rel=1e-12)
    parity = np.array([complexity(c, c.sum(axis=0) % 2, "min") for c in (PAIR, CUBE, TESSERACT)])
    np.testing.assert_allclose(parity, [2, 3, 4])
    for measure in REDUNDANCIES:
        copies = np.repeat(FIRST[None], 4, axis=0)
        assert complexity(copies, FIRST.astype(int), measure) == pytest.approx(1)
        assert np.isnan(complexity(np.zeros((3, 4), dtype=bool), FIRST.astype(int), measure))


@quick
@given(data(), FEW)
def test_shared_exclusions_and_the_order_are_as_defined(
    given_data: tuple[np.ndarray, np.ndarray], most: int
) -> None:
    """The sum of the atoms at an element and below is its redundancy."""
    on, labels = given_data[0][: min(most, 3)], given_data[1]
    found = atoms(on, labels, "sx")
    for upper in found:
        there = sum(atom for lower, atom in found.items() if below(lower, upper))
        assert there == pytest.approx(shared_exclusions(on, labels, upper), abs=1e-9)


@quick
@given(data(), FEW, st.sampled_from(sorted(REDUNDANCIES)))
def test_atoms_add_up_and_complexity_is_their_mean_degree(
    given_data: tuple[np.ndarray, np.ndarray], most: int, measure: str
) -> None:
    on, labels = given_data[0][:most], given_data[1]
    found = atoms(on, labels, measure)
    told = information(labels, *on)
    assert sum(found.values()) == pytest.approx(told, abs=1e-9)
    of_degrees = by_degree(pattern_counts(on, labels), measure)
    sums = np.zeros(len(on))
    for antichain, atom in found.items():
        sums[min(map(len, antichain)) - 1] += atom
    np.testing.assert_allclose(of_degrees, sums, atol=1e-9)
    if told > 1e-6:
        degrees = np.arange(1, len(on) + 1)
        found_complexity = complexity(on, labels, measure)
        assert found_complexity == pytest.approx(sums @ degrees / told, rel=1e-6)
        if min(sums) >= 0:
            assert 1 - 1e-9 < found_complexity < len(on) + 1e-9
    if measure == "min":
        assert min(found.values()) > -1e-9


@quick
@given(data(), FEW, st.sampled_from(sorted(REDUNDANCIES)))
def test_atoms_are_those_of_neurons_in_another_order(
    given_data: tuple[np.ndarray, np.ndarray], most: int, measure: str
) -> None:
    on, labels = given_data[0][:most], given_data[1]
    backward, last = atoms(~on[::-1], labels, measure), len(on) - 1
    for antichain, atom in atoms(on, labels, measure).items():
        turned = [tuple(sorted(last - i for i in members)) for members in antichain]
        name = tuple(sorted(turned, key=lambda members: (len(members), members)))
        assert backward[name] == pytest.approx(atom, abs=1e-9)


@quick
@given(data())
def test_atoms_of_two_neurons_are_those_of_pairs(given_data: tuple[np.ndarray, np.ndarray]) -> None:
    on, labels = given_data[0][:2], given_data[1]
    two, pairs = atoms(on, labels, "min"), decompose(on, labels)
    assert two[((0,), (1,))] == pytest.approx(pairs.redundant["min"][0], abs=1e-9)
    assert two[((0, 1),)] == pytest.approx(pairs.synergistic("min")[0], abs=1e-9)


def test_sums_by_degree_by_inclusion_and_exclusion() -> None:
    """Without the lattice: what sets of k neurons say is the union of what each says."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 50)
    on = rng.random((5, 50)) < rng.random((5, 3))[:, labels]
    up_to = []
    for size in (1, 4):  # subsets of the sets of 2 or 3 neurons are 1023
        sets = list(itertools.combinations(range(5), size))
        up_to.append(
            sum(
                (-1) ** (n - 1) * shared_exclusions(on, labels, chosen)
                for n in range(1, len(sets) + 1)
                for chosen in itertools.combinations(sets, n)
            )
        )
    found = by_degree(pattern_counts(on, labels), "sx")
    assert found[0] == pytest.approx(up_to[0])
    assert found[:4].sum() == pytest.approx(up_to[1])
    assert found.sum() == pytest.approx(information(labels, *on))
    assert len(lattice(5).antichains) == 7579
