"""Claims get the verdict that hand-made curves were made for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroninfo import vocabulary
from neuroninfo.files import tables
from neuroninfo.files.storage import StorageError
from neuroninfo.results import claims
from neuroninfo.results import counts as results_counts
from neuroninfo.results import curves as results_curves
from neuroninfo.results.curves import areas, mean_accuracy

CONDITION = {
    "study": "probe",
    "dataset": "mnist",
    "architecture": "4-4",
    "activation": "relu",
    "regularizer": "dropout",
}
SEEDS = 12
N_TEST = 1000
FILLED = {"replacement": "zero", "control": "none"}
NOISE = np.linspace(-5, 5, SEEDS).astype(int)  # of the seeds, mean 0
MI = "mutual_information"


def group(
    ascending: object = 500,
    descending: object = 500,
    random: object = 500,
    *,
    seeds: int = SEEDS,
    repeats: int = 3,
    measure: str = MI,
    quantizer: str = "threshold",
) -> xr.Dataset:
    """One scope of four neurons; each order has one count (a seed) at every step, None: absent."""
    rows = []
    for direction, counts in (("ascending", ascending), ("descending", descending)):
        if counts is not None:
            rows.append((measure, quantizer, direction, -1, counts))
    if random is not None:
        rows += [("random", "none", "none", repeat, random) for repeat in range(repeats)]
    correct = np.empty((seeds, len(rows), 5), dtype=np.int32)
    for position, row in enumerate(rows):
        correct[:, position] = np.broadcast_to(row[-1], seeds)[:, None]
    return xr.Dataset(
        {"correct": (("seed", "ordering", "removed"), correct)},
        coords={"seed": np.arange(seeds), "removed": np.arange(5)}
        | {
            name: ("ordering", [row[i] for row in rows])
            for i, name in enumerate(("measure", "quantizer", "direction", "repeat"))
        }
        | {name: ("ordering", [word] * len(rows)) for name, word in FILLED.items()},
        attrs={"n_test": N_TEST},
    )


def neurons(by_layer: list[np.ndarray], seeds: int = SEEDS) -> xr.Dataset:
    """Mutual information by layer: (n) or (seeds, n)."""
    values = np.concatenate(
        [np.broadcast_to(v, (seeds, np.shape(v)[-1])) for v in by_layer], axis=1
    )
    layer = np.repeat(np.arange(len(by_layer)) + 1, [np.shape(v)[-1] for v in by_layer])
    return xr.Dataset(
        {MI: (("seed", "quantizer", "neuron"), values[:, None])},
        coords={
            "seed": np.arange(seeds),
            "quantizer": ["threshold"],
            "layer": ("neuron", layer),
        },
    )


def two_layers(seeds: int = SEEDS) -> xr.Dataset:
    return neurons([np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.4, 0.5, 0.6])], seeds)


def alone(measures: xr.Dataset) -> xr.Dataset:
    """Damage: neuron i costs i predictions and 0.1 i nat, whatever the seed."""
    n_seeds, n = measures.sizes["seed"], measures.sizes["neuron"]
    lost = np.broadcast_to(np.arange(n), (n_seeds, 1, n))
    return xr.Dataset(
        {
            "correct": (("seed", "split", "neuron"), 900 - lost),
            "correct_unablated": (("seed", "split"), np.full((n_seeds, 1), 900)),
            "loss": (("seed", "split", "neuron"), 0.5 + 0.1 * lost),
            "loss_unablated": (("seed", "split"), np.full((n_seeds, 1), 0.5)),
        },
        coords={"seed": measures["seed"], "split": ["test"]},
    )


def counts(n_seeds: int = SEEDS, **values: object) -> xr.Dataset:
    """Counts of four layers, each the same in all."""
    dims = ("seed", "order", "layer", "delta")
    shape = (n_seeds, 1, 4, 2)
    return xr.Dataset(
        {
            name: (
                dims[:3] if name == "inactive" else dims,
                np.broadcast_to(
                    np.reshape(value, (-1, 1, 1) if name == "inactive" else (-1, 1, 1, 1)),
                    shape[:3] if name == "inactive" else shape,
                ),
            )
            for name, value in values.items()
        }
        | {"reason": (dims[:3], np.full(shape[:3], "", dtype=object))},
        coords={
            "layer": [1, 2, 3, 4],
            "delta": ("delta", [0.1, 0.05], {"of_claims": 0.1}),
            "criterion": ("inactivity", ["changed"]),
            "share": ("inactivity", [0.001]),
            "width": ("layer", [250, 500, 250, 500]),
            "measure": ("order", [MI]),
            "quantizer": ("order", ["threshold"]),
        },
    )


def judged(
    ablation: dict[str, xr.Dataset],
    measures: xr.Dataset | None = None,
    *,
    damage: xr.Dataset | None = None,
    counted: xr.Dataset | None = None,
    condition: dict[str, str] = CONDITION,
    **further: dict[str, xr.Dataset],
) -> pd.DataFrame:
    if measures is None:
        measures = two_layers(next(iter(ablation.values())).sizes["seed"])
    damage = alone(measures) if damage is None else damage
    counted = counts(measures.sizes["seed"]) if counted is None else counted
    sets = {
        name: {scope: areas(curves) for scope, curves in scopes.items()}
        for name, scopes in {"first": ablation, **further}.items()
    }
    return claims.claims(measures, sets, damage, counted, condition)


READINGS = {
    "C3": "difference of at least 0.147",
    "C4": "mean of networks",
    "C5": "increase of the loss",
}


def row(
    frame: pd.DataFrame, claim: str, scope: str = "network", reading: str | None = None
) -> pd.Series:
    reading = reading or READINGS.get(claim[:2], claims.WHOLE)
    rows = frame[(frame["claim"] == claim) & (frame["scope"] == scope)]
    (one,) = [r for _, r in rows.iterrows() if r["reading"].partition(", tol")[0] == reading]
    return one


@pytest.mark.parametrize(
    ("claim", "scope", "curves", "effect", "verdict"),
    [
        ("C1", "network", {"descending": 600 + NOISE}, 0.1, "holds"),
        ("C1", "network", {"ascending": 600 + NOISE}, -0.1, "fails"),
        ("C1a", "network", {"descending": 600 + NOISE}, 0.1, "holds"),
        ("C1a", "network", {"descending": 400 + NOISE}, -0.1, "fails"),
        ("C1a", "network", {"descending": 500 + NOISE}, 0.0, "undecided"),
        ("C1b", "network", {"ascending": 450 + NOISE}, 0.05, "holds"),
        ("C1b", "network", {"ascending": 550 + NOISE}, -0.05, "fails"),
        ("C2a", "layer-1", {"descending": 400 + NOISE}, 0.1, "holds"),
        ("C2a", "layer-1", {"descending": 600 + NOISE}, -0.1, "fails"),
        ("C2b", "layer-1", {"ascending": 550 + NOISE}, 0.05, "holds"),
        ("C2b", "layer-1", {"ascending": 500 + NOISE}, 0.0, "undecided"),
    ],
)
def test_verdicts(claim: str, scope: str, curves: dict, effect: float, verdict: str) -> None:
    found = row(judged({scope: group(**curves)}), claim, scope)
    assert found["effect"] == pytest.approx(effect, abs=1e-12)
    assert found["verdict"] == verdict
    assert found["low"] < found["effect"] < found["high"]
    assert (found["unit"], found["threshold"], found["n_seeds"]) == ("accuracy", 0, SEEDS)
    equivalent = "equivalent to no effect: smaller than 0.01 in accuracy"
    assert found["note"] == (equivalent if effect == 0 else "")
    assert found["family"] == "primary"
    assert ("whole network" if scope == "network" else "layer 1") in found["statement"]


def test_the_page_begins_with_the_primary_claims() -> None:
    frame = claims.corrected(judged({"network": group(), "layer-1": group()}))
    primary = frame["family"] == "primary"
    assert 0 < primary.sum() < len(frame)
    page = claims.page(frame)
    assert list(page.columns) == list(claims.PAGE)
    order = [*frame.index[primary], *frame.index[~primary]]
    expected = frame.loc[order, list(claims.PAGE)].reset_index(drop=True)
    of_accuracy = expected["unit"] == "accuracy"
    assert 0 < of_accuracy.sum() < len(expected)
    expected.loc[of_accuracy, ["effect", "low", "high"]] *= 100
    expected["unit"] = ["percentage points" if points else "" for points in of_accuracy]
    pd.testing.assert_frame_equal(page, expected)
    for claim, own in frame[primary].groupby("claim"):
        counts = own["verdict"].value_counts().reindex(["holds", "fails"], fill_value=0)
        words = "{} holds in {} of {} cases and fails in {}".format(
            claim, counts["holds"], len(own), counts["fails"]
        )
        assert words in claims.summary(frame)


def test_one_seed_is_undecided() -> None:
    frame = judged({"network": group(descending=900, seeds=1)}, two_layers(1))
    assert set(frame["verdict"]) == {"undecided"}
    assert set(frame.loc[frame["claim"] != "C5", "note"]) == {"one seed: no interval"}
    assert frame["p"].isna().all()
    assert frame[["low", "high"]].isna().all(axis=None)
    assert row(frame, "C1a")["effect"] == pytest.approx(0.4)


def test_two_seeds_say_little() -> None:
    """Student's interval with one degree of freedom: 12.7 standard errors."""
    found = row(judged({"network": group(descending=[600, 610], seeds=2)}), "C1a")
    assert found["high"] - found["effect"] == pytest.approx(12.706 * 0.005, abs=1e-5)
    assert found["verdict"] == "holds"


