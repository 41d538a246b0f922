"""Counts of neurons from curves, against counts that try every number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.files import storage, tables
from neuroninfo.files.storage import StorageError
from neuroninfo.results import counts
from neuroninfo.results.counts import NONE
from neuroninfo.results.settings import CountSettings

CONDITION = {
    "dataset": "mnist",
    "architecture": "4-3",
    "activation": "relu",
    "regularizer": "l2",
}
N_TEST = 100
WIDTHS = (4, 3)


# ------------------------------------------------------------------ the words, literally


def plain_suffice(accuracy: list[int], chance: int, delta: float) -> int:
    n = len(accuracy) - 1
    least = accuracy[0] - delta * (accuracy[0] - chance) - 1e-9
    return min(
        k for k in range(n + 1) if all(accuracy[n - kept] >= least for kept in range(k, n + 1))
    )


def plain_destroy(accuracy: list[int], chance: int, delta: float) -> int:
    most = chance + delta * (accuracy[0] - chance) + 1e-9
    return next((k for k, value in enumerate(accuracy) if value <= most), NONE)


def plain_inactive(values: list[int], share: float) -> int:
    most = share * N_TEST + 1e-9
    return max(k for k in range(len(values)) if all(v <= most for v in values[: k + 1]))


def plain_jointly_needed(
    accuracy: list[int], alone: list[int], inactive: int, chance: int, delta: float
) -> int:
    above = accuracy[0] - chance
    costly = [k for k, v in enumerate(accuracy) if accuracy[0] - v > delta * above + 1e-9]
    if not costly:
        return 0
    return sum(accuracy[0] - alone[i] <= 0.001 * above + 1e-9 for i in range(inactive, costly[0]))


curves = st.lists(st.integers(0, N_TEST), min_size=2, max_size=12)


@given(curves, curves, st.lists(st.integers(0, 3), min_size=12, max_size=12), st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_against_the_definitions(
    rising: list[int], falling: list[int], changed: list[int], data: st.DataObject
) -> None:
    chance = data.draw(st.integers(0, N_TEST))
    delta = data.draw(st.sampled_from([0.05, 0.1, 0.2]))
    n = len(rising) - 1
    alone = data.draw(st.lists(st.integers(0, N_TEST), min_size=n, max_size=n))
    rising[0], changed = max(rising), [0, *changed[:n]]
    inactive = plain_inactive(changed, 0.001)
    assert counts.inactive(np.array(changed), N_TEST) == inactive
    share = data.draw(st.sampled_from([0.0, 0.01, 0.02, 0.5]))
    lost = [rising[0] - value for value in rising]
    assert counts.inactive(np.array(lost), N_TEST, share) == plain_inactive(lost, share)
    assert counts.destroy(np.array(falling), chance, delta) == plain_destroy(falling, chance, delta)
    if rising[0] > chance:
        array = np.array(rising)
        assert counts.suffice(array, chance, delta) == plain_suffice(rising, chance, delta)
        assert counts.jointly_needed(
            array, np.array(alone), inactive, chance, delta
        ) == plain_jointly_needed(rising, alone, inactive, chance, delta)


def test_a_tenth_of_900_is_90() -> None:
    """Exactly at the tolerance is within it, whatever the rounding of 0.1."""
    assert counts.suffice(np.array([1000, 910, 909]), 100, 0.1) == 1
    assert counts.destroy(np.array([1000, 191, 190]), 100, 0.1) == 2
    assert counts.inactive(np.array([0, 10, 11]), 10_000) == 1
    assert counts.inactive(np.array([0, 570, 571]), 10_000, 0.057) == 1


# ------------------------------------------------------------------ files


def problem(
    n_seeds: int = 12, *, best: int = 90
) -> tuple[xr.Dataset, xr.Dataset, dict[str, xr.Dataset]]:
    """Two layers; layer 1 as a talk's slide: 1 inactive, 2 redundant, 1 suffices and destroys."""
    seeds = np.arange(n_seeds)
    n = sum(WIDTHS)
    neurons = xr.Dataset(
        {
            "mutual_information": (
                ("seed", "quantizer", "neuron"),
                np.tile(np.arange(n), (n_seeds, 1, 1)),
            ),
            "active_fraction": (
                ("seed", "neuron"),
                np.tile([0, 0.005, 0.5, 1, 0, 0, 0.2], (n_seeds, 1)),
            ),
        },
        coords={
            "seed": seeds,
            "quantizer": ["threshold"],
            "layer": ("neuron", np.repeat([1, 2], WIDTHS)),
        },
    )
    alone = np.full((n_seeds, 1, n), best)
    damage = xr.Dataset(
        {
            "correct": (("seed", "split", "neuron"), alone),
            "correct_unablated": (("seed", "split"), np.full((n_seeds, 1), best)),
        },
        coords={"seed": seeds, "split": ["test"]},
    )
    groups = {}
    for layer, width in enumerate(WIDTHS, start=1):
        rising = np.full(width + 1, best)
        rising[-1] = 10
        changed = np.full(width + 1, 5)
        changed[:2] = 0
        falling = np.full(width + 1, 10)
        falling[0] = best
        order = np.stack([np.arange(width), np.arange(width)[::-1]])
        correct = np.stack([rising, falling])
        groups[f"layer-{layer}"] = xr.Dataset(
            {
                "correct": (("seed", "ordering", "removed"), np.tile(correct, (n_seeds, 1, 1))),
                "changed": (
                    ("seed", "ordering", "removed"),
                    np.tile(np.stack([changed, changed]), (n_seeds, 1, 1)),
                ),
                "order": (("seed", "ordering", "step"), np.tile(order, (n_seeds, 1, 1))),
            },
            coords={
                "seed": seeds,
                "measure": ("ordering", ["mutual_information"] * 2),
                "quantizer": ("ordering", ["threshold"] * 2),
                "direction": ("ordering", ["ascending", "descending"]),
                "replacement": ("ordering", ["zero"] * 2),
                "control": ("ordering", ["none"] * 2),
            },
            attrs={"n_test": N_TEST, "chance_correct": 10, "n_classes": 10},
        )
    return neurons, damage, groups


