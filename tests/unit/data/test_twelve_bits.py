"""The task of twelve bits: its symmetries, its balance, and the file of the original."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from neuroninfo.data import datasets, twelve_bits
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.data.sources import data_root
from neuroninfo.files import storage


def entropy(p: float) -> float:
    return float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def test_vertices_are_those_of_an_icosahedron() -> None:
    distances = sorted(
        np.linalg.norm(a - b) for a, b in itertools.combinations(twelve_bits.vertices(), 2)
    )
    edge = 1 / np.sin(2 * np.pi / 5)  # of the one in the unit sphere
    np.testing.assert_allclose(distances[:30], edge)
    np.testing.assert_allclose(distances[30:60], edge * (1 + np.sqrt(5)) / 2)
    np.testing.assert_allclose(distances[60:], 2)


def test_energy_of_few_charges() -> None:
    points = twelve_bits.vertices()
    lit = np.zeros((3, 12))
    lit[1, 4] = lit[2, [0, 3, 7]] = 1
    pairs = [(0, 3), (0, 7), (3, 7)]
    expected = sum(1 / np.linalg.norm(points[a] - points[b]) for a, b in pairs)
    np.testing.assert_allclose(twelve_bits.energy(lit), [0, 0, expected])


def test_classes_do_not_change_under_symmetries() -> None:
    lit, labels = twelve_bits.icosahedron()
    points = twelve_bits.vertices()
    # A turn by a fifth about a vertex, and the inversion, generate all 120 symmetries with others.
    axis, angle = points[0], 2 * np.pi / 5
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    for moved in (points @ turn.T, -points):
        to = np.linalg.norm(moved[:, None] - points[None], axis=-1).argmin(axis=1)
        assert sorted(to) == list(range(12))
        place = 2 ** np.arange(11, -1, -1)
        np.testing.assert_array_equal(labels[lit[:, to].astype(int) @ place], labels)


def test_all_inputs_and_the_information_that_is_stated() -> None:
    lit, labels = twelve_bits.icosahedron()
    np.testing.assert_array_equal(lit.astype(int) @ 2 ** np.arange(11, -1, -1), np.arange(4096))
    assert labels.mean() == pytest.approx(0.512, abs=5e-4)
    assert entropy(labels.mean()) == pytest.approx(0.99957, abs=5e-6)
    for bit in lit.T:
        within = (entropy(labels[bit == 0].mean()) + entropy(labels[bit == 1].mean())) / 2
        assert entropy(labels.mean()) - within == pytest.approx(0.037, abs=5e-4)


def settings(name: str, validation: int, test: int) -> DatasetSettings:
    return DatasetSettings(name, study_seed=0, validation=validation, inputs="unit", test=test)


def test_it_is_a_data_set_with_all_its_inputs(tmp_path: Path) -> None:
    made = datasets.make(settings("icosahedron", 205, 614))
    storage.write(
        made, tmp_path / "i.nc", kind="dataset", title="t", condition={}, configuration={}
    )
    examples = datasets.read(tmp_path / "i.nc")
    assert examples.complete
    assert len(np.unique(examples.inputs, axis=0)) == 4096
    digits = datasets.make(settings("digits", 300, 300))
    assert digits.attrs["complete"] == 0


def test_the_original_has_to_be_there_and_right(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"szt/var_u\.mat is missing, and its licence forbids"):
        datasets.make(settings("szt", 205, 614), tmp_path)
    (tmp_path / "szt").mkdir()
    (tmp_path / "szt" / "var_u.mat").write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"var_u\.mat: not the official file of szt"):
        datasets.make(settings("szt", 205, 614), tmp_path)


def test_the_original(tmp_path: Path) -> None:
    root = data_root("data")
    if not (root / "szt" / "var_u.mat").is_file():
        pytest.skip(f"no {root}/szt/var_u.mat: its licence forbids to ship it")
    made = datasets.make(settings("szt", 205, 614), root)
    assert len(np.unique(made["inputs"].values, axis=0)) == 4096
    assert entropy(float(made["label"].mean())) == pytest.approx(0.99916, abs=5e-6)
