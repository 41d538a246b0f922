"""What the explorer shows are the numbers of the figures and of the tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroninfo.figures import ablation, canvas, wording
from neuroninfo.report import contents
from neuroninfo.results.claims import NETWORK, SHARE, WHOLE
from neuroninfo.results.planes import trust
from tests.unit.figures.test_figures import group
from tests.unit.report.studies import CONDITION, controlled, measured, plane, row, split, table


def test_curves_are_those_of_the_figure(tmp_path: Path) -> None:
    curves = group(60)
    canvas.save(ablation.ablation_network(curves, CONDITION), tmp_path / "figure.csv")
    figure = pd.read_csv(tmp_path / "figure.csv")
    records = contents.ablation({"information": {NETWORK: curves}})
    assert {record["scope"] for record in records} == {"whole network"}
    assert len(records) == figure["ordering"].nunique() == 3
    for ordering, drawn in figure.groupby("ordering"):
        direction = wording.DIRECTIONS[ordering]
        (record,) = [record for record in records if record["direction"] == direction]
        assert record["removed"] == drawn["removed"].tolist()
        for name, column in {"mean": "accuracy_percent", "low": "low", "high": "high"}.items():
            np.testing.assert_allclose(record[name], drawn[column], atol=0.005001)
        assert record["chance"] == pytest.approx(drawn["chance_percent"].iloc[0], abs=0.005)


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    short, long = (
        contents.ablation({"a": {"layer-1": group(n)}})[0]["removed"] for n in (100, 1500)
    )
    assert short == list(range(101))
    assert (long[0], long[-1], len(long)) == (0, 1500, contents.POINTS)
    assert set(np.diff(long)) == {15}


def test_an_order_of_several_sets_is_there_once_and_controls_are_marked() -> None:
    scopes = {NETWORK: controlled(20), "layer-1": group(10)}
    records = contents.ablation({"first": scopes, "second": scopes})
    assert {record["set"] for record in records} == {"first"}
    kinds = [(r["scope"], r["direction"], r.get("control", False)) for r in records]
    assert len(set(kinds)) == len(kinds) == 8
    assert sum(control for *_, control in kinds) == 2


def test_one_seed_has_no_band() -> None:
    for record in contents.ablation({"a": {NETWORK: group(20, seeds=1)}}):
        assert record["low"] == record["mean"] == record["high"]


def test_parts_are_those_of_the_table_in_points() -> None:
    claims = table(*split(-0.123456, 0.05), row("C2a", 0.2), row("C5", 0.1, unit="1"))
    records = contents.parts(claims)
    assert {(r["part"], r["effect"]) for r in records} == {
        ("effect", -12.35),
        ("share of the layers", 5.0),
        ("within layers", -17.35),
    }
    whole = next(record for record in records if record["part"] == "effect")
    assert (whole["low"], whole["high"]) == (-13.35, -11.35)
    assert whole["condition"] == "mnist/100-100/relu/l2"
    assert set(contents.PARTS) >= {WHOLE, SHARE}
    missing = table(row("C1", 0.1, low=np.nan, high=np.nan), row("C1a", np.nan))
    (record,) = contents.parts(missing)
    assert (record["effect"], record["low"]) == (10.0, None)


def test_neurons_are_those_of_the_files() -> None:
    neurons, damage = measured()
    points = contents.neurons(neurons, damage)
    assert "class_selectivity" not in points  # not defined for this condition
    assert len(points["seed"]) == 3 * 7
    for i in range(21):
        at = {"seed": points["seed"][i]}
        here = np.flatnonzero(
            (neurons["layer"] == points["layer"][i]) & (neurons["unit"] == points["unit"][i])
        )[0]
        known = neurons.sel(at).isel(neuron=here)
        information = float(known["mutual_information"].sel(quantizer="threshold"))
        assert points["mutual_information"][i] == pytest.approx(information, abs=0.0005)
        lost = damage.sel(**at, split="test")
        correct = int(lost["correct"][here])
        assert points["accuracy"][i] == pytest.approx(90 - correct)  # of 100 examples
        rise = float(lost["loss"][here] - lost["loss_unablated"])
        assert points["loss"][i] == pytest.approx(rise, abs=0.00005)


def test_of_very_many_neurons_the_first_seeds_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "NEURONS", 15)
    points = contents.neurons(*measured(seeds=5))
    assert (points["seeds"], points["of_seeds"]) == (2, 5)
    assert sorted(set(points["seed"])) == [0, 1]


def test_planes_have_marks_of_trust_and_no_holes() -> None:
    data = plane()
    records = contents.planes(data)
    assert len(records) == 5  # one layer has no estimate
    for record in records:
        estimator = "edges-30" if "30 edges" in record["estimator"] else "kde-upper-0.001"
        layer = record["layer"].removeprefix("layer ")
        said = trust(data, estimator, layer)
        assert record["trust"] == ("" if said == "yes" else said)
        assert (record["epoch"][0], record["epoch"][-1]) == (0, 59)
        assert len(record["epoch"]) == contents.EPOCHS
        mean = data["mutual_information_input"].mean("seed")
        values = mean.sel(estimator=estimator, layer=layer, epoch=record["epoch"])
        np.testing.assert_allclose(record["input"], values, atol=0.0005001)
    assert {record["trust"] for record in records} == {"", "saturated"}
