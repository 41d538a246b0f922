"""What ablated neurons put out beside zero and the mean: against plain loops."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.constants import constants, modes
from neuroninfo.ablation.orders import orderings_from
from neuroninfo.ablation.resampled import other_examples
from neuroninfo.ablation.settings import (
    BY_INFORMATION,
    MODE,
    OPTIMAL,
    RESAMPLE,
    AblationSettings,
    ConstantSettings,
)
from neuroninfo.configuration.plans import FOUND_CONSTANTS
from neuroninfo.networks.stack import Stack, neuron_coordinates
from neuroninfo.neurons.measures import measure
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.results import ranking
from neuroninfo.results.curves import areas
from tests.unit.ablation.small import HIDDEN, N_CLASSES, N, activations, examples, network, outputs

N_NEURONS = sum(HIDDEN)
SETTINGS = ConstantSettings(bins=8, grid=5, rows=64)
EVERY = ("zero", "mean", MODE, OPTIMAL, RESAMPLE)
SET = AblationSettings(3, (BY_INFORMATION,), 2, 0, EVERY, ("layers", "network"), 64, draws=2)


def logits(stack: Stack, inputs: np.ndarray, put_out: dict[int, np.ndarray]) -> np.ndarray:
    """In float64; a removed neuron puts out a number, or one for each example."""
    layers = neuron_coordinates(HIDDEN)["layer"][1]
    units = neuron_coordinates(HIDDEN)["unit"][1]
    values = inputs.astype(np.float64)
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True), start=1):
        values = values @ weight[0].T.astype(np.float64) + bias[0]
        if layer <= len(HIDDEN):
            values = np.maximum(values, 0)
            for neuron, given_out in put_out.items():
                if layers[neuron] == layer:
                    values[:, units[neuron]] = given_out
    return values


def mean_loss(values: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(np.log(np.exp(values).sum(axis=1)) - values[np.arange(N), labels]))


@pytest.fixture(scope="module")
def found() -> xr.Dataset:
    stack, (inputs, labels) = network(0), examples(0)
    outs = activations(stack, inputs, labels)
    means = outs["activation"].values[:, 0].mean(axis=1)
    return constants(stack, [outs], means, inputs, labels, SETTINGS)


def test_the_optimal_constant_against_a_loop_over_the_grid(found: xr.Dataset) -> None:
    stack, (inputs, labels) = network(0), examples(0)
    values = np.concatenate(outputs(stack, inputs)[:-1], axis=1).astype(np.float32)
    for neuron in range(N_NEURONS):
        own = values[:, neuron]
        tried = [0, own.mean(), modes(own[:, None], 8)[0], *np.linspace(own.min(), own.max(), 5)]
        losses = [mean_loss(logits(stack, inputs, {neuron: np.float32(c)}), labels) for c in tried]
        here = found.isel(seed=0, neuron=neuron)
        assert float(here["loss_optimal"]) == pytest.approx(min(losses), rel=1e-5)
        at_optimal = mean_loss(logits(stack, inputs, {neuron: float(here[OPTIMAL])}), labels)
        assert at_optimal == pytest.approx(min(losses), rel=1e-5)
        for name, loss in zip(("zero", "mean", MODE), losses, strict=False):
            assert float(here[f"loss_{name}"]) == pytest.approx(loss, rel=1e-5)
            assert here["loss_optimal"] <= here[f"loss_{name}"]


def test_modes_in_closed_form() -> None:
    off = np.array([0, 0, 0, 0, 0.4, 5, 9, 10])  # mostly off: exactly 0
    high = np.array([0, 1, 8.1, 8.2, 8.9, 8.3, 3, 10])  # fullest from 8 to 9
    constant = np.full(8, 2.5)
    equal = np.arange(8.0)  # every bin alike: the lowest
    columns = np.stack([off, high, constant, equal], axis=1)
    assert modes(columns, 10).tolist() == [0, pytest.approx(8.25), 2.5, 0]


VALUES = arrays(np.float32, (20, 3), elements=st.floats(0, 100, width=32))


@given(VALUES)
@settings(deadline=None)
def test_no_bin_has_more_outputs_than_that_of_the_mode(values: np.ndarray) -> None:
    for column, mode in zip(values.T.astype(float), modes(values, 4), strict=True):
        low, high = column.min(), column.max()
        assert low <= mode <= high
        if low == high:
            continue
        place = np.minimum(np.floor((np.append(column, mode) - low) / (high - low) * 4), 3)
        times = [int((place[:-1] == bin_).sum()) for bin_ in range(4)]
        assert times[int(place[-1])] == max(times)


@pytest.fixture(scope="module")
def ablated(found: xr.Dataset) -> dict[str, xr.Dataset]:
    stack, (inputs, labels) = network(0), examples(0)
    outs = activations(stack, inputs, labels)
    measured = measure([outs], stack, MeasureSettings(3, ("threshold",), 1))
    means = outs["activation"].values[:, 0].mean(axis=1)
    put_out = {"mean": means} | {name: found[name].values for name in (MODE, OPTIMAL)}
    return ablate(stack, measured, *examples(9), SET, constants=put_out)


def test_every_replacement_against_forward_passes(
    found: xr.Dataset, ablated: dict[str, xr.Dataset]
) -> None:
    stack, (inputs, labels) = network(0), examples(9)
    unablated = np.concatenate(outputs(stack, inputs)[:-1], axis=1)
    means = activations(stack, *examples(0))["activation"].values[0, 0].mean(axis=0)
    fixed = {
        "zero": np.zeros(N_NEURONS),
        "mean": means,
        MODE: found[MODE].values[0].astype(np.float32),
        OPTIMAL: found[OPTIMAL].values[0].astype(np.float32),
    }
    starts = {"layer-1": 0, "layer-2": HIDDEN[0], "network": 0}
    for scope, group in ablated.items():
        of_seed = group.isel(seed=0)
        for place, replacement in enumerate(of_seed["replacement"].values):
            if replacement == RESAMPLE:
                draw = int(of_seed["repeat"].values[place]) % SET.draws
                put_out = unablated[other_examples(N, SET.study_seed, 0, draw)].T
            else:
                put_out = fixed[replacement]
            order = starts[scope] + of_seed["order"].values[place].astype(int)
            for k in range(len(order) + 1):
                values = logits(stack, inputs, {n: put_out[n] for n in order[:k]})
                own = of_seed.isel(ordering=place, removed=k)
                assert own["correct"] == (values.argmax(axis=1) == labels).sum()
                assert float(own["loss"]) == pytest.approx(mean_loss(values, labels), rel=1e-4)


def test_a_whole_network_that_is_resampled_predicts_the_other_example(
    ablated: dict[str, xr.Dataset],
) -> None:
    """All neurons have the same other example, so its prediction comes out at last."""
    stack, (inputs, labels) = network(0), examples(9)
    predicted = outputs(stack, inputs)[-1].argmax(axis=1)
    of_seed = ablated["network"].isel(seed=0, removed=-1)
    drawn = of_seed.isel(ordering=of_seed["replacement"].values == RESAMPLE)
    assert drawn.sizes["ordering"] == 2 * SET.draws + SET.random
    for place in range(drawn.sizes["ordering"]):
        draw = int(drawn["repeat"].values[place]) % SET.draws
        other = other_examples(N, SET.study_seed, 0, draw)
        assert drawn["correct"].values[place] == (predicted[other] == labels).sum()


def test_draws_are_permutations_and_differ() -> None:
    first, second = (other_examples(50, 0, 1, draw) for draw in (0, 1))
    np.testing.assert_array_equal(np.sort(first), np.arange(50))
    assert (first != second).any()
    np.testing.assert_array_equal(first, other_examples(50, 0, 1, 0))


def test_orderings_stand_once_for_every_draw() -> None:
    made = orderings_from((BY_INFORMATION,), 3, ("zero", RESAMPLE), controls=1, draws=2)
    drawn = [o for o in made if o.replacement == RESAMPLE]
    assert [o.repeat for o in drawn if o.measure != "random" and o.control == "none"] == [0, 1] * 2
    assert [o.repeat for o in drawn if o.measure == "random"] == [0, 1, 2]
    assert len(set(made)) == len(made)
    assert [o for o in made if o.replacement == "zero"] == orderings_from(
        (BY_INFORMATION,), 3, ("zero",), controls=1
    )


def test_the_table_compares_every_replacement_with_zero(ablated: dict[str, xr.Dataset]) -> None:
    condition = {
        "dataset": "digits",
        "architecture": "6-5",
        "activation": "relu",
        "regularizer": "none",
    }
    table = ranking.replaced(
        {"set": {scope: areas(curves) for scope, curves in ablated.items()}}, condition
    )
    assert set(table["replacement"]) == {f"{name} - zero" for name in EVERY[1:]}
    assert not table.duplicated(list(ranking.KEY)).any()
    group = ablated["layer-2"].isel(seed=0)
    share = group["correct"].mean("removed") / N
    for name in EVERY[1:]:
        wanted = group["direction"].values == "descending"
        zero, other = (
            float(share.values[wanted & (group["replacement"].values == r)].mean())
            for r in ("zero", name)
        )
        row = table[
            (table["replacement"] == f"{name} - zero")
            & (table["direction"] == "descending")
            & (table["scope"] == "layer-2")
        ]
        assert row["effect"].item() == pytest.approx(other - zero)
        assert ("standard error of the draws" in row["note"].item()) == (name == RESAMPLE)


def test_what_is_not_there_is_named(found: xr.Dataset) -> None:
    stack, (inputs, labels) = network(0), examples(0)
    outs = activations(stack, inputs, labels)
    measured = measure([outs], stack, MeasureSettings(3, ("threshold",), 1))
    few = replace(SET, replacements=("zero", MODE))
    with pytest.raises(ValueError, match="no constants are given for 'mode'"):
        ablate(stack, measured, inputs, labels, few)
    with pytest.raises(ValueError, match="outputs are of seed"):
        constants(network(1), [outs], np.zeros((1, N_NEURONS)), inputs, labels, SETTINGS)
    assert FOUND_CONSTANTS == (MODE, OPTIMAL)
    assert N_CLASSES == 3