def to_mean(curves: xr.Dataset) -> xr.Dataset:
    return curves.assign_coords(replacement=("ordering", ["mean"] * curves.sizes["ordering"]))


def test_the_replacement_is_a_factor_of_every_claim() -> None:
    zero, mean = group(descending=600 + NOISE), to_mean(group(descending=100 + NOISE))
    both = judged({"network": xr.concat([zero, mean], dim="ordering")})
    alone_zero = judged({"network": zero})
    of_zero = both[both["replacement"] != "mean"].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_zero, alone_zero)
    of_mean = both[both["replacement"] == "mean"]
    assert row(of_mean, "C1a")["effect"] == pytest.approx(-0.4)
    assert set(of_mean["family"]) == {""}
    curves = results_curves.curves(xr.concat([zero, mean], dim="ordering"), MI, "threshold", "mean")
    np.testing.assert_allclose(curves["descending"].mean(), 0.1)


def test_of_the_same_order_in_several_sets_the_first_counts() -> None:
    further = {"network": xr.concat([group(100), group(600, quantizer="uniform-4")], "ordering")}
    frame = judged({"network": group(400 + NOISE)}, second=further)
    of_first = frame[(frame["claim"] == "C1b") & (frame["quantizer"] == "threshold")]
    assert set(of_first["orderings"]) == {"first"}
    assert row(of_first, "C1b")["effect"] == pytest.approx(0.1)
    of_second = frame[(frame["claim"] == "C1b") & (frame["quantizer"] == "uniform-4")]
    assert set(of_second["orderings"]) == {"second"}
    assert row(of_second, "C1b")["effect"] == pytest.approx(-0.1)


