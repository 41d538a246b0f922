"""Heads of attention as units: the same model, whose heads' outputs pass a module of their own."""

from __future__ import annotations

import copy

from torch import Tensor, nn
from torch.nn import functional

from neuroninfo.own_network.evaluation import plain


class AttentionByHead(nn.MultiheadAttention):
    """`nn.MultiheadAttention` whose heads put out what its module ``heads`` gives.

    ``heads`` takes (examples, heads, tokens, features of a head), which are merged and projected
    after it. Attention weights are not given.
    """

    heads: nn.Module

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, None]:
        """The same as `nn.MultiheadAttention`; masks say where attention is not allowed."""
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        queries, keys, values = (
            self._by_head(functional.linear(tensor, weight, bias))
            for tensor, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )
        mask = _added(attn_mask, query)
        if mask is not None and mask.dim() == 3:
            mask = mask.view(-1, self.num_heads, *mask.shape[1:])
        padding = _added(key_padding_mask, query)
        if padding is not None:
            padding = padding[:, None, None]
            mask = padding if mask is None else mask + padding
        given = self.heads(
            functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        )
        return self.out_proj(given.transpose(1, 2).flatten(2)), None

    def _by_head(self, values: Tensor) -> Tensor:
        """(examples, tokens, features) -> (examples, heads, tokens, features of a head)."""
        return values.view(*values.shape[:2], self.num_heads, -1).transpose(1, 2)


def heads(model: nn.Module) -> nn.Module:
    """Copy a model so that the heads of its attention can be measured and removed.

    Parameters
    ----------
    model
        With `nn.MultiheadAttention` that takes examples first (``batch_first=True``).

    Returns
    -------
    Module
        The same function; name the modules ``*.heads`` with ``channels="first"``, and the units
        are heads. A head's positions are its tokens and features.

    Raises
    ------
    ValueError
        There is no such attention, or attention adds keys of its own.

    Examples
    --------
    >>> import neuroninfo, torch
    >>> layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> parts = [torch.nn.Unflatten(1, (3, 8)), layer, torch.nn.Flatten(), torch.nn.Linear(24, 2)]
    >>> model = neuroninfo.heads(torch.nn.Sequential(*parts))
    >>> data = (torch.randn(50, 24), torch.arange(50) % 2)
    >>> neurons = neuroninfo.measure(model, data, modules="*.heads", channels="first")
    >>> neurons.sizes["neuron"]
    2
    """
    model = copy.deepcopy(plain(model))
    attentions = [part for part in model.modules() if type(part) is nn.MultiheadAttention]
    if not attentions:
        raise ValueError("the model has no nn.MultiheadAttention whose heads could be told apart")
    for part in attentions:
        if not part.batch_first or part.bias_k is not None or part.add_zero_attn:
            raise ValueError(
                "heads: nn.MultiheadAttention has to take examples first (batch_first=True), "
                "without add_bias_kv and add_zero_attn"
            )
        part.__class__ = AttentionByHead
        part.heads = nn.Identity()
    return model


def _added(mask: Tensor | None, like: Tensor) -> Tensor | None:
    """A mask as numbers that are added to the products of queries and keys."""
    if mask is None or mask.is_floating_point():
        return mask
    return like.new_zeros(mask.shape).masked_fill_(mask, float("-inf"))
