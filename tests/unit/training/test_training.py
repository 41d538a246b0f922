"""Training against torch's autograd and Adam, and each seed as if it were alone."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from neuroninfo.data.datasets import Examples
from neuroninfo.files import storage
from neuroninfo.networks.activations import ACTIVATIONS, OUTPUT_RANGES
from neuroninfo.networks.stack import Architecture, Stack, from_dataset, hidden_widths, to_dataset
from neuroninfo.philox.numbers import Numbers
from neuroninfo.streams import Stream, generator
from neuroninfo.training import loop
from neuroninfo.training.devices import choose_device
from neuroninfo.training.layouts import (
    Trained,
    activations_dataset,
    history_dataset,
    network_dataset,
)
from neuroninfo.training.learner import Learner
from neuroninfo.training.loop import architecture_for, train
from neuroninfo.training.settings import Regularizer, Settings, Sgld
from neuroninfo.training.splits import Split, split_tensors
from neuroninfo.vocabulary import SPLITS

STUDY = 11
CPU = torch.device("cpu")
NO_EPOCHS: tuple[int, ...] = ()


@pytest.fixture
def double() -> Iterator[None]:
    """Everything in float64: the algebra alone, since Adam turns rounding into steps."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def splits(n_train: int = 11, n_inputs: int = 7, n_classes: int = 4) -> dict[str, Split]:
    rng = np.random.default_rng(3)
    return {
        name: Split(
            torch.from_numpy(rng.normal(size=(n, n_inputs))).to(torch.get_default_dtype()),
            torch.from_numpy(rng.integers(0, n_classes, n)),
        )
        for name, n in zip(SPLITS, (n_train, 9, 8), strict=True)
    }


def settings(name: str = "5-3", **changes: object) -> Settings:
    plain = Settings(STUDY, "probe", name, "relu", 1e-2, 4, 2, NO_EPOCHS, Regularizer())
    return replace(plain, **changes)


def trained(
    seeds: tuple[int, ...],
    data: dict[str, Split],
    chosen: Settings,
    *,
    activation: str = "relu",
    **options: object,
) -> Trained:
    architecture = Architecture(
        data["train"].inputs.shape[1],
        hidden_widths(chosen.architecture),
        int(data["train"].labels.max()) + 1,
        activation,
        chosen.regularizer.batch_norm_momentum is not None,
        chosen.regularizer.output_bits,
    )
    return train(architecture, seeds, data, chosen, **options)


def arrays(stack: Stack, position: int) -> dict[str, Tensor]:
    """All arrays of one network, named as torch names them in `Plain`."""
    found = {}
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        found[f"linear.{layer}.weight"] = weight[position]
        found[f"linear.{layer}.bias"] = bias[position]
    for layer, n in enumerate(stack.normalizations):
        found[f"norm.{layer}.weight"] = n.scale[position]
        found[f"norm.{layer}.bias"] = n.shift[position]
        found[f"norm.{layer}.running_mean"] = n.mean[position]
        found[f"norm.{layer}.running_var"] = n.variance[position]
    return found


class Signs(torch.autograd.Function):
    """Straight-through, as of Hubara et al. 2016, algorithm 1: no gradient beyond 1."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor) -> Tensor:
        ctx.save_for_backward(weights)
        return torch.where(weights >= 0, 1.0, -1.0).to(weights.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        return gradient * (weights.abs() <= 1)


class Plain(nn.Module):
    """The same network as torch's modules; only the masks of dropout are ours."""

    def __init__(self, stack: Stack, position: int, regularizer: Regularizer) -> None:
        super().__init__()
        architecture = stack.architecture
        self.p, self.p_inputs = regularizer.dropout, regularizer.input_dropout
        self.deviation, self.bits = regularizer.noise, regularizer.output_bits
        self.binary = regularizer.binary_weights
        self.range = OUTPUT_RANGES.get(architecture.activation)
        self.activation = getattr(nn.functional, architecture.activation)
        self.linear = nn.ModuleList(map(nn.Linear, architecture.widths, architecture.widths[1:]))
        momentum = regularizer.batch_norm_momentum
        self.norm = nn.ModuleList(
            nn.BatchNorm1d(width, momentum=momentum)
            for width in architecture.hidden
            if momentum is not None
        )
        self.load_state_dict(
            {name: array.clone() for name, array in arrays(stack, position).items()}, strict=False
        )
        self.masks, self.noise = (
            Numbers(STUDY, stream, (stack.seeds[position],), len(self.linear), CPU)
            for stream in (Stream.DROPOUT, Stream.NOISE)
        )
        self.step = 0

    def forward(self, values: Tensor) -> list[Tensor]:
        results = []
        self.step += self.training
        if self.training and self.p_inputs:
            values = values * self._mask(0, self.p_inputs, values.shape)
        for layer, linear in enumerate(self.linear[:-1], 1):
            weights = Signs.apply(linear.weight) if self.binary else linear.weight
            values = nn.functional.linear(values, weights, linear.bias)
            if len(self.norm):
                values = self._normalized(self.norm[layer - 1], values)
            values = self.activation(values)
            if self.bits is not None:
                values = self._rounded(values)
            results.append(values)
            if self.training and self.deviation:
                here = range(self.step, self.step + 1)
                drawn = self.noise.gaussians(slice(1), layer, here, values.numel())
                values = values + self.deviation * drawn.view(values.shape)
            if self.training and self.p:
                values = values * self._mask(layer, self.p, values.shape)
        return [*results, self.linear[-1](values)]

    def computed(self) -> dict[str, Tensor]:
        """The parameters that it computes with."""
        found = self.state_dict()
        for layer in range(len(self.linear) - 1 if self.binary else 0):
            found[f"linear.{layer}.weight"] = Signs.apply(found[f"linear.{layer}.weight"])
        return found

    def _normalized(self, norm: nn.BatchNorm1d, values: Tensor) -> Tensor:
        if self.training and len(values) == 1:  # torch refuses; (x - mean of x) / sd is 0
            return (values - values.mean(0)) * norm.weight + norm.bias
        return norm(values)

    def _rounded(self, values: Tensor) -> Tensor:
        """Straight-through: the gradient is that of cutting off at the ends of the range."""
        low, high = self.range
        values = values.clamp(low, high)
        step = (high - low) / (2**self.bits - 1)
        rounded = low + step * torch.round((values - low) / step)
        return values + (rounded - values).detach()

    def _mask(self, layer: int, p: float, shape: tuple[int, int]) -> Tensor:
        """Of 2^16 values of 16 random bits the p lowest are dropped; the mean is kept."""
        here, dropped = range(self.step, self.step + 1), np.array([round(p * 2**16)])
        return self.masks.factors(slice(1), layer, here, math.prod(shape), dropped).view(shape)