def with_controls(control: dict[str, int], **curves: object) -> xr.Dataset:
    """One scope with control orders: control and direction -> a count at every step."""
    parts = [group(**curves)]
    for name, correct in control.items():
        which, _, direction = name.partition(" ")
        one = group(
            **({"ascending": None, "descending": None, "random": None} | {direction: correct})
        )
        parts.append(one.assign_coords(control=("ordering", [which] * one.sizes["ordering"])))
    return xr.concat(parts, "ordering")


def test_an_effect_is_its_layer_share_and_what_is_left_within_layers() -> None:
    rng = np.random.default_rng(2)
    controls = {
        f"layer-sequence {direction}": rng.integers(200, 800, SEEDS)
        for direction in ("ascending", "descending")
    }
    curves = {name: rng.integers(200, 800, SEEDS) for name in ("ascending", "descending", "random")}
    frame = judged({"network": with_controls(controls, **curves)})
    for claim in ("C1", "C1a", "C1b"):
        whole, share, within = (
            row(frame, claim, reading=reading)
            for reading in (claims.WHOLE, claims.SHARE, claims.WITHIN)
        )
        assert share["effect"] + within["effect"] == pytest.approx(whole["effect"], abs=1e-12)
    share = (controls["layer-sequence descending"] - curves["random"]).mean() / N_TEST
    assert row(frame, "C1a", reading=claims.SHARE)["effect"] == pytest.approx(share)


