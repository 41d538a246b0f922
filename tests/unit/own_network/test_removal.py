"""Ablation of any model counts what plain passes with masks count."""

import numpy as np
import pytest
import torch
from torch import nn

from neuroninfo.ablation.curves import cumulative as compiled
from neuroninfo.ablation.removals import Removals
from neuroninfo.networks import modules
from neuroninfo.own_network.evaluation import evaluating, plain
from neuroninfo.own_network.examples import Examples
from neuroninfo.own_network.layers import find
from neuroninfo.own_network.removal import Ablated, cumulative

from .odd import CLASSES, NAMES, masked, network, plain_layers


def removals_of(ablated: Ablated, rng: np.random.Generator) -> list[Removals]:
    """Two orders of each layer and of the network, to zero and to other constants."""
    n = int(ablated.edges[-1])
    constants = np.stack([np.zeros(n), rng.normal(size=n)]).astype(np.float32)
    scopes = [
        *(np.arange(a, b) for a, b in zip(ablated.edges[:-1], ablated.edges[1:], strict=True)),
        np.arange(n),
    ]
    return [
        Removals(
            np.stack([rng.permutation(scope) for _ in range(3)]), np.array([0, 1, 0]), constants
        )
        for scope in scopes
    ]


# Products of bfloat16 depend on how many rows there are.
@pytest.mark.parametrize(
    ("name", "memory"),
    [
        (n, m)
        for n in NAMES
        for m in (1, 2**26)
        if m > 1 or n in ("shared", "residual", "attention")
    ],
)
def test_counts_are_those_of_plain_masked_passes(name: str, memory: int) -> None:
    model, inputs, wanted = network(name)
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(0, CLASSES, len(inputs)))
    module = plain(model)
    examples = Examples("test", (inputs, labels), module, rows=40)
    with evaluating(module):
        layers, watched = find(module, examples.first(), wanted)
        ablated = Ablated(module, layers, watched, memory)
        removals = removals_of(ablated, rng)
        sizes = [removal.sequences.shape[1] for removal in removals]
        grids = [np.unique([0, 1, n // 2, n - 1, n]) for n in sizes]
        curves, counted = cumulative(ablated, examples, removals, grids)
    assert torch.equal(counted, labels)
    assert module.training
    first, parts = layers[0].axis == 1, torch.split(inputs, 40)
    unablated = torch.cat([masked(model, part, {}, first) for part in parts])
    for removal, grid, curve in zip(removals, grids, curves, strict=True):
        for order, sequence in enumerate(removal.sequences):
            constants = torch.from_numpy(removal.constants[removal.replacements[order]])
            for place, k in enumerate(grid):
                dead = torch.zeros(len(constants), dtype=torch.bool)
                dead[torch.from_numpy(sequence[:k])] = True
                of_layers = {
                    layer.name: (dead[a:b], constants[a:b])
                    for layer, a, b in zip(layers, ablated.edges, ablated.edges[1:], strict=False)
                }
                given = torch.cat([masked(model, part, of_layers, first) for part in parts])
                assert curve.correct[order, place] == int((given.argmax(1) == labels).sum())
                changed = int((given.argmax(1) != unablated.argmax(1)).sum())
                assert curve.changed[order, place] == changed
                logs = given.double()
                if name == "softmax end":
                    logs = logs.log()
                loss = float(nn.functional.cross_entropy(logs, labels))
                assert curve.loss[order, place] == pytest.approx(loss, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["plain", "biasless", "batch norm before"])
def test_counts_are_those_of_the_compiled_loops(name: str, precision: torch.dtype) -> None:
    model, inputs, _ = network(name)
    rng = np.random.default_rng(1)
    labels = torch.from_numpy(rng.integers(0, CLASSES, len(inputs)))
    stack = modules.stack(model)
    model.to(precision)
    examples = Examples("test", (inputs, labels), model)
    with evaluating(model):
        ablated = Ablated(model, *find(model, examples.first()))
        removals = removals_of(ablated, rng)
        grids = [np.arange(r.sequences.shape[1] + 1) for r in removals]
        curves, _ = cumulative(ablated, examples, removals, grids)
    for removal, curve in zip(removals, curves, strict=True):
        expected = compiled(
            stack,
            inputs.numpy(),
            labels.numpy(),
            removal.sequences,
            constants=removal.constants[removal.replacements],
        )
        np.testing.assert_array_equal(curve.correct, expected.correct)
        np.testing.assert_array_equal(curve.changed, expected.changed)
        np.testing.assert_allclose(curve.loss, expected.loss, rtol=1e-4)


def test_what_precedes_is_not_computed_again() -> None:
    model = plain_layers()
    inputs = torch.randn(50, 6, generator=torch.manual_seed(0))
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append(0))
    examples = Examples("test", (inputs, torch.zeros(50)), model)
    with evaluating(model):
        ablated = Ablated(model, *find(model, examples.first()))
        ablated.known(1, inputs)  # the check of the prefix is one of the first time alone
        before = len(calls)
        order = np.arange(7, 12)[None]
        removal = Removals(order, np.zeros(1, np.int64), np.zeros((1, 12), np.float32))
        cumulative(ablated, examples, [removal], [np.arange(6)])
    assert len(calls) - before == 2  # without ablation, and to know what precedes


def test_a_forward_that_computes_elsewhere_is_computed_in_whole() -> None:
    """Its layers are used by side effect: what they gave before is no help."""

    class Aside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = plain_layers()

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            values = self.layers[0](inputs)
            nn.Identity()(values)
            self.aside(values)
            return self.layers[4](self.layers[3](self.layers[2](values)))

        def aside(self, values: torch.Tensor) -> None:
            self.layers[1](values)  # in place

    torch.manual_seed(0)
    model = Aside()
    model.layers[1] = nn.ReLU(inplace=True)
    inputs, labels = torch.randn(60, 6), torch.randint(0, CLASSES, (60,))
    examples = Examples("test", (inputs, labels), model)
    with evaluating(model):
        layers, watched = find(model, examples.first(), "layers.1")
        ablated = Ablated(model, layers, watched)
        assert ablated.known(0, inputs) is None
        removal = Removals(np.arange(7)[None], np.zeros(1, np.int64), np.zeros((1, 7), np.float32))
        (curve,), _ = cumulative(ablated, examples, [removal], [np.arange(8)])
        for k in range(8):
            values = model.layers[0](inputs).relu()
            values[:, :k] = 0
            given = model.layers[4](model.layers[3](model.layers[2](values)))
            assert curve.correct[0, k] == int((given.argmax(1) == labels).sum())
