"""The talk's two-dimensional toys (T1 to T3): sets of two classes and what is fitted to them.

A set is drawn by a rule with one parameter, its noise; all its points are trained on, since it
is a picture that is wanted and not an estimate.  Logistic regression is fitted to its one
optimum here; networks of width two, which have many, are trained in `toy_networks`, and what
they compute is written out here for two dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.optimize
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit

from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack, from_dataset
from neuroninfo.streams import Stream, generator

Floats = NDArray[np.float64]

_CENTRE: Final = np.array([1.0, 0.5])
"""Of class 1 of the set ``separable``; that of class 0 lies opposite."""
_GAP: Final = 0.25
"""Least distance of a point of ``separable`` from the line between the classes."""
_GRADIENT: Final = 1e-8
"""Norm of the gradient below which logistic regression is fitted."""


def _separable(labels: NDArray[np.int64], noise: float, random: np.random.Generator) -> Floats:
    """Gaussian clouds around -c and c with a gap between.

    What is nearer to the line between than the gap, or beyond it, is folded back: the classes
    are linearly separable whatever the noise.
    """
    sign = 2.0 * labels - 1
    along = _CENTRE / np.hypot(*_CENTRE)
    across = np.array([-along[1], along[0]])
    drawn = random.normal(0, noise, (len(labels), 2))
    distance = _GAP + np.abs(np.hypot(*_CENTRE) + drawn[:, 0] - _GAP)
    return np.outer(sign * distance, along) + np.outer(drawn[:, 1], across)


def _moons(labels: NDArray[np.int64], noise: float, random: np.random.Generator) -> Floats:
    """Two half circles of radius 1 that reach into each other, and Gaussian noise."""
    angle = random.uniform(0, np.pi, len(labels))
    sign = 1.0 - 2 * labels  # the second is the first turned by half a turn
    arcs = np.column_stack([sign * (np.cos(angle) - 0.5), sign * (np.sin(angle) - 0.25)])
    return arcs + random.normal(0, noise, arcs.shape)


def _xor(labels: NDArray[np.int64], noise: float, random: np.random.Generator) -> Floats:
    """Gaussian clouds around the corners of a square; class 1 where exactly one input is high."""
    first = random.choice([-1.0, 1.0], len(labels))
    corners = np.column_stack([first, first * (1 - 2 * labels)])
    return corners + random.normal(0, noise, corners.shape)


_Rule = Callable[[NDArray[np.int64], float, np.random.Generator], Floats]
RULES: Final[Mapping[str, _Rule]] = {"separable": _separable, "moons": _moons, "xor": _xor}
"""Set -> its rule: labels (n), noise (standard deviation), generator -> points (n, 2)."""
SQUASHING: Final[Mapping[str, Callable[[Floats], Floats]]] = {"sigmoid": expit, "tanh": np.tanh}
"""Activations of bounded range, which a scatter plot shows whole."""


class ToyError(ValueError):
    """A set or a fit that means nothing; the message names the key and the mend."""


@dataclass(frozen=True)
class LogisticRegression:
    """P(class 1 | x) = sigmoid(w . x + w0)."""

    weight: Floats
    """(features)"""
    bias: float

    def score(self, inputs: Floats) -> Floats:
        """The score w . x + w0 of inputs (..., features): positive on the side of class 1."""
        return inputs @ self.weight + self.bias

    def probability(self, inputs: Floats) -> Floats:
        """Of class 1, for inputs (..., features)."""
        return expit(self.score(inputs))


def draw(
    name: str, *, points: int, noise: float, study_seed: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Draw a set: inputs (points, 2) and labels (points), 0 and 1 in turn.

    Parameters
    ----------
    name
        A key of `RULES`.
    noise
        Standard deviation around the rule's shape; the same points at another noise lie in
        the same directions from it.
    study_seed
        Seed of the study (stream ``TOY``).

    Raises
    ------
    ToyError
        There is no such set.
    """
    if name not in RULES:
        raise ToyError(f"toys.sets.{name}: unknown; there are {', '.join(RULES)}")
    labels = np.arange(points, dtype=np.int64) % 2
    return RULES[name](labels, noise, generator(study_seed, Stream.TOY, name)), labels


def linearly_separable(inputs: Floats, labels: NDArray[np.int64]) -> bool:
    """Whether some line has each class on its own side: a linear program is feasible.

    Wanted are w and w0 with s (w . x + w0) >= 1 for all points, s = 1 for class 1, else -1.
    """
    sign = 2.0 * labels - 1
    rows = -sign[:, None] * np.column_stack([inputs, np.ones(len(inputs))])
    n_unknowns = rows.shape[1]
    found = scipy.optimize.linprog(
        np.zeros(n_unknowns), A_ub=rows, b_ub=-np.ones(len(rows)), bounds=[(None, None)]
    )
    return bool(found.success)


