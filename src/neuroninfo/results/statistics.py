"""Intervals over seeds and their rows in tables, effect sizes and correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.stats
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from neuroninfo.streams import Stream, generator

CONFIDENCE: Final = 0.95

RESAMPLES: Final = 10_000

FEW_SEEDS: Final = 10
"""Below this the percentile bootstrap is said to be approximate."""


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval; ends are NaN if there is none, the note says why."""

    mean: float
    low: float
    high: float
    note: str = ""

    def verdict(self, least: float, most: float = np.inf) -> str:
        """Whether the truth lies between two numbers.

        ``holds`` if all of the interval does, ``fails`` if nothing of it does, else
        ``undecided``.
        """
        if least < self.low and self.high < most:
            return "holds"
        return "fails" if self.high < least or self.low > most else "undecided"


def interval_columns(
    mean: str,
    *,
    between: Mapping[str, type] | None = None,
    after: Mapping[str, type] | None = None,
) -> dict[str, type]:
    """Columns of a table for a mean over seeds with its interval (`interval_row`).

    Parameters
    ----------
    mean
        Name of the column of the mean, such as ``effect``.
    between, after
        More columns with their types, before and after the number of seeds.
    """
    return {
        mean: float,
        "low": float,
        "high": float,
        **(between or {}),
        "n_seeds": int,
        **(after or {}),
        "note": str,
    }


def interval_row(
    what: Mapping[str, Any], mean: str, interval: Interval, n_seeds: int, *notes: str
) -> dict[str, Any]:
    """One row of a table: what it is about, and the columns of `interval_columns`.

    Parameters
    ----------
    what
        All other columns.
    mean
        Name of the column of the mean.
    interval
        Of the row.
    n_seeds
        Of the study, those without a value included.
    notes
        They stand before the note of the interval; empty ones are left out.
    """
    return {
        **what,
        mean: interval.mean,
        "low": interval.low,
        "high": interval.high,
        "n_seeds": n_seeds,
        "note": "; ".join(filter(None, (*notes, interval.note))),
    }


def mean_over_seeds(by_seed: ArrayLike, study_seed: int, *key: str, none: str = "") -> Interval:
    """Mean over seeds with its interval, from the random stream of what is resampled.

    Parameters
    ----------
    by_seed
        (n) values of the seeds that have one.
    study_seed
        Of the random streams.
    key
        Words that say what is resampled: the same ones give the same interval in every table.
    none
        Note of the result if no seed has a value; its numbers are NaN.

    Raises
    ------
    ValueError
        A value is not finite.
    """
    values = np.asarray(by_seed)
    if not len(values):
        return Interval(np.nan, np.nan, np.nan, none)
    return bootstrap_mean(values, generator(study_seed, Stream.BOOTSTRAP, "/".join(key)))


def check_seeds(name: str, data: xr.Dataset, neurons: xr.Dataset) -> None:
    """Check that a file is of the same seeds, in the same order, as the measures of neurons.

    Raises
    ------
    ValueError
        It is not; the message begins with the name.
    """
    seeds, measured = data["seed"].values.tolist(), neurons["seed"].values.tolist()
    if seeds != measured:
        raise ValueError(
            f"{name} has seeds {seeds}, the measures {measured}: make both from the same blocks"
        )


def bootstrap_mean(
    values: ArrayLike,
    rng: np.random.Generator,
    confidence: float = CONFIDENCE,
    n_resamples: int = RESAMPLES,
) -> Interval:
    """Mean with its percentile bootstrap interval (`scipy.stats.bootstrap`).

    Parameters
    ----------
    values
        (n) one value a seed; their order does not matter.
    rng
        A fresh generator of the bootstrap's stream, keyed by what is resampled.

    Raises
    ------
    ValueError
        No values, or one that is not finite.
    """
    array = np.sort(np.asarray(values, dtype=np.float64))
    if array.ndim != 1 or len(array) == 0 or not np.isfinite(array).all():
        raise ValueError(f"the bootstrap needs finite values of at least one seed, got {array}")
    if len(array) == 1:
        return Interval(float(array[0]), np.nan, np.nan, "one seed: no interval")
    note = ""
    if len(array) < FEW_SEEDS:
        note = f"fewer than {FEW_SEEDS} seeds: the interval is approximate"
    if array[0] == array[-1]:
        value = float(array[0])  # a mean of equal values may differ in the last digit
        return Interval(value, value, value, note)
    result = scipy.stats.bootstrap(
        (array,),
        np.mean,
        n_resamples=n_resamples,
        confidence_level=confidence,
        method="percentile",
        vectorized=True,
        rng=rng,
    )
    low, high = result.confidence_interval
    return Interval(float(array.mean()), float(low), float(high), note)


def bootstrap_curve(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    confidence: float = CONFIDENCE,
    n_resamples: int = RESAMPLES,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pointwise percentile bootstrap interval of the mean curve; whole curves are resampled.

    Parameters
    ----------
    values
        (seeds, points), at least two seeds.
    rng
        As of `bootstrap_mean`.

    Returns
    -------
    low, high : ndarray
        (points) each.
    """
    n_seeds = len(values)
    weights = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n_resamples) / n_seeds
    tail = (1 - confidence) / 2
    parts = [  # a few points at a time: all resamples of a long curve would take 100s of MB
        np.quantile(weights @ values[:, start : start + 64], (tail, 1 - tail), axis=0)
        for start in range(0, values.shape[1], 64)
    ]
    low, high = np.concatenate(parts, axis=1)
    return low, high


def cliffs_delta(a: ArrayLike, b: ArrayLike) -> float:
    """Share of pairs with a > b minus share of pairs with a < b; ties count 0.

    Exact, in O((n + m) log m): pairs are counted by position in the sorted `b`.
    Cliff, Psychological Bulletin 114(3), 1993.

    Parameters
    ----------
    a, b
        (n) and (m).

    Raises
    ------
    ValueError
        One of them is empty or has a NaN.
    """
    first, second = np.asarray(a).ravel(), np.sort(np.asarray(b).ravel())
    if not (len(first) and len(second)) or np.isnan(first).any() or np.isnan(second).any():
        raise ValueError("Cliff's delta needs values on both sides, none of them NaN")
    above = int(np.searchsorted(second, first, side="left").sum())
    not_below = int(np.searchsorted(second, first, side="right").sum())
    pairs = len(first) * len(second)
    return (above - (pairs - not_below)) / pairs


def rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's correlation; NaN where one side is constant (or of one neuron)."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(scipy.stats.spearmanr(a, b).statistic)
