"""What is left of the accuracy, and its correlation with redundancy, by closed form."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroninfo.results import robustness
from neuroninfo.results.robustness import AGREEMENT_COLUMNS, COLUMNS, NETWORK_COLUMNS

CONDITION = {
    "dataset": "digits",
    "architecture": "4-4",
    "activation": "relu",
    "regularizer": "none",
}
CASES = [("none", 0.0), ("noise", 0.1), ("noise", 0.2), ("shift", 1.0)]


def accuracies(by_seed: list[list[float]]) -> xr.Dataset:
    return xr.Dataset(
        {"accuracy": (("seed", "case"), by_seed)},
        coords={
            "seed": np.arange(len(by_seed)),
            "corruption": ("case", [kind for kind, _ in CASES]),
            "strength": ("case", [strength for _, strength in CASES]),
        },
        attrs={"chance": 0.1},
    )


def synergy(redundant: list[float]) -> xr.Dataset:
    n = len(redundant)
    return xr.Dataset(
        {
            "mean_redundancy": (("seed", "epoch", "measure"), np.reshape(redundant, (n, 1, 1))),
            "mean_joint_information": (("seed", "epoch"), np.ones((n, 1))),
        },
        coords={"seed": np.arange(n), "epoch": [1], "measure": ["broja"]},
    )


def test_what_is_left_is_relative_to_the_accuracy_above_chance() -> None:
    left = robustness.left(accuracies([[0.9, 0.5, 0.1, 0.9], [0.1, 0.1, 0.1, 0.1]]))
    assert left["noise"][0] == pytest.approx((0.4 + 0.0) / 2 / 0.8)
    assert left["shift"][0] == pytest.approx(1)
    assert np.isnan(left["noise"][1])  # it is no better than chance


def test_table_of_accuracies() -> None:
    table = robustness.summary(accuracies([[0.9, 0.5, 0.1, 0.9]] * 3), CONDITION)
    assert list(table.columns) == list(COLUMNS)
    assert table["accuracy"].tolist() == [0.9, 0.5, 0.1, 0.9]
    assert table["low"].tolist() == table["accuracy"].tolist()
    assert table["n_seeds"].tolist() == [3] * 4


def test_networks_without_redundancy_are_of_no_layer() -> None:
    both = accuracies([[0.9, 0.5, 0.1, 0.9]] * 2)
    table = robustness.networks(both, CONDITION, {})
    assert list(table.columns) == list(NETWORK_COLUMNS)
    assert table["layer"].tolist() == ["", ""]
    assert table["blur"].isna().all()
    assert robustness.agreement(table, study_seed=0).empty
    layers = {"layer-1": synergy([0.3]), "layer-2": synergy([0.4])}
    of_layers = robustness.networks(both, CONDITION, layers)
    assert of_layers["redundancy"].tolist()[::2] == [0.3, 0.4]
    assert of_layers["redundancy"].isna().tolist() == [False, True, False, True]


def test_more_redundancy_with_more_left_is_the_claim() -> None:
    tables = []
    for condition in range(8):
        level = 0.1 + 0.05 * condition
        left = [0.9, level, level + 0.01, 0.9 - level]
        more = [0.9, level + 0.02, level + 0.03, 0.85 - level]
        tables.append(
            robustness.networks(
                accuracies([left, more]),
                CONDITION | {"architecture": f"{condition + 1}"},
                {"layer-1": synergy([level, level + 0.001])},
            )
        )
    found = robustness.agreement(pd.concat(tables, ignore_index=True), study_seed=0)
    assert list(found.columns) == list(AGREEMENT_COLUMNS)
    verdicts = found.groupby("y")["verdict"].agg(set).to_dict()
    assert verdicts == {"noise": {"holds"}, "shift": {"fails"}}
