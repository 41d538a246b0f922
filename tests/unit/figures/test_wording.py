"""Names for people."""

import pandas as pd
import pytest

from neuroninfo.figures import wording

PLAIN = {
    "name": "plain",
    "dataset": "mnist",
    "architecture": "64",
    "activation": "relu",
    "regularizer": "none",
}
ADAM = {"label_noise": 0.0, "training": {"optimizer": "adam", "learning_rate": 0.001}}
SGLD = {
    "label_noise": 0.0,
    "training": {"optimizer": "sgld", "sgld": {"clipping_norm": 1.0, "noise": 0.01}},
}
CLIPPED = {
    "label_noise": 0.0,
    "training": {"optimizer": "sgld", "sgld": {"clipping_norm": 0.2, "noise": 0.01}},
}


def test_conditions_of_a_table_are_named_as_in_figures() -> None:
    table = pd.DataFrame(
        {
            "dataset": ["fashion_mnist", "digits"],
            "architecture": ["250-500", "conv-8-16"],
            "regularizer": ["l2-1e-4", "dropout"],
            "scope": ["layer-1", "network"],
        }
    )
    named = wording.of_conditions(table)
    assert named["dataset"].tolist() == ["FashionMNIST", "digits (scikit-learn)"]
    assert named["architecture"].tolist() == ["250\N{EN DASH}500", wording.of_layers("conv-8-16")]
    assert named["regularizer"].tolist() == ["L2 1e-4", "dropout"]
    assert named["scope"].tolist() == ["layer-1", "network"]  # no name of a condition
    assert table["dataset"][0] == "fashion_mnist"


def test_conditions_of_the_bounds_are_named_by_what_is_special() -> None:
    narrow = {**PLAIN, "architecture": "64-3", "activation": "tanh", "regularizer": "l2"}
    names = wording.of_trained(
        [PLAIN, narrow, PLAIN, PLAIN, PLAIN],
        [ADAM, ADAM, {**ADAM, "label_noise": 0.2}, SGLD, CLIPPED],
    )
    assert names == [
        "64, ReLU",
        "64\N{EN DASH}3, tanh, L2",
        "64, ReLU, label noise 0.2",
        "64, ReLU, SGLD, clipped to 1",  # named only because there are two
        "64, ReLU, SGLD, clipped to 0.2",
    ]
    assert wording.of_trained([PLAIN, PLAIN], [ADAM, SGLD])[1] == "64, ReLU, SGLD"
    assert wording.distinct(["64, ReLU", "64, ReLU, L2", "16, ReLU"]) == ["64", "64, L2", "16"]
    assert wording.distinct(["64, ReLU"]) == ["64, ReLU"]


def test_conditions_of_the_bounds_never_have_the_same_name() -> None:
    other = {**PLAIN, "name": "again"}
    assert wording.of_trained([PLAIN, other], [ADAM, ADAM]) == [
        "64, ReLU (plain)",
        "64, ReLU (again)",
    ]
    digits = {**PLAIN, "dataset": "digits"}
    assert wording.of_trained([PLAIN, digits], [ADAM, ADAM]) == [
        "MNIST, 64, ReLU",
        "digits (scikit-learn), 64, ReLU",
    ]


@pytest.mark.parametrize(
    ("architecture", "unit"), [("100", "neuron"), ("100-100", "neuron"), ("conv-8-16", "channel")]
)
def test_units(architecture: str, unit: str) -> None:
    assert wording.unit({"architecture": architecture}) == unit
