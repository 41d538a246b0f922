"""Claims get the verdict that hand-made curves were made for."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neuroninfo import vocabulary
from neuroninfo.files import tables
from neuroninfo.files.storage import StorageError
from neuroninfo.results import claims, statistics
from neuroninfo.results import counts as results_counts
from neuroninfo.results import curves as results_curves
from neuroninfo.results.curves import mean_accuracy
from neuroninfo.streams import Stream, generator

CONDITION = {
    "study": "probe",
    "dataset": "mnist",
    "architecture": "4-4",
    "activation": "relu",
    "regularizer": "dropout",
}
SEEDS = 12
N_TEST = 1000
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
        | {"replacement": ("ordering", ["zero"] * len(rows))},
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
    """Damage: neuron i costs i predictions, whatever the seed."""
    n_seeds, n = measures.sizes["seed"], measures.sizes["neuron"]
    lost = np.broadcast_to(np.arange(n), (n_seeds, 1, n))
    return xr.Dataset(
        {
            "correct": (("seed", "split", "neuron"), 900 - lost),
            "correct_unablated": (("seed", "split"), np.full((n_seeds, 1), 900)),
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
            "delta": [0.1, 0.05],
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
    study_seed: int = 1,
) -> pd.DataFrame:
    if measures is None:
        measures = two_layers(next(iter(ablation.values())).sizes["seed"])
    damage = alone(measures) if damage is None else damage
    counted = counts(measures.sizes["seed"]) if counted is None else counted
    return claims.claims(measures, ablation, damage, counted, condition, study_seed=study_seed)


def row(frame: pd.DataFrame, claim: str, scope: str = "network") -> pd.Series:
    (found,) = [r for _, r in frame.iterrows() if (r["claim"], r["scope"]) == (claim, scope)]
    return found


@pytest.mark.parametrize(
    ("claim", "scope", "curves", "effect", "verdict"),
    [
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
    assert found["note"] == ""
    assert ("whole network" if scope == "network" else "layer 1") in found["statement"]


def test_one_seed_is_undecided() -> None:
    frame = judged({"network": group(descending=900, seeds=1)}, two_layers(1))
    assert set(frame["verdict"]) == {"undecided"}
    assert set(frame.loc[frame["claim"] != "C5", "note"]) == {"one seed: no interval"}
    assert frame[["low", "high"]].isna().all(axis=None)
    assert row(frame, "C1a")["effect"] == pytest.approx(0.4)


def test_few_seeds_are_said_to_be() -> None:
    frame = judged({"network": group(descending=[600, 610], seeds=2)})
    assert row(frame, "C1a")["verdict"] == "holds"
    assert row(frame, "C1a")["note"] == "fewer than 10 seeds: the interval is approximate"


def test_claims_are_of_ablation_to_zero() -> None:
    zero, mean = group(descending=600 + NOISE), group(descending=100)
    both = xr.concat(
        [zero, mean.assign_coords(replacement=("ordering", ["mean"] * mean.sizes["ordering"]))],
        dim="ordering",
    )
    pd.testing.assert_frame_equal(judged({"network": both}), judged({"network": zero}))
    found = results_curves.curves(both, MI, "threshold", "mean")["descending"]
    np.testing.assert_allclose(found, 0.1)
    np.testing.assert_array_equal(
        mean_accuracy(both, MI, "threshold")["random"],
        mean_accuracy(zero, MI, "threshold")["random"],
    )


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
        mean_accuracy(both, MI, "threshold")["random"], np.full(SEEDS, 0.55)
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
    pd.testing.assert_frame_equal(judged(turned, measures.isel(seed=mixed[::-1])), whole)
    layer = judged({"layer-1": scopes["layer-1"]}, measures)
    kept = whole[~whole["claim"].isin(["C1a", "C1b"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(layer, kept)
    other = judged(scopes, measures, study_seed=2)
    assert not other["low"].equals(whole["low"])


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
    assert (same["effect"], same["verdict"]) == (0.0, "undecided")


def test_rounding_does_not_tell_neurons_apart() -> None:
    frame = judged({"network": group()}, neurons([np.full(4, 0.1), np.full(4, 0.1 + 1e-15)]))
    assert row(frame, "C3", "layer-1, layer-2")["effect"] == 0


def test_one_layer_is_the_network() -> None:
    frame = judged({"network": group(), "layer-1": group()}, neurons([np.arange(4.0)]))
    assert list(frame["claim"]) == ["C1a", "C1b", "C2a", "C2b", "C5"]
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
    assert found["effect"] == np.mean(value)
    assert (found["unit"], found["measure"], found["quantizer"]) == ("neurons", MI, "threshold")
    low, high = claims.TALK["cifar10", "250-500-250-500", layer][name]
    assert found["threshold"] == (low + high) / 2
    assert f"the talk's {low}" in found["statement"]
    assert sorted(frame.loc[frame["claim"].str.startswith("C4"), "claim"]) == sorted(
        ["C4 suffice", "C4 destroy", "C4 inactive"] * 2 + ["C4 redundant"]
    )


def test_a_count_has_one_interval_in_claims_and_counts() -> None:
    spread = np.arange(SEEDS) ** 5  # so wide that another stream gives another interval
    counted = counts(**dict.fromkeys(("suffice", "destroy", "redundant"), spread))
    counted["inactive"] = counted["suffice"].isel(delta=0, drop=True)
    judged_counts = judged({"network": group()}, counted=counted, condition=CIFAR)
    read = results_counts.summary(counted, CIFAR, 1)
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
    assert "class selectivity is the same in all neurons (seed 3)" in found["note"]
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


def test_bootstrap_is_scipys_whatever_the_order() -> None:
    values = np.random.default_rng(3).normal(size=20)

    def rng() -> np.random.Generator:
        return generator(1, Stream.BOOTSTRAP, "probe")

    found = statistics.bootstrap_mean(values, rng())
    assert found == statistics.bootstrap_mean(values[::-1], rng())
    low, high = scipy.stats.bootstrap(
        (np.sort(values),), np.mean, n_resamples=10_000, method="percentile", rng=rng()
    ).confidence_interval
    assert (found.low, found.high, found.note) == (low, high, "")
    assert found.mean == pytest.approx(values.mean())
    narrow = statistics.bootstrap_mean(values, rng(), confidence=0.5, n_resamples=1000)
    assert low < narrow.low < narrow.high < high


@pytest.mark.parametrize("n", [2, 10, 13])
def test_equal_values_have_a_degenerate_interval(n: int) -> None:
    found = statistics.bootstrap_mean(np.full(n, 0.1), np.random.default_rng(0))
    assert (found.mean, found.low, found.high) == (0.1, 0.1, 0.1)
    assert found.verdict(0.1) == "undecided"
    assert (found.verdict(0.0), found.verdict(0.2)) == ("holds", "fails")


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf, 1.0]])
def test_bootstrap_refuses(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite values"):
        statistics.bootstrap_mean(values, np.random.default_rng(0))


def test_bootstrap_of_a_curve_agrees_with_that_of_points() -> None:
    values = np.random.default_rng(3).normal(size=(20, 70))  # more than one part
    low, high = statistics.bootstrap_curve(values, np.random.default_rng(0))
    for point in (0, 63, 64, 69):
        one = statistics.bootstrap_mean(values[:, point], np.random.default_rng(1))
        assert (low[point], high[point]) == pytest.approx((one.low, one.high), abs=0.03)


def test_a_row_has_the_columns_of_its_interval() -> None:
    interval = statistics.mean_over_seeds(NOISE, 3, "a", "b")
    assert interval == statistics.bootstrap_mean(NOISE, generator(3, Stream.BOOTSTRAP, "a/b"))
    row = statistics.interval_row({"what": "x"}, "effect", interval, 14, "", "two are missing")
    columns = statistics.interval_columns("effect")
    assert row.keys() == {"what", *columns}
    assert (row["effect"], row["low"], row["high"]) == (interval.mean, interval.low, interval.high)
    assert (row["n_seeds"], row["note"]) == (14, "two are missing")


def test_without_any_seed_there_is_a_note_and_no_number() -> None:
    interval = statistics.mean_over_seeds([], 3, "a", none="no seed has one")
    assert np.isnan([interval.mean, interval.low, interval.high]).all()
    assert interval.note == "no seed has one"


SAMPLES = st.lists(st.integers(-3, 3) | st.floats(-2, 2), min_size=1, max_size=12)


@given(SAMPLES, SAMPLES)
def test_cliffs_delta_is_the_double_loop(a: list[float], b: list[float]) -> None:
    pairs = sum((x > y) - (x < y) for x, y in itertools.product(a, b))
    assert statistics.cliffs_delta(a, b) == pairs / (len(a) * len(b))
    assert statistics.cliffs_delta(b, a) == -statistics.cliffs_delta(a, b)


@pytest.mark.parametrize(("a", "b"), [([], [1.0]), ([1.0], []), ([np.nan], [1.0])])
def test_cliffs_delta_refuses(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="Cliff's delta needs values"):
        statistics.cliffs_delta(a, b)


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
    pd.testing.assert_frame_equal(frame.iloc[: len(one)], one, check_dtype=False)
    tables.write(frame, tmp_path / "study.csv")
    pd.testing.assert_frame_equal(claims.gather([tmp_path / "study.csv"], expected), frame)


def test_gather_refuses(tmp_path: Path) -> None:
    l2, none = (written(tmp_path, regularizer=name) for name in ("l2", "none"))
    with pytest.raises(StorageError, match="missing: mnist/4-4/relu/none; run them again"):
        claims.gather([l2], [names(regularizer="l2"), names(regularizer="none")])
    with pytest.raises(StorageError, match=r"none.*csv: not expected: mnist/4-4/relu/none"):
        claims.gather([l2, none], [names(regularizer="l2")])
    with pytest.raises(StorageError, match="doubled: mnist/4-4/relu/l2/C1a/network"):
        claims.gather([l2, l2], [names(regularizer="l2")])
    l2.write_text("claim,verdict\nC1a,holds\n")
    with pytest.raises(StorageError, match=r"claims\.csv: has columns claim, verdict, not"):
        claims.gather([l2], [names(regularizer="l2")])


def test_one_seed_survives_the_file(tmp_path: Path) -> None:
    frame = judged({"network": group(seeds=1)}, two_layers(1))
    tables.write(frame, tmp_path / "claims.csv")
    back = claims.gather([tmp_path / "claims.csv"], [names()])
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)
