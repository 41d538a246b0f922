"""Estimators on distributions whose information is known.

T is a mixture of C equally likely classes in d dimensions, so that I(Y;T) of the class is known
from the densities, and so is I(X;T + noise) of a Gaussian mixture for estimators that add noise.
"Known" values are means over 20,000 draws and more of the exact log density ratio.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import logsumexp

from neuroninfo.files.storage import labelled
from neuroninfo.planes.estimators.protocol import EstimationError, Estimator
from neuroninfo.planes.estimators.sliced import Sliced
from neuroninfo.streams import Stream, generator

FAMILIES: Final = ("gaussian", "student", "sparse", "spiral")
"""Families of the distribution within a class.

``student``: 3 degrees of freedom.  ``sparse``: classes differ in the first two dimensions only.
``spiral``: a Gaussian mixture of which the first two dimensions are turned by an angle that grows
with their distance from 0, which changes no information.
"""
LEVELS: Final = ((2, 0.3), (2, 2.0), (10, 2.0), (10, 6.0), (128, 20.0), (1024, 60.0))
"""Numbers of classes and separations."""
INFORMATION: Final = 0.75
"""Known I(X;T) of the outputs for ``bias_input``, as a share of log2(n) (chosen)."""
_DEGREES: Final = 3
_STEP: Final = 0.05
"""Between points of a density that is integrated, in its standard deviations within a class."""
_BEYOND: Final = 9.0
"""Standard deviations from the outermost class to the end of the integral."""
_DRAWS: Final = 100_000
_FEWER: Final = 20_000
"""Number of draws for a hundred classes or more, whose densities take long to compute."""


@dataclass(frozen=True)
class Mixture:
    """C classes with centres on a sphere of radius `separation`, unit scale within a class."""

    family: str
    dimensions: int
    classes: int
    separation: float

    def centres(self) -> NDArray[np.float64]:
        """(C, d)."""
        rng = generator(0, Stream.CALIBRATION, f"{self.family}-{self.dimensions}-{self.classes}")
        centres = rng.normal(size=(self.classes, self.dimensions))
        if self.classes == 2:
            centres[1] = -centres[0]
        if self.family == "sparse":
            centres[:, 2:] = 0
        return np.asarray(
            self.separation * centres / np.linalg.norm(centres, axis=1, keepdims=True)
        )

    def draw(
        self, n: int, rng: np.random.Generator, *, turned: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Outputs (n, d) and labels (n); ``spiral`` without its turn if not `turned`."""
        labels = np.arange(n) % self.classes
        values = rng.normal(size=(n, self.dimensions))
        if self.family == "student":
            values *= np.sqrt(_DEGREES / rng.chisquare(_DEGREES, size=(n, 1)))
        values += self.centres()[labels]
        if self.family == "spiral" and turned and self.dimensions > 1:
            radius = np.hypot(values[:, 0], values[:, 1])
            cos, sin = np.cos(radius), np.sin(radius)
            first, second = values[:, 0].copy(), values[:, 1].copy()
            values[:, 0], values[:, 1] = cos * first - sin * second, sin * first + cos * second
        return values, labels

    def log_densities(self, values: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
        """(n, C) of each class up to a constant; `variance` of a Gaussian class."""
        centres = self.centres()
        squares = (
            (values**2).sum(axis=1)[:, None] - 2 * values @ centres.T + (centres**2).sum(axis=1)
        )
        if self.family == "student":
            return np.asarray(-(_DEGREES + self.dimensions) / 2 * np.log1p(squares / _DEGREES))
        return np.asarray(-squares / (2 * variance))

    @functools.cache  # noqa: B019
    def known(self, noise: float = 0.0) -> tuple[float, float]:
        """I(X;T + noise), of X that determines T and 0 without noise, and I(Y;T + noise), in bits.

        `noise` is the variance of Gaussian noise added to T; ``student`` has it at 0 only.
        """
        rng = generator(0, Stream.CALIBRATION, "known")
        draws = _DRAWS if self.classes < 100 else _FEWER
        values, labels = self.draw(draws, rng, turned=False)
        values += np.sqrt(noise) * rng.normal(size=values.shape)
        total = 0.0
        for rows in np.array_split(np.arange(draws), max(1, self.classes // 8)):
            of_classes = self.log_densities(values[rows], 1 + noise)
            own = of_classes[np.arange(len(rows)), labels[rows]]
            total += float((own - logsumexp(of_classes, axis=1)).sum())
        of_class = total / draws + float(np.log(self.classes))
        of_input = 0.0
        if noise > 0:
            within = self.dimensions / 2 * np.log((1 + noise) / noise)
            of_input = of_class + float(within)
        return float(of_input / np.log(2)), float(of_class / np.log(2))

    def sliced(self, noise: float, directions: NDArray[np.float64]) -> tuple[float, float]:
        """The same as `known` of projections, mean over directions; by integration.

        NaN for families whose projections have no closed form with noise.
        """
        if self.family not in ("gaussian", "sparse"):
            return float("nan"), float("nan")
        scale = float(np.sqrt(1 + noise))
        of_class = 0.0
        for centres in directions @ self.centres().T / scale:
            x = np.arange(centres.min() - _BEYOND, centres.max() + _BEYOND, _STEP)
            density = np.zeros(len(x))
            for centre in centres:
                density += np.exp(-((x - centre) ** 2) / 2)
            density /= len(centres) * np.sqrt(2 * np.pi)
            there = density[density > 0]
            entropy = -float((there * np.log(there)).sum()) * _STEP
            of_class += (entropy - np.log(2 * np.pi * np.e) / 2) / len(directions)
        within = np.log((1 + noise) / noise) / 2
        return float((of_class + within) / np.log(2)), float(of_class / np.log(2))


def noise_of(estimator: Estimator) -> float:
    """Variance of the noise that an estimator adds; 0 if it adds none."""
    return float(getattr(estimator, "variance", 0.0))


def known_of(estimator: Estimator, mixture: Mixture, noise: float) -> tuple[float, float]:
    """I(X;T) and I(Y;T) in bits that an estimator should give; NaN where they are not known.

    I(X;T) is not known without noise; with noise none is of ``student``, and I(X;T) not of
    ``spiral``, whose scale within a class is not that of the noise.
    """
    if isinstance(estimator, Sliced):
        return mixture.sliced(noise, estimator.directions(mixture.dimensions))
    if noise > 0 and mixture.family == "student":
        return float("nan"), float("nan")
    of_input, of_label = mixture.known(noise)
    return (of_input if noise > 0 and mixture.family != "spiral" else float("nan")), of_label


def ceiling(estimator: Estimator, n: int) -> float:
    """Largest possible estimate of I(X;T) from `n` examples, in bits; inf if there is no limit."""
    most = getattr(estimator, "most", n)
    return float(np.log2(min(n, most))) if np.isfinite(most) else float("inf")


def reference(width: int, n_classes: int) -> Mixture:
    """The distribution on which the bias coordinates of planes are estimated."""
    return Mixture("gaussian", width, n_classes, 2.0)


def relative_noise(mixture: Mixture, information: float) -> float:
    """Variance of noise, over that within a class, that leaves about this number of bits of I(X;T).

    Of these bits I(Y;T) without noise are about the class, at most half, and d/2 log2(1 + 1/v)
    about the place within it.
    """
    of_class = min(mixture.known()[1], information / 2)
    return float(1 / np.expm1(2 * np.log(2) * (information - of_class) / mixture.dimensions))


def biases(
    estimators: Sequence[Estimator], widths: Sequence[int], n: int, n_classes: int
) -> dict[str, Any]:
    """Coordinates of a plane, in bits: ``bias_input``, ``bias_label`` and ``ceiling_input``.

    The first two are (layer, estimator), the last is (estimator).

    Estimate less known value on `reference` of each layer's width.  For I(X;T) its scale is such
    that about `INFORMATION` of log2(n) is known: of more than log2(n) bits no sample can tell.
    NaN: the estimator gives none, or the value that it is after is not known (I(X;T) without
    noise).
    """
    differences = np.full((2, len(widths), len(estimators)), np.nan)
    for column, estimator in enumerate(estimators):
        for row, width in enumerate(widths):
            mixture, noise = reference(width, n_classes), noise_of(estimator)
            values, labels = mixture.draw(n, generator(0, Stream.CALIBRATION, "bias"))
            with contextlib.suppress(EstimationError, np.linalg.LinAlgError):
                of_label = known_of(estimator, mixture, noise)[1]
                differences[1, row, column] = estimator(values, labels).label - of_label
            if noise > 0:
                relative = relative_noise(mixture, INFORMATION * np.log2(n))
                scaled = np.sqrt(noise / relative) * values
                with contextlib.suppress(EstimationError, np.linalg.LinAlgError):
                    of_input = known_of(estimator, mixture, relative)[0]
                    differences[0, row, column] = estimator(scaled, labels).input - of_input
    words = "estimate of {} less its known value for a Gaussian mixture of the layer's width"
    highest = [ceiling(estimator, n) for estimator in estimators]
    return {
        "ceiling_input": (
            "estimator",
            highest,
            labelled("largest possible estimate of I(X;T); inf: there is no limit", "bit"),
        ),
        **{
            name: (("layer", "estimator"), values, labelled(words.format(what), "bit"))
            for name, what, values in zip(
                ("bias_input", "bias_label"), ("I(X;T)", "I(Y;T)"), differences, strict=True
            )
        },
    }


def mixtures(dimensions: Sequence[int]) -> list[Mixture]:
    """All families in several dimensions, from almost nothing to 10 bits about the class."""
    return [
        Mixture(family, d, classes, separation)
        for family in FAMILIES
        for d in dimensions
        for classes, separation in LEVELS
    ]


def sweep(
    estimators: Sequence[Estimator],
    cases: Sequence[Mixture],
    examples: Sequence[int],
    repeats: int,
    study_seed: int,
) -> xr.Dataset:
    """Every estimator on every distribution, in the layout of ``calibration.nc``.

    Parameters
    ----------
    estimators
        Each with a name of its own.
    cases
        Distributions.
    examples
        Numbers of examples.
    repeats
        Samples of each distribution and number.
    study_seed
        Of the samples.

    Returns
    -------
    Dataset
        ``estimate_input``, ``estimate_label``, ``seconds`` (estimator, case, examples, repeat), NaN
        where an estimator fails, ``known_input`` and ``known_label`` (estimator, case): an
        estimator with noise is after the information of outputs with noise.  ``known_input`` is NaN
        without noise, and where a family has no closed form with it.
    """
    shape = (len(estimators), len(cases), len(examples), repeats)
    results = np.full((3, *shape), np.nan)
    known = np.full((2, *shape[:2]), np.nan)
    for column, case in enumerate(cases):
        for row, estimator in enumerate(estimators):
            known[:, row, column] = known_of(estimator, case, noise_of(estimator))
        for i, n in enumerate(examples):
            for repeat in range(repeats):
                key = f"{case.family}-{case.dimensions}-{case.classes}-{n}-{repeat}"
                sample = case.draw(n, generator(study_seed, Stream.CALIBRATION, key))
                for row, estimator in enumerate(estimators):
                    started = time.perf_counter()
                    try:
                        estimate = estimator(*sample)
                    except (EstimationError, np.linalg.LinAlgError):
                        continue
                    spent = time.perf_counter() - started
                    results[:, row, column, i, repeat] = (*estimate, spent)
    dims = ("estimator", "case", "examples", "repeat")
    words = "mutual information I({};T) of {} and outputs"
    return xr.Dataset(
        {
            "estimate_input": (dims, results[0], labelled(words.format("X", "input"), "bit")),
            "estimate_label": (dims, results[1], labelled(words.format("Y", "class"), "bit")),
            "seconds": (dims, results[2], labelled("time that the estimate took", "s")),
            "known_input": (
                dims[:2],
                known[0],
                labelled("what estimate_input should be", "bit"),
            ),
            "known_label": (
                dims[:2],
                known[1],
                labelled("what estimate_label should be", "bit"),
            ),
        },
        coords={
            "estimator": (
                "estimator",
                [estimator.name for estimator in estimators],
                {"long_name": "estimator and its settings"},
            ),
            "examples": ("examples", list(examples), labelled("examples", "1")),
            **{
                name: ("case", [getattr(case, name) for case in cases], labelled(words, "1"))
                for name, words in (
                    ("family", "distribution within a class"),
                    ("dimensions", "dimensions of the outputs"),
                    ("classes", "classes, equally likely"),
                    ("separation", "distance of class centres from 0"),
                )
            },
        },
    )
