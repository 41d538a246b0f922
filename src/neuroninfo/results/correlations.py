"""Rank correlations over networks in three readings, with intervals.

Networks of one condition are no independent samples of conditions.  *Within conditions*, ranks are
taken among the networks of each condition and centred: with a and b these ranks, the correlation
is sum(a b) / sqrt(sum(a^2) sum(b^2)) over all networks.  What conditions differ in does not enter,
and a few networks a condition are enough.  *Over conditions* it is Spearman's correlation of the
means of the conditions.  *Within architectures* it is the first one, of the means of the
conditions of each architecture: what architectures differ in does not enter.

Intervals are percentiles over conditions drawn with replacement (of each architecture, in the last
reading), each with all its networks; p values are those of permutations, of the networks within
each condition, of the conditions, or of the conditions within each architecture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroninfo.results.statistics import CONFIDENCE, Interval, ranks
from neuroninfo.streams import Stream, generator
from neuroninfo.vocabulary import CONDITION

WITHIN, OVER = "within conditions", "over conditions"
WITHIN_ARCHITECTURES = "within architectures"
READINGS: Final = (WITHIN, OVER, WITHIN_ARCHITECTURES)
"""What is correlated: networks of one condition, means of conditions, those of one architecture."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("x", "y", "reading"), str),
    **dict.fromkeys(("correlation", "low", "high", "p_value"), float),
    **dict.fromkeys(("n_networks", "n_conditions"), int),
    **dict.fromkeys(("verdict", "note"), str),
}
"""Columns of the table; ``verdict`` is about the claimed sign."""
LEAST: Final = 5
"""Conditions that an interval needs (chosen)."""
_LEAST_MEANS: Final = 3
"""Conditions that a correlation of their means needs: of two it is 1 or -1."""
_RESAMPLES: Final = 2_000
_PERMUTATIONS: Final = 9_999
_BYTES: Final = 2**27
"""Bytes of permutations that are in memory together (chosen)."""
_ROUNDING: Final = 1e-9

Pairs = Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Values (n) and (n) of each group: networks of a condition, or means of conditions."""


def correlate(points: pd.DataFrame, x: str, y: str, sign: int, study_seed: int) -> pd.DataFrame:
    """Correlation of two columns in all readings.

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
        `COLUMNS`, one row per reading; the last one is left out unless two architectures or more
        have several conditions each. The claim holds if the whole interval has its sign and p is
        below 5 %: intervals over few conditions are too narrow.
    """
    there = points[points[[x, y]].notna().all(axis=1)]
    conditions = there.groupby(list(CONDITION), sort=False)
    means = conditions[[x, y]].mean().assign(n_networks=conditions.size()).reset_index()
    by_architecture = [own for _, own in means.groupby("architecture", sort=False) if len(own) > 1]
    groups_of = {
        WITHIN: _pairs((own for _, own in conditions), x, y),
        OVER: _pairs([means] if len(means) >= _LEAST_MEANS else [], x, y),
    }
    if len(by_architecture) > 1:
        groups_of[WITHIN_ARCHITECTURES] = _pairs(by_architecture, x, y)
    rows = []
    for reading, groups in groups_of.items():
        random = generator(study_seed, Stream.BOOTSTRAP, f"{x}, {y}, {reading}")
        correlation = pooled(groups)
        counted = pd.concat(by_architecture if reading == WITHIN_ARCHITECTURES else [means])
        n_conditions = len(counted)
        low, high = np.nan, np.nan
        if n_conditions >= LEAST:
            low, high = interval(groups, random, whole=reading == WITHIN)
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
                "n_networks": int(counted["n_networks"].sum()),
                "n_conditions": n_conditions,
                "verdict": claimed.verdict(0.0) if decided else "undecided",
                "note": "" if n_conditions >= LEAST else f"no interval below {LEAST} conditions",
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _pairs(tables: Iterable[pd.DataFrame], x: str, y: str) -> Pairs:
    return [(own[x].to_numpy(np.float64), own[y].to_numpy(np.float64)) for own in tables]


def pooled(groups: Pairs) -> float:
    """Correlation of ranks within groups; Spearman's for one group. NaN where nothing varies."""
    return float(_ratio(np.sum(_sums(groups), axis=0)))


def interval(groups: Pairs, random: np.random.Generator, *, whole: bool) -> tuple[float, float]:
    """Percentiles of `pooled` over resampled groups, or over the resampled pairs of each group.

    Parameters
    ----------
    whole
        Whether groups are drawn with all their pairs.
    """
    if whole:
        times = random.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), _RESAMPLES)
        found = _ratio(times @ _sums(groups))
    else:
        drawn = [random.integers(0, len(a), (_RESAMPLES, len(a))) for a, _ in groups]
        sums = [_resampled(*pair, of_it) for pair, of_it in zip(groups, drawn, strict=True)]
        found = _ratio(np.sum(sums, axis=0))
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
        together = max(1, _BYTES // b.nbytes)
        for first in range(0, _PERMUTATIONS, together):
            part = permuted[first : first + together]
            part += random.permuted(np.tile(b, (len(part), 1)), axis=1) @ a
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


def _resampled(
    a: NDArray[np.float64], b: NDArray[np.float64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(samples, 3): `_sums` of the pairs that were drawn, (samples, n) of their positions."""
    times = np.zeros(drawn.shape)
    np.add.at(times, (np.arange(len(drawn))[:, None], drawn), 1)
    ranked = []
    for values in (a, b):
        _, position = np.unique(values, return_inverse=True)
        equal = times @ np.eye(position.max() + 1)[position]
        ranked.append((equal.cumsum(axis=1) - (equal - 1) / 2)[:, position] - (len(a) + 1) / 2)
    ours, theirs = ranked
    products = (ours * theirs, ours**2, theirs**2)
    return np.stack([(times * product).sum(axis=1) for product in products], axis=1)


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations from (..., 3) sums; NaN where a side does not vary."""
    over = np.sqrt(sums[..., 1] * sums[..., 2])
    return np.divide(sums[..., 0], over, out=np.full(over.shape, np.nan), where=over > 0)
