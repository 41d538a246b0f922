"""Conditions side by side: what is drawn is what stands in the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from neuroninfo.figures import canvas
from neuroninfo.figures import comparison as figures_comparison
from neuroninfo.results import claims, counts
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

NAMES = ["none", "l2-1e-4", "early-stopping"]
COMPARISON = {
    "varies": "regularizer",
    "number": None,
    "values": None,
    "conditions": [["cifar10", "250-500-250-500", "relu", name] for name in NAMES],
}


def tables(
    names: list[str] = NAMES, layers: tuple[int, ...] = (1, 2, 3, 4)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers that tell condition, quantity and layer; a count is missing in the last."""
    read, judged = [], []
    for i, name in enumerate(names):
        about = {
            "dataset": "cifar10",
            "architecture": "250-500-250-500",
            "activation": "relu",
            "regularizer": name,
        }
        common = about | {"n_seeds": 5, "quantizer": "threshold", "note": ""}
        common |= {"family": "primary"}
        of_all = common | {"scope": "network", "n_neurons": 1500, "without": 0}
        read.append(of_all | interval(0.4 + i / 10) | {"quantity": "accuracy", "delta": ""})
        for layer in layers:
            of_layer = of_all | {"scope": f"layer-{layer}"}
            for j, count in enumerate(
                ("suffice", "destroy", "inactive", "never_active", "redundant")
            ):
                by_delta = ("0.1", "0.05") if j < 2 else ("",)
                for delta in by_delta:
                    value = np.nan if (i, j) == (2, 3) else layer + i + 5 * j
                    value += 1000 * (delta == "0.05")
                    read.append(of_layer | interval(value) | {"quantity": count, "delta": delta})
            read.append(
                of_layer | interval(layer / 10) | {"quantity": "mutual_information", "delta": ""}
            )
            for claim in ("C2a", "C2b"):
                judged.append(
                    common | interval(i / 100) | {"claim": claim, "scope": f"layer-{layer}"}
                )
        judged += [
            common | interval(-i / 100) | {"claim": c, "scope": "network"}
            for c in ("C1", "C1a", "C1b")
        ]
    counted = pd.DataFrame(read).reindex(columns=list(counts.COLUMNS), fill_value="")
    counted["marked"] = counted["delta"] != "0.05"
    effects = pd.DataFrame(judged).rename(columns={"mean": "effect"})
    return counted, effects.reindex(columns=list(claims.COLUMNS), fill_value="")


def interval(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.02}


@pytest.fixture(scope="module")
def made() -> Figure:
    return figures_comparison.comparison(*tables(), COMPARISON)


@pytest.fixture(scope="module")
def sweep() -> Figure:
    numbers = {"number": "l2", "values": [0.0, 1e-4, 1e-2]}
    return figures_comparison.comparison(*tables(), COMPARISON | numbers)


def test_every_quantity_has_a_panel(made: Figure) -> None:
    assert [ax.get_title(loc="left") for ax in made.axes] == [
        "accuracy on test data (%)",
        "mean mutual information (bit)",
        "whole network: effect (points)",
        "C2a in each layer (points)",
        "C2b in each layer (points)",
        *(f"layer {layer}: neurons" for layer in (1, 2, 3, 4)),
    ]
    texts = [text.get_text() for text in made.texts]
    assert (
        texts[1]
        == "CIFAR-10, hidden layers 250\N{EN DASH}500\N{EN DASH}250\N{EN DASH}500, ReLU; 5 seeds"
    )
    assert "95 % intervals" in " ".join(texts[2].split())


def test_what_is_drawn_is_what_the_tables_say(made: Figure) -> None:
    accuracy, layer_3 = made.axes[0], made.axes[7]
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [40, 50, 60])
    drawn = {
        line.get_color(): line.get_ydata() for line in layer_3.lines if len(line.get_xdata()) == 3
    }
    np.testing.assert_allclose(drawn[canvas.COLOURS["ascending"]], [3, 4, 5])  # at delta 0.1
    np.testing.assert_allclose(drawn[canvas.COLOURS["descending"]], [8, 9, 10])
    np.testing.assert_allclose(drawn["#009E73"], [18, 19, np.nan])
    assert {line.get_linestyle() for line in layer_3.lines[3:]} == {"None"}  # no order, no lines
    assert [label.get_text() for label in layer_3.get_xticklabels()] == [
        "no regularizer",
        "L2 1e-4",
        "early stopping",
    ]


def test_the_talks_counts_are_in_sight(made: Figure) -> None:
    """Also where all results lie far below them."""
    for ax, expected in ((made.axes[7], {40, 60, 200}), (made.axes[8], {100, 250})):
        talk = [line for line in ax.lines if line.get_linestyle() == "--"]
        levels = [line.get_ydata()[0] for line in talk]
        low, high = ax.get_ylim()
        assert set(levels) == expected
        assert all(low < level < high for level in levels)
        # Where two agree, the dashes of one fill the gaps of the other.
        looks = [
            (level, line._unscaled_dash_pattern) for level, line in zip(levels, talk, strict=True)
        ]
        assert len(set(map(str, looks))) == len(looks)
    redundant = made.axes[8].patches[0].get_extents().transformed(made.axes[8].transData.inverted())
    assert (round(redundant.y0), round(redundant.y1)) == (50, 150)


def test_a_number_is_an_axis(made: Figure, sweep: Figure) -> None:
    ax = sweep.axes[-1]
    zero, weak, strong = ax.get_xticks()
    assert strong - weak == pytest.approx(2 * (weak - zero))  # two decades and one step to 0
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1e-4", "1e-2"]
    assert sweep.axes[0].lines[0].get_linestyle() == "-"
    assert sweep.texts[0].get_text() == "Strength of L2: accuracy, information, ablation"
    assert made.texts[0].get_text().startswith("Regularizers compared")


def test_text(made: Figure) -> None:
    all_text_is_large_and_in_the_figure(made)
    greyscale_tells_what_colours_tell(made)


def test_layer_10_comes_after_layer_2() -> None:
    deep = figures_comparison.comparison(*tables(layers=(2, 10)), COMPARISON)
    assert [ax.get_title(loc="left") for ax in deep.axes[-2:]] == [
        "layer 2: neurons",
        "layer 10: neurons",
    ]


def test_a_condition_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="250-500-250-500/relu/early-stopping: not in"):
        figures_comparison.comparison(*tables(NAMES[:2]), COMPARISON)
