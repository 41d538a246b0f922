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
    atom_parts,
    atoms,
    by_degree,
    parts_by_degree,
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


def shared_exclusions(on: np.ndarray, labels: np.ndarray, antichain: Antichain) -> np.ndarray:
    """As Makkeh et al. define it and its two parts, example by example."""
    total = np.zeros(3)
    for example, label in zip(on.T, labels, strict=True):
        event, same = np.zeros(len(labels), dtype=bool), labels == label
        for members in map(list, antichain):
            event |= (on[members] == example[members, None]).all(axis=0)
        informative = log2(1 / np.mean(event))
        misinformative = log2(np.mean(same) / np.mean(event & same))
        pointwise = log2(np.mean(labels[event] == label) / np.mean(same))
        total += pointwise, informative, misinformative
    return np.asarray(total / len(labels))


def entropy(*variables: np.ndarray) -> float:
    """Of all of them together, in bit."""
    counts = np.unique(np.stack(variables), axis=1, return_counts=True)[1]
    return float(-(counts / counts.sum()) @ np.log2(counts / counts.sum()))


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


MISINFORMATIVE: Mapping[str, tuple[float, float, float, float]] = {
    "xor": (0, 0, 0, 1),
    "and": ((log2(3 / 2) + 1) / 4, (log2(3 / 2) + 1) / 4, log2(4 / 3) / 4, log2(3 / 2) / 2),
    "unique": (0, 1, 0, 0),
    "redundant": (0, 0, 0, 0),
    "copy": (0, 0, 0, 0),
    "sum": (0, 0, 0, 1 / 2),
    "redundant with errors": (0, 2 - 3 / 4 * log2(3), 0, 0),
}
"""Parts of the same atoms, from the definition by hand; SxPID.pid of the same commit gives the same
numbers, with the lattices of its own class."""


@pytest.mark.parametrize("gate", GATES)
def test_published_gates_of_two_neurons(gate: str) -> None:
    on, labels, expected = GATES[gate]
    found, parts = atoms(on, labels.astype(int), "sx"), atom_parts(on, labels.astype(int))
    names = (((0,),), ((1,),), ((0, 1),), ((0,), (1,)))
    assert [found[name] for name in names] == pytest.approx(list(expected), abs=1e-12)
    misinformative = [parts[name].misinformative for name in names]
    assert misinformative == pytest.approx(list(MISINFORMATIVE[gate]), abs=1e-12)
    informative = np.array(expected) + MISINFORMATIVE[gate]
    assert [parts[name].informative for name in names] == pytest.approx(informative, abs=1e-12)
    if on is PAIR:  # the same neurons, whatever the class
        uniform = [log2(3 / 2), log2(3 / 2), log2(4 / 3), log2(4 / 3)]
        assert informative == pytest.approx(uniform, abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "expected", "misinformative"),
    [
        (
            CUBE.sum(axis=0) % 2,
            (5 / 4, 9 / 8, 32 / 27, 7 / 8, 32 / 35, 16 / 15, 8 / 7, 875 / 1024),
            (1, 1, 1, 4 / 3, 9 / 8, 1, 1, 32 / 27),
        ),
        (
            2 * (CUBE[0] ^ CUBE[1]) + (CUBE[1] ^ CUBE[2]),
            (5 / 4, 9 / 8, 32 / 27, 7 / 6, 36 / 35, 16 / 15, 4 / 7, 875 / 864),
            (1, 1, 1, 1, 1, 1, 2, 1),
        ),
    ],
    ids=["TriHash", "DblXor"],
)
def test_published_gates_of_three_neurons(
    labels: np.ndarray, expected: tuple[float, ...], misinformative: tuple[float, ...]
) -> None:
    """Gates of the same file; all realizations have the same atoms, equal by symmetry.

    The misinformative parts are those that SxPID.pid of the same commit gives.
    """
    kinds = ("1", "2", "3", "1 1", "1 2", "2 2", "1 1 1", "2 2 2")
    of_kind = dict(zip(kinds, map(log2, expected), strict=True))
    part_of_kind = dict(zip(kinds, map(log2, misinformative), strict=True))
    parts = atom_parts(CUBE, labels.astype(int))
    for antichain, atom in atoms(CUBE, labels.astype(int), "sx").items():
        kind = " ".join(str(len(members)) for members in antichain)
        assert atom == pytest.approx(of_kind[kind], abs=1e-12), antichain
        both = (of_kind[kind] + part_of_kind[kind], part_of_kind[kind])
        assert parts[antichain] == pytest.approx(both, abs=1e-12), antichain


