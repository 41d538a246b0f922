"""The talk's two-dimensional toys (T1 to T3): sets of two classes and the models fitted to them.

A set is drawn by a rule with one parameter, its noise; all its points are trained on, since it
is a picture that is wanted and not an estimate.  Logistic regression is fitted to its one
optimum here; networks of width two, which have many, are trained in `toy_networks`, and what
they compute is written out here for two dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.optimize
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit

from neuroninfo.files.storage import labelled
from neuroninfo.toys.sets import Floats, draw
from neuroninfo.toys.settings import ToySettings

_GRADIENT: Final = 1e-8
"""Norm of the gradient below which logistic regression is fitted."""


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
        """Probability of class 1 for inputs (..., features)."""
        return expit(self.score(inputs))


def linearly_separable(inputs: Floats, labels: NDArray[np.int64]) -> bool:
    """Whether some line separates the classes: a linear program is feasible.

    Wanted are w and w0 with s (w . x + w0) >= 1 for all points, s = 1 for class 1, else -1.
    """
    sign = 2.0 * labels - 1
    rows = -sign[:, None] * np.column_stack([inputs, np.ones(len(inputs))])
    n_unknowns = rows.shape[1]
    separation = scipy.optimize.linprog(
        np.zeros(n_unknowns), A_ub=rows, b_ub=-np.ones(len(rows)), bounds=[(None, None)]
    )
    return bool(separation.success)


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
    ValueError
        `l2` is not positive, or the optimum was not reached.
    """
    if not l2 > 0:
        raise ValueError(f"toys.logistic_regression.l2: {l2}; give a number > 0")
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

    optimum = scipy.optimize.minimize(
        objective,
        np.zeros(design.shape[1]),
        jac=True,
        hess=hessian,
        method="trust-exact",
        options={"gtol": _GRADIENT},
    )
    if not optimum.success:
        raise ValueError(f"logistic regression was not fitted with l2 {l2}: {optimum.message}")
    return LogisticRegression(optimum.x[:-1], float(optimum.x[-1]))


def logistic(settings: ToySettings) -> xr.Dataset:
    """Draw a set and fit logistic regression to it, in the layout of ``logistic.nc``.

    Raises
    ------
    ValueError
        As `draw` and `fit`.
    """
    inputs, labels = draw(
        settings.name,
        points=settings.points,
        noise=settings.noise,
        study_seed=settings.study_seed,
    )
    fitted = fit(inputs, labels, settings.l2)
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
        attrs={"name": settings.name, "l2": settings.l2},
    )
    return dataset


def fitted(dataset: xr.Dataset) -> LogisticRegression:
    """The logistic regression of a ``logistic.nc``."""
    return LogisticRegression(dataset["weight"].values, float(dataset["bias"]))