def settings_of(*, rectified: bool = True, deltas: tuple[float, ...] = ()) -> CountSettings:
    """Inactive neurons may change 0.1, 5 or 10 % of the predictions, or cost 0.5 or 80 %."""
    return CountSettings(
        study_seed=0,
        delta=0.1,
        deltas=deltas,
        changed=(0.05, 0.001, 0.1),
        lost=(0.8, 0.005),
        rectified=rectified,
    )


def test_counts_of_a_study(tmp_path: Path) -> None:
    counted = counts.count_neurons(*problem(), settings_of(deltas=(0.2, 0.1, 0.05)))
    assert counted["delta"].values.tolist() == [0.05, 0.1, 0.2]
    one = counts.marked(counted).isel(seed=3, order=0).sel(layer=1)
    assert (float(one["delta"]), float(one["share"])) == (0.1, 0.001)
    assert {name: int(one[name]) for name in counts.COUNTS} == {
        "suffice": 1,
        "destroy": 1,
        "inactive": 1,
        "redundant": 2,
        "jointly_needed": 3,
        "never_active": 1,
        "rarely_active": 2,
    }
    assert int(counted["never_active"].sel(seed=0, layer=2)) == 2
    # Removing two or more changes 5 %; the accuracy falls, by 80 %, when all are removed.
    inactive = counted["inactive"].isel(seed=3, order=0).sel(layer=1)
    assert inactive["criterion"].values.tolist() == ["changed"] * 3 + ["lost"] * 2
    assert inactive["share"].values.tolist() == [0.001, 0.05, 0.1, 0.005, 0.8]
    assert inactive.values.tolist() == [1, 4, 4, 3, 4]
    storage.write(
        counted, tmp_path / "r.nc", kind="reading", title="t", condition={}, configuration={}
    )
    again = storage.read(tmp_path / "r.nc", "reading")
    xr.testing.assert_equal(again, counted)
    xr.testing.assert_equal(counts.marked(again), counts.marked(counted))

    table = counts.summary(counted, CONDITION)
    assert list(table.columns) == list(counts.COLUMNS)
    # Layers x (by delta, by delta or inactivity, by it, by activity, information), accuracy.
    assert len(table) == 2 * (3 * 3 + (3 + 5 - 1) + 5 + 2 + 1) + 1
    assert not table.duplicated(list(counts.KEY)).any()
    assert table["marked"].sum() == 2 * (3 + 1 + 1 + 2 + 1) + 1
    of_information = table[table["quantity"] == "mutual_information"]
    assert set(of_information["quantizer"]) == {"threshold"}
    information = of_information["mean"].tolist()
    assert information == [1.5, 5]  # of 0..3 and 4..6
    accuracy = table[table["quantity"] == "accuracy"].iloc[0]
    assert (accuracy["mean"], accuracy["scope"], accuracy["n_neurons"]) == (0.9, "network", 7)
    in_layer = table[table["marked"] & (table["scope"] == "layer-1")].set_index("quantity")
    row = in_layer.loc["suffice"]
    assert (row["mean"], row["low"], row["high"], row["without"]) == (1, 1, 1, 0)
    assert (row["delta"], row["n_seeds"], row["n_neurons"], row["note"]) == ("0.1", 12, 4, "")
    at = ["delta", "criterion", "share"]
    assert in_layer.loc["inactive", at].tolist() == ["", "changed", "0.001"]
    assert in_layer.loc["redundant", at].tolist() == ["0.1", "changed", "0.001"]
    tables.write(table, tmp_path / "r.csv")
    assert tables.read(tmp_path / "r.csv", counts.COLUMNS).equals(table)


