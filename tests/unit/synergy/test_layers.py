"""Layers of networks: file, gathering, table, comparison with counts, and figures."""

from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.text import Text

from neuroninfo.figures import canvas
from neuroninfo.figures import synergy as figures_synergy
from neuroninfo.files import seeds, storage, tables
from neuroninfo.networks.stack import Stack
from neuroninfo.results import needed_pairs
from neuroninfo.results import synergy as results_synergy
from neuroninfo.results.counts import COLUMNS as COUNT_COLUMNS
from neuroninfo.streams import Stream, generator
from neuroninfo.synergy.atoms import atom_parts, atoms
from neuroninfo.synergy.complexity import decompose_sets
from neuroninfo.synergy.invariants import invariants
from neuroninfo.synergy.layers import measure
from neuroninfo.synergy.pairs import MEASURES, decompose
from neuroninfo.synergy.sets import prefix
from neuroninfo.synergy.settings import NOT_REMOVED, SynergySettings
from tests.unit.ablation.test_single import examples, masked
from tests.unit.blocks import gathered, opened
from tests.unit.neurons.test_sensitivity import network
from tests.unit.pictures import all_text_is_large_and_in_the_figure

SETTINGS = SynergySettings(study_seed=0, shuffles=2, removals=10, sets=5, set_size=3)
CONDITION = {
    "dataset": "digits",
    "architecture": "6-4",
    "activation": "relu",
    "regularizer": "dropout",
}
WIDTHS = (6, 4)


