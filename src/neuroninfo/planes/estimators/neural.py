"""Lower bounds on the information of outputs with Gaussian noise added, by trained critics.

One half of the examples trains, the other half gives the bound: it holds in expectation, however
badly the critic was trained, but with few examples it may be far below.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.streams import Stream, generator


@dataclass(frozen=True)
class InfoNCE:
    """I(X; T + noise) by InfoNCE, I(Y; T + noise) by a classifier; negative values are 0.

    InfoNCE (van den Oord et al. 2018; Poole et al. 2019, equation 10) with the critic
    f(T) . g(T + noise), as T is a function of X; at most log2 of `batch`.  For the class,
    H(Y) less the classifier's cross-entropy (Barber and Agakov 2003).
    """

    variance: float = 1e-3
    """Of the noise added to every output."""
    steps: int = 200
    batch: int = 256
    width: int = 64
    """Of the two hidden layers of each network, and of what they give."""
    study_seed: int = 0

    @property
    def most(self) -> int:
        """2 to the power of the highest I(X;T) that there can be."""
        return self.batch

    @property
    def name(self) -> str:
        """``infonce-0.001``."""
        return f"infonce-{self.variance:g}"

    @property
    def estimates(self) -> str:
        """For people."""
        return (
            f"lower bound on the information of outputs plus noise of variance {self.variance:g}, "
            f"at most {np.log2(self.batch):g} bit"
        )

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """As of `Estimator`."""
        check(outputs, labels)
        if len(labels) < 4 * self.batch:
            raise EstimationError(
                f"{len(labels)} examples: both halves need two batches of {self.batch}"
            )
        rng = generator(self.study_seed, Stream.ESTIMATOR, "neural")
        order = rng.permutation(len(labels))
        clean = torch.from_numpy(outputs[order].astype(np.float32))
        classes = torch.from_numpy(np.unique(labels, return_inverse=True)[1][order])
        scale = (clean.var(0) + self.variance).sqrt()  # of outputs with noise
        random = torch.Generator().manual_seed(int(rng.integers(2**62)))

        def noisy(values: Tensor) -> Tensor:
            noise = torch.randn(values.shape, generator=random)
            return (values + self.variance**0.5 * noise - centre) / scale

        centre = clean.mean(0)
        half, d, n_classes = len(clean) // 2, clean.shape[1], int(classes.max()) + 1
        of_clean, of_noisy = (_Network(d, self.width, self.width, random) for _ in range(2))
        classifier = _Network(d, self.width, n_classes, random)
        optimizer = torch.optim.Adam(
            [*of_clean.parameters, *of_noisy.parameters, *classifier.parameters], lr=2e-3
        )

        def losses(rows: Tensor) -> tuple[Tensor, Tensor]:
            """InfoNCE's and the classifier's cross-entropy in nats."""
            with_noise = noisy(clean[rows])
            scores = of_clean((clean[rows] - centre) / scale) @ of_noisy(with_noise).T
            pairs = functional.cross_entropy(scores, torch.arange(len(rows)))
            return pairs, functional.cross_entropy(classifier(with_noise), classes[rows])

        for _ in range(self.steps):
            rows = torch.randint(half, (self.batch,), generator=random)
            optimizer.zero_grad()
            torch.autograd.backward(losses(rows))
            optimizer.step()
        with torch.no_grad():
            others = half + torch.randperm(len(clean) - half, generator=random)
            batches = [b for b in torch.split(others, self.batch) if len(b) == self.batch]
            pairs, by_class = np.mean([[float(x) for x in losses(b)] for b in batches], axis=0)
        shares = np.bincount(classes[half:].numpy()) / (len(clean) - half)
        of_labels = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
        bits = np.array([np.log(self.batch) - pairs, of_labels - by_class]) / np.log(2)
        return Estimate(*map(float, np.maximum(bits, 0)))


class _Network:
    """Two hidden layers with ReLU."""

    def __init__(self, n_in: int, width: int, n_out: int, random: torch.Generator) -> None:
        sizes = [n_in, width, width, n_out]
        self.weights, self.biases = [], []
        for a, b in itertools.pairwise(sizes):
            drawn = torch.randn((b, a), generator=random) * (2 / a) ** 0.5
            self.weights.append(drawn.requires_grad_())
            self.biases.append(torch.zeros(b, requires_grad=True))
        self.parameters = [*self.weights, *self.biases]

    def __call__(self, values: Tensor) -> Tensor:
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = functional.linear(values, weight, bias)
            if layer < len(self.weights) - 1:
                values = torch.relu(values)
        return values