def fit(inputs: Floats, labels: NDArray[np.int64], l2: float) -> LogisticRegression:
    """Logistic regression at its optimum, of which there is one.

    It minimises the mean cross-entropy in nats plus l2 / 2 times the sum of the squares of all
    weights and the bias, as `training` does (Bishop 2006, section 4.3.2).

    Parameters
    ----------
    inputs, labels
        (n, features), and (n) 0 or 1.
    l2
        Positive: a separable set has no optimum without.

    Raises
    ------
    ToyError
        `l2` is not positive, or the optimum was not reached.
    """
    if not l2 > 0:
        raise ToyError(f"toys.logistic_regression.l2: {l2}; give a number > 0")
    design = np.column_stack([inputs, np.ones(len(inputs))])

    def objective(theta: Floats) -> tuple[float, Floats]:
        score = design @ theta
        loss = np.logaddexp(0, score) - labels * score
        gradient = design.T @ (expit(score) - labels) / len(labels) + l2 * theta
        return loss.mean() + l2 / 2 * theta @ theta, gradient

    def hessian(theta: Floats) -> Floats:
        probability = expit(design @ theta)
        weights = probability * (1 - probability) / len(labels)
        return (design.T * weights) @ design + l2 * np.eye(len(theta))

    found = scipy.optimize.minimize(
        objective,
        np.zeros(design.shape[1]),
        jac=True,
        hess=hessian,
        method="trust-exact",
        options={"gtol": _GRADIENT},
    )
    if not found.success:
        raise ToyError(f"logistic regression was not fitted with l2 {l2}: {found.message}")
    return LogisticRegression(found.x[:-1], float(found.x[-1]))


def logistic(name: str, *, points: int, noise: float, l2: float, study_seed: int) -> xr.Dataset:
    """Draw a set and fit logistic regression to it, in the layout of ``logistic.nc``.

    Raises
    ------
    ToyError
        As `draw` and `fit`.
    """
    inputs, labels = draw(name, points=points, noise=noise, study_seed=study_seed)
    fitted = fit(inputs, labels, l2)
    score = fitted.score(inputs)
    dataset = xr.Dataset(
        {
            "input": (("sample", "feature"), inputs, labelled("input", "1")),
            "label": ("sample", labels.astype(np.int16), labelled("class", "1")),
            "weight": ("feature", fitted.weight, labelled("weight of the input", "1")),
            "bias": ((), fitted.bias, labelled("bias", "1")),
            "cross_entropy": (
                (),
                (np.logaddexp(0, score) - labels * score).mean(),
                labelled("mean cross-entropy of logistic regression", "nat"),
            ),
            "correct": (
                (),
                np.int32(((score > 0) == labels).sum()),
                labelled("points on their class's side of the boundary", "1"),
            ),
            "linearly_separable": (
                (),
                np.int8(linearly_separable(inputs, labels)),
                labelled("whether some line separates the classes", "1"),
            ),
        },
        attrs={"name": name, "l2": l2},
    )
    return dataset


def fitted(dataset: xr.Dataset) -> LogisticRegression:
    """The logistic regression of a ``logistic.nc``."""
    return LogisticRegression(dataset["weight"].values, float(dataset["bias"]))


# --- networks of width two ----------------------------------------------------------------


def best_restart(network: xr.Dataset) -> int:
    """Position along ``seed`` of the lowest training loss at the end; of equal ones the first."""
    return int(network["loss"].isel(epoch=-1).values.argmin())


def snapshot(network: xr.Dataset, epoch: int, restart: int) -> Stack:
    """One network of a ``network.nc`` of a toy: positions along ``epoch`` and ``seed``."""
    return from_dataset(network.isel(epoch=epoch, seed=slice(restart, restart + 1)))


def follow(network: Stack, values: Floats, start: int = 0) -> list[Floats]:
    """What follows a layer of a network for two classes.

    Parameters
    ----------
    network
        A stack of one.
    values
        (n, width) outputs of layer `start`; layer 0 is the input.

    Returns
    -------
    list of ndarray
        Outputs (n, width) of each later hidden layer; last the probability (n) of class 1.
    """
    squash = SQUASHING[network.architecture.activation]
    results = []
    for layer in range(start, len(network.architecture.hidden)):
        values = squash(values @ network.weights[layer][0].T + network.biases[layer][0])
        results.append(values)
    *weight, bias = lines(network, len(network.architecture.hidden))[0]
    return [*results, expit(values @ np.array(weight) + bias)]


def lines(network: Stack, layer: int) -> Floats:
    """(neurons, width + 1): weights and bias of what takes the outputs of a layer.

    Their zeros are boundaries: of each neuron of the next hidden layer or, after the last one,
    of the classes (the difference of the two logits: softmax of two is the sigmoid of it).
    """
    rows = np.column_stack([network.weights[layer][0], network.biases[layer][0]])
    if layer == len(network.architecture.hidden):
        rows = rows[1:] - rows[:1]
    return rows.astype(np.float64)
