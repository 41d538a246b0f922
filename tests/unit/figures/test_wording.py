"""Names for people."""

import pandas as pd

from neuroninfo.figures import wording


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
