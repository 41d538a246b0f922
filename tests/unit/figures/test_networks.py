"""Figures of networks of several conditions: what is drawn, said and left out."""

import numpy as np
import pandas as pd

from neuroninfo.figures.ablation_gap import ablation_gap
from neuroninfo.figures.compression_gap import compression_gap
from neuroninfo.figures.robustness import robustness
from neuroninfo.results import ablation_gap as gaps
from neuroninfo.results import compression_gap as compressed
from neuroninfo.results import robustness as left
from neuroninfo.results.ablation_gap import AREAS, REDUNDANCY

CONDITIONS = [
    {"dataset": "digits", "architecture": width, "activation": "relu", "regularizer": strength}
    for width in ("8", "8-8", "16")
    for strength in ("none", "l2")
]


def networks(redundancy: float) -> pd.DataFrame:
    random = np.random.default_rng(0)
    numbers = dict.fromkeys(("accuracy_train", "accuracy_test", "accuracy_expected"), 0.5)
    return pd.DataFrame(
        [
            condition
            | {"seed": seed, "measure": "mutual_information", "quantizer": "threshold"}
            | numbers
            | {"gap": 0.01 * (1 + number + random.random()), REDUNDANCY: redundancy * (1 + seed)}
            | {area: random.random() for area in AREAS}
            for number, condition in enumerate(CONDITIONS)
            for seed in range(3)
        ]
    )[list(gaps.COLUMNS)]


def test_a_panel_for_each_curve_and_one_of_redundancy_where_there_is_one() -> None:
    for redundancy, panels in ((np.nan, len(AREAS)), (0.1, len(AREAS) + 1)):
        table = networks(redundancy)
        drawn = ablation_gap(table, gaps.agreement(table, study_seed=0))
        assert len(drawn.axes) == panels
        marks = sum(len(line.get_xdata()) for line in drawn.axes[0].lines)
        assert marks == len(table) + len(CONDITIONS)
        assert "within conditions" in drawn.axes[0].get_title(loc="left")
        legend = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
        assert len(legend) == 4  # a data set, three architectures


def test_the_legend_covers_no_mark() -> None:
    table = networks(0.1)
    drawn = ablation_gap(table, gaps.agreement(table, study_seed=0))
    ax = drawn.axes[0]
    drawn.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    highest = max(ax.transData.transform(line.get_xydata())[:, 1].max() for line in ax.lines)
    assert highest < legend.y0
    assert legend.x1 <= ax.get_window_extent().x1


def accuracies(condition: dict[str, str]) -> pd.DataFrame:
    cases = [("none", 0.0), ("noise", 0.1), ("noise", 0.2), ("shift", 1.0)]
    return pd.DataFrame(
        [
            condition
            | {"corruption": kind, "strength": strength, "accuracy": 0.9 - strength / 2}
            | {"low": 0.3, "high": 0.95, "chance": 0.1, "n_seeds": 3, "note": ""}
            for kind, strength in cases
        ]
    )[list(left.COLUMNS)]


def test_redundancy_stands_below_the_accuracies_where_there_is_one() -> None:
    table = pd.concat([accuracies(condition) for condition in CONDITIONS], ignore_index=True)
    random = np.random.default_rng(0)
    points = pd.DataFrame(
        [
            condition
            | {"seed": seed, "layer": "layer-1", "redundancy": random.random()}
            | {"noise": random.random(), "blur": np.nan, "shift": random.random()}
            for condition in CONDITIONS
            for seed in range(3)
        ]
    )[list(left.NETWORK_COLUMNS)]
    drawn = robustness(table, points, left.agreement(points, study_seed=0))
    assert len(drawn.axes) == 4  # noise and shift, nothing is blurred
    assert "layer 1" in drawn.axes[2].get_title(loc="left")
    unmeasured = points.assign(redundancy=np.nan, layer="")
    drawn = robustness(table, unmeasured, left.agreement(unmeasured, study_seed=0))
    assert len(drawn.axes) == 2


def test_every_kind_of_networks_has_a_row_of_panels() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {"source": "digits", "binary_weights": binary, "output_bits": 1 if binary else 32}
            | condition
            | {"estimator": "exact", "seed": seed}
            | {"trust": "yes" if binary or seed else "saturated"}
            | {"fall": random.random() if binary or seed else np.nan, "last": random.random()}
            | {"accuracy_train": 0.9, "accuracy_test": 0.5, "accuracy_expected": 0.5}
            | {"gap": random.random()}
            for binary in (True, False)
            for condition in CONDITIONS
            for seed in range(3)
        ]
    )[list(compressed.COLUMNS)]
    drawn = compression_gap(table, compressed.agreement(table, study_seed=0))
    assert len(drawn.axes) == 4
    heads = [ax.get_title(loc="left") for ax in drawn.axes]
    assert "go with smaller gaps in 0 of 2 kinds" in drawn.texts[1].get_text()
    assert "binary weights, outputs of 1 bit" in heads[0]
    assert "left out" not in heads[0]
    assert "real weights, real outputs" in heads[2]
    assert "6 of 18 networks left out" in heads[3]
    marks = sum(len(line.get_xdata()) for line in drawn.axes[0].lines)
    assert marks == len(table) / 2 + len(CONDITIONS)
