"""Variances within and between splits: against numbers that are known, and as a figure."""

import math
import statistics as plain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.figure import Figure

from neuroninfo.figures import canvas
from neuroninfo.figures import splits as figures_splits
from neuroninfo.files import tables
from neuroninfo.results import claims, splits, statistics
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

CLAIMS = {
    ("C1", "network"): "accuracy",
    ("C2a", "layer-1"): "accuracy",
    ("C3", "layer-1, layer-2"): "1",
    ("C5", "network"): "1",
}
CONDITION = {"dataset": "mnist", "architecture": "100-100", "activation": "relu"}
CONDITION["regularizer"] = "l2"
F_16 = {0.025: 0.220128, 0.975: 3.219431}  # quantiles of F with 7 and 16 degrees of freedom
T_2, T_7 = 4.302653, 2.364624  # quantiles 0.975 of Student's t


def conditions(n_splits: int, regularizers: tuple[str, ...] = ("l2", "dropout")) -> list[list[str]]:
    return [
        [f"mnist-{i}", "100-100", "relu", regularizer]
        for i in range(n_splits)
        for regularizer in regularizers
    ]


def judged(effects: np.ndarray, regularizers: tuple[str, ...] = ("l2", "dropout")) -> pd.DataFrame:
    """The study's claims, of effects (regularizers, claims, splits, seeds)."""
    rows = []
    for regularizer, of_regularizer in zip(regularizers, effects, strict=True):
        for ((claim, scope), unit), of_claim in zip(CLAIMS.items(), of_regularizer, strict=True):
            for split, of_split in enumerate(of_claim):
                interval = statistics.mean_over_seeds(of_split)
                rows.append(
                    dict.fromkeys(claims.STUDY_COLUMNS, "x")
                    | CONDITION
                    | {"dataset": f"mnist-{split}", "regularizer": regularizer}
                    | {"claim": claim, "scope": scope, "unit": unit, "family": "primary"}
                    | {"effect": interval.mean, "low": interval.low, "high": interval.high}
                    | {"verdict": claims.judge(claim, interval), "n_seeds": len(of_split)}
                )
    # As `claims.gather` sorts it: by data set first.
    frame = pd.DataFrame(rows, columns=list(claims.STUDY_COLUMNS))
    return frame.sort_values(list(claims.KEY), kind="stable", ignore_index=True)


def drawn_effects(seed: int = 0, n_splits: int = 8, n_seeds: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, 0.05, (2, 4, 1, 1))
    between = rng.normal(0, 0.02, (2, 4, n_splits, 1))
    return mean + between + rng.normal(0, 0.02, (2, 4, n_splits, n_seeds))


def test_every_number_against_the_seeds_written_out() -> None:
    effects = drawn_effects()
    table = splits.across_splits(judged(effects), conditions(8))
    assert list(table.columns) == list(splits.COLUMNS)
    assert len(table) == 8
    for row in table.itertuples():
        place = ["l2", "dropout"].index(row.regularizer), list(CLAIMS).index((row.claim, row.scope))
        by_split = effects[place].tolist()
        means = [plain.fmean(of_split) for of_split in by_split]
        grand = plain.fmean(means)
        between = 3 * sum((m - grand) ** 2 for m in means) / 7
        within = sum((e - m) ** 2 for s, m in zip(by_split, means, strict=True) for e in s) / 16
        ratio = between / within
        added = max(0.0, (between - within) / 3)
        assert row.effect == pytest.approx(grand)
        assert row.within == pytest.approx(math.sqrt(within))
        assert row.between == pytest.approx(math.sqrt(added), abs=1e-9)
        assert row.factor == pytest.approx(math.sqrt(1 + added / within))
        for end, quantile in ((row.factor_low, F_16[0.975]), (row.factor_high, F_16[0.025])):
            exact = math.sqrt(1 + max(0.0, (ratio / quantile - 1) / 3))
            assert end == pytest.approx(exact, rel=1e-4)
        assert row.half_one_split == pytest.approx(T_2 * math.sqrt(within / 3), rel=1e-6)
        assert row.half_own_splits == pytest.approx(T_2 * math.sqrt((within + added) / 3), rel=1e-6)
        half = T_7 * plain.stdev(means) / math.sqrt(8)
        assert (row.low, row.high) == pytest.approx((grand - half, grand + half), rel=1e-5)
        interval = statistics.mean_over_seeds(means)
        assert row.verdict == claims.judge(row.claim, interval)
        own = [claims.judge(row.claim, statistics.mean_over_seeds(s)) for s in by_split]
        assert row.n_same_verdict == own.count(row.verdict)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 4.0])
def test_the_interval_of_the_factor_covers_known_variances(ratio: float) -> None:
    rng = np.random.default_rng(1)
    n_studies = 4000
    effects = rng.normal(0, math.sqrt(ratio), (n_studies, 8, 1)) + rng.normal(
        size=(n_studies, 8, 3)
    )
    parts = splits.components(effects.mean(axis=2), effects.std(axis=2, ddof=1), 3)
    truth = math.sqrt(1 + ratio)
    covered = (parts.factor_low <= truth) & (truth <= parts.factor_high)
    expected = 0.95 if ratio else 0.975  # no end is below 1, so the lower one cannot be too low
    error = math.sqrt(expected * (1 - expected) / n_studies)
    assert covered.mean() == pytest.approx(expected, abs=4 * error)
    assert ((parts.factor_low <= parts.factor) & (parts.factor <= parts.factor_high)).all()
    assert np.median(parts.within) == pytest.approx(1, abs=0.05)


