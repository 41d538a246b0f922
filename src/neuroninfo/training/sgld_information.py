"""Information of the steps of noisy gradient descent about the training data."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from neuroninfo.networks.forward import affine
from neuroninfo.networks.stack import Architecture
from neuroninfo.training.settings import Settings

PRIORS: Final = ("incoherence", "gradient-norm")
"""What noisy SGD with an example is compared with, to bound what its weights know of it: steps with
the mean gradient of the others in the batch in its place (Negrea et al. 2019), or with nothing (Li,
Luo, Qiao 2020)."""


def noisy_sgd_information(
    learning_rate: ArrayLike, clipping_norm: float, noise: ArrayLike, dimension: int
) -> NDArray[np.float64]:
    """B5, terms whose sum over steps is at least I(D; A(D)) (Pensia, Jog, Loh 2017), in nats.

    (d/2) ln(1 + eta_t^2 L^2 / (d sigma_t^2)) of a step w <- w - eta_t g_t + sigma_t N(0, I_d).

    Parameters
    ----------
    learning_rate
        eta_t.
    clipping_norm
        L, the largest norm of g_t, the part of the step that depends on data; may be infinite.
    noise
        sigma_t; 0: the term is infinite.
    dimension
        d, parameters that are trained.

    Raises
    ------
    ValueError
        A number is negative, or there is nothing trained.
    """
    eta, sigma = np.asarray(learning_rate, np.float64), np.asarray(noise, np.float64)
    if dimension < 1 or clipping_norm < 0 or (eta < 0).any() or (sigma < 0).any():
        raise ValueError(
            f"learning rate {eta.min()}, clipping norm {clipping_norm}, noise {sigma.min()} and "
            f"dimension {dimension}: none may be negative, the last is 1 or more"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (eta * clipping_norm) ** 2 / (dimension * sigma**2)
    ratio = np.where(eta * clipping_norm == 0, 0.0, ratio)
    return np.asarray(dimension / 2 * np.log1p(ratio))


def noisy_information(
    architecture: Architecture, settings: Settings, n_train: int
) -> np.ndarray | None:
    """Bound on I(D; A(D)) in nats after each epoch, (epochs + 1), of sgld; None of others."""
    if settings.sgld is None:
        return None
    per_epoch = math.ceil(n_train / settings.batch_size)
    sizes = zip(architecture.widths[:-1], architecture.widths[1:], strict=True)
    noise = [settings.sgld.deviation(t) for t in range(1, settings.epochs * per_epoch + 1)]
    terms = noisy_sgd_information(
        settings.learning_rate,
        settings.sgld.clipping_norm,
        noise,
        sum((n_in + 1) * n_out for n_in, n_out in sizes),
    )
    return np.concatenate([[0.0], terms.reshape(-1, per_epoch).sum(axis=1).cumsum()])


class Shares:
    """Each example's share h of the gradient g of a batch (g is their sum), by norm and product.

    No share is ever written out: that of a layer is an outer product, of the gradient by the
    layer's sums and the layer's inputs.
    """

    def __init__(self, *shape: int, device: torch.device) -> None:
        self.squares = torch.zeros(shape, dtype=torch.float64, device=device)
        """(..., n), h . h."""
        self.products = torch.zeros_like(self.squares)
        """(..., n), g . h."""

    def add(self, gradient: Tensor, inputs: Tensor, weights: Tensor, biases: Tensor) -> None:
        """One layer; `weights` and `biases` are their gradients by the batch."""
        along = affine(inputs, weights, biases)
        self.products += (along * gradient).sum(-1)
        self.squares += gradient.square().sum(-1) * (inputs.square().sum(-1) + 1)

    def moved(self, gradients: Tensor, clipping_norm: float) -> Tensor:
        """(..., n, `PRIORS`) squared distance of clipped g from what it is without one share.

        In its place stands the mean of the others of the batch, or nothing.
        """
        n = self.squares.shape[-1]
        whole = gradients.double().square().sum(-1, keepdim=True)
        clip = torch.clamp(clipping_norm / whole.sqrt(), max=1)
        distances = []
        for scale in (n / (n - 1) if n > 1 else 0.0, 1.0):  # an example alone has no others
            rest = scale**2 * (whole - 2 * self.products + self.squares).clamp(min=0)
            kept = scale * torch.clamp(clipping_norm / rest.sqrt(), max=1)
            # clip g - kept (g - h), so that nothing cancels where clip and kept are the same
            along = clip - kept
            distance = along**2 * whole + 2 * along * kept * self.products + kept**2 * self.squares
            distances.append(distance.clamp(min=0))
        return torch.stack(distances, dim=-1)