def test_neurons_ranked_within_their_layer_are_judged_by_c2() -> None:
    ranked = {"layer-rank descending": 400 + NOISE, "layer-rank ascending": 550 + NOISE}
    frame = judged({"network": with_controls(ranked)})
    assert row(frame, "C2a", reading=claims.RANKED)["effect"] == pytest.approx(0.1)
    assert row(frame, "C2b", reading=claims.RANKED)["effect"] == pytest.approx(0.05)
    assert not (frame["reading"] == claims.RANKED)[frame["claim"] == "C1"].any()


def test_parts_of_a_curve() -> None:
    curves = group(random=500)
    which = (curves["direction"] == "descending").values
    curves["correct"][:, which] = np.array([500, 600, 700, 100, 100])
    frame = judged({"network": curves})
    for part, effect in (("whole curve", -0.1), ("up to half", 0.1), ("up to a quarter", 0.05)):
        assert row(frame, "C1a", reading=part)["effect"] == pytest.approx(effect)


def test_orders_that_agree_have_no_effect() -> None:
    """A mean over repeats must not leave a rounding error that an interval then excludes 0 by."""
    same = group(123, 123, 123, repeats=7)
    same.attrs["n_test"] = 777
    frame = judged({"network": same, "layer-1": same})
    of_curves = frame[frame["unit"] == "accuracy"]
    assert (of_curves[["effect", "low", "high"]] == 0).all(axis=None)
    assert set(of_curves["verdict"]) == {"undecided"}


def test_random_orders_are_averaged_within_a_seed() -> None:
    curves = group(random=None)
    both = xr.concat(
        [curves, group(None, None, 300, repeats=1), group(None, None, 800, repeats=1)],
        dim="ordering",
    )
    np.testing.assert_array_equal(
        results_curves.curves(both, MI, "threshold")["random"], np.full((SEEDS, 5), 0.55)
    )
    np.testing.assert_array_equal(
        mean_accuracy(areas(both), MI, "threshold")["random"], np.full(SEEDS, 0.55)
    )
    assert set(results_curves.curves(curves, MI, "threshold")) == {"ascending", "descending"}