def trained_by_torch(
    network: Plain, data: Split, chosen: Settings, seed: int | None = None
) -> np.ndarray:
    """Train, and return what sgld tells of an example by epoch, (epochs, `bounds.PRIORS`)."""
    regularizer = chosen.regularizer
    biases = [linear.bias for linear in network.linear]
    decayed = [linear.weight for linear in network.linear] + biases * regularizer.decay_biases
    others = list(network.norm.parameters()) + biases * (not regularizer.decay_biases)
    # Torch has AdamW, but no SGD of that kind.
    shrinks = regularizer.decay == "decoupled" and chosen.optimizer != "adam"
    groups = [
        {"params": decayed, "weight_decay": 0.0 if shrinks else regularizer.l2},
        {"params": others, "weight_decay": 0.0},
    ]
    noise: Numbers | None = None
    if chosen.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, lr=chosen.learning_rate, momentum=chosen.momentum)
    elif chosen.optimizer == "sgld":
        optimizer = torch.optim.SGD(groups, lr=chosen.learning_rate)
        noise = Numbers(STUDY, Stream.SGLD, (seed or 0,), len(network.linear), CPU)
    elif regularizer.decay == "decoupled":
        optimizer = torch.optim.AdamW(groups, lr=chosen.learning_rate)
    else:
        optimizer = torch.optim.Adam(groups, lr=chosen.learning_rate)
    network.train()
    step = 0
    known = np.zeros((chosen.epochs, 2))
    for epoch in range(1, chosen.epochs + 1):
        order = generator(
            STUDY, Stream.BATCH_ORDER, chosen.dataset, chosen.architecture, epoch
        ).permutation(len(data.labels))
        for start in range(0, len(order), chosen.batch_size):
            batch = order[start : start + chosen.batch_size]
            optimizer.zero_grad()
            logits = network(data.inputs[batch])[-1]
            smoothing = chosen.regularizer.label_smoothing
            loss = nn.functional.cross_entropy(
                logits, data.labels[batch], label_smoothing=smoothing
            )
            if noise is not None:
                each = nn.functional.cross_entropy(
                    logits, data.labels[batch], label_smoothing=smoothing, reduction="none"
                )
                moved = moved_by_torch(network, each, chosen.sgld.clipping_norm)
                deviation = chosen.sgld.noise * (step + 1) ** -chosen.sgld.noise_decay
                divergence = (chosen.learning_rate * moved) ** 2 / (2 * deviation**2)
                known[epoch - 1 :] += divergence.sum(axis=0) / len(data.labels)
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), chosen.sgld.clipping_norm)
                loss = torch.zeros(())
            for parameter in decayed:
                loss = loss + regularizer.l1 * parameter.abs().sum()
            loss.backward()
            for parameter in decayed if shrinks else ():
                parameter.data -= chosen.learning_rate * regularizer.l2 * parameter.data
            optimizer.step()
            for linear in network.linear[:-1] if network.binary else ():
                linear.weight.data.clamp_(-1, 1)
            step += 1
            for layer, linear in enumerate(network.linear if noise is not None else ()):
                here, n_weights = range(step, step + 1), linear.weight.numel()
                count = n_weights + linear.bias.numel()
                drawn = noise.gaussians(slice(1), layer, here, count).flatten()
                scale = chosen.sgld.noise * step**-chosen.sgld.noise_decay
                linear.weight.data += scale * drawn[:n_weights].view(linear.weight.shape)
                linear.bias.data += scale * drawn[n_weights:]
    network.eval()
    return known


def moved_by_torch(network: Plain, losses: Tensor, clipping_norm: float) -> np.ndarray:
    """(n, 2) how far the clipped gradient is from that of the others alone, and with 0 for one."""
    weights = list(network.parameters())
    each = torch.stack(
        [
            torch.cat([g.ravel() for g in torch.autograd.grad(loss, weights, retain_graph=True)])
            for loss in losses
        ]
    )

    def clipped(gradient: Tensor) -> Tensor:
        return gradient * min(1, clipping_norm / max(float(gradient.norm()), 1e-300))

    with_it, found = clipped(each.mean(0)), []
    for position in range(len(each)):
        others = torch.cat([each[:position], each[position + 1 :]])
        instead = others.mean(0) if len(others) else 0 * with_it
        found.append(
            [
                float((with_it - clipped(instead)).norm()),
                float((with_it - clipped(others.sum(0) / len(each))).norm()),
            ]
        )
    return np.array(found)


REGULARIZERS = {
    "none": Regularizer(),
    "l2": Regularizer(l2=0.1),
    "dropout": Regularizer(dropout=0.3),
    "batchnorm": Regularizer(batch_norm_momentum=0.2),
    "l1": Regularizer(l1=0.05),
    "smoothing": Regularizer(label_smoothing=0.2),
    "noise": Regularizer(noise=0.3, dropout=0.2),
    "bits": Regularizer(output_bits=2, noise=0.1),
    "binary": Regularizer(binary_weights=True, dropout=0.2),
    "binary all": Regularizer(
        binary_weights=True, batch_norm_momentum=0.2, label_smoothing=0.1, input_dropout=0.2
    ),
    "inputs": Regularizer(input_dropout=0.4, dropout=0.2),
    "decoupled": Regularizer(l2=3.0, decay="decoupled", dropout=0.2),
    "weights": Regularizer(l1=0.05, l2=0.1, batch_norm_momentum=0.2, decay_biases=False),
    "decoupled weights": Regularizer(l2=3.0, decay="decoupled", decay_biases=False),
    "all": Regularizer(l1=0.05, l2=0.1, dropout=0.3, batch_norm_momentum=0.2, label_smoothing=0.1),
}


def untrained(chosen: Settings) -> Settings:
    """Settings of the networks that training begins with; latent weights are real."""
    real = replace(chosen.regularizer, binary_weights=False)
    return replace(chosen, epochs=0, activation_epochs=(), regularizer=real)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("batch_size", [4, 5, 1])  # of 11: an odd last batch, of one, all of one