def test_student_s_interval_over_splits_covers_what_seeds_of_one_split_do_not() -> None:
    rng = np.random.default_rng(2)
    effects = rng.normal(0, 1, (2000, 8, 1)) + rng.normal(size=(2000, 8, 3))
    means = effects.mean(axis=2)
    over_splits = scipy.stats.ttest_1samp(means, 0, axis=1).pvalue > 0.05
    of_one = scipy.stats.ttest_1samp(effects[:, 0], 0, axis=1).pvalue > 0.05
    assert over_splits.mean() == pytest.approx(0.95, abs=0.02)
    assert of_one.mean() < 0.9


def test_what_changes_the_factor_and_what_does_not() -> None:
    effects = drawn_effects(3)
    table = splits.across_splits(judged(effects), conditions(8))
    factors = ["factor", "factor_low", "factor_high"]
    for other in (effects + 0.3, 5 * effects, effects[:, :, ::-1]):
        again = splits.across_splits(judged(other), conditions(8))
        np.testing.assert_allclose(again[factors], table[factors], rtol=1e-9)
    same = effects - effects.mean(axis=3, keepdims=True)  # seeds differ, splits do not
    alike = splits.across_splits(judged(same), conditions(8))
    assert (alike["factor"] == 1).all()
    assert (alike["between"] == 0).all()
    np.testing.assert_array_equal(alike["half_one_split"], alike["half_own_splits"])


def test_effects_without_spread() -> None:
    parts = splits.components(np.array([[0.1, 0.1, 0.1], [0.1, 0.2, 0.3]]), np.zeros((2, 3)), 2)
    assert parts.factor.tolist() == [1, np.inf]
    assert parts.factor_high.tolist() == [1, np.inf]
    assert parts.within.tolist() == [0, 0]
    assert parts.between == pytest.approx([0, 0.1])


def test_readings_without_an_interval_on_every_split_are_left_out() -> None:
    table = judged(drawn_effects())
    one = (table["claim"] == "C5") & (table["dataset"] == "mnist-3")
    table.loc[one & (table["regularizer"] == "l2"), ["low", "high"]] = np.nan
    found = splits.across_splits(table, conditions(8))
    assert found.groupby("regularizer")["claim"].apply(list).to_dict() == {
        "dropout": ["C1", "C2a", "C3", "C5"],
        "l2": ["C1", "C2a", "C3"],
    }
    assert set(splits.across_splits(table, conditions(8, ("l2",)))["regularizer"]) == {"l2"}
    assert set(splits.across_splits(table, conditions(5))["n_splits"]) == {5}


def test_mistakes() -> None:
    table = judged(drawn_effects())
    with pytest.raises(ValueError, match=r"mnist-8/100-100/relu/l2: not in the table of claims"):
        splits.across_splits(table, conditions(9))
    with pytest.raises(ValueError, match="no claim has an interval on every split"):
        splits.across_splits(table.assign(low=np.nan), conditions(8))
    fewer = table["n_seeds"].where(table["dataset"] != "mnist-2", 2)
    with pytest.raises(ValueError, match="splits have 2 and 3 seeds; the analysis needs as many"):
        splits.across_splits(table.assign(n_seeds=fewer), conditions(8))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return splits.across_splits(judged(drawn_effects(4)), conditions(8))


@pytest.fixture(scope="module")
def figure(table: pd.DataFrame) -> Figure:
    return figures_splits.splits(table, CONDITION)


def test_the_figure_shows_both_intervals_and_the_factor(
    table: pd.DataFrame, figure: Figure
) -> None:
    assert [ax.get_title("left").split("\n")[0] for ax in figure.axes[::2]] == ["dropout", "L2"]
    for number, regularizer in enumerate(("dropout", "l2")):
        effects, factors = figure.axes[2 * number : 2 * number + 2]
        own = table[table["regularizer"] == regularizer].set_index("claim")
        ends = [tuple(line.get_xdata()) for line in effects.lines if len(line.get_xdata()) == 2]
        for claim in ("C1", "C2a"):
            for column in ("half_one_split", "half_own_splits"):
                half, middle = own.loc[claim, column], own.loc[claim, "effect"]
                wanted = (100 * (middle - half), 100 * (middle + half))
                assert any(end == pytest.approx(wanted) for end in ends)
        said = [text.get_text() for text in factors.texts]
        assert said == [
            f"{row.factor:.2f} ({row.factor_low:.2f} to {row.factor_high:.2f})"
            for row in own.itertuples()
        ]
        assert f"{abs(own.loc['C5', 'effect']):.3f}" in effects.texts[-1].get_text()


def test_the_figure_is_readable(figure: Figure) -> None:
    all_text_is_large_and_in_the_figure(figure)
    greyscale_tells_what_colours_tell(figure)


def test_the_figure_of_what_was_read_is_the_same(table: pd.DataFrame, tmp_path: Path) -> None:
    tables.write(table, tmp_path / "splits.csv")
    again = splits.read(tmp_path / "splits.csv")
    pd.testing.assert_frame_equal(again, table)
    for name, drawn in (("a.png", table), ("b.png", again)):
        canvas.save(figures_splits.splits(drawn, CONDITION), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_factor_without_end_is_drawn_at_the_edge() -> None:
    effects = drawn_effects(5)
    effects[0, 0] = effects[0, 0].mean(axis=1, keepdims=True)  # seeds of a split are all the same
    table = splits.across_splits(judged(effects), conditions(8))
    assert np.isinf(table["factor"]).sum() == 1
    figure = figures_splits.splits(table, CONDITION)
    all_text_is_large_and_in_the_figure(figure)
    assert any("inf" in text.get_text() for ax in figure.axes for text in ax.texts)
