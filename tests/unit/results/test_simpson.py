"""Correlations within layers and pooled."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from neuroninfo.figures import canvas
from neuroninfo.figures import simpson as figures_simpson
from neuroninfo.files import tables
from neuroninfo.results import simpson, statistics
from neuroninfo.results.simpson import REVERSAL, WITHIN
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

CONDITION = {
    "dataset": "mnist",
    "architecture": "6-6",
    "activation": "relu",
    "regularizer": "dropout",
}


def plain_ranks(values: list[float]) -> np.ndarray:
    """Positions in sorted order, equal ones their mean."""
    return np.array(
        [
            np.mean([k for k, v in enumerate(sorted(values), start=1) if v == value])
            for value in values
        ]
    )


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=20).filter(
        lambda pairs: all(len({pair[i] for pair in pairs}) > 1 for i in (0, 1))
    )
)
def test_correlation_is_that_of_ranks(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array([float(pair[i]) for pair in pairs]) for i in (0, 1))
    expected = np.corrcoef(plain_ranks(a.tolist()), plain_ranks(b.tolist()))[0, 1]
    assert statistics.rank_correlation(a, b) == pytest.approx(expected, abs=1e-12)
    assert statistics.rank_correlation(np.exp(a), -b) == pytest.approx(-expected, abs=1e-12)


@pytest.mark.parametrize("a", [[], [1.0], [2.0, 2.0]])
def test_constant_values_have_none(a: list[float]) -> None:
    assert np.isnan(statistics.rank_correlation(np.array(a), np.arange(len(a), dtype=float)))


def paradox(n_seeds: int = 12) -> tuple[xr.Dataset, xr.Dataset]:
    """Within both layers more information costs more; layer 2 has more and costs less."""
    seeds = np.arange(n_seeds)
    information = np.concatenate([np.arange(6) / 20, 0.5 + np.arange(6) / 20])
    lost = np.concatenate([100 + np.arange(6), np.arange(6)])
    selectivity = np.concatenate([np.zeros(6), np.arange(6)])
    layer = ("neuron", np.repeat([1, 2], 6))
    neurons = xr.Dataset(
        {
            "mutual_information": (
                ("seed", "quantizer", "neuron"),
                np.tile(np.stack([information, -information]), (n_seeds, 1, 1)),
            ),
            "class_selectivity": (("seed", "neuron"), np.tile(selectivity, (n_seeds, 1))),
        },
        coords={"seed": seeds, "quantizer": ["threshold", "uniform-4"], "layer": layer},
    )
    damage = xr.Dataset(
        {
            "loss": (
                ("seed", "split", "neuron"),
                0.5 + np.tile(np.stack([lost, np.roll(lost, 1)]), (n_seeds, 1, 1)) / 1000,
            ),
            "loss_unablated": (("seed", "split"), np.full((n_seeds, 2), 0.5)),
        },
        coords={"seed": seeds, "split": ["test", "validation"], "layer": layer},
    )
    return neurons, damage


def test_the_paradox_is_found() -> None:
    neurons, damage = paradox()
    np.testing.assert_allclose(simpson.costs(damage)[3, :6], (100 + np.arange(6)) / 1000)
    table = simpson.correlations(neurons, damage, CONDITION)
    assert list(table.columns) == list(simpson.COLUMNS)
    information = table[table["measure"] == "mutual_information"].set_index("scope")
    assert set(information["quantizer"]) == {"threshold"}
    for scope in ("layer-1", "layer-2", WITHIN):
        assert information.loc[scope, "correlation"] == pytest.approx(1)
    pooled = information.loc["network", "correlation"]
    assert pooled < 0
    assert information.loc[REVERSAL, "correlation"] == pytest.approx(pooled - 1)
    assert information["n_seeds"].eq(12).all()
    reliability = table[table["measure"] == simpson.RELIABILITY].set_index("scope")
    lost = simpson.costs(damage)[0]
    expected = statistics.rank_correlation(np.roll(lost, 1), lost)
    assert reliability.loc["network", "correlation"] == pytest.approx(expected)


def test_what_has_no_correlation_says_so() -> None:
    neurons, damage = paradox()
    table = simpson.correlations(neurons, damage, CONDITION)
    row = table[(table["measure"] == "class_selectivity") & (table["scope"] == "layer-1")].iloc[0]
    assert np.isnan(row["correlation"])
    assert row["without"] == 12
    assert row["note"] == "in 12 seeds measure or damage is the same in all neurons"
    neurons["mutual_information"][4, 0, :6] = 0.0
    table = simpson.correlations(neurons, damage, CONDITION)
    one = table[(table["measure"] == "mutual_information") & (table["scope"] == "layer-1")].iloc[0]
    assert (one["correlation"], one["without"]) == (pytest.approx(1), 1)
    assert one["note"].startswith("in 1 seeds")


def test_what_does_not_fit_is_refused() -> None:
    neurons, damage = paradox()
    with pytest.raises(ValueError, match="differ in seed"):
        simpson.correlations(neurons, damage.isel(seed=[0]), CONDITION)


def test_the_figure_says_what_the_table_says(tmp_path) -> None:
    neurons, damage = paradox()
    table = simpson.correlations(neurons, damage, CONDITION)
    tables.write(table, tmp_path / "t.csv")
    again = tables.read(tmp_path / "t.csv", simpson.COLUMNS)
    drawn = figures_simpson.simpson(neurons, damage, again, CONDITION)
    assert isinstance(drawn, Figure)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    left, right = drawn.axes
    assert [label.get_text() for label in right.get_yticklabels()] == [
        "layer 1",
        "layer 2",
        "mean within\nlayers",
        "pooled",
        "damage on\nvalidation",
    ]
    dots = [line.get_xdata()[0] for line in right.lines if len(line.get_xdata()) == 1]
    scopes = ["layer-1", "layer-2", WITHIN, "network"]
    shown = table[table["measure"] == "mutual_information"].set_index("scope")
    reliable = table[table["measure"] == simpson.RELIABILITY].set_index("scope")
    expected = [*shown.loc[scopes, "correlation"], reliable.loc["network", "correlation"]]
    np.testing.assert_allclose(dots, expected)
    trends = [line for line in left.lines if line.get_color() == canvas.COLOURS["random"]]
    (x0, x1), (y0, y1) = trends[0].get_xdata(), trends[0].get_ydata()
    assert (x1 - x0) * (y1 - y0) < 0  # pooled: downwards