@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_is_that_of_torch(activation: str, regularizer: str, batch_size: int) -> None:
    if regularizer == "bits" and activation not in OUTPUT_RANGES:
        with pytest.raises(ValueError, match=rf"'{activation}' has no range .* 2 bits"):
            trained(
                (3,), splits(), settings(regularizer=REGULARIZERS["bits"]), activation=activation
            )
        return
    data = splits()
    chosen = settings(
        batch_size=batch_size,
        regularizer=REGULARIZERS[regularizer],
        activation_epochs=(2,),
    )
    at_start = trained((3, 8), data, untrained(chosen), activation=activation)
    ours = trained((3, 8), data, chosen, activation=activation)
    for position in range(2):
        network = Plain(at_start.stack, position, chosen.regularizer)
        start = network.linear[-1].bias.detach().clone()
        trained_by_torch(network, data["train"], chosen)
        theirs = network.computed()
        assert (theirs["linear.2.bias"] - start).abs().max() > chosen.learning_rate
        for name, array in arrays(ours.stack, position).items():
            torch.testing.assert_close(array, theirs[name], rtol=1e-6, atol=1e-7, msg=name)
        for number, name in enumerate(SPLITS):
            with torch.no_grad():
                *hidden, logits = network(data[name].inputs)
            loss = nn.functional.cross_entropy(logits, data[name].labels)
            accuracy = (logits.argmax(1) == data[name].labels).double().mean()
            assert ours.loss[position, -1, number] == pytest.approx(float(loss), rel=1e-6)
            assert ours.accuracy[position, -1, number] == pytest.approx(float(accuracy))
            if name == "validation":
                np.testing.assert_allclose(
                    ours.activations[position, 0], torch.cat(hidden, 1), rtol=1e-5, atol=1e-6
                )
                np.testing.assert_allclose(ours.outputs[position, 0], logits, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("momentum", [0.8, 0.0])
def test_sgd_with_momentum_is_that_of_torch(regularizer: str, momentum: float) -> None:
    data = splits()
    chosen = settings(regularizer=REGULARIZERS[regularizer], optimizer="sgd", momentum=momentum)
    start = trained((3, 8), data, untrained(chosen)).stack
    ours = trained((3, 8), data, chosen).stack
    for position in range(2):
        network = Plain(start, position, chosen.regularizer)
        trained_by_torch(network, data["train"], chosen)
        theirs = network.computed()
        for name, array in arrays(ours, position).items():
            torch.testing.assert_close(array, theirs[name], rtol=1e-6, atol=1e-7, msg=name)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "regularizer", ["none", "l2", "l1", "dropout", "smoothing", "inputs", "decoupled weights"]
)
def test_sgld_is_clipped_sgd_of_torch_with_noise(regularizer: str) -> None:
    data = splits()
    chosen = settings(
        regularizer=REGULARIZERS[regularizer],
        optimizer="sgld",
        learning_rate=0.1,
        sgld=Sgld(clipping_norm=0.3, noise=0.05, noise_decay=0.4),
    )
    start = trained((3, 8), data, replace(chosen, epochs=0)).stack
    for together in (1, 2):
        ours = trained((3, 8), data, chosen, together=together).stack
        for position, seed in enumerate((3, 8)):
            network = Plain(start, position, chosen.regularizer)
            trained_by_torch(network, data["train"], chosen, seed)
            for name, array in arrays(ours, position).items():
                torch.testing.assert_close(
                    array, network.state_dict()[name], rtol=1e-5, atol=1e-6, msg=name
                )


def test_sgld_without_noise_and_clipping_is_sgd() -> None:
    chosen = settings(regularizer=REGULARIZERS["dropout"], optimizer="sgd")
    plain = trained((3, 8), splits(), chosen)
    noisy = trained((3, 8), splits(), replace(chosen, optimizer="sgld", sgld=Sgld(), momentum=0.7))
    assert_same(noisy, [0, 1], plain, [0, 1])
    assert plain.information is None
    assert "information" not in history_dataset(plain)
    assert noisy.information is not None
    assert noisy.information.tolist() == [0, math.inf, math.inf]


def test_information_of_sgld_is_recorded() -> None:
    """11 examples in batches of 4 are 3 steps an epoch; 7-5-3-4 has 74 parameters."""
    chosen = settings(optimizer="sgld", learning_rate=0.2, sgld=Sgld(0.5, 0.1, 0.5))
    history = history_dataset(trained((3, 8), splits(), chosen))
    terms = [37 * math.log(1 + 0.01 / (74 * 0.01 / t)) for t in range(1, 7)]
    np.testing.assert_allclose(history["information"], [0, sum(terms[:3]), sum(terms)])
    assert history["information"].attrs["units"] == "nat"
    assert history["example_information"].dims == ("seed", "epoch", "prior")


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("regularizer", ["none", "all but norm", "noise"])
@pytest.mark.parametrize("clipping_norm", [0.3, 1.2, math.inf])
@pytest.mark.parametrize("batch_size", [4, 5, 11])  # an odd last batch, of one, and no other
def test_information_of_an_example_is_that_of_autograd(
    regularizer: str, clipping_norm: float, batch_size: int
) -> None:
    data = splits()
    chosen = settings(
        regularizer=(REGULARIZERS | {"all but norm": Regularizer(0.05, 0.1, 0.3, None, 0.1)})[
            regularizer
        ],
        optimizer="sgld",
        learning_rate=0.1,
        batch_size=batch_size,
        sgld=Sgld(clipping_norm, noise=0.05, noise_decay=0.4),
    )
    start = trained((3, 8), data, replace(chosen, epochs=0)).stack
    for together in (1, 2):
        ours = trained((3, 8), data, chosen, together=together).example_information
        assert ours[:, 0].tolist() == [[0, 0], [0, 0]]
        for position, seed in enumerate((3, 8)):
            network = Plain(start, position, chosen.regularizer)
            known = trained_by_torch(network, data["train"], chosen, seed)
            assert (known > 0).all()
            np.testing.assert_allclose(ours[position, 1:], known, rtol=1e-6)


