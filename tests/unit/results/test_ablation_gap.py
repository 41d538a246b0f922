"""Areas under ablation curves and gaps by closed form, and what is said over conditions."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroninfo.results import ablation_gap
from neuroninfo.results.ablation_gap import AREAS, COLUMNS, REDUNDANCY

CONDITION = {
    "study": "test",
    "dataset": "digits",
    "architecture": "4",
    "activation": "relu",
    "regularizer": "none",
}
CLEAN = {"label_noise": 0.0, "n_classes": 10}
SEEDS = [3, 4]
N_TEST, CHANCE, REMOVED = 100, 10, 4


def curves(unablated: list[int]) -> xr.Dataset:
    """Highest first falls to chance at once, lowest first at the last removal, random linearly."""
    correct = np.array(
        [
            [
                [before, *[CHANCE] * REMOVED],
                [*[before] * REMOVED, CHANCE],
                np.linspace(before, CHANCE, REMOVED + 1),
            ]
            for before in unablated
        ]
    )
    measure = ["mutual_information", "mutual_information", "random"]
    return xr.Dataset(
        {"correct": (("seed", "ordering", "removed"), correct.astype(np.int32))},
        coords={
            "seed": SEEDS,
            "measure": ("ordering", measure),
            "quantizer": ("ordering", ["threshold", "threshold", "none"]),
            "direction": ("ordering", ["descending", "ascending", "none"]),
            "replacement": ("ordering", ["zero"] * 3),
            "control": ("ordering", ["none"] * 3),
        },
        attrs={"n_test": N_TEST, "chance_correct": CHANCE},
    )


def history() -> xr.Dataset:
    """Epoch 1 is kept of the first network, epoch 2 of the second."""
    accuracy = np.zeros((2, 3, 2))
    accuracy[0, 1] = [0.99, 0.9]
    accuracy[1, 2] = [0.7, 0.5]
    return xr.Dataset(
        {
            "accuracy": (("seed", "epoch", "split"), accuracy),
            "final_epoch": ("seed", [1, 2]),
        },
        coords={"seed": SEEDS, "epoch": [0, 1, 2], "split": ["train", "test"]},
    )


def synergy(redundant: float) -> xr.Dataset:
    """One layer of the first seed only, half a bit of two neurons together."""
    return xr.Dataset(
        {
            "mean_redundancy": (("seed", "epoch", "measure"), [[[0.0], [redundant]]]),
            "mean_joint_information": (("seed", "epoch"), [[1.0, 0.5]]),
        },
        coords={"seed": SEEDS[:1], "epoch": [0, 2], "measure": ["broja"]},
    )


def test_areas_are_relative_to_the_network_without_ablation() -> None:
    table = ablation_gap.networks(curves([90, 50]), history(), CONDITION, CLEAN)
    assert list(table.columns) == list(COLUMNS)
    # Of five points: one, four, and half of each.
    expected = {"area_descending": 1 / 5, "area_ascending": 4 / 5, "area_random": 1 / 2}
    for column, area in expected.items():
        assert table[column].tolist() == pytest.approx([area, area])
    assert set(expected) == set(AREAS)


def test_gap_is_that_of_the_kept_epoch() -> None:
    table = ablation_gap.networks(curves([90, 50]), history(), CONDITION, CLEAN)
    assert table["gap"].tolist() == pytest.approx([0.09, 0.2])
    assert table["seed"].tolist() == SEEDS


def test_noisy_labels_lower_what_is_expected_of_new_examples() -> None:
    noise = {"label_noise": 0.5, "n_classes": 10}
    table = ablation_gap.networks(curves([90, 50]), history(), CONDITION, noise)
    assert table["accuracy_test"].tolist() == pytest.approx([0.9, 0.5])
    assert table["accuracy_expected"].tolist() == pytest.approx([0.5, 0.3])
    assert table["gap"].tolist() == pytest.approx([0.49, 0.4])


def test_a_network_no_better_than_chance_has_no_area() -> None:
    table = ablation_gap.networks(curves([90, CHANCE]), history(), CONDITION, CLEAN)
    assert table["area_random"].isna().tolist() == [False, True]


def test_redundancy_is_the_mean_over_layers_of_the_seeds_that_have_it() -> None:
    layers = {"layer-1": synergy(0.1), "layer-2": synergy(0.2)}
    table = ablation_gap.networks(curves([90, 50]), history(), CONDITION, CLEAN, layers)
    assert table[REDUNDANCY].iloc[0] == pytest.approx((0.1 + 0.2) / 2 / 0.5)
    assert np.isnan(table[REDUNDANCY].iloc[1])


def test_other_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="seeds"):
        ablation_gap.networks(
            curves([90, 50]).assign_coords(seed=[0, 1]), history(), CONDITION, CLEAN
        )


def test_smaller_areas_at_larger_gaps_are_the_claim() -> None:
    rows = []
    for condition in range(8):
        table = ablation_gap.networks(
            curves([90, 50]), history(), CONDITION | {"architecture": str(condition + 1)}, CLEAN
        )
        gap = np.array([0.01, 0.02]) + 0.1 * condition
        rows.append(table.assign(gap=gap, **dict.fromkeys(AREAS, 1 - gap)))
    points = pd.concat(rows, ignore_index=True)
    found = ablation_gap.agreement(points, study_seed=0)
    assert set(found["x"]) == set(AREAS)  # no redundancy was measured
    assert set(found["verdict"]) == {"holds"}
    with_redundancy = ablation_gap.agreement(points.assign(redundancy=points["gap"]), study_seed=0)
    verdicts = with_redundancy.set_index(["x", "y"])["verdict"]
    assert set(verdicts[REDUNDANCY, "gap"]) == {"fails"}
    assert set(verdicts[REDUNDANCY, "area_random"]) == {"fails"}
