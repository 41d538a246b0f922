"""Heads of attention are units: the same function, and heads that are gone."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neuroninfo
from neuroninfo.own_network.heads import AttentionByHead

HEADS, WIDTH, TOKENS = 4, 8, 3


class Classifier(nn.Module):
    """A layer of a transformer, and attention of its own with keys of another width."""

    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 16, batch_first=True, bias=bias)
        self.own = nn.MultiheadAttention(
            WIDTH, 2, kdim=5, vdim=5, batch_first=True, bias=bias, dropout=0.0
        )
        self.output = nn.Linear(WIDTH * TOKENS, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        values = self.layer(inputs.unflatten(1, (TOKENS, WIDTH)))
        given, _ = self.own(values, values[..., :5], values[..., 1:6])
        return self.output((values + given).flatten(1))


@pytest.mark.parametrize("bias", [True, False])
def test_the_copy_is_the_same_function(bias: bool) -> None:
    torch.manual_seed(0)
    model = Classifier(bias).eval()
    inputs = torch.randn(20, WIDTH * TOKENS)
    with torch.no_grad():
        torch.testing.assert_close(neuroninfo.heads(model)(inputs), model(inputs))
    assert type(model.own) is nn.MultiheadAttention


@pytest.mark.parametrize("kind", ["bool", "float", "by head"])
def test_masks_are_kept(kind: str) -> None:
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    by_head = neuroninfo.heads(nn.Sequential(attention))[0]
    assert isinstance(by_head, AttentionByHead)
    values = torch.randn(5, TOKENS, WIDTH)
    later = torch.ones(TOKENS, TOKENS, dtype=torch.bool).triu(1)
    masks = {
        "bool": later,
        "float": torch.zeros(TOKENS, TOKENS).masked_fill(later, float("-inf")),
        "by head": torch.stack([later, later.T] * (5 * HEADS // 2)),
    }
    padding = torch.zeros(5, TOKENS, dtype=torch.bool)
    padding[2, 1] = True
    padding = padding.float() * -1e9 if kind == "float" else padding
    both = {"attn_mask": masks[kind], "key_padding_mask": padding, "need_weights": False}
    with torch.no_grad():
        expected = attention(values, values, values, **both)[0]
        torch.testing.assert_close(by_head(values, values, values, **both)[0], expected)


def test_removed_heads_are_columns_of_the_projection() -> None:
    torch.manual_seed(0)
    model = neuroninfo.heads(Classifier(bias=True))
    inputs, labels = torch.randn(60, WIDTH * TOKENS), torch.arange(60) % 3
    neurons = neuroninfo.measure(
        model, (inputs, labels), modules="*.heads", channels="first", progress=False
    )
    assert neurons.sizes["neuron"] == HEADS + 2
    assert neurons["layer"].values.tolist() == [1] * HEADS + [2] * 2
    curves = neuroninfo.ablate(model, neurons, (inputs, labels), random=3, progress=False)
    network = curves["network"].isel(seed=0)
    for order, correct in zip(network["order"].values, network["correct"].values, strict=True):
        for k, count in zip(network["removed"].values, correct, strict=True):
            plain = copy.deepcopy(model).eval()
            with torch.no_grad():
                for head in order[:k].tolist():
                    at, part = (head, plain.layer.self_attn)
                    if head >= HEADS:
                        at, part = head - HEADS, plain.own
                    size = WIDTH // part.num_heads
                    part.out_proj.weight[:, at * size : (at + 1) * size] = 0
                torch.backends.mha.set_fastpath_enabled(False)
                given = plain(inputs)
                torch.backends.mha.set_fastpath_enabled(True)
            assert count == int((given.argmax(1) == labels).sum())
    assert np.ptp(network["correct"].values) > 0


def test_what_has_no_heads() -> None:
    with pytest.raises(ValueError, match=r"has no nn\.MultiheadAttention whose heads"):
        neuroninfo.heads(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="has to take examples first"):
        neuroninfo.heads(nn.MultiheadAttention(8, 2))
