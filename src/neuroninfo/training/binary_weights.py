"""Weights of two values: signs of latent real weights, trained straight through.

Hubara et al. 2016 ("Binarized neural networks"): a layer computes with +1 where the latent weight
is 0 or more and with -1 elsewhere, without a scale.  The gradient by the signs is taken for that by
the latent weights, which the optimizer changes and which are then clipped to [-1, 1].  They never
lie outside, so that their gradients need not be cancelled there.
"""

from __future__ import annotations

import torch
from torch import Tensor


def binarize(latent: Tensor, signs: Tensor) -> None:
    """Clip latent weights to [-1, 1], in place, and write their signs (0 has +1).

    Parameters
    ----------
    latent, signs
        Of one shape.
    """
    latent.clamp_(-1, 1)
    torch.ge(latent, 0, out=signs).mul_(2).sub_(1)