def test_intervals_do_not_depend_on_order_or_company() -> None:
    rng = np.random.default_rng(5)
    scopes = {
        "network": group(descending=rng.integers(400, 600, SEEDS)),
        "layer-1": group(ascending=rng.integers(400, 600, SEEDS)),
    }
    measures = neurons([rng.random((SEEDS, 4)), rng.random((SEEDS, 4))])
    whole = judged(scopes, measures)
    mixed = rng.permutation(SEEDS)
    turned = {
        name: scopes[name].isel(seed=mixed, ordering=slice(None, None, -1))
        for name in reversed(scopes)
    }
    pd.testing.assert_frame_equal(judged(turned, measures.isel(seed=mixed)), whole)
    layer = judged({"layer-1": scopes["layer-1"]}, measures)
    kept = whole[~whole["claim"].isin(["C1", "C1a", "C1b"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(layer, kept)


def test_every_measure_is_judged() -> None:
    selectivity = group(random=None, measure="class_selectivity", quantizer="none")
    frame = judged({"network": xr.concat([group(), selectivity], dim="ordering")})
    assert set(frame.loc[frame["claim"] == "C1a", "measure"]) == {MI, "class_selectivity"}
    assert list(frame.columns) == list(claims.COLUMNS)


def test_missing_orderings_are_named() -> None:
    frame = judged({"network": group(ascending=None, random=None)})
    assert row(frame, "C1a")["note"] == "not in the configuration's `orderings`: random"
    assert row(frame, "C1b")["note"].endswith("random, lowest first (ascending)")
    assert set(frame.loc[frame["unit"] == "accuracy", "verdict"]) == {"undecided"}
    assert np.isnan(row(frame, "C1a")["effect"])
    only_random = judged({"network": group(None, None)})
    assert "highest first (descending)" in row(only_random, "C1a")["note"]
    assert (row(only_random, "C1a")["measure"], row(only_random, "C1a")["quantizer"]) == (
        MI,
        "threshold",
    )


def test_layers_are_compared() -> None:
    low, high = np.array([0.0, 0.1, 0.2, 0.3]), np.array([0.4, 0.5, 0.6, 0.7])
    scope = {"network": group()}
    up = row(judged(scope, neurons([low, high])), "C3", "layer-1, layer-2")
    assert (up["effect"], up["verdict"], up["unit"], up["measure"]) == (1.0, "holds", "1", MI)
    down = row(judged(scope, neurons([high, low])), "C3", "layer-1, layer-2")
    assert (down["effect"], down["verdict"]) == (-1.0, "holds")
    turns = np.array([low, high] * (SEEDS // 2))
    both = row(judged(scope, neurons([turns, turns[::-1]])), "C3", "layer-1, layer-2")
    assert (both["effect"], both["verdict"]) == (0.0, "undecided")
    assert both["low"] < 0 < both["high"]
    three = judged(scope, neurons([low, high, low]))
    assert list(three.loc[three["claim"] == "C3", "scope"]) == [
        "layer-1, layer-2",
        "layer-1, layer-3",
        "layer-2, layer-3",
    ]
    same = row(three, "C3", "layer-1, layer-3")
    assert (same["effect"], same["verdict"], same["p"]) == (0.0, "fails", 1.0)


def test_rounding_does_not_tell_neurons_apart() -> None:
    frame = judged({"network": group()}, neurons([np.full(4, 0.1), np.full(4, 0.1 + 1e-15)]))
    assert row(frame, "C3", "layer-1, layer-2")["effect"] == 0


def test_one_layer_is_the_network() -> None:
    frame = judged({"network": group(), "layer-1": group()}, neurons([np.arange(4.0)]))
    assert list(frame["claim"].drop_duplicates()) == ["C1", "C1a", "C1b", "C2a", "C2b", "C5"]
    assert "one layer" in row(frame, "C1a")["note"]


CIFAR = CONDITION | {"dataset": "cifar10", "architecture": "250-500-250-500"}


@pytest.mark.parametrize(
    ("claim", "layer", "value", "verdict"),
    [
        ("C4 suffice", 3, 40, "holds"),
        ("C4 suffice", 3, 43, "holds"),  # 40 is a round number
        ("C4 suffice", 3, 45, "fails"),
        ("C4 suffice", 3, 44 + np.tile([-1, 1], SEEDS // 2), "undecided"),
        ("C4 destroy", 3, 60, "holds"),
        ("C4 inactive", 3, 190, "holds"),
        ("C4 inactive", 3, 179, "fails"),
        ("C4 redundant", 4, 51, "holds"),
        ("C4 redundant", 4, 49, "fails"),  # a range is not widened
        ("C4 redundant", 4, 151, "fails"),
    ],
)
def test_counts_beside_the_talks(claim: str, layer: int, value: object, verdict: str) -> None:
    name = claim.removeprefix("C4 ")
    values = {"suffice": 1, "destroy": 1, "inactive": 1, "redundant": 1} | {name: value}
    frame = judged({"network": group()}, counted=counts(**values), condition=CIFAR)
    found = row(frame, claim, f"layer-{layer}")
    assert found["verdict"] == verdict
    one_network = row(frame, claim, f"layer-{layer}", "one network")
    assert one_network["verdict"] == ("fails" if verdict == "fails" else "holds")
    assert found["effect"] == one_network["effect"] == np.mean(value)
    assert (found["unit"], found["measure"], found["quantizer"]) == ("neurons", MI, "threshold")
    low, high = claims.TALK["cifar10", "250-500-250-500", layer][name]
    assert found["threshold"] == (low + high) / 2
    assert f"the talk's {low}" in found["statement"]
    assert sorted(frame.loc[frame["claim"].str.startswith("C4"), "claim"]) == sorted(
        ["C4 suffice", "C4 destroy", "C4 inactive"] * 4 + ["C4 redundant"] * 2
    )


def test_a_count_has_one_interval_in_claims_and_readings() -> None:
    spread = np.arange(SEEDS) ** 5
    counted = counts(**dict.fromkeys(("suffice", "destroy", "redundant"), spread))
    counted["inactive"] = counted["suffice"].isel(delta=0, drop=True)
    judged_counts = judged({"network": group()}, counted=counted, condition=CIFAR)
    read = results_counts.summary(counted, CIFAR)
    for claim, layer in (("suffice", 4), ("destroy", 3), ("inactive", 4), ("redundant", 4)):
        found = row(judged_counts, f"C4 {claim}", f"layer-{layer}")
        same = read[
            (read["quantity"] == claim)
            & (read["scope"] == f"layer-{layer}")
            & read["delta"].isin(["", "0.1"])
        ].iloc[0]
        assert (found["low"], found["high"]) == (same["low"], same["high"])


def test_counts_that_are_not_there_have_a_reason() -> None:
    counted = counts(suffice=-1, destroy=60, inactive=200, redundant=100)
    counted["reason"][0] = "no better than chance"
    found = row(
        judged({"network": group()}, counted=counted, condition=CIFAR), "C4 suffice", "layer-3"
    )
    assert (found["verdict"], found["note"]) == ("undecided", "no better than chance")
    assert np.isnan(found["effect"])


@pytest.mark.parametrize(
    ("selectivity", "effect", "verdict"),
    [
        (np.arange(8), 1.0, "fails"),
        (np.arange(8)[::-1], -1.0, "holds"),
        (np.array([1, 0, 0, 1, 1, 0, 0, 1]), 0.0, "holds"),
    ],
)
def test_class_selectivity_is_no_good_indicator(
    selectivity: np.ndarray, effect: float, verdict: str
) -> None:
    measures = two_layers()
    measures["class_selectivity"] = (
        ("seed", "neuron"),
        np.broadcast_to(selectivity, (SEEDS, 8)),
    )
    found = row(judged({"network": group()}, measures), "C5")
    assert found["effect"] == pytest.approx(effect, abs=1e-12)
    assert (found["verdict"], found["threshold"], found["note"]) == (verdict, 0.1, "")


def test_no_rank_correlation_has_a_reason() -> None:
    measures = two_layers()
    found = row(judged({"network": group()}, measures), "C5")
    assert found["verdict"] == "undecided"
    assert "may be negative" in found["note"]
    measures["class_selectivity"] = ("seed", "neuron"), np.tile(np.arange(8.0), (SEEDS, 1))
    measures["class_selectivity"][3] = 0.5
    found = row(judged({"network": group()}, measures), "C5")
    assert "selectivity or cost is the same in all neurons (seed 3)" in found["note"]
    with pytest.raises(ValueError, match="damage has seeds"):
        judged({"network": group()}, measures, damage=alone(measures).isel(seed=[0]))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scope 'network', has seeds \[0, 1\], the measures"):
        judged({"network": group(seeds=2)}, two_layers(3))
    nameless = group()
    nameless.attrs.clear()
    with pytest.raises(ValueError, match="lacks the attribute `n_test`"):
        judged({"network": nameless})
    with pytest.raises(ValueError, match="NaN"):
        judged({"network": group()}, two_layers() * np.nan)


def written(folder: Path, **changes: str) -> Path:
    condition = CONDITION | changes
    path = folder / "-".join(condition.values()) / "claims.csv"
    scope = {"network": group(descending=600 + NOISE, quantizer="none")}
    tables.write(judged(scope, condition=condition), path)
    return path


def names(**changes: str) -> list[str]:
    return [(CONDITION | changes)[key] for key in vocabulary.CONDITION]


def test_gather(tmp_path: Path) -> None:
    files = [written(tmp_path, regularizer=name) for name in ("l2", "none", "dropout")]
    expected = [names(regularizer=name) for name in ("dropout", "l2", "none")]
    frame = claims.gather(files, expected)
    pd.testing.assert_frame_equal(frame, claims.gather(files[::-1], expected))
    assert frame["regularizer"].drop_duplicates().tolist() == ["dropout", "l2", "none"]
    assert set(frame.loc[frame["claim"] == "C1a", "quantizer"]) == {"none"}
    one = judged(
        {"network": group(descending=600 + NOISE, quantizer="none")},
        condition=CONDITION | {"regularizer": "dropout"},
    )
    first = frame.iloc[: len(one)][list(claims.COLUMNS)]
    pd.testing.assert_frame_equal(first, one, check_dtype=False)
    tables.write(frame, tmp_path / "study.csv")
    pd.testing.assert_frame_equal(claims.read_study(tmp_path / "study.csv"), frame)


def test_the_primary_family_is_corrected_together() -> None:
    """Many undecided claims beside a weak one: Holm's correction takes its verdict away."""
    weak = judged({"network": group(descending=500 + 2 * NOISE + 5)})
    strong = judged({"network": group(descending=600 + NOISE)})
    for frame, kept in ((weak, "undecided"), (strong, "holds")):
        table = claims.corrected(frame)
        assert row(frame, "C1a")["verdict"] == "holds"
        assert row(table, "C1a")["verdict_holm"] == kept
        assert row(table, "C1a")["p_holm"] >= row(table, "C1a")["p"]
        assert set(table.loc[table["family"] == "", "verdict_holm"]) == {""}
        assert table.loc[table["family"] == "", "p_holm"].isna().all()


def test_gather_refuses(tmp_path: Path) -> None:
    l2, none = (written(tmp_path, regularizer=name) for name in ("l2", "none"))
    with pytest.raises(StorageError, match="missing: mnist/4-4/relu/none; make them again"):
        claims.gather([l2], [names(regularizer="l2"), names(regularizer="none")])
    with pytest.raises(StorageError, match=r"none.*csv: not expected: mnist/4-4/relu/none"):
        claims.gather([l2, none], [names(regularizer="l2")])
    with pytest.raises(StorageError, match="doubled: mnist/4-4/relu/l2/C1/network"):
        claims.gather([l2, l2], [names(regularizer="l2")])
    l2.write_text("claim,verdict\nC1a,holds\n")
    with pytest.raises(StorageError, match=r"claims\.csv: has columns claim, verdict, not"):
        claims.gather([l2], [names(regularizer="l2")])


def test_one_seed_survives_the_file(tmp_path: Path) -> None:
    frame = judged({"network": group(seeds=1)}, two_layers(1))
    tables.write(frame, tmp_path / "claims.csv")
    back = claims.gather([tmp_path / "claims.csv"], [names()])
    pd.testing.assert_frame_equal(back[list(claims.COLUMNS)], frame, check_dtype=False)