def test_an_example_like_all_others_tells_nothing() -> None:
    """The mean gradient of the others is its own."""
    data = splits(8)
    data["train"].inputs[:] = data["train"].inputs[0]
    data["train"].labels[:] = 3
    chosen = settings(optimizer="sgld", sgld=Sgld(math.inf, 0.1))
    known = trained((3,), data, chosen).example_information
    np.testing.assert_allclose(known[0, :, 0], 0, atol=1e-9)
    assert (known[0, 1:, 1] > 1e-4).all()
    silent = trained((3,), data, replace(chosen, sgld=Sgld(math.inf, 0.0))).example_information
    assert math.isinf(silent[0, -1, 1])
    assert trained((3,), data, settings()).example_information is None


def test_sgld_goes_with_no_batch_norm() -> None:
    chosen = settings(optimizer="sgld", sgld=Sgld(), regularizer=REGULARIZERS["batchnorm"])
    with pytest.raises(RuntimeError, match="running statistics"):
        trained((3,), splits(), chosen)


@pytest.mark.parametrize("together", [1, 2])
def test_networks_of_a_stack_with_examples_of_their_own(together: int) -> None:
    data, chosen = splits(20), settings(regularizer=REGULARIZERS["dropout"])
    rows = torch.tensor([[0, 3, 5, 7, 11, 12], [1, 2, 3, 19, 8, 6]])
    whole = data["train"]
    own = data | {"train": Split(whole.inputs, whole.labels, rows)}
    ours = trained((3, 8), own, chosen, together=together, gathered_bytes=100)
    for position, seed in enumerate((3, 8)):
        part = Split(whole.inputs[rows[position]], whole.labels[rows[position]])
        alone = train(ours.stack.architecture, (seed,), data | {"train": part}, chosen, together=1)
        for name, array in arrays(ours.stack, position).items():
            torch.testing.assert_close(array, arrays(alone.stack, 0)[name], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.loss[position], alone.loss[0], rtol=1e-5)
        np.testing.assert_allclose(ours.accuracy[position], alone.accuracy[0])


def test_history_of_some_epochs() -> None:
    whole = trained((3,), splits(), settings())
    some = trained((3,), splits(), settings(), history_epochs=(0, 2))
    np.testing.assert_array_equal(some.loss[:, [0, 2]], whole.loss[:, [0, 2]])
    assert np.isnan(some.loss[:, 1]).all()
    patient = settings(regularizer=EARLY)
    with pytest.raises(RuntimeError, match="early stopping"):
        trained((3,), splits(), patient, history_epochs=(2,))


@pytest.mark.parametrize("patience", [None, 1])
def test_loss_on_the_train_split_after_the_last_epoch(patience: int | None) -> None:
    """And of the networks that early stopping keeps: the same numbers as after every epoch."""
    regularizer = Regularizer(early_stopping=patience)
    chosen = settings(epochs=6, learning_rate=0.05, regularizer=regularizer)
    last = trained((3, 8), splits(), chosen)
    whole = trained((3, 8), splits(), replace(chosen, train_loss="every_epoch"))
    assert np.isfinite(whole.loss).all()
    if patience is not None:
        assert (last.final_epoch < 6).all()
    train = SPLITS.index("train")
    there = np.ones(last.loss.shape, dtype=bool)
    there[:, :6, train] = False
    there[np.arange(2), last.final_epoch, train] = True
    for name in ("loss", "accuracy"):
        some, all_of_them = getattr(last, name), getattr(whole, name)
        np.testing.assert_array_equal(some, np.where(there, all_of_them, np.nan))


@pytest.mark.usefixtures("double")
def test_no_gradient_beyond_the_range_of_few_bits() -> None:
    data = splits()
    data["train"].inputs.mul_(20)  # many outputs of relu are above 6, where they are cut off
    chosen = settings(regularizer=Regularizer(output_bits=3))
    start = trained((3, 8), data, replace(chosen, epochs=0)).stack
    ours = trained((3, 8), data, chosen).stack
    for position in range(2):
        network = Plain(start, position, chosen.regularizer)
        with torch.no_grad():
            assert (network(data["train"].inputs)[0] == 6).any()
        trained_by_torch(network, data["train"], chosen)
        for name, array in arrays(ours, position).items():
            torch.testing.assert_close(
                array, network.state_dict()[name], rtol=1e-6, atol=1e-7, msg=name
            )