def test_parts_of_four_neurons() -> None:
    """As Makkeh's code (SxPID, commit 55046f3) gives them and nninfo sums them by degree."""
    informative = [2.1872459117050385, 1.1016872458390283, 0.5427699416702236, 0.16829690078570692]
    for labels, misinformative in (
        (
            TESSERACT.all(axis=0),
            [2.0429476717813473, 1.0182211924251174, 0.48583694988635306, 0.11570411929016755],
        ),
        (
            TESSERACT.sum(axis=0) % 2,
            [2.0877102381541244, 0.8132286137043272, 0.09906114814154732, 0],
        ),
        (TESSERACT.sum(axis=0), [1.7211941511059388, 0.2481667866644945, 0, 0]),
        (
            TESSERACT.sum(axis=0) >= 3,
            [2.1488461234341503, 0.7363999020652956, 0.15560440417136234, 0.06311133779463707],
        ),
    ):
        found = parts_by_degree(pattern_counts(TESSERACT, labels.astype(int)))
        np.testing.assert_allclose(found, [informative, misinformative], atol=1e-12)


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
    """The sum of the atoms at an element and below is its redundancy, and so with the parts."""
    on, labels = given_data[0][: min(most, 3)], given_data[1]
    found, parts = atoms(on, labels, "sx"), atom_parts(on, labels)
    for upper in found:
        there = sum(
            np.array([atom, *parts[lower]]) for lower, atom in found.items() if below(lower, upper)
        )
        assert there == pytest.approx(shared_exclusions(on, labels, upper), abs=1e-9)


@quick
@given(data(), FEW)
def test_parts_are_never_negative_and_add_up_to_entropies(
    given_data: tuple[np.ndarray, np.ndarray], most: int
) -> None:
    on, labels = given_data[0][:most], given_data[1]
    parts = atom_parts(on, labels)
    informative, misinformative = np.array(list(parts.values())).T
    assert min(informative.min(), misinformative.min()) > -1e-9
    said = list(atoms(on, labels, "sx").values())
    np.testing.assert_allclose(informative - misinformative, said, atol=1e-9)
    assert informative.sum() == pytest.approx(entropy(*on), abs=1e-9)
    given_class = entropy(*on, labels) - entropy(labels)
    assert misinformative.sum() == pytest.approx(given_class, abs=1e-9)
    sums = np.zeros((2, len(on)))
    for antichain, both in parts.items():
        sums[:, min(map(len, antichain)) - 1] += both
    np.testing.assert_allclose(parts_by_degree(pattern_counts(on, labels)), sums, atol=1e-9)
    other_classes = atom_parts(on, labels[::-1])
    for antichain, both in parts.items():
        assert other_classes[antichain].informative == both.informative


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
                (-1) ** (n - 1) * shared_exclusions(on, labels, chosen)[0]
                for n in range(1, len(sets) + 1)
                for chosen in itertools.combinations(sets, n)
            )
        )
    found = by_degree(pattern_counts(on, labels), "sx")
    assert found[0] == pytest.approx(up_to[0])
    assert found[:4].sum() == pytest.approx(up_to[1])
    assert found.sum() == pytest.approx(information(labels, *on))
    assert len(lattice(5).antichains) == 7579
