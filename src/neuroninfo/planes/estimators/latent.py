"""Latent information: nearest neighbours where two variables predict each other.

Gowri et al. 2024 ("Approximating mutual information of high-dimensional variables using learned
representations"): one half of the examples trains two encoders to a few numbers each, from which
both variables are predicted; of the other half the encoded variables are what neighbours are
looked for among.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import digamma
from torch.nn import functional

from neuroninfo.planes.estimators.neighbours import Kraskov
from neuroninfo.planes.estimators.neural import Network
from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.streams import Stream, generator

_TRIFLE: Final = 1e-12
"""Variance of noise that only breaks ties."""


@dataclass(frozen=True)
class Latent:
    """I(X; T + noise) and I(Y; T + noise) of encodings (Gowri et al. 2024), in wide layers.

    T is encoded in place of X, which determines it.  Losses are the mean squared errors of T and of
    T + noise predicted from the encoding of either, and the cross-entropy of the class.  Between
    the encodings: Kraskov et al. 2004, equation 8; of the class Ross 2014.
    """

    variance: float = 1e-3
    """Variance of the noise that is added to every output."""
    latents: int = 8
    """Numbers that each variable is encoded to."""
    steps: int = 300
    batch: int = 256
    width: int = 64
    """Width of the two hidden layers of each network."""
    neighbours: int = 3
    study_seed: int = 0
    most: ClassVar[float] = math.inf
    """2 to the power of the highest I(X;T) that there can be."""

    @property
    def name(self) -> str:
        """``latent-0.001``."""
        return f"latent-{self.variance:g}"

    @property
    def estimates(self) -> str:
        """For people."""
        return (
            f"information of {self.latents} learned numbers each of outputs and of outputs plus "
            f"noise of variance {self.variance:g}"
        )

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
        check(outputs, labels)
        n, d = outputs.shape
        if n < 2 * self.batch:
            raise EstimationError(f"{n} examples: one half needs a batch of {self.batch}")
        rng = generator(self.study_seed, Stream.ESTIMATOR, "latent")
        order = rng.permutation(n)
        random = torch.Generator().manual_seed(int(rng.integers(2**62)))
        clean = outputs[order].astype(np.float64)
        both = np.stack([clean, clean + np.sqrt(self.variance) * rng.normal(size=(n, d))])
        # In units of all outputs together: a neuron counts by how much it varies.
        both = (both - clean.mean(axis=0)) / np.sqrt(clean.var(axis=0).mean() + self.variance)
        variables = torch.from_numpy(both.astype(np.float32))
        names, classes = np.unique(labels[order], return_inverse=True)
        target = torch.from_numpy(classes)
        sizes = [(d, self.latents)] * 2 + [(self.latents, d)] * 4 + [(self.latents, len(names))]
        networks = [Network(a, self.width, b, random) for a, b in sizes]
        encoders, decoders, classifier = networks[:2], networks[2:6], networks[6]
        optimizer = torch.optim.Adam([p for one in networks for p in one.parameters], lr=2e-3)
        half = n // 2
        for _ in range(self.steps):
            rows = torch.randint(half, (self.batch,), generator=random)
            of_batch = variables[:, rows]
            codes = [encoder(x) for encoder, x in zip(encoders, of_batch, strict=True)]
            pairs = [(code, x) for code in codes for x in of_batch]
            loss = functional.cross_entropy(classifier(codes[1]), target[rows])
            for decoder, (code, x) in zip(decoders, pairs, strict=True):
                loss = loss + functional.mse_loss(decoder(code), x)
            optimizer.zero_grad()
            torch.autograd.backward([loss])
            optimizer.step()
        with torch.no_grad():
            codes = [e(x[half:]) for e, x in zip(encoders, variables, strict=True)]
        first, second = (code.double().numpy() for code in codes)
        of_input = information(first, second, self.neighbours)
        of_class = Kraskov(_TRIFLE, self.neighbours, self.study_seed)
        of_label = of_class(second, classes[half:]).label
        return Estimate(max(of_input, 0.0), max(of_label, 0.0))


def information(one: NDArray[np.float64], other: NDArray[np.float64], k: int) -> float:
    """Mutual information in bits by nearest neighbours (Kraskov et al. 2004, equation 8).

    Parameters
    ----------
    one, other
        (n, any) each, continuous, in scales of their own.
    k
        Neighbours, by the largest difference in any dimension.
    """
    both = np.hstack([one, other])
    radius = KDTree(both).query(both, [k + 1], p=np.inf)[0][:, 0]
    terms = digamma(k) + digamma(len(both))
    for own in (one, other):
        # Strictly nearer: the radius less its last digits.
        near = KDTree(own).query_ball_point(own, radius * (1 - 1e-12), p=np.inf, return_length=True)
        terms -= digamma(near).mean()  # the point itself is among them
    return float(terms / np.log(2))
