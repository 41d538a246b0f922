"""Settings against claims: every cell is a row of the table, in the look of its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.sweep import where_claims_hold
from neuroninfo.results.claims import STUDY_COLUMNS
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
    lightness,
)

REFERENCE = {
    "dataset": "mnist",
    "architecture": "100-100",
    "activation": "relu",
    "regularizer": "l2",
    "quantizer": "threshold",
    "replacement": "zero",
}
SETTINGS = {
    **{"l1": 0.0, "l2": 0.001, "decay": "coupled", "decay_biases": True, "dropout": 0.0},
    **{"batch_norm_momentum": None, "optimizer": "adam", "momentum": None, "epochs": 15},
    **{"source": "mnist", "inputs": "unit", "validation": 10_000, "initialization": "default"},
    **{key: name for key, name in REFERENCE.items() if key != "regularizer"},
}
SWEEP = [
    [
        REFERENCE | {"settings": SETTINGS},
        REFERENCE | {"replacement": "mean", "settings": {"replacement": "mean"}},
        REFERENCE
        | {
            "regularizer": "l2-sgd",
            "settings": {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05},
        },
    ],
    [
        REFERENCE | {"regularizer": "dropout", "settings": SETTINGS | {"dropout": 0.5}},
        REFERENCE | {"regularizer": "dropout-0.2", "settings": {"dropout": 0.2}},
    ],
]
ROWS = [row for group in SWEEP for row in group]
LINES = [1, 2, 3, 5.5, 6.5]
COLUMNS = [
    *((claim, "network", reading) for claim in ("C1", "C1a", "C1b") for reading in ("w", "q")),
    *((claim, f"layer-{layer}", "w") for claim in ("C2a", "C2b") for layer in (1, 2, 10)),
]
READINGS = {"w": "whole curve", "q": "up to a quarter"}


def value(row: int, column: int) -> float:
    """Each cell has an effect of its own, of either sign, and some are near to zero."""
    return 0.01 * ((7 * row + 3 * column) % 13 - 6)


def table(half: float = 0.015) -> pd.DataFrame:
    """Claims of all rows, and others that are not drawn, in another order."""
    found: list[dict[str, Any]] = []
    for i, row in enumerate(ROWS):
        names = {key: row[key] for key in REFERENCE}
        about = names | {"measure": "mutual_information", "n_seeds": 5}
        for j, (claim, scope, reading) in enumerate(COLUMNS):
            effect = value(i, j)
            low, high = effect - half, effect + half
            verdict = "holds" if low > 0 else "fails" if high < 0 else "undecided"
            cell = {"claim": claim, "scope": scope, "reading": READINGS[reading]}
            found.append(
                about | cell | {"effect": effect, "low": low, "high": high, "verdict": verdict}
            )
            found += [
                found[-1] | other | {"effect": 0.9}
                for other in (
                    {"measure": "entropy"},
                    {"quantizer": "uniform-4"},
                    {"activation": "tanh"},
                    {"reading": "whole curve: layer share"},
                )
                if "reading" not in other or scope == "network"
            ]
        found.append(found[-1] | {"claim": "C2a", "scope": "network", "effect": 0.9})
    frame = pd.DataFrame(found).reindex(columns=list(STUDY_COLUMNS), fill_value="")
    return frame.sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def made() -> Figure:
    return where_claims_hold(table(), SWEEP)


def markers(ax: Axes) -> dict[str, np.ndarray]:
    """Marker -> (cells, 2) effects in points and lines."""
    return {
        str(line.get_marker()): np.column_stack([line.get_xdata(), line.get_ydata()])
        for line in ax.lines
        if line.get_marker() not in ("None", "")
    }


def test_every_cell_is_a_row_of_the_table(made: Figure) -> None:
    assert len(made.axes) == len(COLUMNS)
    for j, ax in enumerate(made.axes):
        cells = markers(ax)
        for i, line in enumerate(LINES):
            effect = value(i, j)
            marker = "o" if effect > 0.015 else "v" if effect < -0.015 else "D"
            assert any(np.allclose(cell, [100 * effect, line]) for cell in cells[marker]), (i, j)
        assert sum(map(len, cells.values())) == len(ROWS)
        bars = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0]]
        assert sorted(
            (round(bar.get_xdata()[0], 6), round(bar.get_xdata()[1], 6), bar.get_ydata()[0])
            for bar in bars
            if bar.get_marker() == "None"
        ) == sorted(
            (round(100 * value(i, j) - 1.5, 6), round(100 * value(i, j) + 1.5, 6), line)
            for i, line in enumerate(LINES)
        )


def test_where_a_claim_holds_the_ground_is_coloured(made: Figure) -> None:
    for j, ax in enumerate(made.axes):
        grounds = sorted(patch.get_y() + patch.get_height() / 2 for patch in ax.patches)
        holds = [line for i, line in enumerate(LINES) if value(i, j) > 0.015]
        assert grounds == pytest.approx(holds)
        assert ax.get_xlabel() == f"{len(holds)} of {len(ROWS)}"
        for patch in ax.patches:
            assert 80 < lightness(to_hex(patch.get_facecolor())) < 92  # in sight, and behind dots


def test_columns_and_rows_are_named(made: Figure) -> None:
    titles = [ax.get_title(loc="left") for ax in made.axes]
    layers = ["layer 1", "layer 2", "layer 10"]
    assert titles == ["whole curve", "first quarter"] * 3 + layers * 2
    said = {text.get_text(): j for j, ax in enumerate(made.axes) for text in ax.texts}
    assert [said[claim] for claim in ("C1", "C1a", "C1b", "C2a", "C2b")] == [0, 2, 4, 6, 9]
    assert [label.get_text() for label in made.axes[0].get_yticklabels()] == [
        "reference",
        "ablated to the mean",
        "SGD, momentum 0.9, learning rate 0.05",
        "reference",
        "dropout 0.2",
    ]
    references = [text for text in said if text.startswith("MNIST")]
    assert references == [
        "MNIST, hidden layers 100\N{EN DASH}100, ReLU; L2 1e-3, Adam, 15 epochs, inputs from 0 to "
        "1, 1-bit threshold, ablated to zero",
        "MNIST, hidden layers 100\N{EN DASH}100, ReLU; L2 1e-3, dropout 0.5, Adam, 15 epochs, "
        "inputs from 0 to 1, 1-bit threshold, ablated to zero",
    ]
    assert made.texts[1].get_text().startswith("5 settings, 5 seeds per setting")


def test_all_columns_have_one_scale(made: Figure) -> None:
    limits = {ax.get_xlim() for ax in made.axes}
    ((low, high),) = limits
    assert low < -7.5
    assert high > 7.5


def test_text(made: Figure) -> None:
    all_text_is_large_and_in_the_figure(made)
    greyscale_tells_what_colours_tell(made)


def test_one_seed_has_no_bars() -> None:
    frame = table().assign(low=np.nan, high=np.nan, verdict="undecided", n_seeds=1)
    drawn = where_claims_hold(frame, SWEEP)
    all_text_is_large_and_in_the_figure(drawn)
    assert not [patch for ax in drawn.axes for patch in ax.patches]


def test_a_setting_that_is_not_there_is_named() -> None:
    lost = table().query("regularizer != 'l2-sgd'")
    with pytest.raises(ValueError, match="mnist/100-100/relu/l2-sgd/threshold/zero: not in"):
        where_claims_hold(lost, SWEEP)


def test_the_numbers_that_are_kept(made: Figure, tmp_path: Path) -> None:
    canvas.save(made, tmp_path / "numbers.csv")
    numbers = pd.read_csv(tmp_path / "numbers.csv")
    assert len(numbers) == len(ROWS) * len(COLUMNS)
    assert set(numbers["setting"]) == {
        *("reference", "ablated to the mean", "dropout 0.2"),
        "SGD, momentum 0.9, learning rate 0.05",
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"l2": 0.0, "batch_norm_momentum": 0.1}, "no L2, batch norm"),
        ({"l2": 0.3, "decay": "decoupled"}, "L2 0.3, decoupled decay"),
        ({"l1": 2.5e-3}, "L1 2.5e-3"),
        ({"l1": 1e-5, "decay_biases": False}, "L1 1e-5, biases do not decay"),
        ({"learning_rate": 0.0003, "batch_size": 32}, "learning rate 0.0003, batches of 32"),
        ({"optimizer": "adam", "momentum": None}, "Adam"),
        ({"initialization": "glorot"}, "Glorot initialization"),
        ({"dataset": "mine"}, "another split"),
        ({"dataset": "mine", "inputs": "standardized"}, "standardized inputs"),
        ({"dataset": "fashion_mnist", "source": "fashion_mnist"}, "FashionMNIST"),
        (
            {"activation": "leaky_relu", "architecture": "30-30"},
            "leaky ReLU, hidden layers 30\N{EN DASH}30",
        ),
        ({"quantizer": "quantile-4"}, "4 quantile bins"),
        ({}, "no difference"),
    ],
)
def test_words_of_settings(settings: dict[str, Any], words: str) -> None:
    assert wording.of_settings(settings) == words
