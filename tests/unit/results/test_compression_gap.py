"""Compression of networks by closed form, and what is said of it over conditions."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroninfo.results import compression_gap
from neuroninfo.results.compression_gap import (
    AGREEMENT_COLUMNS,
    COLUMNS,
    KIND,
    agreement,
    networks,
    sentence,
    shown,
)
from neuroninfo.results.correlations import OVER, WITHIN

CONDITION = {
    "study": "test",
    "dataset": "mnist",
    "architecture": "9-4",
    "activation": "tanh",
    "regularizer": "binary",
}
BINARY = {"source": "mnist", "binary_weights": True, "output_bits": 1}
CLEAN = {"label_noise": 0.0, "n_classes": 10}
N = 1024  # log2 is 10 bits


def plane(exact: list[list[float]], complete: int = 0) -> xr.Dataset:
    """Three epochs of two networks; ``width-1`` has no estimate of the second one."""
    information = np.full((2, 3, 2, 2), 9.0)  # seed, epoch, layer, estimator
    information[:, :, 0, 0] = exact
    information[1, 1, 0, 1] = np.nan
    accuracy = np.full((2, 3, 3), np.nan)
    accuracy[0, -1] = [0.9, 0.6, 0.7]
    accuracy[1, -1] = [0.8, 0.6, 0.5]
    dims = ("seed", "epoch", "layer", "estimator")
    return xr.Dataset(
        {
            "mutual_information_input": (dims, information),
            "reason": (dims, np.full(information.shape, "", dtype=object)),
            "accuracy": (("seed", "epoch", "split"), accuracy),
            "ceiling_input": ("estimator", [np.log2(N)] * 2),
            "bias_input": (("layer", "estimator"), np.zeros((2, 2))),
        },
        coords={
            "seed": [3, 5],
            "epoch": [0, 10, 20],
            "layer": ["2", "output"],
            "estimator": ["exact", "width-1"],
            "split": ["train", "validation", "test"],
        },
        attrs={"complete": complete},
    )


def test_falls_and_gaps_of_networks() -> None:
    table = networks(plane([[2, 4, 3], [1, 2, 2.5]]), CONDITION, BINARY, CLEAN)
    assert list(table.columns) == list(COLUMNS)
    counted = table[table["estimator"] == "exact"]
    # From the epoch at which the other seed is highest: the last one, and the second one.
    assert counted["fall"].tolist() == [0, -0.5]
    assert counted["last"].tolist() == [3, 2.5]
    assert counted["gap"].tolist() == pytest.approx([0.2, 0.3])
    assert counted["seed"].tolist() == [3, 5]
    other = table[table["estimator"] == "width-1"]
    assert other["fall"].isna().tolist() == [False, True]
    assert other["last"].tolist()[0] == 9


def test_noisy_labels_lower_what_is_expected_of_new_examples() -> None:
    noise = {"label_noise": 0.5, "n_classes": 2}
    table = networks(plane([[2, 4, 3], [1, 2, 2.5]]), CONDITION, BINARY, noise)
    counted = table[table["estimator"] == "exact"]
    assert counted["accuracy_expected"].tolist() == pytest.approx([0.6, 0.5])
    assert counted["gap"].tolist() == pytest.approx([0.3, 0.3])


@pytest.mark.parametrize(("highest", "trusted"), [(6.9, True), (7.1, False)])
def test_a_count_near_the_number_of_examples_is_not_trusted(highest: float, trusted: bool) -> None:
    """Three bits below log2 n of a sample; on all inputs it is no estimate."""
    curves = [[2, highest, 3]] * 2
    for complete in (0, 1):
        table = networks(plane(curves, complete), CONDITION, BINARY, CLEAN)
        own = table[table["estimator"] == "exact"]
        known = trusted or complete == 1
        assert set(own["trust"]) == ({"yes"} if known else {"saturated"})
        assert own["fall"].notna().all() == known
        assert own["gap"].notna().all()


def points(slope: float, noise: float, binary: bool, estimator: str) -> pd.DataFrame:
    """Six conditions of four networks: the gap is a slope times the fall."""
    rows = []
    random = np.random.default_rng(1)
    for condition in range(6):
        for seed in range(4):
            fall = condition + random.random()
            gap = 0.5 + slope * fall / 20 + noise * random.normal()
            rows.append(
                BINARY
                | {key: CONDITION[key] for key in ("dataset", "activation", "regularizer")}
                | {"binary_weights": binary, "architecture": str(condition + 1)}
                | {"estimator": estimator, "seed": seed, "trust": "yes", "fall": fall}
                | {"last": -fall, "accuracy_train": 1.0, "accuracy_test": 1 - gap}
                | {"accuracy_expected": 1 - gap, "gap": gap}
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_what_compresses_more_has_smaller_gaps() -> None:
    whole = pd.concat([points(-1, 0, True, "exact"), points(1, 0, False, "exact")])
    table = agreement(whole, study_seed=0)
    assert list(table.columns) == list(AGREEMENT_COLUMNS)
    verdicts = table.groupby("binary_weights")["verdict"].unique().map(list).to_dict()
    assert verdicts == {True: ["holds"], False: ["fails"]}
    assert sentence(shown(table)).endswith(
        "smaller gaps in 1 of 2 kinds within conditions, in 1 over them, in 0 within "
        "architectures (with larger gaps in 1, 1 and 0)"
    )


def test_outputs_of_few_bits_are_counted() -> None:
    half = points(-1, 0, True, "exact")
    half.loc[12:, ["fall", "last"]] = np.nan
    binned = points(-1, 0, True, "width-1")
    table = agreement(pd.concat([binned, half]), study_seed=0)
    assert set(shown(table)["estimator"]) == {"exact"}
    table = agreement(pd.concat([binned, half]).assign(output_bits=32), study_seed=0)
    assert set(shown(table)["estimator"]) == {"width-1"}


def test_the_estimator_of_most_networks_is_shown() -> None:
    few, constant = points(-1, 0, True, "few"), points(-1, 0, True, "constant")
    few.loc[8:, ["fall", "last"]] = np.nan
    few.loc[8:, "trust"] = "saturated"
    constant[["fall", "last"]] = 0.0
    table = agreement(pd.concat([constant, few, points(-1, 0, True, "most")]), study_seed=0)
    assert set(shown(table)["estimator"]) == {"most"}
    left_out = table.groupby("estimator")["not_trusted"].first().to_dict()
    assert left_out == {"constant": 0, "few": 16, "most": 0}
    none = table[table["estimator"] == "constant"]
    assert none["correlation"].isna().all()
    assert set(none["verdict"]) == {"undecided"}
    assert set(table["reading"]) == {WITHIN, OVER}


def test_a_kind_without_a_trusted_network_has_no_correlation() -> None:
    table = points(-1, 0, True, "exact").assign(fall=np.nan, last=np.nan, trust="saturated")
    found = agreement(table, study_seed=0)
    assert found["correlation"].isna().all()
    assert found["not_trusted"].eq(24).all()
    assert len(shown(found)) == len(found)
    assert set(KIND) <= set(found.columns)
    assert compression_gap.FALL in set(found["x"])
