"""Tasks of `benchmark-mi` with Y cut into deciles, as a file for the tests of estimators.

    python -m venv .benchmark-mi
    .benchmark-mi/bin/pip install benchmark-mi==0.1.3 jax==0.4.30 jaxlib==0.4.30
    .benchmark-mi/bin/python benchmarks/continuous_tasks.py

Samples of X are theirs (Czyz et al. 2023, "Beyond Normal: On the Evaluation of Mutual Information
Estimators"), and the class is the decile of Y.  Its information with X is integrated here from the
densities: transforms of X or Y that lose nothing leave it as it is.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable
from pathlib import Path

import bmi
import numpy as np
from scipy import integrate, optimize, stats

OUTPUT = Path(__file__).resolve().parents[1] / "tests/unit/planes/continuous_tasks.csv"
EXAMPLES = 1000
"""Of each task."""
QUANTILES = 200_000
"""Samples behind the deciles of Y."""
CLASSES = 10
LEVELS = np.arange(1, CLASSES) / CLASSES


def information(quantile: Callable[[float], float], below: Callable[[float], np.ndarray]) -> float:
    """I(X; decile of Y) in bits, by integration over the share u of X below x.

    Parameters
    ----------
    quantile
        u -> x.
    below
        x -> probability that Y is below each inner decile, given x.
    """

    def known(u: float) -> float:
        shares = np.diff(below(quantile(u)), prepend=0, append=1)
        shares = shares[shares > 0]
        return math.log2(CLASSES) + float((shares * np.log2(shares)).sum())

    pieces = np.linspace(0, 1, 41)  # where the integrand has bends, between them
    return sum(
        integrate.quad(known, a, b, epsabs=1e-8, limit=200)[0]
        for a, b in itertools.pairwise(pieces)
    )


def normal(correlation: float) -> float:
    edges, spread = stats.norm.ppf(LEVELS), math.sqrt(1 - correlation**2)
    return information(stats.norm.ppf, lambda x: stats.norm.cdf((edges - correlation * x) / spread))


def additive(half: float) -> float:
    """X even in [0, 1], Y = X + noise even in [-half, half]."""

    def cdf(y: float) -> float:
        def below(x: float) -> float:
            return min(max((y - x + half) / (2 * half), 0), 1)

        bends = sorted(min(max(at, 0), 1) for at in (y - half, y + half))
        return integrate.quad(below, 0, 1, points=bends)[0]

    edges = np.array([optimize.brentq(lambda y, p=p: cdf(y) - p, -half, 1 + half) for p in LEVELS])
    return information(lambda u: u, lambda x: np.clip((edges - x + half) / (2 * half), 0, 1))


TASKS: dict[str, float] = {
    "1v1-normal-0.75": normal(0.75),
    "wiggly-1v1-normal-0.75": normal(0.75),
    "swissroll_x-normal_cdf-1v1-normal-0.75": normal(0.75),
    "1v1-additive-0.1": additive(0.1),
    "1v1-additive-0.75": additive(0.75),
}
"""Name there -> bits."""


def main() -> None:
    """Write `OUTPUT`."""
    with OUTPUT.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["task", "known", "label", "x1", "x2"])
        for name, bits in TASKS.items():
            task = bmi.benchmark.BENCHMARK_TASKS[name]
            edges = np.quantile(np.asarray(task.sample(QUANTILES, 0)[1])[:, 0], LEVELS)
            x, y = map(np.asarray, task.sample(EXAMPLES, 1))
            for values, label in zip(x, np.searchsorted(edges, y[:, 0]), strict=True):
                numbers = [f"{value:.4g}" for value in values]
                rows.writerow([name, f"{bits:.6f}", label, *numbers, *[""] * (2 - len(numbers))])


if __name__ == "__main__":
    main()