def test_training_in_float32() -> None:
    data, chosen = splits(), settings(regularizer=Regularizer(l2=1e-3, dropout=0.3))
    start = trained((0,), data, replace(chosen, epochs=0), activation="tanh").stack
    ours = arrays(trained((0,), data, chosen, activation="tanh").stack, 0)
    network = Plain(start, 0, chosen.regularizer)
    trained_by_torch(network, data["train"], chosen)
    for name, array in ours.items():
        assert array.dtype == torch.float32
        torch.testing.assert_close(array, network.state_dict()[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gathered", [1, 4 * 7 * 9])  # a batch; 9 examples: chunks of 2 batches
def test_gathering_in_chunks_changes_nothing(gathered: int) -> None:
    data = splits(50)
    whole = trained((1, 2), data, settings())
    chunked = trained((1, 2), data, settings(), gathered_bytes=gathered)
    assert_same(whole, [0, 1], chunked, [0, 1])


EARLY = replace(REGULARIZERS["all"], l1=0.0, l2=0.0, early_stopping=2)


@pytest.mark.parametrize("patience", [1, 2, 5, 30])
def test_early_stopping(patience: int) -> None:
    """The weights are those of the best epoch that a plain loop with patience finds."""
    data = splits(40)
    regularizer = replace(EARLY, early_stopping=patience)
    chosen = settings(
        epochs=25,
        learning_rate=0.03,
        regularizer=regularizer,
        activation_epochs=(0, 25),
        train_loss="every_epoch",
    )
    found = trained((3, 8, 5), data, chosen)
    through = trained(
        (3, 8, 5), data, replace(chosen, regularizer=replace(regularizer, early_stopping=None))
    )
    np.testing.assert_array_equal(found.loss, through.loss)  # history goes on to the end
    np.testing.assert_array_equal(through.final_epoch, 25)
    for position in range(3):
        best, lowest, waited = 0, math.inf, 0
        for epoch, loss in enumerate(found.loss[position, 1:, SPLITS.index("validation")], 1):
            waited += 1
            if loss < lowest:
                best, lowest, waited = epoch, loss, 0
            if waited == patience:
                break
        assert found.final_epoch[position] == best
        # At the epoch 25 of the activations stands the network that is kept.
        until = replace(chosen, epochs=best, activation_epochs=(0, best))
        expected = trained(
            (3, 8, 5), data, replace(until, regularizer=replace(regularizer, early_stopping=None))
        )
        expected.loss = expected.accuracy = found.loss  # of other lengths
        found.accuracy = found.loss
        assert_same(found, [position], expected, [position])
    if patience in (1, 30):
        assert (found.final_epoch < 25).all()


def test_training_is_watched_and_not_disturbed() -> None:
    data, seen = splits(), {}

    def observe(epoch: int, stack: Stack) -> None:
        seen[epoch] = [weight.clone() for weight in stack.weights]

    watched = trained((2, 5), data, settings(), observe=observe)
    alone = trained((2, 5), data, settings())
    assert list(seen) == [0, 1, 2]
    for ours, theirs, last in zip(watched.stack.weights, alone.stack.weights, seen[2], strict=True):
        assert np.array_equal(ours, theirs)
        assert np.array_equal(ours, last)
    shorter = trained((2, 5), data, settings(epochs=1))
    for ours, at_one in zip(shorter.stack.weights, seen[1], strict=True):
        assert np.array_equal(ours, at_one)


def test_training_goes_on_from_given_weights() -> None:
    data = splits()
    chosen = settings(regularizer=REGULARIZERS["all"])
    start = trained((3, 8), data, replace(chosen, epochs=0)).stack
    before = [array.clone() for array in arrays(start, 0).values()]
    for given in (start, start.numpy()):
        again = trained((3, 8), data, chosen, initial=given)
        assert_same(trained((3, 8), data, chosen), [0, 1], again, [0, 1])
    for array, was in zip(arrays(start, 0).values(), before, strict=True):
        torch.testing.assert_close(array, was, rtol=0, atol=0)
    other = trained((3, 8), data, chosen).stack
    first = trained((3, 8), data, chosen, initial=other).stack
    assert not torch.equal(first.weights[0], other.weights[0])
    with pytest.raises(RuntimeError, match=r"initial weights are of .* seeds \[3, 8\]"):
        trained((3, 9), data, chosen, initial=other)


@pytest.mark.parametrize("regularizer", ["none", "all"])
def test_mean_outputs_are_those_of_the_train_split(regularizer: str) -> None:
    data = splits(3000)
    found = trained((3, 8), data, settings(regularizer=REGULARIZERS[regularizer], epochs=1))
    for position in range(2):
        network = Plain(found.stack, position, REGULARIZERS[regularizer])
        with torch.no_grad():
            *hidden, _ = network.eval()(data["train"].inputs)
        means = torch.cat(hidden, 1).double().mean(0)
        np.testing.assert_allclose(found.means[position], means, rtol=1e-5, atol=1e-6)


def assert_same(a: Trained, positions_a: list[int], b: Trained, positions_b: list[int]) -> None:
    """Bitwise, with history and activations."""
    for i, j in zip(positions_a, positions_b, strict=True):
        ours, theirs = arrays(a.stack, i), arrays(b.stack, j)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert ours[name].numpy().tobytes() == theirs[name].numpy().tobytes(), name
        for name in ("loss", "accuracy", "activations", "outputs", "means"):
            assert getattr(a, name)[i].tobytes() == getattr(b, name)[j].tobytes(), name


BLOCKS = [
    # threads, architecture, inputs, examples (of batches of 32), activation, regularizer
    (1, "1", 37, 90, "relu", "none"),
    (1, "1", 64, 65, "sigmoid", "all"),
    (1, "2-3", 37, 90, "tanh", "none"),
    (1, "2-3", 64, 97, "sigmoid", "all"),
    (1, "30-30", 37, 90, "sigmoid", "none"),
    (1, "30-30", 64, 97, "tanh", "all"),
    (1, "30-30", 37, 90, "silu", "all"),
    (1, "30-30", 37, 90, "leaky_relu", "l1"),
    (1, "30-30", 64, 97, "relu", "early"),
    (1, "30-30", 37, 90, "relu", "inputs"),
    (1, "30-30", 37, 90, "tanh", "binary all"),
    (1, "30-30", 37, 90, "tanh", "decoupled weights"),
    (1, "100-100", 784, 97, "relu", "weights"),
    (1, "100-100", 37, 90, "relu", "none"),
    (1, "100-100", 784, 97, "sigmoid", "all"),
    (2, "2-3", 37, 65, "relu", "all"),
    (2, "100-100", 784, 65, "sigmoid", "all"),
]


@pytest.mark.parametrize(("threads", "name", "n_inputs", "n", "activation", "regularizer"), BLOCKS)
def test_a_seed_is_bitwise_what_it_is_alone(
    threads: int, name: str, n_inputs: int, n: int, activation: str, regularizer: str
) -> None:
    torch.set_num_threads(threads)
    data = splits(n, n_inputs, 10)
    chosen = settings(
        name,
        batch_size=32,
        activation_epochs=(0, 2),
        regularizer=EARLY if regularizer == "early" else REGULARIZERS[regularizer],
    )
    blocks = [(9,), (0, 1), (4, 2, 0), tuple(range(5)), tuple(range(10))]
    if threads > 1:  # where cores are shared, threads wait for each other
        blocks = blocks[:3]
    alone = {
        seed: trained((seed,), data, chosen, activation=activation)
        for seed in set(itertools.chain(*blocks))
    }
    distinct = {arrays(one.stack, 0)["linear.0.weight"].numpy().tobytes() for one in alone.values()}
    assert len(distinct) == len(alone)
    for seeds in blocks:
        block = trained(seeds, data, chosen, activation=activation)
        assert block.stack.seeds == seeds
        for position, seed in enumerate(seeds):
            assert_same(block, [position], alone[seed], [0])


@pytest.mark.parametrize("optimizer", ["adam", "sgld"])
@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize(("name", "n_inputs"), [("30-20", 64), ("100", 784)])
def test_products_of_matrices_have_the_bits_of_a_stack_of_one(
    name: str, n_inputs: int, regularizer: str, optimizer: str
) -> None:
    given = REGULARIZERS[regularizer]
    normed = given.batch_norm_momentum is not None
    if optimizer == "sgld" and (normed or given.binary_weights):
        return  # there is no such training
    chosen = settings(
        name,
        batch_size=32,
        regularizer=given,
        optimizer=optimizer,
        sgld=Sgld(1.0, 1e-3) if optimizer == "sgld" else None,
    )
    data = splits(90, n_inputs, 10)["train"]
    architecture = Architecture(
        n_inputs, hidden_widths(name), 10, "tanh", normed, chosen.regularizer.output_bits
    )
    flat, stacked = (
        Learner(architecture, (3, 8), torch.device("cpu"), chosen, 1, 2**20) for _ in range(2)
    )
    assert [group.shape for group in flat.groups] == [(), ()]
    stacked.groups = [stacked.group(slice(number, number + 1)) for number in range(2)]
    assert [group.shape for group in stacked.groups] == [(1,), (1,)]
    for epoch in (1, 2):
        flat.run_epoch(data, epoch)
        stacked.run_epoch(data, epoch)
    ours, theirs = flat.checkpoint(), stacked.checkpoint()
    assert ours.keys() == theirs.keys()
    for key in ours:
        assert ours[key].tobytes() == theirs[key].tobytes(), key


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("together", [2, 3, 5])
def test_networks_in_one_product(together: int) -> None:
    """The way of CUDA, where a stack is one batched product."""
    data, seeds = splits(23), (0, 1, 5, 6, 9)
    chosen = settings(regularizer=REGULARIZERS["all"], activation_epochs=(0, 1, 2))
    apart = trained(seeds, data, chosen, activation="tanh")
    joint = trained(seeds, data, chosen, activation="tanh", together=together)
    for position in range(len(seeds)):
        ours, theirs = arrays(joint.stack, position), arrays(apart.stack, position)
        for name in ours:
            torch.testing.assert_close(ours[name], theirs[name], rtol=1e-6, atol=1e-7, msg=name)
    np.testing.assert_allclose(joint.loss, apart.loss, rtol=1e-6)
    np.testing.assert_array_equal(joint.accuracy, apart.accuracy)
    np.testing.assert_allclose(joint.activations, apart.activations, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(joint.outputs, apart.outputs, rtol=1e-5, atol=1e-6)


def at_start(name: str, n_inputs: int, seeds: tuple[int, ...], **changes: object) -> Stack:
    data = splits(12, n_inputs, 10)
    return trained(seeds, data, settings(name, epochs=0, **changes)).stack


@pytest.mark.parametrize("n_inputs", [1, 64])
def test_initialisation_is_that_of_linear(n_inputs: int) -> None:
    stack = at_start("300-40", n_inputs, (0, 1))
    torch.manual_seed(0)
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        n_out, n_in = weight.shape[1:]
        theirs = nn.Linear(n_in, n_out)
        for drawn, reference in ((weight, theirs.weight), (bias, theirs.bias)):
            bound = 1 / math.sqrt(n_in)
            assert drawn.abs().max() <= np.float32(bound)
            ours = drawn.numpy().ravel()
            scale = bound - (-bound)
            assert scipy.stats.kstest(ours, "uniform", (-bound, scale)).pvalue > 0.01, layer
            both = scipy.stats.ks_2samp(ours, reference.detach().numpy().ravel())
            assert both.pvalue > 0.01, layer
            if drawn.numel() > 1000:
                assert drawn.abs().max() > 0.99 * bound
    first, second = (stack.weights[1][position].numpy().ravel() for position in range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.04


def test_initialisation_of_batch_norm() -> None:
    stack = at_start("5-3", 4, (0, 1), regularizer=REGULARIZERS["batchnorm"])
    for n, width in zip(stack.normalizations, (5, 3), strict=True):
        for array, value in ((n.scale, 1), (n.shift, 0), (n.mean, 0), (n.variance, 1)):
            assert array.shape == (2, width)
            assert (array == value).all()


def test_initial_weights_come_from_their_stream() -> None:
    stack = at_start("6", 5, (2,))
    random = generator(STUDY, Stream.INITIALIZATION, 2)
    for array, n_in in zip(
        [stack.weights[0], stack.biases[0], stack.weights[1], stack.biases[1]],
        [5, 5, 6, 6],
        strict=True,
    ):
        drawn = random.uniform(-1, 1, array.numel()).reshape(array.shape) / math.sqrt(n_in)
        np.testing.assert_allclose(array, drawn, rtol=1e-6)


@pytest.mark.parametrize(
    ("initialization", "theirs", "activation"),
    [("he", nn.init.kaiming_normal_, "relu"), ("glorot", nn.init.xavier_normal_, "sigmoid")],
)
def test_normal_initialisation_is_that_of_torch(
    initialization: str, theirs: Callable[[Tensor], Tensor], activation: str
) -> None:
    data = splits(12, 64, 10)
    chosen = settings("300-40", epochs=0, initialization=initialization)
    stack = trained((0, 1), data, chosen, activation=activation).stack
    torch.manual_seed(0)
    for weight, bias in zip(stack.weights, stack.biases, strict=True):
        assert (bias == 0).all()
        reference = theirs(torch.empty(weight.shape[1:])).ravel()
        for drawn in weight:
            assert scipy.stats.ks_2samp(drawn.ravel(), reference).pvalue > 0.01
            size = drawn.numel()
            assert float(drawn.std()) == pytest.approx(float(reference.std()), rel=5 / size**0.5)
    first, second = (stack.weights[0][position].numpy().ravel() for position in range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.04


@pytest.mark.parametrize(("initialization", "fan"), [("he", (5, 6)), ("glorot", (11, 10))])
def test_normal_weights_come_from_the_stream_of_the_seed(
    initialization: str, fan: tuple[int, int]
) -> None:
    data = splits(12, 5, 4)
    chosen = settings("6", epochs=0, initialization=initialization)
    both, alone = (trained(seeds, data, chosen).stack for seeds in ((1, 2), (2,)))
    random = generator(STUDY, Stream.INITIALIZATION, 2)
    for whole, array, n in zip(both.weights, alone.weights, fan, strict=True):
        drawn = random.standard_normal(array.numel()).reshape(array.shape) * math.sqrt(2 / n)
        np.testing.assert_allclose(array, drawn, rtol=1e-6)
        assert torch.equal(whole[1], array[0])


def test_rate_of_dropout_of_inputs() -> None:
    """After one step on one example, weights of a dropped input are where they were."""
    width, rate = 20_000, 0.2
    data = splits(1, width, 2)
    data["train"].labels[:] = 1  # two classes
    chosen = settings("3", epochs=1, regularizer=Regularizer(input_dropout=rate))
    before = trained((0, 1), data, replace(chosen, epochs=0), activation="sigmoid").stack
    after = trained((0, 1), data, chosen, activation="sigmoid").stack
    moved = (after.weights[0] != before.weights[0]).numpy()
    assert (moved[:, 0] == moved[:, 1]).all()
    dropped = ~moved[:, 0]
    assert np.abs(dropped.mean(1) - rate).max() < 4 * math.sqrt(rate * (1 - rate) / width)
    both = (dropped[0] & dropped[1]).mean()  # seeds drop independently
    assert abs(both - rate**2) < 4 * math.sqrt(rate**2 * (1 - rate**2) / width)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_rate_of_dropout(rate: float) -> None:
    """After one step on one example, weights that left a dropped neuron are where they were."""
    width = 20_000
    data = splits(1, 3, 2)
    data["train"].labels[:] = 1  # two classes
    chosen = settings(str(width), epochs=1, regularizer=Regularizer(dropout=rate))
    before = trained((0, 1), data, replace(chosen, epochs=0), activation="sigmoid").stack
    after = trained((0, 1), data, chosen, activation="sigmoid").stack
    moved = (after.weights[1] != before.weights[1]).numpy()
    assert (moved[:, 0] == moved[:, 1]).all()
    dropped = ~moved[:, 0]
    deviation = math.sqrt(rate * (1 - rate) / width)
    assert np.abs(dropped.mean(1) - rate).max() < 4 * deviation
    both = (dropped[0] & dropped[1]).mean()  # seeds drop independently
    assert abs(both - rate**2) < 4 * math.sqrt(rate**2 * (1 - rate**2) / width)
    assert (after.biases[1] != before.biases[1]).all()  # the last layer has no dropout


def test_history_and_activations_are_those_of_the_epoch() -> None:
    """Training for e epochs ends where longer training was after e epochs."""
    data = splits(23)
    chosen = settings(
        epochs=3,
        regularizer=REGULARIZERS["all"],
        activation_epochs=(3, 0, 2),
        train_loss="every_epoch",
    )
    whole = trained((0, 4), data, chosen)
    assert whole.loss.shape == whole.accuracy.shape == (2, 4, 3)
    assert whole.activations.shape == (2, 3, 9, 8)
    assert whole.outputs.shape == (2, 3, 9, 4)
    assert whole.activations.dtype == whole.outputs.dtype == np.float32
    for epochs, position in itertools.product(range(4), range(2)):
        end = trained((0, 4), data, replace(chosen, epochs=epochs, activation_epochs=())).stack
        network = Plain(end, position, chosen.regularizer).eval()
        for number, name in enumerate(SPLITS):
            with torch.no_grad():
                logits = network(data[name].inputs)[-1]
            loss = float(nn.functional.cross_entropy(logits, data[name].labels))
            right = int((logits.argmax(1) == data[name].labels).sum())
            assert whole.loss[position, epochs, number] == pytest.approx(loss, rel=1e-5)
            assert whole.accuracy[position, epochs, number] == right / len(logits)
        if epochs in chosen.activation_epochs:
            kept = chosen.activation_epochs.index(epochs)
            with torch.no_grad():
                *hidden, logits = network(data["validation"].inputs)
            values = torch.cat(hidden, 1)
            np.testing.assert_allclose(whole.activations[position, kept], values, atol=1e-5)
            np.testing.assert_allclose(whole.outputs[position, kept], logits, atol=1e-5)


def examples(n: int = 12) -> Examples:
    rng = np.random.default_rng(5)
    return Examples(
        name="probe",
        n_classes=4,
        inputs=rng.normal(size=(n, 7)).astype(np.float32),
        labels=rng.permutation(n) % 4,
        index=np.arange(n, dtype=np.int32)[::-1].copy(),
        slices={"train": slice(0, 6), "validation": slice(6, 9), "test": slice(9, n)},
    )


def test_splits_as_tensors() -> None:
    source = examples()
    found = split_tensors(source, torch.device("cpu"))
    assert tuple(found) == SPLITS
    for name, rows in source.slices.items():
        np.testing.assert_array_equal(found[name].inputs, source.inputs[rows])
        np.testing.assert_array_equal(found[name].labels, source.labels[rows])
    found["train"].inputs.zero_()
    assert (source.inputs != 0).all()


def test_layout_of_what_is_stored(tmp_path: Path) -> None:
    source, chosen = examples(), settings(activation_epochs=(0, 2))
    result = trained((5, 6), split_tensors(source, torch.device("cpu")), chosen)
    stored = {}
    for kind, dataset in (
        ("network", network_dataset(result)),
        ("history", history_dataset(result)),
        ("activations", activations_dataset(result, chosen, source)),
    ):
        path = tmp_path / f"{kind}.nc"
        storage.write(dataset, path, kind=kind, title=kind, condition={}, configuration={})
        stored[kind] = storage.read(path, kind)
    history, activations = stored["history"], stored["activations"]
    assert stored["network"]["mean_output"].dims == ("seed", "neuron")
    assert stored["network"]["layer"].values.tolist() == [1] * 5 + [2] * 3
    np.testing.assert_array_equal(stored["network"]["mean_output"], result.means)
    assert from_dataset(stored["network"]).seeds == (5, 6)
    assert history["final_epoch"].values.tolist() == [2, 2]
    assert history["loss"].dims == history["accuracy"].dims == ("seed", "epoch", "split")
    assert history["seed"].values.tolist() == [5, 6]
    assert history["epoch"].values.tolist() == [0, 1, 2]
    assert history["split"].values.tolist() == ["train", "validation", "test"]
    np.testing.assert_array_equal(history["accuracy"], result.accuracy)
    np.testing.assert_array_equal(history["loss"], result.loss)
    assert activations["activation"].dims == ("seed", "epoch", "sample", "neuron")
    assert activations["output"].dims == ("seed", "epoch", "sample", "class")
    assert activations["epoch"].values.tolist() == [0, 2]
    assert activations["layer"].values.tolist() == [1] * 5 + [2] * 3
    np.testing.assert_array_equal(activations["activation"], result.activations)
    np.testing.assert_array_equal(activations["output"], result.outputs)
    np.testing.assert_array_equal(activations["label"], source.labels[6:9])
    np.testing.assert_array_equal(activations["index"], source.index[6:9])
    assert activations.attrs["activation_function"] == "relu"
    assert activations.attrs["n_classes"] == 4


def test_relu_with_few_bits_is_cut_off() -> None:
    data = splits()
    data["train"].inputs.mul_(100)
    chosen = settings(regularizer=Regularizer(output_bits=2), activation_epochs=(0, 2))
    data["validation"] = data["train"]
    ours = trained((3,), data, chosen)
    assert set(np.unique(ours.activations)) == {0, 2, 4, 6}


def test_networks_with_few_bits_are_not_stored() -> None:
    ours = trained((3,), splits(), settings(regularizer=Regularizer(output_bits=2)))
    with pytest.raises(ValueError, match="few bits are not stored"):
        to_dataset(ours.stack)


def test_bits_in_one_place_only() -> None:
    with pytest.raises(RuntimeError, match="None bits, the regularizer of 2: make both say"):
        train(
            Architecture(7, (5, 3), 4, "relu"),
            (1,),
            splits(),
            settings(regularizer=Regularizer(output_bits=2)),
        )


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_the_architecture_of_a_condition() -> None:
    source, normed = examples(), Regularizer(batch_norm_momentum=0.1)
    size = source.inputs.shape[1], (7, 5), source.n_classes, "tanh"
    plain = architecture_for(source, settings("7-5", activation="tanh"))
    assert plain == Architecture(*size, batch_norm=False)
    with_norm = architecture_for(source, settings("7-5", activation="tanh", regularizer=normed))
    assert with_norm == Architecture(*size, batch_norm=True)


@pytest.mark.usefixtures("no_cuda")
def test_no_cuda() -> None:
    for requested, gpus in (("cpu", 0), ("cpu", 1), ("auto", 0)):
        assert choose_device(requested, gpus) == torch.device("cpu")
    with pytest.raises(
        RuntimeError, match=r"'auto' and the job was given 1 GPU, but .* no CUDA device"
    ):
        choose_device("auto", 1)
    for gpus in (0, 1):
        with pytest.raises(RuntimeError, match=r"'cuda'.* no CUDA device.*set `device: cpu`"):
            choose_device("cuda", gpus)


def test_with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for requested, gpus in (("cpu", 0), ("cpu", 1), ("auto", 0)):  # none was given, none is used
        assert choose_device(requested, gpus) == torch.device("cpu")
    for requested, gpus in (("auto", 1), ("cuda", 0), ("cuda", 1)):
        assert choose_device(requested, gpus) == torch.device("cuda")


def test_a_loss_that_is_not_finite() -> None:
    """Only the seeds that it befell are named: networks of one dead neuron stay finite."""
    data, chosen = splits(1), settings("1", learning_rate=1e20, epochs=3)
    data["train"].labels[:] = 1  # two classes
    data = dict.fromkeys(SPLITS, data["train"])
    bad = []
    for seed in range(8):
        try:
            trained((seed,), data, chosen)
        except RuntimeError:
            bad.append(seed)
    assert 0 < len(bad) < 8
    with pytest.raises(RuntimeError) as error:
        trained(tuple(range(8)), data, chosen)
    assert f"epoch 1: the loss of seeds {bad} is not finite" in str(error.value)
    assert "training.learning_rate (now 1e+20)" in str(error.value)


@pytest.mark.parametrize("split", ["train", "test"])
def test_activations_of_another_split(split: str) -> None:
    """They are those of the same networks on that split's examples."""
    data = splits(23)
    chosen = settings(epochs=2, activation_epochs=(2,), measured_split=split)
    measured = trained((0, 4), data, chosen)
    there = trained(
        (0, 4), data | {"validation": data[split]}, settings(epochs=2, activation_epochs=(2,))
    )
    np.testing.assert_array_equal(measured.activations, there.activations)
    np.testing.assert_array_equal(measured.outputs, there.outputs)
    for position in range(2):
        for mine, other in zip(
            arrays(measured.stack, position).values(),
            arrays(there.stack, position).values(),
            strict=True,
        ):
            assert torch.equal(mine, other)


@pytest.mark.parametrize("epochs", [(3,), (-1,), (0, 0)])
def test_activations_of_epochs_that_there_are_not(epochs: tuple[int, ...]) -> None:
    with pytest.raises(RuntimeError, match=r"after epochs .*: choose each once, from 0 to 2"):
        trained((0,), splits(), settings(activation_epochs=epochs))


def test_noise_of_steps_decays() -> None:
    steps = Sgld(0.5, 0.1, 0.2)
    assert (steps.deviation(1), steps.deviation(32)) == (0.1, pytest.approx(0.05))


@pytest.mark.parametrize(("optimizer", "sgld"), [("sgld", None), ("adam", Sgld()), ("sgd", Sgld())])
def test_noisy_steps_are_those_of_sgld(optimizer: str, sgld: Sgld | None) -> None:
    with pytest.raises(ValueError, match=f"optimizer {optimizer} with noisy steps .* both say the"):
        settings(optimizer=optimizer, sgld=sgld)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_batch_norm_in_one_place_only(batch_norm: bool) -> None:
    architecture = Architecture(9, (5, 3), 2, "relu", batch_norm)
    chosen = settings(regularizer=Regularizer(batch_norm_momentum=None if batch_norm else 0.1))
    with pytest.raises(RuntimeError, match="make both say the same"):
        train(architecture, (0,), splits(), chosen)


def test_the_device_decides_how_many_are_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One on a CPU; all elsewhere (the device "meta" computes nothing, but has no CPU's name)."""
    asked = []

    def learner(*arguments: object) -> None:
        asked.append(arguments[4])
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "Learner", learner)
    for device in ("cpu", "meta"):
        data = {
            name: Split(split.inputs.to(device), split.labels.to(device))
            for name, split in splits().items()
        }
        with pytest.raises(KeyboardInterrupt):
            train(Architecture(9, (5, 3), 2, "relu"), (0, 1, 2), data, settings())
    assert asked == [1, 3]


def test_a_loss_that_overflows() -> None:
    """Infinite, never NaN: logits near the largest float32, a test example of the other class."""
    train = splits(1)["train"]
    right, wrong = (Split(train.inputs, torch.full_like(train.labels, label)) for label in (1, 0))
    data = {"train": right, "validation": right, "test": wrong}
    chosen = settings("14", learning_rate=3e37, epochs=1)
    with pytest.raises(RuntimeError, match=r"epoch 1: the loss of seeds \[0, 1\] is not finite"):
        trained((0, 1), data, chosen, activation="sigmoid")
