"""The talk's numbers of neurons against tolerances: the table, its figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from neuroninfo.configuration.plans import TALK_COUNTS
from neuroninfo.figures import canvas
from neuroninfo.figures import tolerances as figures_tolerances
from neuroninfo.files import tables
from neuroninfo.results import tolerances
from neuroninfo.results.claims import TALK
from neuroninfo.results.counts import NONE
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

CONDITION = {
    "dataset": "cifar10",
    "architecture": "250-500-250-500",
    "activation": "relu",
    "regularizer": "l2",
}
DELTAS = [0.05, 0.1, 0.2, 0.5]
INACTIVITY = [("changed", 0.001), ("changed", 0.01), ("lost", 0.01), ("lost", 0.1)]
N_SEEDS = 5
# Of five seeds at these distances from their mean, one more lies within 4.808 of it (95 %):
# t 2.7764, deviation sqrt(2.5), times sqrt(1 + 1/5).
SPREAD = np.arange(-2, 3)
HALF = 2.7764451 * np.sqrt(2.5) * np.sqrt(1.2)


def counted() -> xr.Dataset:
    """Four layers, the same in all: counts by tolerance, and the five seeds around them."""
    by_delta = {"suffice": [110, 100, 45, 33], "destroy": [80, 66, 57, 40]}
    unused = np.array([150, 200, 190, 249])
    cell = ("seed", "order", "layer")
    spread = SPREAD[:, None, None, None]
    shape = (N_SEEDS, 1, 4)
    variables: dict[str, object] = {
        name: ((*cell, "delta"), np.broadcast_to(values + spread, (*shape, 4)))
        for name, values in by_delta.items()
    }
    variables["inactive"] = ((*cell, "inactivity"), np.broadcast_to(unused + spread, (*shape, 4)))
    rest = 500 - np.array(by_delta["suffice"])[:, None] - unused
    variables["redundant"] = (
        (*cell, "delta", "inactivity"),
        np.broadcast_to(rest + spread[..., None], (*shape, 4, 4)),
    )
    return xr.Dataset(
        variables,
        coords={
            "seed": np.arange(N_SEEDS),
            "layer": [1, 2, 3, 4],
            "width": ("layer", [250, 500, 250, 500]),
            "delta": ("delta", DELTAS, {"of_claims": 0.1}),
            "criterion": ("inactivity", [criterion for criterion, _ in INACTIVITY]),
            "share": ("inactivity", [share for _, share in INACTIVITY]),
            "measure": ("order", ["mutual_information"]),
            "quantizer": ("order", ["threshold"]),
        },
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return tolerances.surface(counted(), CONDITION)


def agreeing(table: pd.DataFrame, layer: int, quantity: str, *by: str) -> list[object]:
    rows = table[(table["scope"] == f"layer-{layer}") & (table["quantity"] == quantity)]
    chosen = rows.loc[rows["agrees"] == "yes", list(by)]
    return (
        list(chosen.itertuples(index=False, name=None)) if len(by) > 1 else chosen[by[0]].tolist()
    )


def test_the_talks_number_agrees_where_one_more_network_may_have_it(table: pd.DataFrame) -> None:
    """Rounded to 10 %: 40 is 36 to 44, 60 is 54 to 66, 200 is 180 to 220."""
    assert agreeing(table, 3, "suffice", "delta") == [0.2, 0.5]  # 45 and 33, both less or more 4.8
    assert agreeing(table, 3, "destroy", "delta") == [0.1, 0.2]
    assert agreeing(table, 3, "inactive", "criterion", "share") == INACTIVITY[1:3]
    assert agreeing(table, 4, "suffice", "delta") == [0.05, 0.1]
    assert agreeing(table, 4, "destroy", "delta") == []
    assert agreeing(table, 4, "inactive", "criterion", "share") == INACTIVITY[3:]
    # 500 less those that suffice and the inactive ones; 50 to 150 is a range, and not rounded.
    assert agreeing(table, 4, "redundant", "delta", "share", "criterion") == [
        (delta, share, criterion)
        for delta, enough in zip(DELTAS, (110, 100, 45, 33), strict=True)
        for (criterion, share), unused in zip(INACTIVITY, (150, 200, 190, 249), strict=True)
        if 50 - HALF <= 500 - enough - unused <= 150 + HALF
    ]
    assert table.loc[table["agrees"] != "", "talk_low"].notna().all()


def test_what_the_talk_does_not_give_is_counted_and_not_compared(table: pd.DataFrame) -> None:
    rows = table[(table["scope"] == "layer-3") & (table["quantity"] == "redundant")]
    assert len(rows) == 16
    assert rows["talk_low"].isna().all()
    assert (rows["agrees"] == "").all()
    assert set(table["scope"]) == {"layer-3", "layer-4"}


def test_intervals_are_those_of_one_more_network(table: pd.DataFrame) -> None:
    np.testing.assert_allclose(table["predicted_high"] - table["mean"], HALF, atol=1e-6)
    np.testing.assert_allclose(table["high"] - table["mean"], HALF / np.sqrt(6), atol=1e-6)
    assert set(table["n_neurons"]) == {250, 500}


def test_a_seed_without_a_number_is_not_compared() -> None:
    data = counted()
    data["suffice"] = data["suffice"].copy()
    data["suffice"][2, :, :, 1] = NONE
    table = tolerances.surface(data, CONDITION)
    rows = table[(table["scope"] == "layer-4") & (table["quantity"] == "suffice")]
    assert rows["without"].tolist() == [0, 1, 0, 0]
    assert rows["agrees"].tolist() == ["yes", "", "no", "no"]
    one = tolerances.surface(counted().isel(seed=[0]), CONDITION)
    assert (one["agrees"] == "").all()


def test_networks_without_numbers_of_the_talk_are_refused() -> None:
    """And the workflow knows which have some."""
    assert {key[:2] for key in TALK} == {TALK_COUNTS}
    with pytest.raises(
        ValueError, match="mnist/250-500-250-500/relu/l2: the talk gives no numbers"
    ):
        tolerances.surface(counted(), CONDITION | {"dataset": "mnist"})


def test_it_is_read_as_it_was_written(table: pd.DataFrame, tmp_path: Path) -> None:
    tables.write(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(tolerances.read(tmp_path / "t.csv"), table)


# ------------------------------------------------------------------ the figure


@pytest.fixture(scope="module")
def made(table: pd.DataFrame) -> Figure:
    return figures_tolerances.tolerances(table, CONDITION)


def said(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_a_panel_for_each_layer_and_count(made: Figure) -> None:
    titles = [ax.get_title(loc="left") for ax in made.axes]
    assert len(titles) == 8
    assert titles[:2] == [
        "layer 3: how many of the highest suffice",
        "layer 4: how many of the highest suffice",
    ]
    assert titles[-1] == "layer 4: how many are redundant"


def test_tolerances_that_agree_are_marked_and_named(made: Figure) -> None:
    def dots(ax: object) -> list[list[float]]:
        marked = [line for line in ax.lines if line.get_marker() not in ("None", "")]
        return [np.round(line.get_xdata(), 6).tolist() for line in marked]

    suffice_3, suffice_4, _, destroy_4, inactive_3, inactive_4, redundant_3, redundant_4 = made.axes
    assert dots(suffice_3) == [[20, 50]]
    assert {"agrees at 20 to 50 %", "talk: 40"} <= set(said(suffice_3))
    assert dots(suffice_4) == [[5, 10]]
    assert {"agrees at none of these tolerances", "talk: 250"} <= set(said(destroy_4))
    assert dots(inactive_3) == [[1], [1]]
    assert {"● agrees at 1 %", "■ agrees at 1 %"} <= set(said(inactive_3))
    assert dots(inactive_4) == [[], [10]]
    assert "the talk gives no number" in said(redundant_3)
    assert "talk: 50 to 150" in said(redundant_4)
    inactive = {text for text in said(redundant_4) if "inactive at" in text}
    assert inactive == {
        "inactive at 0.1 % predictions changed",
        "inactive at 10 % accuracy lost",
    }


def test_what_is_drawn_is_recorded(made: Figure, tmp_path: Path, table: pd.DataFrame) -> None:
    canvas.save(made, tmp_path / "f.csv")
    pd.testing.assert_frame_equal(tolerances.read(tmp_path / "f.csv"), table)


def test_text(made: Figure) -> None:
    all_text_is_large_and_in_the_figure(made)
    greyscale_tells_what_colours_tell(made)


@pytest.mark.parametrize(
    ("agrees", "words"),
    [
        ([0, 0, 0, 0], "agrees at none of these tolerances"),
        ([0, 1, 0, 0], "agrees at 4 %"),
        ([1, 1, 0, 1], "agrees at 2 to 4, 8 %"),
        ([1, 1, 1, 1], "agrees at 2 to 8 %"),
    ],
)
def test_neighbours_are_one_range(agrees: list[int], words: str) -> None:
    x = np.array([2.0, 4.0, 6.0, 8.0])
    assert figures_tolerances._ranges(x, np.array(agrees, dtype=bool)) == words
