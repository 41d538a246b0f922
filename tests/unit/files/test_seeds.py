"""Networks a few at a time: the same bits as all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.figures import ablation, canvas, information
from neuroninfo.figures import simpson as figures_simpson
from neuroninfo.files import gather, seeds, storage
from neuroninfo.report import contents
from neuroninfo.results import claims, counts, ranking, simpson
from neuroninfo.results.curves import areas, curves, mean_accuracy
from neuroninfo.results.settings import CountSettings

CONDITION = {
    "study": "probe",
    "dataset": "mnist",
    "architecture": "9-12",
    "activation": "relu",
    "regularizer": "l2",
}
WIDTHS = {"layer-1": 9, "layer-2": 12, "network": 21}
N_SEEDS, N_TEST = 7, 1000
SETTINGS = CountSettings(0, 0.1, (0.2,), (0.05,), (0.01,), rectified=True)


def ablated(scope: str) -> xr.Dataset:
    """Random curves by two measures and at random, to zero and to the mean."""
    rng, n = np.random.default_rng(len(scope)), WIDTHS[scope]
    orders = [
        (*by, direction, replacement, "none")
        for replacement in ("zero", "mean")
        for by in (("mutual_information", "threshold"), ("taylor", "none"))
        for direction in ("ascending", "descending")
    ]
    orders += [("random", "none", "none", to, "none") for to in ("zero", "mean") for _ in range(3)]
    if scope == "network":
        orders += [
            ("mutual_information", "threshold", direction, "zero", "layer-sequence")
            for direction in ("ascending", "descending", "ascending", "descending")
        ]
    shape = (N_SEEDS, len(orders), n + 1)
    correct = np.sort(rng.integers(100, 900, shape), axis=2)[..., ::-1]
    correct[..., 0] = 950
    names = ("measure", "quantizer", "direction", "replacement", "control")
    return described(
        {
            "correct": (("seed", "ordering", "removed"), correct.astype(np.int32)),
            "changed": (("seed", "ordering", "removed"), (950 - correct).astype(np.int32)),
            "order": (
                ("seed", "ordering", "step"),
                rng.permuted(np.broadcast_to(np.arange(n), (*shape[:2], n)), axis=2),
            ),
        },
        {
            "removed": np.arange(n + 1),
            **{name: ("ordering", [o[i] for o in orders]) for i, name in enumerate(names)},
        },
        {"n_test": N_TEST, "chance_correct": 100},
    )


def described(variables: Any, coordinates: Any, attributes: Any) -> xr.Dataset:
    data = xr.Dataset(variables, {"seed": np.arange(N_SEEDS) + 3, **coordinates}, attributes)
    for name in data.variables:
        data[name].attrs |= storage.labelled("a number", "1")
    return data


def measured() -> tuple[xr.Dataset, xr.Dataset]:
    """What neurons know, and what they cost alone; without ablation as in the curves."""
    rng, n = np.random.default_rng(0), WIDTHS["network"]
    layer = {
        "layer": ("neuron", np.repeat([1, 2], [9, 12])),
        "unit": ("neuron", np.r_[:9, :12]),
    }
    single = {
        name: (("seed", "neuron"), rng.random((N_SEEDS, n)))
        for name in ("active_fraction", "class_selectivity", "taylor")
    }
    quantized = {
        name: (("seed", "quantizer", "neuron"), rng.random((N_SEEDS, 2, n)))
        for name in ("mutual_information", "mutual_information_shuffled")
    }
    state = ("seed", "neuron"), rng.integers(0, 2, (N_SEEDS, n)).astype(np.int8)
    neurons = described(
        single | quantized | {"state": state},
        layer | {"quantizer": ["threshold", "uniform-4"]},
        {"n_examples": 100, "n_classes": 10},
    )
    neurons["state"].attrs["flag_meanings"] = "typical never_active"
    by_split = ("seed", "split")
    damage = described(
        {
            "correct": ((*by_split, "neuron"), rng.integers(900, 960, (N_SEEDS, 2, n))),
            "correct_unablated": (by_split, np.full((N_SEEDS, 2), 950)),
            "loss": ((*by_split, "neuron"), rng.random((N_SEEDS, 2, n))),
            "loss_unablated": (by_split, rng.random((N_SEEDS, 2))),
            "n_examples": ("split", [N_TEST, N_TEST]),
        },
        layer | {"split": ["validation", "test"]},
        {},
    )
    return neurons, damage


Study = tuple[xr.Dataset, xr.Dataset, dict[str, xr.Dataset]]


@pytest.fixture(scope="module")
def at_once() -> Study:
    return *measured(), {scope: ablated(scope) for scope in WIDTHS}


@pytest.fixture
def in_slices(at_once: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """The same from gathered files of two blocks, read two or three seeds at a time."""
    monkeypatch.setattr(seeds, "SLICE_BYTES", 1)
    for kind, data in zip(("neurons", "damage", "ablation"), at_once, strict=True):
        blocks = []
        for first, last in ((3, 5), (6, 9)):
            blocks.append(tmp_path / f"{kind}-{first}.nc")
            chosen = {"seed": slice(first, last)}
            block = (
                {scope: group.sel(chosen) for scope, group in data.items()}
                if isinstance(data, dict)
                else data.sel(chosen)
            )
            about = {"kind": kind, "title": "Block", "condition": {}, "configuration": {}}
            storage.write(block, blocks[-1], **about)
        condition = {"seeds": list(range(3, 10))}
        gather.gather(blocks, tmp_path / f"{kind}.nc", kind=kind, condition=condition)
    return (
        storage.opened(tmp_path / "neurons.nc", "neurons"),
        storage.opened(tmp_path / "damage.nc", "damage"),
        storage.opened_groups(tmp_path / "ablation.nc", "ablation"),
    )


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 10_000))
def test_slices_are_all_seeds_in_their_order(n_seeds: int, most: int) -> None:
    whole = xr.Dataset({"x": (("seed", "y"), np.arange(20.0 * n_seeds).reshape(n_seeds, 20))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "SLICE_BYTES", most)
        parts = [part for part, _ in seeds.slices(whole, whole + 1)]
    xr.testing.assert_identical(xr.concat(parts, "seed"), whole)
    lengths = [part.sizes["seed"] for part in parts]
    assert min(lengths) > 1 or n_seeds == 1
    few = [length for length in lengths if length > 3]
    assert all(2 * 20 * 8 * length <= most + 2 * 20 * 8 for length in few)


def _tables(study: Study) -> dict[str, pd.DataFrame]:
    neurons, damage, groups = study
    counted = counts.count_neurons(neurons, damage, groups, SETTINGS)
    sets = {"information": {scope: areas(group) for scope, group in groups.items()}}
    return {
        "counts": counts.summary(counted, CONDITION),
        "claims": claims.claims(neurons, sets, damage, counted, CONDITION),
        "correlations": simpson.correlations(neurons, damage, CONDITION),
        "effects": ranking.effects(sets, CONDITION),
        "replaced": ranking.replaced(sets, CONDITION),
    }


def test_tables(at_once: Study, in_slices: Study) -> None:
    tables = _tables(in_slices)
    for name, expected in _tables(at_once).items():
        assert len(expected) > 3
        pd.testing.assert_frame_equal(tables[name], expected, check_exact=True)


def _drawn(study: Study) -> dict[str, Callable[[], Any]]:
    neurons, damage, groups = study
    correlations = simpson.correlations(neurons, damage, CONDITION)
    return {
        "network": lambda: ablation.ablation_network(groups["network"], CONDITION),
        "layers": lambda: ablation.ablation_layers(groups, CONDITION),
        "information": lambda: information.information(neurons, CONDITION),
        "simpson": lambda: figures_simpson.simpson(neurons, damage, correlations, CONDITION),
    }


def test_figures(at_once: Study, in_slices: Study, tmp_path: Path) -> None:
    expected = _drawn(at_once)
    for name, draw in _drawn(in_slices).items():
        suffixes = ("csv", "png") if name == "network" else ("csv",)
        for suffix in suffixes:
            paths = [tmp_path / f"{name}-{number}.{suffix}" for number in range(2)]
            for path, figure in zip(paths, (draw(), expected[name]()), strict=True):
                canvas.save(figure, path)
            assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_explorer(at_once: Study, in_slices: Study) -> None:
    neurons, damage, groups = in_slices
    assert contents.ablation({"set": groups}) == contents.ablation({"set": at_once[2]})
    assert contents.neurons(neurons, damage) == contents.neurons(*at_once[:2])


def test_curves_and_their_means_are_those_of_the_definition(in_slices: Study) -> None:
    group = in_slices[2]["network"]
    correct, n = ablated("network")["correct"].values, WIDTHS["network"]
    for direction, row in (("ascending", 0), ("descending", 1)):
        found = curves(group, "mutual_information", "threshold")[direction]
        np.testing.assert_array_equal(found, correct[:, row] / N_TEST)
        for part, last in (("whole curve", n), ("up to a quarter", n // 4)):
            mean = mean_accuracy(areas(group), "mutual_information", "threshold", part=part)
            expected = correct[:, row, : last + 1].mean(axis=1) / N_TEST
            np.testing.assert_allclose(mean[direction], expected, rtol=1e-14)
    random = curves(group, "taylor", "none", "mean")["random"]
    rows = group["measure"].values == "random"
    rows &= group["replacement"].values == "mean"
    np.testing.assert_allclose(random, correct[:, rows].mean(axis=1) / N_TEST, rtol=1e-14)