def activations(seed: int) -> xr.Dataset:
    """Outputs of a network of two layers at two epochs; one neuron is dead, one a copy."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 300)
    values = rng.normal(size=(2, 300, 10)) + (labels[:, None] == rng.integers(0, 3, 10))
    values = np.maximum(values, 0).astype(np.float32)
    values[:, :, 2] = 0
    values[:, :, 4] = values[:, :, 3]
    return xr.Dataset(
        {
            "activation": (("seed", "epoch", "sample", "neuron"), values[None]),
            "label": ("sample", labels),
        },
        coords={
            "seed": [seed],
            "epoch": [0, 7],
            "layer": ("neuron", [1] * 6 + [2] * 4),
            "unit": ("neuron", [*range(6), *range(4)]),
        },
        attrs={"activation_function": "relu", "n_classes": 3},
    )


TEST = examples(300)


def measured(*seeds: xr.Dataset) -> dict[str, xr.Dataset]:
    """What is measured of outputs; networks that do not belong to them are ablated."""
    one = network(WIDTHS, "relu")
    numbers = tuple(int(of_seed["seed"].item()) for of_seed in seeds)
    stack = Stack(
        one.architecture,
        numbers,
        [np.repeat(weight, len(seeds), axis=0) for weight in one.weights],
        [np.repeat(bias, len(seeds), axis=0) for bias in one.biases],
        [],
    )
    return measure(seeds, stack, TEST, SETTINGS)


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, xr.Dataset]:
    blocks = {seed: measured(activations(seed)) for seed in (0, 1)}
    path = gathered(blocks, "synergy", asdict(SETTINGS), tmp_path_factory.mktemp("synergy"))
    return storage.read_groups(path, "synergy")


def test_a_file_has_what_pairs_and_layers_say(groups: dict[str, xr.Dataset]) -> None:
    together = measured(activations(0), activations(1))
    assert list(groups) == ["layer-1", "layer-2"]
    for place, (name, group) in enumerate(groups.items()):
        words = ["measure", "estimator", "redundancy_measure"]
        xr.testing.assert_equal(together[name].drop_vars(words), group.drop_vars(words))
        for seed in (0, 1):
            outputs = activations(seed).isel(seed=0)
            members = outputs["layer"].values == place + 1
            for number, epoch in enumerate((0, 7)):
                values = outputs["activation"].sel(epoch=epoch).values[:, members]
                on, labels = values.T > 0, outputs["label"].values
                pairs, whole = decompose(on, labels), invariants(on, labels)
                here = group.isel(seed=seed, epoch=number)
                assert float(here["degree_of_redundancy"]) == whole.redundancy
                assert float(here["patterns_once"]) == whole.once
                varies = on.any(axis=1) & ~on.all(axis=1)
                assert int(here["varying"]) == varies.sum()
                both = varies[pairs.first] & varies[pairs.second]
                assert float(here["mean_joint_information"]) == pairs.joint[both].mean()
                of_measure = [pairs.redundant[m][both].mean() for m in MEASURES]
                np.testing.assert_array_equal(here["mean_redundancy"], of_measure)
                assert (here["mean_redundancy_shuffled"] < here["mean_joint_information"]).all()
            np.testing.assert_array_equal(here["joint_information"], pairs.joint.astype("f4"))
            np.testing.assert_array_equal(here["information"], pairs.information)


def test_pairs_across_layers_and_sets(groups: dict[str, xr.Dataset]) -> None:
    outputs = activations(1).isel(seed=0)
    on, labels = outputs["activation"].sel(epoch=7).values.T > 0, outputs["label"].values
    group = groups["layer-1"].sel(seed=1)
    at_last = group.sel(epoch=7)
    pairs, varies = decompose(on, labels), on.any(axis=1)
    across = (pairs.first < 6) & (pairs.second >= 6) & varies[pairs.first] & varies[pairs.second]
    for name, values in (
        ("synergy", pairs.synergistic("broja")),
        ("unique_first", pairs.unique("broja")[0]),
        ("unique_second", pairs.unique("broja")[1]),
    ):
        found = at_last[f"next_mean_{name}"].values[MEASURES.index("broja")]
        assert found == pytest.approx(values[across].mean())
    assert float(at_last["next_mean_joint_information"]) == pytest.approx(
        pairs.joint[across].mean()
    )
    assert "next_mean_synergy" not in groups["layer-2"]
    most = np.argsort(-group["information"].values, kind="stable")[:4]
    counted = prefix(on[most], labels)
    of_four = group.sel(size=4)
    assert of_four["total_correlation"].values[0] == pytest.approx(counted.total_correlation)
    index = float(of_four["redundancy_synergy_index"])
    assert index == pytest.approx(counted.redundancy_synergy_index)
    assert group["size"].values.tolist() == [2, 3, 4, 6]
    assert np.isnan(group["total_correlation"].values[:, -1]).all()  # one of six is dead


def test_sets_are_decomposed(groups: dict[str, xr.Dataset]) -> None:
    """Of four neurons all sets of three, of five that vary so many as there are to be."""
    outputs = activations(1).isel(seed=0)
    on, labels = outputs["activation"].sel(epoch=0).values.T > 0, outputs["label"].values
    here = groups["layer-2"].sel(seed=1, epoch=0)
    assert int(here["decomposed"]) == 4
    assert groups["layer-1"]["decomposed"].values.tolist() == [[5, 5], [5, 5]]
    for by in ("min", "sx"):
        degrees, complexities = np.zeros(3), []
        for members in combinations(range(6, 10), 3):
            of_set = np.zeros(3)
            for antichain, atom in atoms(on[list(members)], labels, by).items():
                of_set[min(map(len, antichain)) - 1] += atom
            degrees += of_set / 4
            complexities.append(of_set @ [1, 2, 3] / of_set.sum())
        of_measure = here.sel(redundancy_measure=by)
        np.testing.assert_allclose(of_measure["information_by_degree"], degrees)
        found = float(of_measure["representational_complexity"])
        assert found == pytest.approx(np.mean(complexities))
    parts = np.zeros((2, 3))
    for members in combinations(range(6, 10), 3):
        for antichain, both in atom_parts(on[list(members)], labels).items():
            parts[:, min(map(len, antichain)) - 1] += np.array(both) / 4
    informative, misinformative = (
        here[f"{part}_by_degree"].values for part in ("informative", "misinformative")
    )
    np.testing.assert_allclose([informative, misinformative], parts)
    of_sx = here["information_by_degree"].sel(redundancy_measure="sx")
    np.testing.assert_allclose(informative - misinformative, of_sx, atol=1e-12)
    for_nothing = here["information_by_degree_shuffled"].sel(redundancy_measure="sx")
    np.testing.assert_allclose(here["informative_by_degree_shuffled"], informative)
    np.testing.assert_allclose(
        informative - here["misinformative_by_degree_shuffled"], for_nothing, atol=1e-12
    )
    for group in groups.values():
        told, by_chance = (
            group[name].sum("degree")
            for name in ("information_by_degree", "information_by_degree_shuffled")
        )
        assert (told > 2 * by_chance).all()
    random = generator(SETTINGS.study_seed, Stream.LABEL_SHUFFLE, 1)
    sets = np.array(list(combinations(range(6, 10), 3)))
    baselines = [decompose_sets(on, random.permutation(labels), sets) for _ in range(2)]
    np.testing.assert_allclose(
        here["representational_complexity_shuffled"],
        np.mean([baseline.complexity for baseline in baselines], axis=0),
    )


def test_neurons_are_removed_in_pairs(groups: dict[str, xr.Dataset]) -> None:
    stack = network(WIDTHS, "relu")
    for start, group in zip((0, 6), groups.values(), strict=True):
        here = group.isel(seed=0)
        assert int(here["correct_unablated"]) == masked(stack, *TEST, [])[0]
        for neuron, correct in enumerate(here["correct_alone"].values):
            assert correct == masked(stack, *TEST, [start + neuron])[0]
        tried = 0
        for first, second, correct in zip(
            here["first"].values,
            here["second"].values,
            here["correct_together"].values,
            strict=True,
        ):
            if correct != NOT_REMOVED:
                assert correct == masked(stack, *TEST, [start + first, start + second])[0]
                tried += 1
        assert tried == min(len(here["first"]), SETTINGS.removals)


def test_outputs_of_other_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="outputs are of seed 0"):
        measure([activations(0)], network(WIDTHS, "relu"), TEST, SETTINGS)


def test_a_layer_in_which_nothing_varies_has_no_means() -> None:
    dead = activations(0)
    dead["activation"][:] = 0
    group = measured(dead)["layer-2"]
    assert group["varying"].values.tolist() == [[0, 0]]
    assert group["mean_redundancy"].isnull().all()
    assert group["decomposed"].values.tolist() == [[0, 0]]
    assert group["representational_complexity"].isnull().all()
    assert group["information_by_degree_shuffled"].isnull().all()
    table = results_synergy.summary({"layer-2": group}, CONDITION)
    no_number = table[table["quantity"].isin(["joint", "shared", "degree_of_redundancy"])]
    assert no_number["mean"].isna().all()
    assert set(no_number["note"]) == {"no seed has such a number"}


def test_the_table(groups: dict[str, xr.Dataset], tmp_path: Path) -> None:
    table = results_synergy.summary(groups, CONDITION)
    tables.write(table, tmp_path / "synergy.csv")
    read = tables.read(tmp_path / "synergy.csv", results_synergy.COLUMNS)
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert not table.duplicated(list(results_synergy.KEY)).any()
    rows = table.set_index(["scope", "epoch", "quantity", "measure"]).sort_index()
    group = groups["layer-1"]
    joint = group["mean_joint_information"].sel(epoch=7).values
    of_broja = group["mean_redundancy"].sel(epoch=7).values[:, MEASURES.index("broja")]
    row = rows.loc[("layer-1", "7", "redundancy_share", "broja")]
    assert row["mean"] == pytest.approx((of_broja / joint).mean())
    largest = []
    for seed in (0, 1):
        redundant = dict(
            zip(
                zip(group["first"].values.tolist(), group["second"].values.tolist(), strict=True),
                group["redundancy"].values[seed, MEASURES.index("broja")],
                strict=True,
            )
        )
        most = [max(r for pair, r in redundant.items() if n in pair) for n in range(6)]
        largest.append(sum(most) / group["information"].values[seed].sum())
    shared = rows.loc[("layer-1", "7", "shared", "broja")]
    assert shared["mean"] == pytest.approx(np.mean(largest))
    assert ("layer-1", "0", "shared", "broja") not in rows.index
    complexity = group["representational_complexity"].sel(redundancy_measure="sx", epoch=0)
    row = rows.loc[("layer-1", "0", "representational_complexity", "sx")]
    assert row["mean"] == pytest.approx(float(complexity.mean()))
    for_nothing = group["information_by_degree_shuffled"].sel(redundancy_measure="min", epoch=7)
    row = rows.loc[("layer-1", "7", "information_of_degree_2", "min")]
    assert row["shuffled"] == pytest.approx(float(for_nothing.sel(degree=2).mean()))
    misinformative = group["misinformative_by_degree"].sel(epoch=7, degree=1)
    row = rows.loc[("layer-1", "7", "misinformative_of_degree_1", "sx")]
    assert row["mean"] == pytest.approx(float(misinformative.mean()))


def test_files_without_informative_parts_are_read(groups: dict[str, xr.Dataset]) -> None:
    """Files that were made before there were such parts have all other rows."""
    table = results_synergy.summary(groups, CONDITION)
    parts = [name for name in groups["layer-1"] if "informative" in str(name)]
    older = {name: group.drop_vars(parts) for name, group in groups.items()}
    of_parts = table["quantity"].str.contains("informative")
    assert of_parts.sum() == 2 * 2 * 2 * SETTINGS.set_size  # layers, epochs, parts
    pd.testing.assert_frame_equal(
        results_synergy.summary(older, CONDITION), table[~of_parts].reset_index(drop=True)
    )


def readings(share: float) -> pd.DataFrame:
    """A table of counts: of each layer that share of the neurons is redundant, none inactive."""
    rows = [
        dict.fromkeys(COUNT_COLUMNS, "")
        | CONDITION
        | {"scope": f"layer-{layer}", "measure": "mutual_information", "quantity": quantity}
        | {"marked": marked, "mean": value, "low": value, "high": value}
        for layer, width in enumerate(WIDTHS, start=1)
        for quantity, value in (("redundant", share * width), ("inactive", 0.0))
        for marked in (True, False)
    ]
    return pd.DataFrame(rows)


def test_points_and_their_correlation(groups: dict[str, xr.Dataset]) -> None:
    parts, counts = [], []
    for number in range(3):
        names = CONDITION | {"regularizer": f"dropout-0.{number}"}
        parts.append(results_synergy.summary(groups, names))
        larger = parts[-1]["quantity"].isin(list(results_synergy.MEASURED))
        parts[-1].loc[larger, ["mean", "low", "high"]] += number  # the more redundant ...
        counts.append(readings(0.2 * number).assign(**names))  # ... the more are counted
    points = results_synergy.points(pd.concat(parts), pd.concat(counts))
    assert list(points) == list(results_synergy.POINT_COLUMNS)
    assert len(points) == 3 * 2 * 4
    redundant = points[points["counted"] == "redundant"]
    assert sorted(set(redundant["y"].round(9))) == [0, 0.2, 0.4]
    found = results_synergy.agreement(points).set_index(["measured", "counted"])
    for name in results_synergy.MEASURED:
        assert found.loc[(name, "redundant"), "correlation"] > 0.9
        assert np.isnan(found.loc[(name, "inactive"), "correlation"])  # all are equal
    assert (found["n_layers"] == 6).all()
    assert (found["n_conditions"] == 3).all()
    drawn = figures_synergy.synergy_ablation(points, found.reset_index())
    all_text_is_large_and_in_the_figure(drawn)


def test_the_matrix(groups: dict[str, xr.Dataset]) -> None:
    drawn = figures_synergy.synergy(groups, CONDITION)
    all_text_is_large_and_in_the_figure(drawn)
    pictures = [ax.images[0].get_array() for ax in drawn.axes if ax.images]
    assert [len(picture) for picture in pictures] == [5, 4]  # a dead neuron is left out
    group = groups["layer-1"].isel(seed=0)
    redundant = group["redundancy"].sel(measure="broja").values
    below = np.sort(pictures[0].filled(0)[np.tril_indices(5, -1)])
    np.testing.assert_allclose(below, np.sort(redundant)[-len(below) :], atol=1e-7)
    convolutional = figures_synergy.synergy(groups, {**CONDITION, "architecture": "conv-6-4"})
    words = " ".join(text.get_text() for text in convolutional.findobj(Text))
    assert "channels" in words
    assert "neuron" not in words
    # The copy stands beside its original.
    place = np.unravel_index(np.argmax(np.tril(pictures[0].filled(0), -1)), (5, 5))
    assert place[0] - place[1] == 1


def removals() -> xr.Dataset:
    """Three neurons that are spared and one that is not; of 1,000 above chance 1 may be lost."""
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    first, second = zip(*pairs, strict=True)
    lost = np.array([[5, 0, 9, 2, 9, 9], [1, 0, 9, 1, 9, 9]])  # (0, 3) is of no spared neuron
    correct = np.where([[True] * 6, [True] * 3 + [False] + [True] * 2], 1200 - lost, NOT_REMOVED)
    redundancy = np.tile([0.6, 0.1, 0.5, 0.2, 0.1, 0.1], (2, 3, 1))
    return xr.Dataset(
        {
            "correct_unablated": ("seed", [1200, 1200]),
            "correct_alone": (("seed", "neuron"), 1200 - np.array([[1, 1, 0, 7]] * 2)),
            "correct_together": (("seed", "pair"), correct),
            "information": (("seed", "neuron"), np.ones((2, 4))),
            "joint_information": (("seed", "pair"), np.full((2, 6), 2.0)),
            "redundancy": (("seed", "measure", "pair"), redundancy),
        },
        coords={
            "seed": [0, 1],
            "measure": list(MEASURES),
            "neuron": range(4),
            "first": ("pair", list(first)),
            "second": ("pair", list(second)),
        },
        attrs={"largest_class_test": 200},
    )


def test_pairs_that_are_spared_singly_and_needed_jointly() -> None:
    group = removals()
    listed = pd.concat(needed_pairs.listed([(CONDITION, {"layer-1": group})]))
    found = listed[["seed", "first", "second", "cost_first", "cost_second", "cost_both"]]
    assert found.values.tolist() == [[0, 0, 1, 1, 1, 5], [0, 1, 2, 1, 0, 2]]
    assert listed["redundancy"].tolist() == [0.6, 0.2]
    numbers = needed_pairs.quantities(group)
    assert numbers["pairs_spared", ""].tolist() == [3, 2]  # of the second seed one was not tried
    assert numbers["pairs_needed", ""].tolist() == [2, 0]
    assert numbers["pairs_beyond_sum", ""].tolist() == [2, 0]
    delta = numbers["needed_redundancy_share", "broja"]
    assert delta[0] == 1  # both share more than the third pair
    assert np.isnan(delta[1])


def test_the_figure_of_representational_complexity(groups: dict[str, xr.Dataset]) -> None:
    table = results_synergy.summary(groups, CONDITION)
    drawn = figures_synergy.synergy_complexity(table, SETTINGS.set_size)
    all_text_is_large_and_in_the_figure(drawn)
    last = table[(table["epoch"] == "7") & (table["quantity"] == "representational_complexity")]
    for ax, by in zip(drawn.axes, ("sx", "min"), strict=True):
        dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
        of_measure = last[last["measure"] == by]
        expected = of_measure[["mean", "shuffled"]].to_numpy().ravel()
        np.testing.assert_allclose(dots, expected)


def test_figures_of_needed_pairs_and_sets(groups: dict[str, xr.Dataset]) -> None:
    table = results_synergy.summary(groups, CONDITION)
    drawn = figures_synergy.needed_pairs(table)
    all_text_is_large_and_in_the_figure(drawn)
    drawn = figures_synergy.synergy_sets([(CONDITION, groups)])
    all_text_is_large_and_in_the_figure(drawn)
    counted = drawn.axes[0].lines[0]
    assert counted.get_xdata().tolist() == [2, 3, 4]
    group = groups["layer-1"].sel(estimator="counts", size=4)
    o_information = group["total_correlation"] - group["dual_total_correlation"]
    assert counted.get_ydata()[-1] == pytest.approx(float(o_information.mean()) / 4)


def of_seven(group: xr.Dataset) -> xr.Dataset:
    """Seven seeds with the numbers of two."""
    several = group.isel(seed=[0, 1, 1, 0, 1, 0, 0])
    return several.assign_coords(seed=("seed", range(7), group["seed"].attrs))


@pytest.mark.parametrize("highest", [2, 6])
def test_the_page_lists_the_largest_costs_of_each_layer(highest: int) -> None:
    """Those of all seeds; of equal costs the first seed and pair."""
    n_seeds, rng = 60, np.random.default_rng(highest)
    pairs = removals().isel(seed=np.arange(n_seeds) % 2).assign_coords(seed=range(n_seeds))
    tried = pairs["correct_together"] != NOT_REMOVED
    lost = rng.integers(0, highest, tried.shape)
    pairs["correct_together"] = pairs["correct_together"].where(
        ~tried, pairs["correct_together"] - lost
    )
    layers = {"layer-2": pairs, "layer-1": pairs.isel(seed=slice(5))}
    conditions = [(CONDITION, layers), ({**CONDITION, "regularizer": "none"}, layers)]
    page = needed_pairs.Page()
    whole = pd.concat(page.of(needed_pairs.listed(conditions)))
    assert len(whole) > 50
    of_seeds = whole.groupby(["regularizer", "scope", "seed"])["cost_both"]
    assert of_seeds.apply(lambda costs: costs.is_monotonic_decreasing).all()
    costly = whole.sort_values("cost_both", ascending=False, kind="stable")
    shown = page.table()
    keys = ["regularizer", "scope"]
    assert shown.groupby(keys, sort=False).ngroups == 4
    for (key, found), (first, _) in zip(
        shown.groupby(keys, sort=False), whole.groupby(keys, sort=False), strict=True
    ):
        assert key == first  # layers in the order of the study
        of_layer = costly[(costly[keys] == list(key)).all(axis=1)]
        pd.testing.assert_frame_equal(found, of_layer.head(10))


def test_a_list_without_needed_pairs_has_its_columns(tmp_path: Path) -> None:
    pairs = removals()
    pairs["correct_together"] = pairs["correct_unablated"] + 0 * pairs["correct_together"]
    page = needed_pairs.Page()
    tables.write(page.of(needed_pairs.listed([(CONDITION, {"": pairs})])), tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text() == ",".join(needed_pairs.COLUMNS) + "\n"
    assert list(page.table()) == list(needed_pairs.COLUMNS)


def test_few_seeds_at_a_time_give_the_bits_of_all_at_once(
    groups: dict[str, xr.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = {scope: of_seven(group) for scope, group in groups.items()}
    file = opened(several, "synergy", tmp_path)
    pairs = of_seven(removals())
    expected = results_synergy.summary(several, CONDITION)
    needed, numbers = (
        pd.concat(needed_pairs.listed([(CONDITION, {"": pairs})])),
        needed_pairs.quantities(pairs),
    )
    monkeypatch.setattr(seeds, "SLICE_BYTES", 1)
    found = results_synergy.summary(file, CONDITION)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    few = opened({"": pairs}, "pairs", tmp_path)[""]
    assert len(needed) > 3
    again = pd.concat(needed_pairs.listed([(CONDITION, {"": few})]))
    pd.testing.assert_frame_equal(again, needed, check_exact=True)
    for key, values in needed_pairs.quantities(few).items():
        np.testing.assert_array_equal(values, numbers[key])
    for scope, group in file.items():
        of_file, whole = results_synergy.shares(group), results_synergy.shares(several[scope])
        np.testing.assert_array_equal(of_file, whole)
    for number, data in enumerate((file, several)):
        canvas.save(figures_synergy.synergy(data, CONDITION), tmp_path / f"matrix-{number}.csv")
        drawn = figures_synergy.synergy_sets([(CONDITION, data)])
        canvas.save(drawn, tmp_path / f"sets-{number}.csv")
    for name in ("matrix", "sets"):
        written = [(tmp_path / f"{name}-{number}.csv").read_bytes() for number in range(2)]
        assert written[0] == written[1]
