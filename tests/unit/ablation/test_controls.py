"""Control orders keep what they say, and split an effect into the layers' share and the rest."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.orders import (
    Ordering,
    by_rank_within_layers,
    orderings_from,
    orders,
    permuted_within_layers,
)
from neuroninfo.ablation.settings import AblationSettings, OrderBy
from neuroninfo.networks.stack import Architecture, Stack, neuron_coordinates
from neuroninfo.results.curves import areas, mean_accuracy
from neuroninfo.vocabulary import LAYER_RANK, LAYER_SEQUENCE

HIDDEN, STUDY = (6, 4), 3
BY = OrderBy("mutual_information", "threshold", ("ascending", "descending"))


def neurons(values: np.ndarray, hidden: tuple[int, ...] = HIDDEN) -> xr.Dataset:
    """Measures (seeds, neurons) as in ``neurons.nc``."""
    return xr.Dataset(
        {"mutual_information": (("seed", "quantizer", "neuron"), values[:, None])},
        coords={"seed": np.arange(len(values)), "quantizer": ["threshold"]}
        | neuron_coordinates(hidden),
    )


@st.composite
def ordered(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An order, the layers, and a permutation."""
    widths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    n = sum(widths)
    order, shuffled = (np.array(draw(st.permutations(range(n)))) for _ in range(2))
    return order, np.repeat(np.arange(len(widths)), widths), shuffled


@given(ordered())
def test_a_permutation_within_layers_keeps_the_sequence_of_layers(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    order, layers, shuffled = drawn
    permuted = permuted_within_layers(order, layers, shuffled)
    assert sorted(permuted) == list(range(len(order)))
    np.testing.assert_array_equal(layers[permuted], layers[order])
    # Permuting again keeps it too: the share of the layers is that of any order of this sequence.
    again = permuted_within_layers(permuted, layers, order)
    np.testing.assert_array_equal(again, order)


@given(ordered())
def test_ranks_within_layers_keep_the_order_within_layers_and_nothing_between(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    order, layers, ties = drawn
    ranked = by_rank_within_layers(order, layers, ties)
    assert sorted(ranked) == list(range(len(order)))
    for layer in np.unique(layers):
        within = [neuron for neuron in ranked if layers[neuron] == layer]
        assert within == [neuron for neuron in order if layers[neuron] == layer]
    # After any number of steps all layers are equally far, to one neuron.
    for removed in range(len(order) + 1):
        for layer in np.unique(layers):
            width = (layers == layer).sum()
            gone = (layers[ranked[:removed]] == layer).sum()
            assert abs(gone - removed * width / len(order)) <= len(np.unique(layers))


def test_controls_stand_behind_the_orders_that_they_control() -> None:
    orderings = orderings_from([BY], random=1, controls=2)
    assert orderings[:3] == orderings_from([BY], random=1)
    assert [(o.direction, o.control, o.repeat) for o in orderings[3:]] == [
        (direction, control, repeat)
        for direction in ("ascending", "descending")
        for control, repeat in ((LAYER_SEQUENCE, 0), (LAYER_SEQUENCE, 1), (LAYER_RANK, -1))
    ]
    assert orderings_from([BY], random=1, controls=0) == orderings[:3]


def test_draws_differ_and_do_not_depend_on_the_measure() -> None:
    values = np.random.default_rng(0).random((1, 10))
    first, second = (
        Ordering("mutual_information", "threshold", "ascending", repeat, control=LAYER_SEQUENCE)
        for repeat in (0, 1)
    )
    one = neurons(values).isel(seed=0)
    a, b = orders(one, [first, second], np.arange(10), STUDY)
    assert not np.array_equal(a, b)
    scaled = orders(neurons(values**3).isel(seed=0), [first], np.arange(10), STUDY)[0]
    np.testing.assert_array_equal(scaled, a)


def networks(hidden: tuple[int, ...], seeds: int, random: np.random.Generator) -> Stack:
    widths = (5, *hidden, 3)
    pairs = list(itertools.pairwise(widths))
    return Stack(
        Architecture(5, hidden, 3, "relu"),
        tuple(range(seeds)),
        [random.normal(size=(seeds, m, n)).astype(np.float32) for n, m in pairs],
        [random.normal(size=(seeds, m)).astype(np.float32) for _, m in pairs],
        [],
    )


def ablated(values: np.ndarray, hidden: tuple[int, ...] = HIDDEN, controls: int = 3) -> dict:
    random = np.random.default_rng(1)
    inputs = random.normal(size=(40, 5)).astype(np.float32)
    labels = random.integers(0, 3, 40)
    settings = AblationSettings(STUDY, (BY,), 2, controls, ("zero",), ("layers", "network"), 2048)
    stack = networks(hidden, len(values), random)
    return ablate(stack, neurons(values, hidden), inputs, labels, settings)


def test_only_the_whole_network_of_several_layers_has_controls() -> None:
    groups = ablated(np.random.default_rng(0).random((2, 10)))
    assert set(groups["network"]["control"].values) == {"none", LAYER_SEQUENCE, LAYER_RANK}
    for scope in ("layer-1", "layer-2"):
        assert set(groups[scope]["control"].values) == {"none"}
    one = ablated(np.random.default_rng(0).random((2, 6)), (6,))
    assert set(one["network"]["control"].values) == {"none"}


def test_layers_with_separate_values_leave_nothing_but_their_share_to_permute() -> None:
    """All of layer 1 goes before layer 2: after 6 steps a control has removed the same neurons."""
    random = np.random.default_rng(0)
    values = np.concatenate([random.random((3, 6)), 2 + random.random((3, 4))], axis=1)
    network = ablated(values)["network"]
    ascending = network.isel(ordering=network["direction"].values == "ascending")
    sequence = ascending.isel(ordering=ascending["control"].values != LAYER_RANK)
    after_layer_1 = sequence["correct"].sel(removed=6)
    assert (after_layer_1 == after_layer_1.isel(ordering=0)).all()


@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_layers_of_equal_distributions_have_no_share(direction: str) -> None:
    """The measure says nothing of the layer: on average over many seeds the control is random."""
    values = np.random.default_rng(4).random((150, 10))
    network = areas(ablated(values, controls=5)["network"])
    share = (
        mean_accuracy(network, "mutual_information", "threshold", control=LAYER_SEQUENCE)[direction]
        - mean_accuracy(network, "mutual_information", "threshold")["random"]
    )
    standard_error = share.std(ddof=1) / np.sqrt(len(share))
    assert abs(share.mean()) < 4 * standard_error
    assert standard_error < 0.01
