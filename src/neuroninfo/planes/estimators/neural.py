"""Information of outputs with Gaussian noise added, by trained critics.

One half of the examples trains, the other half gives the estimate.  A lower bound holds in
expectation, however badly the critic was trained, but with few examples it may be far below.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, check
from neuroninfo.streams import Stream, generator


@dataclass(frozen=True)
class _Critic(ABC):
    """I(X; T + noise) by a critic f(T) . g(T + noise), I(Y; T + noise) by a classifier.

    The critic has T for X, which determines it.  For the class: H(Y) less the classifier's
    cross-entropy (Barber and Agakov 2003).  Negative values are 0.
    """

    variance: float = 1e-3
    """Variance of the noise that is added to every output."""
    steps: int = 200
    batch: int = 256
    width: int = 64
    """Width of the two hidden layers of each network, and of its output."""
    study_seed: int = 0

    @abstractmethod
    def _loss(self, scores: Tensor) -> Tensor:
        """What the critic is trained by, of the scores of all pairs of a batch."""

    @abstractmethod
    def _nats(self, lacking: float) -> float:
        """I(X; T + noise) from the mean over batches of `_lacking`."""

    @abstractmethod
    def _lacking(self, scores: Tensor) -> Tensor:
        """What the scores of all pairs of a batch take off the information, in nats."""

    def __call__(self, outputs: NDArray[Any], labels: NDArray[Any]) -> Estimate:
        """The same as `Estimator`."""
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
        of_clean, of_noisy = (Network(d, self.width, self.width, random) for _ in range(2))
        classifier = Network(d, self.width, n_classes, random)
        optimizer = torch.optim.Adam(
            [*of_clean.parameters, *of_noisy.parameters, *classifier.parameters], lr=2e-3
        )

        def judged(rows: Tensor) -> tuple[Tensor, Tensor]:
            """Scores of all pairs, and the classifier's cross-entropy in nats."""
            with_noise = noisy(clean[rows])
            scores = of_clean((clean[rows] - centre) / scale) @ of_noisy(with_noise).T
            return scores, functional.cross_entropy(classifier(with_noise), classes[rows])

        for _ in range(self.steps):
            rows = torch.randint(half, (self.batch,), generator=random)
            optimizer.zero_grad()
            scores, wrong = judged(rows)
            torch.autograd.backward([self._loss(scores), wrong])
            optimizer.step()
        with torch.no_grad():
            others = half + torch.randperm(len(clean) - half, generator=random)
            batches = [b for b in torch.split(others, self.batch) if len(b) == self.batch]
            found = [
                [float(self._lacking(scores)), float(wrong)]
                for scores, wrong in map(judged, batches)
            ]
        shares = np.bincount(classes[half:].numpy()) / (len(clean) - half)
        of_labels = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
        lacking, by_class = np.mean(found, axis=0)
        bits = np.array([self._nats(lacking), of_labels - by_class]) / np.log(2)
        return Estimate(*map(float, np.maximum(bits, 0)))


@dataclass(frozen=True)
class InfoNCE(_Critic):
    """I(X; T + noise) by InfoNCE, I(Y; T + noise) by a classifier; negative values are 0.

    van den Oord et al. 2018; Poole et al. 2019, equation 10: at most log2 of `batch`.
    """

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

    def _loss(self, scores: Tensor) -> Tensor:
        return functional.cross_entropy(scores, torch.arange(len(scores)))

    _lacking = _loss

    def _nats(self, lacking: float) -> float:
        return float(np.log(self.batch) - lacking)


@dataclass(frozen=True)
class Smile(_Critic):
    """I(X; T + noise) by SMILE, I(Y; T + noise) by a classifier; negative values are 0.

    Song and Ermon 2020: mean score of pairs less log of the mean exp(score) of others, scores of
    the latter clipped to [-clip, clip] (section 5), with a critic trained to tell pairs from others
    by the Jensen-Shannon objective.  No cap at log2 of the batch; the clip trades variance for
    bias, so that it is no bound.
    """

    steps: int = 400
    batch: int = 128
    clip: float = 5.0
    most: ClassVar[float] = math.inf
    """2 to the power of the highest I(X;T) that there can be."""

    @property
    def name(self) -> str:
        """``smile-0.001``."""
        return f"smile-{self.variance:g}"

    @property
    def estimates(self) -> str:
        """For people."""
        return (
            f"information of outputs plus noise of variance {self.variance:g} (no bound: scores of "
            f"a critic clipped at {self.clip:g})"
        )

    def _loss(self, scores: Tensor) -> Tensor:
        pairs, others = _told_apart(scores)
        return functional.softplus(-pairs).mean() + functional.softplus(others).mean()

    def _lacking(self, scores: Tensor) -> Tensor:
        pairs, others = _told_apart(scores)
        return others.clamp(-self.clip, self.clip).exp().mean().log() - pairs.mean()

    def _nats(self, lacking: float) -> float:
        return -lacking


def _told_apart(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of pairs, and of all others."""
    pairs = torch.eye(len(scores), dtype=torch.bool)
    return scores[pairs], scores[~pairs]


class Network:
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
        """Outputs (n, n_out) of values (n, n_in)."""
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = functional.linear(values, weight, bias)
            if layer < len(self.weights) - 1:
                values = torch.relu(values)
        return values
