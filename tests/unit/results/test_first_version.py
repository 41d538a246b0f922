"""The paper's first version beside our networks: the table, its figure."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from neuroninfo.figures import canvas
from neuroninfo.figures import first_version as figures_first_version
from neuroninfo.files import seeds, tables
from neuroninfo.results import first_version
from neuroninfo.results.first_version import READ_OFF
from tests.unit.blocks import opened
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

CONDITION = {
    "dataset": "mnist",
    "architecture": "100-100",
    "activation": "sigmoid",
    "regularizer": "l2-1e-5",
}
MEASURES = ("mutual_information", "entropy", "kl_selectivity")
N_TEST = 1000
N_SEEDS = 5
T_4 = 2.7764451  # quantile 0.975 of Student's t with 4 degrees of freedom


def group(n: int, n_seeds: int, rng: np.random.Generator) -> xr.Dataset:
    """Curves that fall, each by itself; two random orders, and controls that are not read."""
    rows = [
        (measure, direction, -1, replacement, "none")
        for replacement in ("zero", "mean")
        for measure in MEASURES
        for direction in ("ascending", "descending")
    ]
    rows += [("random", "none", i, name, "none") for name in ("zero", "mean") for i in (0, 1)]
    rows += [("mutual_information", "ascending", 0, "zero", "layer-sequence")]
    steps = rng.integers(0, 2 * N_TEST // n, (n_seeds, len(rows), n + 1)).cumsum(axis=2)
    correct = np.maximum(975 - (steps - steps[..., :1]), 100)
    fields = ("measure", "direction", "repeat", "replacement", "control")
    return xr.Dataset(
        {"correct": (("seed", "ordering", "removed"), correct)},
        coords={
            "seed": np.arange(n_seeds),
            "removed": np.arange(n + 1),
            "quantizer": (
                "ordering",
                ["none" if row[0] == "random" else "threshold" for row in rows],
            ),
        }
        | {name: ("ordering", [row[i] for row in rows]) for i, name in enumerate(fields)},
        attrs={"n_test": N_TEST, "n_classes": 10, "chance_correct": 114},
    )


def networks(n_seeds: int = N_SEEDS) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    rng = np.random.default_rng(0)
    neurons = xr.Dataset(
        {
            name: (("seed", "quantizer", "neuron"), rng.random((n_seeds, 2, 200)))
            for name in MEASURES
        },
        coords={
            "seed": np.arange(n_seeds),
            "quantizer": ["uniform-4", "threshold"],
            "layer": ("neuron", np.repeat([1, 2], 100)),
        },
    )
    widths = {"layer-1": 100, "layer-2": 100, "network": 200}
    return neurons, {scope: group(n, n_seeds, rng) for scope, n in widths.items()}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return first_version.compare([(*networks(), CONDITION)])


def test_few_seeds_at_a_time_give_the_bits_of_all_at_once(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neurons, ablation = networks()
    file = opened({"": neurons}, "neurons", tmp_path)[""], opened(ablation, "ablation", tmp_path)
    monkeypatch.setattr(seeds, "SLICE_BYTES", 1)
    found = first_version.compare([(*file, CONDITION)])
    pd.testing.assert_frame_equal(found, table, check_exact=True)


def plain_value(seed: int, row: pd.Series) -> float:
    """The number of one seed that a row is of, looked up and counted by hand."""
    neurons, ablation = networks()
    if row["quantity"] != "accuracy":
        first = 0 if row["scope"] == "layer-1" else 100
        values = neurons[row["measure"]].values[seed, 1].tolist()[first : first + 100]
        return min(values) if row["quantity"] == "lowest" else max(values)
    of_scope = ablation[row["scope"]]
    wanted = (row["measure"], row["direction"], row["replacement"], "none")
    if row["removed"] == 0:
        wanted = ("mutual_information", "ascending", "zero", "none")
    fields = ("measure", "direction", "replacement", "control")
    matching = [
        int(of_scope["correct"].values[seed, i, row["removed"]])
        for i in range(of_scope.sizes["ordering"])
        if tuple(str(of_scope[field].values[i]) for field in fields) == wanted
    ]
    assert len(matching) == (2 if row["measure"] == "random" else 1)
    return sum(matching) / len(matching) / N_TEST


def test_every_number_against_a_look_up(table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        values = [plain_value(seed, row) for seed in range(N_SEEDS)]
        mean = math.fsum(values) / N_SEEDS
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (N_SEEDS - 1))
        half = T_4 * deviation * math.sqrt(1 + 1 / N_SEEDS)
        assert row["mean"] == pytest.approx(mean)
        assert row["predicted_low"] == pytest.approx(mean - half, abs=1e-6)
        assert row["predicted_high"] == pytest.approx(mean + half, abs=1e-6)
        assert row["high"] - row["mean"] == pytest.approx(half / math.sqrt(N_SEEDS + 1), abs=1e-6)
        meets = (
            row["predicted_low"] <= row["paper_high"] + READ_OFF
            and row["predicted_high"] >= row["paper_low"] - READ_OFF
        )
        assert row["agrees"] == ("yes" if meets else "no")
    assert set(table["agrees"]) == {"yes", "no"}


def test_the_papers_numbers(table: pd.DataFrame) -> None:
    """As its figures show them: which order hurts most over the network, and the violins."""

    def paper(reading: str, replacement: str) -> dict[tuple[str, str], float]:
        rows = table[(table["reading"] == reading) & (table["replacement"] == replacement)]
        assert (rows["paper_low"] == rows["paper_high"]).all()
        return dict(
            zip(
                zip(rows["measure"], rows["direction"], strict=True), rows["paper_low"], strict=True
            )
        )

    up, down, chance = "ascending", "descending", ("random", "none")
    assert paper("no ablation", "none") == {("none", "none"): 0.975}
    for replacement in ("zero", "mean"):
        assert paper("whole network, lowest first", replacement) == {
            chance: 0.88,
            ("kl_selectivity", up): 0.79,
            ("entropy", up): 0.70,
            ("mutual_information", up): 0.64,
        }
        assert paper("layer 1, highest first", replacement) == {
            ("mutual_information", down): 0.74,
            ("kl_selectivity", down): 0.76,
            chance: 0.86,
        }
    assert paper("layer 1, to zero", "zero") == {("mutual_information", up): 0.78, chance: 0.68}
    assert paper("layer 1, to the mean", "mean") == {("mutual_information", up): 0.89, chance: 0.86}
    removed = table[table["quantity"] == "accuracy"].groupby("reading")["removed"].unique()
    assert {name: numbers.tolist() for name, numbers in removed.items()} == {
        "no ablation": [0],
        "whole network, lowest first": [78],
        "layer 1, to zero": [50],
        "layer 1, to the mean": [50],
        "layer 1, highest first": [50],
        "layer 2": [60],
    }
    violins = table[table["quantity"] != "accuracy"]
    assert len(violins) == 2 * 2 * 3
    assert violins["stated"].all()


def test_where_the_paper_does_not_say_there_is_a_row_for_each(table: pd.DataFrame) -> None:
    unstated = table[~table["stated"]]
    what = ["reading", "measure", "direction"]
    assert (
        unstated.groupby(what)["replacement"].apply(sorted).map(tuple) == ("mean", "zero")
    ).all()
    assert not table.duplicated(
        ["reading", "quantity", "measure", "direction", "replacement"]
    ).any()
    agreed = first_version.agreeing(table)
    assert agreed["of"].sum() == len(table)
    assert agreed["agree"].sum() == (table["agrees"] == "yes").sum()
    assert agreed["replacement"].tolist() == ["none", "zero", "mean"]


def test_it_is_read_as_it_was_written(table: pd.DataFrame, tmp_path: Path) -> None:
    tables.write(table, tmp_path / "t.csv")
    assert first_version.read(tmp_path / "t.csv").equals(table)
    assert set(first_version.PAGE) < set(first_version.COLUMNS)


def test_one_seed_has_nothing_to_agree_with() -> None:
    table = first_version.compare([(*networks(1), CONDITION)])
    assert (table["agrees"] == "").all()
    assert table["predicted_low"].isna().all()
    assert first_version.agreeing(table).empty
    figure = figures_first_version.first_version(networks(1)[1], table, CONDITION)
    assert "one more network" not in " ".join(figure.texts[2].get_text().split())


def test_what_is_missing_is_named() -> None:
    neurons, ablation = networks()
    for kept, message in (
        (ablation["layer-1"]["replacement"] == "zero", r"layer-1: no neurons .* to mean by mutual"),
        (ablation["layer-1"]["measure"] != "random", r"layer-1: no neurons .* to zero by random"),
        (ablation["layer-1"]["measure"] != "kl_selectivity", r"zero by kl_selectivity \(threshold"),
    ):
        fewer = ablation | {"layer-1": ablation["layer-1"].isel(ordering=kept.values)}
        with pytest.raises(ValueError, match=message):
            first_version.compare([(neurons, fewer, CONDITION)])
    with pytest.raises(ValueError, match="scope 'layer-1', has seeds"):
        first_version.compare([(neurons.isel(seed=[0]), ablation, CONDITION)])


# ------------------------------------------------------------------ the figure


@pytest.fixture(scope="module")
def made(table: pd.DataFrame) -> Figure:
    other = table.assign(regularizer="l2-1e-3", paper_low=0.01)
    both = pd.concat([table, other], ignore_index=True)
    return figures_first_version.first_version(networks()[1], both, CONDITION)


def test_each_panel_has_its_curves_and_the_papers_numbers(made: Figure) -> None:
    assert [ax.get_title(loc="left") for ax in made.axes] == [
        "whole network, ablated to zero, lowest first",
        "whole network, ablated to the mean, lowest first",
        "layer 1, ablated to zero",
        "layer 1, ablated to the mean",
    ]
    marks = [
        sorted(round(line.get_ydata()[0]) for line in ax.lines if mark(line)) for ax in made.axes
    ]
    assert marks == [[64, 70, 79, 88]] * 2 + [[68, 74, 76, 78, 86], [74, 76, 86, 86, 89]]
    for ax, removed in zip(made.axes, (78, 78, 50, 50), strict=True):  # side by side
        places = {line.get_xdata()[0] for line in ax.lines if mark(line)}
        assert len(places) == 4
        assert np.mean(list(places)) == pytest.approx(removed)
    hollow = [
        [line.get_markerfacecolor() == "white" for line in ax.lines if mark(line)]
        for ax in made.axes
    ]
    assert [sum(panel) for panel in hollow] == [4, 4, 3, 3]
    ablation = networks()[1]["network"]
    entropy = next(line for line in made.axes[1].lines if line.get_color() == "#009E73")
    of_entropy = (ablation["measure"] == "entropy") & (ablation["direction"] == "ascending")
    curve = ablation["correct"].values[:, (of_entropy & (ablation["replacement"] == "mean")).values]
    np.testing.assert_allclose(entropy.get_ydata(), curve[:, 0].mean(axis=0) / 10)


def mark(line: object) -> bool:
    return len(line.get_xdata()) == 1


def test_numbers_stand_on_the_intervals_of_their_rows(made: Figure, table: pd.DataFrame) -> None:
    """From the lower to the upper end, as far as there are such accuracies."""
    for ax, (scope, replacement) in zip(
        made.axes,
        [(scope, name) for scope in ("network", "layer-1") for name in ("zero", "mean")],
        strict=True,
    ):
        rows = table[(table["scope"] == scope) & (table["replacement"] == replacement)]
        bars = [line for line in ax.lines if len(set(line.get_xdata())) == 1 and not mark(line)]
        drawn = sorted(tuple(np.round(line.get_ydata(), 6)) for line in bars)
        ends = 100 * rows[["predicted_low", "predicted_high"]].clip(0, 1)
        assert drawn == sorted(ends.round(6).itertuples(index=False, name=None))


def test_labels_keep_clear_of_the_papers_numbers(made: Figure) -> None:
    made.draw_without_rendering()
    for ax in made.axes:
        points = [ax.transData.transform(line.get_xydata()[0]) for line in ax.lines if mark(line)]
        for text in ax.texts:
            box = text.get_window_extent()
            assert not any(box.contains(*point) for point in points), text.get_text()


def test_what_is_drawn_is_recorded(made: Figure, tmp_path: Path, table: pd.DataFrame) -> None:
    canvas.save(made, tmp_path / "f.csv")
    numbers = pd.read_csv(tmp_path / "f.csv")
    assert numbers["row"].value_counts().to_dict() == {
        "curve": 2 * 4 * 201 + 2 * 4 * 101,
        "reading": len(table),
    }
    assert numbers["paper_low"].dropna().gt(0.01).all()  # not of the other condition


def test_text(made: Figure, table: pd.DataFrame) -> None:
    all_text_is_large_and_in_the_figure(made)
    greyscale_tells_what_colours_tell(made)
    note = " ".join(made.texts[2].get_text().split())
    unstated = first_version.agreeing(table[~table["stated"]]).set_index("replacement")
    assert "For 14 numbers, " in note
    assert unstated.loc[["zero", "mean"], "of"].tolist() == [14, 14]
    for replacement, words in (("zero", "zero"), ("mean", "the mean")):
        assert f"{unstated.loc[replacement, 'agree']} agree with ablation to {words}" in note
