"""Effects of orders, and the figures of measures, quantizers and replacements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr
from matplotlib.figure import Figure

from neuroninfo.figures import quantizers as figures_quantizers
from neuroninfo.figures import ranking as figures_ranking
from neuroninfo.figures import replacement as figures_replacement
from neuroninfo.figures import wording
from neuroninfo.files import tables
from neuroninfo.results import ranking
from neuroninfo.results.curves import areas
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
CONVOLUTIONAL = {**CONDITION, "architecture": "conv-6-6"}
N_TEST, N_SEEDS, N_STEPS = 1000, 12, 7
MI = "mutual_information"


def group(
    orders: list[tuple[str, str]],
    *,
    replacements: tuple[str, ...] = ("zero",),
    random: int = 2,
    seed: int = 0,
) -> xr.Dataset:
    """Curves that fall from 900 by chance, by measure and quantizer in both directions."""
    rows = [
        (measure, quantizer, direction, -1, replacement)
        for replacement in replacements
        for measure, quantizer in orders
        for direction in ("ascending", "descending")
    ] + [
        ("random", "none", "none", repeat, replacement)
        for replacement in replacements
        for repeat in range(random)
    ]
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, 120, (N_SEEDS, len(rows), N_STEPS))
    steps[..., 0] = 0
    names = ("measure", "quantizer", "direction", "repeat", "replacement")
    return xr.Dataset(
        {"correct": (("seed", "ordering", "removed"), 900 - steps.cumsum(axis=2))},
        coords={"seed": np.arange(N_SEEDS), "removed": np.arange(N_STEPS)}
        | {name: ("ordering", [row[i] for row in rows]) for i, name in enumerate(names)}
        | {"control": ("ordering", ["none"] * len(rows))},
        attrs={"n_test": N_TEST, "chance_correct": 100},
    )


def plain_effect(data: xr.Dataset, measure: str, direction: str) -> float:
    """From the definition, seed by seed."""
    effects = []
    for seed in range(N_SEEDS):
        of_seed = data.isel(seed=seed)
        areas: dict[str, list[float]] = {}
        for row in range(data.sizes["ordering"]):
            name = str(data["measure"].values[row])
            key = name if name == "random" else f"{name} {data['direction'].values[row]}"
            areas.setdefault(key, []).append(float(of_seed["correct"][row].mean()) / N_TEST)
        chance, own = np.mean(areas["random"]), areas[f"{measure} {direction}"][0]
        effects.append(own - chance if direction == "ascending" else chance - own)
    return float(np.mean(effects))


SETS = [(MI, "threshold"), ("class_selectivity", "none"), ("damage", "none")]


def reduced(sets: dict[str, dict[str, xr.Dataset]]) -> dict[str, dict[str, xr.Dataset]]:
    """What the tables are made of."""
    return {
        name: {scope: areas(curves) for scope, curves in scopes.items()}
        for name, scopes in sets.items()
    }


def test_effects_are_those_of_the_definition() -> None:
    scopes = {"layer-1": group(SETS), "network": group(SETS, seed=1)}
    table = ranking.effects(reduced({"ranking": scopes}), CONDITION)
    assert list(table.columns) == list(ranking.EFFECT_COLUMNS)
    assert len(table) == 2 * 3 * 2
    for _, row in table.iterrows():
        expected = plain_effect(scopes[row["scope"]], row["measure"], row["direction"])
        assert row["effect"] == pytest.approx(expected, abs=1e-12)
        assert row["low"] < row["effect"] < row["high"]
        assert (row["n_seeds"], row["orderings"], row["replacement"]) == (12, "ranking", "zero")


def test_an_effect_does_not_depend_on_its_company() -> None:
    data = group(SETS)
    whole = ranking.effects(reduced({"a": {"layer-1": data}}), CONDITION)
    kept = data.isel(ordering=data["measure"].isin([MI, "random"]))
    alone = ranking.effects(reduced({"a": {"layer-1": kept}}), CONDITION)
    expected = whole[whole["measure"] == MI].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected)


def test_measures_are_compared_within_seeds() -> None:
    data = group(SETS)
    table = ranking.effects(reduced({"a": {"layer-1": data}}), CONDITION).set_index(
        ["measure", "direction"]
    )
    one_seed = [
        ranking.effects(reduced({"a": {"layer-1": data.isel(seed=[i])}}), CONDITION).set_index(
            ["measure", "direction"]
        )["effect"]
        for i in range(N_SEEDS)
    ]
    columns = ["difference", "difference_low", "difference_high"]
    for measure, _ in SETS:
        for direction in ("ascending", "descending"):
            row = table.loc[(measure, direction)]
            if measure == MI:
                assert row[columns].isna().all()
                continue
            pairs = [e.loc[(measure, direction)] - e.loc[(MI, direction)] for e in one_seed]
            interval = scipy.stats.ttest_1samp(pairs, 0).confidence_interval()
            expected = [np.mean(pairs), interval.low, interval.high]
            np.testing.assert_allclose(row[columns].astype(float), expected, atol=1e-12)
    others = ranking.effects(reduced({"a": {"layer-1": group(SETS[1:])}}), CONDITION)
    assert others[columns].isna().all(axis=None)


def test_without_random_orders_there_is_no_effect() -> None:
    table = ranking.effects(reduced({"a": {"layer-1": group(SETS, random=0)}}), CONDITION)
    assert table.empty
    with pytest.raises(ValueError, match="`random` of 1 or more"):
        figures_ranking.ranking(table, CONDITION)
    with pytest.raises(ValueError, match=r"set a: .*`random` of 1 or more"):
        ranking.of_sets(table, ["a"])


def test_the_mean_against_zero() -> None:
    data = group([(MI, "threshold"), ("entropy", "threshold")], replacements=("zero", "mean"))
    table = ranking.replaced(reduced({"balanced": {"layer-1": data}}), CONDITION)
    found = list(zip(table["measure"], table["direction"], strict=True))
    assert found == [
        (MI, "ascending"),
        (MI, "descending"),
        (MI, "random"),
        ("entropy", "ascending"),
        ("entropy", "descending"),
    ]
    rows = [
        data["correct"].isel(ordering=np.flatnonzero(chosen)).mean(("ordering", "removed"))
        for replacement in ("zero", "mean")
        for chosen in [
            (data["measure"].values == "random") & (data["replacement"].values == replacement)
        ]
    ]
    expected = float((rows[1] - rows[0]).mean()) / N_TEST
    assert table.iloc[2]["effect"] == pytest.approx(expected, abs=1e-12)
    assert ranking.replaced(reduced({"a": {"layer-1": group(SETS)}}), CONDITION).empty


def texts(drawn: Figure) -> str:
    return " ".join(text.get_text() for text in drawn.findobj(lambda a: hasattr(a, "get_fontsize")))


def test_ranking_figure(tmp_path: Path) -> None:
    scopes = {"layer-1": group(SETS), "layer-2": group(SETS, seed=1), "network": group(SETS)}
    greedy = {"layer-1": group([(MI, "threshold"), ("greedy", "none")])}
    by_set = {"greedy": greedy, "other": {"layer-1": group(SETS)}, "ranking": scopes}
    tables.write(ranking.effects(reduced(by_set), CONDITION), tmp_path / "effects.csv")
    effects = tables.read(tmp_path / "effects.csv", ranking.EFFECT_COLUMNS)
    table = ranking.of_sets(effects, ["ranking", "greedy"])
    assert list(dict.fromkeys(table["orderings"])) == ["ranking", "greedy"]
    drawn = figures_ranking.ranking(table, CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert sorted(names) == [
        "class selectivity",
        "damage alone *",
        "greedy *",
        "mutual information",
    ]
    assert [ax.get_title(loc="left") for ax in drawn.axes] == [
        "layer 1",
        "layer 2",
        "whole network",
    ]
    layers = table[(table["scope"] != "network")].drop_duplicates(["scope", "measure", "direction"])
    means = layers.groupby("measure")["effect"].mean().sort_values(ascending=False)
    words = [f"{wording.short(m)}{' *' * (m in ('damage', 'greedy'))}" for m in means.index]
    assert names == words
    first = table[(table["scope"] == "layer-1") & (table["measure"] == means.index[0])]
    for direction, effect in first.set_index("direction")["effect"].items():
        dots = [x for x in drawn.axes[0].lines if x.get_marker() == wording.ARROWS[direction]]
        assert dots[0].get_xdata()[0] == pytest.approx(100 * effect)
    shown = table[table["scope"] == "network"]
    hollow = [x for x in drawn.axes[2].lines if x.get_markerfacecolor() == "white"]
    like = (shown["difference_low"] <= 0) & (shown["difference_high"] >= 0)
    found = sorted(float(x.get_xdata()[0]) for x in hollow)
    np.testing.assert_allclose(found, sorted(100 * shown.loc[like, "effect"]))
    assert 0 < len(hollow) < len(shown)
    _speaks_of_channels(figures_ranking.ranking(table, CONVOLUTIONAL))


def test_replacement_figure() -> None:
    by = [(MI, "threshold")]
    scopes = {
        name: group(by, replacements=("zero", "mean"), seed=i)
        for i, name in enumerate(("layer-1", "layer-2", "network"))
    }
    table = ranking.replaced(reduced({"balanced": scopes}), CONDITION)
    drawn = figures_replacement.replacement(scopes, table, CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    effect = 100 * table[(table["scope"] == "layer-1")].set_index("direction")["effect"]["random"]
    assert f"random: {effect:+.1f} [" in texts(drawn)
    assert len(drawn.axes[0].lines) == 6
    several = {
        name: group(by, replacements=("zero", "mean", "mode", "optimal", "resample"), seed=i)
        for i, name in enumerate(("layer-1", "layer-2"))
    }
    drawn = figures_replacement.replacement(
        several, ranking.replaced(reduced({"balanced": several}), CONDITION), CONDITION
    )
    all_text_is_large_and_in_the_figure(drawn)
    assert [ax.get_title(loc="left") for ax in drawn.axes[::2]] == [
        f"layer 1, {words}"
        for words in ("the mean", "the mode", "the optimal constant", "another example")
    ]
    _speaks_of_channels(
        figures_replacement.replacement(
            several, ranking.replaced(reduced({"balanced": several}), CONDITION), CONVOLUTIONAL
        )
    )
    with pytest.raises(ValueError, match=r"replacements: \[zero, mean\]"):
        figures_replacement.replacement({"layer-1": group(by)}, table, CONDITION)


def test_quantizers_figure() -> None:
    names = [
        "threshold",
        *(f"{kind}-{2**b}" for kind in ("uniform", "quantile") for b in (1, 2, 8)),
    ]
    values = np.linspace(0.1, 0.9, len(names))[None, :, None] + np.zeros((N_SEEDS, 1, 12))
    neurons = xr.Dataset(
        {
            MI: (("seed", "quantizer", "neuron"), values),
            f"{MI}_shuffled": (("seed", "quantizer", "neuron"), values / 10),
        },
        coords={
            "seed": np.arange(N_SEEDS),
            "quantizer": names,
            "layer": ("neuron", np.repeat([1, 2], 6)),
        },
    )
    scopes = {
        scope: group([(MI, name) for name in names]) for scope in ("layer-1", "layer-2", "network")
    }
    effects = ranking.effects(reduced({"quantizers": scopes}), CONDITION)
    claims = pd.DataFrame(
        [
            {"claim": "C3", "scope": "layer-1, layer-2", "quantizer": name, "effect": i / 10}
            | {"low": i / 10 - 0.1, "high": i / 10 + 0.1}
            for i, name in enumerate(names)
        ]
    )
    drawn = figures_quantizers.quantizers(neurons, claims, effects, CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    information, difference = drawn.axes[:2]
    lines = {line.get_linestyle(): line for line in difference.lines if len(line.get_xdata()) == 3}
    np.testing.assert_array_equal(lines["-"].get_xdata(), [1, 2, 8])
    np.testing.assert_allclose(lines["-"].get_ydata(), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(lines["--"].get_ydata(), [0.4, 0.5, 0.6])
    crosses = [line for line in information.lines if line.get_marker() == "x"]
    np.testing.assert_allclose([line.get_ydata()[0] for line in crosses], [0.1, 0.1])
    dotted = [line for line in information.lines if line.get_marker() == "None"]
    for line in dotted:
        np.testing.assert_allclose(line.get_ydata(), values[0, 1:4, 0] / 10)
    assert len(dotted) == 2
    _speaks_of_channels(figures_quantizers.quantizers(neurons, claims, effects, CONVOLUTIONAL))


def _speaks_of_channels(drawn: Figure) -> None:
    """Whether a figure of a convolutional network calls its units channels, and nothing neuron."""
    words = texts(drawn)
    assert "channel" in words
    assert "neuron" not in words
