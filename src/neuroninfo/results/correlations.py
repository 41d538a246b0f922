"""Rank correlations over networks, within conditions and over them, with intervals.

Networks of one condition are no independent samples of conditions.  *Within conditions*, ranks are
taken among the networks of each condition and centred: with a and b these ranks, the correlation
is sum(a b) / sqrt(sum(a^2) sum(b^2)) over all networks.  What conditions differ in does not enter,
and a few networks a condition are enough.  *Over conditions* it is Spearman's correlation of the
means of the conditions.

Intervals are percentiles over conditions drawn with replacement, each with all its networks; p
values are those of permutations, of the networks within each condition or of the conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroninfo.results.statistics import CONFIDENCE, Interval, rank_correlation, ranks
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import CONDITION

WITHIN, OVER = "within conditions", "over conditions"
"""What is correlated: networks of one condition, or the means of conditions."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("x", "y", "reading"), str),
    **dict.fromkeys(("correlation", "low", "high", "p_value"), float),
    **dict.fromkeys(("n_networks", "n_conditions"), int),
    **dict.fromkeys(("verdict", "note"), str),
}
"""Of the table; ``verdict`` is on the sign that is claimed."""
LEAST: Final = 5
"""Conditions that an interval needs (chosen)."""
_LEAST_MEANS: Final = 3
"""Conditions that a correlation of their means needs: of two it is 1 or -1."""
_RESAMPLES: Final = 2_000
_PERMUTATIONS: Final = 9_999
_ROUNDING: Final = 1e-9

Pairs = Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Values (n) and (n) of the networks of each condition."""


def correlate(points: pd.DataFrame, x: str, y: str, sign: int, study_seed: int) -> pd.DataFrame:
    """Correlation of two columns in both readings.

    Parameters
    ----------
    points
        One row per network, with the columns of `CONDITION`; rows with NaN in x or y are left
        out.
    x, y
        Columns.
    sign
        Of the correlation that is claimed, 1 or -1.
    study_seed
        What is drawn depends on it and on the names of the columns only.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row each for `WITHIN` and `OVER`. The claim holds if the whole interval has
        its sign and p is below 5 %: intervals over few conditions are too narrow.
    """
    there = points[points[[x, y]].notna().all(axis=1)]
    pairs = [
        (own[x].to_numpy(np.float64), own[y].to_numpy(np.float64))
        for _, own in there.groupby(list(CONDITION), sort=False)
    ]
    means = [(np.array([a.mean() for a, _ in pairs]), np.array([b.mean() for _, b in pairs]))]
    rows = []
    for reading, groups in ((WITHIN, pairs), (OVER, means if len(pairs) >= _LEAST_MEANS else [])):
        random = generator(study_seed, Stream.BOOTSTRAP, f"{x}, {y}, {reading}")
        correlation = pooled(groups)
        low, high = interval(groups, random) if len(pairs) >= LEAST else (np.nan, np.nan)
        p_value = permutation_p(groups, random)
        below, above = sorted((sign * low, sign * high))
        claimed = Interval(sign * correlation, below, above)
        decided = p_value < 1 - CONFIDENCE
        rows.append(
            {
                "x": x,
                "y": y,
                "reading": reading,
                "correlation": correlation,
                "low": low,
                "high": high,
                "p_value": p_value,
                "n_networks": len(there),
                "n_conditions": len(pairs),
                "verdict": claimed.verdict(0.0) if decided else "undecided",
                "note": "" if len(pairs) >= LEAST else f"no interval below {LEAST} conditions",
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def pooled(groups: Pairs) -> float:
    """Correlation of ranks within groups; Spearman's for one group. NaN where nothing varies."""
    return float(_ratio(np.sum(_sums(groups), axis=0)))


def interval(groups: Pairs, random: np.random.Generator) -> tuple[float, float]:
    """Percentiles of `pooled` over resampled groups, or over the resampled pairs of one group."""
    if len(groups) > 1:
        times = random.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), _RESAMPLES)
        found = _ratio(times @ _sums(groups))
    else:
        a, b = groups[0]
        drawn = random.integers(0, len(a), (_RESAMPLES, len(a)))
        found = np.array([rank_correlation(a[which], b[which]) for which in drawn])
    if not np.isfinite(found).any():
        return float("nan"), float("nan")
    outside = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(found, (outside, 1 - outside))
    return float(low), float(high)


def permutation_p(groups: Pairs, random: np.random.Generator) -> float:
    """Two-sided p value of `pooled` by permutations within groups; NaN where nothing varies."""
    observed = pooled(groups)
    if not np.isfinite(observed):
        return float("nan")
    centred = [_centred(*group) for group in groups]
    permuted = np.zeros(_PERMUTATIONS)
    for a, b in centred:
        permuted += random.permuted(np.tile(b, (_PERMUTATIONS, 1)), axis=1) @ a
    products = abs(sum(float(a @ b) for a, b in centred))
    extreme = int((np.abs(permuted) >= products - _ROUNDING).sum())
    return (1 + extreme) / (1 + _PERMUTATIONS)


def _centred(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    middle = (len(a) + 1) / 2
    return ranks(a) - middle, ranks(b) - middle


def _sums(groups: Pairs) -> NDArray[np.float64]:
    """(groups, 3): sums of products and of both squares."""
    centred = [_centred(*group) for group in groups]
    return np.array([(a @ b, a @ a, b @ b) for a, b in centred]).reshape(-1, 3)


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations from (..., 3) sums; NaN where a side does not vary."""
    over = np.sqrt(sums[..., 1] * sums[..., 2])
    return np.divide(sums[..., 0], over, out=np.full(over.shape, np.nan), where=over > 0)