def test_every_tolerance_against_the_definitions() -> None:
    neurons, damage, groups = problem(5)
    rng = np.random.default_rng(0)
    for group in groups.values():
        for name, highest in (("correct", 91), ("changed", 12)):
            group[name][..., 1:] = rng.integers(0, highest, group[name][..., 1:].shape)
    counted = counts.count_neurons(neurons, damage, groups, settings_of(deltas=(0.02, 0.3, 0.5)))
    for layer, width in enumerate(WIDTHS, start=1):
        group = groups[f"layer-{layer}"]
        for seed in range(5):
            rising, falling = group["correct"].values[seed].tolist()
            changed = group["changed"].values[seed, 0].tolist()
            one = counted.isel(seed=seed, order=0).sel(layer=layer)
            unused = [
                plain_inactive(
                    changed if criterion == "changed" else [90 - value for value in rising], share
                )
                for criterion, share in zip(
                    one["criterion"].values, one["share"].values, strict=True
                )
            ]
            assert one["inactive"].values.tolist() == unused
            for delta in one["delta"].values:
                here = one.sel(delta=delta)
                enough = plain_suffice(rising, 10, delta)
                assert int(here["suffice"]) == enough
                assert int(here["destroy"]) == plain_destroy(falling, 10, delta)
                assert here["redundant"].values.tolist() == [
                    max(0, width - enough - number) for number in unused
                ]


def test_no_better_than_chance_has_a_reason() -> None:
    neurons, damage, groups = problem()
    for group in groups.values():
        group["correct"][2] = 10
    damage["correct_unablated"][2] = 10
    counted = counts.count_neurons(neurons, damage, groups, settings_of(rectified=False))
    assert "never_active" not in counted
    assert (counted["suffice"].sel(seed=2) == NONE).all()
    assert (counted["redundant"].sel(seed=2) == NONE).all()
    assert (counted["suffice"].sel(seed=1) == 1).all()
    assert str(counted["reason"].values[2, 0, 0]) == "accuracy 0.100 is no better than chance"
    assert (counted["inactive"] >= 0).all()
    table = counts.summary(counted, CONDITION)
    row = table[table["quantity"] == "destroy"].iloc[0]
    assert (row["mean"], row["without"], row["n_seeds"]) == (1, 1, 12)
    assert row["note"] == "accuracy 0.100 is no better than chance"


def test_no_seed_has_a_number() -> None:
    neurons, damage, groups = problem(2, best=10)
    table = counts.summary(counts.count_neurons(neurons, damage, groups, settings_of()), CONDITION)
    row = table[table["quantity"] == "redundant"].iloc[0]
    assert np.isnan(row["mean"])
    assert row["without"] == 2
    assert "no seed has such a number" in row["note"]


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    neurons, damage, groups = problem()
    settings = settings_of()
    with pytest.raises(ValueError, match="damage has seeds"):
        counts.count_neurons(neurons, damage.isel(seed=[0]), groups, settings)
    short = {scope: group.isel(seed=[0]) for scope, group in groups.items()}
    up = {scope: group.isel(ordering=[0]) for scope, group in groups.items()}
    other = damage.assign(correct_unablated=damage["correct_unablated"] - 10)
    with pytest.raises(ValueError, match="layer-1 has seeds"):
        counts.count_neurons(neurons, damage, short, settings)
    with pytest.raises(ValueError, match="both directions and the scope `layers`"):
        counts.count_neurons(neurons, damage, up, settings)
    with pytest.raises(ValueError, match="scope `layers`"):
        counts.count_neurons(neurons, damage, {"network": groups["layer-1"]}, settings)
    with pytest.raises(ValueError, match=r"seed 0: without ablation 90 .* 80 in damage"):
        counts.count_neurons(neurons, other, groups, settings)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StorageError, match=r"x\.csv: has columns a, b, not dataset"):
        counts.read(tmp_path / "x.csv")
