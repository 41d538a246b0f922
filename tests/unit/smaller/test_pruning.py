"""Pruned networks are ablated ones; fine-tuning with masks is training."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from neuroninfo.ablation import orders as ablation_orders
from neuroninfo.ablation.curves import cumulative
from neuroninfo.ablation.orders import Ordering, orders
from neuroninfo.figures import pruning as figures_pruning
from neuroninfo.files import storage, tables
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.forward import outputs
from neuroninfo.networks.modules import module
from neuroninfo.networks.stack import Architecture, Normalization, Stack, neuron_coordinates
from neuroninfo.results import pruning as results_pruning
from neuroninfo.smaller import pruning
from neuroninfo.smaller.magnitude import (
    as_module,
    fine_tune,
    n_weights,
    prune_by_magnitude,
)
from neuroninfo.smaller.settings import KeepBy, PruningSettings
from neuroninfo.training.loop import mean_outputs, train
from neuroninfo.training.settings import Regularizer, Settings
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import LAYERS, MAGNITUDE
from tests.unit.blocks import gathered
from tests.unit.pictures import (
    all_text_is_large_and_in_the_figure,
    greyscale_tells_what_colours_tell,
)

CONDITION = {
    "dataset": "mnist",
    "architecture": "6-5",
    "activation": "relu",
    "regularizer": "l2",
}

TRAINING = Settings(
    study_seed=3,
    dataset="probe",
    architecture="6-5",
    activation="relu",
    learning_rate=0.01,
    batch_size=16,
    epochs=9,
    activation_epochs=(9,),
    regularizer=Regularizer(l2=1e-3),
)
SETTINGS = PruningSettings(
    study_seed=3,
    measures=(KeepBy("mutual_information", "threshold"), KeepBy("random", "none")),
    kept=(0.2, 0.6, 1.0),
    epochs=2,
    training=replace(TRAINING, learning_rate=0.1),
)


def make_networks(
    rng: np.random.Generator,
    hidden: tuple[int, ...],
    activation: str = "relu",
    *,
    seeds: tuple[int, ...] = (4,),
    batch_norm: bool = False,
    on_a_grid: bool = False,
) -> Stack:
    """Normal weights, or integers and halves, with which relu networks are exact."""
    architecture = Architecture(7, hidden, 3, activation, batch_norm)

    def drawn(*shape: int) -> np.ndarray:
        values = rng.normal(size=(len(seeds), *shape))
        return (np.round(2 * values) / 2 if on_a_grid else values).astype(np.float32)

    sizes = zip(architecture.widths[:-1], architecture.widths[1:], strict=True)
    return Stack(
        architecture,
        seeds,
        [drawn(n_out, n_in) for n_in, n_out in sizes],
        [drawn(n_out) for n_out in architecture.widths[1:]],
        [
            Normalization(drawn(n), drawn(n), drawn(n), drawn(n) ** 2 + 0.1)
            for n in hidden
            if batch_norm
        ],
    )


def make_splits(rng: np.random.Generator, n: int = 60) -> dict[str, Split]:
    centres = rng.normal(size=(3, 7))
    splits = {}
    for name in ("train", "validation", "test"):
        labels = rng.integers(0, 3, n)
        inputs = centres[labels] + rng.normal(size=(n, 7))
        splits[name] = Split(torch.from_numpy(inputs.astype(np.float32)), torch.from_numpy(labels))
    return splits


def make_neurons(networks: Stack, rng: np.random.Generator) -> xr.Dataset:
    n = sum(networks.architecture.hidden)
    values = rng.random((len(networks.seeds), 1, n))
    return xr.Dataset(
        {"mutual_information": (("seed", "quantizer", "neuron"), values)},
        coords={"seed": list(networks.seeds), "quantizer": ["threshold"]}
        | neuron_coordinates(networks.architecture.hidden),
    )


def settings_of(**regularizer: object) -> Settings:
    return replace(TRAINING, epochs=2, activation_epochs=(), regularizer=Regularizer(**regularizer))


# ------------------------------------------------------------------ pruned networks


@pytest.mark.parametrize(
    ("share", "kept"),
    [(0.01, (1, 1)), (0.05, (5, 2)), (0.3, (30, 9)), (0.5, (50, 15)), (1, (100, 30))],
)
def test_layers_keep_a_share_and_at_least_one_neuron(share: float, kept: tuple[int, int]) -> None:
    assert pruning.widths((100, 30), share) == kept


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_shares_that_are_none(share: float) -> None:
    with pytest.raises(ValueError, match=r"kept: .* give numbers in \(0, 1\]"):
        pruning.widths((100,), share)


def masked(network: Stack, inputs: torch.Tensor, gone: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Logits with some neurons of the whole network replaced by constants."""
    folded = network.folded()
    edges = np.cumsum([0, *network.architecture.hidden])
    values = inputs.numpy()
    for layer, (weight, bias) in enumerate(zip(folded.weights, folded.biases, strict=True)):
        values = values @ weight[0].T + bias[0]
        if layer == len(edges) - 1:
            return values
        function = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}.get(
            network.architecture.activation
        ) or {"leaky_relu": nn.LeakyReLU(0.01), "silu": nn.SiLU()}[network.architecture.activation]
        values = function(torch.from_numpy(values)).numpy()
        here = gone[(gone >= edges[layer]) & (gone < edges[layer + 1])]
        values[:, here - edges[layer]] = to[here]
    raise AssertionError


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.booleans(),
    st.booleans(),
)
def test_a_pruned_network_is_the_ablated_one(
    seed: int, hidden: tuple[int, ...], activation: str, batch_norm: bool, balanced: bool
) -> None:
    rng = np.random.default_rng(seed)
    network = make_networks(rng, hidden, activation, batch_norm=batch_norm)
    inputs = torch.from_numpy(rng.normal(size=(20, 7)).astype(np.float32))
    kept = [np.sort(rng.permutation(width)[: rng.integers(1, width + 1)]) for width in hidden]
    edges = np.cumsum([0, *hidden])
    gone = np.setdiff1d(
        np.arange(sum(hidden)), np.concatenate([edges[i] + k for i, k in enumerate(kept)])
    )
    means = rng.normal(size=sum(hidden))
    smaller = pruning.pruned(network, kept, means if balanced else None)
    assert smaller.architecture.hidden == tuple(map(len, kept))
    assert [w.shape[1:] for w in smaller.weights] == [
        (b, a)
        for a, b in zip(
            smaller.architecture.widths[:-1], smaller.architecture.widths[1:], strict=True
        )
    ]
    logits = outputs(smaller.folded().tensors("cpu"), inputs)[-1][0]
    to = means if balanced else np.zeros(sum(hidden))
    expected = masked(network, inputs, gone, to)
    scale = max(1, np.abs(expected).max())
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("hidden", [(6,), (6, 5), (5, 1, 4)])
def test_it_is_exactly_that_where_sums_are_exact(hidden: tuple[int, ...], balanced: bool) -> None:
    rng = np.random.default_rng(0)
    network = make_networks(rng, hidden, on_a_grid=True)
    inputs = torch.from_numpy(rng.integers(-3, 4, size=(300, 7)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, 3, 300))
    means = rng.integers(0, 5, sum(hidden)) / 2 if balanced else np.zeros(sum(hidden))
    edges = np.cumsum([0, *hidden])
    kept = [np.sort(rng.permutation(width)[: max(1, width // 2)]) for width in hidden]
    gone = np.setdiff1d(
        np.arange(sum(hidden)), np.concatenate([edges[i] + k for i, k in enumerate(kept)])
    )
    smaller = pruning.pruned(network, kept, means if balanced else None)
    logits = outputs(smaller.tensors("cpu"), inputs)[-1][0]
    np.testing.assert_array_equal(logits, masked(network, inputs, gone, means))
    correct, _, _ = cumulative(
        network, inputs, labels, gone[None], constants=means.astype(np.float32)
    )
    assert correct[0, -1] == int((logits.argmax(-1) == labels).sum())


def test_all_neurons_kept_is_the_network() -> None:
    network = make_networks(np.random.default_rng(0), (4, 3), batch_norm=True)
    same = pruning.pruned(network, [np.arange(4), np.arange(3)], np.ones(7))
    for ours, theirs in zip(
        same.weights + same.biases, network.weights + network.biases, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(same.normalizations, network.normalizations, strict=True):
        for field in vars(ours):
            np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))


def test_the_best_neurons_of_each_layer() -> None:
    neurons = make_neurons(make_networks(np.random.default_rng(0), (3, 4)), np.random.default_rng())
    neurons["mutual_information"][0, 0] = [0.1, 0.3, 0.2, 0.9, 0.8, 0.7, 0.95]
    by = Ordering("mutual_information", "threshold", "descending")
    kept = pruning.best(neurons.isel(seed=0), by, (3, 4), (2, 2), 3)
    assert [k.tolist() for k in kept] == [[1, 2], [0, 3]]
    order = orders(neurons.isel(seed=0), [by], np.arange(3, 7), 3)[0]
    assert sorted(order[:2]) == [0, 3]


def test_parameters_are_counted_as_torch_counts_them() -> None:
    for batch_norm in (False, True):
        network = make_networks(np.random.default_rng(0), (4, 3), batch_norm=batch_norm)
        model = module(network)
        counted = sum(p.numel() for p in model.parameters())
        assert pruning.n_parameters(network.architecture) == counted
        weights = sum(m.weight.numel() for m in model if isinstance(m, nn.Linear))
        assert n_weights(network.architecture) == weights


# ------------------------------------------------------------------ torch's magnitude pruning


def test_neurons_of_least_norm_are_masked() -> None:
    network = make_networks(np.random.default_rng(0), (6, 5))
    model = module(network)
    prune_by_magnitude(model, "magnitude_neurons", replace(network.architecture, hidden=(2, 4)))
    linears = [m for m in model if isinstance(m, nn.Linear)]
    for linear, weight, n in zip(linears, network.weights, (2, 4), strict=False):
        norms = np.linalg.norm(weight[0], axis=1)
        on = (linear.weight != 0).any(1).numpy()
        assert np.flatnonzero(on).tolist() == sorted(np.argsort(norms)[-n:].tolist())
    assert (linears[-1].weight != 0).all()


def test_weights_of_least_magnitude_are_masked_over_all_layers() -> None:
    network = make_networks(np.random.default_rng(0), (6, 5))
    model = module(network)
    smaller = replace(network.architecture, hidden=(3, 2))
    prune_by_magnitude(model, "magnitude_weights", smaller)
    left = np.concatenate(
        [m.weight.detach().numpy().ravel() for m in model if isinstance(m, nn.Linear)]
    )
    everything = np.concatenate([weight.ravel() for weight in network.weights])
    n = n_weights(smaller)
    assert (left != 0).sum() == n == 7 * 3 + 3 * 2 + 2 * 3
    threshold = np.sort(np.abs(everything))[-n]
    np.testing.assert_array_equal(left, np.where(np.abs(everything) < threshold, 0, everything))


@pytest.mark.parametrize(
    "regularizer",
    [
        {},
        {"l2": 0.1},
        {"l1": 0.05},
        {"dropout": 0.4},
        {"label_smoothing": 0.2},
        {"batch_norm_momentum": 0.3, "l2": 0.1},
        {"input_dropout": 0.3},
        {"l2": 3.0, "decay": "decoupled"},
        {"l1": 0.05, "l2": 0.1, "decay_biases": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_fine_tuning_a_module_is_training_a_stack(
    regularizer: dict[str, float], optimizer: str
) -> None:
    """Two loops, written apart, end with the same weights."""
    rng = np.random.default_rng(1)
    batch_norm = "batch_norm_momentum" in regularizer
    # Tanh: an always-on relu neuron's shift is undone by the next batch norm, so its gradient is
    # rounding alone, which Adam makes large.
    network = make_networks(rng, (6, 5), "tanh", batch_norm=batch_norm)
    splits = make_splits(rng)
    how = replace(settings_of(**regularizer), optimizer=optimizer, momentum=0.5)
    expected = train(network.architecture, (4,), splits, how, initial=network).stack
    model = as_module(network, how)
    fine_tune(model, splits["train"], how)
    assert not model.training
    before = [a[0] for pair in zip(network.weights, network.biases, strict=True) for a in pair]
    ours = [p.detach().numpy() for m in model if isinstance(m, nn.Linear) for p in m.parameters()]
    theirs = [a[0] for pair in zip(expected.weights, expected.biases, strict=True) for a in pair]
    for a, b, was in zip(ours, theirs, before, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
        assert np.abs(a - was).max() > 1e-3
    for norm, n in zip(
        [m for m in model if isinstance(m, nn.BatchNorm1d)], expected.normalizations, strict=True
    ):
        np.testing.assert_allclose(norm.running_mean, n.mean[0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(norm.running_var, n.variance[0], rtol=1e-3, atol=1e-4)


def test_what_is_masked_stays_so() -> None:
    rng = np.random.default_rng(0)
    network = make_networks(rng, (6, 5))
    model = as_module(network, settings_of(l2=0.1))
    prune_by_magnitude(model, "magnitude_weights", replace(network.architecture, hidden=(3, 2)))
    before = [m.weight.detach().clone() for m in model if isinstance(m, nn.Linear)]
    fine_tune(model, make_splits(rng)["train"], settings_of(l2=0.1))
    after = [m.weight for m in model if isinstance(m, nn.Linear)]
    for was, now in zip(before, after, strict=True):
        assert (now[was == 0] == 0).all()
        assert (now[was != 0] != was[was != 0]).any()


# ------------------------------------------------------------------ the study


def study(seeds: tuple[int, ...]) -> tuple[xr.Dataset, Stack, xr.Dataset, dict[str, Split]]:
    everything = make_networks(np.random.default_rng(5), (6, 5), seeds=(4, 7))
    neurons = make_neurons(everything, np.random.default_rng(6))
    splits = make_splits(np.random.default_rng(7))
    positions = [everything.seeds.index(seed) for seed in seeds]
    chosen = slice(positions[0], positions[-1] + 1)
    networks = everything.of(chosen)
    means = mean_outputs(networks.tensors("cpu"), splits["train"].inputs, 1)
    result = pruning.compare(networks, neurons.isel(seed=chosen), means, splits, SETTINGS)
    return result, networks, neurons, splits


def test_layout_and_seeds_that_do_not_depend_on_each_other(tmp_path: Path) -> None:
    both, *_ = study((4, 7))
    assert dict(both.sizes) == {
        "seed": 2,
        "criterion": 4,
        "balancing": 2,
        "fine_tuning": 2,
        "kept": 3,
    }
    assert both["criterion"].values.tolist() == [
        "mutual_information",
        "random",
        "magnitude_neurons",
        "magnitude_weights",
    ]
    empty = both["accuracy"].isnull()
    assert empty.sel(criterion=list(MAGNITUDE), balancing=1).all()
    assert not empty.sel(balancing=0).any()
    assert not empty.sel(criterion=["mutual_information", "random"]).any()
    blocks = {seed: study((seed,))[0] for seed in (4, 7)}
    path = gathered(blocks, "pruned", asdict(SETTINGS), tmp_path)
    xr.testing.assert_equal(storage.read(path, "pruned").load(), both)


def test_accuracies_are_those_of_the_networks() -> None:
    result, networks, neurons, splits = study((4, 7))
    inputs, labels = splits["test"].inputs, splits["test"].labels
    for i in range(2):
        network = networks.of(slice(i, i + 1))
        means = mean_outputs(network.tensors("cpu"), splits["train"].inputs, 1)[0]
        by = Ordering("mutual_information", "threshold", "descending")
        ascending = replace(by, direction="ascending")
        for k, kept in enumerate([(1, 1), (4, 3), (6, 5)]):
            scopes = ablation_orders.scopes((6, 5), [LAYERS]).values()
            gone = np.concatenate(
                [
                    members[orders(neurons.isel(seed=i), [ascending], members, 3)[0]][
                        : len(members) - n
                    ]
                    for members, n in zip(scopes, kept, strict=True)
                ]
            )
            for balancing, constants in enumerate([np.zeros(11), means]):
                correct, _, _ = cumulative(
                    network, inputs, labels, gone[None].astype(int), constants=constants
                )
                ours = result["accuracy"].isel(
                    seed=i, criterion=0, balancing=balancing, fine_tuning=0, kept=k
                )
                assert round(float(ours) * 60) == correct[0, -1]
    whole = result["accuracy"].sel(fine_tuning=0, balancing=0, kept=1.0)
    np.testing.assert_array_equal(
        whole, result["accuracy_unpruned"].broadcast_like(whole).transpose(*whole.dims)
    )


def test_fine_tuning_helps_and_sizes_grow() -> None:
    result, *_ = study((4, 7))
    mean = result["accuracy"].mean(["seed", "criterion", "kept"])
    assert float(mean.sel(balancing=0, fine_tuning=1)) > float(mean.sel(balancing=0, fine_tuning=0))
    assert (result["parameters"].diff("kept") > 0).all()
    assert (
        result["parameters"].sel(kept=1.0).values.tolist()
        == [result.attrs["parameters_unpruned"]] * 4
    )
    small = result["parameters"].isel(kept=0).values.tolist()
    assert small == [7 + 1 + 1 + 1 + 3 + 3] * 3 + [7 + 1 + 3 + 6 + 5 + 3]


def test_networks_are_tuned_as_they_were_trained_but_never_stopped() -> None:
    trained = replace(TRAINING, regularizer=Regularizer(l2=1e-3, early_stopping=2))
    tuned = replace(SETTINGS, training=trained).fine_tuning
    assert tuned == replace(TRAINING, epochs=2, activation_epochs=())


def test_measures_of_other_networks() -> None:
    _, networks, neurons, splits = study((4,))
    with pytest.raises(ValueError, match=r"measures are of \(seeds, neurons\) \(\(4, 7\), 11\)"):
        pruning.compare(networks, neurons, np.zeros((1, 11)), splits, SETTINGS)


def test_summary_and_figure(tmp_path: Path) -> None:
    result, *_ = study((4, 7))
    table = results_pruning.summary(result, CONDITION)
    # Two measures balanced and not, two methods of torch not; fine-tuned and not; three sizes.
    assert len(table) == 1 + (2 * 2 + 2) * 2 * 3
    assert (table["n_seeds"] == 2).all()
    assert table.loc[0, "accuracy"] == pytest.approx(float(result["accuracy_unpruned"].mean()))
    for _, row in table.iloc[1:].iterrows():
        own = result.sel(kept=row["kept"]).isel(
            criterion=result["criterion"].values.tolist().index(row["criterion"]),
            balancing=row["balancing"],
            fine_tuning=row["fine_tuning"],
        )
        assert row["accuracy"] == pytest.approx(float(own["accuracy"].mean()))
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert row["parameters"] == int(own["parameters"])
    alone = results_pruning.summary(result.isel(criterion=[0]), CONDITION)
    kept = table["criterion"].isin(["mutual_information", results_pruning.UNPRUNED])
    assert alone.equals(table[kept].reset_index(drop=True))

    tables.write(table, tmp_path / "pruning.csv")
    drawn = figures_pruning.pruning(
        tables.read(tmp_path / "pruning.csv", results_pruning.COLUMNS), CONDITION
    )
    all_text_is_large_and_in_the_figure(drawn)
    greyscale_tells_what_colours_tell(drawn)
    titles = [ax.get_title(loc="left") for ax in drawn.axes]
    assert titles == ["zero", "balanced", "zero, fine-tuned", "balanced, fine-tuned"]
    for number, ax in enumerate(drawn.axes):
        line = ax.lines[0]
        expected = result["accuracy"].isel(
            criterion=0, balancing=number % 2, fine_tuning=number // 2
        )
        np.testing.assert_allclose(line.get_ydata(), 100 * expected.mean("seed"))
        # Methods of torch stand beside both.
        assert len(ax.lines) == 4 + 1
