"""Ablation by class: against plain loops, and against the counts of all classes together."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.classes import ON, TOLD, WHOLE, ablate_classes
from neuroninfo.ablation.settings import BY_INFORMATION, AblationSettings, ClassSettings
from neuroninfo.figures import classes as figures_classes
from neuroninfo.files import storage, tables
from neuroninfo.neurons.measures import measure, mutual_information
from neuroninfo.neurons.one_class import on_for, one_against_rest
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.results import classes as results_classes
from tests.unit.ablation.small import (
    HIDDEN,
    N_CLASSES,
    N,
    activations,
    examples,
    network,
    outputs,
)
from tests.unit.blocks import gathered
from tests.unit.pictures import all_text_is_large_and_in_the_figure

SETTINGS = ClassSettings(study_seed=1, random=2, rows=64)
CONDITION = {
    "dataset": "digits",
    "architecture": "6-5",
    "activation": "relu",
    "regularizer": "none",
}


def ablated(seed: int) -> dict[str, xr.Dataset]:
    stack = network(seed)
    return ablate_classes(stack, [activations(stack, *examples(seed))], *examples(100), SETTINGS)


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, xr.Dataset]:
    blocks = {seed: ablated(seed) for seed in range(5)}
    path = gathered(blocks, "classes", asdict(SETTINGS), tmp_path_factory.mktemp("classes"))
    return storage.read_groups(path, "classes")


def test_counts_are_those_of_masked_forward_passes(groups: dict[str, xr.Dataset]) -> None:
    inputs, labels = examples(100)
    stack = network(0)
    for number, group in enumerate(groups.values()):
        first = int(np.sum(HIDDEN[:number]))
        of_seed = group.sel(seed=0)
        for place in range(of_seed.sizes["ordering"]):
            order = first + of_seed["order"].values[place].astype(int)
            for k in range(len(order) + 1):
                right = outputs(stack, inputs, tuple(order[:k]))[-1].argmax(axis=1) == labels
                for y in range(N_CLASSES):
                    found = of_seed["correct"].sel({"class": y, "removed": k})
                    assert found.values[place] == right[labels == y].sum()
        for unit in range(HIDDEN[number]):
            logits = outputs(stack, inputs, (first + unit,))[-1]
            losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(N), labels]
            for y in range(N_CLASSES):
                own = labels == y
                alone = of_seed.isel(neuron=unit).sel({"class": y})
                assert alone["correct_alone"] == (logits.argmax(axis=1) == labels)[own].sum()
                assert float(alone["loss_alone"]) == pytest.approx(
                    losses[own].mean(), rel=1e-4, abs=1e-6
                )


def test_classes_add_up_to_the_curves_of_all(groups: dict[str, xr.Dataset]) -> None:
    stack = network(0)
    outs = activations(stack, *examples(0))
    measured = measure([outs], stack, MeasureSettings(1, ("threshold",), 1))
    together = ablate(
        stack,
        measured,
        *examples(100),
        AblationSettings(1, (BY_INFORMATION,), 2, 0, ("zero",), ("layers",), 64),
    )
    for scope, group in groups.items():
        all_classes = group.sel(seed=0)["correct"].sum("class")
        own = all_classes.isel(ordering=np.isin(group["measure"].values, (WHOLE, "random")))
        other = together[scope].isel(seed=0)
        wanted = other["direction"].values != "ascending"
        np.testing.assert_array_equal(own.values, other["correct"].values[wanted])


def test_the_orders_are_by_what_is_said_of_the_class(groups: dict[str, xr.Dataset]) -> None:
    for group in groups.values():
        for seed in group["seed"].values:
            of_seed = group.sel(seed=seed)
            for y in range(N_CLASSES):
                told = of_seed["class_information"].sel({"class": y}).values
                on = of_seed["on_for"].sel({"class": y}).values == 1
                for name, values in ((TOLD, told), (ON, np.where(on, told, -told))):
                    place = (group["measure"].values == name) & (group["of_class"].values == y)
                    (order,) = of_seed["order"].values[place]
                    assert (np.diff(values[order]) <= 1e-12).all()


COUNTS = arrays(np.int64, (3, 2, 4), elements=st.integers(0, 40)).filter(
    lambda counts: (counts.sum(axis=(1, 2)) > 0).all()
)


@given(COUNTS)
@settings(deadline=None)
def test_one_class_says_no_more_than_all(counts: np.ndarray) -> None:
    told = one_against_rest(counts)
    assert (told >= 0).all()
    assert (told <= mutual_information(counts)[:, None] + 1e-9).all()
    assert (told <= 1).all()


def test_information_of_one_class_in_closed_form() -> None:
    """On exactly for one of four classes; a copy that is off for it; a neuron that says nothing."""
    on = np.array([[40, 0, 0, 0], [0, 40, 40, 40], [20, 20, 20, 20]])
    counts = np.stack([40 - on, on], axis=1)
    quarter = -0.25 * np.log2(0.25) - 0.75 * np.log2(0.75)
    told = one_against_rest(counts)
    np.testing.assert_allclose(told[:2, 0], quarter)
    assert (told[2] == 0).all()
    # Of another class: H(1/4) less 3/4 H(1/3), since it tells one class of three from the rest.
    third = np.log2(3) - 2 / 3
    np.testing.assert_allclose(told[:2, 1:], quarter - 0.75 * third)
    np.testing.assert_array_equal(on_for(counts), [[1, 0, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]])


def disjoint(group: xr.Dataset, lost: np.ndarray) -> xr.Dataset:
    """The same group with orders that cost class y the share lost[c, y] of every step."""
    n_test = group["n_test"].values.astype(float)
    correct = group["correct"].astype(np.float64).copy()
    for place, (name, y) in enumerate(
        zip(group["measure"].values, group["of_class"].values, strict=True)
    ):
        left = 1 - (lost[y] if name in (TOLD, ON) else np.zeros(N_CLASSES))
        correct[:, :, place] = (n_test * left)[None, :, None]
        correct[:, :, place, 0] = n_test
    return group.assign(correct=correct)


def test_the_table_says_what_is_lost(groups: dict[str, xr.Dataset], tmp_path: Path) -> None:
    lost = np.array([[0.5, 0.1, 0.1], [0.2, 0.6, 0.0], [0.4, 0.0, 0.2]])
    group = disjoint(groups["layer-1"], lost)
    table = results_classes.summary({"layer-1": group}, CONDITION)
    tables.write(table, tmp_path / "classes.csv")
    read = tables.read(tmp_path / "classes.csv", results_classes.COLUMNS)
    assert not read.duplicated(list(results_classes.KEY)).any()
    own = read[read["measure"] == ON].set_index(["quantity", "of_class"])
    share = HIDDEN[0] / (HIDDEN[0] + 1)  # nothing is lost before the first removal
    for y, (mine, others) in enumerate(((0.5, 0.1), (0.6, 0.1), (0.2, 0.2))):
        assert own.loc[(results_classes.OWN, str(y)), "mean"] == pytest.approx(share * mine)
        assert own.loc[(results_classes.OTHERS, str(y)), "mean"] == pytest.approx(share * others)
        more = own.loc[(results_classes.FIRST, str(y)), "mean"]
        assert more == pytest.approx(mine - others)
    early = own.loc[(results_classes.QUARTER, "0"), "mean"]
    assert early == pytest.approx(0.4 / 2)  # of 6 neurons the first one: 0 and 1 removals
    row = own.loc[(results_classes.MORE, "all")]
    assert row["mean"] == pytest.approx(share * (0.4 + 0.5) / 3)
    assert row["verdict"] == "holds"
    assert own.loc[(results_classes.MOST, "all"), "mean"] == pytest.approx(2 / 3)


def test_figures_say_what_the_table_says(groups: dict[str, xr.Dataset]) -> None:
    table = results_classes.summary(groups, CONDITION)
    for drawn in (
        figures_classes.classes(groups, table, CONDITION),
        figures_classes.class_curves(groups, table, CONDITION),
    ):
        all_text_is_large_and_in_the_figure(drawn)


def test_other_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="outputs are of seed"):
        ablate_classes(
            network(1), [activations(network(0), *examples(0))], *examples(100), SETTINGS
        )
